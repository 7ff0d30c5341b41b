//! Runs a query and returns the ids of its rows.
//!
//! Rows are stored in id order, so `Id > x ORDER BY Id LIMIT n` is a range scan. Equality on an
//! indexed field uses the index.

use std::cmp::Ordering;
use std::ops::Bound;

use super::aggregate;
use super::ast::{Comparator, FieldsScope, Operand, OrderBy, Query, SelectItem};
use super::compare;
use super::context::Context;
use super::error::SoqlError;
use super::filter::{Check, Filter, Matcher, Position, check_count};
use super::render::{self, Outcome};
use super::resolve::{Route, Scope};
use crate::org::id::Id;
use crate::org::schema::{FieldDef, ObjectDef};
use crate::org::table::{Row, Table};
use crate::org::value::Value;

/// Virtual objects, which require a filter.
const REIFIED: &[(&str, &str)] = &[
    ("PicklistValueInfo", "[EntityParticleId,DurableId]"),
    ("EntityParticle", "[EntityDefinitionId,DurableId]"),
];
/// First API version with `FIELDS()`.
const FIRST_WITH_FIELDS: u32 = 51;
/// Maximum LIMIT of a query with `FIELDS(ALL)`.
const MAX_FIELDS_LIMIT: usize = 200;

/// Runs a query. Records are serialized later, with a context of the same schema.
pub fn evaluate(query: &Query, ctx: &Context<'_>) -> Result<Outcome, SoqlError> {
    let scope = Scope::of(ctx, &query.source, &query.from, query.alias.as_deref())?;
    let selection = select(&scope, query)?;
    if query.select.contains(&SelectItem::Count) {
        return count(&scope, query, &selection);
    }
    if aggregate::is_grouped(query) {
        return aggregate::run(&scope, query, &selection);
    }
    let (plan, order) = shape(&scope, query)?;
    let rows = selection.sorted(&order, query.limit, query.offset);
    Ok(Outcome::rows(plan, rows.into_iter().map(Row::id).collect()))
}

/// Checks the object and the filter of a query.
pub(super) fn select<'a>(scope: &Scope<'a>, query: &Query) -> Result<Selection<'a>, SoqlError> {
    check_object(scope, query)?;
    if let Some(condition) = &query.filter {
        check_count(scope, condition)?;
    }
    Selection::new(scope, query, Position::TOP)
}

/// Checks the fields and the order of a query that is not grouped.
pub(super) fn shape(
    scope: &Scope<'_>,
    query: &Query,
) -> Result<(render::Plan, Vec<SortKey>), SoqlError> {
    check_fields(scope, query)?;
    let plan = render::Plan::new(scope, &query.select)?;
    let order = SortKey::all(scope, &query.order_by)?;
    Ok((plan, order))
}

fn count(
    scope: &Scope<'_>,
    query: &Query,
    selection: &Selection<'_>,
) -> Result<Outcome, SoqlError> {
    if query.select.len() > 1 || !query.group_by.is_empty() || !query.order_by.is_empty() {
        let message = "COUNT() must stand alone, without grouping or ordering";
        return Err(scope.error("MALFORMED_QUERY", query.from.at, message));
    }
    let found = selection
        .rows(false)
        .skip(query.offset)
        .take(query.limit.unwrap_or(usize::MAX));
    Ok(Outcome::count(found.count()))
}

fn check_object(scope: &Scope<'_>, query: &Query) -> Result<(), SoqlError> {
    let reified = REIFIED.iter().find(|(name, _)| *name == scope.object.name);
    let Some((_, columns)) = reified else {
        return Ok(());
    };
    if query.filter.is_none() {
        let message = format!("A filter on a reified column is required {columns}");
        return Err(scope.error("MALFORMED_QUERY", query.from.at, &message));
    }
    if !query.order_by.is_empty() || aggregate::is_grouped(query) {
        let message = "The requested operation is not yet supported by this SObject storage type, \
                       contact salesforce.com support for more information.";
        return Err(SoqlError::new(
            "EXTERNAL_OBJECT_UNSUPPORTED_EXCEPTION",
            message,
        ));
    }
    Ok(())
}

