//! `Id IN (SELECT … FROM …)`: runs the sub-select once to get a set of ids.

use super::{Among, Position};
use crate::org::schema::FieldDef;
use crate::soql::ast::{Condition, Query, SelectItem, Test};
use crate::soql::error::SoqlError;
use crate::soql::eval::Selection;
use crate::soql::resolve::{Path, Scope};

/// Maximum number in a query.
const MAX_SEMIJOINS: usize = 2;

pub(super) fn run(
    outer: &Scope<'_>,
    left: &Path<'_>,
    query: &Query,
    position: Position,
) -> Result<Among, SoqlError> {
    let at = query.from.at;
    let malformed = |message: &str| outer.error("MALFORMED_QUERY", at, message);
    if position.in_semijoin {
        return Err(malformed(
            "Nesting of semi join sub-selects is not supported",
        ));
    }
    if !left.ty().is_id() {
        return Err(malformed(
            "The left operand field in the where expression for outer query should be an id field, \
             and cannot be anything else",
        ));
    }
    let scope = Scope::of(outer.ctx, outer.source, &query.from, query.alias.as_deref())?;
    if scope.object.key == outer.object.key {
        return Err(malformed(
            "The inner and outer selects should not be on the same object type",
        ));
    }
    let [SelectItem::Field(selected, _)] = query.select.as_slice() else {
        return Err(malformed(
            "Sub-select of a semi join must select exactly one field",
        ));
    };
    let right = scope.resolve(selected)?;
    if !right.ty().is_id() {
        return Err(malformed(
            "The selected field in a semi join sub-select must be an id field",
        ));
    }
    if !right.route.hops.is_empty() {
        return Err(malformed(
            "A semi join sub-select cannot select a relationship's field",
        ));
    }
    if !share_a_target(&targets(left, outer), &targets(&right, &scope)) {
        return Err(malformed(&format!(
            "The selected field '{}' in the subquery and the left operand field in the where \
             expression in the outer query '{}' should point to the same object type",
            right.name(),
            left.name()
        )));
    }
    let mut among = Among::default();
    let selection = Selection::new(&scope, query, Position::SEMIJOIN)?;
    for row in selection.rows(false) {
        // Salesforce ignores nulls here; otherwise NOT IN would never match.
        if let Some(id) = right
            .route
            .value(scope.ctx.db, scope.object.key, row)
            .as_id()
        {
            among.ids.insert(id);
        }
    }
    Ok(among)
}

/// Rejects a query with too many semi-joins.
pub(in crate::soql) fn check_count(
    scope: &Scope<'_>,
    condition: &Condition,
) -> Result<(), SoqlError> {
    if count(condition) > MAX_SEMIJOINS {
        let message = "Maximum 2 semi join sub-selects are allowed.";
        return Err(SoqlError::at(
            "EXCEEDED_MAX_SEMIJOIN_SUBSELECTS",
            scope.source,
            0,
            message,
        ));
    }
    Ok(())
}

fn count(condition: &Condition) -> usize {
    match condition {
        Condition::And(all) | Condition::Or(all) => all.iter().map(count).sum(),
        Condition::Not(condition) => count(condition),
        Condition::Test(_, Test::InQuery(..)) => 1,
        Condition::Test(..) => 0,
    }
}

/// Returns the objects that a field refers to.
fn targets(path: &Path<'_>, scope: &Scope<'_>) -> Vec<String> {
    let references = path
        .field
        .map(|field: &FieldDef| field.reference_to.clone());
    match references {
        Some(references) if !references.is_empty() => references,
        _ if path.route.hops.is_empty() => vec![scope.object.name.clone()],
        _ => vec![path.entity.to_owned()],
    }
}

fn share_a_target(a: &[String], b: &[String]) -> bool {
    a.iter().any(|target| b.contains(target))
}
