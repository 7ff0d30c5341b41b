//! Creating users. A user is known by its username and by nothing else: addresses are shared
//! (defect A2). A user that exists is reported and never touched.
//!
//! Everything that is wrong with a form is told at once, from the org's own description. The id
//! that the create answered is the id that is read (B17), through the sync's mapper (B13). Of a
//! create whose answer was lost the truth is read before anything is sent again; the org keeps
//! usernames unique, so that two creates at once end as one user.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use tracing::warn;

mod form;
mod profile;
mod username;

use form::Form;
use profile::Found;
pub use username::UsernameRule;

use super::audit::Outcome;
use super::catalog::USER;
use super::context::Context;
use super::error::wrap;
use super::lifecycle::{explain, no_seat, without_data};
use super::listing::Trouble;
use super::memory::Locks;
use super::turns::Turns;
use super::typed::Described;
use super::user::{self, UserRow};
use super::wrote::Wrote;
use crate::baton::schema::AccountField;
use crate::baton::{
    AccountManager, AccountOutcome, AccountRequest, CredentialOption, Error, NewAccount, Object,
    Resource, Result,
};
use crate::salesforce::soql::FieldName;
use crate::salesforce::{self, ErrorCode, SalesforceId};

/// Sends of one create whose outcome stays unknown.
const TRIES: u32 = 3;

/// Creates users.
pub(super) struct Accounts {
    context: Arc<Context>,
    described: Arc<Described>,
    /// One create at a time for each username.
    turns: Turns<String>,
}

/// How a create ended.
enum Ended {
    Created(SalesforceId),
    Exists(Box<Resource>),
}

impl Accounts {
    pub(super) fn new(context: Arc<Context>, described: Arc<Described>) -> Self {
        Self {
            context,
            described,
            turns: Turns::default(),
        }
    }

    async fn make(
        &self,
        request: &AccountRequest,
        wrote: &mut Wrote,
    ) -> Result<(AccountOutcome, Resource)> {
        let rule = &self.context.options.username;
        let (form, mut problems) = self
            .described
            .read(&self.context, wrote, |user| {
                Form::read(&request.profile, user, rule)
            })
            .await?;
        // Two creates of one name in this process stand in line: the second one finds the first.
        let _turn = self.turns.take(form.username.to_lowercase()).await;
        if problems.is_empty()
            && let Some(resource) = self.lookup(&form.username, wrote).await?
        {
            wrote.ended(Outcome::Already);
            return Ok((AccountOutcome::AlreadyExists, resource));
        }
        let profile = match &form.profile {
            Some(wanted) => profile::find(&self.context, wanted, wrote).await?,
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
            wrote.ended(Outcome::DryRun);
            let names: Vec<_> = body.keys().map(String::as_str).collect();
            return Err(Error::precondition(format!(
                "dry run: would create a User with the fields {}; nothing was sent",
                names.join(", ")
            )));
        }
        match self.send(&form, &body, profile.id(), wrote).await? {
            Ended::Exists(resource) => {
                wrote.ended(Outcome::Already);
                Ok((AccountOutcome::AlreadyExists, *resource))
            }
            Ended::Created(id) => {
                wrote.about(id);
                wrote.ended(Outcome::Changed);
                let outcome = self
                    .welcome(id, &form, request.credential, &body, wrote)
                    .await;
                Ok((outcome, self.resource(id, &body, wrote).await?))
            }
        }
    }

    /// Sends the create, at most [`TRIES`] times, and only after the org was seen not to have the
    /// user.
    async fn send(
        &self,
        form: &Form,
        body: &Map<String, Json>,
        profile: Option<SalesforceId>,
        wrote: &mut Wrote,
    ) -> Result<Ended> {
        let doing = "the user cannot be created";
        let object = FieldName::from("User");
        let mut unknown_before = false;
        for left in (0..TRIES).rev() {
            let sent = self.context.org.client.create(&object, body).await;
            let error = match wrote.tried(sent) {
                Ok(id) => return Ok(Ended::Created(id)),
                Err(error) => error,
            };
            let is_taken = error.code() == Some(&ErrorCode::DuplicateUsername);
            if !is_taken && !error.is_ambiguous() {
                return Err(self.refused(doing, profile, error, wrote).await);
            }
            let found = self.lookup(&form.username, wrote).await.map_err(|unread| {
                let text = "whether the user was created is not known, as the org cannot be read; \
                            send the same request again";
                Error::new(unread.kind(), text)
                    .retry_after(unread.wait())
                    .because(unread)
            })?;
            match found {
                // Nobody had the name a moment ago: it was this create that was carried out.
                Some(resource) if unknown_before || !is_taken => {
                    let id = resource.id.resource.as_str().parse();
                    return id.map(Ended::Created).map_err(|_| {
                        Error::internal("Salesforce showed a user with a malformed id")
                    });
                }
                Some(resource) => return Ok(Ended::Exists(Box::new(resource))),
                None if is_taken => return Err(taken_elsewhere(error)),
                None if left == 0 => return Err(wrap(doing, error)),
                None => unknown_before = true,
            }
        }
        Err(Error::internal(doing))
    }

