//! Salesforce record ids: 15 characters of base 62, shown with a 3-character checksum.
//!
//! Ids compare in the org's collation, which is NOT ASCII: digits first, then the letters in
//! dictionary order with each lower-case letter before its capital (`0…9 a A b B … z Z`). A client
//! that compares ids byte by byte gets a different order than the server.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// Number of characters without the checksum.
const LENGTH: usize = 15;
/// The checksum alphabet; its first 32 symbols stand for the 5-bit numbers 0 to 31.
const CHECKSUM: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
/// Digits for counting generated ids. Deliberately not in the order of the collation: ids are not
/// sorted by creation time, as in a real org.
const COUNTING: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The instance part of every generated id (the production samples carry two or three such
/// characters after the key prefix).
const POD: &[u8; 3] = b"Hp0";

/// A record id. Holds collation ranks, so that the derived order is the server's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id([u8; LENGTH]);

/// The text is not an id: wrong length, or a character outside base 62.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed id")]
pub struct InvalidId;

impl Id {
    /// The smallest id: `000000000000000AAA`, which Salesforce uses for "no record".
    pub const ZERO: Self = Self([0; LENGTH]);

    /// Reads a 15- or 18-character id. A wrong checksum is tolerated, as Salesforce's own samples
    /// have wrong ones.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let bytes = text.as_bytes();
        if bytes.len() != LENGTH && bytes.len() != LENGTH + 3 {
            return Err(InvalidId);
        }
        let mut ranks = [0; LENGTH];
        for (rank, byte) in ranks.iter_mut().zip(bytes) {
            *rank = rank_of(*byte).ok_or(InvalidId)?;
        }
        if bytes.iter().all(u8::is_ascii_alphanumeric) {
            Ok(Self(ranks))
        } else {
            Err(InvalidId)
        }
    }

    /// The `counter`-th id with this key prefix, in this simulator's instance.
    #[must_use]
    pub fn generate(prefix: KeyPrefix, counter: u64) -> Self {
        let mut text = [b'0'; LENGTH];
        for (slot, byte) in text.iter_mut().zip(prefix.0.iter().chain(POD)) {
            *slot = *byte;
        }
        let mut rest = counter;
        for slot in text.iter_mut().skip(prefix.0.len() + POD.len()).rev() {
            let digit = usize::try_from(rest % 62).unwrap_or(0);
            *slot = COUNTING.get(digit).copied().unwrap_or(b'0');
            rest /= 62;
        }
        Self(text.map(|byte| rank_of(byte).unwrap_or(0)))
    }

    /// Returns the first three characters, which usually identify the object.
    #[must_use]
    pub fn prefix(self) -> KeyPrefix {
        let [a, b, c, ..] = self.0.map(byte_of);
        KeyPrefix([a, b, c])
    }

    /// The form that old clients send: 15 characters, case-sensitive.
    #[must_use]
    pub fn short(self) -> String {
        self.0
            .iter()
            .map(|rank| char::from(byte_of(*rank)))
            .collect()
    }

    /// All 18 ASCII characters, without an allocation.
    #[must_use]
    pub fn encode(self) -> [u8; 18] {
        let mut text = [b'A'; LENGTH + 3];
        for (slot, rank) in text.iter_mut().zip(self.0) {
            *slot = byte_of(rank);
        }
        for (group, chunk) in self.0.chunks(5).enumerate() {
            let bits = chunk
                .iter()
                .enumerate()
                .filter(|(_, rank)| byte_of(**rank).is_ascii_uppercase())
                .fold(0usize, |bits, (i, _)| bits | (1 << i));
            if let (Some(slot), Some(symbol)) = (text.get_mut(LENGTH + group), CHECKSUM.get(bits)) {
                *slot = *symbol;
            }
        }
        text
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.encode()).unwrap_or_default())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({self})")
    }
}

impl FromStr for Id {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        Self::parse(text)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.encode()).unwrap_or_default())
    }
}

/// Three characters that begin every id of an object, such as `005` for a user.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyPrefix([u8; 3]);

impl KeyPrefix {
    /// Reads exactly three base-62 characters.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        match text.as_bytes() {
            [a, b, c] if text.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                Ok(Self([*a, *b, *c]))
            }
            _ => Err(InvalidId),
        }
    }

    /// The three characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for KeyPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn rank_of(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'z' => Some(10 + 2 * (byte - b'a')),
        b'A'..=b'Z' => Some(11 + 2 * (byte - b'A')),
        _ => None,
    }
}

fn byte_of(rank: u8) -> u8 {
    match rank {
        0..=9 => b'0' + rank,
        _ if rank.is_multiple_of(2) => b'a' + (rank - 10) / 2,
        _ => b'A' + (rank - 11) / 2,
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("001D000000INjVe", "IAL")]
    #[test_case("005D0000001KyEI", "IA0")]
    #[test_case("001D000000IqhSL", "IAZ")]
    #[test_case("02uD0000000GIiM", "IAW")]
    #[test_case("001D000000IRFma", "IAH")]
    #[test_case("0PS3h000001Xik5", "GAC")]
    fn the_checksum_is_the_published_one(short: &str, checksum: &str) -> Result<(), InvalidId> {
        let id = Id::parse(short)?;
        assert_eq!(id.to_string(), format!("{short}{checksum}"));
        assert_eq!(id.short(), short);
        assert_eq!(Id::parse(&id.to_string())?, id);
        Ok(())
    }

    #[test_case(""; "nothing")]
    #[test_case("001D000000INjV"; "fourteen characters")]
    #[test_case("001D000000INjVeIA"; "seventeen characters")]
    #[test_case("001D000000INjV-"; "a character outside base 62")]
    #[test_case("001D000000INjVe'''"; "a quote in the checksum")]
    #[test_case("001D000000INjé"; "a character of two bytes")]
    fn what_is_no_id_is_refused(text: &str) {
        assert_eq!(Id::parse(text), Err(InvalidId));
    }

    #[test]
    fn the_collation_puts_each_small_letter_before_its_capital() -> Result<(), InvalidId> {
        let ids: Vec<_> = ["0", "9", "a", "A", "b", "B", "z", "Z"]
            .iter()
            .map(|last| Id::parse(&format!("005Hp000000000{last}")))
            .collect::<Result<_, _>>()?;
        assert!(ids.is_sorted());
        Ok(())
    }

    #[test]
    fn generated_ids_carry_prefix_instance_and_counter() -> Result<(), InvalidId> {
        let id = Id::generate(KeyPrefix::parse("005")?, 61 + 62);
        assert_eq!(id.short(), "005Hp000000001z");
        assert_eq!(id.prefix().as_str(), "005");
        Ok(())
    }
}
