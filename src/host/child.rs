//! The child's half of the subprocess protocol (facts/baton-host-protocol.md 1).

use std::io::Read;

use tokio_util::sync::CancellationToken;

use super::{Error, handshake, listener, server, tls};
use crate::service::Services;

/// The variable that names the descriptor of the inherited listener.
pub const LISTENER_FD_VARIABLE: &str = "BATON_CONNECTOR_SERVICE_LISTENER_FD";

/// Serves the host that started this process until it goes away: `input` (stdin) ends, or a signal
/// asks. `listener_fd` is what [`LISTENER_FD_VARIABLE`] says.
///
/// It listens before anything talks to the upstream system: a host that waits for a child that is
/// not listening yet waits for ever.
pub async fn run_child(
    services: &Services,
    listener_fd: Option<&str>,
    input: impl Read + Send + 'static,
) -> Result<(), Error> {
    let (end, host_gone) = (CancellationToken::new(), CancellationToken::new());
    server::end_on_signals(&end)?;
    // A signal may come while the host has not written its line yet. The end of stdin is looked at
    // only after the line, so that a bad line at the end is still reported.
    let handshake = tokio::select! {
        handshake = handshake::read(input, host_gone.clone()) => handshake?,
        () = end.cancelled() => return Ok(()),
    };
    let socket = listener::inherited(listener_fd, handshake.port)?;
    let config = tls::from_credential(&handshake.credential)?;
    let socket = tokio::net::TcpListener::from_std(socket).map_err(|source| Error::System {
        what: "registering the listener",
        source,
    })?;
    server::end_when(&end, host_gone.cancelled_owned());
    tracing::debug!(port = handshake.port, "serving the host");
    let incoming = server::secured(socket, config, end.clone());
    server::run(services, services.routes(), incoming, end).await
}
