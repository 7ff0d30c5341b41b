//! Checks literals against field types and converts them to values.

use jiff::tz::TimeZone;

use super::ast::{Comparator, Literal, LiteralValue};
use super::dates;
use super::error::SoqlError;
use super::resolve::{Path, Scope};
use crate::org::id::Id;
use crate::org::schema::FieldType;
use crate::org::value::Value;

/// The value of a literal: a single one, or a range from `start` (included) to `end` (excluded).
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Wanted {
    One(Value),
    Span { start: Value, end: Value },
}

impl Scope<'_> {
    /// Rejects operators that the type of the field does not support.
    pub(super) fn check_comparator(
        &self,
        path: &Path<'_>,
        comparator: Comparator,
        at: usize,
    ) -> Result<(), SoqlError> {
        let ty = path.ty();
        let wrong = match comparator {
            Comparator::Equal | Comparator::NotEqual => false,
            Comparator::Like => !ty.is_text() || ty == FieldType::MultiPicklist,
            _ => matches!(ty, FieldType::Boolean | FieldType::MultiPicklist),
        };
        if wrong {
            // References are ids, too.
            let name = if ty.is_id() { "id" } else { ty.api_name() };
            let message = format!("invalid operator on {name} field");
            return Err(self.error("INVALID_QUERY_FILTER_OPERATOR", at, &message));
        }
        Ok(())
    }

    /// Converts a literal for a comparison with a field.
    pub(super) fn wanted(&self, path: &Path<'_>, literal: &Literal) -> Result<Wanted, SoqlError> {
        let value = match (path.ty(), &literal.value) {
            (_, LiteralValue::Null) => Value::Null,
            (FieldType::Boolean, LiteralValue::Bool(flag)) => Value::Bool(*flag),
            (ty, LiteralValue::Text(text)) if ty.is_id() => self.id(&text.text, literal.at)?,
            (ty, LiteralValue::Text(text)) if ty.is_text() => Value::text(&text.text),
            (FieldType::Int, LiteralValue::Number(text)) => integer(text)
                .or_else(|| text.parse().ok().map(Value::Double))
                .ok_or_else(|| self.wrong_type(path, literal))?,
            (FieldType::Double | FieldType::Currency, LiteralValue::Number(text)) => text
                .parse()
                .map(Value::Double)
                .map_err(|_| self.wrong_type(path, literal))?,
            (FieldType::Date, LiteralValue::Date(date)) => Value::Date(*date),
            (FieldType::DateTime, LiteralValue::DateTime(time)) => Value::from(*time),
            (ty @ (FieldType::Date | FieldType::DateTime), LiteralValue::Relative(relative)) => {
                let today = self.ctx.now.to_zoned(TimeZone::UTC).date();
                let (start, end) = dates::bounds(*relative, today)
                    .ok_or_else(|| self.wrong_type(path, literal))?;
                let value = |date: jiff::civil::Date| match ty {
                    FieldType::Date => Some(Value::Date(date)),
                    _ => date
                        .to_zoned(TimeZone::UTC)
                        .ok()
                        .map(|at| at.timestamp().into()),
                };
                let span = value(start).zip(value(end));
                let (start, end) = span.ok_or_else(|| self.wrong_type(path, literal))?;
                return Ok(Wanted::Span { start, end });
            }
            _ => return Err(self.wrong_type(path, literal)),
        };
        Ok(Wanted::One(value))
    }

    /// Like [`Self::wanted`], but rejects ranges.
    pub(super) fn wanted_one(
        &self,
        path: &Path<'_>,
        literal: &Literal,
    ) -> Result<Value, SoqlError> {
        match self.wanted(path, literal)? {
            Wanted::One(value) => Ok(value),
            Wanted::Span { .. } => Err(self.wrong_type(path, literal)),
        }
    }

    fn id(&self, text: &str, at: usize) -> Result<Value, SoqlError> {
        // The empty string means null.
        if text.is_empty() {
            return Ok(Value::Null);
        }
        Id::parse(text).map(Value::Id).map_err(|_| {
            let message = format!("invalid ID field: {text}");
            self.error("INVALID_QUERY_FILTER_OPERATOR", at, &message)
        })
    }

    fn wrong_type(&self, path: &Path<'_>, literal: &Literal) -> SoqlError {
        let quoted = matches!(literal.value, LiteralValue::Text(_));
        let ty = match path.ty() {
            FieldType::DateTime => "dateTime",
            ty if ty.is_id() => "id",
            ty if ty.is_text() => "string",
            ty => ty.api_name(),
        };
        let wants_quotes = matches!(ty, "id" | "string");
        let advice = match (wants_quotes, quoted) {
            (true, false) => " and should be enclosed in quotes",
            (false, true) => " and should not be enclosed in quotes",
            _ => "",
        };
        let name = path.name();
        let message =
            format!("value of filter criterion for field '{name}' must be of type {ty}{advice}");
        self.error("INVALID_FIELD", literal.at, &message)
    }
}

fn integer(text: &str) -> Option<Value> {
    text.parse().ok().map(Value::Int)
}
