//! The attributes of users and the fields behind them.

use super::{CORE_USER, ENTERPRISE_USER, USER_EXTENSION};

/// Paths of attributes that can be written, and their fields. The attributes of the enterprise
/// extension can be named without its URN.
const WRITABLE: &[(&str, &str)] = &[
    ("userName", "Username"),
    ("externalId", "FederationIdentifier"),
    ("name.familyName", "LastName"),
    ("name.givenName", "FirstName"),
    ("name.middleName", "MiddleName"),
    ("name.honorificSuffix", "Suffix"),
    ("nickName", "CommunityNickname"),
    ("title", "Title"),
    ("locale", "LocaleSidKey"),
    ("preferredLanguage", "LanguageLocaleKey"),
    ("timezone", "TimeZoneSidKey"),
    ("active", "IsActive"),
    ("emails.value", "Email"),
    ("phoneNumbers.value", "Phone"),
    ("addresses.streetAddress", "Street"),
    ("addresses.locality", "City"),
    ("addresses.region", "State"),
    ("addresses.postalCode", "PostalCode"),
    ("addresses.country", "Country"),
    ("roles.value", "UserRoleId"),
    ("employeeNumber", "EmployeeNumber"),
    ("department", "Department"),
    ("division", "Division"),
    ("organization", "CompanyName"),
    ("manager.value", "ManagerId"),
    ("alias", "Alias"),
];

/// Further attributes that filters can name.
const READABLE: &[(&str, &str)] = &[
    ("id", "Id"),
    ("displayName", "Name"),
    ("emails", "Email"),
    ("userType", "UserType"),
    ("meta.created", "CreatedDate"),
    ("meta.lastModified", "LastModifiedDate"),
];

/// Returns the field that an attribute is written to.
pub(super) fn field_of(path: &str) -> Option<&'static str> {
    lookup(WRITABLE, path)
}

/// Returns the field that a filter compares.
pub(super) fn filter_field_of(path: &str) -> Option<&'static str> {
    let path = without_urn(path);
    lookup(WRITABLE, path).or_else(|| lookup(READABLE, path))
}

fn lookup(list: &[(&'static str, &'static str)], path: &str) -> Option<&'static str> {
    let mut list = list.iter();
    let found = list.find(|(known, _)| known.eq_ignore_ascii_case(path));
    found.map(|(_, field)| *field)
}

/// Returns the path without the URN of its schema.
pub(super) fn without_urn(path: &str) -> &str {
    for urn in [ENTERPRISE_USER, CORE_USER, USER_EXTENSION] {
        let start = path.get(..urn.len());
        if start.is_some_and(|start| start.eq_ignore_ascii_case(urn))
            && let Some(rest) = path
                .get(urn.len()..)
                .and_then(|rest| rest.strip_prefix(':'))
        {
            return rest;
        }
    }
    path
}

/// Returns what is removed with the addresses, or with an extension.
pub(super) fn parts_of(path: &str) -> &'static [&'static str] {
    if path.eq_ignore_ascii_case("addresses") {
        &[
            "addresses.streetAddress",
            "addresses.locality",
            "addresses.region",
            "addresses.postalCode",
            "addresses.country",
        ]
    } else if path.eq_ignore_ascii_case(ENTERPRISE_USER) {
        &[
            "employeeNumber",
            "department",
            "division",
            "organization",
            "manager.value",
        ]
    } else {
        &[]
    }
}

/// Fields that a PUT clears if the body does not have their attribute.
pub(super) const CLEARED_BY_PUT: &[&str] = &[
    "FederationIdentifier",
    "FirstName",
    "MiddleName",
    "Suffix",
    "Title",
    "Phone",
    "MobilePhone",
    "Street",
    "City",
    "State",
    "PostalCode",
    "Country",
    "UserRoleId",
    "EmployeeNumber",
    "Department",
    "Division",
    "CompanyName",
    "ManagerId",
];
