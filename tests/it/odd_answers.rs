//! Answers that no org gives, for ever: how often the connector asks, and what it tells the host.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use baton_salesforce::pb::connector as pb;
use baton_salesforce::pb::connector::connector_service_client::ConnectorServiceClient;
use baton_salesforce::pb::connector::resources_service_client::ResourcesServiceClient;
use baton_salesforce::pb::google::rpc;
use prost::Message as _;
use serde_json::{Value, json};
use test_case::test_case;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::transport::Channel;
use tonic::{Code, Status};
use wiremock::matchers::{path, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::harness::{Setup, list_resources, serve_at};

const TOKEN: &str = "/services/oauth2/token";
const API: &str = "^/services/data/";

/// A server in the place of an org, and a connector for it.
struct Odd {
    server: MockServer,
    connector: ConnectorServiceClient<Channel>,
    resources: ResourcesServiceClient<Channel>,
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
            connector: ConnectorServiceClient::new(channel.clone()),
            resources: ResourcesServiceClient::new(channel),
            _end: end.drop_guard(),
        }
    }

    /// An API that gives this answer to whoever has signed in.
    async fn answering(answer: impl wiremock::Respond + 'static) -> Self {
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

/// What a server does with a locator that it has not handed out itself.
#[derive(Clone, Copy)]
enum Locators {
    Refuses,
    /// It goes on where it stopped, whatever number the locator ends with.
    TakesInTurn,
    /// It hands out locators without a number.
    HasNone,
    /// It says that there is more, and not where.
    Hides,
    /// It takes each of them, but not several in one request.
    AloneOnly,
}

const ROWS: usize = 9_500;

/// An org with roles and nothing else.
struct Roles {
    locators: Locators,
    turn: AtomicUsize,
}

impl Roles {
    fn id(number: usize) -> String {
        format!("00E{number:012}")
    }

    /// The rows of a query that begins at `first` and has `total` rows, from its row `from` on.
    fn page(&self, first: usize, total: usize, from: usize) -> ResponseTemplate {
        let end = total.min(from + 2000);
        let rows = (first + from..first + end)
            .map(|number| json!({ "Id": Self::id(number), "Name": format!("Role {number}") }));
        let rows: Vec<_> = rows.collect();
        let mut page = json!({ "totalSize": total, "done": end == total, "records": rows });
        let next = match self.locators {
            Locators::Hides => None,
            Locators::HasNone => Some("/services/data/v67.0/query/0r8x".to_owned()),
            _ => Some(format!("/services/data/v67.0/query/0r8x-{end}")),
        };
        if let Some(next) = next.filter(|_| end < total) {
            page["nextRecordsUrl"] = json!(next);
        }
        ResponseTemplate::new(200).set_body_json(page)
    }
}

impl wiremock::Respond for Roles {
    fn respond(&self, request: &wiremock::Request) -> ResponseTemplate {
        if let Some((_, row)) = request.url.path().split_once("/query/0r8x-") {
            let row: usize = row.parse().unwrap();
            return match self.locators {
                Locators::TakesInTurn => {
                    let turn = self.turn.fetch_add(1, Ordering::Relaxed);
                    self.page(0, ROWS, 2000 * (1 + turn % 4))
                }
                Locators::AloneOnly => self.page(0, ROWS, row),
                _ if row.is_multiple_of(2000) => self.page(0, ROWS, row),
                _ => body(
                    400,
                    r#"[{"errorCode":"INVALID_QUERY_LOCATOR","message":"invalid query locator"}]"#,
                ),
            };
        }
        let query = request.url.query_pairs().find(|(key, _)| key == "q");
        let Some((_, soql)) = query else {
            if matches!(self.locators, Locators::AloneOnly) {
                return refused_parts(request);
            }
            // It has no composite resource either.
            return body(404, r#"[{"errorCode":"NOT_FOUND","message":"not found"}]"#);
        };
        assert!(soql.contains("FROM UserRole"), "{soql}");
        let number = |after: &str| -> Option<usize> {
            let rest = soql.split_once(after)?.1;
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        };
        let first = number("Id > '00E").map_or(0, |last| last + 1);
        let limit = number("LIMIT ").unwrap_or(ROWS);
        self.page(first, limit.min(ROWS - first), 0)
    }
}

/// The answer of a server that has composite requests and refuses each part of this one.
fn refused_parts(request: &wiremock::Request) -> ResponseTemplate {
    let asked: Value = serde_json::from_slice(&request.body).unwrap();
    let parts = asked["compositeRequest"].as_array().unwrap().iter();
    let refused = parts.map(|part| {
        json!({
            "referenceId": part["referenceId"],
            "httpHeaders": {},
            "httpStatusCode": 404,
            "body": [{ "errorCode": "NOT_FOUND", "message": "The requested resource does not exist" }],
        })
    });
    let refused: Vec<Value> = refused.collect();
    ResponseTemplate::new(200).set_body_json(json!({ "compositeResponse": refused }))
}

/// The ids of all roles in a sync, without the three letters that tell upper and lower case apart.
pub(crate) async fn roles(client: ResourcesServiceClient<Channel>) -> Vec<String> {
    let roles = list_resources(client, "role", "sync").await;
    let ids = roles.into_iter().map(|row| row.id.unwrap().resource);
    ids.map(|id| id[..15].to_owned()).collect()
}

/// Locators are a server's own. Whatever it does with one, no row is lost and none comes twice.
#[test_case(Locators::Refuses; "it refuses them")]
#[test_case(Locators::TakesInTurn; "it ignores their number")]
#[test_case(Locators::HasNone; "they have no number")]
#[test_case(Locators::Hides; "it has none")]
#[test_case(Locators::AloneOnly; "it takes one at a time")]
#[tokio::test]
async fn a_server_with_other_locators_is_read_by_ids(locators: Locators) {
    let odd = Odd::answering(Roles {
        locators,
        turn: AtomicUsize::default(),
    })
    .await;
    let found = roles(odd.resources.clone()).await;
    let expected: Vec<String> = (0..ROWS).map(Roles::id).collect();
    assert!(found == expected, "{} of {ROWS} rows", found.len());
    let calls = odd.received("/services/data/").await;
    if matches!(locators, Locators::AloneOnly) {
        assert!(odd.received("/services/data/v67.0/query/0r8x-").await >= 4);
    }
    // The first page, four more by ids, one call for several pages, which this server does not know,
    // and these pages one by one.
    assert!(calls <= 5 + 1 + 5, "{calls} calls");
}
