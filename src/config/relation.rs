//! Which flags need or exclude each other.

use super::flag::Flag;
use super::flags::{file_tool, host, one_shot, ticket};
use super::problem::Problems;
use super::values::Values;

enum Relation {
    /// All or none.
    Together(&'static [&'static Flag]),
    /// At most one.
    Exclusive(&'static [&'static Flag]),
    /// The first needs the second.
    Needs(&'static Flag, &'static Flag),
}

const RELATIONS: &[Relation] = &[
    Relation::Together(&[&one_shot::GRANT_ENTITLEMENT, &one_shot::GRANT_PRINCIPAL]),
    Relation::Together(&[&host::CLIENT_ID, &host::CLIENT_SECRET]),
    Relation::Together(&[&one_shot::DELETE_RESOURCE, &one_shot::DELETE_RESOURCE_TYPE]),
    Relation::Together(&[
        &one_shot::ROTATE_CREDENTIALS,
        &one_shot::ROTATE_CREDENTIALS_TYPE,
    ]),
    Relation::Together(&[&ticket::CREATE_TICKET, &ticket::TICKET_TEMPLATE_PATH]),
    Relation::Together(&[
        &ticket::BULK_CREATE_TICKET,
        &ticket::BULK_TICKET_TEMPLATE_PATH,
    ]),
    Relation::Together(&[&ticket::GET_TICKET, &ticket::TICKET_ID]),
    Relation::Exclusive(&[
        &one_shot::GRANT_ENTITLEMENT,
        &one_shot::REVOKE_GRANT,
        &one_shot::CREATE_ACCOUNT_LOGIN,
        &one_shot::DELETE_RESOURCE,
        &one_shot::ROTATE_CREDENTIALS,
        &one_shot::EVENT_FEED,
        &ticket::CREATE_TICKET,
        &ticket::GET_TICKET,
        &ticket::LIST_TICKET_SCHEMAS,
        &ticket::BULK_CREATE_TICKET,
    ]),
    Relation::Exclusive(&[
        &one_shot::GRANT_ENTITLEMENT,
        &one_shot::REVOKE_GRANT,
        &one_shot::CREATE_ACCOUNT_EMAIL,
        &one_shot::DELETE_RESOURCE_TYPE,
        &one_shot::ROTATE_CREDENTIALS_TYPE,
        &one_shot::EVENT_FEED,
        &ticket::LIST_TICKET_SCHEMAS,
    ]),
    Relation::Exclusive(&[&file_tool::DIFF_SYNCS, &file_tool::COMPACT_SYNCS]),
    Relation::Needs(&host::SKIP_GRANTS, &host::SYNC_RESOURCES),
    Relation::Needs(&one_shot::FOLLOW, &one_shot::EVENT_FEED),
    Relation::Needs(
        &host::EXTERNAL_RESOURCE_FILTER,
        &host::EXTERNAL_RESOURCE_C1Z,
    ),
    Relation::Needs(
        &host::EXTERNAL_RESOURCE_TRAITS,
        &host::EXTERNAL_RESOURCE_C1Z,
    ),
    Relation::Needs(&file_tool::DIFF_SYNCS, &file_tool::BASE_SYNC_ID),
    Relation::Needs(&file_tool::DIFF_SYNCS, &file_tool::APPLIED_SYNC_ID),
    Relation::Needs(&file_tool::COMPACT_SYNCS, &file_tool::COMPACT_SYNC_IDS),
    Relation::Needs(&file_tool::COMPACT_SYNCS, &file_tool::COMPACT_FILE_PATHS),
    Relation::Needs(&file_tool::COMPACT_SYNCS, &file_tool::COMPACT_OUTPUT_PATH),
];

/// Adds a problem for each relation that `values` violate.
pub(crate) fn check(values: &Values, problems: &mut Problems) {
    for relation in RELATIONS {
        if let Some(problem) = relation.problem(values) {
            problems.push(problem);
        }
    }
}

impl Relation {
    fn problem(&self, values: &Values) -> Option<String> {
        match self {
            Self::Together(flags) => {
                let missing = names(flags, |flag| !values.is_set(flag));
                (!missing.is_empty() && missing.len() < flags.len()).then(|| {
                    format!(
                        "fields marked as needed together are missing: {}",
                        listed(&missing)
                    )
                })
            }
            Self::Exclusive(flags) => {
                let set = names(flags, |flag| values.is_set(flag));
                (set.len() > 1).then(|| {
                    format!(
                        "fields marked as mutually exclusive were set: {}",
                        listed(&set)
                    )
                })
            }
            Self::Needs(flag, other) => (values.is_set(flag) && !values.is_set(other)).then(|| {
                let (flag, other) = (listed(&[flag.name]), listed(&[other.name]));
                format!("set fields {flag} are dependent on {other} being set")
            }),
        }
    }
}

fn names(flags: &[&'static Flag], keep: impl Fn(&Flag) -> bool) -> Vec<&'static str> {
    flags
        .iter()
        .filter(|flag| keep(flag))
        .map(|flag| flag.name)
        .collect()
}

/// `('a', 'b', and 'c')`
fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
    let text = match quoted.as_slice() {
        [one, two] => format!("{one} and {two}"),
        [most @ .., last] if !most.is_empty() => format!("{}, and {last}", most.join(", ")),
        _ => quoted.concat(),
    };
    format!("({text})")
}
