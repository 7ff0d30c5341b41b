//! What the report is of.

use super::Options;
use super::facts::{Count, Facts, can_sign_in};
use super::text;
use crate::access::State;

/// What the report is of.
#[derive(Debug)]
pub(super) struct Summary {
    pub(super) title: String,
    pub(super) file: String,
    pub(super) sync_id: String,
    /// When the sync ended.
    pub(super) at: String,
    pub(super) active: usize,
    pub(super) frozen: usize,
    pub(super) deactivated: usize,
    pub(super) counts: Vec<Count>,
    /// All resources, and all grants.
    pub(super) totals: (u64, u64),
}

impl Summary {
    pub(super) fn of(facts: &Facts, options: &Options) -> Self {
        let count = |is_counted: fn(State) -> bool| {
            let people = facts.people.iter();
            people.filter(|person| is_counted(person.state)).count()
        };
        let file = options.file.file_name();
        Self {
            title: options
                .title
                .clone()
                .unwrap_or_else(|| "Access in Salesforce".to_owned()),
            file: file.unwrap_or_default().to_string_lossy().into_owned(),
            sync_id: facts.sync_id.clone(),
            at: text::minute(facts.at),
            active: count(can_sign_in),
            frozen: count(|state| state == State::Frozen),
            deactivated: count(|state| state == State::Deactivated),
            totals: facts
                .counts
                .iter()
                .fold((0, 0), |(resources, grants), one| {
                    (resources + one.resources, grants + one.grants)
                }),
            counts: facts.counts.clone(),
        }
    }
}
