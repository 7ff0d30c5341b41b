//! Filters: `eq`, `co`, `sw`, `gt`, `and`, `or`. `and` does not bind more tightly than `or`, so a
//! filter with both needs parentheses. Source: Salesforce Help, "SCIM and REST API Reference Sheet".

use serde_json::Value as Json;

use super::error::ScimError;
use crate::org::Org;
use crate::org::id::Id;
use crate::org::value::Value;

/// A filter.
#[derive(Debug, PartialEq)]
pub(super) enum Filter {
    Compare {
        /// The path of the attribute, in lower case.
        path: String,
        op: Op,
        value: Json,
    },
    All(Vec<Filter>),
    Any(Vec<Filter>),
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Equal,
    Contains,
    StartsWith,
    Greater,
}

impl Filter {
    /// Parses a filter over attributes with these paths.
    pub(super) fn parse(text: &str, known: impl Fn(&str) -> bool) -> Result<Self, ScimError> {
        let mut parser = Parser {
            tokens: tokens(text)?,
            next: 0,
        };
        let filter = parser.clause()?;
        if parser.peek().is_some() {
            return Err(invalid("the filter does not end where it should"));
        }
        filter.check(&known)?;
        Ok(filter)
    }

    fn check(&self, known: &impl Fn(&str) -> bool) -> Result<(), ScimError> {
        match self {
            Self::Compare { path, .. } if known(path) => Ok(()),
            Self::Compare { path, .. } => {
                Err(invalid(&format!("{path} cannot be used in a filter")))
            }
            Self::All(parts) | Self::Any(parts) => parts.iter().try_for_each(|it| it.check(known)),
        }
    }

    /// Whether a resource fits, given the value of each attribute.
    pub(super) fn accepts(&self, value_of: &impl Fn(&str) -> Value) -> bool {
        match self {
            Self::Compare { path, op, value } => compare(&value_of(path), *op, value),
            Self::All(parts) => parts.iter().all(|part| part.accepts(value_of)),
            Self::Any(parts) => parts.iter().any(|part| part.accepts(value_of)),
        }
    }
}

fn compare(cell: &Value, op: Op, wanted: &Json) -> bool {
    match (cell, wanted) {
        (Value::Id(id), Json::String(text)) => match (op, Id::parse(text)) {
            (Op::Equal, Ok(other)) => *id == other,
            (Op::Greater, Ok(other)) => *id > other,
            (Op::Contains, _) => id.to_string().contains(text),
            (Op::StartsWith, _) => id.to_string().starts_with(text),
            (_, Err(_)) => false,
        },
        (Value::DateTime(moment), Json::String(text)) => {
            let (own, other) = (moment.timestamp(), Org::read_instant(text));
            match op {
                Op::Equal => other == Some(own),
                Op::Greater => other.is_some_and(|other| own > other),
                Op::Contains | Op::StartsWith => false,
            }
        }
        (Value::Text(own), Json::String(text)) => {
            let (own, text) = (own.to_lowercase(), text.to_lowercase());
            match op {
                Op::Equal => own == text,
                Op::Contains => own.contains(&text),
                Op::StartsWith => own.starts_with(&text),
                Op::Greater => own > text,
            }
        }
        (Value::Bool(own), Json::Bool(wanted)) => op == Op::Equal && own == wanted,
        _ => false,
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Open,
    Close,
    Word(String),
    Value(Json),
}

fn tokens(text: &str) -> Result<Vec<Token>, ScimError> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '"' => {
                let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Json>();
                let value = values.next().and_then(Result::ok);
                let value = value.ok_or_else(|| invalid("a text does not end"))?;
                (Token::Value(value), values.byte_offset())
            }
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || "()\"".contains(c));
                let word = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
                (Token::Word(word.to_owned()), word.len())
            }
        };
        found.push(token);
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    Ok(found)
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    fn take(&mut self) -> Result<Token, ScimError> {
        let token = self.peek().cloned();
        self.next += 1;
        token.ok_or_else(|| invalid("the filter ends too early"))
    }

    /// Parts that are joined by `and` only, or by `or` only.
    fn clause(&mut self) -> Result<Filter, ScimError> {
        let mut parts = vec![self.part()?];
        let mut joint: Option<String> = None;
        while let Some(Token::Word(word)) = self.peek().cloned() {
            let word = word.to_lowercase();
            if word != "and" && word != "or" {
                return Err(invalid(&format!("{word} is unexpected")));
            }
            if joint.as_ref().is_some_and(|known| *known != word) {
                return Err(invalid("put AND and OR of one clause into parentheses"));
            }
            joint = Some(word);
            self.next += 1;
            parts.push(self.part()?);
        }
        Ok(match (joint.as_deref(), parts.pop()) {
            (Some("or"), Some(last)) => Filter::Any(parts.into_iter().chain([last]).collect()),
            (None, Some(only)) => only,
            (_, last) => Filter::All(parts.into_iter().chain(last).collect()),
        })
    }

    fn part(&mut self) -> Result<Filter, ScimError> {
        let path = match self.take()? {
            Token::Open => {
                let inner = self.clause()?;
                return match self.take()? {
                    Token::Close => Ok(inner),
                    _ => Err(invalid("a parenthesis does not end")),
                };
            }
            Token::Word(path) => path.to_lowercase(),
            Token::Close | Token::Value(_) => return Err(invalid("an attribute is expected")),
        };
        let Token::Word(op) = self.take()? else {
            return Err(invalid("an operator is expected"));
        };
        let op = match op.to_lowercase().as_str() {
            "eq" => Op::Equal,
            "co" => Op::Contains,
            "sw" => Op::StartsWith,
            "gt" => Op::Greater,
            other => return Err(invalid(&format!("the operator {other} is not supported"))),
        };
        let value = match self.take()? {
            Token::Value(value) => value,
            Token::Word(word) => {
                serde_json::from_str(&word).map_err(|_| invalid("a value is expected"))?
            }
            Token::Open | Token::Close => return Err(invalid("a value is expected")),
        };
        Ok(Filter::Compare { path, op, value })
    }
}

fn invalid(reason: &str) -> ScimError {
    ScimError::bad("invalidFilter", format!("Invalid filter: {reason}."))
}
