//! One connection: it counts as long as it lives, and it ends if its client does not begin.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Sleep;
use tonic::transport::server::Connected;

/// What each client sends first: the connection preface and the head of a SETTINGS frame (RFC 9113,
/// section 3.4).
const PREFACE: usize = 24 + 9;

/// A stream that fails if its client does not send the beginning of HTTP/2 in time.
#[derive(Debug)]
pub(super) struct Connection<S> {
    stream: S,
    opening: Option<Opening>,
    _slot: OwnedSemaphorePermit,
}

/// The time before the preface is complete.
#[derive(Debug)]
struct Opening {
    deadline: Pin<Box<Sleep>>,
    missing: usize,
}

impl<S> Connection<S> {
    /// Takes `slot` for the life of the connection and gives the client `patience` to begin.
    pub(super) fn new(stream: S, slot: OwnedSemaphorePermit, patience: Duration) -> Self {
        Self {
            stream,
            opening: Some(Opening {
                deadline: Box::pin(tokio::time::sleep(patience)),
                missing: PREFACE,
            }),
            _slot: slot,
        }
    }
}

impl<S: Connected> Connected for Connection<S> {
    type ConnectInfo = S::ConnectInfo;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.stream.connect_info()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let Some(opening) = &mut self.opening else {
            return polled;
        };
        opening.missing = opening
            .missing
            .saturating_sub(buffer.filled().len() - before);
        if opening.missing == 0 {
            self.opening = None;
        } else if polled.is_pending() && opening.deadline.as_mut().poll(context).is_ready() {
            tracing::warn!("a connection was closed because its client did not begin in time");
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::sync::Arc;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
    use tokio::sync::Semaphore;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    async fn connection() -> (DuplexStream, Connection<DuplexStream>, Arc<Semaphore>) {
        let slots = Arc::new(Semaphore::new(1));
        let slot = Arc::clone(&slots).acquire_owned().await.unwrap();
        let (client, server) = tokio::io::duplex(64);
        (client, Connection::new(server, slot, PATIENCE), slots)
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_says_too_little_is_let_go() {
        for bytes in [0, 1, PREFACE - 1] {
            let (mut client, mut server, slots) = connection().await;
            client.write_all(&vec![0; bytes]).await.unwrap();
            let error = server.read_to_end(&mut Vec::new()).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{bytes} bytes");
            assert_eq!(slots.available_permits(), 0);
            drop(server);
            assert_eq!(slots.available_permits(), 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_has_begun_may_be_silent() {
        let (mut client, mut server, _slots) = connection().await;
        client.write_all(&[0; PREFACE]).await.unwrap();
        let mut bytes = [0; PREFACE];
        server.read_exact(&mut bytes).await.unwrap();
        let mut more = [0];
        let silent = tokio::time::timeout(PATIENCE * 100, server.read(&mut more)).await;
        assert!(silent.is_err(), "{silent:?}");
    }
}
