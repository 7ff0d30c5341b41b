//! The running simulator: an HTTP server, and the handle through which tests control it.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, PoisonError, RwLockWriteGuard};
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::connection::CuttableListener;
use crate::fault::FaultPlan;
use crate::http::{Shared, public_key, run_due_jobs, service};
use crate::log::RequestRecord;
use crate::org::Org;

/// How long a shutdown waits for running requests.
const PATIENCE: Duration = Duration::from_secs(2);

/// A running simulated org. Dropping it stops the server.
#[derive(Debug)]
pub struct Simulator {
    shared: Arc<Shared>,
    addr: SocketAddr,
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

/// Exclusive access to the org of a running server. Do not hold it across an await: requests
/// wait for it.
#[derive(Debug)]
pub struct OrgGuard<'a>(RwLockWriteGuard<'a, Org>);

impl Deref for OrgGuard<'_> {
    type Target = Org;

    fn deref(&self) -> &Org {
        &self.0
    }
}

impl DerefMut for OrgGuard<'_> {
    fn deref_mut(&mut self) -> &mut Org {
        &mut self.0
    }
}

impl Simulator {
    /// Starts on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// If the loopback interface has no free port.
    pub async fn start(org: Org) -> Self {
        match Self::start_on(org, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await {
            Ok(simulator) => simulator,
            #[expect(clippy::panic, reason = "tests want no result here, and cannot go on")]
            Err(error) => panic!("cannot start the simulator: {error:#}"),
        }
    }

    /// Starts on the given address.
    pub async fn start_on(org: Org, addr: SocketAddr) -> anyhow::Result<Self> {
        let certificate = org.settings.client.certificate.as_deref();
        anyhow::ensure!(
            certificate.is_none_or(|pem| public_key(pem).is_some()),
            "the app's certificate is no PEM certificate or public key of RSA"
        );
        let listener = TcpListener::bind(addr)
            .await
            .with_context(|| format!("cannot listen on {addr}"))?;
        let addr = listener
            .local_addr()
            .context("the listener has no address")?;
        let shared = Arc::new(Shared::new(org, format!("http://{addr}")));
        let stop = CancellationToken::new();
        let service = service(Arc::clone(&shared));
        let server = axum::serve(CuttableListener(listener), service)
            .with_graceful_shutdown(stop.clone().cancelled_owned());
        let task = tokio::spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "the simulator stopped");
            }
        });
        Ok(Self {
            shared,
            addr,
            stop,
            task: Some(task),
        })
    }

    /// The base URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The org, locked for inspection and change.
    #[must_use]
    pub fn org(&self) -> OrgGuard<'_> {
        // A test's change must not be seen by a job that ended before.
        run_due_jobs(&self.shared);
        OrgGuard(
            self.shared
                .org
                .write()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    /// Calls a function with the locked org.
    pub fn with<T>(&self, act: impl FnOnce(&mut Org) -> T) -> T {
        act(&mut self.org())
    }

    /// The fault plan.
    #[must_use]
    pub fn faults(&self) -> &FaultPlan {
        &self.shared.faults
    }

    /// Every request so far, in the order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.shared.log.all()
    }

    /// Calls that counted against the daily limit since the start or the last
    /// [`Simulator::clear_requests`].
    #[must_use]
    pub fn api_calls(&self) -> u64 {
        self.shared.log.fold(0, |sum, record| sum + record.cost)
    }

    /// Token requests and SOAP logins.
    #[must_use]
    pub fn logins(&self) -> u64 {
        self.shared
            .log
            .fold(0, |sum, record| sum + u64::from(record.login))
    }

    /// Clears the request log.
    pub fn clear_requests(&self) {
        self.shared.log.clear();
    }

    /// Returns requests for paths that do not exist.
    #[must_use]
    pub fn unexpected(&self) -> Vec<RequestRecord> {
        self.requests()
            .into_iter()
            .filter(|record| !record.known)
            .collect()
    }

    /// The org's clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// Counts the refresh tokens that were used after another one had replaced them.
    #[must_use]
    pub fn replayed_refresh_tokens(&self) -> u64 {
        self.shared.read().replayed_refresh_tokens()
    }

    /// Counts the approvals that ended because a refresh token or a code was used again.
    #[must_use]
    pub fn lost_token_families(&self) -> u64 {
        self.shared.read().lost_token_families()
    }

    /// Ends every session, as an administrator can.
    pub fn expire_sessions(&self) {
        self.shared.sessions().clear();
    }

    /// Returns the largest number of requests that ran at the same time.
    #[must_use]
    pub fn peak_concurrency(&self) -> usize {
        self.shared.peak_concurrency()
    }

    /// Returns the length of the longest chain of requests, sign-ins included, each of which began
    /// after the one before it had ended. With a latency that is long against the client's own work
    /// it is the number of requests that waited for each other.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.shared.depth()
    }

    /// Stops the server and waits for it.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        let Some(task) = self.task.take() else { return };
        // A client with an unfinished request must not block the shutdown.
        if let Err(error) = tokio::time::timeout(PATIENCE, task).await {
            tracing::debug!(%error, "the server did not end in time");
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
