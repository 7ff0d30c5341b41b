//! A connector of two types, one account manager and a few actions, that answers as it is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use baton_salesforce::baton::schema::AccountField;
use baton_salesforce::baton::{
    AccountManager, AccountOutcome, AccountRequest, Action, ActionField, ActionReply, ActionSchema,
    Arguments, Call, Connector, CredentialOption, Deleted, Deleter, Entitlement, EntitlementId,
    Error, FieldKind, Grant, GrantId, GrantScope, Granted, Kind, NewAccount, Object, Page,
    PageRequest, Progress, Provisioner, Purpose, Quota, Registry, Resource, ResourceId,
    ResourceRef, ResourceSyncer, ResourceType, Result, Revoked, Trait, TypeMark, Validation, Value,
    Variant,
};

/// What happens next, where it matters.
#[derive(Default)]
pub(crate) struct Script {
    /// So many calls of Validate, Grant and Revoke fail with Unavailable first.
    pub(crate) failures: AtomicU32,
    /// Calls of Validate, Grant and Revoke so far.
    pub(crate) attempts: AtomicU32,
}

impl Script {
    fn attempt(&self) -> Result<()> {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        let left = |left: u32| left.checked_sub(1);
        match self
            .failures
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, left)
        {
            Ok(_) => Err(Error::new(Kind::Unavailable, "busy")),
            Err(_) => Ok(()),
        }
    }
}

pub(crate) const QUOTA: Quota = Quota {
    used: 10,
    limit: 100,
};

pub(crate) fn registry(script: &Arc<Script>) -> Arc<Registry> {
    let actions: [Behaviour; 4] = [
        Behaviour::Succeed,
        Behaviour::Fail,
        Behaviour::Panic,
        Behaviour::Linger,
    ];
    let registry = Registry::new(Arc::new(Fake(script.clone())))
        .with_syncer(Arc::new(Users))
        .with_syncer(Arc::new(Groups(script.clone())))
        .with_accounts(Arc::new(Accounts));
    Arc::new(actions.into_iter().fold(registry, |registry, behaviour| {
        registry.with_action(Arc::new(Act {
            behaviour,
            schema: schema(behaviour),
        }))
    }))
}

struct Fake(Arc<Script>);

#[async_trait]
impl Connector for Fake {
    fn display_name(&self) -> &'static str {
        "Fake"
    }
    fn description(&self) -> &'static str {
        "For tests"
    }
    async fn validate(&self) -> Result<Validation> {
        self.0.attempt()?;
        Ok(Validation {
            warnings: vec!["half of it".into()],
            quota: Some(QUOTA),
        })
    }
}

const USER: ResourceType = ResourceType {
    id: "user",
    display_name: "User",
    description: "",
    traits: &[Trait::User],
    marks: &[TypeMark::SkipEntitlementsAndGrants],
    permissions: &[],
};

const GROUP: ResourceType = ResourceType {
    id: "group",
    display_name: "Group",
    description: "",
    traits: &[Trait::Group],
    marks: &[TypeMark::TypeScopedGrants, TypeMark::OptInRequired],
    permissions: &["Manage Users"],
};

struct Users;

#[async_trait]
impl ResourceSyncer for Users {
    fn resource_type(&self) -> &ResourceType {
        &USER
    }
    async fn list(&self, page: &PageRequest) -> Result<Page<Resource>> {
        // The second page claims to go on where it began.
        let mut answer = Page::last(vec![plain("user", "1")]).with_quota(Some(QUOTA));
        answer.next.clone_from(&page.token);
        Ok(answer)
    }
    async fn get(&self, id: &ResourceId, _: &Call) -> Result<Page<Resource>> {
        match id.resource.as_str() {
            "1" => Ok(Page::last(vec![plain("user", "1")])),
            "panic" => panic!("a defect"),
            _ => Ok(Page::last(Vec::new())),
        }
    }
    async fn entitlements(&self, _: &ResourceRef, _: &PageRequest) -> Result<Page<Entitlement>> {
        Ok(Page::last(Vec::new()))
    }
    async fn grants(&self, _: &GrantScope, _: &PageRequest) -> Result<Page<Grant>> {
        Err(Error::new(Kind::PermissionDenied, "not allowed").because("the org says no"))
    }
    fn deleter(&self) -> Option<&dyn Deleter> {
        Some(self)
    }
}

#[async_trait]
impl Deleter for Users {
    async fn delete(&self, id: &ResourceId) -> Result<Deleted> {
        Ok(Deleted {
            already: id.resource.as_str() == "gone",
            quota: None,
        })
    }
}

struct Groups(Arc<Script>);

