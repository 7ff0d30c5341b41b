use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Mutex;

use async_trait::async_trait;
use test_case::test_case;

use super::*;
use crate::baton;
use crate::config::{Config, HostOptions, LoginOptions, Problems, ServeOptions, Sources};
use crate::doctor::Report;
use crate::pb::connector::ConnectorCapabilities;

/// Notes what it is called for.
#[derive(Default)]
struct Recorder {
    calls: Mutex<Vec<String>>,
    failure: Option<Failure>,
}

impl Recorder {
    fn note(&self, call: String) -> Result<(), Failure> {
        self.calls.lock().unwrap().push(call);
        self.failure.clone().map_or(Ok(()), Err)
    }
}

#[async_trait]
impl Program for Recorder {
    async fn connector_service(&self, config: Config) -> Result<(), Failure> {
        self.note(format!("child of {}", config.instance_url))
    }

    async fn serve(&self, _: Config, options: ServeOptions) -> Result<(), Failure> {
        self.note(format!("serve on {}", options.listen))
    }

    async fn host(&self, _: Config, options: HostOptions, job: Job) -> Result<(), Failure> {
        self.note(format!(
            "{job:?} with {} arguments",
            options.arguments.flags.len() + options.arguments.variables.len()
        ))
    }

    async fn doctor(&self, config: Config) -> Report {
        let noted = self.note(format!("doctor of {}", config.instance_url));
        noted.map_or_else(|failure| failure.report(), |()| Report::default())
    }

    async fn login(&self, config: Config, options: LoginOptions) -> Result<String, Failure> {
        let scopes = options.scopes.join("+");
        self.note(format!("login to {} with {scopes}", config.instance_url))
            .map(|()| String::new())
    }

    async fn logout(&self, config: Config) -> Result<(), Failure> {
        self.note(format!("logout from {}", config.instance_url))
    }

    async fn capabilities(&self) -> Result<ConnectorCapabilities, Failure> {
        self.note("capabilities".to_owned())
            .map(|()| ConnectorCapabilities::default())
    }
}

const CONFIG: &[&str] = &[
    "--instance-url=acme.my.salesforce.com",
    "--oauth2-token=S3CRET",
];

fn world(arguments: &[&str]) -> World {
    World {
        sources: Sources {
            arguments: arguments.iter().map(OsString::from).collect(),
            variables: Vec::new(),
            directory: PathBuf::from("/nowhere"),
            state_directory: None,
        },
        now: "2026-11-22T20:00:00Z".parse().unwrap(),
        terminal: false,
    }
}

/// The job that the flags ask for, and the problems.
fn job(arguments: &[&str]) -> (Job, Vec<String>) {
    let world = world(arguments);
    let written = world.sources.read().unwrap();
    let mut problems = Problems::default();
    let job = Job::resolve(&written.values, world.now, &mut problems);
    (job, problems.lines().to_vec())
}

#[test_case(&["_connector-service"], "child of acme.my.salesforce.com"; "the child")]
#[test_case(&["serve", "--listen", "127.0.0.1:0"], "serve on 127.0.0.1:0"; "the server")]
#[test_case(&["login", "--salesforce-client-id=c", "--scopes=full"], "login to acme.my.salesforce.com with full+refresh_token"; "the sign-in")]
#[test_case(&["logout", "--salesforce-client-id=c", "--auth-method=jwt-bearer-group"], "logout from acme.my.salesforce.com"; "its end, whatever the method")]
#[test_case(&[], "Sync with 2 arguments"; "the host")]
#[tokio::test]
async fn a_command_reaches_its_part(arguments: &[&str], expected: &str) {
    let program = Recorder::default();
    assert_eq!(
        run(&program, &world(&[CONFIG, arguments].concat())).await,
        0
    );
    assert_eq!(*program.calls.lock().unwrap(), [expected]);
}

#[test_case(&[]; "host")]
#[test_case(&["_connector-service"]; "child")]
#[test_case(&["serve"]; "server")]
#[test_case(&["--unknown"]; "unknown flag")]
#[test_case(&["unknown"]; "unknown command")]
#[tokio::test]
async fn nothing_is_started_with_a_wrong_config(arguments: &[&str]) {
    let program = Recorder::default();
    assert_eq!(run(&program, &world(arguments)).await, 2);
    assert!(program.calls.lock().unwrap().is_empty());
}

