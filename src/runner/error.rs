//! Why a run ended early, and the exit code that says so.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use tonic::{Code, Status};

/// The result of something the host does.
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
    /// The connector ended before it was asked to.
    #[error("{} {when} ({status}){}", end_of(*status), hint(*status))]
    Died {
        /// What it was doing.
        when: &'static str,
        /// How it ended.
        status: ExitStatus,
    },
    /// The connector was started but does not answer.
    #[error("connecting to the connector")]
    Dial {
        /// What the transport says.
        source: tonic::transport::Error,
    },
    /// The connector was started but nothing came back in time.
    #[error("the connector did not accept a connection within {seconds} s")]
    DialTimeout {
        /// How long the host waited.
        seconds: u64,
    },
    /// The credentials of this launch could not be made.
    #[error("making the credentials for the connector")]
    Credentials {
        /// What the certificate library says.
        source: rcgen::Error,
    },
    /// A call failed in a way that ends the run.
    #[error("{doing}: {} ({:?})", status.message(), status.code())]
    Call {
        /// What was asked.
        doing: String,
        /// The connector's answer. Its own source chain repeats the message.
        status: Box<Status>,
    },
    /// The connector broke the protocol.
    #[error("{message}")]
    Protocol {
        /// The gRPC code a host of the SDK reports for it.
        code: Code,
        /// What it did.
        message: String,
    },
    /// The request itself makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// An action or another operation was executed and failed.
    #[error("{0}")]
    Failed(String),
    /// The file failed.
    #[error(transparent)]
    File(#[from] crate::c1z::Error),
    /// The database of the file failed, which does not say itself where it is.
    #[error("writing {}", path.display())]
    Write {
        /// The file that was to be written.
        path: PathBuf,
        /// What failed.
        source: crate::c1z::Error,
    },
    /// Someone asked the run to stop.
    #[error("interrupted")]
    Cancelled,
    /// A task of the host itself failed.
    #[error("internal: {0}")]
    Internal(String),
}

/// A signal comes from outside, an exit code from the connector itself.
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
    /// The gRPC code number that the process exits with; 2 for what is not a call's failure.
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
            | Self::File(_)
            | Self::Write { .. }
            | Self::Internal(_) => Code::Unknown as i32,
        }
    }

    /// Names the file that a sync writes, where the failure does not.
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
