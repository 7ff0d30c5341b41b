//! One operation on a fresh connector.
