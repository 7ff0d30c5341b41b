//! Creates users. A user is identified by its username only, because several users may share an
//! e-mail address. A user that exists is reported and never changed.
//!
//! All problems of a form are reported at once, from the org's own description of User. The resource
//! in the answer is read by the id that Salesforce returned. Salesforce keeps usernames unique, so
//! two creates at the same time end as one user.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use tracing::{debug, info, warn};

use super::completion;
use super::form::{self, Form};
use super::profile::{self, Found};
use crate::baton::schema::AccountField;
use crate::baton::{
    AccountManager, AccountOutcome, AccountRequest, CredentialOption, Error, NewAccount, Object,
    Resource, Result,
};
use crate::connector::catalog::USER;
use crate::connector::error::{ReadError, wrap};
use crate::connector::read::table::{IdRow, Row};
use crate::connector::resources::login_states::LoginStates;
use crate::connector::resources::user::fetch;
use crate::connector::resources::user::record::UserRow;
use crate::connector::resources::user::resource::to_resource;
use crate::connector::write::attempt::Attempt;
use crate::connector::write::context::WriteContext;
use crate::connector::write::field_values::Described;
use crate::connector::write::key_lock::KeyLocks;
use crate::connector::write::refusal::{Write, explain};
use crate::connector::write::{scim, seats};
use crate::salesforce::scim::User;
use crate::salesforce::soql::{FieldName, Select, field};
use crate::salesforce::{self, ErrorCode, SalesforceId};

/// Creates users.
pub(in crate::connector) struct Accounts {
    context: Arc<WriteContext>,
    described: Arc<Described>,
    /// Serializes the creates of one username.
    usernames: KeyLocks<String>,
}

/// How a create ended.
enum Ended {
    Created(New),
    Exists(Box<Resource>),
}

/// A new user.
struct New {
    id: SalesforceId,
    /// The fields that are still to be set.
    rest: Fields,
}

type Fields = Map<String, Json>;

const DOING: &str = "the user cannot be created";
/// Hosts ask for the form when they connect, before they know whether the org can be reached.
const FORM_WAIT: Duration = Duration::from_secs(5);

impl Accounts {
    pub(in crate::connector) fn new(
        context: &Arc<WriteContext>,
        described: &Arc<Described>,
    ) -> Self {
        Self {
            context: Arc::clone(context),
            described: Arc::clone(described),
            usernames: KeyLocks::default(),
        }
    }

    async fn make(
        &self,
        request: &AccountRequest,
        attempt: &mut Attempt<'_>,
    ) -> Result<(AccountOutcome, Resource)> {
        let rule = &self.context.options.username;
        let read = self
            .described
            .read(attempt, |user| Form::read(&request.profile, user, rule));
        let (form, mut problems) = read.await?;
        let _lock = self.usernames.lock(form.username.to_lowercase()).await;
        if problems.is_empty()
            && let Some(resource) = self.lookup(&form.username, attempt).await?
        {
            return Ok((AccountOutcome::AlreadyExists, resource));
        }
        let profile = match &form.profile {
            Some(wanted) => profile::find(wanted, attempt).await?,
            None => Found::NotAsked,
        };
        problems.extend(profile.problem());
        if !problems.is_empty() {
            return Err(form::refuse(&problems));
        }
        let mut body = form.body.clone();
        if let Found::Profile(id) = profile {
            body.insert("ProfileId".to_owned(), Json::String(id.to_string()));
        }
        if self.context.options.dry_run {
            attempt.held_back();
            let names: Vec<_> = body.keys().map(String::as_str).collect();
            return Err(Error::precondition(format!(
                "dry run: would create a User with the fields {}; nothing was sent",
                names.join(", ")
            )));
        }
        match self.send(&form, &body, profile.id(), attempt).await? {
            Ended::Exists(resource) => Ok((AccountOutcome::AlreadyExists, *resource)),
            Ended::Created(New { id, rest }) => {
                attempt.about(id);
                attempt.changed();
                let problems = [
                    completion::complete(id, &rest, attempt).await,
                    self.send_password_link(id, &form, request.credential, &body, attempt)
                        .await,
                ];
                let problems: Vec<_> = problems.into_iter().flatten().collect();
                let outcome = if problems.is_empty() {
                    AccountOutcome::Created
                } else {
                    let problems = problems.join("; ");
                    AccountOutcome::ActionRequired(format!("the user was created, but {problems}"))
                };
                Ok((outcome, self.resource(id, &body, attempt).await?))
            }
        }
    }

