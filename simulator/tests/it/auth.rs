//! OAuth: flows, errors, revocation and expiration of sessions.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::json;
use test_case::test_case;

use crate::client::{Client, answer, client_credentials};

#[tokio::test]
async fn client_credentials_work_from_the_form_and_from_a_basic_header() {
    let client = Client::tiny().await;
    let (_, body) = client.token_call(&client_credentials()).await;
    assert_eq!(body["instance_url"], client.sim.url());
    assert_eq!(body["token_type"], "Bearer");
    let token = body["access_token"].as_str().unwrap();
    let org = client.sim.org().organization_id();
    assert!(token.starts_with(&format!("{}!", &org[..15])));
    assert!(body.get("refresh_token").is_none());

    let basic = STANDARD.encode("simulated-client-id:simulated-client-secret");
    let request = client
        .http
        .post(format!("{}/services/oauth2/token", client.sim.url()))
        .header("authorization", format!("Basic {basic}"))
        .form(&[("grant_type", "client_credentials")]);
    let (status, _) = answer(request.send().await.unwrap()).await;
    assert_eq!(status, 200);
    assert_eq!(client.sim.logins(), 3);
    assert_eq!(client.sim.api_calls(), 0);
}

#[test_case("client_id", "other", "invalid_client_id"; "unknown client")]
#[test_case("client_secret", "other", "invalid_client"; "wrong secret")]
#[test_case("grant_type", "other", "unsupported_grant_type"; "unknown grant")]
#[tokio::test]
async fn a_wrong_token_request_is_refused_with_an_object(field: &str, value: &str, code: &str) {
    let client = Client::tiny().await;
    let mut form = client_credentials();
    for (name, old) in &mut form {
        if *name == field {
            *old = Box::leak(value.to_owned().into_boxed_str());
        }
    }
    let (status, body) = client.token_call(&form).await;
    assert_eq!((status, &body["error"]), (400, &json!(code)));
}

#[tokio::test]
async fn a_missing_run_as_user_and_an_inactive_one_are_refused() {
    let client = Client::tiny().await;
    client.sim.with(|org| org.settings.client.run_as = None);
    let (_, body) = client.token_call(&client_credentials()).await;
    assert_eq!(
        body["error_description"],
        "no client credentials user enabled"
    );
    client.sim.with(|org| {
        let gone = org.user_by_username("gone@simulated.example");
        assert!(gone.is_some());
        org.settings.client.run_as = Some("gone@simulated.example".into());
    });
    let (_, body) = client.token_call(&client_credentials()).await;
    assert_eq!(body["error"], "inactive_user");
}

#[tokio::test]
async fn a_generic_host_knows_no_client_credentials() {
    let client = Client::tiny().await;
    client.sim.with(|org| {
        org.settings.host = salesforce_simulator::org::settings::HostKind::LoginHost;
    });
    let (status, body) = client.token_call(&client_credentials()).await;
    assert_eq!(status, 400);
    assert_eq!(
        body["error_description"],
        "request not supported on this domain"
    );
}

#[tokio::test]
async fn the_password_flow_wants_password_and_token_in_one() {
    let client = Client::tiny().await;
    let form = |password| {
        [
            ("grant_type", "password"),
            ("client_id", "simulated-client-id"),
            ("client_secret", "simulated-client-secret"),
            ("username", "Admin@Simulated.Example"),
            ("password", password),
        ]
    };
    let (status, _) = client
        .token_call(&form("simulated-passwordsimulatedtoken"))
        .await;
    assert_eq!(status, 200);
    let (status, body) = client.token_call(&form("simulated-password")).await;
    assert_eq!((status, &body["error"]), (400, &json!("invalid_grant")));
}

