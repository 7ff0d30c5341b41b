//! What is asked about a table to find out which of its rows are new, changed or gone.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::connector::read::table::{MOST_GROUPS, Table};
use crate::salesforce::SalesforceId;
use crate::salesforce::soql::{Aggregate, Condition, Select, SoqlError, Value, field};

/// A time that no sync has: the beginning of the year 9000.
const DISTANT: i64 = 221_845_392_000;
/// Stands for the time of the reading.
const NOW: Timestamp = Timestamp::constant(DISTANT, 0);
/// Stands for the time after which a row is new.
const SINCE: Timestamp = Timestamp::constant(DISTANT + 1, 0);
/// Stands for a list of ids.
const IDS: &str = "{ids}";

/// Statements about one table, in SOQL with places for times and ids. Two tables with the same
/// statements are the same table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::connector::read) struct Statements {
    pub(super) object: String,
    /// All rows, in the order of their ids.
    pub(super) all: String,
    /// For tables whose changes show.
    pub(super) changes: Option<ChangeStatements>,
}

/// Statements about the changes of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeStatements {
    /// The rows that are new or changed.
    pub(super) newer: String,
    /// The ids of such rows, also of those that do not belong to the table any more.
    pub(super) touched: String,
    /// The number of all rows.
    pub(super) count: String,
    /// For tables whose rows can be counted by group.
    pub(super) groups: Option<GroupStatements>,
    /// The column that says when a row ends.
    pub(super) ending: Option<String>,
}

/// Statements about the groups of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupStatements {
    /// The column of the group.
    pub(super) column: String,
    /// The number of rows by group, as `total`.
    pub(super) counts: String,
    /// The rows of some groups.
    pub(super) rows: String,
}

impl Statements {
    /// The statements about `table`.
    pub(in crate::connector::read) fn of(table: &Table) -> Result<Self, SoqlError> {
        let table = table.clone().at(NOW);
        let all = table.unordered();
        let text = all.to_soql()?;
        let changes = table.changes.as_ref();
        let changes = changes.filter(|changes| shows_all_changes(&text, &changes.times));
        let changes = changes.map(|changes| {
            let times = changes.times.iter();
            let is_new = times.map(|time| field(*time).gt(SINCE));
            let is_new = is_new.reduce(Condition::or).ok_or(SoqlError::EmptyList)?;
            let counted = all.clone().without_columns();
            let groups = changes.group.map(|group| {
                let ids = field(group).in_strings([IDS]);
                Ok(GroupStatements {
                    column: group.to_owned(),
                    counts: counted
                        .clone()
                        .field(group)
                        .aggregate(Aggregate::Count, "Id", "total")
                        .group_by([group])
                        .limit(MOST_GROUPS)
                        .to_soql()?,
                    rows: all.clone().filter(ids).order_by("Id").to_soql()?,
                })
            });
            let touched = Select::from(table.object).field("Id");
            Ok(ChangeStatements {
                newer: all
                    .clone()
                    .filter(is_new.clone())
                    .order_by("Id")
                    .to_soql()?,
                touched: touched.filter(is_new).order_by("Id").to_soql()?,
                groups: groups.transpose()?,
                count: counted.count().to_soql()?,
                ending: table.ending().map(ToOwned::to_owned),
            })
        });
        Ok(Self {
            object: table.object.to_owned(),
            all: all.order_by("Id").to_soql()?,
            changes: changes.transpose()?,
        })
    }
}

/// Whether the times of all parents are among `times` that a statement reads or depends on. It is a
/// net under the definitions of the tables: a table that it catches is read as a whole.
fn shows_all_changes(statement: &str, times: &[&str]) -> bool {
    let outside_quotes = statement.replace("\\\\", "").replace("\\'", "");
    let outside_quotes = outside_quotes.split('\'').step_by(2);
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    let mut words = outside_quotes.flat_map(|text| text.split(|c| !is_part(c)));
    words.all(|word| match word.rsplit_once('.') {
        Some((parent, _)) => times.contains(&format!("{parent}.SystemModstamp").as_str()),
        None => true,
    })
}

/// Fills in the times.
pub(super) fn at(statement: &str, now: Timestamp, since: Timestamp) -> Result<String, SoqlError> {
    let literal = |time: Timestamp| Value::from(time).to_soql();
    Ok(statement
        .replace(&literal(NOW)?, &literal(now)?)
        .replace(&literal(SINCE)?, &literal(since)?))
}

/// Fills in the ids.
pub(super) fn of(statement: &str, ids: &[SalesforceId]) -> Result<String, SoqlError> {
    let literals = ids.iter().map(|id| Value::from(*id).to_soql());
    let literals: Vec<_> = literals.collect::<Result<_, _>>()?;
    Ok(statement.replace(&Value::from(IDS).to_soql()?, &literals.join(", ")))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("SELECT Id FROM User", &["SystemModstamp"] => true; "no parent")]
    #[test_case("SELECT Id, Profile.Name FROM User", &["SystemModstamp"] => false; "a parent")]
    #[test_case("SELECT Id, Profile.Name FROM User", &["Profile.SystemModstamp"] => true; "its time")]
    #[test_case("SELECT Id, Profile.UserLicense.Name FROM User", &["Profile.SystemModstamp"] => false; "a parent's parent")]
    #[test_case("SELECT Id FROM User WHERE Email LIKE '%@a.example'", &[] => true; "a value")]
    #[test_case(r"SELECT Id FROM User WHERE Name = 'O\'Neil' AND Profile.Name = 'a'", &[] => false; "behind a value")]
    #[test_case(r"SELECT Id FROM User WHERE Name = '\\' AND Profile.Name = 'a'", &[] => false; "behind a backslash")]
    fn a_parent_without_its_time_is_found(statement: &str, times: &[&str]) -> bool {
        shows_all_changes(statement, times)
    }

    #[test]
    fn times_and_ids_are_filled_in() {
        let table = Table::new("GroupMember", &["Id", "GroupId"])
            .lasting("Until")
            .changes_show_in(["SystemModstamp"], Some("GroupId"));
        let statements = Statements::of(&table).unwrap();
        let changes = statements.changes.unwrap();
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let (now, since) = (time("2026-01-02T03:04:05Z"), time("2026-01-01T00:00:00Z"));
        assert_eq!(
            at(&changes.newer, now, since).unwrap(),
            "SELECT Id, GroupId FROM GroupMember WHERE (Until = null OR Until > \
             2026-01-02T03:04:05Z) AND SystemModstamp > 2026-01-01T00:00:00Z ORDER BY Id"
        );
        let ids = ["00GHp000000001F", "00GHp000000001G"].map(|id| id.parse().unwrap());
        let groups = of(&changes.groups.unwrap().rows, &ids).unwrap();
        assert!(groups.contains("GroupId IN ('00GHp000000001FMAQ', '00GHp000000001GMAQ')"));
        assert_eq!(
            at(&changes.touched, now, since).unwrap(),
            "SELECT Id FROM GroupMember WHERE SystemModstamp > 2026-01-01T00:00:00Z ORDER BY Id"
        );
    }
}
