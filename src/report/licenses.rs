//! Seats by licence, and which of them lie idle.

use super::charts::Chart;
use super::facts::{Facts, License, can_sign_in};
use super::sign_ins::is_dormant;
use super::text;
use crate::access::Person;

/// Seats by licence.
#[derive(Debug, Default)]
pub(super) struct Licenses {
    pub(super) rows: Vec<LicenseRow>,
    pub(super) chart: Chart,
    /// How many licences have no free seat.
    pub(super) full: usize,
    /// How many seats people hold who do not sign in.
    pub(super) idle: usize,
}

/// A licence.
#[derive(Debug)]
pub(super) struct LicenseRow {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) purchased: Option<u64>,
    pub(super) consumed: Option<u64>,
    pub(super) left: Option<u64>,
    pub(super) is_unlimited: bool,
    /// How many holders are dormant or frozen.
    pub(super) idle: usize,
    pub(super) status: String,
    pub(super) expires_on: Option<String>,
}

impl LicenseRow {
    pub(super) fn shown_name(&self) -> String {
        text::shown(&self.name)
    }

    pub(super) fn purchased(&self) -> String {
        if self.is_unlimited {
            "any number".to_owned()
        } else {
            figure(self.purchased)
        }
    }

    pub(super) fn consumed(&self) -> String {
        figure(self.consumed)
    }

    pub(super) fn left(&self) -> String {
        figure(self.left)
    }
}

fn figure(count: Option<u64>) -> String {
    count.map_or_else(|| "–".to_owned(), text::number)
}

/// The licences, those with the fewest free seats first.
pub(super) fn licenses(facts: &Facts, dormant_after: i64) -> Licenses {
    let are_known = facts.know_sign_ins();
    let is_idle = |person: &Person| {
        let is_dormant = are_known && is_dormant(person, facts.at, dormant_after);
        is_dormant || !can_sign_in(person.state)
    };
    let row = |license: &License| {
        let holders = license.holders.iter();
        let people = holders.filter_map(|person| facts.people.get(*person));
        let (purchased, consumed) = (license.purchased, license.consumed);
        LicenseRow {
            name: license.name.clone(),
            kind: license.kind.clone(),
            purchased,
            consumed,
            left: purchased
                .zip(consumed)
                .map(|(purchased, consumed)| purchased.saturating_sub(consumed)),
            is_unlimited: license.is_unlimited,
            idle: people.filter(|person| is_idle(person)).count(),
            status: license.status.clone(),
            expires_on: license.expires_on.map(|day| day.to_string()),
        }
    };
    let mut rows: Vec<LicenseRow> = facts.licenses.iter().map(row).collect();
    let share = |row: &LicenseRow| match (row.purchased, row.consumed) {
        (Some(purchased), Some(consumed)) if purchased > 0 => consumed * 1000 / purchased,
        _ => 0,
    };
    rows.sort_by_cached_key(|row| (std::cmp::Reverse(share(row)), row.name.to_lowercase()));
    let mut chart = Chart::default();
    for row in &rows {
        let (Some(purchased), Some(consumed)) = (row.purchased, row.consumed) else {
            continue;
        };
        if purchased > 0 {
            let figures = format!(
                "{} of {} used, {} left",
                text::number(consumed),
                text::number(purchased),
                row.left()
            );
            chart.bar(&row.name, figures, consumed, purchased, row.left == Some(0));
        }
    }
    let is_full = |row: &&LicenseRow| row.left == Some(0) && row.purchased > Some(0);
    Licenses {
        full: rows.iter().filter(is_full).count(),
        idle: rows.iter().map(|row| row.idle).sum(),
        chart,
        rows,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use crate::access::State;
    use crate::pb::connector::ResourceId;

    fn license(name: &str, purchased: Option<u64>, consumed: Option<u64>) -> License {
        License {
            name: name.to_owned(),
            purchased,
            consumed,
            ..License::default()
        }
    }

    #[test]
    fn the_fullest_comes_first_and_only_bought_seats_are_drawn() {
        let facts = Facts {
            licenses: vec![
                license("Half", Some(10), Some(5)),
                license("Over", Some(10), Some(12)),
                License {
                    is_unlimited: true,
                    ..license("Any", None, Some(3))
                },
                license("None", Some(0), Some(0)),
            ],
            ..Facts::default()
        };
        let licenses = licenses(&facts, 90);
        let names: Vec<&str> = licenses.rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["Over", "Half", "Any", "None"]);
        assert_eq!(licenses.rows[0].left, Some(0));
        assert_eq!(licenses.rows[2].purchased(), "any number");
        assert_eq!(licenses.full, 1);
        let lengths: Vec<&str> = licenses
            .chart
            .bars
            .iter()
            .map(|bar| bar.length.as_str())
            .collect();
        assert_eq!(lengths, ["100.0", "50.0"]);
    }

    #[test]
    fn seats_of_the_dormant_and_the_frozen_are_idle() {
        let at: jiff::Timestamp = "2026-11-29T00:00:00Z".parse().unwrap();
        let person = |state, last_sign_in: &str| Person {
            state,
            last_login: last_sign_in.parse().ok(),
            ..Person::unknown(ResourceId::default())
        };
        let facts = Facts {
            at,
            people: vec![
                person(State::Active, "2026-11-28T00:00:00Z"),
                person(State::Active, "2026-01-01T00:00:00Z"),
                person(State::Frozen, "2026-11-28T00:00:00Z"),
            ],
            licenses: vec![License {
                holders: vec![0, 1, 2],
                ..license("Salesforce", Some(10), Some(3))
            }],
            ..Facts::default()
        };
        assert_eq!(licenses(&facts, 90).rows[0].idle, 2);
    }
}
