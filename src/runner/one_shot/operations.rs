//! The calls that the operations make.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{KeyPair, PKCS_ED25519};
use serde_json::{Map, Value, json};

use super::json::{from_struct, to_json, to_struct};
use super::{Account, Action, Outcome};
use crate::c1z::annotation;
use crate::pb::connector::{
    AccountInfo, BatonActionStatus, BatonId, CapabilityDetailCredentialOption,
    ConnectorServiceGetMetadataRequest, CreateAccountRequest, CredentialOptions,
    DeleteResourceRequest, EncryptionConfig, Entitlement, GetActionStatusRequest, Grant,
    GrantManagerServiceGrantRequest, GrantManagerServiceRevokeRequest, InvokeActionRequest,
    ListActionSchemasRequest, Resource, ResourceId, RotateCredentialRequest, account_info,
    credential_options, encryption_config,
};
use crate::runner::client::Client;
use crate::runner::clock::Clock;
use crate::runner::error::{Error, Result};

const PASSWORD_LENGTH: i64 = 20;
const POLL_INTERVAL: Duration = Duration::from_secs(1);

pub(in crate::runner) async fn send_grant(
    client: &Client,
    entitlement: Entitlement,
    principal: Resource,
) -> Result<Outcome> {
    refuse_external(Some(&principal))?;
    refuse_external(entitlement.resource.as_ref())?;
    let (what, to) = (entitlement.id.clone(), principal.id.clone());
    let request = GrantManagerServiceGrantRequest {
        entitlement: Some(entitlement),
        principal: Some(principal),
        ..Default::default()
    };
    let reply = client
        .call(request)
        .await
        .map_err(Error::call("granting"))?;
    Ok(Outcome::granted(&what, &to.unwrap_or_default(), &reply))
}

pub(in crate::runner) async fn send_revoke(client: &Client, grant: Grant) -> Result<Outcome> {
    refuse_external(grant.principal.as_deref())?;
    refuse_external(
        grant
            .entitlement
            .as_ref()
            .and_then(|entitlement| entitlement.resource.as_ref()),
    )?;
    let id = grant.id.clone();
    let request = GrantManagerServiceRevokeRequest {
        grant: Some(grant),
        ..Default::default()
    };
    let reply = client
        .call(request)
        .await
        .map_err(Error::call("revoking"))?;
    Ok(Outcome::revoked(&id, &reply))
}

/// Resources of another connector cannot be changed by this one.
fn refuse_external(resource: Option<&Resource>) -> Result<()> {
    if resource.is_some_and(|resource| annotation::has::<BatonId>(&resource.annotations)) {
        return Err(Error::Invalid(
            "the resource belongs to another connector".into(),
        ));
    }
    Ok(())
}

pub(in crate::runner) async fn send_create_account(
    client: &Client,
    account: Account,
) -> Result<Outcome> {
    let own = |key: &str, other: &str| {
        let own = account
            .profile
            .as_ref()
            .and_then(|profile| profile.get(key)?.as_str());
        own.unwrap_or(other).to_owned()
    };
    let (login, email) = (own("login", &account.login), own("email", &account.email));
    if login.is_empty() && email.is_empty() {
        return Err(Error::Invalid("unknown provisioning action".into()));
    }
    let profile = account.profile.unwrap_or_else(|| {
        Map::from_iter([
            ("login".into(), json!(login)),
            ("email".into(), json!(email)),
        ])
    });
    let emails = match email.as_str() {
        "" => Vec::new(),
        address => vec![account_info::Email {
            address: address.into(),
            is_primary: true,
        }],
    };
    let request = CreateAccountRequest {
        account_info: Some(AccountInfo {
            emails,
            login,
            profile: Some(to_struct(profile)),
            ..AccountInfo::default()
        }),
        credential_options: Some(credentials(client).await),
        encryption_configs: vec![throw_away_key()?],
        resource_type_id: account.resource_type,
    };
    let reply = client
        .call(request)
        .await
        .map_err(Error::call("creating an account"))?;
    Ok(Outcome::created(reply))
}

pub(in crate::runner) async fn send_delete(client: &Client, id: ResourceId) -> Result<Outcome> {
    let request = DeleteResourceRequest {
        resource_id: Some(id.clone()),
        ..Default::default()
    };
    let reply = client
        .call(request)
        .await
        .map_err(Error::call("deleting a resource"))?;
    Ok(Outcome::deleted(&id, &reply))
}

