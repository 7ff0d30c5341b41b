//! The built binary as the connector process of a host.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use baton_salesforce::pb::c1::connector_wrapper::v1::ServerConfig;
use baton_salesforce::pb::c1::utls::v1::Credential;
use baton_salesforce::pb::connector as pb;
use baton_salesforce::runner::{Executable, Progress, Summary, SyncRequest, run_sync};
use command_fds::{CommandFdExt as _, FdMapping};
use pb::connector_service_client::ConnectorServiceClient;
use pb::resource_types_service_client::ResourceTypesServiceClient;
use prost::Message;
use salesforce_simulator::{Fault, Matcher, Org, Preset, SeedSize, Simulator};
use tempfile::TempDir;
use test_case::test_case;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, ChildStdin};
use tonic::transport::Channel;

use crate::child::{Host, host};
use crate::file;
use crate::harness::{Harness, Setup, everything};
use crate::process::{BINARY, Ended, PATIENCE, command, end, eventually, org, signal, with};

/// A connector process that was started by hand, step by step.
struct Launched {
    process: Child,
    stdin: ChildStdin,
    host: Host,
    port: u16,
    _directory: TempDir,
}

/// Starts the binary with a listener as descriptor 3; nothing is written to its stdin yet.
fn launch(arguments: &[impl AsRef<str>]) -> Launched {
    launch_with(arguments, Some("3"))
}

fn launch_with(arguments: &[impl AsRef<str>], descriptor: Option<&str>) -> Launched {
    let directory = tempfile::tempdir().unwrap();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    let mut command = command(directory.path(), arguments);
    command.arg("_connector-service").stdin(Stdio::piped());
    if let Some(descriptor) = descriptor {
        command.env("BATON_CONNECTOR_SERVICE_LISTENER_FD", descriptor);
    }
    let parent_fd = OwnedFd::from(socket);
    command
        .fd_mappings(vec![FdMapping {
            parent_fd,
            child_fd: 3,
        }])
        .unwrap();
    let mut process = command.spawn().unwrap();
    let stdin = process.stdin.take().unwrap();
    Launched {
        process,
        stdin,
        host: host(),
        port,
        _directory: directory,
    }
}

impl Launched {
    fn config(&self) -> ServerConfig {
        ServerConfig {
            credential: Some(self.host.credential()),
            listen_port: self.port.into(),
            ..ServerConfig::default()
        }
    }

    /// Tells the process what a host tells it, and connects.
    async fn connect(&mut self) -> Channel {
        let line = line(&self.config());
        self.stdin.write_all(line.as_bytes()).await.unwrap();
        self.host.connect(self.port, &self.host).await.unwrap()
    }

    /// Closes stdin and waits for the end.
    async fn end(self) -> Ended {
        drop(self.stdin);
        end(self.process).await
    }
}

fn line(config: &ServerConfig) -> String {
    STANDARD.encode(config.encode_to_vec()) + "\n"
}

async fn validate(channel: &Channel) -> Result<String, tonic::Status> {
    let mut client = ConnectorServiceClient::new(channel.clone());
    let answer = client
        .validate(pb::ConnectorServiceValidateRequest {})
        .await?;
    Ok(answer.into_inner().sdk_version)
}

async fn metadata(channel: &Channel) -> pb::ConnectorMetadata {
    let mut client = ConnectorServiceClient::new(channel.clone());
    let answer = client
        .get_metadata(pb::ConnectorServiceGetMetadataRequest {})
        .await
        .unwrap();
    answer.into_inner().metadata.unwrap()
}

/// A sync by our own host half into `file`.
async fn sync(simulator: &Simulator, file: &Path, workers: i64) -> Summary {
    let flags = [
        "--sync-connected-apps",
        "--sync-chatter-groups",
        "--sync-non-standard-users",
        "--log-level=error",
    ];
    let executable = Executable {
        path: BINARY.into(),
        variables: Vec::new(),
        arguments: with(simulator, &flags)
            .into_iter()
            .map(Into::into)
            .collect(),
    };
    let request = SyncRequest {
        file: Some(file.to_owned()),
        workers,
        strict_invariants: true,
        progress: Progress::Hidden,
        ..SyncRequest::new(executable)
    };
    run_sync(request).await.unwrap()
}

