//! Who is signed in: the ids of the org and of the user.
//!
//! Must not know: what the user may do.

use serde::Deserialize;

use super::{
    auth::Identity,
    client::Client,
    error::{Error, Result},
    id::SalesforceId,
    transport::{Request, Response},
};

/// The resources of an API version, of which one is the identity.
#[derive(Deserialize)]
struct Resources {
    identity: Option<String>,
}

/// The answer of `/services/oauth2/userinfo`.
#[derive(Deserialize)]
struct UserInfo {
    organization_id: SalesforceId,
    user_id: SalesforceId,
}

impl Client {
    /// Asks who is signed in. It needs no permission and no scope but `api`. Costs one API call, or
    /// two requests if the org's list of resources does not say it.
    pub async fn identity(&self) -> Result<Response<Identity>> {
        let resources = self
            .send::<Resources>(&Request::get("", "list the resources of the API"))
            .await;
        let found = match resources {
            Ok(answer) => answer.try_map(|resources| {
                let identity = resources.identity.as_deref().and_then(Identity::parse);
                identity.ok_or(Error::Invalid("the list of resources has no identity"))
            }),
            Err(error) => Err(error),
        };
        match found {
            Err(error) if error.is_not_found() || matches!(error, Error::Invalid(_)) => {
                let request = Request::get("/services/oauth2/userinfo", "ask who is signed in");
                let answer = self.send::<UserInfo>(&request.absolute()).await?;
                Ok(answer.map(|info| Identity {
                    org: info.organization_id,
                    user: info.user_id,
                }))
            }
            found => found,
        }
    }
}
