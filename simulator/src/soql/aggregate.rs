//! Grouped queries: `GROUP BY`, `HAVING` and the aggregate functions.

mod group;

use std::cmp::Ordering;

use serde_json::{Map, json};

use super::ast::{
    Aggregate, Condition, FieldPath, Function, Name, Operand, OrderBy, Query, SelectItem, Test,
};
use super::error::SoqlError;
use super::eval::{Selection, directed};
use super::filter::Matcher;
use super::render::Outcome;
use super::resolve::{Path, Scope};
use crate::org::schema::FieldType;
use crate::org::value::Value;
use group::{Column, Groups};

/// Maximum number of groups; such results have only one page.
const MAX_GROUPS: usize = 2_000;

/// Whether a query yields groups, not records.
pub(super) fn is_grouped(query: &Query) -> bool {
    let is_aggregate = |item: &SelectItem| matches!(item, SelectItem::Aggregate(..));
    !query.group_by.is_empty() || query.select.iter().any(is_aggregate)
}

pub(super) fn run(
    scope: &Scope<'_>,
    query: &Query,
    selection: &Selection<'_>,
) -> Result<Outcome, SoqlError> {
    if query.group_by.is_empty() && query.limit.is_some() {
        let message =
            "Non-grouped query that uses overall aggregate functions cannot also use LIMIT";
        return Err(scope.error("MALFORMED_QUERY", query.from.at, message));
    }
    let mut plan = Grouping {
        scope: *scope,
        groups: Groups::new(query.group_by.is_empty()),
    };
    for path in &query.group_by {
        plan.group_by(path)?;
    }
    let columns = plan.select(&query.select)?;
    let having = query
        .having
        .as_ref()
        .map(|having| plan.having(having))
        .transpose()?;
    let order = plan.order(&query.order_by)?;

    let mut rows = plan.groups.collect(scope, selection);
    if let Some(having) = having {
        rows.retain(|row| having.test(row));
    }
    rows.sort_by(|a, b| {
        order.iter().fold(Ordering::Equal, |so_far, key| {
            let (a, b) = (cell(a, key.column), cell(b, key.column));
            so_far.then_with(|| directed(a, b, key.descending, key.nulls_last))
        })
    });
    let limit = query.limit.unwrap_or(usize::MAX);
    let rows: Vec<_> = rows.into_iter().skip(query.offset).take(limit).collect();
    if rows.len() > MAX_GROUPS {
        let message = "Aggregate query does not support queryMore(), use LIMIT to restrict the \
                       results to a single batch";
        return Err(SoqlError::new("EXCEEDED_ID_LIMIT", message));
    }
    let records = rows.iter().map(|row| {
        let mut record = Map::new();
        record.insert("attributes".to_owned(), json!({"type": "AggregateResult"}));
        for (name, column) in &columns {
            record.insert(name.clone(), cell(row, *column).to_json());
        }
        record.into()
    });
    Ok(Outcome::groups(records.collect()))
}

fn cell(row: &[Value], column: usize) -> &Value {
    row.get(column).unwrap_or(&Value::Null)
}

struct Grouping<'a> {
    scope: Scope<'a>,
    groups: Groups,
}

struct GroupOrder {
    column: usize,
    descending: bool,
    nulls_last: bool,
}

/// A compiled `HAVING`.
enum Having {
    All(Vec<Having>),
    Any(Vec<Having>),
    Not(Box<Having>),
    Check(usize, Matcher),
}

impl Having {
    fn test(&self, row: &[Value]) -> bool {
        match self {
            Self::All(all) => all.iter().all(|having| having.test(row)),
            Self::Any(any) => any.iter().any(|having| having.test(row)),
            Self::Not(having) => !having.test(row),
            Self::Check(column, matcher) => matcher.test(cell(row, *column)),
        }
    }
}

