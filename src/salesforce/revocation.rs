//! Ending the authorizations that people gave to apps.
//!
//! Object Reference, "OauthToken": `DeleteToken` is what ends a row's authorization at
//! `/services/oauth2/revoke`.

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer, de::IgnoredAny};

use super::{
    client::Client,
    error::Result,
    transport::{Request, Response},
};

const PATH: &str = "/services/oauth2/revoke";

/// With what one authorization is ended. It is a secret: it can be compared and sent, not shown.
#[derive(Clone, Debug)]
pub struct RevocationHandle(SecretString);

impl PartialEq for RevocationHandle {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

impl<'de> Deserialize<'de> for RevocationHandle {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

impl Client {
    /// Ends an authorization. The handle is sent in the body, because addresses are logged. Costs no
    /// API call, and needs no session.
    pub async fn end_authorization(&self, handle: &RevocationHandle) -> Result<Response<()>> {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("token", handle.0.expose_secret())
            .finish();
        let request = Request::post(PATH, "end the authorization of an app")
            .about("OauthToken")
            .absolute()
            .anonymous()
            .form(form);
        Ok(self.send::<IgnoredAny>(&request).await?.map(|_| ()))
    }
}
