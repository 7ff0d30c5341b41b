//! The checks that are queries: how many records refer to the user in a way that matters.

use crate::salesforce::SalesforceId;
use crate::salesforce::describe::ObjectDescription;
use crate::salesforce::soql::{Condition, FieldName, Select, field};

/// The severity of a finding.
#[derive(Clone, Copy)]
pub(super) enum Severity {
    /// Salesforce refuses the deactivation.
    Blocks,
    /// The deactivation works, but something breaks or is left behind.
    Warns,
}

type Finding = Box<dyn Fn(u64) -> Option<(Severity, String)> + Send + Sync>;

/// One check.
pub(super) struct Probe {
    /// What is checked, for people.
    pub(super) what: String,
    /// A `COUNT()`.
    pub(super) select: Select,
    /// What the count means.
    pub(super) finding: Finding,
}

/// States of a scheduled job that will run again.
const SCHEDULED: [&str; 6] = [
    "WAITING",
    "ACQUIRED",
    "EXECUTING",
    "PAUSED",
    "BLOCKED",
    "PAUSED_BLOCKED",
];

/// A check that finds something if the count is not zero.
fn warns(what: &str, object: &'static str, which: Condition, then: &'static str) -> Probe {
    let finding = move |count| (count > 0).then(|| (Severity::Warns, format!("{count} {then}")));
    Probe {
        what: what.to_owned(),
        select: Select::from(object).count().filter(which),
        finding: Box::new(finding),
    }
}

pub(super) fn probes(
    user: SalesforceId,
    described: &ObjectDescription,
    is_admin: bool,
) -> Vec<Probe> {
    let active = || field("IsActive").eq(true);
    let mut probes = Vec::new();
    if is_admin {
        let others = active()
            .and(field("Profile.PermissionsModifyAllData").eq(true))
            .and(field("Id").ne(user));
        let alone = |count| {
            let text = "it is the only active System Administrator; Salesforce keeps one";
            (count == 0).then(|| (Severity::Blocks, text.to_owned()))
        };
        probes.push(Probe {
            what: "other active System Administrators".to_owned(),
            select: Select::from("User").count().filter(others),
            finding: Box::new(alone),
        });
    }
    probes.extend(hierarchy(user, described));
    probes.extend([
        warns(
            "scheduled jobs (CronTrigger)",
            "CronTrigger",
            field("OwnerId")
                .eq(user)
                .and(field("State").in_strings(SCHEDULED)),
            "scheduled jobs run as this user and will fail",
        ),
        warns(
            "requests that wait for its approval (ProcessInstanceWorkitem)",
            "ProcessInstanceWorkitem",
            field("ActorId").eq(user),
            "requests wait for its approval and will be stuck",
        ),
        warns(
            "users whose approvals are delegated to it",
            "User",
            active().and(field("DelegatedApproverId").eq(user)),
            "active users have it as delegated approver",
        ),
        warns(
            "users that it manages",
            "User",
            active().and(field("ManagerId").eq(user)),
            "active users have it as manager; approvals that go to managers will be stuck",
        ),
        warns(
            "queues that it is in",
            "GroupMember",
            field("UserOrGroupId")
                .eq(user)
                .and(field("Group.Type").eq("Queue")),
            "queues have it as a member and keep it",
        ),
        warns(
            "roles that it forecasts for",
            "UserRole",
            field("ForecastUserId").eq(user),
            "roles have it as forecast manager",
        ),
        warns(
            "agents and bots that act as it (BotDefinition)",
            "BotDefinition",
            field("BotUserId").eq(user),
            "agents or bots act as this user and will stop",
        ),
    ]);
    probes.extend(records(user));
    probes
}

/// Custom hierarchy fields of User. Salesforce refuses to deactivate a user that one of them
/// names.
fn hierarchy(user: SalesforceId, described: &ObjectDescription) -> Vec<Probe> {
    let names_users = described.fields.iter().filter(|field| {
        field.custom && field.filterable && field.reference_to.iter().any(|to| to == "User")
    });
    let probe = |name: FieldName| {
        let shown = name.as_str().to_owned();
        let what = format!("users that name it in {shown}");
        let finding = move |count| {
            let text = format!("{count} active users name it in the hierarchy field {shown}");
            (count > 0).then_some((Severity::Blocks, text))
        };
        let which = field("IsActive").eq(true).and(field(name).eq(user));
        let select = Select::from("User").count().filter(which);
        Probe {
            what,
            select,
            finding: Box::new(finding),
        }
    };
    names_users
        .filter_map(|field| FieldName::parse(&field.name).ok())
        .map(probe)
        .collect()
}

fn records(user: SalesforceId) -> Vec<Probe> {
    let owned = || field("OwnerId").eq(user);
    vec![
        warns(
            "accounts",
            "Account",
            owned(),
            "accounts are owned by it; transfer them",
        ),
        warns(
            "open opportunities",
            "Opportunity",
            owned().and(field("IsClosed").eq(false)),
            "open opportunities are owned by it; transfer them",
        ),
        warns(
            "open tasks",
            "Task",
            owned().and(field("IsClosed").eq(false)),
            "open tasks are owned by it; transfer them",
        ),
        warns(
            "open cases",
            "Case",
            owned().and(field("IsClosed").eq(false)),
            "open cases are owned by it; transfer them",
        ),
        warns(
            "unconverted leads",
            "Lead",
            owned().and(field("IsConverted").eq(false)),
            "unconverted leads are owned by it; transfer them",
        ),
    ]
}