    /// Sends the create, after the org was seen not to have the user.
    async fn send(
        &self,
        form: &Form,
        body: &Fields,
        profile: Option<SalesforceId>,
        attempt: &mut Attempt<'_>,
    ) -> Result<Ended> {
        let client = &self.context.org.client;
        let object = FieldName::from("User");
        let by_username = Select::from("User")
            .field("Id")
            .filter(field("Username").eq(form.username.as_str()))
            .limit(1);
        let creation = self.over_scim(body);
        let (creation, object) = (&creation, &object);
        let rest = |user: Option<&User>| creation.as_ref().map(|it| it.rest(user));
        let find = || async {
            let answer = client.query::<IdRow>(&by_username).await?;
            Ok(answer.map(|page| {
                let id = page.records.first().map(Row::id)?;
                let rest = rest(None).unwrap_or_default();
                Some(New { id, rest })
            }))
        };
        let send = || async move {
            let Some(creation) = creation else {
                let created = client.create(object, body).await?;
                return Ok(created.map(|id| New {
                    id,
                    rest: Fields::new(),
                }));
            };
            let created = client.scim().create(&creation.attributes).await?;
            Ok(created.map(|user| New {
                id: user.id(),
                rest: creation.rest(Some(&user)),
            }))
        };
        let error = match attempt.settle(send, find).await {
            Ok(new) => return Ok(Ended::Created(new)),
            Err(ReadError::Own(error)) => return Err(error),
            Err(ReadError::Salesforce(error)) => error,
        };
        if !is_taken(&error) {
            return Err(self.refused(profile, error, attempt).await);
        }
        match self.lookup(&form.username, attempt).await? {
            // Nobody had the username a moment ago, so the create whose answer was lost took
            // effect.
            Some(resource) if attempt.is_unsure() => {
                let id =
                    resource.id.resource.as_str().parse().map_err(|_| {
                        Error::internal("Salesforce showed a user with a malformed id")
                    })?;
                let rest = rest(None).unwrap_or_default();
                Ok(Ended::Created(New { id, rest }))
            }
            Some(resource) => Ok(Ended::Exists(Box::new(resource))),
            None => Err(taken_elsewhere(error)),
        }
    }

    /// The user as SCIM creates it, if the options ask for that and SCIM carries all of it.
    fn over_scim(&self, body: &Fields) -> Option<scim::Creation> {
        if !self.context.prefers_scim() {
            return None;
        }
        let creation = scim::creation(body);
        if creation.is_none() {
            info!("the user is created over REST, because the form has fields that SCIM lacks");
        }
        creation
    }

    async fn refused(
        &self,
        profile: Option<SalesforceId>,
        error: salesforce::Error,
        attempt: &mut Attempt<'_>,
    ) -> Error {
        let reason = match error.code() {
            Some(ErrorCode::LicenseLimitExceeded) => seats::no_user_seat(profile, attempt).await,
            Some(ErrorCode::DuplicateCommNickname) => {
                "another user has this CommunityNickname; give another one or none".to_owned()
            }
            Some(ErrorCode::DuplicateValue) => {
                "another user has the same value of a field that must be unique, such as \
                 FederationIdentifier"
                    .to_owned()
            }
            _ => return explain(DOING, Write::UserFields, ReadError::Salesforce(error)),
        };
        Error::precondition(format!("{DOING}: {reason}")).because(error)
    }

    /// The user with this username, active or not.
    async fn lookup(&self, username: &str, attempt: &mut Attempt<'_>) -> Result<Option<Resource>> {
        let (org, options) = (&self.context.org, &self.context.options);
        let fetched = fetch::by_username(org, options, username).await;
        let page = attempt.fetched(fetched);
        let page = page.map_err(|error| error.wrap("looking the username up"))?;
        Ok(page.items.into_iter().next())
    }

