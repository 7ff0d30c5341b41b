//! Decides which failed requests are retried, how often, and after which wait.
//!
//! Must not know: HTTP requests, tokens, or how to sleep.

use std::time::Duration;

use backon::ExponentialBuilder;

use super::error::{ApiError, Error, ErrorCode};

/// How often and after how long the transport repeats a request. No layer above it repeats what it
/// has given up on, so the waits have to outlast a short disturbance.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Maximum sends of an idempotent request, including the first.
    pub idempotent_attempts: u32,
    /// Maximum sends of any other request. It is sent again only if Salesforce did not execute it.
    pub other_attempts: u32,
    /// First wait. Doubled for each retry, with jitter.
    pub first_wait: Duration,
    /// Maximum wait between two sends.
    pub longest_wait: Duration,
    /// The longest wait that the transport accepts from Salesforce; for a longer one the caller
    /// decides.
    pub longest_retry_after: Duration,
    /// The longest wait after which a caller comes back by itself. An error that asks for a longer
    /// one says so ([`Error::is_wait_too_long`]).
    pub max_retry_after: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            idempotent_attempts: 5,
            other_attempts: 4,
            first_wait: Duration::from_millis(250),
            longest_wait: Duration::from_secs(4),
            longest_retry_after: Duration::from_secs(30),
            max_retry_after: Duration::from_mins(5),
        }
    }
}

/// Why a retry may succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recovery {
    /// After a new sign-in: the session was rejected, and nothing was executed.
    Login,
    /// After a wait: another transaction holds the rows, and Salesforce rolled this one back.
    Contended,
    /// After a wait: there were too many calls or sign-ins, and this one was rejected.
    Throttled,
    /// At once: nothing was sent.
    NotSent,
    /// The request is idempotent, and the failure may be temporary.
    Idempotent,
}

impl Recovery {
    /// `None` if a retry is pointless, or dangerous because the request is not idempotent.
    pub(crate) fn of(error: &Error, idempotent: bool) -> Option<Self> {
        match error {
            Error::Auth(refusal) if refusal.may_pass_soon() => Some(Self::NotSent),
            // The sign-in says when it may be tried again.
            Error::Auth(refusal) if !refusal.is_permanent() => {
                refusal.retry_after().map(|_| Self::Throttled)
            }
            Error::NotSent { source, .. } => {
                (!source.obstacle().is_lasting()).then_some(Self::NotSent)
            }
            Error::Unreadable { flaw, .. } if !flaw.may_pass() => None,
            Error::Lost { .. } | Error::Unreadable { .. } => idempotent.then_some(Self::Idempotent),
            Error::Api { source, .. } => Self::of_answer(source, idempotent),
            _ => None,
        }
    }

    fn of_answer(answer: &ApiError, idempotent: bool) -> Option<Self> {
        if answer.is_session_expired() {
            Some(Self::Login)
        } else if answer.is_daily_limit() {
            None
        } else if answer.has(&ErrorCode::UnableToLockRow) {
            Some(Self::Contended)
        } else if answer.is_throttled() {
            Some(Self::Throttled)
        } else if idempotent && may_pass(answer) {
            Some(Self::Idempotent)
        } else {
            None
        }
    }
}

impl Error {
    /// Whether the same request may succeed later. `idempotent` says whether it may be repeated.
    ///
    /// The transport has already retried; this is for its callers.
    #[must_use]
    pub fn is_transient(&self, idempotent: bool) -> bool {
        !self.is_session_expired() && Recovery::of(self, idempotent).is_some()
    }
}

/// By the code, or by a status that servers and gateways use for a disturbance. A query locator may
/// be lost by one server and known to the next.
fn may_pass(answer: &ApiError) -> bool {
    matches!(answer.status(), 406 | 408 | 500 | 502..=504)
        || answer.codes().any(ErrorCode::is_temporary)
}

/// The retries of one request that are left.
#[derive(Debug)]
pub(crate) struct RetryBudget {
    policy: RetryPolicy,
    idempotent: bool,
    repeats_left: u32,
    just_logged_in: bool,
    is_exhausted: bool,
}

impl RetryBudget {
    pub(crate) fn new(policy: &RetryPolicy, idempotent: bool) -> Self {
        let attempts = if idempotent {
            policy.idempotent_attempts
        } else {
            policy.other_attempts
        };
        Self {
            policy: policy.clone(),
            idempotent,
            repeats_left: attempts.saturating_sub(1),
            just_logged_in: false,
            is_exhausted: false,
        }
    }

    pub(crate) fn backoff(&self) -> ExponentialBuilder {
        ExponentialBuilder::default()
            .with_min_delay(self.policy.first_wait)
            .with_max_delay(self.policy.longest_wait)
            .with_max_times(self.repeats_left.try_into().unwrap_or(usize::MAX))
            .with_jitter()
    }

    /// Whether to send the request again after this failure. A session that is rejected twice in a
    /// row is final.
    pub(crate) fn allows(&mut self, error: &Error) -> bool {
        let Some(recovery) = Recovery::of(error, self.idempotent) else {
            // A login that was turned away would only be turned away again.
            self.is_exhausted = matches!(error, Error::Auth(_));
            return false;
        };
        let asked_too_much = error.retry_after() > Some(self.policy.longest_retry_after);
        let relogin = recovery == Recovery::Login;
        if asked_too_much || (relogin && self.just_logged_in) {
            return false;
        }
        if self.repeats_left == 0 {
            self.is_exhausted = true;
            return false;
        }
        self.repeats_left -= 1;
        self.just_logged_in = relogin;
        true
    }

