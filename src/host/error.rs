//! Why the services cannot be served. Each error is one line that says what to change.

use std::io;
use std::path::PathBuf;

/// A failure before or while serving. Programs end with exit code 2.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The host's line on stdin is wrong; the text says how.
    #[error("{0}")]
    Handshake(String),
    /// The variable with the listener's descriptor is not set.
    #[error("missing required listener fd")]
    MissingListener,
    /// The descriptor that the variable names cannot be used.
    #[error("listener fd {value:?}: {reason}")]
    Listener {
        /// What the variable says.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The inherited socket listens on another port than the host said.
    #[error("listen port mismatch: {actual} != {configured}")]
    Port {
        /// Where the socket listens.
        actual: u16,
        /// What the host said.
        configured: u32,
    },
    /// Key or certificates cannot be used; the text names which, never their content.
    #[error("{0}")]
    Tls(String),
    /// A file cannot be read.
    #[error("reading {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The address is refused; the text says why.
    #[error("{0}")]
    Address(String),
    /// The address cannot be listened on.
    #[error("listening on {address}")]
    Bind {
        /// Which.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// The server failed.
    #[error("serving")]
    Serve(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A call to the operating system failed.
    #[error("{what}")]
    System {
        /// What was attempted.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
}
