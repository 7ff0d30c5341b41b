//! Compiles `WHERE`: resolves names, checks types and converts literals.

mod semijoin;

use std::cmp::Ordering;
use std::collections::HashSet;

use super::ast::{Comparator, Condition, Literal, LiteralValue, Negated, Operand, Test};
use super::check::Wanted;
use super::compare::{self, Pattern};
use super::error::SoqlError;
use super::resolve::{Path, Route, Scope};
use crate::org::id::Id;
use crate::org::schema::{FieldType, ObjectKey};
use crate::org::table::{Database, Row};
use crate::org::value::Value;

pub(super) use semijoin::check_count;

/// A compiled condition.
#[derive(Clone, Debug)]
pub(super) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Check(Check),
}

/// One comparison.
#[derive(Clone, Debug)]
pub(super) struct Check {
    pub(super) route: Route,
    pub(super) matcher: Matcher,
    /// Whether the field is a checkbox. Without a parent, it is false instead of null.
    boolean: bool,
}

/// The test of a value.
#[derive(Clone, Debug)]
pub(super) enum Matcher {
    /// A comparison operator. Null is unequal to every value, and neither less nor greater.
    Order(Comparator, Value),
    /// A comparison with a time range.
    Span(Comparator, Value, Value),
    Like(Pattern),
    Among(Among, Negated),
    /// Alternatives for a multi-select picklist. All values of one alternative must be selected.
    Includes(Vec<Vec<String>>, Negated),
}

/// The values of an `IN`.
#[derive(Clone, Debug, Default)]
pub(super) struct Among {
    pub(super) ids: HashSet<Id>,
    texts: HashSet<String>,
    others: Vec<Value>,
    null: bool,
}

/// The position of a condition; some are only allowed at the top.
#[derive(Clone, Copy)]
pub(super) struct Position {
    /// Under an OR.
    in_or: bool,
    /// Inside the sub-select of a semi-join.
    pub(super) in_semijoin: bool,
}

impl Position {
    pub(super) const TOP: Self = Self {
        in_or: false,
        in_semijoin: false,
    };
    pub(super) const SEMIJOIN: Self = Self {
        in_or: false,
        in_semijoin: true,
    };
}

impl Filter {
    pub(super) fn compile(
        scope: &Scope<'_>,
        condition: &Condition,
        position: Position,
    ) -> Result<Self, SoqlError> {
        let all = |conditions: &[Condition], position| {
            conditions
                .iter()
                .map(|condition| Self::compile(scope, condition, position))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(match condition {
            Condition::And(conditions) => {
                let mut all = all(conditions, position)?;
                // Conditions without look-ups are tested first.
                all.sort_by_key(Self::hops);
                Self::All(all)
            }
            Condition::Or(conditions) => Self::Any(all(
                conditions,
                Position {
                    in_or: true,
                    ..position
                },
            )?),
            Condition::Not(condition) => {
                Self::Not(Box::new(Self::compile(scope, condition, position)?))
            }
            Condition::Test(Operand::Field(path), test) => {
                let found = scope.resolve(path)?;
                require_filterable(scope, &found, path.at)?;
                Self::Check(check(scope, found, path.at, test, position)?)
            }
            Condition::Test(Operand::Aggregate(aggregate), _) => {
                let message = "aggregate functions are allowed in HAVING only";
                return Err(scope.error("MALFORMED_QUERY", aggregate.path.at, message));
            }
        })
    }

    pub(super) fn test(&self, db: &Database, key: ObjectKey, row: &Row) -> bool {
        match self {
            Self::All(all) => all.iter().all(|filter| filter.test(db, key, row)),
            Self::Any(any) => any.iter().any(|filter| filter.test(db, key, row)),
            Self::Not(filter) => !filter.test(db, key, row),
            Self::Check(check) => check.test(check.route.value(db, key, row)),
        }
    }

    /// Maximum number of other rows that a test looks up.
    fn hops(&self) -> usize {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().map(Self::hops).sum(),
            Self::Not(filter) => filter.hops(),
            Self::Check(check) => check.route.hops.len(),
        }
    }

    /// Returns the comparisons that every row must pass.
    pub(super) fn required(&self) -> Vec<&Check> {
        match self {
            Self::All(all) => all.iter().flat_map(Self::required).collect(),
            Self::Check(check) => vec![check],
            Self::Any(_) | Self::Not(_) => Vec::new(),
        }
    }
}

impl Check {
    fn test(&self, value: &Value) -> bool {
        if self.boolean && value.is_null() {
            return self.matcher.test(&Value::Bool(false));
        }
        self.matcher.test(value)
    }
}

impl Matcher {
    /// Compiles a comparison with a literal, for `WHERE` and `HAVING`.
    pub(super) fn compare(
        scope: &Scope<'_>,
        path: &Path<'_>,
        at: usize,
        comparator: Comparator,
        literal: &Literal,
    ) -> Result<Self, SoqlError> {
        scope.check_comparator(path, comparator, at)?;
        if comparator == Comparator::Like {
            let LiteralValue::Text(text) = &literal.value else {
                // Returns the right error for other types.
                scope.wanted(path, literal)?;
                let message = "LIKE needs a string";
                return Err(scope.error("MALFORMED_QUERY", literal.at, message));
            };
            return Ok(Self::Like(Pattern::new(&text.text, &text.plain)));
        }
        Ok(match scope.wanted(path, literal)? {
            Wanted::One(Value::Null) if path.ty() == FieldType::Boolean => {
                Self::Order(comparator, Value::Bool(false))
            }
            Wanted::One(value) => Self::Order(comparator, value),
            Wanted::Span { start, end } => Self::Span(comparator, start, end),
        })
    }