pub(in crate::runner) async fn send_rotate(client: &Client, id: ResourceId) -> Result<Outcome> {
    let request = RotateCredentialRequest {
        resource_id: Some(id.clone()),
        credential_options: Some(credentials(client).await),
        encryption_configs: vec![throw_away_key()?],
    };
    client
        .call(request)
        .await
        .map_err(Error::call("rotating credentials"))?;
    Ok(Outcome::rotated(&id))
}

/// Requests a random password, unless the connector offers accounts without password and no random
/// one.
async fn credentials(client: &Client) -> CredentialOptions {
    // A connector without capabilities gets the default.
    let told = client
        .call(ConnectorServiceGetMetadataRequest {})
        .await
        .ok();
    let offered = told
        .and_then(|reply| reply.metadata?.capabilities?.credential_details)
        .and_then(|details| details.capability_account_provisioning)
        .map(|accounts| accounts.supported_credential_options)
        .unwrap_or_default();
    let offers = |option: CapabilityDetailCredentialOption| offered.contains(&option.into());
    if offers(CapabilityDetailCredentialOption::RandomPassword)
        || !offers(CapabilityDetailCredentialOption::NoPassword)
    {
        return random_password();
    }
    let none = credential_options::NoPassword {};
    CredentialOptions {
        options: Some(credential_options::Options::NoPassword(none)),
        ..CredentialOptions::default()
    }
}

fn random_password() -> CredentialOptions {
    let password = credential_options::RandomPassword {
        length: PASSWORD_LENGTH,
        ..Default::default()
    };
    CredentialOptions {
        options: Some(credential_options::Options::RandomPassword(password)),
        ..CredentialOptions::default()
    }
}

/// Generates a key for the connector to encrypt the password with. The private key is discarded.
fn throw_away_key() -> Result<EncryptionConfig> {
    let key =
        KeyPair::generate_for(&PKCS_ED25519).map_err(|source| Error::Credentials { source })?;
    let public = json!({
        "kty": "OKP",
        "crv": "Ed25519",
        "x": URL_SAFE_NO_PAD.encode(key.public_key_raw()),
    });
    let config = encryption_config::JwkPublicKeyConfig {
        pub_key: public.to_string().into(),
    };
    Ok(EncryptionConfig {
        provider: "baton/jwk/v1".into(),
        config: Some(encryption_config::Config::JwkPublicKeyConfig(config)),
        ..EncryptionConfig::default()
    })
}

pub(in crate::runner) async fn send_action(
    client: &Client,
    clock: &Arc<dyn Clock>,
    action: Action,
) -> Result<Outcome> {
    let request = InvokeActionRequest {
        name: action.name.clone(),
        args: Some(to_struct(action.arguments)),
        resource_type_id: action.resource_type,
        ..InvokeActionRequest::default()
    };
    let reply = client
        .call(request)
        .await
        .map_err(Error::call("invoking the action"))?;
    let (mut status, mut response) = (reply.status(), reply.response);
    while matches!(
        status,
        BatonActionStatus::Pending | BatonActionStatus::Running
    ) {
        clock.sleep(POLL_INTERVAL).await;
        #[expect(deprecated, reason = "older connectors look for the name")]
        let request = GetActionStatusRequest {
            name: action.name.clone(),
            id: reply.id.clone(),
            ..GetActionStatusRequest::default()
        };
        let reply = client
            .call(request)
            .await
            .map_err(Error::call("polling the action"))?;
        (status, response) = (reply.status(), reply.response);
    }
    let response = response.map_or(Value::Object(Map::new()), from_struct);
    if status == BatonActionStatus::Complete {
        return Ok(Outcome::invoked(&action.name, response));
    }
    let why = match response.get("error").and_then(Value::as_str) {
        Some(error) => error.to_owned(),
        None => status.as_str_name().to_owned(),
    };
    Err(Error::Failed(format!("action invoke failed: {why}")))
}

pub(in crate::runner) async fn read_action_schemas(
    client: &Client,
    resource_type_id: String,
) -> Result<Vec<String>> {
    let request = ListActionSchemasRequest {
        resource_type_id,
        ..Default::default()
    };
    let reply = client
        .call(request)
        .await
        .map_err(Error::call("listing action schemas"))?;
    reply.schemas.iter().map(to_json).collect()
}
