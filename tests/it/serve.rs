//! `serve`: the same services for developers, on TCP, with TLS, on a Unix socket.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use baton_salesforce::pb::connector as pb;
use baton_salesforce::service::Services;
use pb::connector_service_client::ConnectorServiceClient;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use salesforce_simulator::{FIRST_REFRESH_TOKEN, Org, Preset, Simulator};
use tempfile::TempDir;
use test_case::test_case;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio_stream::StreamExt as _;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::process::{BINARY, Ended, PATIENCE, command, free_port, of, run, signal, with};

/// A configuration with which nothing is ever sent.
const OFFLINE: [&str; 3] = [
    "--instance-url=acme.my.salesforce.com",
    "--oauth2-token=x",
    "serve",
];

/// A server that listens.
pub(crate) struct Served {
    process: Child,
    /// What it says of its address.
    pub(crate) address: String,
}

fn arguments<'a>(own: &[&'a str]) -> Vec<&'a str> {
    [&OFFLINE[..], own].concat()
}

/// Starts a server and waits until it says where it listens.
pub(crate) async fn serve(directory: &Path, own: &[&str]) -> Served {
    serve_with(directory, &arguments(own)).await
}

pub(crate) async fn serve_with(directory: &Path, arguments: &[impl AsRef<str>]) -> Served {
    listening(command(directory, arguments)).await
}

/// Starts a process and waits until it says where it listens.
async fn listening(mut command: Command) -> Served {
    let mut process = command.spawn().unwrap();
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
    let listening = async {
        let mut seen = String::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            seen.push_str(&line);
            let Ok(line) = serde_json::from_str::<serde_json::Value>(&line) else {
                continue;
            };
            if line["msg"] == "serving gRPC" {
                return line["address"].as_str().unwrap().to_owned();
            }
        }
        panic!("it ended: {seen}")
    };
    let address = tokio::time::timeout(PATIENCE, listening).await.unwrap();
    // A closed pipe would end a process that writes to it.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    Served { process, address }
}

impl Served {
    /// Ends it as a service manager does.
    pub(crate) async fn stop(mut self) {
        signal(self.process.id().unwrap(), "TERM");
        let mut stdout = String::new();
        let mut out = self.process.stdout.take().unwrap();
        out.read_to_string(&mut stdout).await.unwrap();
        let status = tokio::time::timeout(PATIENCE, self.process.wait())
            .await
            .unwrap()
            .unwrap();
        assert_eq!((status.code(), stdout.as_str()), (Some(0), ""));
    }
}

async fn metadata(channel: Channel) -> Result<String, tonic::Status> {
    let mut client = ConnectorServiceClient::new(channel);
    let answer = client
        .get_metadata(pb::ConnectorServiceGetMetadataRequest {})
        .await?;
    Ok(answer.into_inner().metadata.unwrap().display_name)
}

pub(crate) async fn dial(url: String) -> Channel {
    Endpoint::from_shared(url).unwrap().connect().await.unwrap()
}

async fn reflect(channel: &Channel, question: MessageRequest) -> MessageResponse {
    let request = ServerReflectionRequest {
        message_request: Some(question),
        ..ServerReflectionRequest::default()
    };
    let mut client = ServerReflectionClient::new(channel.clone());
    let mut answers = client
        .server_reflection_info(tokio_stream::once(request))
        .await
        .unwrap()
        .into_inner();
    answers
        .next()
        .await
        .unwrap()
        .unwrap()
        .message_response
        .unwrap()
}

#[tokio::test]
async fn reflection_lists_every_service_and_describes_it() {
    let directory = tempfile::tempdir().unwrap();
    let served = serve(directory.path(), &["--listen", "127.0.0.1:0"]).await;
    let channel = dial(format!("http://{}", served.address)).await;
    let answer = reflect(&channel, MessageRequest::ListServices(String::new())).await;
    let MessageResponse::ListServicesResponse(list) = answer else {
        panic!("{answer:?}")
    };
    let listed: BTreeSet<String> = list.service.into_iter().map(|found| found.name).collect();
    for service in Services::names() {
        assert!(listed.contains(service), "{service} is not in {listed:?}");
        let question = MessageRequest::FileContainingSymbol(service.to_owned());
        let answer = reflect(&channel, question).await;
        let MessageResponse::FileDescriptorResponse(_) = answer else {
            panic!("{answer:?}")
        };
    }
    assert!(listed.contains("grpc.health.v1.Health"));
    assert_eq!(metadata(channel).await.unwrap(), "Salesforce");
    served.stop().await;
}

