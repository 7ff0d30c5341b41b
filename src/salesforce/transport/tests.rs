//! What an org would never send, and how often we ask: odd bodies, lost sessions, counted calls.
#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::{io::Write as _, sync::atomic::AtomicUsize, time::Duration};

use async_trait::async_trait;
use secrecy::SecretString;
use serde_json::{Value, json};
use test_case::test_case;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use wiremock::{
    Mock, MockServer, Respond, ResponseTemplate,
    matchers::{any, header as header_is, method, path},
};

use super::*;
use crate::salesforce::{
    Auth, AuthError, Client, ClientConfig, ErrorCode, FieldName, Instance, QueryPage, SalesforceId,
    Select,
    auth::{Refusal, TokenSource},
    composite::{Record, SaveResult, Subrequest},
};

const EXPIRED: &str =
    r#"[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]"#;

/// Counts logins; each gives another token.
#[derive(Debug)]
struct Logins {
    host: Url,
    count: AtomicUsize,
    refuse: Option<Refusal>,
}

#[async_trait]
impl TokenSource for Logins {
    async fn fetch(&self) -> Result<AccessToken, AuthError> {
        let number = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        // Others get the chance to pile up behind this login.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        match self.refuse {
            Some(refusal) => Err(AuthError::refused(refusal)),
            None => Ok(AccessToken::new(
                format!("token-{number}").into(),
                self.host.clone(),
            )),
        }
    }
}

struct Org {
    server: MockServer,
    logins: Arc<Logins>,
}

impl Org {
    async fn start() -> Self {
        Self::refusing(None).await
    }

    async fn refusing(refuse: Option<Refusal>) -> Self {
        let server = MockServer::start().await;
        let host = Url::parse(&server.uri()).unwrap();
        Self {
            server,
            logins: Arc::new(Logins {
                host,
                count: AtomicUsize::new(0),
                refuse,
            }),
        }
    }

    fn client(&self) -> Client {
        self.client_with(|_| {})
    }

    fn client_with(&self, change: impl FnOnce(&mut ClientConfig)) -> Client {
        let instance = Instance::parse(&self.server.uri(), false).unwrap();
        let mut config = ClientConfig::new(instance, Auth::Source(self.logins.clone()));
        config.retry.first_wait = Duration::from_millis(1);
        config.retry.longest_wait = Duration::from_millis(2);
        change(&mut config);
        Client::new(config).unwrap()
    }

    /// A client whose session belongs to another address.
    fn client_at(&self, address: &str) -> Client {
        let host = Url::parse(address).unwrap();
        let source = Arc::new(Logins {
            host,
            count: AtomicUsize::new(0),
            refuse: None,
        });
        self.client_with(|config| config.auth = Auth::Source(source))
    }

    /// Answers in this order, the last for ever.
    async fn answer(&self, answers: impl IntoIterator<Item = ResponseTemplate>) {
        let script = Script {
            answers: answers.into_iter().collect(),
            next: AtomicUsize::new(0),
        };
        Mock::given(any())
            .respond_with(script)
            .mount(&self.server)
            .await;
    }

    async fn received(&self) -> usize {
        self.server.received_requests().await.unwrap().len()
    }

    fn logins(&self) -> usize {
        self.logins.count.load(Ordering::SeqCst)
    }
}

struct Script {
    answers: Vec<ResponseTemplate>,
    next: AtomicUsize,
}

impl Respond for Script {
    fn respond(&self, _: &wiremock::Request) -> ResponseTemplate {
        let position = self.next.fetch_add(1, Ordering::SeqCst);
        self.answers
            .get(position)
            .or_else(|| self.answers.last())
            .unwrap()
            .clone()
    }
}

fn refusal(status: u16, code: &str) -> ResponseTemplate {
    worded(status, code, "words")
}

fn worded(status: u16, code: &str, message: &str) -> ResponseTemplate {
    let body = json!([{ "errorCode": code, "message": message }]);
    ResponseTemplate::new(status).set_body_json(body)
}

