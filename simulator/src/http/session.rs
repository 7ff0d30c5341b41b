//! Sessions, authorization codes and counts of wrong passwords.

use std::collections::HashMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// Lifetime of an authorization code.
const CODE_LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// Sessions and sign-in attempts.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    tokens: HashMap<String, Session>,
    /// Scopes of approvals, by refresh token.
    scopes: HashMap<String, String>,
    codes: HashMap<String, Code>,
    wrong_passwords: HashMap<String, u32>,
}

/// A session of a user.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) user_id: String,
    pub(crate) scope: String,
    /// Refresh token of the approval that the session belongs to.
    pub(crate) approval: Option<String>,
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
            approval: None,
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

/// An authorization code and the request it was issued for.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: Option<String>,
    pub(crate) scope: String,
    pub(crate) user_id: String,
    pub(crate) issued: Timestamp,
}

impl Code {
    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        now.duration_since(self.issued) > CODE_LIFETIME
    }
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
        if self.tokens.get(token)?.is_idle(now, lifetime) {
            self.tokens.remove(token);
        }
        let session = self.tokens.get_mut(token)?;
        session.last_used = now;
        (!session.restricted).then_some(session)
    }

    /// Returns a session that has not expired, without extending it.
    pub(crate) fn peek(&self, token: &str, now: Timestamp, lifetime: Duration) -> Option<&Session> {
        let session = self.tokens.get(token)?;
        (!session.is_idle(now, lifetime)).then_some(session)
    }

    /// Ends every session of an approval.
    pub(crate) fn kill_approval(&mut self, refresh_token: &str) {
        self.tokens
            .retain(|_, session| session.approval.as_deref() != Some(refresh_token));
        self.scopes.remove(refresh_token);
    }

    /// Moves an approval to another refresh token.
    pub(crate) fn rotate_approval(&mut self, old: &str, new: &str) {
        for session in self.tokens.values_mut() {
            if session.approval.as_deref() == Some(old) {
                session.approval = Some(new.to_owned());
            }
        }
        if let Some(scope) = self.scopes.remove(old) {
            self.scopes.insert(new.to_owned(), scope);
        }
    }

    /// Stores the scope of an approval.
    pub(crate) fn approve(&mut self, refresh_token: &str, scope: &str) {
        let scope = scope.to_owned();
        self.scopes.insert(refresh_token.to_owned(), scope);
    }

    /// Returns the scope of an approval.
    pub(crate) fn approved_scope(&self, refresh_token: &str) -> Option<&str> {
        self.scopes.get(refresh_token).map(String::as_str)
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

    /// Stores an authorization code and returns it.
    pub(crate) fn issue_code(&mut self, code: Code) -> String {
        // Like real codes, it ends in characters that need URL encoding.
        let text = format!("aPrx{}==", opaque());
        self.codes.insert(text.clone(), code);
        text
    }

    /// Removes an authorization code; each can be used once.
    pub(crate) fn take_code(&mut self, text: &str) -> Option<Code> {
        self.codes.remove(text)
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
