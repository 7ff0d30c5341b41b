//! The client: one short method per call.
//!
//! Must not know: what the objects are for. Queries stand in `query.rs`, collections in
//! `composite.rs`, descriptions in `describe.rs`.

use std::{collections::BTreeMap, fmt, str::FromStr, sync::Arc, time::Duration};

use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
use url::Url;

use super::{
    auth::{Auth, TokenCache},
    composite::SaveResult,
    error::{ApiError, Error, Flaw, Result},
    id::SalesforceId,
    instance::Instance,
    retry::RetryPolicy,
    soql::{FieldName, Select},
    transport::{Request, Response, Setup, Transport},
};

/// A version of Salesforce's API, such as 63.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion(u16);

/// How a client is set up; [`ClientConfig::new`] has the usual values.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientConfig {
    /// The org.
    pub instance: Instance,
    /// How to log in.
    pub auth: Auth,
    /// The API version of all calls but the SOAP login.
    pub api_version: ApiVersion,
    /// Longest time for one HTTP request, its body included.
    pub request_timeout: Duration,
    /// Longest time to get a connection.
    pub connect_timeout: Duration,
    /// Calls in flight at once.
    pub concurrency: usize,
    /// Largest body held, in bytes.
    pub max_response: usize,
    /// What is repeated, and how.
    pub retry: RetryPolicy,
    /// Daily API calls that are left to others: with fewer left, nothing is sent.
    pub api_reserve: Option<u64>,
    /// Sends no write: each is refused as [`Error::DryRun`] and tells what it would be.
    pub dry_run: bool,
}

/// A session with one org; cheap to clone, and shared by its clones.
#[derive(Clone, Debug)]
pub struct Client {
    transport: Arc<Transport>,
    instance: Arc<Instance>,
}

/// One version that the org's host speaks.
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
    /// What is allowed.
    pub max: i64,
    /// What is left.
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
    /// The pod it lives on.
    pub instance_name: Option<String>,
}

impl ClientConfig {
    /// The usual values for an org and a way to log in.
    #[must_use]
    pub fn new(instance: Instance, auth: Auth) -> Self {
        Self {
            instance,
            auth,
            api_version: ApiVersion::default(),
            request_timeout: Duration::from_mins(5),
            connect_timeout: Duration::from_secs(10),
            concurrency: 20,
            max_response: 64 * 1024 * 1024,
            retry: RetryPolicy::default(),
            api_reserve: None,
            dry_run: false,
        }
    }
}

