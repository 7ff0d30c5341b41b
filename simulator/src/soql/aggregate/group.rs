//! Groups rows and computes aggregates.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use crate::org::id::Id;
use crate::org::schema::{FieldDef, FieldType};
use crate::org::value::{Moment, Value};
use crate::soql::ast::Function;
use crate::soql::compare;
use crate::soql::eval::Selection;
use crate::soql::resolve::{Route, Scope};

/// Group keys and aggregates of a query.
pub(super) struct Groups {
    pub(super) keys: Vec<Route>,
    pub(super) columns: Vec<Column>,
    /// Without GROUP BY there is exactly one group, even without rows.
    single: bool,
}

/// An aggregate function of a path.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    pub(super) function: Function,
    pub(super) route: Route,
}

/// A value as a group key: text in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Null,
    Bool(bool),
    Int(i64),
    Bits(u64),
    Id(Id),
    Text(String),
    DateTime(Moment),
    Date(jiff::civil::Date),
}

struct Group {
    first: Vec<Value>,
    sums: Vec<Sum>,
}

/// The state of an aggregate.
#[derive(Default)]
struct Sum {
    count: i64,
    total: f64,
    best: Option<Value>,
    distinct: HashSet<Key>,
}

impl Groups {
    pub(super) fn new(single: bool) -> Self {
        Self {
            keys: Vec::new(),
            columns: Vec::new(),
            single,
        }
    }

    /// Returns a row for each group: keys, then aggregates.
    pub(super) fn collect(&self, scope: &Scope<'_>, selection: &Selection<'_>) -> Vec<Vec<Value>> {
        let (db, object) = (scope.ctx.db, scope.object.key);
        let mut numbers: HashMap<Vec<Key>, usize> = HashMap::new();
        let mut groups: Vec<Group> = Vec::new();
        if self.single {
            numbers.insert(Vec::new(), 0);
            groups.push(self.group(Vec::new()));
        }
        for row in selection.rows(false) {
            let values = self.keys.iter().map(|route| route.value(db, object, row));
            let key: Vec<Key> = values.clone().map(Key::from).collect();
            let number = *numbers.entry(key).or_insert_with(|| {
                groups.push(self.group(values.cloned().collect()));
                groups.len() - 1
            });
            let Some(group) = groups.get_mut(number) else {
                continue;
            };
            for (column, sum) in self.columns.iter().zip(&mut group.sums) {
                sum.add(column.function, column.route.value(db, object, row));
            }
        }
        groups.into_iter().map(|group| self.finish(group)).collect()
    }

    fn group(&self, first: Vec<Value>) -> Group {
        Group {
            first,
            sums: self.columns.iter().map(|_| Sum::default()).collect(),
        }
    }

    fn finish(&self, group: Group) -> Vec<Value> {
        let sums = self.columns.iter().zip(group.sums);
        let results = sums.map(|(column, sum)| sum.result(column.function));
        group.first.into_iter().chain(results).collect()
    }
}

impl Sum {
    fn add(&mut self, function: Function, value: &Value) {
        // Aggregates ignore nulls.
        if value.is_null() {
            return;
        }
        self.count += 1;
        match function {
            Function::Count => {}
            Function::CountDistinct => {
                self.distinct.insert(Key::from(value));
            }
            Function::Sum | Function::Avg => self.total += compare::number(value).unwrap_or(0.0),
            Function::Min | Function::Max => {
                let wins = |best: &Value| match function {
                    Function::Min => compare::order(value, best).is_lt(),
                    _ => compare::order(value, best).is_gt(),
                };
                if self.best.as_ref().is_none_or(wins) {
                    self.best = Some(value.clone());
                }
            }
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "an average of fewer than 2^52 rows"
    )]
    fn result(self, function: Function) -> Value {
        match function {
            Function::Count => Value::Int(self.count),
            Function::CountDistinct => {
                Value::Int(i64::try_from(self.distinct.len()).unwrap_or(i64::MAX))
            }
            Function::Min | Function::Max => self.best.unwrap_or(Value::Null),
            Function::Sum | Function::Avg if self.count == 0 => Value::Null,
            Function::Sum => Value::Double(self.total),
            Function::Avg => Value::Double(self.total / self.count as f64),
        }
    }
}

impl From<&Value> for Key {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Int(number) => Self::Int(*number),
            Value::Double(number) => Self::Bits(number.to_bits()),
            Value::Id(id) => Self::Id(*id),
            Value::Text(text) => Self::Text(text.to_lowercase()),
            Value::DateTime(moment) => Self::DateTime(*moment),
            Value::Date(date) => Self::Date(*date),
        }
    }
}

/// The field type of COUNT, SUM and AVG.
pub(super) fn number_field() -> &'static FieldDef {
    static NUMBER: LazyLock<FieldDef> =
        LazyLock::new(|| FieldDef::new("Result", FieldType::Double));
    &NUMBER
}
