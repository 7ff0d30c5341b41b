//! What stands after `WHERE`: comparisons joined by `AND`, `OR`, `NOT`.
//!
//! Every compound operand is written in parentheses: SOQL refuses a mix of `AND` and `OR` without
//! them. Must not know: what the fields mean.

use super::{FieldName, Select, SoqlError, Value, join};

/// A condition that a row meets or not.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Condition(Node);

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Compare {
        field: FieldName,
        operator: &'static str,
        value: Value,
    },
    In {
        field: FieldName,
        operator: &'static str,
        values: Vec<Value>,
    },
    InSelect {
        field: FieldName,
        operator: &'static str,
        select: Box<Select>,
    },
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
}

/// A field on the left of a comparison.
#[derive(Clone, Debug)]
#[must_use]
pub struct Field(FieldName);

/// Names a field to compare.
pub fn field(name: impl Into<FieldName>) -> Field {
    Field(name.into())
}

impl Field {
    /// `field = value`
    pub fn eq(self, value: impl Into<Value>) -> Condition {
        self.compare("=", value)
    }

    /// `field != value`
    pub fn ne(self, value: impl Into<Value>) -> Condition {
        self.compare("!=", value)
    }

    /// `field < value`
    pub fn lt(self, value: impl Into<Value>) -> Condition {
        self.compare("<", value)
    }

    /// `field <= value`
    pub fn le(self, value: impl Into<Value>) -> Condition {
        self.compare("<=", value)
    }

    /// `field > value`
    pub fn gt(self, value: impl Into<Value>) -> Condition {
        self.compare(">", value)
    }

    /// `field >= value`
    pub fn ge(self, value: impl Into<Value>) -> Condition {
        self.compare(">=", value)
    }

    /// `field = null`
    pub fn is_null(self) -> Condition {
        self.compare("=", Value::Null)
    }

    /// `field != null`
    pub fn not_null(self) -> Condition {
        self.compare("!=", Value::Null)
    }

    /// `field LIKE 'text%'`, the text taken literally.
    pub fn starts_with(self, text: impl Into<String>) -> Condition {
        self.like(text, false, true)
    }

    /// `field LIKE '%text'`, the text taken literally.
    pub fn ends_with(self, text: impl Into<String>) -> Condition {
        self.like(text, true, false)
    }

    /// `field LIKE '%text%'`, the text taken literally.
    pub fn contains(self, text: impl Into<String>) -> Condition {
        self.like(text, true, true)
    }

    /// `field IN (ids)`; an empty list is an error when the statement is written.
    pub fn in_ids<V: Into<Value>>(self, ids: impl IntoIterator<Item = V>) -> Condition {
        self.listed("IN", ids)
    }

    /// `field NOT IN (ids)`
    pub fn not_in_ids<V: Into<Value>>(self, ids: impl IntoIterator<Item = V>) -> Condition {
        self.listed("NOT IN", ids)
    }

    /// `field IN (texts)`; an empty list is an error when the statement is written.
    pub fn in_strings<V: Into<Value>>(self, texts: impl IntoIterator<Item = V>) -> Condition {
        self.listed("IN", texts)
    }

    /// `field NOT IN (texts)`
    pub fn not_in_strings<V: Into<Value>>(self, texts: impl IntoIterator<Item = V>) -> Condition {
        self.listed("NOT IN", texts)
    }

    /// `field IN (SELECT …)`: a semi-join.
    pub fn in_select(self, select: Select) -> Condition {
        self.selected("IN", select)
    }

    /// `field NOT IN (SELECT …)`: an anti-join.
    pub fn not_in_select(self, select: Select) -> Condition {
        self.selected("NOT IN", select)
    }

    fn compare(self, operator: &'static str, value: impl Into<Value>) -> Condition {
        Condition(Node::Compare {
            field: self.0,
            operator,
            value: value.into(),
        })
    }

    fn like(self, text: impl Into<String>, open_start: bool, open_end: bool) -> Condition {
        self.compare(
            "LIKE",
            Value::Pattern {
                text: text.into(),
                open_start,
                open_end,
            },
        )
    }

    fn listed<V: Into<Value>>(
        self,
        operator: &'static str,
        values: impl IntoIterator<Item = V>,
    ) -> Condition {
        let values = values.into_iter().map(Into::into).collect();
        Condition(Node::In {
            field: self.0,
            operator,
            values,
        })
    }

    fn selected(self, operator: &'static str, select: Select) -> Condition {
        Condition(Node::InSelect {
            field: self.0,
            operator,
            select: Box::new(select),
        })
    }
}

impl Condition {
    /// Both must hold.
    pub fn and(self, other: Self) -> Self {
        match self.0 {
            Node::All(mut parts) => {
                parts.push(other);
                Self(Node::All(parts))
            }
            node => Self(Node::All(vec![Self(node), other])),
        }
    }

    /// One of them must hold.
    pub fn or(self, other: Self) -> Self {
        match self.0 {
            Node::Any(mut parts) => {
                parts.push(other);
                Self(Node::Any(parts))
            }
            node => Self(Node::Any(vec![Self(node), other])),
        }
    }

    pub(super) fn write(&self, out: &mut String) -> Result<(), SoqlError> {
        match &self.0 {
            Node::Compare {
                field,
                operator,
                value,
            } => {
                operand(out, field, operator)?;
                value.write(out)
            }
            Node::In { values, .. } if values.is_empty() => Err(SoqlError::EmptyList),
            Node::In {
                field,
                operator,
                values,
            } => {
                operand(out, field, operator)?;
                out.push('(');
                join(out, values, |out, value| value.write(out))?;
                out.push(')');
                Ok(())
            }
            Node::InSelect {
                field,
                operator,
                select,
            } => {
                operand(out, field, operator)?;
                out.push('(');
                select.write(out)?;
                out.push(')');
                Ok(())
            }
            Node::All(parts) => write_parts(out, parts, " AND "),
            Node::Any(parts) => write_parts(out, parts, " OR "),
            Node::Not(inner) => {
                out.push_str("NOT (");
                inner.write(out)?;
                out.push(')');
                Ok(())
            }
        }
    }

    fn is_compound(&self) -> bool {
        matches!(self.0, Node::All(_) | Node::Any(_) | Node::Not(_))
    }
}

/// `NOT (condition)`
impl std::ops::Not for Condition {
    type Output = Self;

    fn not(self) -> Self {
        Self(Node::Not(Box::new(self)))
    }
}

fn operand(out: &mut String, field: &FieldName, operator: &str) -> Result<(), SoqlError> {
    field.write(out)?;
    out.push(' ');
    out.push_str(operator);
    out.push(' ');
    Ok(())
}

fn write_parts(out: &mut String, parts: &[Condition], joiner: &str) -> Result<(), SoqlError> {
    for (position, part) in parts.iter().enumerate() {
        if position > 0 {
            out.push_str(joiner);
        }
        if part.is_compound() {
            out.push('(');
            part.write(out)?;
            out.push(')');
        } else {
            part.write(out)?;
        }
    }
    Ok(())
}
