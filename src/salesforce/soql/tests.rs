//! What the builder writes, and that no value can leave its quotes.
#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use proptest::prelude::*;
use test_case::test_case;

use super::*;
use crate::salesforce::SalesforceId;

fn filtered(condition: Condition) -> Result<String, SoqlError> {
    let text = Select::from("User")
        .field("Id")
        .filter(condition)
        .to_soql()?;
    Ok(text
        .strip_prefix("SELECT Id FROM User WHERE ")
        .unwrap()
        .to_owned())
}

/// Reads one literal back as the server would; `None` if a quote stands unescaped inside.
fn unquote(literal: &str) -> Option<String> {
    let inner = literal.strip_prefix('\'')?.strip_suffix('\'')?;
    let mut characters = inner.chars();
    let mut text = String::new();
    while let Some(character) = characters.next() {
        text.push(match character {
            '\'' => return None,
            '\\' => match characters.next()? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'b' => '\u{8}',
                'f' => '\u{c}',
                plain @ ('\\' | '\'' | '%' | '_') => plain,
                _ => return None,
            },
            plain => plain,
        });
    }
    Some(text)
}

#[test]
fn a_whole_statement_is_written_in_order() {
    let last: SalesforceId = "005D0000001KyEI".parse().unwrap();
    let select = Select::from("User")
        .fields(["Id", "Profile.UserLicense.LicenseDefinitionKey"])
        .filter(field("UserType").eq("Standard"))
        .filter(field("Id").gt(last))
        .order_by("Id")
        .order_by_desc("CreatedDate")
        .limit(2000)
        .offset(5);
    assert_eq!(
        select.to_soql().unwrap(),
        "SELECT Id, Profile.UserLicense.LicenseDefinitionKey FROM User \
         WHERE UserType = 'Standard' AND Id > '005D0000001KyEIIA0' \
         ORDER BY Id, CreatedDate DESC LIMIT 2000 OFFSET 5"
    );
}

#[test]
fn counting_and_grouping_are_written() {
    assert_eq!(
        Select::from("User").count().to_soql().unwrap(),
        "SELECT COUNT() FROM User"
    );
    let grouped = Select::from("PermissionSetAssignment")
        .field_as("PermissionSetId", "setId")
        .aggregate(Aggregate::Count, "Id", "total")
        .group_by(["PermissionSetId"]);
    assert_eq!(
        grouped.to_soql().unwrap(),
        "SELECT PermissionSetId setId, COUNT(Id) total FROM PermissionSetAssignment \
         GROUP BY PermissionSetId"
    );
}

#[test]
fn compound_operands_always_stand_in_parentheses() {
    let a = || field("A").eq(1);
    let b = || field("B").is_null();
    let c = || field("C").eq(true);
    assert_eq!(
        filtered(a().and(b()).and(c())).unwrap(),
        "A = 1 AND B = null AND C = true"
    );
    assert_eq!(
        filtered(a().and(b().or(c()))).unwrap(),
        "A = 1 AND (B = null OR C = true)"
    );
    assert_eq!(
        filtered(a().or(b()).and(c())).unwrap(),
        "(A = 1 OR B = null) AND C = true"
    );
    assert_eq!(
        filtered(a().and(!b())).unwrap(),
        "A = 1 AND (NOT (B = null))"
    );
    assert_eq!(filtered(!(a().or(b()))).unwrap(), "NOT (A = 1 OR B = null)");
}

#[test]
fn lists_and_semi_joins_are_written() {
    let id: SalesforceId = "00eD0000001KyEI".parse().unwrap();
    assert_eq!(
        filtered(field("ProfileId").in_ids([id])).unwrap(),
        format!("ProfileId IN ('{id}')")
    );
    assert_eq!(
        filtered(field("Name").in_strings(["a", "b'c"])).unwrap(),
        r"Name IN ('a', 'b\'c')"
    );
    let members = Select::from("GroupMember").field("UserOrGroupId");
    assert_eq!(
        filtered(field("Id").not_in_select(members)).unwrap(),
        "Id NOT IN (SELECT UserOrGroupId FROM GroupMember)"
    );
    assert_eq!(
        filtered(field("Id").in_ids::<SalesforceId>([])),
        Err(SoqlError::EmptyList)
    );
}

#[test_case("2026-01-02T03:04:05Z", "CreatedDate >= 2026-01-02T03:04:05Z")]
#[test_case("2026-01-02T03:04:05.678Z", "CreatedDate >= 2026-01-02T03:04:05.678Z")]
fn instants_are_written_without_quotes(instant: &str, expected: &str) {
    let instant: jiff::Timestamp = instant.parse().unwrap();
    assert_eq!(
        filtered(field("CreatedDate").ge(instant)).unwrap(),
        expected
    );
}

#[test]
fn a_pattern_takes_its_text_literally() {
    assert_eq!(
        filtered(field("Name").contains(r"50%_\'")).unwrap(),
        r"Name LIKE '%50\%\_\\\'%'"
    );
    assert_eq!(
        filtered(field("Name").starts_with("a")).unwrap(),
        "Name LIKE 'a%'"
    );
    assert_eq!(
        filtered(field("Name").ends_with("a")).unwrap(),
        "Name LIKE '%a'"
    );
}

#[test_case("a\0b"; "nul")]
#[test_case("a\u{1b}b"; "escape")]
#[test_case("a\u{7f}b"; "delete")]
#[test_case("a\u{85}b"; "next line")]
fn a_control_character_without_an_escape_is_refused(text: &str) {
    assert_eq!(
        filtered(field("Name").eq(text)),
        Err(SoqlError::ControlCharacter)
    );
}

#[test_case(""; "empty")]
#[test_case("Name "; "space")]
#[test_case("Na'me"; "quote")]
#[test_case("9lives"; "digit first")]
#[test_case("a..b"; "empty part")]
#[test_case("Id FROM User"; "injection")]
#[test_case("COUNT(Id)"; "function")]
fn a_text_that_is_no_name_is_refused(text: &'static str) {
    assert_eq!(FieldName::parse(text), Err(SoqlError::Name));
    assert_eq!(
        Select::from("User").field(text).to_soql(),
        Err(SoqlError::Name)
    );
    assert_eq!(filtered(field(text).eq(1)), Err(SoqlError::Name));
}

#[test]
fn what_salesforce_would_refuse_is_refused_here() {
    assert_eq!(Select::from("User").to_soql(), Err(SoqlError::NoFields));
    let long = "x".repeat(4_001);
    assert_eq!(
        filtered(field("Name").eq(long)),
        Err(SoqlError::LiteralTooLong)
    );
}

proptest! {
    #[test]
    fn no_text_leaves_its_quotes(text in "\\PC{0,40}|[\\\\'%_\n\r\t\u{8}\u{c}a ]{0,40}") {
        let equal = filtered(field("Name").eq(text.as_str())).unwrap();
        prop_assert_eq!(unquote(equal.strip_prefix("Name = ").unwrap()), Some(text.clone()));
        let like = filtered(field("Name").contains(text.as_str())).unwrap();
        prop_assert_eq!(unquote(like.strip_prefix("Name LIKE ").unwrap()), Some(format!("%{text}%")));
    }

    #[test]
    fn any_text_is_quoted_or_refused(text in any::<String>()) {
        if let Ok(written) = filtered(field("Name").eq(text.as_str())) {
            prop_assert_eq!(unquote(written.strip_prefix("Name = ").unwrap()), Some(text));
        }
    }
}
