//! Sessions, authorization codes and wrong-password counts: what signing in leaves behind.

use std::collections::HashMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// How long an authorization code can be exchanged.
const CODE_LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// Who is signed in, and what is known about attempts.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    tokens: HashMap<String, Session>,
    codes: HashMap<String, Code>,
    wrong_passwords: HashMap<String, u32>,
}

#[derive(Debug)]
struct Session {
    user_id: String,
    last_used: Timestamp,
    restricted: bool,
}

/// An authorization code and what it was issued for.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: Option<String>,
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
    pub(crate) fn open(&mut self, org_id: &str, user_id: &str, now: Timestamp) -> String {
        self.insert(org_id, user_id, now, false)
    }

    /// Opens a session that may do nothing but change the password.
    pub(crate) fn open_restricted(&mut self, org_id: &str, user: &str, now: Timestamp) -> String {
        self.insert(org_id, user, now, true)
    }

    fn insert(&mut self, org_id: &str, user: &str, now: Timestamp, restricted: bool) -> String {
        let org = org_id.get(..15).unwrap_or(org_id);
        let token = format!("{org}!AQ4AQ{}.{}", opaque(), opaque());
        let session = Session {
            user_id: user.to_owned(),
            last_used: now,
            restricted,
        };
        self.tokens.insert(token.clone(), session);
        token
    }

    /// The user of a living session; using a session keeps it alive.
    pub(crate) fn touch(
        &mut self,
        token: &str,
        now: Timestamp,
        lifetime: Duration,
    ) -> Option<String> {
        let lifetime = SignedDuration::try_from(lifetime).unwrap_or(SignedDuration::MAX);
        let session = self.tokens.get_mut(token)?;
        if now.duration_since(session.last_used) > lifetime {
            self.tokens.remove(token);
            return None;
        }
        session.last_used = now;
        (!session.restricted).then(|| session.user_id.clone())
    }

    /// Ends a session; says whether there was one.
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

    /// Remembers an authorization code and returns it.
    pub(crate) fn issue_code(&mut self, code: Code) -> String {
        // The two signs at the end must survive one round of URL encoding at the client.
        let text = format!("aPrx{}==", opaque());
        self.codes.insert(text.clone(), code);
        text
    }

    /// Takes an authorization code: each is good once.
    pub(crate) fn take_code(&mut self, text: &str) -> Option<Code> {
        self.codes.remove(text)
    }

    /// Counts a wrong password; says how many there were in a row.
    pub(crate) fn count_wrong_password(&mut self, username: &str) -> u32 {
        let count = self
            .wrong_passwords
            .entry(username.to_lowercase())
            .or_default();
        *count += 1;
        *count
    }

    /// Wrong passwords in a row so far.
    pub(crate) fn wrong_passwords(&self, username: &str) -> u32 {
        self.wrong_passwords
            .get(&username.to_lowercase())
            .copied()
            .unwrap_or(0)
    }

    /// Forgets wrong passwords after a right one.
    pub(crate) fn forgive(&mut self, username: &str) {
        self.wrong_passwords.remove(&username.to_lowercase());
    }
}

/// A piece of text that nobody can guess or read.
pub(crate) fn opaque() -> String {
    Uuid::new_v4().simple().to_string()
}
