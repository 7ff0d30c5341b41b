//! The subprocess protocol without the subprocess: a line, a socket, mutual TLS, the end of stdin.

use std::io::{PipeWriter, Write as _};
use std::net::TcpListener;
use std::os::fd::IntoRawFd as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use baton_salesforce::host::{Error, run_child};
use baton_salesforce::pb::c1::connector_wrapper::v1::ServerConfig;
use baton_salesforce::pb::c1::utls::v1::Credential;
use baton_salesforce::pb::ratelimit::rate_limiter_service_client::RateLimiterServiceClient;
use baton_salesforce::pb::ratelimit::{DoRequest, DoResponse};
use baton_salesforce::service::{Services, Toggles};
use prost::Message as _;
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use tokio::task::JoinHandle;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Identity};

use crate::fake::{Script, registry};

/// An authority with one certificate for either side, as a host makes them.
pub(crate) struct Host {
    authority: rcgen::Certificate,
    server: (rcgen::Certificate, KeyPair),
    client: (rcgen::Certificate, KeyPair),
}

fn key() -> KeyPair {
    KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap()
}

pub(crate) fn host() -> Host {
    let authority_key = key();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(params, authority_key);
    let leaf = || {
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ClientAuth,
            ExtendedKeyUsagePurpose::ServerAuth,
        ];
        let key = key();
        (params.signed_by(&key, &issuer).unwrap(), key)
    };
    let (server, client) = (leaf(), leaf());
    Host {
        authority,
        server,
        client,
    }
}

impl Host {
    pub(crate) fn credential(&self) -> Credential {
        let (certificate, key) = &self.server;
        // The seed follows the fixed start of PKCS#8.
        let seed = key.serialized_der()[16..48].to_vec();
        Credential {
            ca_cert: self.authority.der().to_vec(),
            key: [seed, key.public_key_raw().to_vec()].concat(),
            cert: certificate.der().to_vec(),
        }
    }

    /// A connection that trusts `authority` and shows our own certificate.
    pub(crate) async fn connect(&self, port: u16, authority: &Host) -> Result<Channel, String> {
        let (certificate, key) = &self.client;
        let tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(authority.authority.pem()))
            .identity(Identity::from_pem(certificate.pem(), key.serialize_pem()))
            .domain_name("127.0.0.1");
        let endpoint = Channel::from_shared(format!("https://127.0.0.1:{port}")).unwrap();
        let endpoint = endpoint.tls_config(tls).unwrap();
        endpoint.connect().await.map_err(|error| error.to_string())
    }

    async fn call(&self, port: u16, authority: &Host) -> Result<DoResponse, String> {
        let channel = self.connect(port, authority).await?;
        let request = DoRequest {
            request_token: "t".into(),
            ..Default::default()
        };
        let answer = RateLimiterServiceClient::new(channel).r#do(request).await;
        answer
            .map(tonic::Response::into_inner)
            .map_err(|status| status.to_string())
    }
}

/// A child in this process; dropping the writer is the end of its stdin.
fn start(credential: Credential) -> (u16, PipeWriter, JoinHandle<Result<(), Error>>) {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    let descriptor = socket.into_raw_fd().to_string();
    let config = ServerConfig {
        credential: Some(credential),
        listen_port: port.into(),
        ..Default::default()
    };
    let (input, mut output) = std::io::pipe().unwrap();
    writeln!(output, "{}", STANDARD.encode(config.encode_to_vec())).unwrap();
    let services = Services::new(registry(&Arc::new(Script::default())), Toggles::default());
    let child = tokio::spawn(async move { run_child(&services, Some(&descriptor), input).await });
    (port, output, child)
}

#[tokio::test]
async fn a_child_serves_its_host_until_stdin_ends() {
    let host = host();
    let (port, stdin, child) = start(host.credential());
    assert_eq!(
        host.call(port, &host)
            .await
            .unwrap()
            .description
            .unwrap()
            .status,
        4
    );
    drop(stdin);
    child.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_client_of_another_authority_is_refused() {
    let (ours, other) = (host(), host());
    let (port, _stdin, _child) = start(ours.credential());
    assert!(other.call(port, &ours).await.is_err());
    assert!(ours.call(port, &ours).await.is_ok());
}

#[tokio::test]
async fn a_damaged_key_is_refused_in_one_line() {
    let host = host();
    let mut credential = host.credential();
    credential.key[40] ^= 1;
    let (_, _stdin, child) = start(credential);
    assert_eq!(
        child.await.unwrap().unwrap_err().to_string(),
        "the key on stdin is damaged: its public half does not match its seed"
    );
    let credential = Credential {
        key: vec![0; 32],
        ..host.credential()
    };
    let (_, _stdin, child) = start(credential);
    assert_eq!(
        child.await.unwrap().unwrap_err().to_string(),
        "the key on stdin has 32 bytes, an ed25519 key has 64"
    );
}
