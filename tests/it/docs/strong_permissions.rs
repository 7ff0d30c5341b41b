//! The document about strong permissions, whose table comes from that of the connector.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use baton_salesforce::strong_permissions::STRONG;

use super::assert_generated;

const DOCUMENT: &str = "docs/strong-permissions.md";
const MARKS: (&str, &str) = (
    "<!-- strong permissions: written by `make doc-update` -->\n",
    "<!-- strong permissions end -->",
);

#[test]
fn the_document_has_the_table_of_strong_permissions() {
    let mut table = "\n| tier | in Setup | in the API | its holder can | source |\n\
                     |---|---|---|---|---|\n"
        .to_owned();
    for one in STRONG {
        let name = one.column.strip_prefix("Permissions").unwrap();
        writeln!(
            table,
            "| {} | {} | `{name}` | {} | {} |",
            one.tier, one.label, one.lets, one.source
        )
        .unwrap();
    }
    assert_generated(DOCUMENT, MARKS, &(table + "\n"));
}

#[test]
fn every_strong_permission_has_a_tier_a_sentence_and_a_source() {
    for one in STRONG {
        assert!((1..=3).contains(&one.tier), "{}", one.column);
        assert!(!one.lets.is_empty(), "{}", one.column);
        assert!(one.source.contains(": "), "{}", one.column);
    }
    let columns: BTreeSet<&str> = STRONG.iter().map(|one| one.column).collect();
    let labels: BTreeSet<&str> = STRONG.iter().map(|one| one.label).collect();
    assert_eq!(columns.len(), STRONG.len(), "a column is listed twice");
    assert_eq!(labels.len(), STRONG.len(), "a label is listed twice");
}
