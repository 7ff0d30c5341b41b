//! Serves the gRPC services: as the child of a host, or for developers.
//!
//! [`run_child`] is the child's half of the subprocess protocol: one line on stdin, an inherited
//! socket, mutual TLS, and an end when stdin ends. [`serve()`] offers the same services to grpcurl.
//! Neither writes to stdout or reads the environment; callers pass the values in.

mod accept;
pub mod child;
mod connection;
pub mod error;
pub mod handshake;
pub mod listener;
pub mod serve;
mod server;
pub mod tls;
mod unix_socket;

pub use child::{LISTENER_FD_VARIABLE, run_child};
pub use error::Error;
pub use serve::{Address, Bound, ServeOptions, TlsFiles, serve};
