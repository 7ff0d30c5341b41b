//! Texts that the protocol limits in bytes.

/// The longest display name, in bytes.
pub const DISPLAY_NAME: usize = 1024;
/// The longest description of a resource or an entitlement.
pub const DESCRIPTION: usize = 2048;
/// The longest description of a resource type.
pub const TYPE_DESCRIPTION: usize = 4096;
/// The longest explanation of a status.
pub const STATUS_DETAILS: usize = 1024;

/// The longest description of a reason for a risk.
pub const RISK_FACTOR: usize = 4096;

/// As much of `text` as fits into `limit` bytes without breaking a character.
#[must_use]
pub fn cut(text: impl Into<String>, limit: usize) -> String {
    let mut text = text.into();
    text.truncate(text.floor_char_boundary(limit));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test_case("short", 10 => "short")]
    #[test_case("exactly", 7 => "exactly")]
    #[test_case("Läst", 2 => "L"; "a character is not broken")]
    #[test_case("", 4 => "")]
    fn a_text_is_cut_between_characters(text: &str, limit: usize) -> String {
        cut(text, limit)
    }
}
