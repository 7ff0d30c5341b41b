//! Why a run ended early, and the exit code that says so.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use tonic::{Code, Status};

/// A result with the host's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a run ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The connector could not be started.
    #[error("starting {executable}")]
    Spawn {
        /// What was to be started.
        executable: String,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// The connector ended too early.
    #[error("{} {when} ({status}){}", end_of(*status), hint(*status))]
    Died {
        /// When.
        when: &'static str,
        /// How it ended.
        status: ExitStatus,
    },
    /// The connector was started, but connecting to it failed.
    #[error("connecting to the connector")]
    Dial {
        /// What the transport says.
        source: tonic::transport::Error,
    },
    /// The connector was started, but connecting to it took too long.
    #[error("the connector did not accept a connection within {seconds} s")]
    DialTimeout {
        /// How long the host waited.
        seconds: u64,
    },
    /// Generating the credentials failed.
    #[error("making the credentials for the connector")]
    Credentials {
        /// What the certificate library says.
        source: rcgen::Error,
    },
    /// A call failed.
    #[error("{doing}: {} ({:?})", sentence(status.message()), status.code())]
    Call {
        /// What was being done.
        doing: String,
        /// The connector's answer. Its own source chain repeats the message.
        status: Box<Status>,
    },
    /// The connector violated the protocol.
    #[error("{message}")]
    Protocol {
        /// The gRPC code that the SDK's host reports for it.
        code: Code,
        /// What it did.
        message: String,
    },
    /// The request is invalid.
    #[error("{0}")]
    Invalid(String),
    /// An operation was executed and failed.
    #[error("{0}")]
    Failed(String),
    /// The file failed.
    #[error(transparent)]
    File(#[from] crate::c1z::Error),
    /// The database of the file failed. Its own error does not name the file.
    #[error("writing {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What failed.
        source: crate::c1z::Error,
    },
    /// Nobody reads what is printed.
    #[error("printing: nobody reads the output any more")]
    NoReader,
    /// The run was interrupted.
    #[error("interrupted")]
    Cancelled,
    /// A task of the host itself failed.
    #[error("internal: {0}")]
    Internal(String),
}

/// Shortens the validation errors of the SDK, which have one link for each level of the message:
/// `invalid A.B: embedded message failed validation | caused by: invalid B.C: no address`.
fn sentence(message: &str) -> String {
    let mut path = Vec::new();
    let mut reason = "";
    for link in message.split(" | caused by: ") {
        let Some((field, why)) = link
            .strip_prefix("invalid ")
            .and_then(|it| it.split_once(": "))
        else {
            break;
        };
        path.push(field.split_once('.').map_or(field, |(_, field)| field));
        reason = why;
    }
    if path.len() < 2 {
        return message.to_owned();
    }
    format!("invalid {}: {reason}", path.join("."))
}

/// Without an exit code, a signal killed it.
fn end_of(status: ExitStatus) -> &'static str {
    match status.code() {
        Some(_) => "the connector ended",
        None => "the connector was killed",
    }
}

fn hint(status: ExitStatus) -> &'static str {
    match status.code() {
        Some(0) | None => "",
        Some(_) => "; its own messages say why",
    }
}

impl Error {
    /// The exit code of the process: the number of a gRPC code, or 2 for errors without one.
    #[must_use]
    pub fn code(&self) -> i32 {
        match self {
            Self::Call { status, .. } => status.code() as i32,
            Self::Protocol { code, .. } => *code as i32,
            Self::Cancelled | Self::Died { .. } => Code::Cancelled as i32,
            Self::Dial { .. } => Code::Unavailable as i32,
            Self::DialTimeout { .. } => Code::DeadlineExceeded as i32,
            Self::Spawn { .. }
            | Self::Credentials { .. }
            | Self::Invalid(_)
            | Self::Failed(_)
            | Self::NoReader
            | Self::File(_)
            | Self::Write { .. }
            | Self::Internal(_) => Code::Unknown as i32,
        }
    }

    /// Adds the name of the file, if the error does not have it.
    pub(crate) fn in_file(self, file: Option<&Path>) -> Self {
        use crate::c1z::Error::{Closed, Database};
        match (self, file) {
            (Self::File(source @ (Database { .. } | Closed(_))), Some(file)) => Self::Write {
                path: file.to_owned(),
                source,
            },
            (error, _) => error,
        }
    }

    pub(crate) fn call(doing: impl Into<String>) -> impl FnOnce(Status) -> Self {
        let doing = doing.into();
        move |status| Self::Call {
            doing,
            status: Box::new(status),
        }
    }

    pub(crate) fn unknown(message: impl Into<String>) -> Self {
        Self::Protocol {
            code: Code::Unknown,
            message: message.into(),
        }
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::Protocol {
            code: Code::Internal,
            message: message.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::sentence;

    #[test_case("no such user" => "no such user")]
    #[test_case("invalid A.B: too long" => "invalid A.B: too long")]
    #[test_case(
        "invalid CreateAccountRequest.AccountInfo: embedded message failed validation | \
         caused by: invalid AccountInfo.Emails[0]: embedded message failed validation | \
         caused by: invalid AccountInfo_Email.Address: value must be a valid email address | \
         caused by: mail: missing '@' or angle-addr"
        => "invalid AccountInfo.Emails[0].Address: value must be a valid email address"
    )]
    fn a_chain_of_validation_errors_becomes_one_sentence(message: &str) -> String {
        sentence(message)
    }
}
