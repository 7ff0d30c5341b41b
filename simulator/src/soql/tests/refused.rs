//! What an org does not accept, with its error code and part of its message.

use test_case::test_case;

use super::*;

#[test_case("", "unexpected token: end of query"; "nothing")]
#[test_case("SELECT Id FRM User", "unexpected token: FRM"; "a misspelt keyword")]
#[test_case("SELECT Id", "unexpected token: <EOF>"; "no object")]
#[test_case("SELECT FROM User", "unexpected token: FROM"; "no field")]
#[test_case("SELECT Id, FROM User", "unexpected token: FROM"; "a comma too many")]
#[test_case("SELECT * FROM User", "unexpected token: *"; "a star")]
#[test_case("SELECT Id FROM User;", "unexpected token: ;"; "a semicolon")]
#[test_case("SELECT Id FROM User WHERE", "unexpected token: <EOF>"; "no condition")]
#[test_case("SELECT Id FROM User WHERE Name = 'a' AND Alias = 'b' OR Alias = 'c'", "unexpected token: OR"; "and with or")]
#[test_case("SELECT Id FROM User WHERE Name = 'a' OR Alias = 'b' AND Alias = 'c'", "unexpected token: AND"; "or with and")]
#[test_case("SELECT Id FROM User WHERE NOT Name = 'a' AND Alias = 'c'", "unexpected token: AND"; "not with and")]
#[test_case("SELECT Id FROM User WHERE Name = 'a' AND NOT Alias = 'c'", "unexpected token: NOT"; "and with not")]
#[test_case("SELECT Id FROM User WHERE Name = 'O'Neil'", "terminated by a single quote"; "a quote that is not escaped")]
#[test_case("SELECT Id FROM User WHERE Name = 'a", "terminated by a single quote"; "an open string")]
#[test_case(r"SELECT Id FROM User WHERE Name = 'a\q'", "illegal character sequence"; "an unknown escape")]
#[test_case("SELECT Id FROM User WHERE Name = 'a\0'", "NUL"; "a null character")]
#[test_case(r"SELECT Id FROM User WHERE Name = 'a\u0000'", "illegal character sequence"; "an escaped null character")]
#[test_case("SELECT Id FROM User WHERE Name = \"a\"", "unexpected token: \""; "double quotes")]
#[test_case("SELECT Id FROM User WHERE Name == 'a'", "unexpected token: ="; "two equals signs")]
#[test_case("SELECT Id FROM User WHERE Name = a", "unexpected token: a"; "no quotes")]
#[test_case("SELECT Id FROM User WHERE Id IN ()", "unexpected token: )"; "an empty list")]
#[test_case("SELECT Id FROM User WHERE CreatedDate > 2026-01-01T00:00:00", "unexpected token: 2026"; "a time without an offset")]
#[test_case("SELECT Id FROM User WHERE CreatedDate > 2026-13-01", "unexpected token: 2026"; "a month too many")]
#[test_case("SELECT Id FROM User LIMIT -1", "unexpected token: -1"; "a negative limit")]
#[test_case("SELECT Id FROM User OFFSET 1 LIMIT 1", "unexpected token: LIMIT"; "clauses in the wrong order")]
#[test_case("SELECT Id FROM User ORDER BY Id DESC ASC", "unexpected token: ASC"; "two directions")]
#[test_case("SELECT TYPEOF Owner WHEN User THEN Id END FROM Case", "unexpected token: Owner"; "typeof")]
#[test_case("SELECT Id i FROM User", "only aggregate expressions use field aliasing"; "an alias of a field")]
#[test_case("SELECT COUNT(), Id FROM User", "must stand alone"; "count with a field")]
#[test_case("SELECT Id, COUNT(Id) FROM User", "Field must be grouped or aggregated: Id"; "count beside a field")]
#[test_case("SELECT COUNT(Id) FROM User LIMIT 1", "cannot also use LIMIT"; "an aggregate with a limit")]
#[test_case("SELECT Name, COUNT(Id) FROM User GROUP BY UserType", "Field must be grouped"; "another field than the group's")]
#[test_case("SELECT SUM(Name) FROM User", "does not support aggregate operator SUM"; "a sum of names")]
#[test_case("SELECT COUNT(Id) FROM SetupAuditTrail", "does not support aggregate operator COUNT"; "aggregates of the audit trail")]
#[test_case("SELECT Value FROM PicklistValueInfo", "A filter on a reified column is required"; "all picklist values")]
// SOQL and SOSL Reference, "Query Records with ALL ROWS": only Apex has it.
#[test_case("SELECT Id FROM User ALL ROWS", "ALL ROWS not allowed in this context"; "all rows")]
// SOQL and SOSL Reference, "GROUP BY": a grouped field has one value in each group.
#[test_case("SELECT Id, COUNT(Id) FROM User GROUP BY Id", "Grouped field should not be aggregated: Id"; "a count of the group's field")]
#[test_case("SELECT UserType FROM User GROUP BY UserType HAVING COUNT(UserType) > 1", "Grouped field should not be aggregated: UserType"; "the same after having")]
#[test_case("SELECT Id, (SELECT FIELDS(ALL) FROM Users) FROM Profile", "LIMIT of at most 200"; "all fields of children without a limit")]
#[test_case("SELECT FIELDS(ALL) FROM User", "LIMIT of at most 200"; "all fields without a limit")]
#[test_case("SELECT FIELDS(ALL) FROM User LIMIT 201", "LIMIT of at most 200"; "all fields of too many")]
#[test_case("SELECT Id FROM User WHERE Name = 'a' OR Id IN (SELECT AssigneeId FROM PermissionSetAssignment)", "not allowed with the 'OR'"; "a semi-join under or")]
#[test_case("SELECT Id FROM User WHERE Id IN (SELECT PermissionSetId FROM PermissionSetAssignment)", "should point to the same object type"; "a semi-join of strangers")]
#[test_case("SELECT Id FROM User WHERE Name IN (SELECT AssigneeId FROM PermissionSetAssignment)", "should be an id field"; "a semi-join of text")]
#[test_case("SELECT Id FROM User WHERE Id IN (SELECT UserId FROM UserLogin WHERE UserId IN (SELECT AssigneeId FROM PermissionSetAssignment))", "Nesting of semi join"; "a semi-join in another")]
#[test_case("SELECT Id FROM User WHERE Id IN (SELECT UserId FROM UserLogin LIMIT 1)", "unexpected token: LIMIT"; "a semi-join with a limit")]
fn a_malformed_query_is_refused(text: &str, message: &str) -> Result {
    refused(text, "MALFORMED_QUERY", message)
}