#[tokio::test]
async fn sessions_die_of_idleness_revocation_and_deactivation() {
    let mut client = Client::tiny().await;
    let limits = async |client: &Client| client.get("/limits").await.0;
    client.sim.clock().advance(Duration::from_mins(90));
    assert_eq!(limits(&client).await, 200);
    client.sim.clock().advance(Duration::from_mins(90));
    assert_eq!(limits(&client).await, 200, "each call starts the time anew");
    client.sim.clock().advance(Duration::from_mins(121));
    let (status, body) = client.get("/limits").await;
    assert_eq!(status, 401);
    let wanted =
        json!([{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]);
    assert_eq!(body, wanted);

    client.sign_in().await;
    let url = format!("{}/services/oauth2/revoke", client.sim.url());
    let form = [("token", client.token.as_str())];
    let response = client.http.post(&url).form(&form).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(limits(&client).await, 401);
    let (status, body) = answer(client.http.post(&url).form(&form).send().await.unwrap()).await;
    assert_eq!(status, 400);
    assert_eq!(body, "error=invalid_token&error_description=invalid+token");

    client.sign_in().await;
    client.sim.with(|org| {
        let me = org.integration_user();
        org.set("User", &me, &[("IsActive", false.into())]);
    });
    assert_eq!(limits(&client).await, 401);
}

#[tokio::test]
async fn versions_need_no_session_and_count_nothing() {
    let client = Client::tiny().await;
    let url = format!("{}/services/data/", client.sim.url());
    let response = client.http.get(url).send().await.unwrap();
    assert!(response.headers().get("sforce-limit-info").is_none());
    let (_, body) = answer(response).await;
    let last = body.as_array().unwrap().last().unwrap();
    assert_eq!(
        last,
        &json!({"label": "Summer '26", "url": "/services/data/v67.0", "version": "67.0"})
    );
    assert!(body.as_array().unwrap().contains(
        &json!({"label": "Winter '25", "url": "/services/data/v62.0", "version": "62.0"})
    ));
    assert_eq!(client.sim.api_calls(), 0);
}

#[tokio::test]
async fn identity_and_userinfo_say_who_is_signed_in() {
    let client = Client::tiny().await;
    let (_, body) = client.token_call(&client_credentials()).await;
    let id = body["id"].as_str().unwrap().replace(&client.sim.url(), "");
    let (status, body) = answer(client.send(Method::GET, &id, None).await).await;
    assert_eq!(
        (status, &body["username"]),
        (200, &json!("admin@simulated.example"))
    );
    assert_eq!(body["user_type"], "STANDARD");
    let stranger = id.replace("/005", "/006");
    let response = client.send(Method::GET, &stranger, None).await;
    assert_eq!(response.status(), 404);
    let path = "/services/oauth2/userinfo";
    let (_, body) = answer(client.send(Method::GET, path, None).await).await;
    assert_eq!(body["user_id"], client.sim.org().integration_user());
    let sessionless = client.http.get(format!("{}{path}", client.sim.url()));
    let (status, body) = answer(sessionless.send().await.unwrap()).await;
    assert_eq!((status, body), (403, json!("Bad_OAuth_Token")));
}

// Salesforce Help, "OAuth 2.0 Web Server Flow for Web App Integration", `signature`.
#[tokio::test]
async fn a_token_answer_is_signed_with_the_secret() {
    let client = Client::tiny().await;
    let (_, body) = client.token_call(&client_credentials()).await;
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    let key = hmac_sha256(
        "simulated-client-secret",
        &(text("id") + &text("issued_at")),
    );
    assert_eq!(text("signature"), key);
}

/// HMAC-SHA256 in base64, written out after RFC 2104.
fn hmac_sha256(key: &str, message: &str) -> String {
    use sha2::{Digest as _, Sha256};
    let pad = |filler: u8| {
        let mut block = [filler; 64];
        for (byte, key) in block.iter_mut().zip(key.bytes()) {
            *byte ^= key;
        }
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message);
    let outer = Sha256::new().chain_update(pad(0x5c));
    STANDARD.encode(outer.chain_update(inner.finalize()).finalize())
}

// REST API Developer Guide, "OAuth 2.0 Refresh Token Flow", parameter `format`.
#[tokio::test]
async fn a_token_answer_has_three_formats() {
    let client = Client::tiny().await;
    let ask = async |format: &str| {
        let mut form = client_credentials();
        form.push(("format", Box::leak(format.to_owned().into_boxed_str())));
        client.token_call(&form).await.1
    };
    assert!(ask("json").await["access_token"].is_string());
    let encoded = ask("urlencoded").await;
    assert!(encoded.as_str().unwrap().contains("&token_type=Bearer"));
    let xml = ask("xml").await;
    assert!(
        xml.as_str()
            .unwrap()
            .contains("<token_type>Bearer</token_type>")
    );
}
