//! Creating accounts: the request, its credential options, and the four kinds of result.

use super::annotation;
use super::resource::resource;
use super::value::from_struct;
use crate::baton::{AccountOutcome, AccountRequest, CredentialOption, Error, NewAccount, Result};
use crate::pb::connector as pb;
use crate::pb::connector::CapabilityDetailCredentialOption as Detail;
use crate::pb::connector::create_account_response::{
    ActionRequiredResult, AlreadyExistsResult, Result as Outcome, SuccessResult,
};
use crate::pb::connector::credential_options::Options;

/// Reads what is asked for; `supported` are the credential options that a new account can get.
pub fn read(
    request: pb::CreateAccountRequest,
    supported: &[CredentialOption],
) -> Result<AccountRequest> {
    let info = request
        .account_info
        .ok_or_else(|| Error::invalid("account_info is required"))?;
    let mut emails = info.emails;
    emails.sort_by_key(|email| !email.is_primary);
    Ok(AccountRequest {
        login: Some(info.login).filter(|login| !login.is_empty()),
        emails: emails.into_iter().map(|email| email.address).collect(),
        profile: info.profile.map(from_struct).unwrap_or_default(),
        credential: credential(request.credential_options, supported)?,
    })
}

fn credential(
    options: Option<pb::CredentialOptions>,
    supported: &[CredentialOption],
) -> Result<Option<CredentialOption>> {
    let Some(options) = options else {
        return Ok(None);
    };
    let (name, option) = match options.options {
        None => return Err(Error::invalid("invalid credential options")),
        // The SDK's command line asks for a random password whatever a connector offers, and the
        // incumbent made none. Nor do we: the answer has no password in it.
        Some(Options::NoPassword(_) | Options::RandomPassword(_)) => {
            ("no_password", Some(CredentialOption::NoPassword))
        }
        Some(Options::Sso(_)) => ("sso", Some(CredentialOption::Sso)),
        Some(Options::EncryptedPassword(_)) => ("encrypted_password", None),
    };
    match option {
        Some(option) if supported.contains(&option) => Ok(Some(option)),
        _ => Err(Error::unimplemented(format!(
            "the credential option {name} is not offered for new accounts; use {}",
            supported
                .iter()
                .map(|option| option_name(*option))
                .collect::<Vec<_>>()
                .join(" or ")
        ))),
    }
}

fn option_name(option: CredentialOption) -> &'static str {
    match option {
        CredentialOption::NoPassword => "no_password",
        CredentialOption::Sso => "sso",
    }
}

/// A credential option as capabilities name it.
#[must_use]
pub fn detail(option: CredentialOption) -> Detail {
    match option {
        CredentialOption::NoPassword => Detail::NoPassword,
        CredentialOption::Sso => Detail::Sso,
    }
}

/// What came of it. Passwords are never made here, so there is nothing to encrypt.
#[must_use]
pub fn created(account: NewAccount) -> pb::CreateAccountResponse {
    let resource = Some(resource(account.resource));
    let result = match account.outcome {
        AccountOutcome::Created => Outcome::Success(SuccessResult {
            resource,
            is_create_account_result: true,
            invitation_expires_at: None,
        }),
        AccountOutcome::AlreadyExists => Outcome::AlreadyExists(AlreadyExistsResult {
            resource,
            is_create_account_result: false,
        }),
        AccountOutcome::ActionRequired(message) => Outcome::ActionRequired(ActionRequiredResult {
            resource,
            message,
            is_create_account_result: true,
        }),
    };
    pb::CreateAccountResponse {
        encrypted_data: Vec::new(),
        annotations: annotation::quotas(account.quota),
        result: Some(result),
    }
}