#[test_case("SELECT Foo FROM User", "No such column 'Foo' on entity 'User'"; "an unknown field")]
#[test_case("SELECT Id FROM User WHERE Profile.Foo = 'a'", "No such column 'Foo' on entity 'Profile'"; "an unknown field of a parent")]
#[test_case("SELECT Foo.Name FROM User", "Didn't understand relationship 'Foo'"; "an unknown relationship")]
#[test_case("SELECT UserOrGroup.Username, UserOrGroup.Department FROM GroupMember", "No such column 'Department' on entity 'Name'"; "a field that Name lacks")]
#[test_case("SELECT Description FROM UserRole", "No such column 'Description'"; "the description of a role")]
#[test_case("SELECT CreatedDate FROM PermissionSetAssignment", "No such column 'CreatedDate'"; "when an assignment was made")]
#[test_case("SELECT Id, id FROM User", "duplicate field selected: Id"; "a field twice")]
#[test_case("SELECT Id FROM User WHERE IsActive = 'true'", "must be of type boolean and should not be enclosed in quotes"; "a quoted boolean")]
#[test_case("SELECT Id FROM User WHERE Name = 5", "must be of type string and should be enclosed in quotes"; "an unquoted string")]
#[test_case("SELECT Id FROM User WHERE NumberOfFailedLogins = '5'", "must be of type int and should not be enclosed in quotes"; "a quoted number")]
#[test_case("SELECT Id FROM User WHERE LastLoginDate > '2026-01-01T00:00:00Z'", "must be of type dateTime and should not be enclosed in quotes"; "a quoted time")]
#[test_case("SELECT Id FROM User WHERE LastLoginDate > 2026-01-01", "must be of type dateTime"; "a day for a time")]
#[test_case("SELECT Id FROM LoginHistory WHERE Status = 'Success'", "field 'Status' can not be filtered in a query call"; "a field that cannot be filtered")]
#[test_case("SELECT Id FROM Account ORDER BY Description", "can not be sorted"; "a field that cannot be sorted")]
#[test_case("SELECT COUNT(Id) FROM User GROUP BY FederationIdentifier", "can not be grouped"; "a field that cannot be grouped")]
fn an_invalid_field_is_refused(text: &str, message: &str) -> Result {
    refused(text, "INVALID_FIELD", message)
}

