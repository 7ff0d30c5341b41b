//! What is sent, what is understood, and what is known of a credential after a failure.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use test_case::test_case;
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{any, method, path},
};

use super::{answer::Fate, *};
use crate::salesforce::auth::Refusal;

fn endpoint(address: &str, secret: Option<&str>) -> TokenEndpoint {
    let app = App {
        client_id: "key".into(),
        client_secret: secret.map(Into::into),
    };
    let instance = Instance::parse(address, false).unwrap();
    TokenEndpoint::new(reqwest::Client::new(), instance, app)
}

async fn answering(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

async fn refresh(server: &MockServer) -> Result<Tokens, Failed> {
    let endpoint = endpoint(&server.uri(), None);
    endpoint.refresh(&"old".into(), None).await
}

fn sent_form(request: &Request) -> Vec<(String, String)> {
    form_urlencoded::parse(&request.body).into_owned().collect()
}

#[test_case(Some("hush"), &["client_id", "client_secret", "grant_type", "refresh_token"])]
#[test_case(None, &["client_id", "grant_type", "refresh_token"]; "a public client")]
#[tokio::test]
async fn a_refresh_sends_the_token_and_the_app_once(secret: Option<&str>, names: &[&str]) {
    let server = MockServer::start().await;
    let told = json!({ "access_token": "00D!x", "instance_url": server.uri() });
    Mock::given(method("POST"))
        .and(path(TOKEN_PATH))
        .respond_with(ResponseTemplate::new(200).set_body_json(told))
        .expect(1)
        .mount(&server)
        .await;
    let endpoint = endpoint(&server.uri(), secret);
    let tokens = endpoint.refresh(&"old".into(), None).await.unwrap();
    assert_eq!(tokens.access_token.expose_secret(), "00D!x");
    assert!(tokens.refresh_token.is_none());
    let requests = server.received_requests().await.unwrap();
    let request = requests.first().unwrap();
    let mut sent: Vec<_> = sent_form(request)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    sent.sort();
    assert_eq!(sent, names);
    // Some gateways refuse a body in chunks.
    assert!(request.headers.contains_key("content-length"));
    assert!(!request.headers.contains_key("transfer-encoding"));
}

#[tokio::test]
async fn an_assertion_is_sent_without_a_secret_or_a_scope() {
    let server = answering(ResponseTemplate::new(400)).await;
    let endpoint = endpoint(&server.uri(), Some("hush"));
    let _ = endpoint.jwt_bearer(&"a.b.c".into()).await;
    let requests = server.received_requests().await.unwrap();
    let expected = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("assertion", "a.b.c"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(sent_form(requests.first().unwrap()), expected);
}

#[tokio::test]
async fn a_code_is_redeemed_with_its_verifier_and_redirect_uri() {
    let server = answering(ResponseTemplate::new(400)).await;
    let endpoint = endpoint(&server.uri(), None);
    let redirect = RedirectUrl::new("http://localhost:1717/OauthRedirect".into()).unwrap();
    let verifier = SecretString::from("v".repeat(43));
    let code = SecretString::from("aPrx==");
    let redeemed = endpoint.authorization_code(&code, &redirect, Some(&verifier));
    let _ = redeemed.await;
    let requests = server.received_requests().await.unwrap();
    let sent = sent_form(requests.first().unwrap());
    let value = |name: &str| {
        let found = sent.iter().find(|(sent, _)| sent == name);
        found.map(|(_, value)| value.as_str())
    };
    assert_eq!(value("grant_type"), Some("authorization_code"));
    assert_eq!(value("code"), Some("aPrx=="));
    assert_eq!(value("redirect_uri"), Some(redirect.as_str()));
    assert_eq!(value("code_verifier"), Some(verifier.expose_secret()));
}

#[test_case("application/json", r#"{"access_token":"00D!x","instance_url":"URL","issued_at":1,
    "scope":["api"],"expires_in":"soon","token_type":7,"id":null,"refresh_token":"new"}"#; "odd types")]
#[test_case("text/plain", r#"{"access_token":"00D!x","instance_url":"URL","refresh_token":"new"}"#; "another type")]
#[test_case("application/x-www-form-urlencoded", "access_token=00D%21x&instance_url=URL&refresh_token=new"; "a form")]
#[tokio::test]
async fn what_does_not_matter_in_an_answer_may_differ(kind: &str, body: &str) {
    let server = MockServer::start().await;
    let body = body.replace("URL", &server.uri());
    let answer = ResponseTemplate::new(200).set_body_raw(body, kind);
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let tokens = refresh(&server).await.unwrap();
    assert_eq!(tokens.access_token.expose_secret(), "00D!x");
    assert_eq!(tokens.refresh_token.unwrap().expose_secret(), "new");
    assert_eq!(tokens.instance.as_str(), format!("{}/", server.uri()));
}

#[test_case(r#"{"access_token":"00D!x"}"# => Refusal::Garbled; "no host")]
#[test_case(r#"{"access_token":"a b","instance_url":"URL"}"# => Refusal::Garbled; "an access token that cannot be sent")]
#[test_case(r#"{"access_token":7,"instance_url":"URL"}"# => Refusal::Garbled; "a number as access token")]
#[test_case(r#"{"access_token":"00D!x","instance_url":"https://evil.example"}"# => Refusal::ForeignHost)]
#[test_case("<html>welcome to the hotel</html>" => Refusal::Garbled; "a page")]
#[test_case("[]" => Refusal::Garbled; "a list")]
#[test_case("" => Refusal::Garbled; "nothing")]
#[tokio::test]
async fn a_token_and_its_host_must_be_right(body: &str) -> Refusal {
    let server = MockServer::start().await;
    let body = body.replace("URL", &server.uri());
    let answer = ResponseTemplate::new(200).set_body_raw(body, "application/json");
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let failed = refresh(&server).await.unwrap_err();
    assert_eq!(failed.fate, Fate::Unknown);
    failed.error.refusal()
}

#[tokio::test]
async fn a_new_refresh_token_survives_an_answer_that_cannot_be_used() {
    let told = json!({ "access_token": "00D!x", "refresh_token": "new",
        "instance_url": "https://evil.example" });
    let server = answering(ResponseTemplate::new(200).set_body_json(told)).await;
    let failed = refresh(&server).await.unwrap_err();
    assert_eq!(failed.refresh_token.unwrap().expose_secret(), "new");
}

#[test_case(
    "application/json",
    r#"{"error":"invalid_grant","error_description":"expired access/refresh token"}"#
)]
#[test_case("application/json", r#"{"error_description":"expired access/refresh token","error":"invalid_grant","error_uri":7}"#; "odd types")]
#[test_case("application/x-www-form-urlencoded", "error=invalid_grant&error_description=expired%20access%2Frefresh+token"; "a form")]
#[tokio::test]
async fn a_refusal_is_understood_in_every_format(kind: &str, body: &str) {
    let answer = ResponseTemplate::new(400).set_body_raw(body, kind);
    let failed = refresh(&answering(answer).await).await.unwrap_err();
    assert_eq!(failed.error.refusal(), Refusal::TokenExpired);
    assert_eq!(failed.fate, Fate::Refused);
}