    /// Whether a failure was final only because no retry was left.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.is_exhausted
    }

    /// Whether Salesforce asks for a longer wait than any caller should sit out.
    pub(crate) fn is_wait_too_long(&self, error: &Error) -> bool {
        error.retry_after() > Some(self.policy.max_retry_after)
    }

    /// No wait after a new sign-in; otherwise Salesforce's `Retry-After` wins over ours.
    pub(crate) fn wait(error: &Error, ours: Option<Duration>) -> Option<Duration> {
        if error.is_session_expired() {
            return ours.map(|_| Duration::ZERO);
        }
        ours.map(|wait| error.retry_after().unwrap_or(wait))
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;
    use crate::salesforce::{
        answer::Head,
        auth::{AuthError, Refusal},
        error::Operation,
    };

    fn answer(status: u16, code: &str, message: &str, retry_after: Option<u64>) -> Error {
        let body = format!(r#"[{{"errorCode":"{code}","message":"{message}"}}]"#);
        let head = Head {
            retry_after: retry_after.map(Duration::from_secs),
            ..Head::from(status)
        };
        let answer = ApiError::new(head, body.as_bytes(), None);
        Error::refused(Operation::new("create User", true), answer)
    }

    #[test_case(401, "INVALID_SESSION_ID", "" => (Some(Recovery::Login), Some(Recovery::Login)))]
    #[test_case(400, "UNABLE_TO_LOCK_ROW", "" => (Some(Recovery::Contended), Some(Recovery::Contended)))]
    #[test_case(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests" => (Some(Recovery::Throttled), Some(Recovery::Throttled)))]
    #[test_case(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests" => (None, None))]
    #[test_case(429, "X", "" => (Some(Recovery::Throttled), Some(Recovery::Throttled)))]
    #[test_case(503, "SERVER_UNAVAILABLE", "" => (None, Some(Recovery::Idempotent)))]
    #[test_case(502, "X", "" => (None, Some(Recovery::Idempotent)))]
    #[test_case(400, "INVALID_QUERY_LOCATOR", "" => (None, Some(Recovery::Idempotent)))]
    #[test_case(400, "MALFORMED_QUERY", "" => (None, None))]
    #[test_case(501, "X", "" => (None, None))]
    #[test_case(400, "UNKNOWN_EXCEPTION", "" => (None, None))]
    #[test_case(500, "UNKNOWN_EXCEPTION", "" => (None, Some(Recovery::Idempotent)))]
    #[test_case(400, "REQUEST_RUNNING_TOO_LONG", "" => (None, Some(Recovery::Idempotent)))]
    fn the_code_decides(
        status: u16,
        code: &str,
        message: &str,
    ) -> (Option<Recovery>, Option<Recovery>) {
        let error = answer(status, code, message, None);
        (Recovery::of(&error, false), Recovery::of(&error, true))
    }

    #[test]
    fn a_sign_in_that_names_its_time_is_waited_for_and_a_refused_one_is_not() {
        let after = |refusal, wait| Error::Auth(AuthError::refused(refusal).after(wait));
        let soon = after(Refusal::RateLimited, Duration::from_secs(15));
        let late = after(Refusal::RateLimited, Duration::from_mins(1));
        let never = after(Refusal::InvalidLogin, Duration::from_secs(1));
        let mut budget = RetryBudget::new(&RetryPolicy::default(), false);
        assert!(budget.allows(&soon) && !budget.allows(&late) && !budget.allows(&never));
        assert_eq!(
            RetryBudget::wait(&soon, Some(Duration::ZERO)),
            Some(Duration::from_secs(15))
        );
        assert!(late.is_throttled() && late.is_transient(false));
    }

    #[test]
    fn retries_end() {
        let policy = RetryPolicy::default();
        let locked = answer(400, "UNABLE_TO_LOCK_ROW", "", None);
        let granted = |idempotent| {
            let mut budget = RetryBudget::new(&policy, idempotent);
            (0..10).filter(|_| budget.allows(&locked)).count()
        };
        assert_eq!((granted(true), granted(false)), (4, 3));
    }

    #[test]
    fn a_session_refused_twice_in_a_row_is_final() {
        let mut budget = RetryBudget::new(&RetryPolicy::default(), true);
        let expired = answer(401, "INVALID_SESSION_ID", "", None);
        let locked = answer(400, "UNABLE_TO_LOCK_ROW", "", None);
        assert!(budget.allows(&expired));
        assert!(budget.allows(&locked));
        assert!(budget.allows(&expired));
        assert!(!budget.allows(&expired));
    }

    #[test]
    fn a_wait_of_salesforces_choosing_comes_first_unless_it_is_too_long() {
        let soon = answer(429, "X", "", Some(3));
        let late = answer(429, "X", "", Some(3_600));
        let mut budget = RetryBudget::new(&RetryPolicy::default(), false);
        assert!(budget.allows(&soon));
        assert!(!budget.allows(&late));
        let ours = Some(Duration::from_millis(5));
        assert_eq!(RetryBudget::wait(&soon, ours), Some(Duration::from_secs(3)));
        assert_eq!(RetryBudget::wait(&soon, None), None);
    }

    #[test_case(503, "SERVER_UNAVAILABLE", true)]
    #[test_case(500, "UNKNOWN_EXCEPTION", true)]
    #[test_case(504, "X", true; "a gateway that did not wait")]
    #[test_case(408, "X", true; "a server that did not wait")]
    #[test_case(501, "X", false; "not implemented")]
    #[test_case(400, "UNABLE_TO_LOCK_ROW", false)]
    #[test_case(400, "UNKNOWN_EXCEPTION", false)]
    #[test_case(400, "SERVER_UNAVAILABLE", false)]
    #[test_case(429, "X", false; "turned away")]
    fn a_write_may_have_run_unless_it_was_refused(status: u16, code: &str, may_have_run: bool) {
        assert_eq!(answer(status, code, "", None).is_ambiguous(), may_have_run);
    }
}
