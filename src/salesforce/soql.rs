//! A typed `SELECT`: built from identifiers and values, turned into text in one place.
//!
//! Identifiers are `&'static str` or a parsed [`FieldName`]; values are quoted by `soql/value.rs`
//! and nowhere else, so that an injection needs a change of code, not of data.
//! Must not know: HTTP, pages, or what any object means.

mod condition;
mod name;
#[cfg(test)]
mod tests;
mod value;

pub use self::{
    condition::{Condition, Field, field},
    name::FieldName,
    value::Value,
};

/// Salesforce's limit for one statement, in characters.
const MAX_STATEMENT: usize = 100_000;

/// Why a statement cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SoqlError {
    /// An identifier that is no dotted name of letters, digits and underscores.
    #[error("not a field or object name in SOQL")]
    Name,
    /// A character that SOQL has no escape for.
    #[error("a value has a control character that SOQL cannot express")]
    ControlCharacter,
    /// A text longer than a literal may be.
    #[error("a value is longer than the 4,000 characters SOQL allows")]
    LiteralTooLong,
    /// `IN ()`, which Salesforce refuses.
    #[error("a list of values is empty")]
    EmptyList,
    /// Nothing to select.
    #[error("a query selects no field")]
    NoFields,
    /// The whole statement is too long.
    #[error("a query is longer than the 100,000 characters SOQL allows")]
    StatementTooLong,
}

/// One `SELECT` statement under construction.
///
/// ```
/// use baton_salesforce::salesforce::soql::{Select, field};
///
/// let soql = Select::from("User")
///     .fields(["Id", "Username", "Profile.Name"])
///     .filter(field("UserType").eq("Standard"))
///     .filter(field("LastName").eq("O'Brien"))
///     .order_by("Id")
///     .limit(2000)
///     .to_soql()
///     .unwrap();
/// assert_eq!(
///     soql,
///     r"SELECT Id, Username, Profile.Name FROM User \
/// WHERE UserType = 'Standard' AND LastName = 'O\'Brien' ORDER BY Id LIMIT 2000"
///         .replace("\\\n", "")
/// );
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Select {
    object: FieldName,
    columns: Vec<Column>,
    filter: Option<Condition>,
    group_by: Vec<FieldName>,
    order_by: Vec<(FieldName, Direction)>,
    limit: Option<u32>,
    offset: Option<u32>,
}

#[derive(Clone, Debug, PartialEq)]
struct Column {
    function: Option<Aggregate>,
    field: Option<FieldName>,
    alias: Option<FieldName>,
}

/// A function over all rows, or over the rows of one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// `COUNT(field)`
    Count,
    /// `COUNT_DISTINCT(field)`
    CountDistinct,
    /// `MIN(field)`
    Min,
    /// `MAX(field)`
    Max,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Ascending,
    Descending,
}

impl Select {
    /// Starts a statement over one object.
    pub fn from(object: impl Into<FieldName>) -> Self {
        Self {
            object: object.into(),
            columns: Vec::new(),
            filter: None,
            group_by: Vec::new(),
            order_by: Vec::new(),
            limit: None,
            offset: None,
        }
    }

    /// The object after `FROM`, as given.
    #[must_use]
    pub fn object(&self) -> &str {
        self.object.as_str()
    }