/// Checks `FIELDS()`: it needs version 51, and a LIMIT if it includes custom fields.
fn check_fields(scope: &Scope<'_>, query: &Query) -> Result<(), SoqlError> {
    for item in &query.select {
        match item {
            SelectItem::Fields(_, at) if scope.ctx.api_version < FIRST_WITH_FIELDS => {
                let message = "unexpected token: (";
                return Err(scope.error("MALFORMED_QUERY", at + "FIELDS".len(), message));
            }
            SelectItem::Fields(FieldsScope::All | FieldsScope::Custom, at)
                if query.limit.is_none_or(|limit| limit > MAX_FIELDS_LIMIT) =>
            {
                let message = "The SOQL FIELDS function must have a LIMIT of at most 200";
                return Err(scope.error("MALFORMED_QUERY", *at, message));
            }
            SelectItem::Children(children) => check_fields(scope, children)?,
            _ => {}
        }
    }
    Ok(())
}

/// The rows of an object that match WHERE and are visible to the caller.
pub(super) struct Selection<'a> {
    ctx: &'a Context<'a>,
    object: &'a ObjectDef,
    filter: Option<Filter>,
    /// Fields that exclude a row if they are true.
    hiding: Vec<usize>,
}

/// One key of an ORDER BY.
#[derive(Clone, Debug)]
pub(super) struct SortKey {
    route: Route,
    descending: bool,
    nulls_last: bool,
}

impl<'a> Selection<'a> {
    pub(super) fn new(
        scope: &Scope<'a>,
        query: &Query,
        position: Position,
    ) -> Result<Self, SoqlError> {
        let compile = |condition| Filter::compile(scope, condition, position);
        let filter = query.filter.as_ref().map(compile).transpose()?;
        Ok(Self::with_filter(
            scope.ctx,
            scope.object,
            filter,
            scope.ctx.all_rows,
        ))
    }

    pub(super) fn with_filter(
        ctx: &'a Context<'a>,
        object: &'a ObjectDef,
        filter: Option<Filter>,
        all_rows: bool,
    ) -> Self {
        let hides = |field: &FieldDef| field.hides_row && !all_rows;
        let fields = object.fields.iter().enumerate();
        let hiding = fields
            .filter(|(_, field)| hides(field))
            .map(|(number, _)| number)
            .collect();
        Self {
            ctx,
            object,
            filter,
            hiding,
        }
    }

    /// Returns the rows in ascending or descending id order.
    pub(super) fn rows(&self, descending: bool) -> Box<dyn Iterator<Item = &'a Row> + '_> {
        let Some(table) = self.ctx.db.table(self.object.key) else {
            return Box::new(std::iter::empty());
        };
        let required = self
            .filter
            .as_ref()
            .map(Filter::required)
            .unwrap_or_default();
        let (from, to) = id_bounds(&required);
        let passes = |row: &&Row| self.passes(row);
        if let Some(mut ids) = candidates(table, &required) {
            ids.retain(|id| within(*id, from, to));
            if descending {
                ids.reverse();
            }
            return Box::new(
                ids.into_iter()
                    .filter_map(|id| table.get(id))
                    .filter(passes),
            );
        }
        let range = table.range(from, to);
        if descending {
            Box::new(range.rev().filter(passes))
        } else {
            Box::new(range.filter(passes))
        }
    }

    pub(super) fn passes(&self, row: &Row) -> bool {
        let hidden = self.hiding.iter().any(|field| row.cell(*field).is_true());
        let matches = |filter: &Filter| filter.test(self.ctx.db, self.object.key, row);
        !hidden
            && self.filter.as_ref().is_none_or(matches)
            && self
                .ctx
                .visible
                .is_none_or(|visible| visible(self.object, row))
    }

    /// Returns at most `limit` rows from `offset` on, sorted.
    pub(super) fn sorted(
        &self,
        order: &[SortKey],
        limit: Option<usize>,
        offset: usize,
    ) -> Vec<&'a Row> {
        let limit = limit.unwrap_or(usize::MAX);
        let by_id = order
            .first()
            .is_none_or(|key| key.route.own_field() == Some(0));
        if by_id {
            let descending = order.first().is_some_and(|key| key.descending);
            return self.rows(descending).skip(offset).take(limit).collect();
        }
        let rows = self.rows(false).collect();
        let sorted = self.sort(rows, order);
        sorted.into_iter().skip(offset).take(limit).collect()
    }

    pub(super) fn sort<'r>(&self, rows: Vec<&'r Row>, order: &[SortKey]) -> Vec<&'r Row> {
        let (db, object) = (self.ctx.db, self.object.key);
        let value = |key: &SortKey, row: &'r Row| key.route.value(db, object, row).clone();
        let mut keyed: Vec<(Vec<Value>, &Row)> = rows
            .into_iter()
            .map(|row| (order.iter().map(|key| value(key, row)).collect(), row))
            .collect();
        keyed.sort_by(|(a, _), (b, _)| {
            let pairs = order.iter().zip(a.iter().zip(b));
            pairs.fold(Ordering::Equal, |so_far, (key, (a, b))| {
                so_far.then_with(|| directed(a, b, key.descending, key.nulls_last))
            })
        });
        keyed.into_iter().map(|(_, row)| row).collect()
    }
}

