//! When people signed in last, and who does not any more.

use jiff::Timestamp;

use super::charts::Chart;
use super::facts::{Facts, can_sign_in};
use super::list::List;
use super::text;
use crate::access::{Person, State};
use crate::records::Record;

/// How many dormant accounts the page shows.
const SHOWN: usize = 1000;

/// The ages of the last sign-ins, in days: the upper ends and their names.
const AGES: &[(i64, &str)] = &[
    (7, "up to 7 days"),
    (30, "8 to 30 days"),
    (90, "31 to 90 days"),
    (180, "91 to 180 days"),
    (365, "181 to 365 days"),
    (i64::MAX, "more than a year"),
];

/// Sign-ins of those who can sign in.
#[derive(Debug)]
pub(super) struct SignIns {
    /// Whether the file says of anybody when they signed in.
    pub(super) are_known: bool,
    pub(super) ages: Vec<Age>,
    pub(super) chart: Chart,
    pub(super) dormant_after: i64,
    pub(super) dormant: List<Dormant>,
}

/// How many people signed in last so long ago.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Age {
    pub(super) label: &'static str,
    pub(super) people: usize,
}

/// An account that can sign in, and does not.
#[derive(Debug)]
pub(super) struct Dormant {
    id: String,
    name: String,
    login: String,
    pub(super) state: State,
    pub(super) profile: String,
    pub(super) last_sign_in: Option<String>,
    pub(super) created: Option<String>,
    /// Days since the last sign-in, or since the account was created.
    pub(super) days: Option<i64>,
}

impl Dormant {
    /// Whether nobody can sign in with it.
    pub(super) fn is_off(&self) -> bool {
        !can_sign_in(self.state)
    }

    pub(super) fn shown_name(&self) -> String {
        text::shown(&self.name)
    }

    pub(super) fn shown_login(&self) -> String {
        text::shown(&self.login)
    }

    pub(super) fn shown_profile(&self) -> String {
        text::shown(&self.profile)
    }
}

impl Record for Dormant {
    const COLUMNS: &'static [&'static str] = &[
        "user_id",
        "login",
        "name",
        "status",
        "profile",
        "last_sign_in",
        "created",
        "days",
    ];

    fn cells(&self) -> Vec<String> {
        let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
        vec![
            self.id.clone(),
            self.login.clone(),
            self.name.clone(),
            self.state.as_str().to_owned(),
            self.profile.clone(),
            or_empty(&self.last_sign_in),
            or_empty(&self.created),
            self.days.map(|days| days.to_string()).unwrap_or_default(),
        ]
    }
}

/// The days since somebody signed in. Somebody who never has counts from the day on which the
/// account was created.
fn days_away(person: &Person, at: Timestamp) -> Option<i64> {
    let since = person.last_login.or(person.created_at);
    since.map(|since| text::days(since, at))
}

/// Whether somebody who can sign in has not done it for so many days.
pub(super) fn is_dormant(person: &Person, at: Timestamp, after: i64) -> bool {
    can_sign_in(person.state) && days_away(person, at).is_none_or(|days| days >= after)
}

/// The sign-ins of a sync.
pub(super) fn sign_ins(facts: &Facts, dormant_after: i64) -> SignIns {
    let are_known = facts.know_sign_ins();
    let mut ages: Vec<Age> = AGES
        .iter()
        .map(|(_, label)| Age { label, people: 0 })
        .collect();
    let mut never = 0;
    let people = || {
        facts
            .people
            .iter()
            .filter(|person| can_sign_in(person.state))
    };
    for person in people() {
        let Some(last) = person.last_login else {
            never += 1;
            continue;
        };
        let days = text::days(last, facts.at);
        let age = AGES.iter().position(|(most, _)| days <= *most);
        if let Some(age) = age.and_then(|age| ages.get_mut(age)) {
            age.people += 1;
        }
    }
    ages.push(Age {
        label: "never",
        people: never,
    });
    let mut dormant: Vec<Dormant> = people()
        .filter(|person| are_known && is_dormant(person, facts.at, dormant_after))
        .map(|person| Dormant {
            id: person.id.resource.clone(),
            name: person.name.clone(),
            login: person.login.clone(),
            state: person.state,
            profile: person.profile.clone().unwrap_or_default(),
            last_sign_in: person.last_login.map(text::day),
            created: person.created_at.map(text::day),
            days: days_away(person, facts.at),
        })
        .collect();
    dormant.sort_by_cached_key(|account| {
        let days = std::cmp::Reverse(account.days.unwrap_or(i64::MAX));
        (days, account.name.to_lowercase(), account.login.clone())
    });
    SignIns {
        are_known,
        chart: chart(&ages, dormant_after),
        ages,
        dormant_after,
        dormant: List::new("dormant", dormant, SHOWN),
    }
}

fn chart(ages: &[Age], dormant_after: i64) -> Chart {
    let count = |people: usize| u64::try_from(people).unwrap_or(u64::MAX);
    let most = ages.iter().map(|age| count(age.people)).max().unwrap_or(0);
    let mut chart = Chart::default();
    let ends = AGES.iter().map(|(end, _)| *end).chain([i64::MAX]);
    for (age, end) in ages.iter().zip(ends) {
        let figures = text::counted(age.people, "person", "people");
        chart.bar(
            age.label,
            figures,
            count(age.people),
            most,
            end > dormant_after,
        );
    }
    chart
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::pb::connector::ResourceId;

    const AT: &str = "2026-11-29T12:00:00Z";

    fn person(name: &str, last_sign_in: &str, created_at: &str) -> Person {
        Person {
            name: name.to_owned(),
            state: State::Active,
            last_login: last_sign_in.parse().ok(),
            created_at: created_at.parse().ok(),
            ..Person::unknown(ResourceId::default())
        }
    }

    fn facts(people: Vec<Person>) -> Facts {
        Facts {
            at: AT.parse().unwrap(),
            people,
            ..Facts::default()
        }
    }

    #[test]
    fn ages_are_counted_to_the_sync() {
        let mut gone = person("Gone", "2020-01-01T00:00:00Z", "");
        gone.state = State::Deactivated;
        let found = sign_ins(
            &facts(vec![
                person("Today", "2026-11-29T08:00:00Z", ""),
                person("Week", "2026-11-22T12:00:00Z", ""),
                person("Month", "2026-11-21T11:00:00Z", ""),
                person("Never", "", "2026-11-01T00:00:00Z"),
                gone,
            ]),
            90,
        );
        let counts: Vec<usize> = found.ages.iter().map(|age| age.people).collect();
        assert_eq!(counts, [2, 1, 0, 0, 0, 0, 1]);
        assert!(found.dormant.rows.is_empty());
    }

    #[test]
    fn the_longest_absent_comes_first() {
        let found = sign_ins(
            &facts(vec![
                person("Recent", "2026-11-28T00:00:00Z", ""),
                person("Just", "2026-08-31T12:00:00Z", ""),
                person("Unused", "", "2026-01-01T00:00:00Z"),
                person("Old", "2019-01-01T00:00:00Z", "2018-01-01T00:00:00Z"),
            ]),
            90,
        );
        let names: Vec<&str> = found
            .dormant
            .rows
            .iter()
            .map(|row| row.name.as_str())
            .collect();
        assert_eq!(names, ["Old", "Unused", "Just"]);
    }

    #[test]
    fn a_file_without_sign_ins_calls_nobody_dormant() {
        let found = sign_ins(&facts(vec![person("Ada", "", "2019-01-01T00:00:00Z")]), 90);
        assert!(!found.are_known);
        assert!(found.dormant.rows.is_empty());
    }
}