#[tokio::test]
async fn commands_that_describe_need_no_config() {
    let commands = [
        (["config"].as_slice(), "{\n  \"fields"),
        (&["capabilities"], "{\n  \"@type"),
        (&["completion", "zsh"], "#compdef"),
        (&["man"], ".ie"),
    ];
    for (arguments, expected) in commands {
        let world = world(arguments);
        let written = world.sources.read().unwrap();
        let text = execute(&Recorder::default(), &world, &written)
            .await
            .unwrap();
        let text = text.text;
        assert!(text.starts_with(expected), "{text}");
        assert!(
            matches!(arguments[0], "completion" | "man") || text.ends_with('}'),
            "{text}"
        );
    }
}

#[test_case(&["--version"], "baton-salesforce version 0.1.0 (commit "; "version")]
#[test_case(&["-v"], "baton-salesforce version 0.1.0 (commit "; "v")]
#[test_case(&["help"], "Syncs users"; "help command")]
#[test_case(&["config", "-h"], "Print the schema"; "help of a command")]
fn help_and_version_are_results(arguments: &[&str], expected: &str) {
    let asked = world(arguments).sources.read().err().unwrap();
    let text = print::usage(&asked).unwrap();
    assert!(text.starts_with(expected), "{text}");
}

#[tokio::test]
async fn the_exit_code_is_the_code_of_the_status() {
    let failure = Some(Failure::status(tonic::Code::Unauthenticated, "no"));
    let program = Recorder {
        failure,
        ..Recorder::default()
    };
    assert_eq!(run(&program, &world(CONFIG)).await, 16);
}

#[test]
fn a_failure_has_the_first_code_and_all_texts_of_its_chain() {
    let status = tonic::Status::unavailable("no route");
    let error = anyhow::Error::from(status)
        .context("calling Validate")
        .context("syncing");
    let failure = Failure::from(error);
    assert_eq!(
        (failure.code(), failure.to_string().as_str()),
        (14, "syncing: calling Validate: no route")
    );

    let error =
        baton::Error::new(baton::Kind::PermissionDenied, "reading users").because("API off");
    let failure = Failure::from(error);
    assert_eq!(
        (failure.code(), failure.to_string().as_str()),
        (7, "reading users: API off")
    );

    let failure = Failure::from(anyhow::anyhow!("disk full").context("writing sync.c1z"));
    assert_eq!(
        (failure.code(), failure.to_string().as_str()),
        (2, "writing sync.c1z: disk full")
    );

    let inner = Failure::status(tonic::Code::Cancelled, "stopped");
    assert_eq!(
        Failure::from(anyhow::Error::from(inner).context("syncing")).code(),
        1
    );
}

#[test_case(&["--grant-entitlement=e", "--grant-principal=p", "--grant-principal-type=user"], r#"Grant { entitlement: "e", principal: "p", principal_type: Some("user") }"#; "grant")]
#[test_case(&["--revoke-grant=g"], r#"Revoke { grant: "g" }"#; "revoke")]
#[test_case(&["--event-feed", "true"], "EventFeed { feed: None, start_at: 2026-11-21T20:00:00Z, cursor: None, follow: false }"; "event feed")]
#[test_case(&["--event-feed", "--follow", "--event-feed-id=logins", "--event-feed-cursor=c"], r#"EventFeed { feed: Some("logins"), start_at: 2026-11-21T20:00:00Z, cursor: Some("c"), follow: true }"#; "a feed that is followed")]
#[test_case(&["--event-feed=false"], "Sync"; "no event feed")]
#[test_case(&["--create-account-email=a@b.c"], "Sync"; "an email alone")]
#[test_case(&["--create-account-login=l"], r#"CreateAccount(NewAccount { login: Some("l"), email: None, profile: {}, resource_type: None })"#; "account by login")]
#[test_case(&["--create-account-profile={\"login\":\"l\",\"alias\":\"x\"}", "--create-account-email=e@f"], r#"CreateAccount(NewAccount { login: Some("l"), email: Some("e@f"), profile: {"alias": String("x"), "login": String("l")}, resource_type: None })"#; "account by profile")]
#[test_case(&["--invoke-action=a", "--invoke-action-args={\"x\":1}"], r#"InvokeAction { name: "a", arguments: {"x": Number(1)}, resource_type: None }"#; "action")]
#[test_case(&["--invoke-action=a", "--revoke-grant=g"], r#"Revoke { grant: "g" }"#; "in the order of the protocol")]
#[test_case(&["--list-action-schemas"], "ListActionSchemas { resource_type: None }"; "action schemas")]
#[test_case(&["--delete-resource=1", "--delete-resource-type=user"], r#"DeleteResource { id: "1", resource_type: "user" }"#; "delete")]
#[test_case(&["--rotate-credentials=1", "--rotate-credentials-type=user"], r#"RotateCredentials { id: "1", resource_type: "user" }"#; "rotate")]
#[test_case(&["--get-ticket", "--ticket-id=7"], r#"Unsupported("tickets")"#; "ticket")]
#[test_case(&["--create-ticket", "--ticket-template-path=t.json"], r#"Unsupported("tickets")"#; "new ticket")]
#[test_case(&["--diff-syncs", "--base-sync-id=a", "--applied-sync-id=b"], r#"Unsupported("comparing and compacting files; use the baton CLI")"#; "diff")]
#[test_case(&["--client-id=c", "--client-secret=S3CRET", "--revoke-grant=g"], "Daemon"; "daemon before all")]
fn flags_ask_for_a_job(arguments: &[&str], expected: &str) {
    let (job, problems) = job(arguments);
    assert_eq!(format!("{job:?}"), expected);
    assert_eq!(problems, [""; 0]);
}

