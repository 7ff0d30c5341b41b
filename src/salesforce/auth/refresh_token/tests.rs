//! When the mark and the next token are on the disk, seen from the org.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Mutex as StdMutex,
};

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use test_case::test_case;
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::path};

use super::*;
use crate::token_store::Entry;

struct Scene {
    server: MockServer,
    directory: TempDir,
}

impl Scene {
    async fn new() -> Self {
        Self {
            server: MockServer::start().await,
            directory: tempfile::tempdir().unwrap(),
        }
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("tokens.json")
    }

    fn login(&self) -> RefreshTokenLogin {
        let grant = RefreshGrant {
            app: App {
                client_id: "app".into(),
                client_secret: Some("hush".into()),
            },
            login: None,
            token: Some("one".into()),
            store: Some(TokenStore::open(&self.file()).unwrap()),
        };
        let instance = Instance::parse(&self.server.uri(), false).unwrap();
        RefreshTokenLogin::new(reqwest::Client::new(), instance, grant)
    }

    /// Answers token requests, after `act` has been called with the form that was sent.
    async fn answer(&self, act: impl Fn(&str) -> ResponseTemplate + Send + Sync + 'static) {
        let respond = move |request: &Request| act(&String::from_utf8_lossy(&request.body));
        Mock::given(path("/services/oauth2/token"))
            .respond_with(respond)
            .mount(&self.server)
            .await;
    }

    async fn introspect(&self, answer: ResponseTemplate) {
        Mock::given(path("/services/oauth2/introspect"))
            .respond_with(answer)
            .mount(&self.server)
            .await;
    }

    fn tokens(&self, refresh_token: &str) -> ResponseTemplate {
        ResponseTemplate::new(200).set_body_json(json!({
            "access_token": "00D!x",
            "refresh_token": refresh_token,
            "instance_url": self.server.uri(),
        }))
    }
}

/// The entry as it is on the disk.
fn on_disk(file: &Path) -> Value {
    let text = fs::read_to_string(file).unwrap();
    let store: Value = serde_json::from_str(&text).unwrap();
    store.pointer("/entries/0").cloned().unwrap_or_default()
}

#[tokio::test]
async fn the_mark_is_on_the_disk_when_the_token_arrives_and_the_next_token_before_the_session() {
    let scene = Scene::new().await;
    let (file, tokens) = (scene.file(), scene.tokens("two"));
    let seen = Arc::new(StdMutex::new(Value::Null));
    let record = Arc::clone(&seen);
    scene
        .answer(move |_| {
            *record.lock().unwrap() = on_disk(&file);
            tokens.clone()
        })
        .await;
    scene.login().fetch().await.unwrap();
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen.get("refresh_token"), Some(&json!("one")));
    assert!(seen.get("in_flight").unwrap().is_string());
    let kept = on_disk(&scene.file());
    assert_eq!(kept.get("refresh_token"), Some(&json!("two")));
    assert!(kept.get("in_flight").unwrap().is_null());
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_keep_the_answer_from_the_disk() {
    let scene = Scene::new().await;
    let (arrived, arrival) = tokio::sync::oneshot::channel();
    let arrived = StdMutex::new(Some(arrived));
    let tokens = scene.tokens("two");
    scene
        .answer(move |_| {
            arrived.lock().unwrap().take().unwrap().send(()).unwrap();
            tokens.clone()
        })
        .await;
    let login = scene.login();
    tokio::select! {
        _ = login.fetch() => {}
        arrived = arrival => arrived.unwrap(),
    }
    // The task goes on, and holds the lock until the answer is stored.
    let store = TokenStore::open(&scene.file()).unwrap();
    let locked = store.lock().await.unwrap();
    let found = locked.find("app", &login.family.place, None);
    let token = found.map(Entry::refresh_token).unwrap();
    assert_eq!(token.expose_secret(), "two");
}

