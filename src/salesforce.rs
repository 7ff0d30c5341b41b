//! A typed client for Salesforce: sign-in, REST API, SOQL, SCIM. It does not depend on Baton.
//!
//! Start with [`Client`]. A call returns a [`Response`] with the value, the remaining daily API calls
//! of the org, and the number of calls it took. An [`Error`] answers what a caller has to decide: is
//! it transient, is it ambiguous, is the object unavailable? Its text contains no data of the org.

mod answer;
mod api_version;
mod attempts;
pub mod auth;
pub mod bulk;
pub mod catalogue;
pub mod client;
pub mod composite;
pub mod describe;
pub mod error;
pub mod http;
pub mod id;
pub mod instance;
mod json_text;
pub mod limits;
mod measure;
pub mod obstacle;
pub mod query;
pub mod retry;
mod revocation;
mod save_result;
pub mod scim;
mod signed_in;
pub mod soql;
pub mod time;
pub mod transport;

pub use self::{
    api_version::{ApiVersion, InvalidVersion},
    auth::{Auth, AuthError, Identity},
    client::{Client, ClientConfig},
    error::{ApiError, Error, ErrorCode, MissingField, Problem, Result},
    http::Network,
    id::{MalformedId, SalesforceId},
    instance::{Instance, InstanceError, InstanceKind},
    limits::{AppQuota, Quota},
    obstacle::{NoAnswer, Obstacle},
    query::{Locator, PageText, QueryPage, UnreadableRecord},
    retry::RetryPolicy,
    revocation::RevocationHandle,
    save_result::SaveResult,
    soql::{FieldName, Select, field},
    transport::{Request, Response},
};
