//! Accepting connections: a bounded number at a time, and without burning the processor when the
//! system has no descriptor left.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::Connected;

use super::connection::Connection;

/// How many connections there may be at a time. Processes may often have 1,024 descriptors.
const MOST: usize = 256;
/// How long to wait after a failed accept: descriptors come back only when others let go of them.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a client may take for its TLS handshake, and then for the beginning of HTTP/2.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often at most the same warning is logged.
const WARNING_INTERVAL: Duration = Duration::from_mins(1);

/// A listening socket.
pub(super) trait Listen: Send + Sync + 'static {
    /// What a client is connected by.
    type Io: Connected + AsyncRead + AsyncWrite + Send + Unpin + 'static;

    /// The next connection.
    fn accept(&self) -> impl Future<Output = io::Result<Self::Io>> + Send;
}

impl Listen for TcpListener {
    type Io = TcpStream;

    async fn accept(&self) -> io::Result<TcpStream> {
        let (stream, _) = TcpListener::accept(self).await?;
        // Without this, each small answer waits 40 ms for the client's acknowledgement.
        stream.set_nodelay(true).ok();
        Ok(stream)
    }
}

impl Listen for UnixListener {
    type Io = UnixStream;

    async fn accept(&self) -> io::Result<UnixStream> {
        UnixListener::accept(self).await.map(|(stream, _)| stream)
    }
}

/// The connections of `listener` in plain text, until `end`.
pub(super) fn plain<L: Listen>(
    listener: L,
    end: CancellationToken,
) -> impl Stream<Item = io::Result<Connection<L::Io>>> + Send {
    let (sender, receiver) = mpsc::channel(MOST);
    until(end, async move {
        each(&listener, |stream, slot| {
            // There are as many places as slots. Nobody receives any more at the end.
            sender
                .try_send(Ok(Connection::new(stream, slot, PATIENCE)))
                .ok();
        })
        .await;
    });
    ReceiverStream::new(receiver)
}

/// The connections of `listener` after their TLS handshakes, which do not hold each other up,
/// until `end`.
pub(super) fn secured(
    listener: TcpListener,
    config: Arc<ServerConfig>,
    end: CancellationToken,
) -> impl Stream<Item = io::Result<Connection<TlsStream<TcpStream>>>> + Send {
    let (sender, receiver) = mpsc::channel(MOST);
    let acceptor = TlsAcceptor::from(config);
    until(end, async move {
        each(&listener, |stream, slot| {
            let (acceptor, sender) = (acceptor.clone(), sender.clone());
            tokio::spawn(async move {
                match tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => {
                        let connection = Connection::new(stream, slot, PATIENCE);
                        sender.send(Ok(connection)).await.ok();
                    }
                    Ok(Err(error)) => tracing::warn!(%error, "a TLS handshake failed"),
                    Err(_) => tracing::warn!("a TLS handshake took too long"),
                }
            });
        })
        .await;
    });
    ReceiverStream::new(receiver)
}

fn until(end: CancellationToken, work: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(async move {
        tokio::select! {
            () = work => {}
            () = end.cancelled_owned() => {}
        }
    });
}

/// Calls `take` with each connection and the slot that it keeps as long as it lives.
async fn each<L: Listen>(listener: &L, mut take: impl FnMut(L::Io, OwnedSemaphorePermit)) {
    let slots = Arc::new(Semaphore::new(MOST));
    let (mut full, mut failing) = (Warning::default(), Warning::default());
    loop {
        if slots.available_permits() == 0 && full.is_due() {
            tracing::warn!(
                limit = MOST,
                "no more connections are accepted until one is closed"
            );
        }
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok(stream) => take(stream, slot),
            Err(error) if concerns_one_client(&error) => {}
            Err(error) => {
                if failing.is_due() {
                    tracing::warn!(%error, "connections cannot be accepted; trying again");
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Whether the failure is that of a client that went away while it was accepted.
fn concerns_one_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

/// A warning that may be due again and again.
#[derive(Default)]
struct Warning {
    last: Option<Instant>,
}

impl Warning {
    /// Whether to log it now.
    fn is_due(&mut self) -> bool {
        let now = Instant::now();
        let is_due = self
            .last
            .is_none_or(|last| now.duration_since(last) >= WARNING_INTERVAL);
        if is_due {
            self.last = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::io::DuplexStream;

    use super::*;

    /// A socket that has no descriptor for `failures` times, then connects `clients`.
    struct Scripted {
        failures: u32,
        clients: u32,
        calls: AtomicU32,
    }

    impl Listen for Scripted {
        type Io = DuplexStream;

        async fn accept(&self) -> io::Result<DuplexStream> {
            let call = self.calls.fetch_add(1, Ordering::Relaxed);
            if call < self.failures {
                return Err(io::Error::from_raw_os_error(libc::EMFILE));
            }
            if call - self.failures >= self.clients {
                std::future::pending::<()>().await;
            }
            Ok(tokio::io::duplex(1).0)
        }
    }

    fn scripted(failures: u32, clients: usize) -> Scripted {
        Scripted {
            failures,
            clients: u32::try_from(clients).unwrap(),
            calls: AtomicU32::new(0),
        }
    }

    /// Accepts for a minute.
    async fn accept(listener: &Scripted, take: impl FnMut(DuplexStream, OwnedSemaphorePermit)) {
        let accepting = each(listener, take);
        let ended = tokio::time::timeout(Duration::from_mins(1), accepting).await;
        assert!(ended.is_err(), "it ended by itself");
    }

    #[tokio::test(start_paused = true)]
    async fn without_descriptors_it_is_tried_ten_times_a_second() {
        let listener = scripted(u32::MAX, 0);
        accept(&listener, |_, _| {}).await;
        let calls = listener.calls.load(Ordering::Relaxed);
        assert!((500..=601).contains(&calls), "{calls} calls in a minute");
    }

    #[tokio::test(start_paused = true)]
    async fn connections_are_bounded() {
        let mut open = Vec::new();
        let listener = scripted(3, MOST + 10);
        accept(&listener, |stream, slot| open.push((stream, slot))).await;
        assert_eq!(open.len(), MOST);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_ends_makes_room() {
        let mut taken = 0;
        let listener = scripted(3, MOST + 10);
        accept(&listener, |_, _| taken += 1).await;
        assert_eq!(taken, MOST + 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_warning_is_logged_once_a_minute() {
        let mut warning = Warning::default();
        assert!(warning.is_due());
        assert!(!warning.is_due());
        tokio::time::advance(WARNING_INTERVAL).await;
        assert!(warning.is_due());
    }
}
