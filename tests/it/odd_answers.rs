//! Answers that no org gives, for ever: how often the connector asks, and what it tells the host.

use std::time::{Duration, SystemTime};

use baton_salesforce::pb::connector as pb;
use baton_salesforce::pb::connector::connector_service_client::ConnectorServiceClient;
use baton_salesforce::pb::google::rpc;
use prost::Message as _;
use serde_json::json;
use test_case::test_case;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{Code, Status};
use wiremock::matchers::{path, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::harness::{Setup, serve_at};

const TOKEN: &str = "/services/oauth2/token";
const API: &str = "^/services/data/";

/// A server in the place of an org, and a connector for it.
struct Odd {
    server: MockServer,
    connector: ConnectorServiceClient<tonic::transport::Channel>,
    _end: DropGuard,
}

impl Odd {
    /// A token endpoint that gives this answer.
    async fn signing_in(answer: ResponseTemplate) -> Self {
        let server = MockServer::start().await;
        let token = Mock::given(path(TOKEN)).respond_with(answer);
        token.mount(&server).await;
        let end = CancellationToken::new();
        let setup = Setup {
            client: |config| config.max_response = 100_000,
            ..Setup::default()
        };
        let channel = serve_at(&server.uri(), &setup, end.clone()).await;
        Self {
            server,
            connector: ConnectorServiceClient::new(channel),
            _end: end.drop_guard(),
        }
    }

    /// An API that gives this answer to whoever has signed in.
    async fn answering(answer: ResponseTemplate) -> Self {
        let odd = Self::signing_in(ResponseTemplate::new(404)).await;
        odd.server.reset().await;
        let session = json!({ "access_token": "00D!x", "token_type": "Bearer",
            "instance_url": odd.server.uri() });
        let session = ResponseTemplate::new(200).set_body_json(session);
        let token = Mock::given(path(TOKEN)).respond_with(session);
        token.mount(&odd.server).await;
        let api = Mock::given(path_regex(API)).respond_with(answer);
        api.mount(&odd.server).await;
        odd
    }

    async fn validate(&self) -> Status {
        let request = pb::ConnectorServiceValidateRequest {};
        self.connector.clone().validate(request).await.unwrap_err()
    }

    async fn received(&self, below: &str) -> usize {
        let requests = self.server.received_requests().await.unwrap();
        let paths = requests.iter().map(|request| request.url.path());
        paths.filter(|path| path.starts_with(below)).count()
    }
}

fn body(status: u16, body: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(body, "application/json")
}

fn redirect(status: u16) -> ResponseTemplate {
    let to = "https://maintenance.acme.example/wait?sid=00D!secret";
    ResponseTemplate::new(status).insert_header("Location", to)
}

#[test_case(body(200, "<html>Sign in</html>"); "html")]
#[test_case(body(200, &"x".repeat(70_000)); "a body without end")]
#[test_case(body(200, r#"["access_token"]"#); "wrong JSON")]
#[test_case(body(200, r#"{"access_token":7,"token_type":"Bearer","instance_url":"x"}"#); "a token of another type")]
#[test_case(body(200, r#"{"access_token":"","token_type":"Bearer","instance_url":"x"}"#); "an empty token")]
#[test_case(body(200, r#"{"access_token":"a\nb","token_type":"Bearer","instance_url":"x"}"#); "a token of two lines")]
#[test_case(body(204, ""); "nothing")]
#[test_case(body(404, "<html>Not found</html>"); "no such page")]
#[test_case(redirect(302); "302")]
#[test_case(redirect(307); "307")]
#[tokio::test]
async fn a_login_host_that_talks_nonsense_gets_the_secret_twice(answer: ResponseTemplate) {
    let odd = Odd::signing_in(answer).await;
    for _ in 0..3 {
        assert_eq!(odd.validate().await.code(), Code::Unauthenticated);
    }
    assert_eq!(odd.received(TOKEN).await, 2);
}

#[tokio::test]
async fn a_redirect_of_a_login_names_its_host_only() {
    let message = Odd::signing_in(redirect(302)).await.validate().await;
    let message = message.message();
    assert!(
        message.contains("a redirect to maintenance.acme.example,"),
        "{message}"
    );
    assert!(
        !message.contains("secret") && !message.contains("/wait"),
        "{message}"
    );
}

#[test_case(301)]
#[test_case(302)]
#[test_case(307)]
#[test_case(308)]
#[tokio::test]
async fn a_redirect_of_a_query_names_its_host_and_is_not_followed(status: u16) {
    let odd = Odd::answering(redirect(status)).await;
    let status = odd.validate().await;
    assert_eq!(status.code(), Code::FailedPrecondition, "{status}");
    let message = status.message();
    assert!(
        message.contains("to maintenance.acme.example,"),
        "{message}"
    );
    assert!(message.contains("My Domain"), "{message}");
    assert!(
        !message.contains("secret") && !message.contains("/wait"),
        "{message}"
    );
    assert_eq!(odd.received("/services/data/").await, 1);
}

#[tokio::test]
async fn a_query_body_without_end_is_fetched_once() {
    let odd = Odd::answering(body(200, &"x".repeat(100_001))).await;
    assert_eq!(odd.validate().await.code(), Code::Internal);
    assert_eq!(odd.received("/services/data/").await, 1);
}

/// A day from now, as a date of HTTP.
fn tomorrow() -> String {
    httpdate::fmt_http_date(SystemTime::now() + Duration::from_hours(24))
}

#[test_case(429, "86400"; "too many")]
#[test_case(503, "86400"; "not available")]
#[test_case(503, &tomorrow(); "a date")]
#[test_case(429, "99999999999999999999999"; "a number beyond all bounds")]
#[tokio::test]
async fn a_wait_that_is_too_long_ends_the_call(status: u16, wait: &str) {
    let answer = ResponseTemplate::new(status).insert_header("Retry-After", wait);
    let odd = Odd::answering(answer).await;
    let status = odd.validate().await;
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    assert_eq!(odd.received("/services/data/").await, 1);
    let details = rpc::Status::decode(status.details()).unwrap().details;
    let limit = pb::RateLimitDescription::decode(details[0].value.as_slice()).unwrap();
    let until = SystemTime::try_from(limit.reset_at.unwrap()).unwrap();
    assert!(
        until > SystemTime::now() + Duration::from_hours(23),
        "{until:?}"
    );
    assert_eq!(limit.remaining, 0);
}

#[tokio::test]
async fn a_login_host_that_asks_for_a_long_wait_is_asked_once() {
    let answer = ResponseTemplate::new(429).insert_header("Retry-After", "86400");
    let odd = Odd::signing_in(answer).await;
    assert_eq!(odd.validate().await.code(), Code::ResourceExhausted);
    assert_eq!(odd.received(TOKEN).await, 1);
}

#[test_case("-1"; "negative")]
#[test_case("soon"; "a word")]
#[test_case("Wed, 21 Oct 2015 07:28:00 GMT"; "a date that has passed")]
#[tokio::test]
async fn a_wait_that_is_none_leaves_the_usual_retries(wait: &str) {
    let answer = ResponseTemplate::new(503).insert_header("Retry-After", wait);
    let odd = Odd::answering(answer).await;
    assert_eq!(odd.validate().await.code(), Code::Unavailable);
    assert_eq!(odd.received("/services/data/").await, 5);
}