#[tokio::test]
async fn a_token_that_cannot_be_stored_is_used_and_stored_with_the_next() {
    let scene = Scene::new().await;
    let obstacle = scene.directory.path().join("tokens.json.new.tmp");
    let (tokens, next) = (scene.tokens("two"), scene.tokens("three"));
    let in_the_way = obstacle.clone();
    scene
        .answer(move |form| {
            if form.contains("refresh_token=one") {
                fs::create_dir(&in_the_way).unwrap();
                return tokens.clone();
            }
            assert!(form.contains("refresh_token=two"), "{form}");
            next.clone()
        })
        .await;
    let login = scene.login();
    login.fetch().await.unwrap();
    assert_eq!(
        on_disk(&scene.file()).get("refresh_token"),
        Some(&json!("one"))
    );
    fs::remove_dir(obstacle).unwrap();
    login.fetch().await.unwrap();
    let kept = on_disk(&scene.file());
    assert_eq!(kept.get("refresh_token"), Some(&json!("three")));
    assert!(kept.get("in_flight").unwrap().is_null());
}

#[tokio::test]
async fn a_new_token_for_a_foreign_host_is_kept_although_its_session_is_refused() {
    let scene = Scene::new().await;
    let tokens = json!({ "access_token": "00D!x", "refresh_token": "two",
        "instance_url": "https://evil.example" });
    let tokens = ResponseTemplate::new(200).set_body_json(tokens);
    scene.answer(move |_| tokens.clone()).await;
    let error = scene.login().fetch().await.unwrap_err();
    assert_eq!(error.refusal(), Refusal::ForeignHost);
    assert_eq!(
        on_disk(&scene.file()).get("refresh_token"),
        Some(&json!("two"))
    );
}

#[test_case(&ResponseTemplate::new(200).set_body_json(json!({"active": false})) => Refusal::AnswerLost; "it was used")]
#[test_case(&ResponseTemplate::new(200).set_body_json(json!({"active": true})) => Refusal::AnswerPending; "not yet")]
#[test_case(&ResponseTemplate::new(200).set_body_string("<html>") => Refusal::AnswerLost; "a page")]
#[test_case(&ResponseTemplate::new(404) => Refusal::AnswerLost; "no such endpoint")]
#[test_case(&ResponseTemplate::new(401) => Refusal::AnswerLost; "another secret")]
#[test_case(&ResponseTemplate::new(503) => Refusal::Unavailable; "not now")]
#[tokio::test]
async fn after_an_answer_without_tokens_the_org_is_asked_and_the_token_is_not_sent(
    introspection: &ResponseTemplate,
) -> Refusal {
    let scene = Scene::new().await;
    scene.answer(|_| ResponseTemplate::new(502)).await;
    scene.introspect(introspection.clone()).await;
    let login = scene.login();
    let error = login.fetch().await.unwrap_err();
    assert_eq!(error.refusal(), Refusal::Unavailable);
    let error = login.fetch().await.unwrap_err();
    let requests = scene.server.received_requests().await.unwrap();
    let sent = requests
        .iter()
        .filter(|it| it.url.path().ends_with("/token"));
    assert_eq!(sent.count(), 1);
    error.refusal()
}

#[test_case(400, r#"{"error":"invalid_client","error_description":"x"}"# => Refusal::ClientSecret)]
#[test_case(429, "" => Refusal::RateLimited)]
#[tokio::test]
async fn a_refusal_leaves_the_token_for_the_next_try(status: u16, body: &'static str) -> Refusal {
    let scene = Scene::new().await;
    scene
        .answer(move |_| ResponseTemplate::new(status).set_body_string(body))
        .await;
    let error = scene.login().fetch().await.unwrap_err();
    let kept = on_disk(&scene.file());
    assert!(kept.get("in_flight").unwrap().is_null());
    assert_eq!(kept.get("expired"), Some(&json!(false)));
    error.refusal()
}
