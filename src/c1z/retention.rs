//! Which syncs of the previous file are kept: the same as in the SDK (`SelectSyncsToDelete` of
//! v0.25.0). Unfinished syncs are kept, because their host may resume them.

use rusqlite::Connection;

use super::error::{Error, Result};
use super::options::{Kind, Options};
use super::schema::columns;

/// A sync of the previous file.
#[derive(Debug)]
struct Run {
    id: String,
    kind: String,
    started_at: String,
    ended_at: Option<String>,
    /// The id of the other half of a diff.
    linked: String,
}

/// Returns the syncs of the database `from` to keep, oldest first: `main`, or the name of an attached
/// one.
pub(super) fn runs_to_keep(
    connection: &Connection,
    from: &str,
    options: &Options,
) -> Result<Vec<String>> {
    let failed = || Error::database("reading the previous syncs");
    let known = columns(connection, from, "v1_sync_runs")?;
    // Files of older writers do not have all columns.
    let or = |name: &str, default: &'static str| {
        let is_known = known.iter().any(|known| known == name);
        if is_known {
            name.to_owned()
        } else {
            default.to_owned()
        }
    };
    let query = format!(
        "select sync_id, {}, started_at, ended_at, {} from {from}.v1_sync_runs order by id",
        or("sync_type", "'full'"),
        or("linked_sync_id", "''")
    );
    let mut statement = connection.prepare(&query).map_err(failed())?;
    let runs = statement
        .query_map([], |row| {
            Ok(Run {
                id: row.get(0)?,
                kind: row.get(1)?,
                started_at: row.get(2)?,
                ended_at: row.get(3)?,
                linked: row.get(4)?,
            })
        })
        .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
        .map_err(failed())?;
    Ok(retained(&runs, options))
}

fn retained(runs: &[Run], options: &Options) -> Vec<String> {
    // After a full sync the SDK cleans up before the sync is marked as finished, so one more full
    // sync is removed. After a partial sync it cleans up when the sync has finished.
    let (room, before_the_end) = match options.kind {
        Kind::Full | Kind::ResourcesOnly => (options.keep.saturating_sub(1), 1),
        Kind::Partial => (options.keep, 0),
    };
    let finished = || runs.iter().filter(|run| run.ended_at.is_some());
    let full: Vec<_> = finished()
        .filter(|run| !run.is_partial() && !run.is_difference())
        .collect();
    let too_many = full.len().saturating_sub(room);
    let oldest = full.get(too_many.saturating_sub(before_the_end));
    let oldest = oldest.filter(|_| too_many > 0);
    let differences: Vec<_> = finished().filter(|run| run.is_difference()).collect();
    let last = differences.last().filter(|_| differences.len() > 2);
    let goes = |run: &&Run| {
        if run.ended_at.is_none() {
            false
        } else if run.is_partial() {
            oldest.is_some_and(|oldest| run.ended_at.as_ref() < Some(&oldest.started_at))
        } else if run.is_difference() {
            last.is_some_and(|last| run.id != last.id && run.id != last.linked)
        } else {
            full.iter().take(too_many).any(|full| full.id == run.id)
        }
    };
    let stay = runs.iter().filter(|run| !goes(run));
    stay.map(|run| run.id.clone()).collect()
}

impl Run {
    fn is_partial(&self) -> bool {
        matches!(&*self.kind, "partial" | "resources_only")
    }

    fn is_difference(&self) -> bool {
        matches!(&*self.kind, "partial_upserts" | "partial_deletions")
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    /// A sync as `<kind><start>-<end>`, with kinds `f`ull, `p`artial, `d`ifference.
    fn run(text: &str) -> Run {
        let (kind, times) = text.split_at(1);
        let (start, end) = times.split_once('-').unwrap_or_default();
        let kind = match kind {
            "p" => "partial",
            "d" => "partial_upserts",
            _ => "full",
        };
        Run {
            id: text.to_owned(),
            kind: kind.to_owned(),
            started_at: start.to_owned(),
            ended_at: Some(end.to_owned()).filter(|end| !end.is_empty()),
            linked: "d1-2".to_owned(),
        }
    }

    #[test_case(Kind::Partial, "p1-2 p3-4", "p1-2 p3-4"; "partial syncs without a full one stay")]
    #[test_case(Kind::Full, "p1-2 p3-4", "p1-2 p3-4"; "beside the first full one, too")]
    #[test_case(Kind::Full, "p1-2 f3-4", "p1-2 f3-4"; "while there is room for full ones")]
    #[test_case(Kind::Full, "p1-2 f3-4 p4-5 f6-7", "p4-5 f6-7"; "then those before the one that goes")]
    #[test_case(Kind::Partial, "f1-2 p2-3 f4-5 f6-7", "f4-5 f6-7"; "or before the oldest that stays")]
    #[test_case(Kind::ResourcesOnly, "f1-2 f3-4", "f3-4"; "a sync at hand takes room")]
    #[test_case(Kind::Full, "f1- f2-3 f4-5", "f1- f4-5"; "what has no end may be resumed")]
    #[test_case(Kind::Full, "d1-2 d3-4", "d1-2 d3-4"; "two differences are a pair")]
    #[test_case(Kind::Full, "d1-2 d3-4 d5-6 d7-8", "d1-2 d7-8"; "of more the last pair stays")]
    fn the_sdks_rule(kind: Kind, before: &str, after: &str) {
        let runs: Vec<_> = before.split(' ').map(run).collect();
        let options = Options {
            kind,
            ..Options::default()
        };
        assert_eq!(retained(&runs, &options).join(" "), after);
    }
}
