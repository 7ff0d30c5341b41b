//! Typed positions in opaque page tokens.
//!
//! A token is `v1.` and the URL-safe base64 of JSON. It holds everything that the listing needs to
//! continue, so a sync can resume in another process days later. It never contains a query: at worst,
//! a forged token names another position.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Serialize, de::DeserializeOwned};

use super::{Error, PageToken, Result};

const VERSION: &str = "v1.";
/// Maximum length of our tokens. A longer token is not ours.
const MAX_OURS: usize = 64 * 1024;

/// Converts a position of type `T` to a page token and back.
pub trait Cursor: Serialize + DeserializeOwned {
    /// Encodes the position.
    fn to_token(&self) -> Result<PageToken> {
        let json = serde_json::to_vec(self)
            .map_err(|error| Error::internal("writing a page token").because(error))?;
        PageToken::new(format!("{VERSION}{}", URL_SAFE_NO_PAD.encode(json)))?
            .ok_or_else(|| Error::internal("wrote an empty page token"))
    }

    /// Decodes the position. A token of another listing is an error.
    fn from_token(token: &PageToken) -> Result<Self> {
        let refuse = || {
            Error::invalid(
                "page_token is not one of this connector's for this listing; start the listing \
                 again without it",
            )
        };
        let text = token.as_str();
        if text.len() > MAX_OURS {
            return Err(refuse());
        }
        let body = text.strip_prefix(VERSION).ok_or_else(refuse)?;
        let json = URL_SAFE_NO_PAD.decode(body).map_err(|_| refuse())?;
        serde_json::from_slice(&json).map_err(|_| refuse())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use serde::Deserialize;
    use test_case::test_case;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Position {
        last: String,
    }
    impl Cursor for Position {}

    #[test]
    fn a_position_survives_the_round_trip() {
        let position = Position {
            last: "005é".into(),
        };
        assert_eq!(
            Position::from_token(&position.to_token().unwrap()).unwrap(),
            position
        );
    }

    #[test_case("SELECT Id FROM Account"; "a query")]
    #[test_case("/services/data/v54.0/query/01g-2000"; "a locator of the incumbent")]
    #[test_case("v1."; "nothing")]
    #[test_case("v1.e30"; "another position")]
    #[test_case("v2.eyJsYXN0IjoiMDA1In0"; "another version")]
    fn a_foreign_token_is_refused(token: &str) {
        let token = PageToken::new(token).unwrap().unwrap();
        assert!(Position::from_token(&token).is_err());
    }
}
