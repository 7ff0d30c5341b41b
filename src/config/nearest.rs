//! Suggests the flag that somebody meant when they misspelt its name.

use super::flags;

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
    names
        .into_iter()
        .map(|name| (edits(written, name), name))
        .filter(|(edits, name)| *edits <= name.len() / 3)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, name)| name)
}

/// How many letters must be added, dropped, changed or swapped to turn one name into the other.
fn edits(written: &str, name: &str) -> usize {
    strsim::damerau_levenshtein(written, &name.replace('_', "-"))
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

    #[test]
    fn names_with_underscores_are_found_too() {
        let types = ["permission", "permission_set_group"];
        assert_eq!(
            of("permission-set-groups", types),
            Some("permission_set_group")
        );
    }
}