impl Client {
    /// Sets a client up; nothing is sent until the first call.
    pub fn new(config: ClientConfig) -> Result<Self> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("baton-salesforce/", env!("CARGO_PKG_VERSION")))
            .timeout(config.request_timeout)
            .connect_timeout(config.connect_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .gzip(true)
            .build()
            .map_err(|error| Error::Setup(error.without_url()))?;
        let source = config.auth.into_source(http.clone(), &config.instance);
        let setup = Setup {
            http,
            host: config.instance.api().clone(),
            version: config.api_version,
            tokens: TokenCache::new(source),
            retry: config.retry,
            concurrency: config.concurrency,
            max_response: config.max_response,
            api_reserve: config.api_reserve,
            dry_run: config.dry_run,
        };
        Ok(Self {
            transport: Arc::new(Transport::new(setup)),
            instance: Arc::new(config.instance),
        })
    }

    /// The org as configured.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// The API version of all calls.
    #[must_use]
    pub fn api_version(&self) -> ApiVersion {
        self.transport.version()
    }

    /// HTTP requests sent so far, repetitions included and logins not.
    #[must_use]
    pub fn calls_sent(&self) -> u64 {
        self.transport.sent()
    }

    /// Sends any request, and repeats it as its idempotency allows.
    pub async fn send<T: DeserializeOwned>(&self, request: &Request) -> Result<Response<T>> {
        self.transport.send(request).await
    }

    /// Logs in, unless there is a session, and tells the host that the session belongs to.
    pub async fn login(&self) -> Result<Url> {
        Ok(self.transport.login().await?.instance().clone())
    }

    /// Asks which API versions the host speaks; needs no login and costs nothing.
    pub async fn versions(&self) -> Result<Response<Vec<Version>>> {
        let request = Request::get("/services/data/", "list the API versions");
        self.send(&request.absolute().anonymous()).await
    }

    /// Asks who and what the org is: the cheapest call that proves a working session.
    pub async fn organization(&self) -> Result<Response<Organization>> {
        let select = Select::from("Organization")
            .fields([
                "Id",
                "Name",
                "OrganizationType",
                "IsSandbox",
                "InstanceName",
            ])
            .limit(1);
        self.query::<Organization>(&select).await?.try_map(|page| {
            page.records
                .into_iter()
                .next()
                .ok_or(Error::Invalid("the org does not show itself"))
        })
    }

    /// Asks for the org's limits; needs View Setup and Configuration.
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
        self.send(&request.query("fields", names.join(","))).await
    }

    /// Creates a record; sent once, unless Salesforce surely did nothing.
    pub async fn create<T: Serialize + Sync>(
        &self,
        object: &FieldName,
        fields: &T,
    ) -> Result<Response<SalesforceId>> {
        let object = object.as_str();
        let request = Request::post(format!("sobjects/{object}"), format!("create {object}"));
        let request = request.json(fields)?;
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

    /// Changes the given fields of a record and no others; `null` clears.
    pub async fn update<T: Serialize + Sync>(
        &self,
        object: &FieldName,
        id: SalesforceId,
        fields: &T,
    ) -> Result<Response<()>> {
        let request = Request::patch(record(object, id), format!("update {}", object.as_str()));
        self.send(&request.json(fields)?).await
    }

    /// Deletes a record; [`Error::is_not_found`] when it was gone already.
    pub async fn delete(&self, object: &FieldName, id: SalesforceId) -> Result<Response<()>> {
        let request = Request::delete(record(object, id), format!("delete {}", object.as_str()));
        self.send(&request).await
    }

    /// Resets a user's password; Salesforce mails the user. The new password is thrown away.
    pub async fn reset_password(&self, user: SalesforceId) -> Result<Response<()>> {
        let path = format!("sobjects/User/{user}/password");
        let answer = self
            .send::<IgnoredAny>(&Request::delete(path, "reset a password"))
            .await?;
        Ok(answer.map(|_| ()))
    }
}

fn record(object: &FieldName, id: SalesforceId) -> String {
    format!("sobjects/{}/{id}", object.as_str())
}

impl ApiVersion {
    /// The version by its main number; Salesforce counts up by one each season.
    #[must_use]
    pub const fn new(major: u16) -> Self {
        Self(major)
    }

    /// The main number.
    #[must_use]
    pub const fn major(self) -> u16 {
        self.0
    }
}

impl Default for ApiVersion {
    fn default() -> Self {
        Self(63)
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.0", self.0)
    }
}

/// A text that is no version of an API that is still answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("api-version: give a version from 31.0 on, such as 63.0")]
pub struct InvalidVersion;

impl FromStr for ApiVersion {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim().trim_start_matches('v');
        let major = text.strip_suffix(".0").unwrap_or(text);
        match major.parse() {
            Ok(major @ 31..=999) => Ok(Self(major)),
            _ => Err(InvalidVersion),
        }
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("63.0", Ok(ApiVersion(63)))]
    #[test_case("v60.0", Ok(ApiVersion(60)))]
    #[test_case("64", Ok(ApiVersion(64)))]
    #[test_case("30.0", Err(InvalidVersion); "retired")]
    #[test_case("63.5", Err(InvalidVersion); "fraction")]
    #[test_case("../63", Err(InvalidVersion); "path")]
    fn a_version_is_read_strictly(text: &str, version: Result<ApiVersion, InvalidVersion>) {
        assert_eq!(text.parse(), version);
    }

    #[test]
    fn a_version_is_written_with_its_fraction() {
        assert_eq!(ApiVersion::default().to_string(), "63.0");
    }
}