#[test_case("SELECT Id FROM Nothing", "INVALID_TYPE", "sObject type 'Nothing' is not supported"; "an unknown object")]
#[test_case("SELECT Id FROM Territory2", "INVALID_TYPE", "sObject type 'Territory2'"; "an object whose feature is off")]
#[test_case("SELECT (SELECT Id FROM Foos) FROM User", "INVALID_TYPE", "Didn't understand relationship 'Foos' in FROM part"; "unknown children")]
#[test_case("SELECT Id FROM User WHERE Id = 'xyz'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: xyz"; "no id")]
#[test_case("SELECT Id FROM User WHERE Id LIKE '005%'", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator on id field"; "a pattern for an id")]
#[test_case("SELECT Id FROM User WHERE ProfileId LIKE '00e%'", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator on id field"; "a pattern for a reference")]
#[test_case("SELECT Id FROM Case WHERE OwnerId LIKE '00G%'", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator on id field"; "a pattern for a reference to several objects")]
#[test_case("SELECT Id FROM User WHERE Profile.UserLicense.Id LIKE '100%'", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator on id field"; "a pattern for an id of a parent")]
#[test_case("SELECT Id FROM User WHERE IsActive > false", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator on boolean field"; "more than false")]
#[test_case("SELECT Id FROM User WHERE Name INCLUDES ('a')", "INVALID_QUERY_FILTER_OPERATOR", "multipicklist"; "includes on text")]
#[test_case("SELECT Id FROM User OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "offset"; "an offset too large")]
#[test_case("SELECT Value FROM PicklistValueInfo WHERE IsActive = true ORDER BY Value", "EXTERNAL_OBJECT_UNSUPPORTED_EXCEPTION", "not yet supported"; "picklist values in order")]
#[test_case("SELECT Id FROM User WHERE Id IN (SELECT UserId FROM UserLogin) AND Id IN (SELECT AssigneeId FROM PermissionSetAssignment) AND Id NOT IN (SELECT OwnerId FROM Account)", "EXCEEDED_MAX_SEMIJOIN_SUBSELECTS", "Maximum 2"; "three semi-joins")]
fn everything_else_has_its_own_code(text: &str, code: &str, message: &str) -> Result {
    refused(text, code, message)
}

#[test_case(50, "SELECT ExpirationDate FROM PermissionSetAssignment", "INVALID_FIELD"; "a younger field")]
#[test_case(60, "SELECT Description FROM Group", "INVALID_FIELD"; "another younger field")]
#[test_case(44, "SELECT Id FROM PermissionSetGroup", "INVALID_TYPE"; "a younger object")]
// SOQL and SOSL Reference, "FIELDS()": available in API version 51.0 and later.
#[test_case(50, "SELECT FIELDS(STANDARD) FROM User", "MALFORMED_QUERY"; "the function for fields")]
#[test_case(44, "SELECT PermissionSetGroup.Id FROM PermissionSetAssignment", "INVALID_FIELD"; "a younger relationship")]
fn an_old_version_does_not_know_what_came_later(version: u32, text: &str, code: &str) -> Result {
    assert_eq!(
        run_at(version, &org()?, text).err().map(|error| error.code),
        Some(code)
    );
    Ok(())
}

#[test]
fn an_error_shows_where_it_is() -> Result {
    let error = run_at(63, &org()?, "SELECT Id, Foo FROM User").err();
    let message = error.map(|error| error.message).unwrap_or_default();
    let expected = "\nSELECT Id, Foo FROM User\n           ^\nERROR at Row:1:Column:12\nNo such";
    assert!(message.starts_with(expected), "{message}");
    Ok(())
}

#[test]
fn text_that_is_too_long_is_refused() -> Result {
    let name = "x".repeat(4_001);
    refused(
        &format!("SELECT Id FROM User WHERE Name = '{name}'"),
        "MALFORMED_QUERY",
        "4000",
    )?;
    let fields = "Id, ".repeat(30_000);
    refused(
        &format!("SELECT {fields} FROM User"),
        "MALFORMED_QUERY",
        "100000 characters",
    )?;
    let brackets = "(".repeat(50_000);
    refused(
        &format!("SELECT Id FROM User WHERE {brackets}"),
        "MALFORMED_QUERY",
        "too deeply",
    )
}

#[test]
fn two_thousand_groups_are_the_most() -> Result {
    let mut db = org()?;
    for number in 0..2_001 {
        db.insert("Account", [("Name", format!("a{number}").into())])?;
    }
    let groups = "SELECT Name FROM Account GROUP BY Name";
    assert_eq!(
        run_at(63, &db, groups).err().map(|error| error.code),
        Some("EXCEEDED_ID_LIMIT")
    );
    let limited = run_at(63, &db, &format!("{groups} LIMIT 2000"))?;
    assert_eq!(limited.as_array().map(Vec::len), Some(2_000));
    Ok(())
}

fn refused(text: &str, code: &str, message: &str) -> Result {
    let Err(error) = run_at(63, &org()?, text) else {
        return Err(format!("{text} was accepted").into());
    };
    assert_eq!(error.code, code, "{error}");
    assert!(error.message.contains(message), "{error}");
    Ok(())
}
