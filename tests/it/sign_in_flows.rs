//! Signing in with a refresh token and with an assertion, against a strict org. Every client here
//! stands for a process of its own.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use baton_salesforce::salesforce::auth::{
    App, Assertion, AuthError, RefreshGrant, Refusal, SigningKey, place,
};
use baton_salesforce::salesforce::{Auth, Client, ClientConfig, Error, Instance};
use baton_salesforce::token_store::{Place, SignIn, TokenStore};
use jiff::SignedDuration;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};
use salesforce_simulator::{FIRST_REFRESH_TOKEN, Fault, Matcher, Org, Preset, Simulator};
use tempfile::TempDir;
use test_case::test_case;
use tokio::task::JoinSet;

const ADMIN: &str = "admin@simulated.example";

struct Scene {
    simulator: Simulator,
    directory: TempDir,
}

impl Scene {
    async fn new(change: impl FnOnce(&mut Org)) -> Self {
        let mut org = Org::seed(Preset::Tiny);
        change(&mut org);
        Self {
            simulator: Simulator::start(org).await,
            directory: tempfile::tempdir().unwrap(),
        }
    }

    async fn rotating() -> Self {
        Self::new(|org| org.settings.client.rotate_refresh_tokens = true).await
    }

    fn instance(&self) -> Instance {
        Instance::parse(&self.simulator.url(), false).unwrap()
    }

    fn place(&self) -> Place {
        place(&self.instance())
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("state/tokens.json")
    }

    fn store(&self) -> TokenStore {
        TokenStore::open(&self.path()).unwrap()
    }

    fn grant(&self) -> RefreshGrant {
        RefreshGrant {
            app: App {
                client_id: "simulated-client-id".into(),
                client_secret: Some("simulated-client-secret".into()),
            },
            login: None,
            token: Some(FIRST_REFRESH_TOKEN.into()),
            store: Some(self.store()),
        }
    }

    fn client(&self, auth: Auth) -> Client {
        Client::new(ClientConfig::new(self.instance(), auth)).unwrap()
    }

    /// A new process with the first token in its configuration.
    fn process(&self) -> Client {
        self.client(Auth::RefreshToken(self.grant()))
    }

    /// Lets the sign-in of a process end without an answer.
    async fn lose(&self, fault: Fault, process: Client) {
        let token = Matcher::logins().path("oauth2/token");
        self.simulator.faults().next(1, token, fault);
        assert_eq!(refusal(&process).await, Refusal::Unreachable);
    }

    /// Makes the mark of a lost answer an hour old.
    fn let_time_pass(&self) {
        let text = std::fs::read_to_string(self.path()).unwrap();
        let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mark = &mut json["entries"][0]["in_flight"];
        let since: jiff::Timestamp = mark.as_str().unwrap().parse().unwrap();
        *mark = (since - SignedDuration::from_hours(1)).to_string().into();
        std::fs::write(self.path(), json.to_string()).unwrap();
    }

    fn assert_no_replay(&self) {
        assert_eq!(self.simulator.replayed_refresh_tokens(), 0);
        assert_eq!(self.simulator.lost_token_families(), 0);
    }

    /// Token requests that have arrived.
    fn token_requests(&self) -> usize {
        let requests = self.simulator.requests();
        let token = requests
            .iter()
            .filter(|it| it.path.contains("oauth2/token"));
        token.count()
    }
}

fn refused(error: Error) -> AuthError {
    match error {
        Error::Auth(error) => error,
        other => panic!("{other:?}"),
    }
}

async fn refusal(client: &Client) -> Refusal {
    refused(client.login().await.unwrap_err()).refusal()
}

#[tokio::test]
async fn a_refresh_token_opens_a_session() {
    let scene = Scene::new(|_| ()).await;
    let _ = scene.process().organization().await.unwrap();
    let entry = scene
        .store()
        .peek("simulated-client-id", &scene.place(), None);
    assert_eq!(entry.unwrap().rotates, Some(false));
}

#[tokio::test]
async fn a_public_client_needs_no_secret() {
    let scene = Scene::new(|org| org.settings.client.secret_required = false).await;
    let mut grant = scene.grant();
    grant.app.client_secret = None;
    scene
        .client(Auth::RefreshToken(grant))
        .login()
        .await
        .unwrap();
}

#[tokio::test]
async fn every_process_goes_on_from_the_token_that_the_last_one_stored() {
    let scene = Scene::rotating().await;
    for _ in 0..5 {
        scene.process().login().await.unwrap();
    }
    // Once it is stored, the app and the host are enough.
    let mut grant = scene.grant();
    grant.token = None;
    scene
        .client(Auth::RefreshToken(grant))
        .login()
        .await
        .unwrap();
    scene.assert_no_replay();
}

