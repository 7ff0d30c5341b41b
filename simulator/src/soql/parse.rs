//! A recursive descent parser for SOQL. Invalid queries give `MALFORMED_QUERY` with the position.

mod condition;
mod cursor;

use std::sync::Arc;

use super::ast::{
    Aggregate, FieldPath, FieldsScope, Function, Name, Operand, OrderBy, Query, SelectItem,
};
use super::error::SoqlError;
use super::token::{Kind, Token, tokens};
use cursor::is_reserved;

/// Maximum length of a query, in characters.
const MAX_LENGTH: usize = 100_000;
/// Maximum OFFSET.
const MAX_OFFSET: usize = 2_000;
/// Maximum nesting of parentheses and sub-queries; protects the stack.
const MAX_DEPTH: usize = 32;

/// Parses a SOQL query.
pub fn parse(text: &str) -> Result<Query, SoqlError> {
    if text.chars().count() > MAX_LENGTH {
        let message = "SOQL statements cannot be longer than 100000 characters.";
        return Err(SoqlError::new("MALFORMED_QUERY", message));
    }
    if text.trim().is_empty() {
        return Err(SoqlError::new(
            "MALFORMED_QUERY",
            "unexpected token: end of query",
        ));
    }
    let mut parser = Parser {
        source: text.into(),
        tokens: tokens(text)?,
        position: 0,
        depth: 0,
    };
    let query = parser.query(Place::Outer)?;
    if parser.kind() == &Kind::End {
        Ok(query)
    } else {
        Err(parser.unexpected())
    }
}

/// The position of a query; it decides which clauses are allowed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Outer,
    /// In the select list.
    Children,
    /// Behind `IN`.
    SemiJoin,
}

struct Parser {
    source: Arc<str>,
    tokens: Vec<Token>,
    position: usize,
    depth: usize,
}

