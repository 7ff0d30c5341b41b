//! What is between the connector and Salesforce: proxies, certificates, pages of other people's
//! servers. Each failure is named, with its remedy, for sign-ins and for calls alike.

use std::error::Error as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use baton_salesforce::salesforce::{
    Auth, Client, ClientConfig, Error, Instance, Network, Obstacle, auth::Refusal,
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::PrivateKeyDer;
use test_case::test_case;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::process::{self, Ended};

const ORG: &str = "acme.my.salesforce.com";
const TOKEN: &str = r#"{"access_token":"00Dxx!abc","token_type":"Bearer",
    "instance_url":"https://acme.my.salesforce.com"}"#;

/// An authority of the test, and its certificate in PEM.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    /// A server with a certificate for `name`, valid in the years of `valid`.
    fn server(&self, name: &str, valid: (i32, i32)) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(valid.0, 1, 1);
        params.not_after = rcgen::date_time_ymd(valid.1, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap()
    }
}

async fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// The head of a request or an answer.
async fn head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => text.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// An answer with a body of `kind`.
fn answer(status: &str, kind: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// Answers every request with `answer`; returns the port.
async fn tls_server(config: ServerConfig, answer: String) -> u16 {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (listener, port) = listen().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, answer) = (acceptor.clone(), answer.clone());
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                head(&mut stream).await;
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    port
}

/// Writes `bytes` to whoever connects.
async fn raw_server(bytes: &'static [u8]) -> u16 {
    let (listener, port) = listen().await;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut hello = [0; 1];
            let _ = stream.read_exact(&mut hello).await;
            let _ = stream.write_all(bytes).await;
            let _ = stream.shutdown().await;
        }
    });
    port
}

/// A proxy that takes every host to one port of this computer, or answers every CONNECT itself.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    /// What it was asked for.
    pub(crate) heads: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    pub(crate) async fn to(target: u16) -> Self {
        Self::start(Some(target), "HTTP/1.1 200 OK\r\n\r\n").await
    }

    async fn start(target: Option<u16>, answer: &'static str) -> Self {
        let (listener, port) = listen().await;
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&heads);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let asked = head(&mut stream).await;
                seen.lock().unwrap().push(asked);
                tokio::spawn(async move {
                    let _ = stream.write_all(answer.as_bytes()).await;
                    if let Some(target) = target {
                        let mut org = TcpStream::connect(("127.0.0.1", target)).await.unwrap();
                        let _ = tokio::io::copy_bidirectional(&mut stream, &mut org).await;
                    }
                });
            }
        });
        Self { port, heads }
    }
}

fn through(network: Network, port: u16) -> Network {
    let url = format!("http://jane:pr%40xyhush@127.0.0.1:{port}");
    let variable = |name: &str| (name == "HTTPS_PROXY").then(|| url.clone());
    network.with_proxy(variable).unwrap()
}

fn client(instance: &str, network: Network) -> Client {
    let auth = Auth::ClientCredentials {
        client_id: "id".into(),
        client_secret: "hush".into(),
    };
    let mut config = ClientConfig::new(Instance::parse(instance, true).unwrap(), auth);
    config.network = network;
    config.request_timeout = Duration::from_secs(5);
    config.retry.idempotent_attempts = 1;
    config.retry.other_attempts = 1;
    Client::new(config).unwrap()
}

