//! Why the daemon cannot work, and why a call to the platform failed.

use reqwest::StatusCode;
use tonic::{Code, Status};

use super::identity::Flaw;

/// A result with the daemon's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What usually prevents a connection from being prepared.
const NO_AUTHORITIES: &str = "if this system has no certificate authorities, install the package \
     ca-certificates or set SSL_CERT_FILE";

/// Why the daemon cannot work, or why a call to the platform failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The client id or the client secret is wrong.
    #[error(transparent)]
    Identity(#[from] Flaw),
    /// No HTTP client can be made, for example because the system has no certificate authorities.
    #[error("preparing connections to the platform; {NO_AUTHORITIES}")]
    Client {
        /// What the library says.
        source: reqwest::Error,
    },
    /// The gRPC client cannot be made.
    #[error("preparing connections to the platform; {NO_AUTHORITIES}")]
    Channel {
        /// What the library says.
        source: tonic::transport::Error,
    },
    /// The proxy is of a kind through which gRPC cannot go.
    #[error(
        "preparing connections to the platform: HTTPS_PROXY must be the address of an HTTP proxy \
         (http://…), or NO_PROXY must name the platform's host"
    )]
    Proxy,
    /// The assertion could not be signed.
    #[error("signing in at the platform: the key in client-secret cannot sign")]
    Signing,
    /// The token endpoint cannot be reached.
    #[error("signing in at the platform: the token endpoint cannot be reached")]
    TokenEndpoint {
        /// What the library says.
        source: reqwest::Error,
    },
    /// The token endpoint refused.
    #[error("signing in at the platform: it answered {status}; check client-id and client-secret")]
    TokenRefused {
        /// The status of its answer.
        status: StatusCode,
    },
    /// The token endpoint's answer holds no token.
    #[error("signing in at the platform: its answer holds no usable token")]
    TokenAnswer,
    /// The platform refused a call.
    #[error("{doing}: {} ({:?})", status.message(), status.code())]
    Call {
        /// What was being done.
        doing: &'static str,
        /// The platform's answer.
        status: Box<Status>,
    },
    /// A call took too long.
    #[error("{doing}: the platform did not answer within {seconds} s")]
    Late {
        /// What was being done.
        doing: &'static str,
        /// How long the daemon waited.
        seconds: u64,
    },
    /// The file of a sync could not be read.
    #[error("reading the file of the sync")]
    File {
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The directory for temporary files cannot be used.
    #[error("using {} for temporary files (--c1z-temp-dir or TMPDIR names another directory)", path.display())]
    Workplace {
        /// The directory.
        path: std::path::PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The connector failed.
    #[error(transparent)]
    Connector(#[from] crate::runner::Error),
    /// The process cannot listen for signals.
    #[error("listening for signals")]
    Signals {
        /// What the operating system says.
        source: std::io::Error,
    },
}

impl Error {
    /// The gRPC code that says what kind of failure it is.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Call { status, .. } => status.code(),
            Self::Late { .. } => Code::DeadlineExceeded,
            Self::TokenEndpoint { .. } => Code::Unavailable,
            Self::TokenRefused { .. } | Self::TokenAnswer => Code::Unauthenticated,
            Self::Connector(error) => Code::from_i32(error.code()),
            Self::Identity(_) | Self::Proxy => Code::InvalidArgument,
            _ => Code::Internal,
        }
    }

    /// Whether the same call can succeed later. What the token endpoint says counts as passing: keys
    /// are exchanged, and proxies answer in its place.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Call { status, .. } => !matches!(
                status.code(),
                Code::Unauthenticated
                    | Code::PermissionDenied
                    | Code::InvalidArgument
                    | Code::Unimplemented
                    | Code::FailedPrecondition
                    | Code::NotFound
            ),
            Self::Late { .. }
            | Self::TokenEndpoint { .. }
            | Self::TokenRefused { .. }
            | Self::TokenAnswer => true,
            _ => false,
        }
    }
}
