//! State shared by all requests of a simulator.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use jiff::Timestamp;

use super::descriptions::Descriptions;
use super::locators::Locators;
use super::session::Sessions;
use crate::clock::Clock;
use crate::fault::FaultPlan;
use crate::log::RequestLog;
use crate::org::Org;

/// State shared by all requests.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) org: RwLock<Org>,
    pub(crate) faults: FaultPlan,
    pub(crate) log: RequestLog,
    pub(crate) clock: Clock,
    pub(crate) base: String,
    sessions: Mutex<Sessions>,
    locators: Mutex<Locators>,
    descriptions: Mutex<Descriptions>,
    pub(super) started: Timestamp,
    in_progress: AtomicUsize,
    peak: AtomicUsize,
    /// The longest chain of requests that have ended, each of which began after another one ended.
    depth: AtomicUsize,
    pub(super) used: AtomicUsize,
    /// Held exclusively by composite requests, whose parts must not interleave with other writes.
    pub(super) gate: RwLock<()>,
}

impl Shared {
    pub(crate) fn new(org: Org, base: String) -> Self {
        Self {
            clock: org.clock().clone(),
            started: org.clock().now(),
            org: RwLock::new(org),
            faults: FaultPlan::default(),
            log: RequestLog::default(),
            base,
            sessions: Mutex::default(),
            locators: Mutex::default(),
            descriptions: Mutex::default(),
            in_progress: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            depth: AtomicUsize::new(0),
            used: AtomicUsize::new(0),
            gate: RwLock::new(()),
        }
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Org> {
        self.org.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Org> {
        self.org.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn locators(&self) -> MutexGuard<'_, Locators> {
        self.locators.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn descriptions(&self) -> MutexGuard<'_, Descriptions> {
        self.descriptions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the user of a valid session, if the user can still sign in.
    pub(super) fn session_user(&self, token: &str) -> Option<String> {
        let org = self.read();
        let lifetime = org.settings.session_lifetime;
        let mut sessions = self.sessions();
        let session = sessions.touch(token, self.clock.now(), lifetime)?;
        let user_id = session.user_id.clone();
        if session
            .family
            .is_some_and(|family| org.family(family).is_none())
        {
            sessions.kill(token);
            return None;
        }
        if org.may_sign_in(&user_id) {
            return Some(user_id);
        }
        sessions.kill_user(&user_id);
        None
    }

    /// Returns the API calls of the day so far.
    pub(super) fn calls_used(&self, org: &Org) -> u64 {
        let here = u64::try_from(self.used.load(Ordering::SeqCst)).unwrap_or(u64::MAX);
        org.settings.used_before.saturating_add(here)
    }

    pub(crate) fn peak_concurrency(&self) -> usize {
        self.peak.load(Ordering::SeqCst)
    }

    pub(crate) fn depth(&self) -> usize {
        self.depth.load(Ordering::SeqCst)
    }

    /// Counts a request as running until the returned guard is dropped.
    pub(super) fn enter(self: &Arc<Self>) -> InProgress {
        let now = self.in_progress.fetch_add(1, Ordering::SeqCst) + 1;
        self.peak.fetch_max(now, Ordering::SeqCst);
        InProgress {
            shared: Arc::clone(self),
            count: now,
            depth: self.depth() + 1,
        }
    }
}

/// A running request.
pub(super) struct InProgress {
    shared: Arc<Shared>,
    /// Number of running requests when it arrived, including itself.
    pub(super) count: usize,
    /// The length of the longest chain that ends with it.
    depth: usize,
}

impl Drop for InProgress {
    fn drop(&mut self) {
        self.shared.depth.fetch_max(self.depth, Ordering::SeqCst);
        self.shared.in_progress.fetch_sub(1, Ordering::SeqCst);
    }
}