#[tokio::test]
async fn health_says_that_every_service_is_served() {
    let directory = tempfile::tempdir().unwrap();
    let served = serve(directory.path(), &["--listen=localhost:0"]).await;
    let mut client = HealthClient::new(dial(format!("http://{}", served.address)).await);
    for service in Services::names().into_iter().chain([""]) {
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        let answer = client.check(request).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{service}");
    }
    let request = HealthCheckRequest {
        service: "no.such.Service".to_owned(),
    };
    assert_eq!(
        client.check(request).await.unwrap_err().code(),
        tonic::Code::NotFound
    );
    served.stop().await;
}

async fn refused(own: &[&str]) -> Ended {
    let directory = tempfile::tempdir().unwrap();
    run(directory.path(), &arguments(own)).await
}

#[test_case(
    &["--listen=0.0.0.0:0"], "refusing to serve on 0.0.0.0 in plain text"; "everywhere in plain text"
)]
#[test_case(&["--listen=10.1.2.3:50051"], "give --tls-cert and --tls-key"; "a network in plain text")]
#[test_case(&["--listen=nowhere"], "nowhere is not an address to listen on"; "no address")]
#[test_case(&["--listen=unix:/proc/none/socket"], "/proc/none/socket"; "a directory that is not there")]
#[tokio::test]
async fn an_address_that_cannot_be_served_is_told(own: &[&str], message: &str) {
    refused(own).await.assert_failure(2, message);
}

#[tokio::test]
async fn a_port_that_is_taken_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = format!("--listen={}", taken.local_addr().unwrap());
    refused(&[&listen])
        .await
        .assert_failure(2, "Address already in use");
}

/// An authority and a certificate of either side, in PEM files.
struct Certificates {
    directory: TempDir,
}

fn key() -> KeyPair {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap()
}

impl Certificates {
    fn make() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let authority_key = key();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&authority_key).unwrap();
        let issuer = Issuer::new(params, authority_key);
        let write = |name: &str, text: String| {
            std::fs::write(directory.path().join(name), text).unwrap();
        };
        write("ca.pem", authority.pem());
        for name in ["server", "client"] {
            let key = key();
            let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
            write(
                &format!("{name}.pem"),
                params.signed_by(&key, &issuer).unwrap().pem(),
            );
            write(&format!("{name}.key"), key.serialize_pem());
        }
        Self { directory }
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.directory.path().join(name)).unwrap()
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A client that trusts the authority.
    fn client(&self) -> ClientTlsConfig {
        ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(self.read("ca.pem")))
            .domain_name("127.0.0.1")
    }

    fn identity(&self) -> Identity {
        Identity::from_pem(self.read("client.pem"), self.read("client.key"))
    }

    /// Asks for the metadata over TLS.
    async fn ask(&self, address: &str, tls: ClientTlsConfig) -> Result<String, String> {
        let port = address.rsplit_once(':').unwrap().1;
        let endpoint = Endpoint::from_shared(format!("https://127.0.0.1:{port}")).unwrap();
        let endpoint = endpoint
            .tls_config(tls)
            .unwrap()
            .timeout(Duration::from_secs(20));
        let channel = endpoint
            .connect()
            .await
            .map_err(|error| error.to_string())?;
        metadata(channel).await.map_err(|error| error.to_string())
    }
}

const TLS: [&str; 2] = ["--tls-cert=server.pem", "--tls-key=server.key"];

#[tokio::test]
async fn other_addresses_are_served_with_tls() {
    let certificates = Certificates::make();
    let served = serve(
        certificates.path(),
        &[&TLS[..], &["--listen=0.0.0.0:0"]].concat(),
    )
    .await;
    let named = certificates
        .ask(&served.address, certificates.client())
        .await;
    assert_eq!(named.as_deref(), Ok("Salesforce"));
    let stranger = Certificates::make();
    assert!(
        certificates
            .ask(&served.address, stranger.client())
            .await
            .is_err()
    );
    served.stop().await;
}

