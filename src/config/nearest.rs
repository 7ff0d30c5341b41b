//! Suggests the flag that somebody meant when they misspelt its name.

use super::flags;
use crate::nearest;

/// The flag whose name is most like `written`, or `None` if none is similar. Case, underscores,
/// leading hyphens and a `BATON_` prefix do not count as differences.
pub(super) fn flag(written: &str) -> Option<&'static str> {
    of(written, flags::all().map(|flag| flag.name))
}

/// The name that is most like `written`, or `None` if none is similar.
pub(crate) fn of<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written = written.to_lowercase().replace('_', "-");
    let written = written.trim_start_matches('-');
    let written = written.strip_prefix("baton-").unwrap_or(written);
    nearest::of(written, names)
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("dry_run", Some("dry-run"); "an underscore")]
    #[test_case("dryRun", Some("dry-run"); "camel case")]
    #[test_case("BATON_DRY_RUN", Some("dry-run"); "a variable")]
    #[test_case("--dry-run", Some("dry-run"); "with hyphens")]
    #[test_case("instnace-url", Some("instance-url"); "swapped letters")]
    #[test_case("favourite-colour", None; "something else")]
    #[test_case("", None; "nothing")]
    fn the_flag_that_was_meant_is_found(written: &str, expected: Option<&str>) {
        assert_eq!(flag(written), expected);
    }
}
