//! The Baton protocol in Rust terms: resources, entitlements, grants, actions, and the traits that
//! a connector implements. It depends on neither protobuf nor HTTP, nor on any upstream system.
//!
//! To write a connector for another system:
//!
//! 1. Implement [`Connector`]: its name, a check of the credentials, the end of a sync.
//! 2. Implement [`ResourceSyncer`] for each kind of thing that the system has: its
//!    [`ResourceType`], and a page of its resources, entitlements and grants. A listing that needs
//!    several pages keeps its position in a [`Cursor`].
//! 3. To allow changes, implement [`Provisioner`] (grant and revoke) or [`Deleter`] and return it
//!    from the syncer; implement [`AccountManager`] to create accounts and [`Action`] for any other
//!    named operation, and [`EventFeed`] to report what happens.
//! 4. Register all of them in a [`Registry`], and serve it with
//!    [`Services`](crate::service::Services).
//!
//! The [`Kind`] of an [`Error`] decides what the host does: it retries `Unavailable` and
//! `DeadlineExceeded` and gives up on any other kind.

pub mod account;
pub mod action;
pub mod connector;
pub mod cursor;
pub mod encoded_size;
pub mod entitlement;
pub mod error;
pub mod event;
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
pub use entitlement::{Entitlement, EntitlementMark, Purpose, StaticEntitlement};
pub use error::{Error, Kind, Result};
pub use event::{Event, EventCursor, EventFeed, EventKind, EventPage, EventRequest, Occurrence};
pub use grant::{Expansion, Grant, GrantMark};
pub use id::{EntitlementId, GrantId, Id, ResourceId};
pub use page::{Call, Page, PageRequest, PageSize, PageToken, Quota};
pub use provision::{Deleted, Deleter, Granted, Provisioner, Revoked};
pub use registry::Registry;
pub use resource::{
    AccountType, AppKind, Email, Finding, InsightDetails, LicenseDetails, Resource, ResourceType,
    RiskFactor, Severity, Status, StatusKind, Trait, TypeMark, UserDetails, Variant,
};
pub use syncer::{GrantScope, ResourceRef, ResourceSyncer};
pub use value::{Object, Value};
