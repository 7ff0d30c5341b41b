//! What Salesforce says of a query job.

use serde::{Deserialize, Deserializer, de::Error as _};

use crate::salesforce::error::redact;

/// The longest text that can be the id of a job. Salesforce's own have 18 characters.
const MAX_ID: usize = 40;

/// A query job.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct QueryJob {
    /// Its id.
    pub id: JobId,
    /// How far it is.
    pub state: JobState,
    #[serde(default)]
    error_message: Option<String>,
    /// The rows that it has found so far; all of them when it is complete.
    #[serde(default)]
    pub number_records_processed: Option<u64>,
    #[serde(default)]
    column_delimiter: Option<Delimiter>,
}

impl QueryJob {
    /// Why it failed, in Salesforce's words without personal data; empty if it says nothing.
    #[must_use]
    pub fn words(&self) -> String {
        redact(self.error_message.as_deref().unwrap_or_default())
    }

    /// What is between the columns of the result.
    #[must_use]
    pub fn delimiter(&self) -> Delimiter {
        self.column_delimiter.unwrap_or(Delimiter::Comma)
    }
}

/// The id of a job: letters and digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct JobId(String);

impl JobId {
    /// Reads one; `None` if the text cannot be part of a path.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let is_id = is_plain && !text.is_empty() && text.len() <= MAX_ID;
        is_id.then(|| Self(text.to_owned()))
    }

    /// The id as Salesforce writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for JobId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(&text).ok_or_else(|| D::Error::custom("not the id of a job"))
    }
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub enum JobState {
    /// It waits for its turn.
    UploadComplete,
    /// It is being processed.
    InProgress,
    /// Its result can be read.
    JobComplete,
    /// It was stopped.
    Aborted,
    /// It failed.
    Failed,
    /// A state that this program does not know.
    #[serde(other)]
    Unknown,
}

/// What is between the columns of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the characters of these names")]
pub enum Delimiter {
    Backquote,
    Caret,
    Comma,
    Pipe,
    Semicolon,
    Tab,
}

impl Delimiter {
    pub(super) fn byte(self) -> u8 {
        match self {
            Self::Backquote => b'`',
            Self::Caret => b'^',
            Self::Comma => b',',
            Self::Pipe => b'|',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case(r#""UploadComplete""# => JobState::UploadComplete)]
    #[test_case(r#""JobComplete""# => JobState::JobComplete)]
    #[test_case(r#""Paused""# => JobState::Unknown; "a state of a later version")]
    fn a_state(text: &str) -> JobState {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_job_says_as_much_as_it_knows() {
        let job: QueryJob = serde_json::from_str(
            r#"{"id":"750R0000000zlh9IAA","state":"Failed",
            "errorMessage":"Retried more than 15 times","columnDelimiter":"PIPE","retries":16}"#,
        )
        .unwrap();
        assert_eq!(job.id.as_str(), "750R0000000zlh9IAA");
        let found = (job.delimiter(), job.number_records_processed);
        assert_eq!(found, (Delimiter::Pipe, None));
        assert_eq!(job.words(), "Retried more than 15 times");
    }

    #[test_case("" ; "empty")]
    #[test_case("../750" ; "a path")]
    #[test_case("750 R" ; "a space")]
    fn no_id(text: &str) {
        assert_eq!(JobId::read(text), None);
    }
}
