//! The name that somebody meant when they misspelt it.

/// The name that is most like `written`, or `None` if none is similar. Case does not count, and an
/// underscore is a hyphen.
pub(crate) fn of<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    some(written, names, 1).into_iter().next()
}

/// The names that are similar to `written`, at most `most` of them, the most similar ones first.
pub(crate) fn some<'a>(
    written: &str,
    names: impl IntoIterator<Item = &'a str>,
    most: usize,
) -> Vec<&'a str> {
    let written = even(written);
    let mut similar: Vec<(usize, &str)> = names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&written, &even(name)), name))
        .filter(|(edits, name)| *edits <= name.len() / 3)
        .collect();
    similar.sort_by_key(|(edits, _)| *edits);
    similar
        .into_iter()
        .take(most)
        .map(|(_, name)| name)
        .collect()
}

fn even(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_underscores_are_found_too() {
        let types = ["permission", "permission_set_group"];
        assert_eq!(
            of("permission-set-groups", types),
            Some("permission_set_group")
        );
    }

    #[test]
    fn the_most_similar_name_comes_first() {
        let names = ["Cost_Centre_Code__c", "Badge__c", "Cost_Center__c"];
        let expected = vec!["Cost_Center__c", "Cost_Centre_Code__c"];
        assert_eq!(some("cost_centre__c", names, 3), expected);
    }
}