fn page() -> ResponseTemplate {
    let body = json!({ "totalSize": 1, "done": true, "records": [{ "Id": "005D0000001KyEIIA0" }] });
    ResponseTemplate::new(200)
        .insert_header("Sforce-Limit-Info", "api-usage=18/5000")
        .set_body_json(body)
}

fn saved() -> ResponseTemplate {
    let body = json!({ "id": "005D0000001KyEIIA0", "success": true, "errors": [] });
    ResponseTemplate::new(201).set_body_json(body)
}

fn raw(status: u16, body: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(body, "application/json")
}

/// A server below HTTP: one reply for each connection, which is closed after it.
async fn connections(replies: Vec<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for reply in replies {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                connection.read_buf(&mut request).await.unwrap();
            }
            connection.write_all(reply.as_bytes()).await.unwrap();
        }
    });
    address
}

fn reply(declared: usize, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {declared}\r\n\r\n{body}")
}

fn users() -> Select {
    Select::from("User").field("Id")
}

async fn read(client: &Client) -> Result<Response<QueryPage<Value>>> {
    client.query(&users()).await
}

async fn write(client: &Client) -> Result<Response<SalesforceId>> {
    client
        .create(&FieldName::from("User"), &json!({ "LastName": "Doe" }))
        .await
}

fn user() -> SalesforceId {
    "005D0000001KyEIIA0".parse().unwrap()
}

#[tokio::test]
async fn a_quota_comes_with_the_answer_that_told_it() {
    let org = Org::start().await;
    org.answer([page()]).await;
    let client = org.client();
    let answer = read(&client).await.unwrap();
    assert_eq!(answer.quota.unwrap().remaining(), 4982);
    assert_eq!((answer.calls, client.calls_sent()), (1, 1));
    assert_eq!(answer.value.records.len(), 1);
}

#[tokio::test]
async fn a_query_goes_to_one_clean_url_with_its_headers() {
    let org = Org::start().await;
    Mock::given(method("GET"))
        .and(path("/services/data/v63.0/query"))
        .and(header_is("authorization", "Bearer token-1"))
        .and(header_is("sforce-query-options", "batchSize=2000"))
        .and(header_is("accept-encoding", "gzip"))
        .respond_with(page())
        .expect(1)
        .mount(&org.server)
        .await;
    let _ = read(&org.client()).await.unwrap();
    let sent = &org.server.received_requests().await.unwrap();
    let agent = sent
        .first()
        .unwrap()
        .headers
        .get("user-agent")
        .unwrap()
        .to_str()
        .unwrap();
    assert!(agent.starts_with("baton-salesforce/"), "{agent}");
}

#[test_case(raw(200, r#"{"totalSize":1,"done":tr"#); "truncated")]
#[test_case(raw(200, ""); "empty")]
#[test_case(raw(200, "<html>maintenance</html>"); "html with success")]
#[test_case(raw(200, "\u{0}\u{1}"); "garbage")]
#[test_case(raw(503, "<html>busy</html>"); "html with 503")]
#[test_case(raw(502, ""); "empty 502")]
#[test_case(raw(500, "[]"); "empty list")]
#[test_case(refusal(503, "SERVER_UNAVAILABLE"); "unavailable")]
#[test_case(refusal(400, "UNABLE_TO_LOCK_ROW"); "row lock")]
#[test_case(refusal(400, "INVALID_QUERY_LOCATOR"); "locator")]
#[test_case(refusal(400, "QUERY_TIMEOUT"); "timeout")]
#[test_case(raw(401, EXPIRED); "session")]
#[test_case(refusal(429, "X"); "too many")]
#[test_case(worded(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded."); "concurrent")]
#[tokio::test]
async fn a_read_comes_through_a_passing_failure(failure: ResponseTemplate) {
    let org = Org::start().await;
    org.answer([failure, page()]).await;
    let answer = read(&org.client()).await.unwrap();
    assert_eq!((answer.calls, org.received().await), (2, 2));
}

