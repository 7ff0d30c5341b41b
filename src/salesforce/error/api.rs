//! Error responses of Salesforce, read from a body that may be anything.
//!
//! A message may quote names, addresses and our own query, so `Display` and `Debug` show only the
//! status, the codes and the names of fields. [`Problem::words`] returns a message without personal
//! data. Must not know: which request was refused.

use std::{fmt, time::Duration};

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{ErrorCode, MissingField, words::redact};
use crate::salesforce::{
    answer::{Head, Redirect, WebPage},
    limits::Quota,
};

/// Bounds on what is kept of a body.
const MAX_PROBLEMS: usize = 200;
const MAX_MESSAGE: usize = 4_000;
const MAX_FIELDS: usize = 200;
const MAX_FIELD_NAME: usize = 255;
/// Messages that are passed on.
const MAX_WORDED: usize = 5;

/// One entry of an error response: a code, a message, and fields.
#[derive(Clone, PartialEq, Eq)]
pub struct Problem {
    code: Option<ErrorCode>,
    message: Box<str>,
    fields: Vec<String>,
}

/// Salesforce's response to a request that failed.
#[derive(Clone, Debug)]
pub struct ApiError {
    status: u16,
    problems: Vec<Problem>,
    retry_after: Option<Duration>,
    redirect: Option<Redirect>,
    page: Option<WebPage>,
    quota: Option<Quota>,
    scim: Scim,
}

/// What an answer has to do with SCIM.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Scim {
    /// A request of the SCIM service was answered.
    was_asked: bool,
    /// The body has a form of that service, so the service itself has answered.
    has_answered: bool,
}

impl ApiError {
    /// Reads an error response. If the body is not a list of errors, only the status is known.
    pub(in crate::salesforce) fn new(head: Head, body: &[u8], quota: Option<Quota>) -> Self {
        let body_value = serde_json::from_slice(body);
        let of_scim = body_value
            .as_ref()
            .ok()
            .and_then(super::scim_body::problems);
        let has_answered = of_scim.is_some();
        let problems = match body_value {
            _ if has_answered => of_scim.unwrap_or_default(),
            Ok(Value::Array(items)) => items
                .iter()
                .take(MAX_PROBLEMS)
                .filter_map(Problem::from_json)
                .collect(),
            Ok(item) => Problem::from_json(&item).into_iter().collect(),
            Err(_) if head.page.is_some() => Vec::new(),
            Err(_) => super::other_body::problems(body),
        };
        Self {
            status: head.status,
            problems,
            retry_after: head.retry_after,
            redirect: head.redirect,
            page: head.page,
            quota,
            scim: Scim {
                was_asked: false,
                has_answered,
            },
        }
    }

    /// Notes that a request of the SCIM service was answered.
    pub(in crate::salesforce) fn of_scim(mut self, was_asked: bool) -> Self {
        self.scim.was_asked = was_asked;
        self
    }

    pub(crate) fn from_problems(status: u16, problems: Vec<Problem>) -> Self {
        Self {
            status,
            problems,
            retry_after: None,
            redirect: None,
            page: None,
            quota: None,
            scim: Scim::default(),
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The first code, if the body has one.
    #[must_use]
    pub fn code(&self) -> Option<&ErrorCode> {
        self.problems.first()?.code()
    }

    /// The message of the first problem. It may contain personal data: never log it.
    #[must_use]
    pub fn message(&self) -> &str {
        self.problems.first().map_or("", Problem::message)
    }

    /// The fields of the first problem.
    #[must_use]
    pub fn fields(&self) -> &[String] {
        self.problems.first().map_or(&[], Problem::fields)
    }

    /// All entries of the response.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The codes of all problems.
    pub(crate) fn codes(&self) -> impl Iterator<Item = &ErrorCode> {
        self.problems.iter().filter_map(Problem::code)
    }

    /// What the org says of all problems, without personal data: see [`Problem::words`]. `None`
    /// when it says nothing.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let mut all: Vec<String> = Vec::new();
        for words in self.problems.iter().filter_map(Problem::words) {
            if !all.contains(&words) {
                all.push(words);
            }
        }
        let more = all.len().saturating_sub(MAX_WORDED);
        all.truncate(MAX_WORDED);
        if more > 0 {
            all.push(format!("and {more} more"));
        }
        (!all.is_empty()).then(|| all.join("; "))
    }

    /// The field that an `INVALID_FIELD` is about, if Salesforce names it.
    #[must_use]
    pub fn missing_field(&self) -> Option<MissingField<'_>> {
        self.problems.iter().find_map(Problem::missing_field)
    }

