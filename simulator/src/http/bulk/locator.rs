//! Locators of results and lists. A locator belongs to one job or to the list, and cannot be made
//! up.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

/// Returns the locator of a position.
pub(super) fn seal(owner: &str, position: u64) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{position}.{:x}", seal_of(owner, position)))
}

/// Returns the position of a locator.
pub(super) fn open(owner: &str, locator: &str) -> Option<u64> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(locator).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (position, _) = text.split_once('.')?;
    let position = position.parse().ok()?;
    (seal(owner, position) == locator).then_some(position)
}

fn seal_of(owner: &str, position: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    (owner, position).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locator_opens_for_its_owner_only() {
        let locator = seal("one", 50_000);
        assert_eq!(open("one", &locator), Some(50_000));
        assert_eq!(open("two", &locator), None);
        let made_up = BASE64_URL_SAFE_NO_PAD.encode("50000");
        assert_eq!(open("one", &made_up), None);
        assert_eq!(open("one", "null"), None);
    }
}