#[tokio::test]
async fn with_a_client_authority_only_its_clients_are_served() {
    let certificates = Certificates::make();
    let own = [
        &TLS[..],
        &["--tls-client-ca=ca.pem", "--listen=127.0.0.1:0"],
    ]
    .concat();
    let served = serve(certificates.path(), &own).await;
    let known = certificates.client().identity(certificates.identity());
    let named = certificates.ask(&served.address, known).await;
    assert_eq!(named.as_deref(), Ok("Salesforce"));
    assert!(
        certificates
            .ask(&served.address, certificates.client())
            .await
            .is_err()
    );
    let stranger = certificates
        .client()
        .identity(Certificates::make().identity());
    assert!(certificates.ask(&served.address, stranger).await.is_err());
    served.stop().await;
}

#[test_case(&["--tls-cert=server.pem"], "tls-key"; "no key")]
#[test_case(
    &["--tls-cert=server.pem", "--tls-key=client.key"],
    "server.pem and "; "the key of another certificate"
)]
#[test_case(
    &["--tls-cert=server.key", "--tls-key=server.key"],
    "server.key holds no certificate in PEM form"; "a key for a certificate"
)]
#[test_case(&["--tls-cert=none.pem", "--tls-key=server.key"], "none.pem"; "no file")]
#[tokio::test]
async fn certificates_that_cannot_be_used_are_told(own: &[&str], message: &str) {
    let certificates = Certificates::make();
    let ended = run(certificates.path(), &arguments(own)).await;
    assert_eq!(ended.code(), 2, "{}", ended.stderr);
    assert!(
        ended.told().last().unwrap().contains(message),
        "{}",
        ended.stderr
    );
    assert!(!ended.stderr.contains("BEGIN"), "{}", ended.stderr);
    ended.assert_decent();
}

fn socket(directory: &Path) -> PathBuf {
    directory.join("baton.sock")
}

#[tokio::test]
async fn a_unix_socket_is_served_and_goes_away_with_the_server() {
    let directory = tempfile::tempdir().unwrap();
    let path = socket(directory.path());
    let listen = format!("--listen=unix:{}", path.display());
    let served = serve(directory.path(), &[&listen]).await;
    assert_eq!(served.address, format!("unix:{}", path.display()));
    let channel = dial(format!("unix://{}", path.display())).await;
    assert_eq!(metadata(channel).await.unwrap(), "Salesforce");
    served.stop().await;
    assert!(!path.exists());
}

#[test_case("TERM"; "SIGTERM")]
#[test_case("HUP"; "SIGHUP")]
#[test_case("INT"; "SIGINT")]
#[tokio::test]
async fn a_signal_ends_it_in_order(name: &str) {
    let directory = tempfile::tempdir().unwrap();
    let path = socket(directory.path());
    let listen = format!("--listen=unix:{}", path.display());
    let mut served = serve(directory.path(), &[&listen]).await;
    signal(served.process.id().unwrap(), name);
    let status = tokio::time::timeout(PATIENCE, served.process.wait()).await;
    assert_eq!(status.unwrap().unwrap().code(), Some(0));
    assert!(!path.exists());
}

/// Starts a server from a shell that first runs `setup`.
async fn serve_after(setup: &str, directory: &Path, own: &[&str]) -> Served {
    let script = format!("{setup}; exec \"$0\" \"$@\"");
    let words = [&["-c", &script, BINARY], &arguments(own)[..]].concat();
    listening(of(Path::new("/bin/sh"), directory, &words)).await
}

#[tokio::test]
async fn a_signal_that_nohup_ignores_stays_ignored() {
    let directory = tempfile::tempdir().unwrap();
    let served = serve_after("trap '' HUP", directory.path(), &["--listen=127.0.0.1:0"]).await;
    signal(served.process.id().unwrap(), "HUP");
    let channel = dial(format!("http://{}", served.address)).await;
    assert_eq!(metadata(channel).await.unwrap(), "Salesforce");
    served.stop().await;
}

#[tokio::test]
async fn the_socket_is_private_whatever_the_umask() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let path = socket(directory.path());
    let listen = format!("--listen=unix:{}", path.display());
    let served = serve_after("umask 0", directory.path(), &[&listen]).await;
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "{mode:o}");
    served.stop().await;
}