impl Grouping<'_> {
    fn group_by(&mut self, path: &FieldPath) -> Result<(), SoqlError> {
        let found = self.scope.resolve(path)?;
        if found.field.is_some_and(|field| !field.groupable) {
            let message = format!(
                "field '{}' can not be grouped in a query call",
                found.name()
            );
            return Err(self.scope.error("INVALID_FIELD", path.at, &message));
        }
        self.groups.keys.push(found.route);
        Ok(())
    }

    /// Returns the names of the selected columns and their indexes.
    fn select(&mut self, items: &[SelectItem]) -> Result<Vec<(String, usize)>, SoqlError> {
        let mut columns: Vec<(String, usize)> = Vec::new();
        let mut unnamed = 0;
        for item in items {
            let (alias, column, at, name) = match item {
                SelectItem::Field(path, alias) => {
                    let (column, name) = self.key(path)?;
                    (alias, column, path.at, name)
                }
                SelectItem::Aggregate(aggregate, alias) => {
                    let column = self.aggregate(aggregate)?;
                    let name = format!("expr{unnamed}");
                    unnamed += usize::from(alias.is_none());
                    (alias, column, aggregate.path.at, name)
                }
                SelectItem::Count | SelectItem::Fields(..) | SelectItem::Children(_) => {
                    let message = "only fields and aggregate functions can be selected with groups";
                    return Err(self.scope.error("MALFORMED_QUERY", 0, message));
                }
            };
            let name = alias
                .as_ref()
                .map_or(name, |Name { text, .. }| text.clone());
            if columns
                .iter()
                .any(|(known, _)| known.eq_ignore_ascii_case(&name))
            {
                let message = format!("duplicate alias: {name}");
                return Err(self.scope.error("MALFORMED_QUERY", at, &message));
            }
            columns.push((name, column));
        }
        Ok(columns)
    }

    /// Returns the column of a grouped field.
    fn key(&self, path: &FieldPath) -> Result<(usize, String), SoqlError> {
        let found = self.scope.resolve(path)?;
        let column = self.groups.keys.iter().position(|key| *key == found.route);
        column
            .map(|column| (column, found.name().to_owned()))
            .ok_or_else(|| {
                let message = format!("Field must be grouped or aggregated: {}", found.name());
                self.scope.error("MALFORMED_QUERY", path.at, &message)
            })
    }

    /// Returns the column of an aggregate. Equal aggregates share a column.
    fn aggregate(&mut self, aggregate: &Aggregate) -> Result<usize, SoqlError> {
        let path = self.aggregated(aggregate)?;
        if self.groups.keys.contains(&path.route) {
            let message = format!("Grouped field should not be aggregated: {}", path.name());
            let at = aggregate.path.at;
            return Err(self.scope.error("MALFORMED_QUERY", at, &message));
        }
        let column = Column {
            function: aggregate.function,
            route: path.route,
        };
        let columns = &mut self.groups.columns;
        let position = columns
            .iter()
            .position(|known| *known == column)
            .unwrap_or_else(|| {
                columns.push(column);
                columns.len() - 1
            });
        Ok(self.groups.keys.len() + position)
    }

    fn aggregated(&self, aggregate: &Aggregate) -> Result<Path<'_>, SoqlError> {
        let found = self.scope.resolve(&aggregate.path)?;
        let ty = found.ty();
        let numeric = matches!(ty, FieldType::Int | FieldType::Double | FieldType::Currency);
        let fits = match aggregate.function {
            Function::Sum | Function::Avg => numeric,
            Function::Min | Function::Max => {
                !matches!(ty, FieldType::Boolean | FieldType::LongTextArea)
            }
            Function::Count | Function::CountDistinct => {
                !matches!(ty, FieldType::Boolean | FieldType::LongTextArea)
            }
        };
        // Source: Object Reference, "SetupAuditTrail": `count()` works, `count(fieldName)` fails.
        if fits && self.scope.object.name != "SetupAuditTrail" {
            return Ok(found);
        }
        let (name, function) = (found.name(), aggregate.function.name());
        let message = format!("field {name} does not support aggregate operator {function}");
        Err(self
            .scope
            .error("MALFORMED_QUERY", aggregate.path.at, &message))
    }

    fn column(&mut self, operand: &Operand) -> Result<usize, SoqlError> {
        match operand {
            Operand::Field(path) => self.key(path).map(|(column, _)| column),
            Operand::Aggregate(aggregate) => self.aggregate(aggregate),
        }
    }

    fn having(&mut self, condition: &Condition) -> Result<Having, SoqlError> {
        let mut all = |conditions: &[Condition]| {
            conditions
                .iter()
                .map(|condition| self.having(condition))
                .collect::<Result<_, _>>()
        };
        Ok(match condition {
            Condition::And(conditions) => Having::All(all(conditions)?),
            Condition::Or(conditions) => Having::Any(all(conditions)?),
            Condition::Not(condition) => Having::Not(Box::new(self.having(condition)?)),
            Condition::Test(operand, Test::Compare(comparator, literal)) => {
                let column = self.column(operand)?;
                let at = operand.path().at;
                let path = match operand {
                    Operand::Field(path) => self.scope.resolve(path)?,
                    Operand::Aggregate(aggregate) => self.result(aggregate)?,
                };
                let scope = &self.scope;
                Having::Check(
                    column,
                    Matcher::compare(scope, &path, at, *comparator, literal)?,
                )
            }
            Condition::Test(operand, _) => {
                let message = "HAVING takes simple comparisons only";
                return Err(self
                    .scope
                    .error("MALFORMED_QUERY", operand.path().at, message));
            }
        })
    }

    /// Returns the result of an aggregate as a path, to check literals against its type.
    fn result(&self, aggregate: &Aggregate) -> Result<Path<'_>, SoqlError> {
        let mut path = self.aggregated(aggregate)?;
        if !matches!(aggregate.function, Function::Min | Function::Max) {
            path.field = Some(group::number_field());
        }
        Ok(path)
    }

    fn order(&mut self, order_by: &[OrderBy]) -> Result<Vec<GroupOrder>, SoqlError> {
        order_by
            .iter()
            .map(|order| {
                let column = self.column(&order.operand)?;
                let (descending, nulls_last) = (order.descending, order.nulls_last);
                Ok(GroupOrder {
                    column,
                    descending,
                    nulls_last,
                })
            })
            .collect()
    }
}
