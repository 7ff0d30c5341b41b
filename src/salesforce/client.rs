//! The client: one method for each kind of call. Queries are in `query.rs`, collections in
//! `composite.rs`, descriptions in `describe.rs`.
//!
//! Must not know: what the objects are for.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
use url::Url;

use super::{
    api_version::ApiVersion,
    auth::{Auth, TokenCache},
    bulk::{JobNotes, RunningJobs},
    error::{ApiError, Error, Flaw, Result},
    http::Network,
    id::SalesforceId,
    instance::Instance,
    retry::RetryPolicy,
    save_result::SaveResult,
    soql::{FieldName, Select},
    transport::{FromBody, Request, Response, Setup, Stream, Transport},
};
use crate::metrics::Upstream;

/// Configuration of a client. [`ClientConfig::new`] sets the defaults.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientConfig {
    /// The org.
    pub instance: Instance,
    /// How to sign in.
    pub auth: Auth,
    /// The proxy, and the authorities to trust.
    pub network: Network,
    /// API version of all calls except the SOAP login.
    pub api_version: ApiVersion,
    /// Timeout of one HTTP request, including its body.
    pub request_timeout: Duration,
    /// Timeout for connecting.
    pub connect_timeout: Duration,
    /// Maximum number of concurrent calls.
    pub concurrency: usize,
    /// Maximum size of a response body in bytes, uncompressed.
    pub max_response: usize,
    /// Which calls are retried, and how.
    pub retry: RetryPolicy,
    /// Daily API calls to leave for other clients. If fewer remain, nothing is sent.
    pub api_reserve: Option<u64>,
    /// Rejects each write with [`Error::DryRun`], which says what would be sent.
    pub dry_run: bool,
    /// A directory in which running query jobs are noted, so that the next process deletes those
    /// of a killed one.
    pub job_notes: Option<PathBuf>,
    /// What it counts.
    pub metrics: Upstream,
}

/// A client for one org. Cheap to clone; clones share the session.
#[derive(Clone, Debug)]
pub struct Client {
    transport: Arc<Transport>,
    instance: Arc<Instance>,
    jobs: Arc<RunningJobs>,
}

/// An API version that the org supports.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Version {
    /// `63.0`
    pub version: String,
    /// `Spring '25`
    #[serde(default)]
    pub label: String,
}

/// One of the org's limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Limit {
    /// The maximum.
    pub max: i64,
    /// What remains.
    pub remaining: i64,
}

/// The org itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Organization {
    /// Its id.
    pub id: SalesforceId,
    /// Its name.
    pub name: Option<String>,
    /// Its edition, such as `Enterprise Edition`.
    pub organization_type: Option<String>,
    /// Whether it is a sandbox.
    #[serde(default)]
    pub is_sandbox: bool,
    /// Its instance, such as `NA139`.
    pub instance_name: Option<String>,
}

impl Organization {
    /// The query for the org's own record.
    pub fn select() -> Select {
        Select::from("Organization")
            .fields([
                "Id",
                "Name",
                "OrganizationType",
                "IsSandbox",
                "InstanceName",
            ])
            .limit(1)
    }
}

impl ClientConfig {
    /// The defaults for an org and a way to sign in.
    #[must_use]
    pub fn new(instance: Instance, auth: Auth) -> Self {
        Self {
            instance,
            auth,
            network: Network::default(),
            api_version: ApiVersion::default(),
            request_timeout: Duration::from_mins(5),
            connect_timeout: Duration::from_secs(10),
            concurrency: 20,
            max_response: 64 * 1024 * 1024,
            retry: RetryPolicy::default(),
            api_reserve: None,
            dry_run: false,
            job_notes: None,
            metrics: Upstream::default(),
        }
    }
}

impl Client {
    /// Creates a client. Nothing is sent before the first call.
    pub fn new(config: ClientConfig) -> Result<Self> {
        let http = config
            .network
            .client(config.request_timeout, config.connect_timeout)
            .map_err(Error::Setup)?;
        let source = config.auth.into_source(http.clone(), &config.instance);
        let notes = JobNotes::new(config.job_notes, config.instance.api());
        let setup = Setup {
            http,
            host: config.instance.api().clone(),
            version: config.api_version,
            tokens: TokenCache::new(source, config.metrics.clone()),
            retry: config.retry,
            concurrency: config.concurrency,
            max_response: config.max_response,
            api_reserve: config.api_reserve,
            dry_run: config.dry_run,
            metrics: config.metrics,
        };
        Ok(Self {
            transport: Arc::new(Transport::new(setup)),
            instance: Arc::new(config.instance),
            jobs: Arc::new(RunningJobs::new(notes)),
        })
    }

    /// The configured org.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// The API version of all calls.
    #[must_use]
    pub fn api_version(&self) -> ApiVersion {
        self.transport.version()
    }

    /// The time by Salesforce's clock, to the second; `None` until an answer told it.
    #[must_use]
    pub fn server_time(&self) -> Option<Timestamp> {
        self.transport.server_time()
    }