#[tokio::test]
async fn a_read_is_sent_five_times_and_no_more() {
    let org = Org::start().await;
    org.answer([refusal(503, "SERVER_UNAVAILABLE")]).await;
    let error = read(&org.client()).await.unwrap_err();
    assert_eq!((org.received().await, error.calls()), (5, 5));
    assert!(error.is_transient(true) && !error.is_transient(false) && !error.is_ambiguous());
    assert!(error.is_exhausted());
}

#[test_case(raw(503, "<html>busy</html>"); "503")]
#[test_case(raw(500, r#"[{"errorCode":"UNKNOWN_EXCEPTION","message":"x"}]"#); "500")]
#[test_case(raw(201, r#"{"id":"005D00"#); "truncated success")]
#[test_case(raw(201, "[]"); "success of another shape")]
#[test_case(raw(201, r#"{"success":true,"errors":[]}"#); "success without id")]
#[tokio::test]
async fn a_write_whose_outcome_is_unknown_is_not_sent_again(failure: ResponseTemplate) {
    let org = Org::start().await;
    org.answer([failure, saved()]).await;
    let error = write(&org.client()).await.unwrap_err();
    assert!(error.is_ambiguous() && !error.is_exhausted(), "{error:?}");
    assert_eq!((org.received().await, error.calls()), (1, 1));
}

#[test_case(refusal(400, "UNABLE_TO_LOCK_ROW"); "row lock")]
#[test_case(raw(401, EXPIRED); "session")]
#[test_case(refusal(429, "X"); "too many")]
#[tokio::test]
async fn a_write_that_was_surely_not_done_is_sent_again(failure: ResponseTemplate) {
    let org = Org::start().await;
    org.answer([failure, saved()]).await;
    assert_eq!(write(&org.client()).await.unwrap().value, user());
    assert_eq!(org.received().await, 2);
}

#[tokio::test]
async fn a_row_that_stays_locked_exhausts_the_retries() {
    let org = Org::start().await;
    org.answer([refusal(400, "UNABLE_TO_LOCK_ROW")]).await;
    let error = write(&org.client()).await.unwrap_err();
    assert_eq!((org.received().await, error.calls()), (4, 4));
    assert!(error.is_exhausted() && error.is_transient(false));
}

#[tokio::test]
async fn a_login_host_out_of_order_exhausts_the_retries() {
    let org = Org::refusing(Some(Refusal::Unavailable)).await;
    let error = read(&org.client()).await.unwrap_err();
    assert_eq!((org.logins(), error.calls()), (5, 0));
    assert!(error.is_exhausted() && error.is_transient(false));
}

#[tokio::test]
async fn the_daily_limit_ends_it_at_once() {
    let org = Org::start().await;
    org.answer([worded(
        403,
        "REQUEST_LIMIT_EXCEEDED",
        "TotalRequests Limit exceeded.",
    )])
    .await;
    let error = read(&org.client()).await.unwrap_err();
    assert!(error.is_daily_limit() && !error.is_throttled() && !error.is_transient(true));
    assert_eq!(org.received().await, 1);
}

#[tokio::test]
async fn a_long_wait_is_left_to_the_caller() {
    let org = Org::start().await;
    org.answer([refusal(429, "X").insert_header("Retry-After", "3600")])
        .await;
    let error = read(&org.client()).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_hours(1)));
    assert!(error.is_throttled() && error.is_transient(false));
    assert_eq!((org.received().await, error.calls()), (1, 1));
}

#[tokio::test]
async fn a_wrong_password_is_one_login_for_fifty_calls() {
    let org = Org::refusing(Some(Refusal::InvalidLogin)).await;
    let client = org.client();
    let calls = (0..50).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { read(&client).await.unwrap_err().is_login_refused() })
    });
    for call in calls.collect::<Vec<_>>() {
        assert!(call.await.unwrap());
    }
    assert!(read(&client).await.unwrap_err().is_login_refused());
    assert_eq!((org.logins(), org.received().await), (1, 0));
}

