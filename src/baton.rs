//! The protocol in Rust terms: resources, entitlements, grants, actions and the traits that a
//! connector implements. No protobuf and no HTTP in here.

pub mod account;
pub mod action;
pub mod connector;
pub mod cursor;
pub mod encoded_size;
pub mod entitlement;
pub mod error;
pub mod grant;
pub mod id;
pub mod page;
pub mod provision;
pub mod registry;
pub mod resource;
pub mod schema;
pub mod syncer;
pub mod value;

pub use account::{AccountManager, AccountOutcome, AccountRequest, CredentialOption, NewAccount};
pub use action::{Action, ActionField, ActionReply, ActionSchema, Arguments, FieldKind, Progress};
pub use connector::{Connector, Validation};
pub use cursor::Cursor;
pub use encoded_size::{EncodedSize, REPLY_BUDGET};
pub use entitlement::{Entitlement, EntitlementMark, Purpose};
pub use error::{Error, Kind, Result};
pub use grant::{Expansion, Grant, GrantMark};
pub use id::{EntitlementId, GrantId, Id, ResourceId};
pub use page::{Call, Page, PageRequest, PageSize, PageToken, Quota};
pub use provision::{Deleted, Deleter, Granted, Provisioner, Revoked};
pub use registry::Registry;
pub use resource::{
    AccountType, AppKind, Email, Resource, ResourceType, Status, StatusKind, Trait, TypeMark,
    UserDetails, Variant,
};
pub use syncer::{GrantScope, ResourceRef, ResourceSyncer};
pub use value::{Object, Value};
