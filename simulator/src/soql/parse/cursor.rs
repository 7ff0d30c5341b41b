//! Access to the tokens of a query.

use super::Parser;
use crate::soql::error::SoqlError;
use crate::soql::token::Kind;

/// Words that cannot be an alias.
const RESERVED: &[&str] = &[
    "AND", "ASC", "DESC", "EXCLUDES", "FOR", "FROM", "GROUP", "HAVING", "IN", "INCLUDES", "LIKE",
    "LIMIT", "NOT", "NULL", "NULLS", "OFFSET", "OR", "ORDER", "SELECT", "USING", "WHERE", "WITH",
    "ALL", "UPDATE",
];

impl Parser {
    /// Parses one or more items, separated by commas.
    pub(super) fn list<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, SoqlError>,
    ) -> Result<Vec<T>, SoqlError> {
        let mut items = vec![item(self)?];
        while self.kind() == &Kind::Sign(",") {
            self.advance();
            items.push(item(self)?);
        }
        Ok(items)
    }

    pub(super) fn kind(&self) -> &Kind {
        self.tokens
            .get(self.position)
            .map_or(&Kind::End, |token| &token.kind)
    }

    pub(super) fn at(&self) -> usize {
        self.tokens
            .get(self.position)
            .map_or(self.source.len(), |token| token.at)
    }

    pub(super) fn advance(&mut self) {
        self.position += 1;
    }

    pub(super) fn is(&self, keyword: &str) -> bool {
        matches!(self.kind(), Kind::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    pub(super) fn is_free_word(&self) -> bool {
        matches!(self.kind(), Kind::Word(word) if !is_reserved(word))
    }

    pub(super) fn take(&mut self, keyword: &str) -> bool {
        let found = self.is(keyword);
        if found {
            self.advance();
        }
        found
    }

    pub(super) fn expect(&mut self, keyword: &str) -> Result<(), SoqlError> {
        if self.take(keyword) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    pub(super) fn expect_sign(&mut self, sign: &'static str) -> Result<(), SoqlError> {
        if self.kind() == &Kind::Sign(sign) {
            self.advance();
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    pub(super) fn unexpected(&self) -> SoqlError {
        self.malformed(&format!("unexpected token: {}", self.kind().describe()))
    }

    pub(super) fn malformed(&self, message: &str) -> SoqlError {
        SoqlError::malformed(&self.source, self.at(), message)
    }
}

pub(super) fn is_reserved(word: &str) -> bool {
    RESERVED
        .iter()
        .any(|reserved| reserved.eq_ignore_ascii_case(word))
}
