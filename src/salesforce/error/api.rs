//! A refusal as Salesforce words it, read from any body whatsoever.
//!
//! An org's message may quote names, addresses and our own query back at us, so it is kept for the
//! caller ([`Problem::message`]) and stays out of `Display` and `Debug`. What is shown is the
//! status, the codes and the field names, and no word of the org's.
//! Must not know: which request was refused.

use std::{fmt, time::Duration};

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::ErrorCode;
use crate::salesforce::limits::Quota;

/// Bounds on what is kept of a body that may be anything.
const MAX_PROBLEMS: usize = 200;
const MAX_MESSAGE: usize = 4_000;
const MAX_FIELDS: usize = 200;
const MAX_FIELD_NAME: usize = 255;

/// One complaint: a code, the org's words, and the fields they are about.
#[derive(Clone, PartialEq, Eq)]
pub struct Problem {
    code: Option<ErrorCode>,
    message: Box<str>,
    fields: Vec<String>,
}

/// Salesforce's answer to a request it did not carry out.
#[derive(Clone, Debug)]
pub struct ApiError {
    status: u16,
    problems: Vec<Problem>,
    retry_after: Option<Duration>,
    quota: Option<Quota>,
}

impl ApiError {
    /// Reads what can be read; a body that is no error list leaves only the status.
    pub(crate) fn new(
        status: u16,
        body: &[u8],
        retry_after: Option<Duration>,
        quota: Option<Quota>,
    ) -> Self {
        let problems = match serde_json::from_slice(body) {
            Ok(Value::Array(items)) => items
                .iter()
                .take(MAX_PROBLEMS)
                .filter_map(Problem::from_json)
                .collect(),
            Ok(item) => Problem::from_json(&item).into_iter().collect(),
            Err(_) => Vec::new(),
        };
        Self {
            status,
            problems,
            retry_after,
            quota,
        }
    }

    pub(crate) fn from_problems(status: u16, problems: Vec<Problem>) -> Self {
        Self {
            status,
            problems,
            retry_after: None,
            quota: None,
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The first code, when the body had one.
    #[must_use]
    pub fn code(&self) -> Option<&ErrorCode> {
        self.problems.first()?.code()
    }

    /// The org's words for the first problem: they may hold personal data, so never log them.
    #[must_use]
    pub fn message(&self) -> &str {
        self.problems.first().map_or("", Problem::message)
    }

    /// The fields of the first problem.
    #[must_use]
    pub fn fields(&self) -> &[String] {
        self.problems.first().map_or(&[], Problem::fields)
    }

    /// Everything Salesforce complained about.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// How long Salesforce asks to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// What was left of the org's calls.
    #[must_use]
    pub fn quota(&self) -> Option<&Quota> {
        self.quota.as_ref()
    }

    pub(crate) fn is_session_expired(&self) -> bool {
        self.status == 401 || self.has(&ErrorCode::InvalidSessionId)
    }

    /// The rolling 24 hours are used up; the concurrent limit has the same code and other words.
    pub(crate) fn is_daily_limit(&self) -> bool {
        self.has(&ErrorCode::RequestLimitExceeded) && !self.is_concurrent_limit()
    }

    pub(crate) fn is_throttled(&self) -> bool {
        let limited = self.has(&ErrorCode::RequestLimitExceeded) && self.is_concurrent_limit();
        limited || (matches!(self.status, 420 | 429) && !self.is_daily_limit())
    }

    pub(crate) fn is_not_found(&self) -> bool {
        match self.code() {
            Some(code) => code.is_not_found(),
            None => self.status == 404,
        }
    }

    /// Five hundred and something: the request may have been carried out.
    pub(crate) fn is_server_failure(&self) -> bool {
        self.status >= 500
    }

    pub(crate) fn has(&self, code: &ErrorCode) -> bool {
        self.problems
            .iter()
            .any(|problem| problem.code.as_ref() == Some(code))
    }

    fn is_concurrent_limit(&self) -> bool {
        self.problems
            .iter()
            .any(|problem| problem.message.contains("Concurrent"))
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.status)?;
        for problem in self.problems.iter().take(5) {
            write!(f, ", {problem}")?;
        }
        match self.problems.len() {
            0 => f.write_str(" without an error code"),
            1..=5 => Ok(()),
            more => write!(f, ", and {} more", more - 5),
        }
    }
}

impl std::error::Error for ApiError {}

impl Problem {
    /// Salesforce's code, when it gave one.
    #[must_use]
    pub fn code(&self) -> Option<&ErrorCode> {
        self.code.as_ref()
    }

    /// The org's words: they may hold personal data, so never log them.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// API names of the fields it is about.
    #[must_use]
    pub fn fields(&self) -> &[String] {
        &self.fields
    }