/// More clients come than there are descriptors; when they have gone, the next one is served.
#[tokio::test]
async fn a_server_without_descriptors_recovers() {
    let directory = tempfile::tempdir().unwrap();
    let served = serve_after("ulimit -n 40", directory.path(), &["--listen=127.0.0.1:0"]).await;
    let mut clients = Vec::new();
    for _ in 0..60 {
        let client = tokio::net::TcpStream::connect(&served.address).await;
        clients.push(client.unwrap());
    }
    drop(clients);
    let channel = dial(format!("http://{}", served.address)).await;
    assert_eq!(metadata(channel).await.unwrap(), "Salesforce");
    served.stop().await;
}

#[tokio::test]
async fn the_socket_of_a_killed_server_is_replaced_and_that_of_a_living_one_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let path = socket(directory.path());
    let listen = format!("--listen=unix:{}", path.display());
    let mut killed = serve(directory.path(), &[&listen]).await;
    killed.process.kill().await.unwrap();
    assert!(path.exists(), "nobody could tidy up");
    let served = serve(directory.path(), &[&listen]).await;
    let second = run(directory.path(), &arguments(&[&listen])).await;
    second.assert_failure(2, "another process listens on ");
    let channel = dial(format!("unix://{}", path.display())).await;
    assert_eq!(metadata(channel).await.unwrap(), "Salesforce");
    served.stop().await;
}

#[tokio::test]
async fn a_file_in_the_place_of_the_socket_stays() {
    let directory = tempfile::tempdir().unwrap();
    let path = socket(directory.path());
    std::fs::write(&path, "somebody's work").unwrap();
    let listen = format!("--listen=unix:{}", path.display());
    let ended = run(directory.path(), &arguments(&[&listen])).await;
    ended.assert_failure(2, "exists and is not a socket; it stays");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "somebody's work");
}

/// `/health` asks the org, `/ready` and `/live` only the process.
#[tokio::test]
async fn the_health_endpoint_knows_whether_the_org_answers() {
    let simulator = Simulator::start(Org::seed(Preset::Tiny)).await;
    let directory = tempfile::tempdir().unwrap();
    let port = format!("--health-check-port={}", free_port());
    let own = ["--health-check", &port, "serve", "--listen", "127.0.0.1:0"];
    let server = serve_with(directory.path(), &with(&simulator, &own)).await;
    let ask = async |endpoint: &str| {
        let arguments = ["health-check", &port, "--endpoint", endpoint];
        run(directory.path(), &arguments).await
    };
    for endpoint in ["health", "ready", "live"] {
        let ended = ask(endpoint).await;
        ended.assert_success();
        let port = port.trim_start_matches("--health-check-port=");
        let expected = format!("http://127.0.0.1:{port}/{endpoint} answered 200 OK\n");
        assert_eq!(ended.stdout, expected);
    }
    let lacks = "ApiEnabled".to_owned();
    simulator.with(|org| org.settings.missing_permissions.insert(lacks));
    ask("health")
        .await
        .assert_failure(2, "health check failed: ");
    ask("live").await.assert_success();
    server.stop().await;
    ask("live")
        .await
        .assert_failure(14, "health check failed: ");
}

/// Where refresh tokens rotate, a second sign-in with the configured token would end them all.
#[tokio::test]
async fn the_health_endpoint_shares_the_session_of_the_connector() {
    let mut org = Org::seed(Preset::Tiny);
    org.settings.client.rotate_refresh_tokens = true;
    let simulator = Simulator::start(org).await;
    let directory = tempfile::tempdir().unwrap();
    let port = format!("--health-check-port={}", free_port());
    let arguments = [
        format!("--instance-url={}", simulator.url()),
        "--auth-method=refresh-token-group".to_owned(),
        "--salesforce-client-id=simulated-client-id".to_owned(),
        "--salesforce-client-secret=simulated-client-secret".to_owned(),
        format!("--salesforce-refresh-token={FIRST_REFRESH_TOKEN}"),
        "--token-store=none".to_owned(),
        "--health-check".to_owned(),
        port.clone(),
        "serve".to_owned(),
        "--listen=127.0.0.1:0".to_owned(),
    ];
    let server = serve_with(directory.path(), &arguments).await;
    let mut connector =
        ConnectorServiceClient::new(dial(format!("http://{}", server.address)).await);
    let validated = connector.validate(pb::ConnectorServiceValidateRequest::default());
    validated.await.unwrap();
    let ended = run(directory.path(), &["health-check", &port]).await;
    ended.assert_success();
    assert_eq!(simulator.replayed_refresh_tokens(), 0);
    server.stop().await;
}
