//! How a process ends that did not do what it was asked for.

use std::error::Error as StdError;
use std::fmt;

use crate::baton;
use crate::config::Problems;

/// The code of failures that have no gRPC code: wrong flags, a wrong configuration.
const USAGE: u8 = 2;

/// An exit code and the text that says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    code: u8,
    text: String,
}

impl Failure {
    /// A failure without a gRPC code.
    #[must_use]
    pub fn usage(text: impl Into<String>) -> Self {
        Self {
            code: USAGE,
            text: text.into(),
        }
    }

    /// A failure with a gRPC code.
    #[must_use]
    pub fn status(code: tonic::Code, text: impl Into<String>) -> Self {
        Self {
            code: exit_code(code),
            text: text.into(),
        }
    }

    /// The process's exit code.
    #[must_use]
    pub fn code(&self) -> u8 {
        self.code
    }

    /// Puts what was being done before the text.
    #[must_use]
    pub fn context(self, doing: &str) -> Self {
        Self {
            text: format!("{doing}: {}", self.text),
            ..self
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for Failure {}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::usage(problems.to_string())
    }
}

impl From<tonic::Status> for Failure {
    fn from(status: tonic::Status) -> Self {
        Self::of_chain(&status)
    }
}

impl From<baton::Error> for Failure {
    fn from(error: baton::Error) -> Self {
        Self::of_chain(&error)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(failure) => failure,
            Err(error) => Self::of_chain(error.as_ref()),
        }
    }
}

impl Failure {
    /// The first gRPC code in the chain, and all its texts in one line.
    fn of_chain(error: &(dyn StdError + 'static)) -> Self {
        let mut code = None;
        let mut text = String::new();
        let mut next = Some(error);
        while let Some(error) = next {
            code = code.or_else(|| code_of(error));
            let piece = match error.downcast_ref::<tonic::Status>() {
                Some(status) => status.message().to_owned(),
                None => error.to_string(),
            };
            // Some errors repeat their source.
            if !piece.is_empty() && !text.ends_with(&piece) {
                if !text.is_empty() {
                    text.push_str(": ");
                }
                text.push_str(&piece);
            }
            next = error.source();
        }
        Self {
            code: code.map_or(USAGE, exit_code),
            text,
        }
    }
}

fn code_of(error: &(dyn StdError + 'static)) -> Option<tonic::Code> {
    if let Some(status) = error.downcast_ref::<tonic::Status>() {
        return Some(status.code());
    }
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return Some(tonic::Code::from(i32::from(failure.code)));
    }
    error
        .downcast_ref::<baton::Error>()
        .map(|error| match error.kind() {
            baton::Kind::InvalidArgument => tonic::Code::InvalidArgument,
            baton::Kind::NotFound => tonic::Code::NotFound,
            baton::Kind::AlreadyExists => tonic::Code::AlreadyExists,
            baton::Kind::PermissionDenied => tonic::Code::PermissionDenied,
            baton::Kind::Unauthenticated => tonic::Code::Unauthenticated,
            baton::Kind::FailedPrecondition => tonic::Code::FailedPrecondition,
            baton::Kind::ResourceExhausted => tonic::Code::ResourceExhausted,
            baton::Kind::Unavailable => tonic::Code::Unavailable,
            baton::Kind::DeadlineExceeded => tonic::Code::DeadlineExceeded,
            baton::Kind::Unimplemented => tonic::Code::Unimplemented,
            baton::Kind::Internal => tonic::Code::Internal,
            baton::Kind::Cancelled => tonic::Code::Cancelled,
            baton::Kind::Unknown => tonic::Code::Unknown,
        })
}

/// The number of the code. A failure never exits with 0.
fn exit_code(code: tonic::Code) -> u8 {
    match u8::try_from(i32::from(code)) {
        Ok(number) if number != 0 => number,
        _ => USAGE,
    }
}
