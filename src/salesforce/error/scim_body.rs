//! Error bodies of SCIM: the one of RFC 7644 (3.12), `{"schemas":[…],"detail":"…","status":"404"}`,
//! and Salesforce's own, `{"Errors":[{"description":"…","code":400}]}`.
//!
//! Neither has a place for Salesforce's error code. Where the text begins with one or quotes one, it
//! means the same as elsewhere.

use serde_json::Value;

use super::{ErrorCode, Problem};

const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
/// As many as are kept of a REST body.
const MOST: usize = 200;

/// Texts that stand for a code, in lower case.
const PHRASES: &[(&str, ErrorCode)] = &[
    ("duplicate username", ErrorCode::DuplicateUsername),
    ("license limit exceeded", ErrorCode::LicenseLimitExceeded),
    (
        "unable to obtain exclusive access",
        ErrorCode::UnableToLockRow,
    ),
    ("requests limit exceeded", ErrorCode::RequestLimitExceeded),
    (
        "api requests) limit exceeded",
        ErrorCode::RequestLimitExceeded,
    ),
];

/// The problems that a body names; `None` if it is of another form.
pub(super) fn problems(body: &Value) -> Option<Vec<Problem>> {
    if let Some(Value::Array(items)) = body.get("Errors") {
        let problems = items.iter().take(MOST).filter_map(problem);
        return Some(problems.collect());
    }
    let is_error = |schema: &Value| schema.as_str() == Some(SCHEMA);
    let schemas = body.get("schemas").and_then(Value::as_array);
    let is_named = schemas.is_some_and(|all| all.iter().any(is_error));
    let is_alike = body.get("detail").is_some() && body.get("status").is_some();
    (is_named || is_alike).then(|| problem(body).into_iter().collect())
}

fn problem(item: &Value) -> Option<Problem> {
    let text = ["detail", "description", "message"];
    let message = text.iter().find_map(|name| item.get(name)?.as_str())?;
    Some(Problem::without_code(message).coded(code(message)))
}

/// The first code that the connector knows, or what a known text stands for.
fn code(message: &str) -> Option<ErrorCode> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = message.split(|c| !is_part(c));
    let spelt = words.filter(|word| word.contains('_')).map(ErrorCode::new);
    let mut spelt = spelt.filter(|code| !matches!(code, ErrorCode::Other(_)));
    let text = message.to_lowercase();
    spelt.next().or_else(|| {
        let found = PHRASES.iter().find(|(phrase, _)| text.contains(phrase));
        found.map(|(_, code)| code.clone())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use test_case::test_case;

    use super::*;

    fn read(body: &Value) -> Option<Vec<(Option<String>, String)>> {
        let found = problems(body)?.into_iter().map(|problem| {
            let code = problem.code().map(ToString::to_string);
            (code, problem.message().to_owned())
        });
        Some(found.collect())
    }

    #[test_case(&json!({"schemas": [SCHEMA], "detail": "Resource x not found", "status": "404"}), &[("", "Resource x not found")]; "of the standard")]
    #[test_case(&json!({"detail": "no schema", "status": 400}), &[("", "no schema")]; "without its schema")]
    #[test_case(&json!({"schemas": [SCHEMA], "status": "500"}), &[]; "without a text")]
    #[test_case(&json!({"Errors": [{"description": "Start index too big.", "code": 400}]}), &[("", "Start index too big.")]; "of salesforce")]
    #[test_case(&json!({"Errors": [{"description": "a", "code": 400}, {"description": "b"}, 7]}), &[("", "a"), ("", "b")]; "several")]
    #[test_case(&json!({"Errors": [{"description": "first error: DUPLICATE_USERNAME, Duplicate Username.", "code": 409}]}), &[("DUPLICATE_USERNAME", "first error: DUPLICATE_USERNAME, Duplicate Username.")]; "a code in the text")]
    #[test_case(&json!({"schemas": [SCHEMA], "detail": "License Limit Exceeded"}), &[("LICENSE_LIMIT_EXCEEDED", "License Limit Exceeded")]; "a text that stands for a code")]
    #[test_case(&json!({"schemas": [SCHEMA], "detail": "MY_RULE says no to the field A_B__c"}), &[("", "MY_RULE says no to the field A_B__c")]; "a name that looks like a code")]
    fn both_forms_are_read(body: &Value, expected: &[(&str, &str)]) {
        let found = read(body).unwrap_or_default();
        let found: Vec<_> = found
            .iter()
            .map(|(code, text)| (code.as_deref().unwrap_or_default(), text.as_str()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test_case(&json!({"errorCode": "X", "message": "m"}); "a problem of REST")]
    #[test_case(&json!({"error": "invalid_grant", "error_description": "m"}); "a sign-in")]
    #[test_case(&json!({"success": false, "errors": []}); "a collection")]
    #[test_case(&json!([]); "a list")]
    fn other_forms_are_left_alone(body: &Value) {
        assert_eq!(read(body), None);
    }
}
