//! What a redirect says, and whether it belongs to this sign-in.

use std::fmt;

use secrecy::SecretString;
use url::Url;

/// The longest text of an error that is repeated.
const LONGEST_TEXT: usize = 200;

/// The redirect that a sign-in waits for.
#[derive(Clone)]
pub struct Expected {
    redirect_uri: Url,
    state: String,
}

/// What the org has decided.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It issued a code.
    Code(SecretString),
    /// It refused: a code of RFC 6749, and its explanation.
    Denied {
        /// The code, such as `access_denied`.
        error: String,
        /// The explanation; may be empty.
        description: String,
    },
}

/// Why a redirect does not count. The sign-in goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It belongs to another sign-in, or somebody made it up.
    #[error("it belongs to another sign-in, or somebody has made it up: its state is not ours")]
    ForgedState,
    /// It has no state.
    #[error("it has no state, so it is not the answer to this sign-in")]
    MissingState,
    /// It has neither a code nor an error.
    #[error("it has neither a code nor an error")]
    Empty,
    /// A parameter occurs twice.
    #[error("it has the same parameter twice")]
    Ambiguous,
    /// It is an address of another page.
    #[error("it does not begin with the redirect URI of this sign-in")]
    OtherAddress,
}

impl Expected {
    /// Expects a redirect to `redirect_uri` with `state`.
    #[must_use]
    pub fn new(redirect_uri: Url, state: String) -> Self {
        Self {
            redirect_uri,
            state,
        }
    }

    /// The address that the org sends the browser to.
    #[must_use]
    pub fn redirect_uri(&self) -> &Url {
        &self.redirect_uri
    }

    /// Reads the query of a redirect.
    pub(super) fn read(&self, query: &str) -> Result<Outcome, Refused> {
        let parameters = Parameters::read(query)?;
        match &parameters.state {
            None => Err(Refused::MissingState),
            Some(state) if !self.is_state(state) => Err(Refused::ForgedState),
            Some(_) => parameters.outcome(),
        }
    }

    /// Reads a redirect that a person pasted, whose state may have been cut off.
    pub(super) fn read_pasted(&self, query: &str) -> Result<Outcome, Refused> {
        let parameters = Parameters::read(query)?;
        match &parameters.state {
            Some(state) if !self.is_state(state) => Err(Refused::ForgedState),
            _ => parameters.outcome(),
        }
    }

    /// Compares in a time that does not depend on where the texts differ.
    fn is_state(&self, state: &str) -> bool {
        let pairs = self.state.bytes().zip(state.bytes());
        let difference = pairs.fold(0, |all, (one, other)| all | (one ^ other));
        self.state.len() == state.len() && difference == 0
    }
}

impl fmt::Debug for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expected")
            .field("redirect_uri", &self.redirect_uri.as_str())
            .finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Parameters {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
    description: Option<String>,
}

impl Parameters {
    fn read(query: &str) -> Result<Self, Refused> {
        let mut found = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let place = match name.as_ref() {
                "code" => &mut found.code,
                "state" => &mut found.state,
                "error" => &mut found.error,
                "error_description" => &mut found.description,
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return Err(Refused::Ambiguous);
            }
        }
        Ok(found)
    }

    fn outcome(self) -> Result<Outcome, Refused> {
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        if let Some(error) = filled(self.error) {
            return Ok(Outcome::Denied {
                error: printable(&error),
                description: printable(&self.description.unwrap_or_default()),
            });
        }
        match filled(self.code) {
            Some(code) => Ok(Outcome::Code(code.into())),
            None => Err(Refused::Empty),
        }
    }
}

/// A text from outside, which must not control the terminal.
fn printable(text: &str) -> String {
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    clean.take(LONGEST_TEXT).collect()
}
