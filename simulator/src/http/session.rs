//! Sessions and counts of wrong passwords.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::code::Codes;
use crate::org::FamilyId;

/// Sessions and sign-in attempts.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    tokens: HashMap<String, Session>,
    pub(crate) codes: Codes,
    wrong_passwords: HashMap<String, u32>,
    /// Times of sign-ins within the last hour, by user.
    logins: HashMap<String, VecDeque<Timestamp>>,
}

/// A session of a user.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) user_id: String,
    pub(crate) scope: String,
    /// The approval that the session belongs to, and ends with.
    pub(crate) family: Option<FamilyId>,
    /// The authorization code that it was opened with.
    pub(crate) code: Option<String>,
    /// Whether it can only be used to change the password.
    pub(crate) restricted: bool,
    opened: Timestamp,
    last_used: Timestamp,
}

impl Session {
    /// Returns a session that belongs to no approval.
    pub(crate) fn new(user_id: String, scope: &str, now: Timestamp) -> Self {
        Self {
            user_id,
            scope: scope.to_owned(),
            family: None,
            code: None,
            restricted: false,
            opened: now,
            last_used: now,
        }
    }

    /// Returns when it was opened and when it expires if it is not used.
    pub(crate) fn life(&self, lifetime: Duration) -> (Timestamp, Timestamp) {
        let end = self.last_used.checked_add(signed(lifetime));
        (self.opened, end.unwrap_or(Timestamp::MAX))
    }

    fn is_idle(&self, now: Timestamp, lifetime: Duration) -> bool {
        now.duration_since(self.last_used) > signed(lifetime)
    }
}

fn signed(lifetime: Duration) -> SignedDuration {
    SignedDuration::try_from(lifetime).unwrap_or(SignedDuration::MAX)
}

impl Sessions {
    /// Opens a session and returns its token, which starts with the 15-character org id.
    pub(crate) fn open(&mut self, org_id: &str, session: Session) -> String {
        let org = org_id.get(..15).unwrap_or(org_id);
        let token = format!("{org}!AQ4AQ{}.{}", opaque(), opaque());
        self.tokens.insert(token.clone(), session);
        token
    }

    /// Returns a session that has not expired, and extends it.
    pub(crate) fn touch(
        &mut self,
        token: &str,
        now: Timestamp,
        lifetime: Duration,
    ) -> Option<&Session> {
        if self.peek(token, now, lifetime).is_none() {
            self.tokens.remove(token);
        }
        let session = self.tokens.get_mut(token)?;
        session.last_used = now;
        (!session.restricted).then_some(session)
    }

    /// Returns a session that has not expired, without extending it.
    pub(crate) fn peek(&self, token: &str, now: Timestamp, lifetime: Duration) -> Option<&Session> {
        let session = self.tokens.get(token)?;
        let code = session.code.as_deref();
        let void = code.is_some_and(|code| self.codes.is_void(code));
        (!void && !session.is_idle(now, lifetime)).then_some(session)
    }

    /// Ends a session. Returns whether it existed.
    pub(crate) fn kill(&mut self, token: &str) -> bool {
        self.tokens.remove(token).is_some()
    }

    /// Ends every session of a user.
    pub(crate) fn kill_user(&mut self, user_id: &str) {
        self.tokens.retain(|_, session| session.user_id != user_id);
    }

    /// Ends every session.
    pub(crate) fn clear(&mut self) {
        self.tokens.clear();
    }

    /// Counts a sign-in. Returns how many there were within an hour.
    pub(crate) fn count_login(&mut self, user_id: &str, now: Timestamp) -> usize {
        let times = self.logins.entry(user_id.to_owned()).or_default();
        let hour = SignedDuration::from_hours(1);
        while times
            .front()
            .is_some_and(|at| now.duration_since(*at) > hour)
        {
            times.pop_front();
        }
        times.push_back(now);
        times.len()
    }

    /// Counts a wrong password. Returns how many there were in a row.
    pub(crate) fn count_wrong_password(&mut self, username: &str) -> u32 {
        let count = self
            .wrong_passwords
            .entry(username.to_lowercase())
            .or_default();
        *count += 1;
        *count
    }

    /// Returns the number of wrong passwords in a row.
    pub(crate) fn wrong_passwords(&self, username: &str) -> u32 {
        self.wrong_passwords
            .get(&username.to_lowercase())
            .copied()
            .unwrap_or(0)
    }

    /// Resets the count after a correct password.
    pub(crate) fn forgive(&mut self, username: &str) {
        self.wrong_passwords.remove(&username.to_lowercase());
    }
}

/// Returns a random string.
pub(crate) fn opaque() -> String {
    Uuid::new_v4().simple().to_string()
}
