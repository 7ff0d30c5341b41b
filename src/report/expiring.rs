//! What ends soon: grants and licences.

use jiff::tz::TimeZone;

use super::facts::Facts;
use super::list::List;
use super::text;
use crate::records::Record;

/// What counts as soon.
pub(super) const SOON_DAYS: i64 = 90;

/// How many rows the page shows.
const SHOWN: usize = 1000;

/// What ends within [`SOON_DAYS`], the first end first.
#[derive(Debug)]
pub(super) struct Expiring {
    pub(super) rows: List<Ending>,
    /// How many grants and licences end later.
    pub(super) later: usize,
}

/// A grant or a licence that ends.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) day: String,
    /// Days from the sync on; negative for a licence that has ended.
    pub(super) days: i64,
    pub(super) kind: String,
    what: String,
    /// Who loses it. A licence is the org's.
    who: Option<(String, String)>,
}

impl Ending {
    pub(super) fn shown_what(&self) -> String {
        text::shown(&self.what)
    }

    pub(super) fn shown_who(&self) -> Option<(String, String)> {
        let who = self.who.as_ref();
        who.map(|(name, login)| (text::shown(name), text::shown(login)))
    }

    /// When it ends, in words.
    pub(super) fn until(&self) -> String {
        match self.days {
            ..0 => "ended".to_owned(),
            0 => "within a day".to_owned(),
            1 => "in 1 day".to_owned(),
            days => format!("in {days} days"),
        }
    }
}

impl Record for Ending {
    const COLUMNS: &'static [&'static str] = &["ends", "days", "type", "what", "name", "login"];

    fn cells(&self) -> Vec<String> {
        let (name, login) = self.who.clone().unwrap_or_default();
        vec![
            self.day.clone(),
            self.days.to_string(),
            self.kind.clone(),
            self.what.clone(),
            name,
            login,
        ]
    }
}

/// What ends, as the sync saw it.
pub(super) fn expiring(facts: &Facts) -> Expiring {
    let grants = facts.ends.iter().filter_map(|end| {
        let person = facts.people.get(end.person)?;
        Some(Ending {
            day: text::day(end.at),
            days: text::days(facts.at, end.at),
            kind: end.what.kind.clone(),
            what: end.what.name.clone(),
            who: Some((person.name.clone(), person.login.clone())),
        })
    });
    let licenses = facts.licenses.iter().filter_map(|license| {
        let day = license.expires_on?;
        // The whole of its last day counts.
        let end = day
            .tomorrow()
            .ok()?
            .to_zoned(TimeZone::UTC)
            .ok()?
            .timestamp();
        Some(Ending {
            day: day.to_string(),
            days: text::days(facts.at, end),
            kind: license.kind.clone(),
            what: license.name.clone(),
            who: None,
        })
    });
    let (mut soon, later): (Vec<Ending>, Vec<Ending>) = grants
        .chain(licenses)
        .partition(|ending| ending.days <= SOON_DAYS);
    soon.sort_by_cached_key(|ending| {
        let name = ending.who.as_ref().map(|(name, _)| name.to_lowercase());
        (ending.day.clone(), name, ending.what.to_lowercase())
    });
    Expiring {
        rows: List::new("expiring", soon, SHOWN),
        later: later.len(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::facts::{End, License, Step};
    use super::*;
    use crate::access::Person;
    use crate::pb::connector::ResourceId;

    #[test]
    fn the_first_end_comes_first_and_what_is_far_is_counted() {
        let end = |at: &str| End {
            person: 0,
            what: Step {
                kind: "Permission Set".to_owned(),
                name: at.to_owned(),
            },
            at: at.parse().unwrap(),
        };
        let license = |day: &str| License {
            name: day.to_owned(),
            expires_on: day.parse().ok(),
            ..License::default()
        };
        let facts = Facts {
            at: "2026-11-29T12:00:00Z".parse().unwrap(),
            people: vec![Person::unknown(ResourceId::default())],
            ends: vec![end("2027-01-10T00:00:00Z"), end("2099-12-31T00:00:00Z")],
            licenses: vec![
                license("2026-11-28"),
                license("2026-11-29"),
                license("2027-02-27"),
            ],
            ..Facts::default()
        };
        let found = expiring(&facts);
        let rows = found.rows.rows.iter();
        let rows: Vec<(String, i64)> = rows.map(|row| (row.day.clone(), row.days)).collect();
        assert_eq!(
            rows,
            [
                ("2026-11-28".to_owned(), -1),
                ("2026-11-29".to_owned(), 0),
                ("2027-01-10".to_owned(), 41),
                ("2027-02-27".to_owned(), 90),
            ]
        );
        assert_eq!(found.later, 1);
    }
}
