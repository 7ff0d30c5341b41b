//! The generated protocol code. Nobody above `wire`, `service`, `host`, `runner` and `daemon`
//! looks in here.
//!
//! Module paths follow the proto packages: `c1.connector.v2` is [`c1::connector::v2`].

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::pedantic,
    clippy::large_enum_variant,
    clippy::len_without_is_empty,
    deprecated,
    reason = "generated code; the proto files are the documentation"
)]

/// The version of the Baton SDK whose protocol and behaviour this program follows. Hosts send the id
/// of a sync only to versions that are known to understand it.
pub const SDK_VERSION: &str = "v0.25.0";

/// The compiled descriptor set of `proto/`, for reflection and for the contract test.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// The packages of the protocol.
pub mod c1 {
    pub mod config {
        pub mod v1 {
            include!(concat!(env!("OUT_DIR"), "/c1.config.v1.rs"));
        }
    }
    pub mod connector {
        pub mod v2 {
            include!(concat!(env!("OUT_DIR"), "/c1.connector.v2.rs"));
        }
    }
    pub mod connectorapi {
        pub mod baton {
            pub mod v1 {
                include!(concat!(env!("OUT_DIR"), "/c1.connectorapi.baton.v1.rs"));
            }
        }
    }
    pub mod connector_wrapper {
        pub mod v1 {
            include!(concat!(env!("OUT_DIR"), "/c1.connector_wrapper.v1.rs"));
        }
    }
    pub mod ratelimit {
        pub mod v1 {
            include!(concat!(env!("OUT_DIR"), "/c1.ratelimit.v1.rs"));
        }
    }
    pub mod utls {
        pub mod v1 {
            include!(concat!(env!("OUT_DIR"), "/c1.utls.v1.rs"));
        }
    }
}

/// What a connector process tells the process of this program that started it. No part of the protocol.
pub mod process {
    include!(concat!(env!("OUT_DIR"), "/baton_salesforce.process.v1.rs"));
}

/// Google's status message, which travels in `grpc-status-details-bin`.
pub mod google {
    pub mod rpc {
        include!(concat!(env!("OUT_DIR"), "/google.rpc.rs"));
    }
}

/// Rules of a retired schema; see `proto/validate/validate.proto`.
pub mod validate {
    include!(concat!(env!("OUT_DIR"), "/validate.rs"));
}

pub use c1::{
    config::v1 as config, connector::v2 as connector, connectorapi::baton::v1 as platform,
    ratelimit::v1 as ratelimit,
};