#[tokio::test]
async fn processes_at_the_same_time_use_no_token_twice() {
    let scene = Scene::rotating().await;
    let mut processes = JoinSet::new();
    for _ in 0..8 {
        let process = scene.process();
        processes.spawn(async move { process.login().await });
    }
    let logins = processes.join_all().await;
    assert!(logins.iter().all(Result::is_ok), "{logins:?}");
    assert_eq!(scene.token_requests(), 8);
    scene.assert_no_replay();
}

#[tokio::test]
async fn without_a_store_the_new_token_works_until_the_process_ends() {
    let scene = Scene::rotating().await;
    let mut grant = scene.grant();
    grant.store = None;
    let client = scene.client(Auth::RefreshToken(grant));
    for _ in 0..3 {
        let _ = client.organization().await.unwrap();
        scene.simulator.expire_sessions();
    }
    scene.assert_no_replay();
}

#[tokio::test]
async fn an_access_token_comes_first_and_is_renewed_after_it_has_ended() {
    let scene = Scene::rotating().await;
    let auth = Auth::Handover("00D000000000001!ended".into(), scene.grant());
    let _ = scene.client(auth).organization().await.unwrap();
    assert_eq!(scene.token_requests(), 1);
}

#[tokio::test]
async fn a_store_that_fails_keeps_the_token_here() {
    let scene = Scene::rotating().await;
    let client = scene.process();
    // Neither root nor anybody else replaces a directory with a file.
    let obstacle = scene.path().with_file_name("tokens.json.new.tmp");
    std::fs::create_dir(&obstacle).unwrap();
    let error = refused(client.login().await.unwrap_err());
    assert_eq!(error.refusal(), Refusal::TokenStore);
    assert_eq!(scene.simulator.logins(), 0);
    std::fs::remove_dir(obstacle).unwrap();
    client.login().await.unwrap();
    scene.assert_no_replay();
}

#[tokio::test]
async fn an_answer_that_is_lost_costs_the_sign_in_and_nothing_else() {
    let scene = Scene::rotating().await;
    scene.lose(Fault::DropAfter, scene.process()).await;
    assert_eq!(refusal(&scene.process()).await, Refusal::AnswerLost);
    assert_eq!(refusal(&scene.process()).await, Refusal::AnswerLost);
    assert!(
        Refusal::AnswerLost
            .text()
            .contains("baton-salesforce login")
    );
    assert_eq!(scene.token_requests(), 1);
    scene.assert_no_replay();
}

#[tokio::test]
async fn a_request_that_was_lost_is_repeated_when_it_cannot_arrive_any_more() {
    let scene = Scene::rotating().await;
    scene.lose(Fault::DropBefore, scene.process()).await;
    let error = refused(scene.process().login().await.unwrap_err());
    assert_eq!(error.refusal(), Refusal::AnswerPending);
    assert!(error.retry_after() <= Some(Duration::from_secs(30)));
    scene.let_time_pass();
    scene.process().login().await.unwrap();
    scene.assert_no_replay();
}

#[tokio::test]
async fn a_token_whose_fate_nobody_tells_is_not_sent_again() {
    let scene = Scene::new(|org| {
        org.settings.client.rotate_refresh_tokens = true;
        org.settings.client.secret_required = false;
    })
    .await;
    // The org tells only an app with a secret whether a token is active.
    let public = || {
        let mut grant = scene.grant();
        grant.app.client_secret = None;
        scene.client(Auth::RefreshToken(grant))
    };
    scene.lose(Fault::DropBefore, public()).await;
    assert_eq!(refusal(&public()).await, Refusal::AnswerLost);
    scene.let_time_pass();
    assert_eq!(refusal(&public()).await, Refusal::AnswerLost);
    assert_eq!(scene.token_requests(), 1);
    scene.assert_no_replay();
}

#[tokio::test]
async fn an_org_that_keeps_its_tokens_forgives_a_lost_answer() {
    let scene = Scene::new(|_| ()).await;
    scene.process().login().await.unwrap();
    scene.lose(Fault::DropAfter, scene.process()).await;
    scene.process().login().await.unwrap();
}