#[test_case(301, "" => Fate::Refused; "a redirect")]
#[test_case(404, "no such page" => Fate::Refused; "a gateway without the endpoint")]
#[test_case(408, "" => Fate::Unknown; "a request that took too long")]
#[test_case(429, "" => Fate::Refused; "too many requests")]
#[test_case(400, r#"{"error":"temporarily_unavailable"}"# => Fate::Unknown)]
#[test_case(500, "" => Fate::Unknown)]
#[test_case(502, r#"{"error":"server_error"}"# => Fate::Unknown)]
#[test_case(503, "" => Fate::Unknown)]
#[tokio::test]
async fn an_error_tells_whether_the_token_was_used(status: u16, body: &str) -> Fate {
    let answer = ResponseTemplate::new(status).set_body_string(body);
    refresh(&answering(answer).await).await.unwrap_err().fate
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    // A port that belongs to this test and at which nobody listens.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = format!("http://{}", socket.local_addr().unwrap());
    let endpoint = endpoint(&address, None);
    let has_departed = Arc::new(AtomicBool::new(false));
    let departed = Arc::clone(&has_departed);
    let departure: Departure = Box::pin(async move {
        departed.store(true, Ordering::Relaxed);
        Ok(())
    });
    let failed = endpoint.refresh(&"old".into(), Some(departure)).await;
    assert_eq!(failed.unwrap_err().fate, Fate::NotSent);
    assert!(!has_departed.load(Ordering::Relaxed));
}

#[tokio::test]
async fn a_departure_that_fails_keeps_the_token_here() {
    let server = answering(ResponseTemplate::new(200)).await;
    let endpoint = endpoint(&server.uri(), None);
    let departure: Departure = Box::pin(async { Err(io::ErrorKind::StorageFull.into()) });
    let failed = endpoint.refresh(&"old".into(), Some(departure)).await;
    assert_eq!(failed.unwrap_err().fate, Fate::NotSent);
    assert_eq!(server.received_requests().await.unwrap().len(), 0);
}
