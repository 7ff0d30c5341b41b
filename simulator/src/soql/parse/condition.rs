//! Parses conditions of `WHERE` and `HAVING`.

use super::{Parser, Place};
use crate::soql::ast::{Comparator, Condition, Literal, LiteralValue, Test};
use crate::soql::dates;
use crate::soql::error::SoqlError;
use crate::soql::token::Kind;

impl Parser {
    /// Parses a chain of ANDs, a chain of ORs, or a NOT. Mixing them requires parentheses.
    pub(super) fn condition(&mut self) -> Result<Condition, SoqlError> {
        if self.take("NOT") {
            return Ok(Condition::Not(Box::new(self.simple_condition()?)));
        }
        let first = self.simple_condition()?;
        for (word, join) in [
            ("AND", Condition::And as fn(Vec<Condition>) -> Condition),
            ("OR", Condition::Or as fn(Vec<Condition>) -> Condition),
        ] {
            if self.is(word) {
                let mut all = vec![first];
                while self.take(word) {
                    all.push(self.simple_condition()?);
                }
                // In `a AND b OR c`, the OR is left over and causes an error.
                if self.is("AND") || self.is("OR") {
                    return Err(self.unexpected());
                }
                return Ok(join(all));
            }
        }
        Ok(first)
    }

    fn simple_condition(&mut self) -> Result<Condition, SoqlError> {
        if self.kind() != &Kind::Sign("(") {
            let operand = self.operand()?;
            return Ok(Condition::Test(operand, self.test()?));
        }
        self.depth += 1;
        if self.depth > super::MAX_DEPTH {
            return Err(self.malformed("query is nested too deeply"));
        }
        self.advance();
        let condition = self.condition()?;
        self.expect_sign(")")?;
        self.depth -= 1;
        Ok(condition)
    }

    fn test(&mut self) -> Result<Test, SoqlError> {
        if let Some(comparator) = self.comparator() {
            return Ok(Test::Compare(comparator, self.literal()?));
        }
        if self.take("INCLUDES") {
            return Ok(Test::Includes(self.literals()?, false));
        }
        if self.take("EXCLUDES") {
            return Ok(Test::Includes(self.literals()?, true));
        }
        let negated = self.take("NOT");
        self.expect("IN")?;
        let opening = self.position;
        self.expect_sign("(")?;
        if self.is("SELECT") {
            let query = self.query(Place::SemiJoin)?;
            self.expect_sign(")")?;
            return Ok(Test::InQuery(Box::new(query), negated));
        }
        self.position = opening;
        Ok(Test::In(self.literals()?, negated))
    }

    fn comparator(&mut self) -> Option<Comparator> {
        let comparator = match self.kind() {
            Kind::Sign("=") => Comparator::Equal,
            Kind::Sign("!=" | "<>") => Comparator::NotEqual,
            Kind::Sign("<") => Comparator::Less,
            Kind::Sign("<=") => Comparator::LessOrEqual,
            Kind::Sign(">") => Comparator::Greater,
            Kind::Sign(">=") => Comparator::GreaterOrEqual,
            Kind::Word(word) if word.eq_ignore_ascii_case("LIKE") => Comparator::Like,
            _ => return None,
        };
        self.advance();
        Some(comparator)
    }

    fn literals(&mut self) -> Result<Vec<Literal>, SoqlError> {
        self.expect_sign("(")?;
        let literals = self.list(Self::literal)?;
        self.expect_sign(")")?;
        Ok(literals)
    }

    fn literal(&mut self) -> Result<Literal, SoqlError> {
        let at = self.at();
        let value = match self.kind() {
            Kind::Text(text) => LiteralValue::Text(text.clone()),
            Kind::Number(number) => dates::literal(number).ok_or_else(|| self.unexpected())?,
            Kind::Word(word) => match word.to_ascii_lowercase().as_str() {
                "null" => LiteralValue::Null,
                "true" => LiteralValue::Bool(true),
                "false" => LiteralValue::Bool(false),
                _ => return self.relative_date(at),
            },
            _ => return Err(self.unexpected()),
        };
        self.advance();
        Ok(Literal { value, at })
    }

    fn relative_date(&mut self, at: usize) -> Result<Literal, SoqlError> {
        let wrong = self.unexpected();
        let Kind::Word(name) = self.kind().clone() else {
            return Err(wrong);
        };
        self.advance();
        let mut number = None;
        if self.kind() == &Kind::Sign(":") {
            self.advance();
            let count = i32::try_from(self.count()?).map_err(|_| wrong.clone())?;
            number = Some(count);
        }
        let relative = dates::relative(&name, number).ok_or(wrong)?;
        Ok(Literal {
            value: LiteralValue::Relative(relative),
            at,
        })
    }
}
