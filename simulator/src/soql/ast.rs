//! The syntax tree of a query. Names and types are not checked yet.
//!
//! `at` fields are byte offsets into the text, for error messages.

use jiff::Timestamp;
use jiff::civil::Date;

/// One `SELECT`, outer or inner.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// The whole text, for error excerpts; inner queries have that of the outer one.
    pub source: std::sync::Arc<str>,
    /// What is selected, at least one item.
    pub select: Vec<SelectItem>,
    /// The object, or for a child sub-query the relationship.
    pub from: Name,
    /// The object's alias: `FROM User u`.
    pub alias: Option<String>,
    /// `WHERE`.
    pub filter: Option<Condition>,
    /// `GROUP BY`.
    pub group_by: Vec<FieldPath>,
    /// `HAVING`.
    pub having: Option<Condition>,
    /// `ORDER BY`.
    pub order_by: Vec<OrderBy>,
    /// `LIMIT`.
    pub limit: Option<usize>,
    /// `OFFSET`.
    pub offset: usize,
}

/// A single name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// As written.
    pub text: String,
    /// Where.
    pub at: usize,
}

/// A dotted path: relationships, then a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPath {
    /// The names between the dots, at least one.
    pub names: Vec<String>,
    /// Where the path starts.
    pub at: usize,
}

impl FieldPath {
    /// The last name.
    #[must_use]
    pub fn last(&self) -> &str {
        self.names.last().map(String::as_str).unwrap_or_default()
    }
}

/// One item of the select list.
#[derive(Clone, Debug, PartialEq)]
pub enum SelectItem {
    /// A field, with an alias in grouped queries.
    Field(FieldPath, Option<Name>),
    /// `COUNT()`, which stands alone.
    Count,
    /// An aggregate function, with an alias perhaps.
    Aggregate(Aggregate, Option<Name>),
    /// `FIELDS(…)`.
    Fields(FieldsScope, usize),
    /// `(SELECT … FROM Children)`.
    Children(Box<Query>),
}

/// Which fields `FIELDS()` stands for.
#[expect(missing_docs, reason = "the names are SOQL's own")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldsScope {
    All,
    Standard,
    Custom,
}

/// An aggregate function of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aggregate {
    /// Which.
    pub function: Function,
    /// Of what.
    pub path: FieldPath,
}

/// The aggregate functions.
#[expect(missing_docs, reason = "the names are SOQL's own")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    Count,
    CountDistinct,
    Min,
    Max,
    Sum,
    Avg,
}

impl Function {
    /// The function's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "COUNT",
            Self::CountDistinct => "COUNT_DISTINCT",
            Self::Min => "MIN",
            Self::Max => "MAX",
            Self::Sum => "SUM",
            Self::Avg => "AVG",
        }
    }
}

/// A condition of `WHERE` or `HAVING`.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// All of them.
    And(Vec<Condition>),
    /// Any of them.
    Or(Vec<Condition>),
    /// Not this.
    Not(Box<Condition>),
    /// One comparison.
    Test(Operand, Test),
}

/// What is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    /// A field.
    Field(FieldPath),
    /// An aggregate; in `HAVING` only.
    Aggregate(Aggregate),
}

impl Operand {
    /// The field, bare or in its aggregate.
    #[must_use]
    pub fn path(&self) -> &FieldPath {
        match self {
            Self::Field(path) | Self::Aggregate(Aggregate { path, .. }) => path,
        }
    }
}

/// How it is compared.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// With one value.
    Compare(Comparator, Literal),
    /// `IN (…)` and `NOT IN (…)`.
    In(Vec<Literal>, Negated),
    /// A semi-join or an anti-join.
    InQuery(Box<Query>, Negated),
    /// `INCLUDES (…)` and `EXCLUDES (…)`.
    Includes(Vec<Literal>, Negated),
}

/// Whether `NOT` (or `EXCLUDES`) was written.
pub type Negated = bool;

/// Comparison operators.
#[expect(missing_docs, reason = "they are what they are called")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
}

/// A value in the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Literal {
    /// What.
    pub value: LiteralValue,
    /// Where.
    pub at: usize,
}

/// The kinds of value.
#[derive(Clone, Debug, PartialEq)]
pub enum LiteralValue {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A number, exactly as written.
    Number(String),
    /// `'text'`, unescaped.
    Text(TextLiteral),
    /// `2026-01-02`.
    Date(Date),
    /// `2026-01-02T03:04:05Z`.
    DateTime(Timestamp),
    /// `TODAY`, `LAST_N_DAYS:7`.
    Relative(RelativeDate),
}

/// A string literal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextLiteral {
    /// The text without quotes and escapes.
    pub text: String,
    /// Byte offsets in `text` of the `%` and `_` that were escaped, and so are no wildcards.
    pub plain: Vec<usize>,
}

/// A date literal that moves with the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelativeDate {
    /// How long the span's unit is.
    pub unit: DateUnit,
    /// How many units it starts from the current one: `LAST_MONTH` is -1.
    pub start: i32,
    /// How many units it is long.
    pub length: i32,
}

/// The unit of a relative date.
#[expect(missing_docs, reason = "they are what they are called")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateUnit {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// One key of `ORDER BY`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderBy {
    /// By what; an aggregate in grouped queries only.
    pub operand: Operand,
    /// `DESC`.
    pub descending: bool,
    /// `NULLS LAST`; first is the default in both directions.
    pub nulls_last: bool,
}
