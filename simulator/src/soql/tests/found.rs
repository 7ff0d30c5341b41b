//! What queries find.

#![expect(
    clippy::indexing_slicing,
    reason = "a missing value fails the test, as it should"
)]

use serde_json::json;
use test_case::test_case;

use super::*;

const ANN: &str = "Ann";
const BOB: &str = "bob";
const NEIL: &str = "O'Neil";

#[test_case("", &[ANN, BOB, NEIL]; "everything")]
#[test_case("WHERE Name = 'ANN'", &[ANN]; "text in any case")]
#[test_case(r"WHERE Name = 'O\'Neil'", &[NEIL]; "an escaped quote")]
#[test_case(r"WHERE Name = '\u0041nn'", &[ANN]; "an escaped character")]
#[test_case("WHERE Name != 'ann'", &[BOB, NEIL]; "unequal")]
#[test_case("WHERE Name <> 'ann'", &[BOB, NEIL]; "unequal in the old way")]
#[test_case("WHERE Name LIKE '%N%'", &[ANN, NEIL]; "a pattern")]
#[test_case(r"WHERE Name LIKE 'a\_n'", &[]; "an escaped wildcard")]
#[test_case("WHERE Name > 'b'", &[BOB, NEIL]; "text in order")]
#[test_case("WHERE Name IN ('ann', 'BOB')", &[ANN, BOB]; "a list")]
#[test_case("WHERE Name NOT IN ('ann', 'BOB')", &[NEIL]; "not in a list")]
#[test_case("WHERE (NOT Name = 'ann') AND IsActive = true", &[BOB]; "not in brackets")]
#[test_case("WHERE IsActive = true AND (Name = 'ann' OR Name = 'bob')", &[ANN, BOB]; "and with or in brackets")]
#[test_case("WHERE UserRoleId = null", &[BOB, NEIL]; "null")]
#[test_case("WHERE UserRoleId != null", &[ANN]; "not null")]
#[test_case("WHERE UserRoleId != '000000000000000'", &[ANN, BOB, NEIL]; "null is unequal to an id")]
#[test_case("WHERE UserRole.Name = 'ceo'", &[ANN]; "a parent's field")]
#[test_case("WHERE UserRole.Name != 'ceo'", &[BOB, NEIL]; "no parent is unequal too")]
#[test_case("WHERE UserRole.MayForecastManagerShare = false", &[ANN, BOB, NEIL]; "a checkbox of no parent is false")]
#[test_case("WHERE Manager.IsActive = true", &[]; "and never true")]
#[test_case("WHERE NumberOfFailedLogins >= 1", &[BOB]; "a number")]
#[test_case("WHERE LastLoginDate = YESTERDAY", &[ANN]; "yesterday")]
#[test_case("WHERE LastLoginDate < 2026-11-21T09:00:00+01:00", &[]; "a time with an offset")]
#[test_case("WHERE LastLoginDate >= 2026-11-21T08:00:00.000+0000", &[ANN]; "a time in the reply's form")]
#[test_case("WHERE LastLoginDate >= LAST_N_DAYS:1", &[ANN]; "the last days")]
#[test_case("WHERE LastLoginDate < TODAY", &[ANN]; "null is not before today")]
#[test_case("WHERE LastLoginDate = null", &[BOB, NEIL]; "null times")]
#[test_case("WHERE Username = 'ANN@acme.example'", &[ANN]; "an indexed field")]
#[test_case("WHERE Id IN (SELECT AssigneeId FROM PermissionSetAssignment WHERE Assignee.UserType = 'Guest')", &[NEIL]; "a semi-join")]
#[test_case("WHERE Id NOT IN (SELECT UserOrGroupId FROM GroupMember)", &[BOB, NEIL]; "an anti-join")]
#[test_case("ORDER BY Name DESC", &[NEIL, BOB, ANN]; "backwards")]
#[test_case("ORDER BY Id DESC LIMIT 2", &[NEIL, BOB]; "the last ids")]
#[test_case("ORDER BY LastLoginDate, Name DESC", &[NEIL, BOB, ANN]; "nulls first")]
#[test_case("ORDER BY LastLoginDate DESC NULLS LAST, Name", &[ANN, BOB, NEIL]; "nulls last")]
#[test_case("ORDER BY Name LIMIT 1 OFFSET 1", &[BOB]; "an offset")]
#[test_case("WHERE User.Name = 'ann'", &[ANN]; "the object's own name")]
#[test_case("u WHERE u.Profile.Name = 'admin' AND u.Name = 'ann' FOR VIEW", &[ANN]; "an alias")]
#[test_case("LIMIT 0", &[]; "nothing at all")]
fn these_users_are_found(rest: &str, names: &[&str]) -> Result {
    let found = run(&format!("SELECT name FROM user {rest}"))?;
    let found: Vec<_> = found
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| row["Name"].clone())
        .collect();
    assert_eq!(found, names);
    Ok(())
}

