//! Accepting connections, and the orderly end: no new ones, running calls finish, not for ever.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::Connected;

use super::Error;
use crate::service::Services;
use crate::service::stack::Edge;

/// How long running calls may take once the end has come.
const GRACE: Duration = Duration::from_secs(10);
/// A client that does not finish its TLS handshake in this time is let go.
const TLS_PATIENCE: Duration = Duration::from_secs(10);
/// Accepting fails when descriptors run out; trying again at once would only burn the processor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves `routes` on `incoming` until `end`, then lets running calls and detached work finish.
pub(super) async fn run<C>(
    services: &Services,
    routes: Routes,
    incoming: impl Stream<Item = io::Result<C>> + Send,
    end: CancellationToken,
) -> Result<(), Error>
where
    C: Connected + AsyncRead + AsyncWrite + Send + Unpin + 'static,
    C::ConnectInfo: Clone + Send + Sync + 'static,
{
    let serving = Server::builder()
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

/// Connections of `listener` after their TLS handshakes, which do not hold each other up.
pub(super) fn secured(
    listener: TcpListener,
    config: Arc<ServerConfig>,
    end: CancellationToken,
) -> impl Stream<Item = io::Result<TlsStream<tokio::net::TcpStream>>> + Send {
    let (sender, receiver) = mpsc::channel(16);
    let acceptor = TlsAcceptor::from(config);
    let accepting = async move {
        loop {
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let (acceptor, sender) = (acceptor.clone(), sender.clone());
            tokio::spawn(async move {
                stream.set_nodelay(true).ok();
                match tokio::time::timeout(TLS_PATIENCE, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => {
                        // Nobody receives any more at the end of the process.
                        sender.send(Ok(stream)).await.ok();
                    }
                    Ok(Err(error)) => tracing::warn!(%error, "a TLS handshake failed"),
                    Err(_) => tracing::warn!("a TLS handshake took too long"),
                }
            });
        }
    };
    tokio::spawn(async move {
        tokio::select! {
            () = accepting => {}
            () = end.cancelled_owned() => {}
        }
    });
    ReceiverStream::new(receiver)
}

/// Cancels `end` on SIGTERM or SIGINT. From then on they no longer kill the process at once.
pub(super) fn end_on_signals(end: &CancellationToken) -> Result<(), Error> {
    let listen = |kind| {
        signal(kind).map_err(|source| Error::System {
            what: "listening for signals",
            source,
        })
    };
    let mut terminate = listen(SignalKind::terminate())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    let end = end.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = end.cancelled() => {}
        }
        end.cancel();
    });
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