#[async_trait]
impl ResourceSyncer for Groups {
    fn resource_type(&self) -> &ResourceType {
        &GROUP
    }
    async fn list(&self, _: &PageRequest) -> Result<Page<Resource>> {
        Ok(Page::last(vec![plain("group", "g")]))
    }
    async fn get(&self, _: &ResourceId, _: &Call) -> Result<Page<Resource>> {
        Ok(Page::last(Vec::new()))
    }
    async fn entitlements(&self, on: &ResourceRef, _: &PageRequest) -> Result<Page<Entitlement>> {
        Ok(Page::last(vec![Entitlement {
            id: EntitlementId::new(on.id.clone(), "member"),
            display_name: "Member".into(),
            description: None,
            purpose: Purpose::Assignment,
            grantable_to: vec!["user"],
            marks: Vec::new(),
        }]))
    }
    async fn grants(&self, scope: &GrantScope, _: &PageRequest) -> Result<Page<Grant>> {
        // The type as a whole has two grants, a group of its own has one.
        let groups: &[&str] = match scope {
            GrantScope::Type => &["g", "h"],
            GrantScope::Resource(_) => &["g"],
        };
        Ok(Page::last(
            groups.iter().map(|group| member(group, "1")).collect(),
        ))
    }
    fn provisioner(&self) -> Option<&dyn Provisioner> {
        Some(self)
    }
}

#[async_trait]
impl Provisioner for Groups {
    async fn grant(&self, principal: &ResourceId, entitlement: &EntitlementId) -> Result<Granted> {
        self.0.attempt()?;
        let replaced = entitlement.slug == "only";
        Ok(Granted {
            warnings: Vec::new(),
            grants: vec![Grant::new(entitlement.clone(), principal.clone())],
            already: principal.resource.as_str() == "already",
            replaced: replaced
                .then(|| member("old", "1").id())
                .into_iter()
                .collect::<Vec<GrantId>>(),
            quota: None,
        })
    }
    async fn revoke(&self, principal: &ResourceId, _: &EntitlementId) -> Result<Revoked> {
        self.0.attempt()?;
        Ok(Revoked {
            already: principal.resource.as_str() == "already",
            quota: None,
        })
    }
}

struct Accounts;

#[async_trait]
impl AccountManager for Accounts {
    fn resource_type(&self) -> &'static str {
        "user"
    }
    fn schema(&self) -> Vec<AccountField> {
        vec![AccountField {
            key: "email".into(),
            display_name: "Email".into(),
            required: true,
            description: "".into(),
            placeholder: "",
            order: 1,
            default: None,
        }]
    }
    fn credential_options(&self) -> &'static [CredentialOption] {
        &[CredentialOption::NoPassword]
    }
    async fn create(&self, request: &AccountRequest) -> Result<NewAccount> {
        let outcome = match request.login.as_deref() {
            Some("twin") => AccountOutcome::AlreadyExists,
            Some("half") => AccountOutcome::ActionRequired("send the mail".into()),
            _ => AccountOutcome::Created,
        };
        Ok(NewAccount {
            outcome,
            resource: plain("user", "new"),
            quota: None,
        })
    }
}

#[derive(Clone, Copy)]
enum Behaviour {
    Succeed,
    Fail,
    Panic,
    Linger,
}

struct Act {
    behaviour: Behaviour,
    schema: ActionSchema,
}

fn schema(behaviour: Behaviour) -> ActionSchema {
    let name = match behaviour {
        Behaviour::Succeed => "succeed",
        Behaviour::Fail => "fail",
        Behaviour::Panic => "panic",
        Behaviour::Linger => "linger",
    };
    let argument = ActionField {
        name: "resource_id",
        display_name: "Resource",
        description: "",
        kind: FieldKind::Text,
        required: true,
    };
    ActionSchema {
        name,
        display_name: name,
        description: "",
        arguments: vec![argument],
        returns: Vec::new(),
        kinds: Vec::new(),
    }
}

#[async_trait]
impl Action for Act {
    fn schema(&self) -> &ActionSchema {
        &self.schema
    }
    async fn invoke(&self, arguments: Arguments, progress: &Progress) -> Result<ActionReply> {
        match self.behaviour {
            Behaviour::Succeed => Ok(ActionReply {
                values: arguments,
                quota: Some(QUOTA),
            }),
            Behaviour::Fail => Err(Error::invalid("no").because("because")),
            Behaviour::Panic => panic!("a defect"),
            Behaviour::Linger => {
                progress.report(Object::from([("done".to_owned(), Value::from(1_u32))]));
                while !progress.is_cancelled() {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                Err(Error::new(Kind::Cancelled, "told to stop"))
            }
        }
    }
}

fn plain(kind: &str, id: &str) -> Resource {
    Resource {
        id: ResourceId::new(kind, id).unwrap(),
        display_name: id.into(),
        description: None,
        variant: Variant::Plain,
        profile: None,
        status: None,
        created_at: None,
    }
}

fn member(group: &str, user: &str) -> Grant {
    let on = ResourceId::new("group", group).unwrap();
    Grant::new(
        EntitlementId::new(on, "member"),
        ResourceId::new("user", user).unwrap(),
    )
}
