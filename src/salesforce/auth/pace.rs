//! When the next sign-in may be sent.
//!
//! Salesforce allows about 3,600 sign-ins of a user in an hour, and then refuses all of them. Two
//! things lead there: signing in again at once after `login rate exceeded`, and an org that ends
//! each session soon after it began. In both cases the next sign-in waits, longer each time, and
//! calls get the reason with the time that is left.
//! Must not know: how to sign in.

use std::time::Duration;

use tokio::time::Instant;

use super::{AccessToken, AuthError, Refusal};

/// A session that ends sooner was ended by something else than its timeout, which Salesforce counts
/// from the last call and which is at least 15 minutes long.
const SHORT: Duration = Duration::from_mins(1);
/// Short sessions in a row after which the next sign-in waits.
const MOST: u32 = 10;
/// What a session counts that was refused at its first call: two of them are enough.
const USELESS: u32 = 5;
/// The first wait. It doubles each time.
const FIRST_WAIT: Duration = Duration::from_secs(15);
const LONGEST_WAIT: Duration = Duration::from_mins(15);

/// The last sign-ins, as far as they decide when the next one may be sent.
#[derive(Debug, Default)]
pub(super) struct Pace {
    began: Option<Instant>,
    short_sessions: u32,
    holds: u32,
    rejections: u32,
    hold: Option<(Instant, Refusal)>,
}

impl Pace {
    /// Why no sign-in may be sent now, with the time that is left.
    pub(super) fn held(&self) -> Option<AuthError> {
        let (until, refusal) = self.hold?;
        let left = until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then(|| AuthError::refused(refusal).after(left))
    }

    /// Notes the result of a sign-in. A rejection for the rate gets a wait if Salesforce named none.
    pub(super) fn note(
        &mut self,
        fetched: Result<AccessToken, AuthError>,
    ) -> Result<AccessToken, AuthError> {
        match fetched {
            Ok(token) => {
                self.began = Some(Instant::now());
                self.rejections = 0;
                self.hold = None;
                Ok(token)
            }
            Err(error) if error.refusal() == Refusal::RateLimited => {
                let wait = error.retry_after().unwrap_or(wait(self.rejections));
                self.rejections += 1;
                self.hold(wait, Refusal::RateLimited);
                Err(error.after(wait))
            }
            Err(error) => Err(error),
        }
    }

    /// Notes that Salesforce refuses the session of the last sign-in.
    pub(super) fn ended(&mut self, was_useful: bool) {
        let lived = self.began.take().map(|began| began.elapsed());
        if lived.is_none_or(|lived| lived >= SHORT) {
            (self.short_sessions, self.holds) = (0, 0);
            return;
        }
        self.short_sessions += if was_useful { 1 } else { USELESS };
        if self.short_sessions >= MOST {
            self.hold(wait(self.holds), Refusal::SessionsEnd);
            self.holds += 1;
        }
    }

    fn hold(&mut self, wait: Duration, refusal: Refusal) {
        self.hold = Some((Instant::now() + wait, refusal));
    }
}

fn wait(before: u32) -> Duration {
    let doubled = 2_u32.checked_pow(before).unwrap_or(u32::MAX);
    FIRST_WAIT.saturating_mul(doubled).min(LONGEST_WAIT)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn token() -> AccessToken {
        let url = url::Url::parse("https://acme.my.salesforce.com").unwrap();
        AccessToken::new("t".into(), url)
    }

    fn left(pace: &Pace) -> Option<(Refusal, u64)> {
        let error = pace.held()?;
        Some((error.refusal(), error.retry_after()?.as_secs()))
    }

    #[tokio::test(start_paused = true)]
    async fn a_rejection_without_a_time_gets_one_that_grows_until_a_session_begins() {
        let mut pace = Pace::default();
        let rejected = || Err(AuthError::refused(Refusal::RateLimited));
        for seconds in [15, 30, 60, 120, 240, 480, 900, 900] {
            let error = pace.note(rejected()).unwrap_err();
            assert_eq!(error.retry_after(), Some(Duration::from_secs(seconds)));
            assert_eq!(left(&pace), Some((Refusal::RateLimited, seconds)));
            tokio::time::advance(Duration::from_secs(seconds)).await;
            assert_eq!(left(&pace), None);
        }
        pace.note(Ok(token())).unwrap();
        let error = pace.note(rejected()).unwrap_err();
        assert_eq!(error.retry_after(), Some(FIRST_WAIT));
    }

    #[tokio::test(start_paused = true)]
    async fn a_time_of_salesforces_choosing_is_kept() {
        let mut pace = Pace::default();
        let asked = AuthError::refused(Refusal::RateLimited).after(Duration::from_hours(1));
        pace.note(Err(asked)).unwrap_err();
        tokio::time::advance(Duration::from_secs(3_590)).await;
        assert_eq!(left(&pace), Some((Refusal::RateLimited, 10)));
    }

    #[tokio::test(start_paused = true)]
    async fn sessions_that_end_at_once_hold_up_the_next_sign_in() {
        let mut pace = Pace::default();
        for held in [None, Some(15), Some(30), Some(60)] {
            pace.note(Ok(token())).unwrap();
            pace.ended(false);
            assert_eq!(left(&pace).map(|(_, seconds)| seconds), held);
            tokio::time::advance(Duration::from_mins(5)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn useful_sessions_may_be_short_nine_times_in_a_row() {
        let mut pace = Pace::default();
        for number in 1..=10 {
            pace.note(Ok(token())).unwrap();
            tokio::time::advance(Duration::from_secs(1)).await;
            pace.ended(true);
            assert_eq!(left(&pace).is_some(), number == 10);
        }
        assert_eq!(left(&pace), Some((Refusal::SessionsEnd, 15)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_that_lives_begins_a_new_count() {
        let mut pace = Pace::default();
        for lives in [1, 1, 1, 1, 1, 1, 1, 1, 1, 60, 1, 1, 1] {
            pace.note(Ok(token())).unwrap();
            tokio::time::advance(Duration::from_secs(lives)).await;
            pace.ended(true);
            assert_eq!(left(&pace), None);
        }
    }
}