#[tokio::test]
async fn fifty_expired_calls_share_one_new_login() {
    let org = Org::start().await;
    Mock::given(header_is("authorization", "Bearer token-1"))
        .respond_with(raw(401, EXPIRED))
        .mount(&org.server)
        .await;
    Mock::given(header_is("authorization", "Bearer token-2"))
        .respond_with(page())
        .mount(&org.server)
        .await;
    let client = org.client();
    let _ = client.login().await.unwrap();
    let calls = (0..50).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { read(&client).await.is_ok() })
    });
    for call in calls.collect::<Vec<_>>() {
        assert!(call.await.unwrap());
    }
    assert_eq!(org.logins(), 2);
}

#[tokio::test]
async fn a_session_refused_again_after_a_new_login_is_told() {
    let org = Org::start().await;
    org.answer([raw(401, EXPIRED)]).await;
    let error = read(&org.client()).await.unwrap_err();
    assert!(error.is_session_expired() && !error.is_transient(true));
    assert_eq!((org.received().await, org.logins()), (2, 2));
}

#[tokio::test]
async fn an_org_that_refuses_every_session_gets_two_sign_ins() {
    let org = Org::start().await;
    org.answer([raw(401, EXPIRED)]).await;
    let client = org.client_with(|config| config.retry.longest_retry_after = Duration::ZERO);
    assert!(read(&client).await.unwrap_err().is_session_expired());
    for _ in 0..100 {
        let error = read(&client).await.unwrap_err();
        assert!(error.is_throttled() && error.retry_after().is_some());
    }
    assert_eq!((org.received().await, org.logins()), (2, 2));
}

#[tokio::test]
async fn a_refused_connection_sends_nothing_and_is_not_ambiguous() {
    let org = Org::start().await;
    let unused = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let client = org.client_at(&format!("http://{unused}"));
    let error = write(&client).await.unwrap_err();
    assert!(matches!(error, Error::NotSent { .. }), "{error:?}");
    assert!(error.is_transient(false) && !error.is_ambiguous());
    assert!(error.is_exhausted());
    assert_eq!(error.calls(), 0);
}

#[tokio::test]
async fn a_read_comes_through_dropped_connections() {
    let org = Org::start().await;
    let body = r#"{"totalSize":0,"done":true,"records":[]}"#;
    let replies = vec![
        String::new(),
        "HTTP/1.1 200 OK\r\ncontent-le".to_owned(),
        reply(body.len(), r#"{"total"#),
        reply(body.len(), body),
    ];
    let client = org.client_at(&connections(replies).await);
    assert_eq!(read(&client).await.unwrap().calls, 4);
}

#[test_case(String::new(); "before the answer")]
#[test_case(reply(500, "{"); "in the answer")]
#[tokio::test]
async fn a_write_whose_connection_is_dropped_is_ambiguous(dropped: String) {
    let org = Org::start().await;
    let client = org.client_at(&connections(vec![dropped]).await);
    let error = write(&client).await.unwrap_err();
    assert!(
        matches!(error, Error::Lost { .. }) && error.is_ambiguous(),
        "{error:?}"
    );
    assert_eq!(client.calls_sent(), 1);
}

#[tokio::test]
async fn a_timeout_after_sending_a_write_is_ambiguous() {
    let org = Org::start().await;
    org.answer([saved().set_delay(Duration::from_mins(1))])
        .await;
    let client = org.client_with(|config| config.request_timeout = Duration::from_millis(200));
    let error = write(&client).await.unwrap_err();
    assert!(
        matches!(error, Error::Lost { .. }) && error.is_ambiguous(),
        "{error:?}"
    );
    assert_eq!(org.received().await, 1);
}

/// Zeros that are small on the way and large in memory.
fn packed(size: usize) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(&vec![b'0'; size]).unwrap();
    packer.finish().unwrap()
}