    /// How long Salesforce asks to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The org's daily API calls.
    #[must_use]
    pub fn quota(&self) -> Option<&Quota> {
        self.quota.as_ref()
    }

    pub(crate) fn is_session_expired(&self) -> bool {
        const REFUSED: [&str; 4] = [
            "INVALID_SESSION_ID",
            "INVALID_AUTH_HEADER",
            "INVALID_JWT_FORMAT",
            // What the identity service answers, with the status 403.
            "BAD_OAUTH_TOKEN",
        ];
        let is_refused = |code: &ErrorCode| {
            REFUSED
                .iter()
                .any(|it| code.as_str().eq_ignore_ascii_case(it))
        };
        self.status == 401 || self.codes().any(is_refused)
    }

    /// The daily API calls are used up. The limit of concurrent calls has the same code and another
    /// message.
    pub(crate) fn is_daily_limit(&self) -> bool {
        self.has(&ErrorCode::RequestLimitExceeded) && !self.is_concurrent_limit()
    }

    pub(crate) fn is_throttled(&self) -> bool {
        let limited = self.has(&ErrorCode::RequestLimitExceeded) && self.is_concurrent_limit();
        limited || (matches!(self.status, 420 | 429) && !self.is_daily_limit())
    }

    pub(crate) fn is_not_found(&self) -> bool {
        match self.code() {
            _ if self.is_scim_unavailable() => false,
            Some(code) => code.is_not_found(),
            None => self.status == 404,
        }
    }

    /// Whether something else than the SCIM service answered a request to it: the org does not have
    /// it or keeps it from the user.
    pub(crate) fn is_scim_unavailable(&self) -> bool {
        let is_absent = self.scim.was_asked && !self.scim.has_answered;
        let is_absence = match self.code() {
            None => !self.is_session_expired(),
            Some(code) => matches!(
                code,
                ErrorCode::NotFound
                    | ErrorCode::MethodNotAllowed
                    | ErrorCode::FunctionalityNotEnabled
                    | ErrorCode::ApiDisabledForOrg
                    | ErrorCode::ApiCurrentlyDisabled
            ),
        };
        is_absent && is_absence && matches!(self.status, 403 | 404 | 405 | 501)
    }

    /// Whether it is a refusal in words only, which is final.
    pub(crate) fn is_refusal_without_code(&self) -> bool {
        let is_final = matches!(self.status, 400..500) && !matches!(self.status, 408 | 420 | 429);
        is_final && self.scim.has_answered && self.code().is_none() && !self.is_session_expired()
    }

    /// Whether the request may have been carried out: a server or a gateway failed or did not wait.
    /// Any other answer is a refusal.
    pub(crate) fn may_have_run(&self) -> bool {
        matches!(self.status, 408 | 500..) && !matches!(self.status, 501 | 505)
    }

    pub(crate) fn has(&self, code: &ErrorCode) -> bool {
        self.codes().any(|told| told == code)
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
        if let Some(wait) = self.retry_after {
            write!(f, ", come back in {} s", wait.as_secs())?;
        }
        if let Some(redirect) = &self.redirect {
            return write!(f, ", {redirect}");
        }
        for problem in self.problems.iter().take(5) {
            write!(f, ", {problem}")?;
        }
        match self.problems.len() {
            0 if self.page.is_some() => write!(f, ", {WebPage}"),
            0 => f.write_str(" without an error code"),
            1..=5 => Ok(()),
            more => write!(f, ", and {} more", more - 5),
        }
    }
}

