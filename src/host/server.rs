//! Serving connections, and the orderly end: no new ones, running calls finish, not for ever.

use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_stream::Stream;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::Connected;

use super::error::Error;
use crate::service::Services;
use crate::service::stack::Edge;
use crate::signals;

/// How long running calls may take once the end has come.
const GRACE: Duration = Duration::from_secs(10);

/// Serves `routes` on `incoming` until `end`, then lets running calls and detached work finish.
/// With `liveness`, a client that has been silent for so long is asked for a sign of life, and let
/// go if it gives none.
pub(super) async fn run<C>(
    services: &Services,
    routes: Routes,
    incoming: impl Stream<Item = io::Result<C>> + Send,
    liveness: Option<Duration>,
    end: CancellationToken,
) -> Result<(), Error>
where
    C: Connected + AsyncRead + AsyncWrite + Send + Unpin + 'static,
    C::ConnectInfo: Clone + Send + Sync + 'static,
{
    let serving = Server::builder()
        .http2_keepalive_interval(liveness)
        .layer(Edge)
        .add_routes(routes)
        .serve_with_incoming_shutdown(incoming, end.clone().cancelled_owned());
    tokio::pin!(serving);
    tokio::select! {
        ended = &mut serving => return ended.map_err(|error| Error::Serve(error.into())),
        () = end.cancelled() => {}
    }
    tracing::debug!("stopping: running calls may finish");
    let finish = async { tokio::join!(serving, services.stop()).0 };
    let Ok(ended) = tokio::time::timeout(GRACE, finish).await else {
        tracing::warn!(
            seconds = GRACE.as_secs(),
            "stopped before all calls had finished"
        );
        return Ok(());
    };
    ended.map_err(|error| Error::Serve(error.into()))
}

/// Cancels `end` on a signal that asks the process to end.
pub(super) fn end_on_signals(end: &CancellationToken) -> Result<(), Error> {
    let asked = signals::termination().map_err(|source| Error::System {
        what: "listening for signals",
        source,
    })?;
    end_when(end, asked);
    Ok(())
}

/// Cancels `end` when `event` happens.
pub(super) fn end_when(end: &CancellationToken, event: impl Future<Output = ()> + Send + 'static) {
    let end = end.clone();
    tokio::spawn(async move {
        event.await;
        end.cancel();
    });
}
