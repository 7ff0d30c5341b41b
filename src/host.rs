//! How the services are reached: as the child of a host, or by developers.
//!
//! [`run_child`] is the child's half of the subprocess protocol: one line on stdin, an inherited
//! socket, mutual TLS, the end when stdin ends. [`serve()`] offers the same services to grpcurl.
//! Neither writes to stdout, and neither reads the environment: callers pass in what they found.

pub mod child;
pub mod error;
pub mod handshake;
pub mod listener;
pub mod serve;
mod server;
pub mod tls;

pub use child::{LISTENER_FD_VARIABLE, run_child};
pub use error::Error;
pub use serve::{Address, Bound, ServeOptions, TlsFiles, serve};
