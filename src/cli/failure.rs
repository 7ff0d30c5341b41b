//! Why a process failed, and the exit code for it.

use std::error::Error as StdError;
use std::fmt;

use crate::baton;
use crate::causes;
use crate::config::Problems;

/// The exit code of failures without a gRPC code, such as wrong flags.
const USAGE: u8 = 2;

/// An exit code and the reason in words.
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

    /// Adds, in front, what was being done.
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
    /// Takes the first gRPC code of the chain and all its texts.
    fn of_chain(error: &(dyn StdError + 'static)) -> Self {
        let text = |error: &(dyn StdError + 'static)| match error.downcast_ref::<tonic::Status>() {
            Some(status) => status.message().to_owned(),
            None => error.to_string(),
        };
        Self {
            code: causes::all(error)
                .find_map(code_of)
                .map_or(USAGE, exit_code),
            text: causes::join(causes::all(error).map(text)),
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

/// The number of the code; never 0.
fn exit_code(code: tonic::Code) -> u8 {
    match u8::try_from(i32::from(code)) {
        Ok(number) if number != 0 => number,
        _ => USAGE,
    }
}