    pub(super) fn test(&self, value: &Value) -> bool {
        match self {
            Self::Order(comparator, wanted) => ordered(*comparator, value, wanted),
            Self::Span(comparator, start, end) => {
                let from = compare::order(value, start).is_ge();
                let before = compare::order(value, end).is_lt();
                match (comparator, value.is_null()) {
                    (Comparator::NotEqual, null) => null || !(from && before),
                    (_, true) => false,
                    (Comparator::Less, _) => !from,
                    (Comparator::LessOrEqual, _) => before,
                    (Comparator::Greater, _) => !before,
                    (Comparator::GreaterOrEqual, _) => from,
                    _ => from && before,
                }
            }
            Self::Like(pattern) => value.as_str().is_some_and(|text| pattern.matches(text)),
            Self::Among(among, negated) => among.contains(value) != *negated,
            Self::Includes(alternatives, negated) => {
                let chosen: Vec<_> = value
                    .as_str()
                    .unwrap_or_default()
                    .split(';')
                    .map(str::to_lowercase)
                    .collect();
                let found = alternatives
                    .iter()
                    .any(|all| all.iter().all(|it| chosen.contains(it)));
                found != *negated
            }
        }
    }
}

impl Among {
    fn push(&mut self, value: Value) {
        match value {
            Value::Null => self.null = true,
            Value::Id(id) => {
                self.ids.insert(id);
            }
            Value::Text(text) => {
                self.texts.insert(text.to_lowercase());
            }
            other => self.others.push(other),
        }
    }

    fn contains(&self, value: &Value) -> bool {
        match value {
            Value::Null => self.null,
            Value::Id(id) => self.ids.contains(id),
            Value::Text(text) => self.texts.contains(&text.to_lowercase()),
            other => self
                .others
                .iter()
                .any(|known| compare::order(known, other).is_eq()),
        }
    }

    /// Returns the values to look up in an index; `None` if null is among them.
    pub(super) fn keys(&self) -> Option<Vec<Value>> {
        if self.null || !self.others.is_empty() {
            return None;
        }
        let ids = self.ids.iter().copied().map(Value::Id);
        Some(ids.chain(self.texts.iter().map(Value::text)).collect())
    }
}

fn ordered(comparator: Comparator, value: &Value, wanted: &Value) -> bool {
    let order = compare::order(value, wanted);
    match comparator {
        Comparator::Equal => order == Ordering::Equal,
        Comparator::NotEqual => order != Ordering::Equal,
        _ if value.is_null() || wanted.is_null() => false,
        Comparator::Less => order.is_lt(),
        Comparator::LessOrEqual => order.is_le(),
        Comparator::Greater => order.is_gt(),
        Comparator::GreaterOrEqual => order.is_ge(),
        Comparator::Like => false,
    }
}

fn require_filterable(scope: &Scope<'_>, path: &Path<'_>, at: usize) -> Result<(), SoqlError> {
    if path.field.is_none_or(|field| field.filterable) {
        return Ok(());
    }
    let message = format!(
        "field '{}' can not be filtered in a query call",
        path.name()
    );
    Err(scope.error("INVALID_FIELD", at, &message))
}

fn check(
    scope: &Scope<'_>,
    path: Path<'_>,
    at: usize,
    test: &Test,
    position: Position,
) -> Result<Check, SoqlError> {
    let matcher = match test {
        Test::Compare(comparator, literal) => {
            Matcher::compare(scope, &path, at, *comparator, literal)?
        }
        Test::In(literals, negated) => Matcher::Among(among(scope, &path, literals)?, *negated),
        Test::InQuery(query, negated) => {
            if position.in_or {
                let message = "Semi join sub-selects are not allowed with the 'OR' operator";
                return Err(scope.error("MALFORMED_QUERY", at, message));
            }
            let among = semijoin::run(scope, &path, query, position)?;
            Matcher::Among(among, *negated)
        }
        Test::Includes(literals, negated) => includes(scope, &path, at, literals, *negated)?,
    };
    let boolean = path.ty() == FieldType::Boolean;
    Ok(Check {
        route: path.route,
        matcher,
        boolean,
    })
}

fn among(scope: &Scope<'_>, path: &Path<'_>, literals: &[Literal]) -> Result<Among, SoqlError> {
    let mut among = Among::default();
    for literal in literals {
        among.push(scope.wanted_one(path, literal)?);
    }
    Ok(among)
}

fn includes(
    scope: &Scope<'_>,
    path: &Path<'_>,
    at: usize,
    literals: &[Literal],
    negated: Negated,
) -> Result<Matcher, SoqlError> {
    if path.ty() != FieldType::MultiPicklist {
        let message = format!(
            "includes and excludes operators are only valid on multipicklist field, and '{}' is not",
            path.name()
        );
        return Err(scope.error("INVALID_QUERY_FILTER_OPERATOR", at, &message));
    }
    let mut alternatives = Vec::new();
    for literal in literals {
        let value = scope.wanted_one(path, literal)?;
        let text = value.as_str().unwrap_or_default();
        alternatives.push(text.split(';').map(str::to_lowercase).collect());
    }
    Ok(Matcher::Includes(alternatives, negated))
}