    /// Asks Salesforce to email the new user a password link, if requested. The user exists by now,
    /// so a failure is returned for the outcome.
    async fn send_password_link(
        &self,
        id: SalesforceId,
        form: &Form,
        credential: Option<CredentialOption>,
        body: &Fields,
        attempt: &mut Attempt<'_>,
    ) -> Option<String> {
        let by_default =
            self.context.options.password_mail && credential != Some(CredentialOption::Sso);
        let is_active = body.get("IsActive") != Some(&Json::Bool(false));
        if !(form.mail.unwrap_or(by_default) && is_active) {
            return None;
        }
        match attempt.take(self.context.org.client.reset_password(id).await) {
            Ok(()) => None,
            Err(error) => {
                let error = wrap("sending the password mail", error);
                warn!(sf.id = %id, error = error.chain(), "the new user got no password mail");
                Some(format!(
                    "the mail to set the password may not have been sent; if it does not arrive, \
                     run the action send_password_reset ({})",
                    error.chain()
                ))
            }
        }
    }

    /// The new user as a sync shows it. If it cannot be read now, it is shown as it was sent.
    async fn resource(
        &self,
        id: SalesforceId,
        body: &Fields,
        attempt: &mut Attempt<'_>,
    ) -> Result<Resource> {
        let (org, options) = (&self.context.org, &self.context.options);
        match attempt.fetched(fetch::new_user(org, options, id).await) {
            Ok(page) => {
                if let Some(resource) = page.items.into_iter().next() {
                    return Ok(resource);
                }
            }
            Err(error) => {
                let error = error.wrap("reading the new user");
                warn!(sf.id = %id, error = error.chain(), "the new user is shown as it was sent");
            }
        }
        let mut row = body.clone();
        row.insert("Id".to_owned(), Json::String(id.to_string()));
        row.entry("IsActive").or_insert(Json::Bool(true));
        let row = UserRow::deserialize(Json::Object(row))
            .map_err(|_| Error::internal("the new user cannot be shown"))?;
        to_resource(&row, Object::new(), &LoginStates::default(), options)
    }
}

/// Whether the username is taken. Over SCIM a conflict needs no code (RFC 7644, 3.3).
fn is_taken(error: &salesforce::Error) -> bool {
    let status = error.api().map(salesforce::ApiError::status);
    error.code() == Some(&ErrorCode::DuplicateUsername)
        || (error.is_refusal_without_code() && status == Some(409))
}

fn taken_elsewhere(error: salesforce::Error) -> Error {
    Error::precondition(
        "the user cannot be created: a user of another Salesforce org has this username, and \
         usernames are unique among all orgs of the world, sandboxes and trials included; give \
         another username (it need not be the e-mail address), or use --username-template or \
         --username-suffix",
    )
    .because(error)
}

#[async_trait]
impl AccountManager for Accounts {
    fn resource_type(&self) -> &'static str {
        USER.id
    }

    fn schema(&self) -> Vec<AccountField> {
        form::schema()
    }

    async fn full_schema(&self) -> Vec<AccountField> {
        // It is dropped without an end: reading a form is no attempt to change anything.
        let mut attempt = Attempt::new(&self.context, "read_account_form", "User");
        let described = self.described.any(&mut attempt);
        let required = match tokio::time::timeout(FORM_WAIT, described).await {
            Ok(Ok(user)) => form::required_fields(&user),
            Ok(Err(error)) => {
                debug!(error = error.chain(), "the form has no fields of the org");
                Vec::new()
            }
            Err(_) => {
                debug!("the form has no fields of the org, which does not answer in time");
                Vec::new()
            }
        };
        let mut form = form::schema();
        form.extend(required);
        form
    }

    fn credential_options(&self) -> &'static [CredentialOption] {
        &[CredentialOption::NoPassword, CredentialOption::Sso]
    }

    async fn create(&self, request: &AccountRequest) -> Result<NewAccount> {
        let mut attempt = Attempt::new(&self.context, "create_account", "User");
        let made = self.make(request, &mut attempt).await;
        let quota = attempt.quota();
        attempt.end(made).map(|(outcome, resource)| NewAccount {
            outcome,
            resource,
            quota,
        })
    }
}
