//! The environment: one variable for each flag, and a few that have no flag.

use std::ffi::{OsStr, OsString};

use super::flag::Flag;
use super::problem::Problems;
use super::values::Given;
use super::{file, flags, host, nearest};

/// How the name of every variable of a connector begins.
const PREFIX: &str = "BATON_";

/// Variables without a flag: ours, and those that the Baton SDK reads in other connectors.
const WITHOUT_FLAG: [&str; 9] = [
    file::VARIABLE,
    host::KEEP_SYNC_COUNT,
    "BATON_CONNECTOR_SERVICE_LISTENER_FD",
    "BATON_C1_API_HOST",
    "BATON_DISABLE_HTTP_CACHE",
    "BATON_DONT_FIX_CYCLES",
    "BATON_GET_TASKS",
    "BATON_HOST_ID",
    "BATON_HTTP_CACHE_TTL",
];

/// What the environment gives each flag. An empty variable counts as unset.
pub(super) fn given(variables: &[(OsString, OsString)], problems: &mut Problems) -> Given {
    flags::all()
        .filter_map(|flag| {
            let value = value(variables, &flag.variable(), problems)?;
            Some((flag.name, vec![value.to_owned()]))
        })
        .collect()
}

/// The value of one variable, or `None` if it is empty or unset.
pub(super) fn value<'a>(
    variables: &'a [(OsString, OsString)],
    name: &str,
    problems: &mut Problems,
) -> Option<&'a str> {
    let (_, value) = variables
        .iter()
        .find(|(other, value)| other == name && !value.is_empty())?;
    let text = value.to_str();
    if text.is_none() {
        problems.push(format!("variable {name}: is not valid UTF-8"));
    }
    text
}

/// A warning for each variable that looks like one of ours with a misspelt name. Variables that
/// resemble none may belong to another connector.
pub(super) fn misspelt(variables: &[(OsString, OsString)]) -> Vec<String> {
    variables
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .filter_map(|(name, _)| name.to_str())
        .filter(|name| is_ours(name) && !is_known(name))
        .filter_map(|name| {
            let meant = flags::find(nearest::flag(name)?)?.variable();
            Some(format!(
                "the variable {name} has no effect: did you mean {meant}?"
            ))
        })
        .collect()
}

fn is_ours(name: &str) -> bool {
    name.get(..PREFIX.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

fn is_known(name: &str) -> bool {
    WITHOUT_FLAG.contains(&name) || flags::all().any(|flag| Flag::variable(flag) == name)
}

/// The variables of this process.
pub(super) fn of_process() -> Vec<(OsString, OsString)> {
    std::env::vars_os()
        .filter(|(name, _)| OsStr::to_str(name).is_some_and(is_ours))
        .collect()
}
