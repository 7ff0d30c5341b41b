//! What the host has to do: one operation, or a sync.

use jiff::{SignedDuration, Timestamp};

use crate::config::{Flag, Problems, Values, file_tool, host_flags, one_shot, ticket};

/// The fields of a JSON object.
pub type Fields = serde_json::Map<String, serde_json::Value>;

/// One run of the host.
#[derive(Clone, Debug)]
pub enum Job {
    /// Grant an entitlement.
    Grant {
        /// The entitlement's id.
        entitlement: String,
        /// The principal's id.
        principal: String,
        /// The principal's resource type, if given.
        principal_type: Option<String>,
    },
    /// Revoke a grant.
    Revoke {
        /// The grant's id.
        grant: String,
    },
    /// Print the events of a feed.
    EventFeed {
        /// The feed's id, if given.
        feed: Option<String>,
        /// The time of the first event.
        start_at: Timestamp,
        /// Where to continue, if given.
        cursor: Option<String>,
        /// Whether to wait for further events.
        follow: bool,
    },
    /// Create an account.
    CreateAccount(NewAccount),
    /// Invoke an action and wait for its end.
    InvokeAction {
        /// The action's name.
        name: String,
        /// Its arguments.
        arguments: Fields,
        /// The resource type that the action belongs to, if any.
        resource_type: Option<String>,
    },
    /// List the actions.
    ListActionSchemas {
        /// Only the actions of this resource type, if given.
        resource_type: Option<String>,
    },
    /// Delete a resource.
    DeleteResource {
        /// Its id.
        id: String,
        /// Its resource type.
        resource_type: String,
    },
    /// Rotate the credentials of a resource.
    RotateCredentials {
        /// Its id.
        id: String,
        /// Its resource type.
        resource_type: String,
    },
    /// Take tasks from the platform until a signal comes.
    Daemon,
    /// Something that the Baton SDK can do and this program cannot, in words.
    Unsupported(&'static str),
    /// Sync.
    Sync,
}

/// The account to create.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAccount {
    /// Its login.
    pub login: Option<String>,
    /// Its email address.
    pub email: Option<String>,
    /// Its profile.
    pub profile: Fields,
    /// Its resource type, if given.
    pub resource_type: Option<String>,
}

impl Job {
    /// Its name in traces, which is that of the same task of the platform if there is one.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Grant { .. } => "grant",
            Self::Revoke { .. } => "revoke",
            Self::EventFeed { .. } => "list_events",
            Self::CreateAccount(_) => "create_account",
            Self::InvokeAction { .. } => "action_invoke",
            Self::ListActionSchemas { .. } => "action_list_schemas",
            Self::DeleteResource { .. } => "delete_resource",
            Self::RotateCredentials { .. } => "rotate_credentials",
            Self::Daemon => "daemon",
            Self::Unsupported(_) => "unsupported",
            Self::Sync => "sync_full",
        }
    }

    /// The job that `values` describe; of several, the first in the order of the Baton SDK. If the
    /// description is wrong, `problems` says so and the result is [`Job::Sync`].
    pub(crate) fn resolve(values: &Values, now: Timestamp, problems: &mut Problems) -> Self {
        let job = daemon(values)
            .or_else(|| access(values))
            .or_else(|| event_feed(values, now, problems))
            .or_else(|| create_account(values, problems))
            .or_else(|| action(values, problems))
            .or_else(|| resource(values))
            .or_else(|| unsupported(values));
        job.unwrap_or(Self::Sync)
    }
}

/// The daemon is started instead of anything else that is asked for.
fn daemon(values: &Values) -> Option<Job> {
    let is_asked = values.is_set(&host_flags::CLIENT_ID);
    is_asked.then_some(Job::Daemon)
}

fn access(values: &Values) -> Option<Job> {
    if let Some(entitlement) = values.optional(&one_shot::GRANT_ENTITLEMENT) {
        return Some(Job::Grant {
            entitlement,
            principal: values.optional(&one_shot::GRANT_PRINCIPAL)?,
            principal_type: values.optional(&one_shot::GRANT_PRINCIPAL_TYPE),
        });
    }
    Some(Job::Revoke {
        grant: values.optional(&one_shot::REVOKE_GRANT)?,
    })
}

fn event_feed(values: &Values, now: Timestamp, problems: &mut Problems) -> Option<Job> {
    if !values.switch(&one_shot::EVENT_FEED) {
        return None;
    }
    let flag = &one_shot::EVENT_FEED_START_AT;
    let yesterday = now
        .checked_sub(SignedDuration::from_hours(24))
        .unwrap_or(now);
    let start_at = values.optional(flag).map_or(Ok(yesterday), |text| {
        text.parse().map_err(|_| {
            format!(
                "field {}: expected a time such as 2026-11-22T20:00:00Z but got '{text}'",
                flag.name
            )
        })
    });
    Some(Job::EventFeed {
        feed: values.optional(&one_shot::EVENT_FEED_ID),
        start_at: problems.keep(start_at)?,
        cursor: values.optional(&one_shot::EVENT_FEED_CURSOR),
        follow: values.switch(&one_shot::FOLLOW),
    })
}

