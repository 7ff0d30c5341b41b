//! A plain HTTP client.

use std::time::Duration;

use reqwest::{Method, Response};
use salesforce_simulator::{Org, Preset, Simulator};
use serde_json::{Value, json};

/// A running org and a session in it.
pub(crate) struct Client {
    pub(crate) sim: Simulator,
    pub(crate) http: reqwest::Client,
    pub(crate) token: String,
}

/// Status and JSON body (null if there is none).
pub(crate) type Answer = (u16, Value);

impl Client {
    /// Signs in to an org with unusual data.
    pub(crate) async fn tiny() -> Self {
        Self::of(Org::seed(Preset::Tiny)).await
    }

    pub(crate) async fn of(org: Org) -> Self {
        let sim = Simulator::start(org).await;
        let mut client = Self {
            sim,
            http: reqwest::Client::new(),
            token: String::new(),
        };
        client.sign_in().await;
        client
    }

    pub(crate) async fn sign_in(&mut self) {
        let (status, body) = self.token_call(&client_credentials()).await;
        assert_eq!(status, 200, "{body}");
        let token = body["access_token"].as_str().unwrap();
        token.clone_into(&mut self.token);
    }

    pub(crate) async fn token_call(&self, form: &[(&str, &str)]) -> Answer {
        let url = format!("{}/services/oauth2/token", self.sim.url());
        answer(self.http.post(url).form(form).send().await.unwrap()).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Response {
        self.try_send(method, path, body).await.unwrap()
    }

    pub(crate) async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> reqwest::Result<Response> {
        let url = format!("{}{}", self.sim.url(), path);
        let mut request = self.http.request(method, url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.send(Method::GET, &at(path), None).await).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        answer(self.send(Method::POST, &at(path), Some(&body)).await).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        answer(self.send(Method::PATCH, &at(path), Some(&body)).await).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        answer(self.send(Method::DELETE, &at(path), None).await).await
    }

    /// Creates a bulk job and returns its id.
    pub(crate) async fn bulk_job(&self, soql: &str) -> String {
        let body = json!({"operation": "query", "query": soql});
        let (status, body) = self.post("/jobs/query", body).await;
        assert_eq!(status, 200, "{body}");
        body["id"].as_str().unwrap().to_owned()
    }

    /// Creates a bulk job, lets its time pass, and returns its id.
    pub(crate) async fn finished_job(&self, soql: &str) -> String {
        let id = self.bulk_job(soql).await;
        self.sim.clock().advance(Duration::from_secs(1));
        id
    }

    pub(crate) async fn query(&self, soql: &str) -> Answer {
        let query: String = url_encoded(soql);
        self.get(&format!("/query?q={query}")).await
    }

    /// The single record of a query, which must be there.
    pub(crate) fn one(&self, soql: &str) -> Value {
        let records = self.sim.with(|org| org.query(soql));
        assert_eq!(records.len(), 1, "{soql}: {records:?}");
        records.into_iter().next().unwrap()
    }

    /// The id of the single record of a query.
    pub(crate) fn id(&self, soql: &str) -> String {
        self.one(soql)["Id"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn at(path: &str) -> String {
    format!("/services/data/v63.0{path}")
}

pub(crate) fn client_credentials() -> Vec<(&'static str, &'static str)> {
    vec![
        ("grant_type", "client_credentials"),
        ("client_id", "simulated-client-id"),
        ("client_secret", "simulated-client-secret"),
    ]
}

pub(crate) async fn answer(response: Response) -> Answer {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (
        status,
        serde_json::from_str(&text).unwrap_or(Value::String(text)),
    )
}

/// A complete user body with this user name.
pub(crate) fn user_body(client: &Client, username: &str) -> Value {
    let profile = client.id("SELECT Id FROM Profile WHERE Name = 'Standard User'");
    json!({
        "Username": username,
        "LastName": "Newcomer",
        "Email": username,
        "Alias": "newc",
        "ProfileId": profile,
        "TimeZoneSidKey": "Europe/Berlin",
        "LocaleSidKey": "de_DE",
        "LanguageLocaleKey": "en_US",
        "EmailEncodingKey": "UTF-8",
    })
}

pub(crate) fn url_encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").unwrap();
        }
    }
    encoded
}
