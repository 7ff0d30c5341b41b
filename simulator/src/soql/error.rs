//! Errors of queries.

/// Why a query failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct SoqlError {
    /// The `errorCode` of the reply.
    pub code: &'static str,
    /// The `message` of the reply.
    pub message: String,
}

impl SoqlError {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    pub(crate) fn malformed(source: &str, at: usize, message: &str) -> Self {
        Self::at("MALFORMED_QUERY", source, at, message)
    }

    /// An error with its position in Salesforce's form: an excerpt, a caret below the position, row
    /// and column, and the message.
    pub(crate) fn at(code: &'static str, source: &str, at: usize, message: &str) -> Self {
        /// Characters of the line to show on each side.
        const WINDOW: usize = 40;
        let before = source.get(..at).unwrap_or(source);
        let line = before.rsplit('\n').next().unwrap_or_default();
        let row = before.matches('\n').count() + 1;
        let column = line.chars().count() + 1;
        let after = source
            .get(at..)
            .unwrap_or_default()
            .split('\n')
            .next()
            .unwrap_or_default();
        let skipped = (column - 1).saturating_sub(WINDOW);
        let shown: String = line
            .chars()
            .skip(skipped)
            .chain(after.chars().take(WINDOW))
            .collect();
        let indent = " ".repeat(column - 1 - skipped);
        let message =
            format!("\n{shown}\n{indent}^\nERROR at Row:{row}:Column:{column}\n{message}");
        Self { code, message }
    }
}