    /// Understands `errorCode` (requests), `statusCode` (collections) and `error` (OAuth).
    fn from_json(item: &Value) -> Option<Self> {
        let text = |names: &[&str]| names.iter().find_map(|name| item.get(name)?.as_str());
        let code = text(&["errorCode", "statusCode", "error"]);
        let message = text(&["message", "error_description"]);
        if code.is_none() && message.is_none() {
            return None;
        }
        let fields = item
            .get("fields")
            .and_then(Value::as_array)
            .map(Vec::as_slice);
        Some(Self {
            code: code.map(ErrorCode::new),
            message: message
                .unwrap_or_default()
                .chars()
                .take(MAX_MESSAGE)
                .collect(),
            fields: field_names(fields.unwrap_or_default()),
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) => write!(f, "{code}")?,
            None => f.write_str("no code")?,
        }
        if !self.fields.is_empty() {
            write!(f, " ({})", self.fields.join(", "))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem")
            .field("code", &self.code)
            .field("fields", &self.fields)
            .finish_non_exhaustive()
    }
}

impl<'de> Deserialize<'de> for Problem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let item = Value::deserialize(deserializer)?;
        let unknown = Self {
            code: None,
            message: Box::default(),
            fields: Vec::new(),
        };
        Ok(Self::from_json(&item).unwrap_or(unknown))
    }
}

/// API names only: whatever else stands in `fields` may be data.
fn field_names(items: &[Value]) -> Vec<String> {
    let is_name = |name: &&str| {
        name.len() <= MAX_FIELD_NAME
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'))
    };
    items
        .iter()
        .filter_map(Value::as_str)
        .filter(is_name)
        .take(MAX_FIELDS)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use test_case::test_case;

    use super::*;

    fn read(status: u16, body: &str) -> ApiError {
        ApiError::new(status, body.as_bytes(), None, None)
    }

    #[test]
    fn the_usual_array_is_read() {
        let body = r#"[{"message":"Required fields are missing: [LastName]",
            "errorCode":"REQUIRED_FIELD_MISSING","fields":["LastName"]}]"#;
        let error = read(400, body);
        assert_eq!(error.code(), Some(&ErrorCode::RequiredFieldMissing));
        assert_eq!(error.fields(), ["LastName"]);
        assert_eq!(error.message(), "Required fields are missing: [LastName]");
        assert_eq!(
            error.to_string(),
            "HTTP 400, REQUIRED_FIELD_MISSING (LastName)"
        );
    }

    #[test_case("[]"; "empty array")]
    #[test_case("{}"; "empty object")]
    #[test_case("[[[]]]"; "arrays")]
    #[test_case("null"; "null")]
    #[test_case(""; "nothing")]
    #[test_case("<html><body>503 for jane@acme.example</body></html>"; "html")]
    #[test_case(r#"[{"message":"cut off"#; "truncated")]
    #[test_case(r#"[{"errorCode":7,"fields":"x"}]"#; "wrong types")]
    fn any_other_body_leaves_the_status(body: &str) {
        let error = read(503, body);
        assert_eq!(error.code(), None);
        assert_eq!(error.to_string(), "HTTP 503 without an error code");
    }

    #[test_case("ConcurrentRequests (Concurrent API Requests) Limit exceeded.", false)]
    #[test_case("ConcurrentPerOrgLongTxn Limit exceeded.", false)]
    #[test_case("TotalRequests Limit exceeded.", true)]
    fn the_message_tells_the_daily_limit_from_the_concurrent_one(message: &str, daily: bool) {
        let body = format!(r#"[{{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"{message}"}}]"#);
        let error = read(403, &body);
        assert_eq!(
            (error.is_daily_limit(), error.is_throttled()),
            (daily, !daily)
        );
    }

    #[test]
    fn nothing_personal_is_shown() {
        let body = r#"[{"errorCode":"DUPLICATE_USERNAME","message":"jane@acme.example is Jane Doe",
            "fields":["Username","jane@acme.example"]},{"errorCode":"Jane Doe!","message":"x"}]"#;
        let error = read(400, body);
        for shown in [
            error.to_string(),
            format!("{error:?}"),
            format!("{error:#?}"),
        ] {
            assert!(!shown.to_lowercase().contains("jane"), "{shown}");
        }
        assert_eq!(
            error.to_string(),
            "HTTP 400, DUPLICATE_USERNAME (Username), UNRECOGNIZED"
        );
        assert!(error.message().contains("jane@acme.example"));
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(status in 100..600_u16, body in any::<Vec<u8>>()) {
            let error = ApiError::new(status, &body, None, None);
            let _ = (error.to_string(), error.is_throttled(), error.is_daily_limit());
        }

        #[test]
        fn no_list_makes_it_panic(body in r#"\[\{"(errorCode|message|fields|error)":("x"|1|\[\]|null|\{\})\}(,\{\})?\]"#) {
            let error = read(400, &body);
            let _ = (error.to_string(), error.code().is_some(), error.fields().len());
        }
    }
}