#[tokio::test]
async fn a_token_that_was_refused_is_not_sent_again_by_any_process() {
    let scene = Scene::new(|_| ()).await;
    let process = || {
        let mut grant = scene.grant();
        grant.token = Some("revoked".into());
        scene.client(Auth::RefreshToken(grant))
    };
    assert_eq!(refusal(&process()).await, Refusal::TokenExpired);
    assert_eq!(refusal(&process()).await, Refusal::TokenExpired);
    assert_eq!(scene.token_requests(), 1);
}

#[tokio::test]
async fn a_running_process_goes_on_after_somebody_has_signed_in_again() {
    let scene = Scene::rotating().await;
    let mut grant = scene.grant();
    grant.token = Some("revoked".into());
    let daemon = scene.client(Auth::RefreshToken(grant));
    assert_eq!(refusal(&daemon).await, Refusal::TokenExpired);
    assert_eq!(refusal(&daemon).await, Refusal::TokenExpired);
    assert_eq!(scene.token_requests(), 1);

    let store = scene.store();
    let mut locked = store.lock().await.unwrap();
    locked.sign_in(SignIn {
        client_id: "simulated-client-id".into(),
        place: scene.place(),
        instance: None,
        org_id: None,
        user_id: None,
        scope: None,
        refresh_token: FIRST_REFRESH_TOKEN.into(),
    });
    locked.save().await.unwrap();
    drop(locked);
    daemon.login().await.unwrap();
}

#[tokio::test]
async fn without_any_token_the_error_names_login() {
    let scene = Scene::new(|_| ()).await;
    let mut grant = scene.grant();
    grant.token = None;
    let client = scene.client(Auth::RefreshToken(grant));
    assert_eq!(refusal(&client).await, Refusal::NoStoredToken);
    assert_eq!(scene.simulator.requests().len(), 0);
}

/// A key and its certificate. Keys of RSA take long to make, so the tests share one.
struct Key {
    pem: String,
    certificate: String,
}

static KEY: LazyLock<Key> = LazyLock::new(|| {
    let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let parameters = CertificateParams::new(vec!["connector".into()]).unwrap();
    Key {
        pem: pair.serialize_pem(),
        certificate: parameters.self_signed(&pair).unwrap().pem(),
    }
});

impl Scene {
    async fn with_certificate() -> Self {
        let certificate = KEY.certificate.clone();
        Self::new(|org| org.settings.client.certificate = Some(certificate)).await
    }

    fn assertion(&self, login: &str) -> Client {
        self.client(Auth::JwtBearer(Assertion {
            client_id: "simulated-client-id".into(),
            subject: ADMIN.into(),
            key: SigningKey::parse(&KEY.pem.as_str().into()).unwrap(),
            login: Some(Instance::parse(login, false).unwrap()),
        }))
    }
}

#[test_case("https://login.salesforce.com/")]
#[test_case("acme.my.salesforce.com")]
#[tokio::test]
async fn an_assertion_opens_a_session(login: &str) {
    let scene = Scene::with_certificate().await;
    let _ = scene.assertion(login).organization().await.unwrap();
}

#[tokio::test]
async fn an_assertion_for_this_computer_names_its_address() {
    let scene = Scene::with_certificate().await;
    let url = scene.simulator.url();
    scene.assertion(&url).login().await.unwrap();
}

#[tokio::test]
async fn an_assertion_for_a_sandbox_is_not_for_production() {
    let scene = Scene::with_certificate().await;
    let sandbox = scene.assertion("test.salesforce.com");
    assert_eq!(refusal(&sandbox).await, Refusal::Audience);
}

#[test_case(600, "behind"; "the server is ahead")]
#[test_case(-600, "ahead of"; "the server is behind")]
#[tokio::test]
async fn a_clock_that_is_off_is_told_with_its_seconds(offset: i64, side: &str) {
    let scene = Scene::with_certificate().await;
    scene.simulator.org().settings.clock_offset = SignedDuration::from_secs(offset);
    let error = refused(
        scene
            .assertion("login.salesforce.com")
            .login()
            .await
            .unwrap_err(),
    );
    assert_eq!(error.refusal(), Refusal::Clock);
    let cause = std::error::Error::source(&error).unwrap().to_string();
    let about = |seconds: i64| cause == format!("it is {seconds} seconds {side} the org's");
    assert!((598..=602).any(about), "{cause}");
}

#[tokio::test]
async fn a_signature_by_another_key_is_refused_once() {
    let scene = Scene::new(|_| ()).await;
    let client = scene.assertion("login.salesforce.com");
    assert_eq!(refusal(&client).await, Refusal::Assertion);
    assert_eq!(refusal(&client).await, Refusal::Assertion);
    assert_eq!(scene.token_requests(), 1);
}
