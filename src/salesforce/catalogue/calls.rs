//! Codes and texts of refused calls. Salesforce lists the codes in the REST API Developer Guide and
//! in the partner WSDL.

use super::{Advice, Sign, find};

const fn sign(
    codes: &'static [&'static str],
    phrase: &'static str,
    cause: &'static str,
    remedy: &'static str,
) -> Sign<Advice> {
    Sign {
        codes,
        phrase,
        meaning: Advice { cause, remedy },
    }
}

/// The first that fits decides.
pub(super) const ALL: &[Sign<Advice>] = &[
    sign(
        &[
            "INVALID_SESSION_ID",
            "INVALID_AUTH_HEADER",
            "INVALID_JWT_FORMAT",
            "BAD_OAUTH_TOKEN",
        ],
        "",
        "the session was refused even after a new sign-in",
        "check the app's IP restrictions and that the instance URL belongs to the same org",
    ),
    sign(
        &["FUNCTIONALITY_NOT_ENABLED"],
        "",
        "the connector's user may not use the API, or the org lacks the feature",
        "give the connector's user the permission \"API Enabled\" in its profile or a permission set",
    ),
    sign(
        &["API_DISABLED_FOR_ORG"],
        "",
        "this edition of Salesforce has no API",
        "Group, Essentials and Professional editions need the API add-on",
    ),
    sign(
        &["API_CURRENTLY_DISABLED"],
        "",
        "the API of this org is off at the moment",
        "ask Salesforce Support; see Setup > Company Information for the edition",
    ),
    sign(
        &[
            "INSUFFICIENT_ACCESS",
            "INSUFFICIENT_ACCESS_OR_READONLY",
            "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        ],
        "",
        "the connector's user lacks a permission",
        "docs/permissions.md lists what each feature needs",
    ),
    sign(
        &["INVALID_FIELD_FOR_INSERT_UPDATE"],
        "",
        "the connector's user may not write a field",
        "give the connector's user edit access to the field in a permission set",
    ),
    sign(
        &["INVALID_FIELD"],
        "",
        "the org does not have this field, or the connector's user may not see it",
        "give the connector's user read access to the field in a permission set",
    ),
    sign(
        &["INVALID_TYPE"],
        "",
        "the org does not have the object, or the connector's user may not see it",
        "docs/permissions.md lists what each feature needs",
    ),
    sign(
        &["ENTITY_NOT_QUERYABLE"],
        "",
        "the object cannot be read through the API",
        "docs/permissions.md lists what each feature needs",
    ),
    sign(
        &["TXN_SECURITY_METERING_ERROR"],
        "",
        "a transaction security policy of the org took too long",
        "give the connector's user the permission \"Exempt from Transaction Security\"",
    ),
    sign(
        &["REQUEST_LIMIT_EXCEEDED"],
        "concurrent",
        "too many long calls of the org run at the same time",
        "wait; see Setup > System Overview, and who else uses the API",
    ),
    sign(
        &["REQUEST_LIMIT_EXCEEDED"],
        "",
        "the org's API calls of the last 24 hours are used up",
        "wait, or buy more calls; see Setup > Company Information > API Requests, Last 24 Hours",
    ),
    sign(
        &["UNSUPPORTED_API_VERSION"],
        "",
        "the org does not know this version of the API",
        "set another --api-version",
    ),
    sign(
        &["SERVER_UNAVAILABLE"],
        "",
        "Salesforce is not available at the moment",
        "wait; see status.salesforce.com",
    ),
    sign(
        &["QUERY_TIMEOUT"],
        "",
        "the query took too long",
        "try again when the org is less busy",
    ),
    sign(
        &["UNABLE_TO_LOCK_ROW"],
        "",
        "another transaction holds the record",
        "try again when the other job has finished",
    ),
    sign(
        &["CANNOT_DISABLE_LAST_ADMIN"],
        "",
        "the user is the last active System Administrator of the org",
        "give another active user that profile first",
    ),
    sign(
        &["CANNOT_FREEZE_SELF"],
        "",
        "the connector signs in as this user, and nobody can freeze themselves",
        "let the connector sign in as another user, or freeze this one by hand",
    ),
    sign(
        &["LICENSE_LIMIT_EXCEEDED"],
        "",
        "no seat of the licence is left",
        "free a seat or buy more; see Setup > Company Information > User Licenses",
    ),
    sign(
        &["FIELD_CUSTOM_VALIDATION_EXCEPTION"],
        "",
        "a validation rule or trigger of the org does not allow it",
        "change the record so that the rule accepts it, or exempt the connector's user",
    ),
    sign(
        &["DUPLICATE_USERNAME"],
        "",
        "another user of Salesforce, perhaps in another org, has this username",
        "choose another one, for example with --username-suffix",
    ),
    sign(
        &["INACTIVE_OWNER_OR_USER"],
        "",
        "the user that is named is not active",
        "activate it under Setup > Users, or name another",
    ),
    sign(
        &["INVALID_NEW_PASSWORD"],
        "",
        "the password does not fit the org's rules",
        "see Setup > Password Policies",
    ),
    sign(
        &["FIELD_INTEGRITY_EXCEPTION"],
        "user license doesn't allow the permission",
        "the user's licence does not allow what the permission set contains",
        "give the user another licence, or grant another permission set",
    ),
];

/// What a code and its message mean. The message is only compared with known texts.
#[must_use]
pub fn call(code: &str, message: &str) -> Option<Advice> {
    find(ALL, code, message)
}

/// All codes and texts with this meaning.
pub(super) fn signs_of(advice: Advice) -> Vec<String> {
    let signs = ALL.iter().filter(|sign| sign.meaning == advice);
    signs.flat_map(Sign::says).collect()
}