impl Parser {
    fn query(&mut self, place: Place) -> Result<Query, SoqlError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.malformed("query is nested too deeply"));
        }
        self.expect("SELECT")?;
        let select = self.list(|parser| parser.select_item(place))?;
        self.expect("FROM")?;
        let from = self.object()?;
        let with_as = self.take("AS");
        let alias = if with_as || self.is_free_word() {
            Some(self.name()?.text)
        } else {
            None
        };
        let filter = if self.take("WHERE") {
            Some(self.condition()?)
        } else {
            None
        };
        let mut query = Query {
            source: Arc::clone(&self.source),
            select,
            from,
            alias,
            filter,
            group_by: Vec::new(),
            having: None,
            order_by: Vec::new(),
            limit: None,
            offset: 0,
        };
        if place == Place::Outer {
            self.grouping(&mut query)?;
        }
        if place != Place::SemiJoin {
            self.ordering(&mut query)?;
        }
        if place == Place::Outer {
            self.ending()?;
        }
        self.depth -= 1;
        Ok(query)
    }

    fn select_item(&mut self, place: Place) -> Result<SelectItem, SoqlError> {
        if self.kind() == &Kind::Sign("(") && place == Place::Outer {
            self.advance();
            let query = self.query(Place::Children)?;
            self.expect_sign(")")?;
            return Ok(SelectItem::Children(Box::new(query)));
        }
        let at = self.at();
        let path = self.path()?;
        if self.kind() != &Kind::Sign("(") {
            return Ok(SelectItem::Field(path, self.item_alias()?));
        }
        if path.last().eq_ignore_ascii_case("FIELDS") && path.names.len() == 1 {
            self.advance();
            let scope = self.fields_scope()?;
            self.expect_sign(")")?;
            return Ok(SelectItem::Fields(scope, at));
        }
        if place != Place::Outer {
            return Err(self.unexpected());
        }
        let function = self.function(&path)?;
        if function == Function::Count && self.kind() == &Kind::Sign(")") {
            self.advance();
            return Ok(SelectItem::Count);
        }
        let aggregate = self.argument(function)?;
        Ok(SelectItem::Aggregate(aggregate, self.item_alias()?))
    }

    fn item_alias(&mut self) -> Result<Option<Name>, SoqlError> {
        // A misspelt FROM is not an alias: the error of `SELECT Id FRM User` should point at FRM.
        let next = self.tokens.get(self.position + 1).map(|token| &token.kind);
        let ends_item = match next {
            Some(Kind::Word(word)) => word.eq_ignore_ascii_case("FROM"),
            Some(Kind::Sign(sign)) => *sign == ",",
            _ => false,
        };
        if ends_item && self.is_free_word() {
            self.name().map(Some)
        } else {
            Ok(None)
        }
    }

    fn fields_scope(&mut self) -> Result<FieldsScope, SoqlError> {
        for (word, scope) in [
            ("ALL", FieldsScope::All),
            ("STANDARD", FieldsScope::Standard),
            ("CUSTOM", FieldsScope::Custom),
        ] {
            if self.take(word) {
                return Ok(scope);
            }
        }
        Err(self.unexpected())
    }

    /// Returns the function of a name, and consumes the opening parenthesis.
    fn function(&mut self, name: &FieldPath) -> Result<Function, SoqlError> {
        let function = match name.last().to_ascii_uppercase().as_str() {
            "COUNT" => Function::Count,
            "COUNT_DISTINCT" => Function::CountDistinct,
            "MIN" => Function::Min,
            "MAX" => Function::Max,
            "SUM" => Function::Sum,
            "AVG" => Function::Avg,
            _ => return Err(self.unexpected()),
        };
        self.expect_sign("(")?;
        Ok(function)
    }

    fn argument(&mut self, function: Function) -> Result<Aggregate, SoqlError> {
        let path = self.path()?;
        self.expect_sign(")")?;
        Ok(Aggregate { function, path })
    }

    fn grouping(&mut self, query: &mut Query) -> Result<(), SoqlError> {
        if self.take("GROUP") {
            self.expect("BY")?;
            query.group_by = self.list(Self::path)?;
            if self.take("HAVING") {
                query.having = Some(self.condition()?);
            }
        }
        Ok(())
    }

    fn ordering(&mut self, query: &mut Query) -> Result<(), SoqlError> {
        if self.take("ORDER") {
            self.expect("BY")?;
            query.order_by = self.list(Self::order_key)?;
        }
        if self.take("LIMIT") {
            query.limit = Some(self.count()?);
        }
        if self.is("OFFSET") {
            let at = self.at();
            self.advance();
            query.offset = self.count()?;
            // `OauthToken` allows larger offsets. Source: Object Reference, "OauthToken": use LIMIT
            // 2500 OFFSET n after 2,500 rows.
            let unlimited = query.from.text.eq_ignore_ascii_case("OauthToken");
            if query.offset > MAX_OFFSET && !unlimited {
                let message = "Maximum SOQL offset allowed is 2000";
                let code = "NUMBER_OUTSIDE_VALID_RANGE";
                return Err(SoqlError::at(code, &self.source, at, message));
            }
        }
        Ok(())
    }

    fn order_key(&mut self) -> Result<OrderBy, SoqlError> {
        let operand = self.operand()?;
        let descending = !self.take("ASC") && self.take("DESC");
        let mut nulls_last = false;
        if self.take("NULLS") {
            nulls_last = self.take("LAST");
            if !nulls_last {
                self.expect("FIRST")?;
            }
        }
        Ok(OrderBy {
            operand,
            descending,
            nulls_last,
        })
    }

    /// `FOR VIEW`, `FOR REFERENCE` and `FOR UPDATE` are accepted and change nothing here. `ALL ROWS`
    /// is for Apex; over the API `queryAll` reads deleted rows.
    fn ending(&mut self) -> Result<(), SoqlError> {
        while self.take("FOR") {
            if !(self.take("VIEW") || self.take("REFERENCE") || self.take("UPDATE")) {
                return Err(self.unexpected());
            }
        }
        if self.is("ALL") {
            return Err(self.malformed("ALL ROWS not allowed in this context"));
        }
        Ok(())
    }

    fn operand(&mut self) -> Result<Operand, SoqlError> {
        let path = self.path()?;
        if self.kind() != &Kind::Sign("(") {
            return Ok(Operand::Field(path));
        }
        let function = self.function(&path)?;
        self.argument(function).map(Operand::Aggregate)
    }

    fn count(&mut self) -> Result<usize, SoqlError> {
        let Kind::Number(digits) = self.kind() else {
            return Err(self.unexpected());
        };
        let count = digits.parse().map_err(|_| self.unexpected())?;
        self.advance();
        Ok(count)
    }

    /// Parses the object of a FROM. `Group` and `Order` are both keywords and objects.
    fn object(&mut self) -> Result<Name, SoqlError> {
        if !(self.is("GROUP") || self.is("ORDER")) {
            return self.name();
        }
        let name = Name {
            text: self.kind().describe(),
            at: self.at(),
        };
        self.advance();
        if self.is("BY") {
            Err(self.unexpected())
        } else {
            Ok(name)
        }
    }

    fn path(&mut self) -> Result<FieldPath, SoqlError> {
        let Name { text, at } = self.dotted()?;
        let names: Vec<_> = text.split('.').map(str::to_owned).collect();
        if names.iter().any(String::is_empty) {
            return Err(SoqlError::malformed(
                &self.source,
                at,
                &format!("unexpected token: {text}"),
            ));
        }
        Ok(FieldPath { names, at })
    }

    fn name(&mut self) -> Result<Name, SoqlError> {
        let before = self.position;
        let name = self.dotted()?;
        if name.text.contains('.') {
            self.position = before;
            return Err(self.unexpected());
        }
        Ok(name)
    }

    fn dotted(&mut self) -> Result<Name, SoqlError> {
        let at = self.at();
        let Kind::Word(word) = self.kind() else {
            return Err(self.unexpected());
        };
        if is_reserved(word) {
            return Err(self.unexpected());
        }
        let text = word.clone();
        self.advance();
        Ok(Name { text, at })
    }
}