impl SortKey {
    pub(super) fn all(scope: &Scope<'_>, order_by: &[OrderBy]) -> Result<Vec<Self>, SoqlError> {
        order_by
            .iter()
            .map(|order| Self::new(scope, order))
            .collect()
    }

    fn new(scope: &Scope<'_>, order: &OrderBy) -> Result<Self, SoqlError> {
        let Operand::Field(path) = &order.operand else {
            let message = "aggregate functions in ORDER BY need a grouped query";
            return Err(scope.error("MALFORMED_QUERY", order.operand.path().at, message));
        };
        let found = scope.resolve(path)?;
        if found.field.is_some_and(|field| !field.sortable) {
            let message = format!("field '{}' can not be sorted in a query call", found.name());
            return Err(scope.error("INVALID_FIELD", path.at, &message));
        }
        let (descending, nulls_last) = (order.descending, order.nulls_last);
        Ok(Self {
            route: found.route,
            descending,
            nulls_last,
        })
    }
}

/// Compares two values by direction. Nulls come first unless `nulls_last` is set.
pub(super) fn directed(a: &Value, b: &Value, descending: bool, nulls_last: bool) -> Ordering {
    match (a.is_null(), b.is_null()) {
        (true, true) => Ordering::Equal,
        (true, false) if nulls_last => Ordering::Greater,
        (true, false) => Ordering::Less,
        (false, true) if nulls_last => Ordering::Less,
        (false, true) => Ordering::Greater,
        _ if descending => compare::order(b, a),
        _ => compare::order(a, b),
    }
}

/// Returns the range of ids that comparisons of `Id` allow.
fn id_bounds(required: &[&Check]) -> (Bound<Id>, Bound<Id>) {
    let (mut from, mut to) = (Bound::Unbounded, Bound::Unbounded);
    for check in required
        .iter()
        .filter(|check| check.route.own_field() == Some(0))
    {
        let Matcher::Order(comparator, Value::Id(id)) = check.matcher else {
            continue;
        };
        // This need not be the tightest range: the filter is applied to every row anyway.
        match comparator {
            Comparator::Greater => from = Bound::Excluded(id),
            Comparator::GreaterOrEqual => from = Bound::Included(id),
            Comparator::Less => to = Bound::Excluded(id),
            Comparator::LessOrEqual => to = Bound::Included(id),
            Comparator::Equal => (from, to) = (Bound::Included(id), Bound::Included(id)),
            _ => {}
        }
    }
    (from, to)
}

fn within(id: Id, from: Bound<Id>, to: Bound<Id>) -> bool {
    use std::ops::RangeBounds;
    (from, to).contains(&id)
}

/// Returns the ids to test in id order, if an index or a list of ids limits them.
fn candidates(table: &Table, required: &[&Check]) -> Option<Vec<Id>> {
    let mut best: Option<Vec<Id>> = None;
    for check in required {
        let Some(field) = check.route.own_field() else {
            continue;
        };
        let keys = match &check.matcher {
            Matcher::Order(Comparator::Equal, value) if !value.is_null() => vec![value.clone()],
            Matcher::Among(among, false) => among.keys().unwrap_or_default(),
            _ => continue,
        };
        if keys.is_empty() {
            continue;
        }
        let found: Option<Vec<Id>> = if field == 0 {
            Some(keys.iter().filter_map(Value::as_id).collect())
        } else if table.is_indexed(field) {
            Some(
                keys.iter()
                    .filter_map(|key| table.find(field, key))
                    .flatten()
                    .collect(),
            )
        } else {
            None
        };
        let Some(mut found) = found else { continue };
        found.sort_unstable();
        found.dedup();
        if best.as_ref().is_none_or(|best| found.len() < best.len()) {
            best = Some(found);
        }
    }
    best
}