#[test]
fn records_carry_attributes_and_nested_parents() -> Result {
    let found = run(
        "SELECT Name, Profile.Name, UserRole.Name, Profile.UserLicense.Name FROM User \
                     WHERE Name = 'bob'",
    )?;
    let user = "/services/data/v63.0/sobjects/User/005Hp0000000002AAA";
    let profile = "/services/data/v63.0/sobjects/Profile/00eHp0000000001AAA";
    let bob = json!([{
        "attributes": {"type": "User", "url": found[0]["attributes"]["url"]},
        "Name": "bob",
        "Profile": {
            "attributes": {"type": "Profile", "url": found[0]["Profile"]["attributes"]["url"]},
            "Name": "Admin",
            "UserLicense": null,
        },
        "UserRole": null,
    }]);
    assert_eq!(found, bob);
    let url = |row: &Json| {
        row["attributes"]["url"]
            .as_str()
            .map(|url| url[..url.len() - 3].to_owned())
    };
    assert_eq!(url(&found[0]).as_deref(), Some(&user[..user.len() - 3]));
    assert_eq!(
        url(&found[0]["Profile"]).as_deref(),
        Some(&profile[..profile.len() - 3])
    );
    Ok(())
}

#[test]
fn a_polymorphic_parent_shows_name_and_type() -> Result {
    let found = run("SELECT UserOrGroup.Name, UserOrGroup.Type FROM GroupMember ORDER BY Id")?;
    let seen: Vec<_> = found
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| &row["UserOrGroup"])
        .collect();
    let shown = |index: usize, name: &str| {
        (
            seen[index][name].clone(),
            seen[index]["attributes"]["type"].clone(),
        )
    };
    assert_eq!(shown(0, "Type"), (json!("Group"), json!("Name")));
    assert_eq!(shown(1, "Type"), (json!("User"), json!("Name")));
    assert_eq!(shown(1, "Name").0, "Ann");
    Ok(())
}

#[test]
fn children_are_a_result_of_their_own_or_null() -> Result {
    let found = run(
        "SELECT Name, (SELECT Assignee.Name FROM Assignments WHERE Assignee.IsActive = \
                     true ORDER BY Assignee.Name DESC LIMIT 1) FROM PermissionSet ORDER BY Name",
    )?;
    assert_eq!(found[0]["Assignments"]["totalSize"], 1);
    assert_eq!(found[0]["Assignments"]["done"], true);
    assert_eq!(
        found[0]["Assignments"]["records"][0]["Assignee"]["Name"],
        "bob"
    );
    let none = run("SELECT (SELECT Id FROM ManagedUsers) FROM User LIMIT 1")?;
    assert_eq!(none[0]["ManagedUsers"], Json::Null);
    Ok(())
}

#[test]
fn groups_are_counted() -> Result {
    let found = run(
        "SELECT UserType, COUNT(Id) n, MAX(Name), COUNT_DISTINCT(ProfileId) FROM User \
                     GROUP BY UserType HAVING COUNT(Id) > 0 ORDER BY COUNT(Id) DESC",
    )?;
    assert_eq!(found[0]["UserType"], "Standard");
    assert_eq!(found[0]["n"], 2);
    assert_eq!(found[0]["expr0"], "bob");
    assert_eq!(found[0]["expr1"], 1);
    assert_eq!(found[0]["attributes"], json!({"type": "AggregateResult"}));
    assert_eq!(found.as_array().map(Vec::len), Some(2));
    assert_eq!(run("SELECT COUNT() FROM User WHERE IsActive = true")?, 2);
    assert_eq!(
        run("SELECT COUNT(Id) FROM User WHERE Name = 'x'")?[0]["expr0"],
        0
    );
    let by_parent = run(
        "SELECT PermissionSet.Name, COUNT(Id) FROM PermissionSetAssignment \
                         WHERE PermissionSet.IsOwnedByProfile = false GROUP BY PermissionSet.Name",
    )?;
    assert_eq!(by_parent[0]["Name"], "Sales_Ops");
    assert_eq!(by_parent[0]["expr0"], 3);
    Ok(())
}

