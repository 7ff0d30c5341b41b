//! How a sign-in is described in the token store.

use url::Url;

use super::{App, Tokens};
use crate::{
    salesforce::instance::{Instance, InstanceKind, address},
    token_store::{Place, SignIn},
};

/// Where an app signs in, as the token store names it.
#[must_use]
pub fn place(instance: &Instance) -> Place {
    Place {
        origin: origin(instance.login(), instance),
        is_salesforce: !matches!(
            instance.kind(),
            InstanceKind::Custom | InstanceKind::Loopback
        ),
    }
}

/// The sign-in that `tokens` came from, for the token store. `None` if there is no refresh token.
#[must_use]
pub fn sign_in(app: &App, instance: &Instance, tokens: &Tokens) -> Option<SignIn> {
    Some(SignIn {
        client_id: app.client_id.clone(),
        place: place(instance),
        instance: Some(origin(&tokens.instance, instance)),
        org_id: tokens.identity.map(|identity| identity.org.to_string()),
        user_id: tokens.identity.map(|identity| identity.user.to_string()),
        scope: tokens.scope.clone(),
        refresh_token: tokens.refresh_token.clone()?,
    })
}

/// Scheme, host and port. `localhost` and `127.0.0.1` are the same computer.
pub(super) fn origin(url: &Url, instance: &Instance) -> String {
    let mut url = url.clone();
    if instance.kind() == InstanceKind::Loopback {
        // It fails only for URLs without a host.
        let _ = url.set_host(Some("localhost"));
    }
    address(&url)
}