/// An email address alone creates no account: in the Baton SDK, such a run is a sync.
fn create_account(values: &Values, problems: &mut Problems) -> Option<Job> {
    let profile = &one_shot::CREATE_ACCOUNT_PROFILE;
    let login = &one_shot::CREATE_ACCOUNT_LOGIN;
    if !values.is_set(profile) && !values.is_set(login) {
        return None;
    }
    let fields = problems.keep(object(profile.name, values.text(profile)))?;
    let either = |key: &str, flag| match fields.get(key).and_then(serde_json::Value::as_str) {
        Some(text) if !text.is_empty() => Some(text.to_owned()),
        _ => values.optional(flag),
    };
    let (login, email) = (
        either("login", login),
        either("email", &one_shot::CREATE_ACCOUNT_EMAIL),
    );
    if email.as_deref().is_some_and(|email| !is_email(email)) {
        // The address is personal data, so it is not repeated.
        problems.push(if fields.contains_key("email") {
            format!("field {}: email is not an email address", profile.name)
        } else {
            let name = one_shot::CREATE_ACCOUNT_EMAIL.name;
            format!("field {name}: is not an email address")
        });
        return None;
    }
    if login.is_none() && email.is_none() {
        problems.push(format!(
            "unknown provisioning action: field {} needs a login or an email",
            profile.name
        ));
        return None;
    }
    Some(Job::CreateAccount(NewAccount {
        login,
        email,
        profile: fields,
        resource_type: values.optional(&one_shot::CREATE_ACCOUNT_RESOURCE_TYPE),
    }))
}

fn action(values: &Values, problems: &mut Problems) -> Option<Job> {
    for (unused, instead) in [
        (&one_shot::INVOKE_RESOURCE_ACTION, &one_shot::INVOKE_ACTION),
        (
            &one_shot::LIST_RESOURCE_ACTIONS,
            &one_shot::LIST_ACTION_SCHEMAS,
        ),
    ] {
        if values.is_set(unused) {
            problems.push(format!(
                "field {}: is not used by the Baton SDK: use --{}",
                unused.name, instead.name
            ));
        }
    }
    if let Some(name) = values.optional(&one_shot::INVOKE_ACTION) {
        let flag = &one_shot::INVOKE_ACTION_ARGS;
        return Some(Job::InvokeAction {
            name,
            arguments: problems.keep(object(flag.name, values.text(flag)))?,
            resource_type: values.optional(&one_shot::INVOKE_ACTION_RESOURCE_TYPE),
        });
    }
    values
        .switch(&one_shot::LIST_ACTION_SCHEMAS)
        .then(|| Job::ListActionSchemas {
            resource_type: values.optional(&one_shot::LIST_ACTION_SCHEMAS_RESOURCE_TYPE),
        })
}

fn resource(values: &Values) -> Option<Job> {
    if let Some(id) = values.optional(&one_shot::DELETE_RESOURCE) {
        let resource_type = values.optional(&one_shot::DELETE_RESOURCE_TYPE)?;
        return Some(Job::DeleteResource { id, resource_type });
    }
    let id = values.optional(&one_shot::ROTATE_CREDENTIALS)?;
    let resource_type = values.optional(&one_shot::ROTATE_CREDENTIALS_TYPE)?;
    Some(Job::RotateCredentials { id, resource_type })
}

fn unsupported(values: &Values) -> Option<Job> {
    let is_any_set = |flags: &[&Flag]| flags.iter().any(|flag| values.switch(flag));
    let tickets = [
        &ticket::CREATE_TICKET,
        &ticket::BULK_CREATE_TICKET,
        &ticket::LIST_TICKET_SCHEMAS,
        &ticket::GET_TICKET,
    ];
    if is_any_set(&tickets) {
        return Some(Job::Unsupported("tickets"));
    }
    let tools = "comparing and compacting files; use the baton CLI";
    is_any_set(&[&file_tool::DIFF_SYNCS, &file_tool::COMPACT_SYNCS])
        .then_some(Job::Unsupported(tools))
}

/// Whether the text has the form of an email address.
fn is_email(text: &str) -> bool {
    let is_clean = |part: &str| !part.is_empty() && !part.contains([' ', '@', '<', '>', ',']);
    text.split_once('@')
        .is_some_and(|(local, domain)| is_clean(local) && is_clean(domain))
}

/// The JSON object of a flag; the empty text counts as an empty object. The error only gives the
/// place of the mistake, because profiles hold personal data.
fn object(name: &str, text: &str) -> Result<Fields, String> {
    if text.is_empty() {
        return Ok(Fields::new());
    }
    serde_json::from_str(text).map_err(|error| {
        format!(
            "field {name}: expected a JSON object, wrong at column {}",
            error.column()
        )
    })
}