#[test]
fn the_roles_in_a_territory_are_found() -> Result {
    let db = org()?;
    let text = "SELECT Value, Id FROM PicklistValueInfo WHERE \
                EntityParticle.EntityDefinition.QualifiedApiName='UserTerritory2Association' AND \
                EntityParticle.DeveloperName='RoleInTerritory2' AND IsActive=true";
    let found = run_at(63, &db, text)?;
    let mut values: Vec<_> = found
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|row| row["Value"].as_str())
        .collect();
    // Without ORDER BY any order is right.
    values.sort_unstable();
    assert_eq!(values, ["Administrator", "Owner", "Sales Rep"]);
    Ok(())
}

#[test]
fn pages_by_id_see_every_row_once() -> Result {
    let mut db = org()?;
    for number in 0..500 {
        db.insert("Account", [("Name", format!("a{number}").into())])?;
    }
    let (mut last, mut seen) = (String::from("000000000000000AAA"), 0);
    loop {
        let page = format!("SELECT Id FROM Account WHERE Id > '{last}' ORDER BY Id LIMIT 7");
        let page = run_at(63, &db, &page)?;
        let ids: Vec<_> = page
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|row| row["Id"].as_str())
            .collect();
        let Some(end) = ids.last() else { break };
        seen += ids.len();
        last = (*end).to_owned();
    }
    assert_eq!(seen, 500);
    Ok(())
}

#[test]
fn revoked_and_deleted_rows_show_only_in_query_all() -> Result {
    let mut db = org()?;
    let ids: Vec<_> = db
        .rows("PermissionSetAssignment")
        .map(|row| row.id())
        .collect();
    db.update(
        "PermissionSetAssignment",
        ids[0],
        [("IsRevoked", true.into())],
    )?;
    assert_eq!(
        run_at(63, &db, "SELECT COUNT() FROM PermissionSetAssignment")?,
        5
    );
    let all = "SELECT COUNT() FROM PermissionSetAssignment";
    assert_eq!(run_all(63, &db, all)?, 6);
    Ok(())
}

#[test]
fn fields_stands_for_all_fields_of_the_version() -> Result {
    let found = run_at(
        51,
        &org()?,
        "SELECT FIELDS(STANDARD) FROM PermissionSetAssignment LIMIT 1",
    )?;
    assert_eq!(found[0].as_object().map(serde_json::Map::len), Some(6));
    Ok(())
}

#[test]
fn a_token_has_no_id_and_is_read_by_offset() -> Result {
    let mut db = org()?;
    db.insert("OauthToken", [("AppName", "Connector".into())])?;
    let found = run_at(
        63,
        &db,
        "SELECT Id, AppName FROM OauthToken ORDER BY Id LIMIT 2500",
    )?;
    assert_eq!(
        (&found[0]["Id"], &found[0]["AppName"]),
        (&Json::Null, &json!("Connector"))
    );
    assert_eq!(
        run_at(63, &db, "SELECT Id FROM OauthToken LIMIT 2500 OFFSET 2500")?,
        json!([])
    );
    Ok(())
}

#[test]
fn a_field_added_later_is_blank_in_old_rows() -> Result {
    use crate::org::schema::{FieldDef, FieldType};

    let mut db = org()?;
    assert!(db.add_custom_field("User", FieldDef::new("Vip__c", FieldType::Boolean)));
    assert!(!db.add_custom_field("User", FieldDef::new("vip__C", FieldType::Boolean)));
    let found = run_at(
        63,
        &db,
        "SELECT FIELDS(CUSTOM) FROM User WHERE Vip__c = false LIMIT 200",
    )?;
    assert_eq!(found.as_array().map(Vec::len), Some(3));
    assert_eq!(found[0]["Vip__c"], false);
    Ok(())
}
