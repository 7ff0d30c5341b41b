//! A typed client of Salesforce: login, REST, SOQL. There is no Baton in here.
//!
//! Everything starts at [`Client`]. A call returns [`Response`]: the value, what is left of the
//! org's daily calls, and how many calls it took; or an [`Error`], which answers what a caller has
//! to decide (is it transient, is it ambiguous, is the object absent) without showing any data.
//! Must not know: anything outside this module.

pub mod auth;
pub mod client;
pub mod composite;
pub mod describe;
pub mod error;
pub mod id;
pub mod instance;
pub mod limits;
pub mod query;
pub mod retry;
pub mod soql;
pub mod time;
pub mod transport;

pub use self::{
    auth::{Auth, AuthError},
    client::{ApiVersion, Client, ClientConfig},
    error::{ApiError, Error, ErrorCode, MissingField, Problem, Result},
    id::{MalformedId, SalesforceId},
    instance::{Instance, InstanceError, InstanceKind},
    limits::{AppQuota, Quota},
    query::{QueryPage, UnreadableRecord},
    retry::RetryPolicy,
    soql::{FieldName, Select, field},
    transport::{Request, Response},
};