fn chain(error: &Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

/// A sign-in and a call both fail, and both name the obstacle and its remedy.
async fn assert_stopped_by(obstacle: Obstacle, client: &Client) {
    let errors = [
        client.login().await.unwrap_err(),
        client.versions().await.unwrap_err(),
    ];
    for error in errors {
        let text = chain(&error);
        assert_eq!(error.obstacle(), Some(obstacle), "{text}");
        assert!(text.contains(obstacle.cause()), "{text}");
        assert!(text.contains(obstacle.remedy()), "{text}");
        assert!(!text.contains("hush"), "{text}");
    }
}

#[test_case("127.0.0.1", (2020, 2090), true, Obstacle::CertificateName; "another name")]
#[test_case("localhost", (2020, 2021), true, Obstacle::CertificateExpired; "expired")]
#[test_case("localhost", (2089, 2090), true, Obstacle::CertificateNotYetValid; "not valid yet")]
#[test_case("localhost", (2020, 2090), false, Obstacle::UnknownAuthority; "an unknown authority")]
#[tokio::test]
async fn a_certificate_that_is_not_accepted_is_explained(
    name: &str,
    valid: (i32, i32),
    trusted: bool,
    obstacle: Obstacle,
) {
    let authority = Authority::new();
    let port = tls_server(authority.server(name, valid), String::new()).await;
    let mut network = Network::default();
    if trusted {
        network = network.with_authorities(authority.pem.as_bytes()).unwrap();
    }
    let client = client(&format!("https://localhost:{port}"), network);
    assert_stopped_by(obstacle, &client).await;
}

#[test_case(b"HTTP/1.1 400 Bad Request\r\n\r\n", Obstacle::NotTls; "plain http")]
#[test_case(b"\x15\x03\x01\x00\x02\x02\x46", Obstacle::TlsVersion; "an alert of an old version")]
#[test_case(b"\x15\x03\x03\x00\x02\x02\x74", Obstacle::ClientCertificate; "a client certificate is asked for")]
#[test_case(b"", Obstacle::Dropped; "nothing")]
#[tokio::test]
async fn a_server_that_does_not_speak_our_tls_is_explained(
    bytes: &'static [u8],
    obstacle: Obstacle,
) {
    let port = raw_server(bytes).await;
    let client = client(&format!("https://localhost:{port}"), Network::default());
    assert_stopped_by(obstacle, &client).await;
}

#[tokio::test]
async fn a_host_that_refuses_or_does_not_exist_is_explained() {
    let (listener, port) = listen().await;
    drop(listener);
    let refusing = client(&format!("https://127.0.0.1:{port}"), Network::default());
    assert_stopped_by(Obstacle::Refused, &refusing).await;
    let unknown = client("https://acme.invalid", Network::default());
    assert_stopped_by(Obstacle::UnknownHost, &unknown).await;
}

#[test_case("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", Obstacle::ProxyCredentials; "credentials")]
#[test_case("HTTP/1.1 403 Forbidden\r\n\r\n<html>hush</html>", Obstacle::ProxyRefused; "forbidden")]
#[test_case("", Obstacle::ProxyRefused; "no answer")]
#[tokio::test]
async fn a_proxy_that_refuses_is_explained(answer: &'static str, obstacle: Obstacle) {
    let proxy = Proxy::start(None, answer).await;
    let client = client(ORG, through(Network::default(), proxy.port));
    assert_stopped_by(obstacle, &client).await;
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_explained() {
    let (listener, port) = listen().await;
    drop(listener);
    let client = client(ORG, through(Network::default(), port));
    assert_stopped_by(Obstacle::ProxyUnreachable, &client).await;
}

#[tokio::test]
async fn the_proxy_gets_its_credentials_and_the_org_is_trusted_by_the_given_authority() {
    let authority = Authority::new();
    let server = authority.server(ORG, (2020, 2090));
    let port = tls_server(server, answer("200 OK", "application/json", TOKEN)).await;
    let proxy = Proxy::to(port).await;
    let network = Network::default()
        .with_authorities(authority.pem.as_bytes())
        .unwrap();
    let host = client(ORG, through(network, proxy.port)).login().await;
    assert_eq!(host.unwrap().as_str(), "https://acme.my.salesforce.com/");
    let heads = proxy.heads.lock().unwrap();
    assert!(heads[0].starts_with("CONNECT acme.my.salesforce.com:443 "));
    // jane:pr@xyhush
    assert!(
        heads[0].contains("Basic amFuZTpwckB4eWh1c2g="),
        "{}",
        heads[0]
    );
}

#[tokio::test]
async fn an_authority_that_only_the_proxy_inspecting_tls_has_is_not_trusted_by_itself() {
    let server = Authority::new().server(ORG, (2020, 2090));
    let port = tls_server(server, answer("200 OK", "application/json", TOKEN)).await;
    let proxy = Proxy::to(port).await;
    let client = client(ORG, through(Network::default(), proxy.port));
    assert_stopped_by(Obstacle::UnknownAuthority, &client).await;
}

#[tokio::test]
async fn this_computer_is_reached_without_the_proxy() {
    let authority = Authority::new();
    let server = authority.server("localhost", (2020, 2090));
    let port = tls_server(server, answer("200 OK", "application/json", "[]")).await;
    let proxy = Proxy::start(None, "HTTP/1.1 403 Forbidden\r\n\r\n").await;
    let network = Network::default()
        .with_authorities(authority.pem.as_bytes())
        .unwrap();
    let client = client(
        &format!("https://localhost:{port}"),
        through(network, proxy.port),
    );
    assert!(client.versions().await.unwrap().value.is_empty());
    assert!(proxy.heads.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_explained() {
    let (listener, port) = listen().await;
    let auth = Auth::Token("00Dxx!abc".into());
    let instance = Instance::parse(&format!("http://127.0.0.1:{port}"), false).unwrap();
    let mut config = ClientConfig::new(instance, auth);
    config.request_timeout = Duration::from_millis(50);
    config.retry.idempotent_attempts = 1;
    let error = Client::new(config).unwrap().versions().await.unwrap_err();
    assert_eq!(error.obstacle(), Some(Obstacle::Timeout));
    drop(listener);
}

#[test_case("200 OK", ""; "a page")]
#[test_case("302 Found", "Location: https://portal.hotel.example/?sid=hush\r\n"; "a redirect to a page")]
#[test_case("403 Forbidden", ""; "a page that forbids")]
#[test_case("511 Network Authentication Required", ""; "a page with the status of portals")]
#[tokio::test]
async fn the_page_of_a_captive_portal_is_recognised(status: &str, more: &str) {
    let page = answer(status, "text/html; charset=utf-8", "<html>hush</html>");
    let page = page.replacen("\r\n", &format!("\r\n{more}"), 1);
    let authority = Authority::new();
    let port = tls_server(authority.server(ORG, (2020, 2090)), page).await;
    let proxy = Proxy::to(port).await;
    let network = Network::default()
        .with_authorities(authority.pem.as_bytes())
        .unwrap();
    let client = client(ORG, through(network, proxy.port));
    for error in [
        client.login().await.unwrap_err(),
        client.versions().await.unwrap_err(),
    ] {
        let text = chain(&error);
        assert!(text.contains("sign-in page"), "{text}");
        assert!(!text.contains("hush"), "{text}");
        if let Error::Auth(error) = error {
            assert_ne!(error.refusal(), Refusal::Refused);
        }
    }
}

/// The program with a proxy that refuses it, at the level of logs that shows most.
async fn run_with_proxy(url: &str, more: &[&str]) -> Ended {
    let directory = tempfile::tempdir().unwrap();
    let mut arguments = vec![
        "--instance-url=acme.my.salesforce.com",
        "--auth-method=client-credentials-group",
        "--salesforce-client-id=3MVG9planted",
        "--salesforce-client-secret=xyhush-secret",
        "--log-level=debug",
    ];
    arguments.extend(more);
    let mut command = process::command(directory.path(), &arguments);
    command.env("HTTPS_PROXY", url);
    process::end(command.spawn().unwrap()).await
}

fn assert_nothing_planted(ended: &Ended) {
    for text in [&ended.stdout, &ended.stderr] {
        for planted in ["hush", "amFuZTpwckB4eWh1c2g", "jane"] {
            assert!(!text.contains(planted), "{planted}: {text}");
        }
    }
}

#[tokio::test]
async fn the_program_names_a_proxy_that_refuses_and_shows_nothing_of_its_password() {
    let answer = "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n";
    let proxy = Proxy::start(None, answer).await;
    let url = format!("http://jane:pr%40xyhush@127.0.0.1:{}", proxy.port);
    let ended = run_with_proxy(&url, &[]).await;
    assert_eq!(ended.code(), 9, "{}", ended.stderr);
    let told = ended.told().join("\n");
    assert!(told.contains(Obstacle::ProxyCredentials.cause()), "{told}");
    assert!(!proxy.heads.lock().unwrap().is_empty());
    assert_nothing_planted(&ended);
}

#[tokio::test]
async fn a_proxy_that_is_no_url_is_named_at_the_start_without_its_password() {
    let ended = run_with_proxy("http://jane:pr#xyhush@proxy.example:1", &[]).await;
    assert_eq!(ended.code(), 2, "{}", ended.stderr);
    assert!(ended.stderr.contains("variable HTTPS_PROXY: "));
    assert_nothing_planted(&ended);
}

#[test_case("/dev/zero", "is a character device"; "a device")]
#[test_case("/", "is a directory"; "a directory")]
#[test_case("/nowhere/ca.pem", "does not exist"; "nothing")]
#[tokio::test]
async fn a_ca_file_that_is_no_file_is_named(path: &str, flaw: &str) {
    let ended = run_with_proxy("", &["--ca-file", path]).await;
    assert_eq!(ended.code(), 2, "{}", ended.stderr);
    let expected = format!("field ca-file: the file {path} {flaw}");
    assert!(ended.stderr.contains(&expected), "{}", ended.stderr);
}