impl std::error::Error for ApiError {}

impl Problem {
    /// A problem without fields, of bounded size.
    pub(super) fn new(code: &str, message: &str) -> Self {
        Self {
            code: Some(ErrorCode::new(code)),
            message: message.chars().take(MAX_MESSAGE).collect(),
            fields: Vec::new(),
        }
    }

    /// A problem of which only the message is known, of bounded size.
    pub(super) fn without_code(message: &str) -> Self {
        Self {
            code: None,
            message: message.chars().take(MAX_MESSAGE).collect(),
            fields: Vec::new(),
        }
    }

    /// The same problem with a code.
    pub(super) fn coded(self, code: Option<ErrorCode>) -> Self {
        Self { code, ..self }
    }

    /// Salesforce's code, if there is one.
    #[must_use]
    pub fn code(&self) -> Option<&ErrorCode> {
        self.code.as_ref()
    }

    /// The message. It may contain personal data: never log it.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The org's words on one line, with addresses, usernames, ids, tokens and telephone numbers
    /// replaced by `…`: for the answer to a host, not for the log, because names of people cannot
    /// be recognised. `None` when there are none.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        Some(redact(&self.message)).filter(|words| !words.is_empty())
    }

    /// The field that an `INVALID_FIELD` is about, if its message names it.
    #[must_use]
    pub fn missing_field(&self) -> Option<MissingField<'_>> {
        let is_invalid_field = self.code == Some(ErrorCode::InvalidField);
        MissingField::parse(&self.message).filter(|_| is_invalid_field)
    }

    /// API names of the fields that the problem is about.
    #[must_use]
    pub fn fields(&self) -> &[String] {
        &self.fields
    }

    /// Reads `errorCode` (requests), `statusCode` (collections) or `error` (OAuth).
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
            return write!(f, " ({})", self.fields.join(", "));
        }
        // An API name, and the only hint of what to do.
        match self.missing_field() {
            Some(field) => write!(f, " ({field})"),
            None => Ok(()),
        }
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

/// Only API names: anything else in `fields` may be data.
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
        ApiError::new(Head::from(status), body.as_bytes(), None)
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
    fn the_words_of_every_problem_are_passed_on_without_data() {
        let body = r#"[{"errorCode":"FIELD_CUSTOM_VALIDATION_EXCEPTION","message":"Only HR may."},
            {"errorCode":"DUPLICATE_USERNAME","message":"jane@acme.example is taken"},
            {"errorCode":"X","message":""},{"errorCode":"Y","message":"Only HR may."}]"#;
        let words = read(400, body).words();
        assert_eq!(words.as_deref(), Some("Only HR may.; … is taken"));
        assert_eq!(read(503, "<html>").words(), None);
    }

    #[test]
    fn an_invalid_field_is_named() {
        let body = r#"[{"errorCode":"INVALID_FIELD","message":"\nSELECT Id, UserRoleId\n    ^\nERROR at Row:1:Column:12\nNo such column 'UserRoleId' on entity 'User'."}]"#;
        let error = read(400, body);
        let field = error
            .missing_field()
            .map(|field| (field.name, field.object));
        assert_eq!(field, Some(("UserRoleId", Some("User"))));
        assert_eq!(
            error.to_string(),
            "HTTP 400, INVALID_FIELD (UserRoleId of User)"
        );
        assert_eq!(
            read(400, &body.replace("INVALID_FIELD", "X")).missing_field(),
            None
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
            let error = ApiError::new(Head::from(status), &body, None);
            let _ = (error.to_string(), error.is_throttled(), error.is_daily_limit());
        }

        #[test]
        fn no_list_makes_it_panic(body in r#"\[\{"(errorCode|message|fields|error)":("x"|1|\[\]|null|\{\})\}(,\{\})?\]"#) {
            let error = read(400, &body);
            let _ = (error.to_string(), error.code().is_some(), error.fields().len());
        }
    }
}
