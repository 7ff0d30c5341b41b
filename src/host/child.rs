//! The child's half of the Baton SDK's subprocess protocol.

use std::io::Read;

use tokio_util::sync::CancellationToken;

use super::error::Error;
use super::{accept, handshake, listener, server, tls};
use crate::service::Services;

/// The variable that names the descriptor of the inherited listener.
pub const LISTENER_FD_VARIABLE: &str = "BATON_CONNECTOR_SERVICE_LISTENER_FD";

/// Serves the host that started this process until the host goes away, which ends `input` (stdin), or
/// until a signal. `listener_fd` is the value of [`LISTENER_FD_VARIABLE`].
///
/// It listens before it connects to the upstream system, because hosts wait without a timeout for
/// the child to listen.
pub async fn run_child(
    services: &Services,
    listener_fd: Option<&str>,
    input: impl Read + Send + 'static,
) -> Result<(), Error> {
    let (end, host_gone) = (CancellationToken::new(), CancellationToken::new());
    server::end_on_signals(&end)?;
    // A signal may come before the host has written its line. The end of stdin counts only after
    // the line: a bad line at the end must still be reported.
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
    let incoming = accept::secured(socket, config, end.clone());
    server::run(services, services.routes_for_parent(), incoming, None, end).await
}