    /// The names of the plain columns.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let fields = self
            .columns
            .iter()
            .filter_map(|column| column.field.as_ref());
        fields.map(|field| field.as_str().to_owned()).collect()
    }

    /// Adds a plain column.
    pub fn field(self, name: impl Into<FieldName>) -> Self {
        self.column(Column {
            function: None,
            field: Some(name.into()),
            alias: None,
        })
    }

    /// Adds plain columns.
    pub fn fields<N: Into<FieldName>>(self, names: impl IntoIterator<Item = N>) -> Self {
        names.into_iter().fold(self, Self::field)
    }

    /// Adds a grouped column under another name.
    pub fn field_as(self, name: impl Into<FieldName>, alias: &'static str) -> Self {
        let alias = Some(FieldName::from(alias));
        self.column(Column {
            function: None,
            field: Some(name.into()),
            alias,
        })
    }

    /// The same rows, without columns yet.
    pub fn without_columns(mut self) -> Self {
        self.columns.clear();
        self
    }

    /// Selects `COUNT()`: the number comes as `totalSize`, without records.
    pub fn count(self) -> Self {
        self.column(Column {
            function: Some(Aggregate::Count),
            field: None,
            alias: None,
        })
    }

    /// Adds an aggregate under a name of its own.
    pub fn aggregate(
        self,
        function: Aggregate,
        name: impl Into<FieldName>,
        alias: &'static str,
    ) -> Self {
        let alias = Some(FieldName::from(alias));
        self.column(Column {
            function: Some(function),
            field: Some(name.into()),
            alias,
        })
    }

    /// Adds a condition; several are joined by `AND`.
    pub fn filter(mut self, condition: Condition) -> Self {
        self.filter = Some(match self.filter.take() {
            Some(before) => before.and(condition),
            None => condition,
        });
        self
    }

    /// Adds `GROUP BY` columns.
    pub fn group_by<N: Into<FieldName>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.group_by.extend(names.into_iter().map(Into::into));
        self
    }

    /// Adds an ascending sort column.
    pub fn order_by(mut self, name: impl Into<FieldName>) -> Self {
        self.order_by.push((name.into(), Direction::Ascending));
        self
    }

    /// Adds a descending sort column.
    pub fn order_by_desc(mut self, name: impl Into<FieldName>) -> Self {
        self.order_by.push((name.into(), Direction::Descending));
        self
    }

    /// Bounds the number of rows.
    pub fn limit(mut self, rows: u32) -> Self {
        self.limit = Some(rows);
        self
    }

    /// Skips rows; Salesforce allows 2,000 at most. Keyset conditions are better.
    pub fn offset(mut self, rows: u32) -> Self {
        self.offset = Some(rows);
        self
    }

    /// The statement's text, or why it cannot be written.
    pub fn to_soql(&self) -> Result<String, SoqlError> {
        let mut out = String::with_capacity(256);
        self.write(&mut out)?;
        if out.chars().count() > MAX_STATEMENT {
            return Err(SoqlError::StatementTooLong);
        }
        Ok(out)
    }

    fn column(mut self, column: Column) -> Self {
        self.columns.push(column);
        self
    }

    fn write(&self, out: &mut String) -> Result<(), SoqlError> {
        if self.columns.is_empty() {
            return Err(SoqlError::NoFields);
        }
        out.push_str("SELECT ");
        join(out, &self.columns, |out, column| column.write(out))?;
        out.push_str(" FROM ");
        self.object.write(out)?;
        if let Some(filter) = &self.filter {
            out.push_str(" WHERE ");
            filter.write(out)?;
        }
        if !self.group_by.is_empty() {
            out.push_str(" GROUP BY ");
            join(out, &self.group_by, |out, name| name.write(out))?;
        }
        if !self.order_by.is_empty() {
            out.push_str(" ORDER BY ");
            join(out, &self.order_by, |out, (name, direction)| {
                name.write(out)?;
                out.push_str(if *direction == Direction::Descending {
                    " DESC"
                } else {
                    ""
                });
                Ok(())
            })?;
        }
        push_number(out, " LIMIT ", self.limit);
        push_number(out, " OFFSET ", self.offset);
        Ok(())
    }
}

impl Column {
    fn write(&self, out: &mut String) -> Result<(), SoqlError> {
        out.push_str(match self.function {
            None => "",
            Some(Aggregate::Count) => "COUNT(",
            Some(Aggregate::CountDistinct) => "COUNT_DISTINCT(",
            Some(Aggregate::Min) => "MIN(",
            Some(Aggregate::Max) => "MAX(",
        });
        if let Some(field) = &self.field {
            field.write(out)?;
        }
        if self.function.is_some() {
            out.push(')');
        }
        if let Some(alias) = &self.alias {
            out.push(' ');
            alias.write(out)?;
        }
        Ok(())
    }
}

fn push_number(out: &mut String, keyword: &str, number: Option<u32>) {
    if let Some(number) = number {
        out.push_str(keyword);
        out.push_str(&number.to_string());
    }
}

fn join<T>(
    out: &mut String,
    items: &[T],
    mut write: impl FnMut(&mut String, &T) -> Result<(), SoqlError>,
) -> Result<(), SoqlError> {
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            out.push_str(", ");
        }
        write(out, item)?;
    }
    Ok(())
}
