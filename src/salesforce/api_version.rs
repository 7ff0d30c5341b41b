//! Versions of Salesforce's API.

use std::{fmt, str::FromStr};

/// A version of Salesforce's API, such as 63.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion(u16);

impl ApiVersion {
    /// The version with this major number.
    #[must_use]
    pub const fn new(major: u16) -> Self {
        Self(major)
    }

    /// The major number.
    #[must_use]
    pub const fn major(self) -> u16 {
        self.0
    }
}

impl Default for ApiVersion {
    fn default() -> Self {
        Self(63)
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.0", self.0)
    }
}

/// A text that is not a supported API version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("api-version: give a version from 31.0 on, such as 63.0")]
pub struct InvalidVersion;

impl FromStr for ApiVersion {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim().trim_start_matches('v');
        let major = text.strip_suffix(".0").unwrap_or(text);
        match major.parse() {
            Ok(major @ 31..=999) => Ok(Self(major)),
            _ => Err(InvalidVersion),
        }
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("63.0", Ok(ApiVersion(63)))]
    #[test_case("v60.0", Ok(ApiVersion(60)))]
    #[test_case("64", Ok(ApiVersion(64)))]
    #[test_case("30.0", Err(InvalidVersion); "retired")]
    #[test_case("63.5", Err(InvalidVersion); "fraction")]
    #[test_case("../63", Err(InvalidVersion); "path")]
    fn a_version_is_read_strictly(text: &str, version: Result<ApiVersion, InvalidVersion>) {
        assert_eq!(text.parse(), version);
    }

    #[test]
    fn a_version_is_written_with_its_fraction() {
        assert_eq!(ApiVersion::default().to_string(), "63.0");
    }
}
