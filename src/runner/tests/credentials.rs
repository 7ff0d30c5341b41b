//! The credentials as a connector uses them: a raw key, DER certificates, mutual TLS.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Certificate, Endpoint, Identity, Server, ServerTlsConfig};

use crate::pb::ratelimit::rate_limiter_service_server::{
    RateLimiterService, RateLimiterServiceServer,
};
use crate::runner::credentials;

struct Nothing;
impl RateLimiterService for Nothing {}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

#[tokio::test]
async fn both_sides_accept_each_other() {
    let launch = credentials::generate().unwrap();
    let (seed, public) = launch.server.key.split_at(32);
    assert_eq!(public.len(), 32);
    // PKCS#8 version 1 around the seed, which is what a connector builds from the raw key.
    let head = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
    let key = pem("PRIVATE KEY", &[head.as_slice(), seed].concat());
    let identity = Identity::from_pem(pem("CERTIFICATE", &launch.server.cert), key);
    let authority = Certificate::from_pem(pem("CERTIFICATE", &launch.server.ca_cert));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = Server::builder()
        .tls_config(
            ServerTlsConfig::new()
                .identity(identity)
                .client_ca_root(authority),
        )
        .unwrap()
        .add_service(RateLimiterServiceServer::new(Nothing));
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));

    let endpoint = || Endpoint::from_shared(format!("https://127.0.0.1:{port}")).unwrap();
    let channel = endpoint()
        .tls_config(launch.client)
        .unwrap()
        .connect()
        .await
        .unwrap();
    let client = crate::runner::client::Client::new(channel, crate::runner::clock::wall());
    let request = crate::pb::connector::ConnectorServiceValidateRequest {};
    // The generated default answer: the call came through both handshakes.
    let answer = client.call(request).await.unwrap_err();
    assert!(answer.message().contains("rate limiter"), "{answer}");

    let stranger = credentials::generate().unwrap().client;
    endpoint()
        .tls_config(stranger)
        .unwrap()
        .connect()
        .await
        .unwrap_err();
}