#[test_case(&["--create-account-profile={}"], "unknown provisioning action: field create-account-profile needs a login or an email"; "account without a name")]
#[test_case(&["--create-account-profile={\"email\":\"bad\"}"], "field create-account-profile: email is not an email address"; "email")]
#[test_case(&["--create-account-login=l", "--create-account-email=a@b@c"], "field create-account-email: is not an email address"; "email in a flag")]
#[test_case(&["--create-account-profile=S3CRET"], "field create-account-profile: expected a JSON object, wrong at column 1"; "profile")]
#[test_case(&["--invoke-action=a", "--invoke-action-args=[1]"], "field invoke-action-args: expected a JSON object, wrong at column 0"; "arguments")]
#[test_case(&["--event-feed", "--event-feed-start-at=soon"], "field event-feed-start-at: expected a time such as 2026-11-22T20:00:00Z but got 'soon'"; "start")]
fn a_wrong_job_is_told(arguments: &[&str], expected: &str) {
    assert_eq!(job(arguments).1, [expected]);
}

#[tokio::test]
async fn a_missing_endpoint_is_unhealthy_with_the_code_of_unavailable() {
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    drop(listener);
    let world = world(&["health-check", "--health-check-port", &port]);
    let written = world.sources.read().unwrap();
    let failure = health_check::run(&written).await.unwrap_err();
    assert_eq!(failure.code(), 14);
    let expected = format!("health check failed: http://127.0.0.1:{port}/health: ");
    assert!(failure.to_string().starts_with(&expected), "{failure}");
    assert_eq!(failure.to_string().matches(": ").count(), 2, "{failure}");
}

#[tokio::test]
async fn a_health_endpoint_is_asked_over_http() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let down = || Box::pin(async { Err("no session".to_owned()) }) as _;
    let server = tokio::spawn(crate::telemetry::health::serve(
        listener,
        std::sync::Arc::new(down),
        std::sync::Arc::new(|| Box::pin(std::future::ready(String::new()))),
    ));
    let ask = async |endpoint| {
        let arguments = [
            "health-check",
            "--endpoint",
            endpoint,
            "--health-check-port",
            port.as_str(),
        ];
        health_check::run(&world(&arguments).sources.read().unwrap()).await
    };
    assert_eq!(
        ask("live").await,
        Ok(format!("http://127.0.0.1:{port}/live answered 200 OK\n"))
    );
    let failure = ask("health").await.unwrap_err();
    assert_eq!(failure.code(), 2);
    assert!(
        failure.to_string().ends_with("503 Service Unavailable"),
        "{failure}"
    );
    let failure = ask("heath").await.unwrap_err();
    assert!(
        failure
            .to_string()
            .contains("must be one of health, ready, live"),
        "{failure}"
    );
    server.abort();
}
