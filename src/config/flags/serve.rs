//! Flags of `serve`.

use crate::config::flag::{Flag, Kind, Scope, flags};

flags! {
    LISTEN = Flag::new(
        "listen",
        Kind::Text("127.0.0.1:50051"),
        "Address to listen on: host:port, or unix:PATH for a Unix socket",
    ).only(Scope::Serve);
    TLS_CERT = Flag::text("tls-cert", "PEM file with the server's certificate chain")
        .only(Scope::Serve);
    TLS_KEY = Flag::text("tls-key", "PEM file with the server's private key").only(Scope::Serve);
    TLS_CLIENT_CA = Flag::text(
        "tls-client-ca",
        "PEM file with the authority of the clients' certificates; clients must show one",
    ).only(Scope::Serve);
}