    /// Number of HTTP requests sent so far, including retries, excluding logins.
    #[must_use]
    pub fn calls_sent(&self) -> u64 {
        self.transport.sent()
    }

    /// Sends a request, and retries it as far as its idempotency allows.
    pub async fn send<T: DeserializeOwned>(&self, request: &Request) -> Result<Response<T>> {
        self.transport.send(request).await
    }

    /// Sends a request whose answer is kept as text.
    pub(super) async fn send_kept<T: FromBody>(&self, request: &Request) -> Result<Response<T>> {
        self.transport.send_kept(request).await
    }

    /// Sends a request, and leaves the body of its answer to the caller.
    pub(super) async fn open(&self, request: &Request) -> Result<Response<Stream>> {
        self.transport.open(request).await
    }

    pub(super) fn jobs(&self) -> &RunningJobs {
        &self.jobs
    }

    /// Signs in, unless there is a session. Returns the host of the session.
    pub async fn login(&self) -> Result<Url> {
        Ok(self.transport.login().await?.instance().clone())
    }

    /// Deletes the query jobs that are left, and waits for a sign-in that must not be cut off, for
    /// some seconds at most. Call this before the process ends.
    pub async fn settle(&self) {
        self.delete_jobs().await;
        self.transport.settle().await;
    }

    /// Lists the API versions that the org supports. Needs no session and costs no API call.
    pub async fn versions(&self) -> Result<Response<Vec<Version>>> {
        let request = Request::get("/services/data/", "list the API versions");
        self.send(&request.absolute().anonymous()).await
    }

    /// Reads the org's own record: the cheapest call that proves a working session.
    pub async fn organization(&self) -> Result<Response<Organization>> {
        let select = Organization::select();
        self.query::<Organization>(&select).await?.try_map(|page| {
            page.records
                .into_iter()
                .next()
                .ok_or(Error::Invalid("the org does not show itself"))
        })
    }

    /// Reads the org's limits. Needs the permission View Setup and Configuration.
    pub async fn limits(&self) -> Result<Response<BTreeMap<String, Limit>>> {
        let limits = self
            .send::<BTreeMap<String, serde_json::Value>>(&Request::get("limits", "read the limits"))
            .await?;
        let understood = |(name, value)| Some((name, serde_json::from_value(value).ok()?));
        Ok(limits.map(|limits| limits.into_iter().filter_map(understood).collect()))
    }

    /// Reads some fields of one record.
    pub async fn read<T: DeserializeOwned>(
        &self,
        object: &FieldName,
        id: SalesforceId,
        fields: &[FieldName],
    ) -> Result<Response<T>> {
        let names: Vec<_> = fields.iter().map(FieldName::as_str).collect();
        let request = Request::get(record(object, id), format!("read {}", object.as_str()));
        self.send(
            &request
                .about(object.as_str())
                .query("fields", names.join(",")),
        )
        .await
    }

    /// Creates a record. Retried only if Salesforce certainly did not execute the request.
    pub async fn create<T: Serialize + Sync>(
        &self,
        object: &FieldName,
        fields: &T,
    ) -> Result<Response<SalesforceId>> {
        let object = object.as_str();
        let request = Request::post(format!("sobjects/{object}"), format!("create {object}"));
        let request = request.about(object).json(fields)?;
        self.send::<SaveResult>(&request)
            .await?
            .try_map(|result| match result.id {
                Some(id) if result.success => Ok(id),
                None if result.success => {
                    let operation = request.operation.clone();
                    Err(Error::unreadable(operation, 201, Flaw::Truncated))
                }
                _ => {
                    let answer = ApiError::from_problems(400, result.errors);
                    Err(Error::refused(request.operation.clone(), answer))
                }
            })
    }

    /// Updates the given fields of a record. `null` clears a field.
    pub async fn update<T: Serialize + Sync>(
        &self,
        object: &FieldName,
        id: SalesforceId,
        fields: &T,
    ) -> Result<Response<()>> {
        let request = Request::patch(record(object, id), format!("update {}", object.as_str()));
        self.send(&request.about(object.as_str()).json(fields)?)
            .await
    }

    /// Deletes a record. If it does not exist, the error [is not found](Error::is_not_found).
    pub async fn delete(&self, object: &FieldName, id: SalesforceId) -> Result<Response<()>> {
        let request = Request::delete(record(object, id), format!("delete {}", object.as_str()));
        self.send(&request.about(object.as_str())).await
    }

    /// Resets a user's password. Salesforce emails the user; the new password is discarded.
    pub async fn reset_password(&self, user: SalesforceId) -> Result<Response<()>> {
        let path = format!("sobjects/User/{user}/password");
        let request = Request::delete(path, "reset a password").about("User");
        let answer = self.send::<IgnoredAny>(&request).await?;
        Ok(answer.map(|_| ()))
    }
}

fn record(object: &FieldName, id: SalesforceId) -> String {
    format!("sobjects/{}/{id}", object.as_str())
}
