//! SCIM 2.0 as Salesforce speaks it, below `/services/scim/v2`: users and their entitlements.
//!
//! RFC 7643 and RFC 7644 say what the messages mean. Salesforce deviates in places (Salesforce Help,
//! "SCIM"): an attribute is replaced by an object without a path, one listing shows 200 users at
//! most, an index beyond about 2,000 is refused, and errors have two forms (`error/scim_body.rs`).
//! The entitlements of a user are its profile and its permission sets in one list.
//!
//! All requests go through the transport that every call uses. Must not know: objects of the REST
//! API, or what a change is for.

mod patch;
mod user;
mod walk;

use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value, json};

pub use self::{patch::Patch, user::User, walk::Walk};
use super::{
    client::Client,
    error::{Error, Flaw, Result},
    id::SalesforceId,
    transport::{Request, Response},
};

/// Root of the service.
const ROOT: &str = "/services/scim/v2";
/// The schema of users (RFC 7643, 4.1).
const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The schema of what a company adds to users (RFC 7643, 4.3).
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// Users in one listing (Salesforce's `filter.maxResults`).
pub const MAX_RESULTS: usize = 200;

/// The SCIM service of an org: see [`Client::scim`].
#[derive(Clone, Copy, Debug)]
pub struct Scim<'a>(&'a Client);

/// The answer to a listing. Resources that are no users are left out.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListResponse {
    #[serde(default)]
    total_results: Option<u64>,
    /// RFC 7644 spells it with a capital letter, and leaves it out of an empty answer.
    #[serde(rename = "Resources", default)]
    resources: Vec<Value>,
}

impl ListResponse {
    fn users(&self) -> Vec<User> {
        let users = self.resources.iter();
        users.filter_map(|it| User::deserialize(it).ok()).collect()
    }
}

impl Client {
    /// The SCIM service of the org.
    #[must_use]
    pub fn scim(&self) -> Scim<'_> {
        Scim(self)
    }
}

impl<'a> Scim<'a> {
    /// Reads a user. If it does not exist, the error [is not found](Error::is_not_found).
    pub async fn user(self, id: SalesforceId) -> Result<Response<User>> {
        let request = Request::get(one(id), "read a user over SCIM").about("User");
        self.0.send(&request.absolute()).await
    }

    /// The user with this name, if there is one. Names are compared without case. A service that
    /// does not filter as asked is not believed.
    pub async fn user_named(self, name: &str) -> Result<Response<Option<User>>> {
        let request = listing("find a user over SCIM")
            .query("filter", format!("userName eq {}", Value::from(name)))
            .query("count", "2");
        let answer = self.0.send::<ListResponse>(&request).await?;
        let is_it = |user: &User| {
            user.name()
                .is_some_and(|it| it.to_lowercase() == name.to_lowercase())
        };
        Ok(answer.map(|list| list.users().into_iter().find(is_it)))
    }

    /// Lists all users, page by page.
    #[must_use]
    pub fn users(self) -> Walk<'a> {
        Walk::new(self.0)
    }

    /// Reads as little as shows that the user of the session may use the service.
    pub async fn probe(self) -> Result<Response<()>> {
        let request = listing("use SCIM")
            .query("startIndex", "1")
            .query("count", "1");
        let answer = self.0.send::<ListResponse>(&request).await?;
        Ok(answer.map(drop))
    }

    /// Creates a user with these attributes. The answer is the user as Salesforce has it now.
    pub async fn create(self, attributes: &Map<String, Value>) -> Result<Response<User>> {
        let mut schemas = vec![CORE];
        schemas.extend(attributes.contains_key(ENTERPRISE).then_some(ENTERPRISE));
        let mut body = attributes.clone();
        body.insert("schemas".to_owned(), json!(schemas));
        let request =
            Request::post(format!("{ROOT}/Users"), "create a user over SCIM").about("User");
        self.0.send(&request.absolute().json(&body)?).await
    }

    /// Changes a user. An answer that shows the user without the change is no success: the error
    /// [is ambiguous](Error::is_ambiguous). An empty answer is one (RFC 7644, 3.5.2).
    pub async fn patch(self, id: SalesforceId, patch: &Patch) -> Result<Response<()>> {
        let request = Request::patch(one(id), "change a user over SCIM").about("User");
        let request = request.absolute().json(patch)?;
        let answer = self.0.send::<Option<User>>(&request).await?;
        answer.try_map(|user| match user {
            Some(user) if user.id() != id || !patch.is_shown_by(&user) => {
                let operation = request.operation.clone();
                Err(Error::unreadable(operation, 200, Flaw::Unproven))
            }
            _ => Ok(()),
        })
    }

    /// Deactivates a user: nobody can delete one.
    pub async fn delete(self, id: SalesforceId) -> Result<Response<()>> {
        let request = Request::delete(one(id), "delete a user over SCIM")
            .about("User")
            .absolute();
        Ok(self.0.send::<IgnoredAny>(&request).await?.map(drop))
    }
}

impl Request {
    /// Whether it is one of the SCIM service.
    pub(crate) fn is_scim(&self) -> bool {
        use super::transport::Path;
        matches!(&self.path, Path::Absolute(path) if path.starts_with(ROOT))
    }
}

fn one(id: SalesforceId) -> String {
    format!("{ROOT}/Users/{id}")
}

fn listing(name: &'static str) -> Request {
    Request::get(format!("{ROOT}/Users"), name)
        .about("User")
        .absolute()
}
