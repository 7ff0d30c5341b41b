//! When a sync ended, and how much it has.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::error::{Error, Result};
use super::reader::Reader;

/// How many rows a resource type has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    /// The id of the type.
    pub(crate) resource_type: String,
    pub(crate) resources: i64,
    /// The grants on them.
    pub(crate) grants: i64,
}

impl Reader {
    /// When the sync ended.
    pub(crate) fn end(&self) -> Result<Timestamp> {
        let text = self.ended_at();
        moment(text).ok_or_else(|| self.damaged(format!("a sync ended at {text:?}")))
    }

    /// The resource types of which there are resources, in the order of their ids.
    pub(crate) fn counts(&self) -> Result<Vec<Count>> {
        let failed = || Error::database("counting rows");
        let mut statement = self
            .connection()
            .prepare(
                "select resource_type_id, count(*),
                     (select count(*) from v1_grants
                      where v1_grants.resource_type_id = v1_resources.resource_type_id
                      and v1_grants.sync_id = ?1)
                 from v1_resources where sync_id = ?1 group by resource_type_id
                 order by resource_type_id",
            )
            .map_err(failed())?;
        let counts = statement.query_map([self.sync_id()], |row| {
            Ok(Count {
                resource_type: row.get(0)?,
                resources: row.get(1)?,
                grants: row.get(2)?,
            })
        });
        let counts = counts.map_err(failed())?;
        counts.collect::<rusqlite::Result<_>>().map_err(failed())
    }
}

/// Files have the local time without a zone; a time with one is read, too.
fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let local: DateTime = text.parse().ok()?;
    Some(local.to_zoned(TimeZone::system()).ok()?.timestamp())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_local_unless_it_says_otherwise() {
        let zoned = moment("2026-11-29T02:02:56Z").unwrap();
        assert_eq!(zoned.to_string(), "2026-11-29T02:02:56Z");
        let local = moment("2026-11-29 02:02:56.166845303").unwrap();
        let shown = local.to_zoned(TimeZone::system()).datetime().to_string();
        assert_eq!(shown, "2026-11-29T02:02:56.166845303");
        assert_eq!(moment("soon"), None);
    }
}
