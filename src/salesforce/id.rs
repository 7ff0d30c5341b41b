//! Record ids: 15 case-sensitive characters, or 18 with a checksum of their case.
//!
//! Must not know: which object an id belongs to (key prefixes are shared between objects), nor how
//! Salesforce orders ids: its collation is not the order of bytes, so `Ord` is left out on purpose.

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const BARE: usize = 15;
const CHECKED: usize = 18;
const CHUNK: usize = 5;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/// The id of one record, 18 characters in text.
///
/// What the org sends is kept as it spells it: its last three characters are not recomputed. Two
/// ids are equal when their first fifteen characters are.
#[derive(Clone, Copy)]
pub struct SalesforceId([u8; CHECKED]);

impl PartialEq for SalesforceId {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for SalesforceId {}

impl Hash for SalesforceId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

/// Why a text is no record id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MalformedId {
    /// Neither 15 nor 18 characters.
    #[error("a Salesforce id has 15 or 18 characters, not {0}")]
    Length(usize),
    /// A character that is neither a letter nor a digit.
    #[error("a Salesforce id has only letters and digits")]
    Character,
    /// The last three characters do not fit the first fifteen.
    #[error("the checksum of the Salesforce id is wrong: its upper or lower case was changed")]
    Checksum,
}

impl SalesforceId {
    /// An id that no record has.
    pub const ZERO: Self = Self(*b"000000000000000AAA");

    /// The 18 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // They are letters and digits.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The three characters that hint at the object (`005` for users); not unique to one object.
    #[must_use]
    pub fn key_prefix(&self) -> &str {
        self.as_str().get(..3).unwrap_or_default()
    }

    /// The 15 case-sensitive characters as bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 15] {
        let [bare @ .., _, _, _] = &self.0;
        bare
    }

    /// Compares bytes, for sorted vectors of our own; *not* the order of `ORDER BY Id`.
    #[must_use]
    pub fn cmp_bytes(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }

    /// Reads an id without holding it to its checksum: for what the org itself sent, also when it
    /// comes back by way of a host.
    pub fn read(text: &str) -> Result<Self, MalformedId> {
        let length = text.chars().count();
        if length != BARE && length != CHECKED {
            return Err(MalformedId::Length(length));
        }
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(MalformedId::Character);
        }
        match text.as_bytes().try_into() {
            Ok(id) => Ok(Self(id)),
            Err(_) => match text.as_bytes().try_into() {
                Ok(bare) => Ok(Self::with_checksum(bare)),
                Err(_) => Err(MalformedId::Length(length)),
            },
        }
    }

    fn with_checksum(bare: &[u8; BARE]) -> Self {
        let mut id = [0; CHECKED];
        let (start, sum) = id.split_at_mut(BARE);
        start.copy_from_slice(bare);
        for (letter, chunk) in sum.iter_mut().zip(bare.chunks(CHUNK)) {
            let upper = chunk
                .iter()
                .enumerate()
                .filter(|(_, byte)| byte.is_ascii_uppercase());
            let index = upper.fold(0_usize, |bits, (position, _)| bits | (1 << position));
            *letter = ALPHABET.get(index).copied().unwrap_or_default();
        }
        Self(id)
    }
}

impl FromStr for SalesforceId {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let id = Self::read(text)?;
        let right = Self::with_checksum(id.as_bytes());
        if !id.0.eq_ignore_ascii_case(&right.0) {
            return Err(MalformedId::Checksum);
        }
        Ok(right)
    }
}

impl TryFrom<&str> for SalesforceId {
    type Error = MalformedId;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for SalesforceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for SalesforceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for SalesforceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for SalesforceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = SalesforceId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a Salesforce id")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                SalesforceId::read(text).map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use proptest::prelude::*;
    use test_case::test_case;

    use super::*;

    #[test_case("001D000000INjVe", "IAL")]
    #[test_case("005D0000001KyEI", "IA0")]
    #[test_case("001D000000IqhSL", "IAZ")]
    #[test_case("02uD0000000GIiM", "IAW")]
    #[test_case("001D000000IRFma", "IAH")]
    #[test_case("0PS3h000001Xik5", "GAC")]
    fn published_pairs_of_id_and_checksum_match(bare: &str, checksum: &str) {
        let id: SalesforceId = bare.parse().unwrap();
        assert_eq!(id.to_string(), format!("{bare}{checksum}"));
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test_case("", MalformedId::Length(0); "empty")]
    #[test_case("001D000000INjV", MalformedId::Length(14); "short")]
    #[test_case("001D000000INjVeIALx", MalformedId::Length(19); "long")]
    #[test_case("001D000000INjV'", MalformedId::Character; "quote")]
    #[test_case("001D000000INjVé", MalformedId::Character; "not ascii")]
    #[test_case("001d000000INjVeIAL", MalformedId::Checksum; "case changed")]
    fn a_text_that_is_no_id_is_refused(text: &str, reason: MalformedId) {
        assert_eq!(text.parse::<SalesforceId>(), Err(reason));
    }

    #[test]
    fn the_key_prefix_is_the_first_three_characters() {
        let id: SalesforceId = "005D0000001KyEIIA0".parse().unwrap();
        assert_eq!(id.key_prefix(), "005");
    }

    #[test]
    fn json_reads_both_lengths_and_writes_the_long_one() {
        let id: SalesforceId = serde_json::from_str(r#""001D000000INjVe""#).unwrap();
        assert_eq!(
            serde_json::to_string(&id).unwrap(),
            r#""001D000000INjVeIAL""#
        );
        assert!(serde_json::from_str::<SalesforceId>(r#""jane@acme.example""#).is_err());
    }

    proptest! {
        #[test]
        fn any_bare_id_survives_the_long_form(text in "[0-9A-Za-z]{15}") {
            let id: SalesforceId = text.parse().unwrap();
            prop_assert_eq!(id.to_string().parse::<SalesforceId>().unwrap(), id);
            prop_assert!(id.to_string().starts_with(&text));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,24}") {
            let _ = text.parse::<SalesforceId>();
        }
    }
}
