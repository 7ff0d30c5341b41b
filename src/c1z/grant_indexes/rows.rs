//! All grants of a file as numbers: eight bytes each, and every string once.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::dictionary::{Dictionary, Groups};
use super::{Limits, Why};

/// The order of rows is that of their numbers.
const QUERY: &str = "select id, resource_type_id, resource_id, entitlement_id, sync_id,
         principal_resource_type_id, principal_resource_id, external_id
     from v1_grants not indexed order by id";

/// All grants of a file, of all its syncs.
#[derive(Debug)]
pub(super) struct Rows {
    /// What each row is of, as the number of its end.
    pub(super) ends: Vec<u32>,
    /// Who holds it.
    pub(super) principals: Vec<u32>,
    pub(super) ids: Ids,
    /// Type and id of a resource, the entitlement, the sync.
    pub(super) end_names: Groups<4>,
    /// Type and id.
    pub(super) principal_names: Groups<2>,
    /// Whether the id of every grant is made of its entitlement and its principal.
    pub(super) are_usual: bool,
}

impl Rows {
    pub(super) fn read(connection: &Connection, limits: &Limits) -> Result<Self, Why> {
        // Grown in steps, a list would need room twice for a moment.
        let last: Option<i64> =
            connection.query_row("select max(id) from v1_grants", [], |row| row.get(0))?;
        let room = usize::try_from(last.unwrap_or(0)).unwrap_or(0);
        if room > limits.most {
            return Err(Why::Rows);
        }
        let mut reading = Reading {
            ends: Vec::with_capacity(room),
            principals: Vec::with_capacity(room),
            ..Reading::default()
        };
        let mut statement = connection.prepare(QUERY)?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            if reading.ends.len() >= limits.most {
                return Err(Why::Rows);
            }
            reading.add(row, limits)?;
        }
        if reading.ends.len() < limits.least {
            return Err(Why::Rows);
        }
        Ok(Self {
            ends: reading.ends,
            principals: reading.principals,
            ids: reading.ids,
            end_names: reading.end_names.into_groups(),
            principal_names: reading.principal_names.into_groups(),
            are_usual: !reading.has_others,
        })
    }

    /// Type and id of the resource that a grant is on, its entitlement and its sync.
    pub(super) fn end(&self, row: u32) -> [&[u8]; 4] {
        let number = self.ends.get(row as usize).copied();
        self.end_names.get(number.unwrap_or_default())
    }

    /// Type and id.
    pub(super) fn principal(&self, row: u32) -> [&[u8]; 2] {
        let number = self.principals.get(row as usize).copied();
        self.principal_names.get(number.unwrap_or_default())
    }
}

#[derive(Debug, Default)]
struct Reading {
    ends: Vec<u32>,
    principals: Vec<u32>,
    ids: Ids,
    end_names: Dictionary<4>,
    principal_names: Dictionary<2>,
    has_others: bool,
    /// The numbers of the last row.
    last: (u32, u32),
}

impl Reading {
    fn add(&mut self, row: &Row<'_>, limits: &Limits) -> Result<(), Why> {
        let text = |column| match row.get_ref(column)? {
            ValueRef::Text(text) => Ok(text),
            _ => Err(Why::NoText),
        };
        let (end, entitlement) = ([text(1)?, text(2)?, text(3)?, text(4)?], text(3)?);
        let principal = [text(5)?, text(6)?];
        if !self.has_others && !is_usual(text(7)?, entitlement, principal) {
            self.has_others = true;
        }
        // Rows come entitlement by entitlement, and their holders often in the same order.
        let limit = limits.names;
        let end = self.end_names.number(self.last.0, end, limit);
        let guess = self.last.1 + 1;
        let principal = self.principal_names.number(guess, principal, limit);
        self.last = (end.ok_or(Why::Names)?, principal.ok_or(Why::Names)?);
        self.ids
            .push(self.ends.len(), row.get(0)?)
            .ok_or(Why::Gaps)?;
        self.ends.push(self.last.0);
        self.principals.push(self.last.1);
        Ok(())
    }
}

/// Whether a grant's id is `<entitlement>:<type>:<id>`.
fn is_usual(id: &[u8], entitlement: &[u8], [kind, principal]: [&[u8]; 2]) -> bool {
    let after = |text: &mut &[u8], part: &[u8]| match text.strip_prefix(part) {
        Some(rest) => {
            *text = rest;
            true
        }
        None => false,
    };
    let mut rest = id;
    after(&mut rest, entitlement)
        && after(&mut rest, b":")
        && after(&mut rest, kind)
        && after(&mut rest, b":")
        && rest == principal
}

/// The ids of rows by their place, as runs of consecutive numbers.
#[derive(Debug, Default)]
pub(super) struct Ids {
    /// The first place and the first id of each run.
    runs: Vec<(u32, i64)>,
}

impl Ids {
    /// More runs would take too much memory, and too long to search.
    const MOST: usize = 1 << 20;

    /// Adds the id of the row at `place`. `None` if there are too many gaps.
    fn push(&mut self, place: usize, id: i64) -> Option<()> {
        let place = u32::try_from(place).ok()?;
        let expected = self.runs.last().and_then(|(first, first_id)| {
            let further = i64::from(place - first);
            first_id.checked_add(further)
        });
        if expected == Some(id) {
            return Some(());
        }
        if self.runs.len() == Self::MOST {
            return None;
        }
        self.runs.push((place, id));
        Some(())
    }

    pub(super) fn get(&self, place: u32) -> i64 {
        let run = self.runs.partition_point(|(first, _)| *first <= place);
        let run = run.checked_sub(1).and_then(|run| self.runs.get(run));
        run.map_or(0, |(first, id)| id + i64::from(place - first))
    }
}