#[test_case(raw(200, &"x".repeat(5_000)), 4_096; "a success")]
#[test_case(ResponseTemplate::new(200).set_body_raw(packed(5_000), "application/json").insert_header("Content-Encoding", "gzip"), 4_096; "a packed success")]
#[test_case(raw(503, &"x".repeat(MAX_REFUSAL + 1)), MAX_REFUSAL; "a refusal")]
#[test_case(ResponseTemplate::new(429).set_body_raw(packed(MAX_REFUSAL + 1), "application/json").insert_header("Content-Encoding", "gzip"), MAX_REFUSAL; "a packed refusal")]
#[tokio::test]
async fn a_body_without_end_is_not_held_and_not_asked_for_again(
    answer: ResponseTemplate,
    limit: usize,
) {
    let org = Org::start().await;
    org.answer([answer]).await;
    let client = org.client_with(|config| config.max_response = 4_096);
    let error = read(&client).await.unwrap_err();
    let told = matches!(&error, Error::Unreadable { flaw, .. } if *flaw == Flaw::TooLarge(limit));
    assert!(told && !error.is_transient(true), "{error:?}");
    assert_eq!((org.received().await, error.calls()), (1, 1));
}

#[tokio::test]
async fn a_complete_answer_of_another_shape_is_not_asked_for_again() {
    let org = Org::start().await;
    org.answer([raw(200, r#"{"totalSize":"many"}"#)]).await;
    let error = read(&org.client()).await.unwrap_err();
    assert!(!error.is_transient(true), "{error:?}");
    assert_eq!(org.received().await, 1);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let org = Org::start().await;
    let other = Org::start().await;
    org.answer([ResponseTemplate::new(302).insert_header("Location", other.server.uri())])
        .await;
    let error = read(&org.client()).await.unwrap_err();
    assert_eq!(error.api().map(ApiError::status), Some(302));
    assert_eq!(other.received().await, 0);
}

#[tokio::test]
async fn the_reserve_is_kept_for_others() {
    let org = Org::start().await;
    org.answer([page()]).await;
    let client = org.client_with(|config| config.api_reserve = Some(4_990));
    let _ = read(&client).await.unwrap();
    let error = read(&client).await.unwrap_err();
    assert!(error.is_daily_limit(), "{error}");
    assert_eq!(org.received().await, 1);
}

#[tokio::test]
async fn a_dry_run_reads_and_does_not_write() {
    let org = Org::start().await;
    org.answer([page()]).await;
    let client = org.client_with(|config| config.dry_run = true);
    let _ = read(&client).await.unwrap();
    let error = write(&client).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "dry run: would create User (POST sobjects/User)"
    );
    assert_eq!(org.received().await, 1);
}

#[test_case("//evil.example/services/data/v63.0/query/x"; "other host")]
#[test_case("https://evil.example/services/data/"; "url")]
#[test_case("/services/data/../../secret"; "dots")]
#[test_case("/services/data/v63.0/query?q=SELECT Id FROM Account"; "query")]
#[test_case("SELECT Id FROM Account"; "statement")]
#[tokio::test]
async fn a_locator_is_only_ever_a_path_of_the_org(locator: &str) {
    let org = Org::start().await;
    let locator = serde_json::from_value(json!(locator)).unwrap();
    let error = org.client().query_next("User", &locator).await.unwrap_err();
    assert!(matches!(error, Error::Invalid(_)), "{error:?}");
    assert_eq!(org.received().await, 0);
}

#[tokio::test]
async fn a_deleted_record_and_an_absent_object_are_told_apart() {
    let org = Org::start().await;
    org.answer([
        refusal(404, "ENTITY_IS_DELETED"),
        refusal(400, "INVALID_TYPE"),
    ])
    .await;
    let client = org.client();
    let gone = client
        .delete(&FieldName::from("GroupMember"), user())
        .await
        .unwrap_err();
    assert!(gone.is_not_found() && !gone.is_object_unavailable());
    let absent = read(&client).await.unwrap_err();
    assert!(absent.is_object_unavailable() && absent.code() == Some(&ErrorCode::InvalidType));
}

#[tokio::test]
async fn a_success_without_body_is_a_success() {
    let org = Org::start().await;
    org.answer([ResponseTemplate::new(204)]).await;
    let client = org.client();
    let fields = json!({ "IsActive": false });
    let _ = client
        .update(&FieldName::from("User"), user(), &fields)
        .await
        .unwrap();
    let _ = client
        .delete(&FieldName::from("GroupMember"), user())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_collection_tells_each_result_and_a_short_list_is_ambiguous() {
    let org = Org::start().await;
    let refused = json!({ "success": false, "errors": [
        { "statusCode": "DUPLICATE_VALUE", "message": "x", "fields": [] }] });
    let done = json!({ "id": "005D0000001KyEIIA0", "success": true, "errors": [] });
    let both = ResponseTemplate::new(200).set_body_json(json!([done, refused]));
    org.answer([both.clone(), both]).await;
    let client = org.client();
    let record = || Record::new("GroupMember", json!({ "GroupId": "x" }));
    let results = client
        .create_many(&[record(), record()], false)
        .await
        .unwrap()
        .value;
    let outcome = |result: &SaveResult| {
        result
            .clone()
            .into_result("add")
            .map_err(|error| error.code().cloned())
    };
    let outcomes: Vec<_> = results.iter().map(outcome).collect();
    assert_eq!(
        outcomes,
        [Ok(Some(user())), Err(Some(ErrorCode::DuplicateValue))]
    );
    let error = client.create_many(&[record()], false).await.unwrap_err();
    assert!(error.is_ambiguous());
}

#[tokio::test]
async fn a_composite_of_queries_reads_and_one_with_a_write_does_not() {
    let org = Org::start().await;
    let answer = json!({ "compositeResponse": [
        { "referenceId": "a", "httpStatusCode": 200, "body": { "x": 1 }, "httpHeaders": {} },
        { "referenceId": "b", "httpStatusCode": 400,
          "body": [{ "errorCode": "INVALID_TYPE", "message": "x" }] } ] });
    let answer = ResponseTemplate::new(200).set_body_json(answer);
    org.answer([raw(503, ""), answer, raw(503, "")]).await;
    let client = org.client();
    let query = || Subrequest::select(&users(), "a").unwrap();
    let mut parts = client
        .composite(&[query()], false)
        .await
        .unwrap()
        .value
        .into_iter();
    assert_eq!(
        parts.next().unwrap().decode::<Value>("read").unwrap(),
        json!({ "x": 1 })
    );
    assert!(
        parts
            .next()
            .unwrap()
            .decode::<Value>("read")
            .unwrap_err()
            .is_object_unavailable()
    );
    let delete = Subrequest::new(http::Method::DELETE, "sobjects/GroupMember/x", "b");
    assert!(
        client
            .composite(&[query(), delete], false)
            .await
            .unwrap_err()
            .is_ambiguous()
    );
    assert_eq!(org.received().await, 3);
    let sent = org.server.received_requests().await.unwrap();
    let body: Value = sent.first().unwrap().body_json().unwrap();
    let url = body.pointer("/compositeRequest/0/url").unwrap();
    assert_eq!(url, "/services/data/v63.0/query?q=SELECT+Id+FROM+User");
}

#[tokio::test]
async fn no_secret_and_no_person_is_shown() {
    let org = Org::start().await;
    let words = "jane@acme.example has token-1";
    org.answer([
        worded(400, "MALFORMED_QUERY", words),
        raw(200, &format!("{{\"x\":\"{words}\"}}")),
    ])
    .await;
    let client = org.client();
    let select = users().filter(crate::salesforce::field("Email").eq("jane@acme.example"));
    let mut shown = vec![
        format!("{client:?}"),
        format!("{:?}", SecretString::from("token-1")),
    ];
    for _ in 0..2 {
        let error = client.query::<Value>(&select).await.unwrap_err();
        shown.push(format!("{error:?}"));
        shown.push(format!("{error:#?}"));
        let mut cause: Option<&dyn std::error::Error> = Some(&error);
        while let Some(error) = cause {
            shown.push(error.to_string());
            cause = error.source();
        }
    }
    let shown = shown.join(
        "
",
    );
    assert!(
        !shown.contains("token-1") && !shown.contains("jane"),
        "{shown}"
    );
}