    async fn refused(
        &self,
        doing: &str,
        profile: Option<SalesforceId>,
        error: salesforce::Error,
        wrote: &mut Wrote,
    ) -> Error {
        match error.code() {
            Some(ErrorCode::LicenseLimitExceeded) => {
                no_seat(&self.context, profile, doing, error, wrote).await
            }
            Some(ErrorCode::FieldCustomValidationException) => {
                let words = error.api().map_or("", |api| api.message());
                let text = format!(
                    "{doing}: a validation rule of the org: {}",
                    without_data(words)
                );
                Error::precondition(text).because(error)
            }
            Some(ErrorCode::DuplicateCommNickname) => {
                let text = "another user has this CommunityNickname; give another one or none";
                Error::precondition(format!("{doing}: {text}")).because(error)
            }
            Some(ErrorCode::DuplicateValue) => {
                let text = "another user has the same value of a field that must be unique, such \
                            as FederationIdentifier";
                Error::precondition(format!("{doing}: {text}")).because(error)
            }
            _ => explain(doing, error),
        }
    }

    /// The user of that name, active or not.
    async fn lookup(&self, username: &str, wrote: &mut Wrote) -> Result<Option<Resource>> {
        let found = user::by_username(&self.context, username).await;
        let page = found.map_err(|trouble| told("looking the username up", trouble))?;
        // A user that is there is asked for its locks, too.
        wrote.add(if page.items.is_empty() { 1 } else { 2 }, page.quota);
        Ok(page.items.into_iter().next())
    }

    /// Has Salesforce mail the new user a link, where that was asked for. The user exists by now:
    /// a mail that fails is told, and changes nothing about that.
    async fn welcome(
        &self,
        id: SalesforceId,
        form: &Form,
        credential: Option<CredentialOption>,
        body: &Map<String, Json>,
        wrote: &mut Wrote,
    ) -> AccountOutcome {
        let by_default =
            self.context.options.password_mail && credential != Some(CredentialOption::Sso);
        let is_active = body.get("IsActive") != Some(&Json::Bool(false));
        if !(form.mail.unwrap_or(by_default) && is_active) {
            return AccountOutcome::Created;
        }
        match wrote.tried(self.context.org.client.reset_password(id).await) {
            Ok(()) => AccountOutcome::Created,
            Err(error) => {
                let error = wrap("sending the password mail", error);
                warn!(sf.id = %id, error = error.chain(), "the new user got no password mail");
                AccountOutcome::ActionRequired(format!(
                    "the user was created, but the mail to set the password may not have been \
                     sent; if it does not arrive, run the action send_password_reset ({})",
                    error.chain()
                ))
            }
        }
    }

    /// The new user as a sync would show it; as it was sent, if the org cannot be read now.
    async fn resource(
        &self,
        id: SalesforceId,
        body: &Map<String, Json>,
        wrote: &mut Wrote,
    ) -> Result<Resource> {
        match user::created(&self.context, id).await {
            Ok(page) => {
                wrote.add(1, page.quota);
                if let Some(resource) = page.items.into_iter().next() {
                    return Ok(resource);
                }
            }
            Err(trouble) => {
                let error = told("reading the new user", trouble);
                warn!(sf.id = %id, error = error.chain(), "the new user is shown as it was sent");
            }
        }
        let mut row = body.clone();
        row.insert("Id".to_owned(), Json::String(id.to_string()));
        row.entry("IsActive").or_insert(Json::Bool(true));
        let row = UserRow::deserialize(Json::Object(row))
            .map_err(|_| Error::internal("the new user cannot be shown"))?;
        let (custom, locks) = (Object::new(), Locks::default());
        user::to_resource(&row, custom, &locks, &self.context.options)
    }
}

fn told(doing: &str, trouble: Trouble) -> Error {
    match trouble {
        Trouble::Own(error) => error,
        Trouble::Salesforce(error) => wrap(doing, error),
    }
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

    fn credential_options(&self) -> &'static [CredentialOption] {
        &[CredentialOption::NoPassword, CredentialOption::Sso]
    }

    async fn create(&self, request: &AccountRequest) -> Result<NewAccount> {
        let mut wrote = Wrote::new("create_account", "User");
        let made = self.make(request, &mut wrote).await;
        wrote.log(made.as_ref().err());
        let quota = wrote.quota();
        match made {
            Ok((outcome, resource)) => Ok(NewAccount {
                outcome,
                resource,
                quota,
            }),
            Err(error) => Err(error.with_quota(quota)),
        }
    }
}