#[test_case(1; "one worker")]
#[test_case(8; "eight workers")]
#[tokio::test]
async fn a_sync_through_a_subprocess_brings_the_rows_of_one_in_this_process(workers: i64) {
    let mut setup = Setup {
        options: everything(),
        ..Setup::default()
    };
    // Otherwise the summary warns that the org lacks them.
    setup.org.settings.territories = true;
    setup.org.settings.agents = true;
    let harness = Harness::with(setup).await;
    let mut wanted = harness.sync().await;
    for resource in wanted.resources.values_mut() {
        // The file leaves out what the released `baton` CLI cannot decode.
        let marks = &mut resource.annotations;
        let unknown = ["NonHumanIdentityTrait", "LicenseProfileTrait", "AgentTrait"];
        marks.retain(|mark| {
            let name = mark.type_url.rsplit('.').next();
            !name.is_some_and(|name| unknown.contains(&name))
        });
    }
    for entitlement in wanted.entitlements.values_mut() {
        for kind in &mut entitlement.grantable_to {
            let marks = &mut kind.annotations;
            marks.retain(|mark| !mark.type_url.ends_with(".TypeScopedGrants"));
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sync.c1z");
    let summary = sync(&harness.simulator, &path, workers).await;
    assert_eq!(summary.warnings, Vec::<String>::new());

    let got = file::read(&path);
    assert_eq!(keys(&got.types), keys(&wanted.types));
    assert!(got.resources == wanted.resources, "resources differ");
    assert_eq!(keys(&got.entitlements), keys(&wanted.entitlements));
    for (id, entitlement) in &got.entitlements {
        assert_eq!(entitlement, &wanted.entitlements[id], "{id}");
    }
    let (direct, derived): (BTreeMap<_, _>, BTreeMap<_, _>) = got
        .grants
        .iter()
        .partition(|(id, _)| wanted.grants.contains_key(*id));
    assert_eq!(keys(&direct).len(), wanted.grants.len());
    for (id, grant) in direct {
        assert_eq!(grant.principal, wanted.grants[id].principal, "{id}");
        assert_eq!(grant.entitlement, wanted.grants[id].entitlement, "{id}");
    }
    for (id, grant) in &derived {
        let own = &grant.entitlement.as_ref().unwrap().id;
        let sources = grant.sources.as_ref().map(|from| &from.sources);
        let inherited = sources.is_some_and(|from| !from.is_empty() && !from.contains_key(own));
        assert!(inherited, "{id} came from nowhere");
    }
    assert_eq!(derived.len() as u64, summary.derived_grants);
    assert!(!derived.is_empty(), "the org has nested groups");
}

/// The org is large enough for a sync to be added to the database of the file.
#[tokio::test]
async fn sync_after_sync_a_file_has_the_rows_of_a_new_one() {
    let simulator = Simulator::start(Org::seed_size(SeedSize::for_users(1000))).await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sync.c1z");
    for round in 0..4 {
        sync(&simulator, &path, 8).await;
        let new = directory.path().join(format!("{round}.c1z"));
        sync(&simulator, &new, 8).await;
        let (got, wanted) = (file::read(&path), file::read(&new));
        assert!(wanted.grants.len() > 10_000);
        assert!(got.resources == wanted.resources, "resources differ");
        assert!(got.entitlements == wanted.entitlements);
        assert!(got.grants == wanted.grants, "grants differ");
        let (database, _directory) = file::open(&path);
        let one =
            |query: &str| -> String { database.query_row(query, [], |row| row.get(0)).unwrap() };
        assert_eq!(one("pragma integrity_check"), "ok");
        let syncs = one("select cast(count(distinct sync_id) as text) from v1_grants");
        assert_eq!(syncs, (round + 1).min(2).to_string());
        let first: i64 = one("select cast(min(id) as text) from v1_grants")
            .parse()
            .unwrap();
        assert_eq!(
            first > 1,
            round > 1,
            "rows that stay have kept their numbers"
        );
        simulator.with(|org| {
            let held = org.rows("PermissionSetAssignment");
            for row in held.iter().skip(round).step_by(7) {
                assert!(org.delete("PermissionSetAssignment", row["Id"].as_str().unwrap()));
            }
        });
    }
}

fn keys<K: ToString, V>(rows: &BTreeMap<K, V>) -> BTreeSet<String> {
    rows.keys().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_connector_process_prints_nothing_on_stdout_and_ends_with_its_stdin() {
    let simulator = Simulator::start(Org::seed(Preset::Tiny)).await;
    let mut child = launch(&with(
        &simulator,
        &["--log-level", "debug", "--log-format=json"],
    ));
    let channel = child.connect().await;
    assert_eq!(validate(&channel).await.unwrap(), "v0.25.0");
    let request = pb::ResourceTypesServiceListResourceTypesRequest::default();
    let mut types = ResourceTypesServiceClient::new(channel);
    assert!(
        !types
            .list_resource_types(request)
            .await
            .unwrap()
            .into_inner()
            .list
            .is_empty()
    );
    let ended = child.end().await;
    ended.assert_success();
    assert_eq!((ended.stdout.as_str(), ended.told()), ("", Vec::new()));
    assert!(
        ended
            .log()
            .iter()
            .any(|line| line["grpc.method"] == "Validate"),
        "{}",
        ended.stderr
    );
    ended.assert_decent();
}

#[tokio::test]
async fn a_connector_process_listens_before_it_talks_to_salesforce() {
    // Connections are made, and nobody ever answers.
    let silence = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("--instance-url=http://{}", silence.local_addr().unwrap());
    let flags = [
        url.as_str(),
        "--auth-method=client-credentials-group",
        "--salesforce-client-id=x",
        "--salesforce-client-secret=y",
    ];
    let mut child = launch(&flags);
    let channel = child.connect().await;
    let waiting = tokio::spawn({
        let channel = channel.clone();
        async move { validate(&channel).await }
    });
    let (_login, _) = tokio::task::spawn_blocking(move || silence.accept())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(metadata(&channel).await.display_name, "Salesforce");
    assert!(!waiting.is_finished());
    waiting.abort();
    drop(channel);
    child.end().await.assert_success();
}

#[tokio::test]
async fn validate_is_answered_soon_after_the_start() {
    let simulator = Simulator::start(Org::seed(Preset::Tiny)).await;
    let arguments = org(&simulator);
    let began = Instant::now();
    let mut child = launch(&arguments);
    let channel = child.connect().await;
    validate(&channel).await.unwrap();
    let took = began.elapsed();
    eprintln!("from spawn to the first answered Validate: {took:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    drop(channel);
    child.end().await.assert_success();
}

#[test_case("stdin"; "when stdin ends")]
#[test_case("TERM"; "when it is terminated")]
#[tokio::test]
async fn a_running_call_is_answered_before_the_process_ends(reason: &str) {
    let simulator = Simulator::start(Org::seed(Preset::Tiny)).await;
    let mut child = launch(&org(&simulator));
    let channel = child.connect().await;
    simulator.faults().next(
        1,
        Matcher::logins(),
        Fault::Latency(Duration::from_millis(500)),
    );
    let call = tokio::spawn(async move { validate(&channel).await });
    let asked = || (simulator.faults().pending() == 0).then_some(());
    eventually("the login is under way", asked).await;
    let ended = if reason == "stdin" {
        child.end().await
    } else {
        signal(child.process.id().unwrap(), reason);
        // The host's end of stdin stays open.
        let stdin = child.stdin;
        let ended = end(child.process).await;
        drop(stdin);
        ended
    };
    ended.assert_success();
    assert_eq!(call.await.unwrap().unwrap(), "v0.25.0");
}

fn without_credential(config: &mut ServerConfig) {
    config.credential = None;
}

fn on_another_port(config: &mut ServerConfig) {
    config.listen_port ^= 1;
}

fn with_swapped_key_halves(config: &mut ServerConfig) {
    change(config, |credential| credential.key.rotate_left(32));
}

fn with_half_a_key(config: &mut ServerConfig) {
    change(config, |credential| credential.key.truncate(32));
}

fn with_the_authoritys_certificate_for_the_key(config: &mut ServerConfig) {
    change(config, |credential| {
        credential.cert = credential.ca_cert.clone();
    });
}

fn change(config: &mut ServerConfig, how: fn(&mut Credential)) {
    how(config.credential.as_mut().unwrap());
}

#[test_case(without_credential, "no credential, which mutual TLS needs"; "no credential")]
#[test_case(on_another_port, "listen port mismatch: "; "another port")]
#[test_case(with_swapped_key_halves, "its public half does not match its seed"; "swapped halves")]
#[test_case(with_half_a_key, "the key on stdin has 32 bytes"; "half a key")]
#[test_case(
    with_the_authoritys_certificate_for_the_key, "the credential on stdin cannot be used";
    "another certificate"
)]
#[tokio::test]
async fn a_line_that_cannot_be_used_is_told_in_one_line(
    spoil: fn(&mut ServerConfig),
    message: &str,
) {
    let mut child = launch(&OFFLINE);
    let mut config = child.config();
    spoil(&mut config);
    // It may have ended already.
    let _ = child.stdin.write_all(line(&config).as_bytes()).await;
    // The host keeps stdin open: the process must end by itself.
    let stdin = child.stdin;
    end(child.process).await.assert_failure(2, message);
    drop(stdin);
}

#[test_case("!!!!\n", "illegal base64 data at input byte 0"; "no base64")]
#[test_case("YWJj\n", "the line on stdin is not a server configuration"; "no configuration")]
#[test_case("\n", "unexpected empty input"; "an empty line")]
#[test_case("", "unexpected empty input"; "the end at once")]
#[tokio::test]
async fn a_line_that_is_none_is_told_in_one_line(text: &str, message: &str) {
    let mut child = launch(&OFFLINE);
    let _ = child.stdin.write_all(text.as_bytes()).await;
    child.end().await.assert_failure(2, message);
}

#[test_case(None, "missing required listener fd"; "none")]
#[test_case(Some("three"), "listener fd \"three\": it is not the number"; "no number")]
#[test_case(Some("2"), "listener fd \"2\": it is not an open listening socket"; "stderr")]
#[test_case(Some("77"), "listener fd \"77\": it is not an open listening socket"; "closed")]
#[tokio::test]
async fn a_descriptor_that_is_none_is_told_in_one_line(descriptor: Option<&str>, message: &str) {
    let mut child = launch_with(&OFFLINE, descriptor);
    let line = line(&child.config());
    let _ = child.stdin.write_all(line.as_bytes()).await;
    child.end().await.assert_failure(2, message);
}

/// A configuration with which nothing is ever sent.
const OFFLINE: [&str; 2] = ["--instance-url=acme.my.salesforce.com", "--oauth2-token=x"];

#[tokio::test]
async fn a_wrong_configuration_is_told_before_stdin_is_read() {
    let child = launch(&[
        "--instance-url=acme.my.salesforce.com",
        "--auth-method=basic",
    ]);
    let stdin = child.stdin;
    let ended = end(child.process).await;
    drop(stdin);
    assert_eq!(ended.code(), 2);
    assert_eq!(ended.told().len(), 2, "{}", ended.stderr);
    assert!(ended.told()[1].starts_with("field auth-method: value must be one of "));
}

#[tokio::test]
async fn a_process_that_is_told_nothing_ends_when_it_is_terminated() {
    let child = launch(&OFFLINE);
    let stdin = child.stdin;
    let process = child.process.id().unwrap();
    let caught = || {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let caught = status
            .lines()
            .find_map(|line| line.strip_prefix("SigCgt:"))
            .unwrap();
        let terminate = 1 << (15 - 1);
        (u64::from_str_radix(caught.trim(), 16).unwrap() & terminate != 0).then_some(())
    };
    eventually("it handles SIGTERM", caught).await;
    signal(process, "TERM");
    let ended = tokio::time::timeout(PATIENCE, end(child.process))
        .await
        .unwrap();
    ended.assert_success();
    drop(stdin);
}
