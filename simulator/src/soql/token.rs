//! Splits SOQL into tokens and decodes string literals.

use super::ast::TextLiteral;
use super::error::SoqlError;

/// Maximum length of a string literal, in characters.
const MAX_LITERAL: usize = 4_000;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) at: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A name, a keyword or a dotted path.
    Word(String),
    /// Something that starts with a digit or a sign: a number, a date, a time.
    Number(String),
    Text(TextLiteral),
    /// An operator or a bracket.
    Sign(&'static str),
    End,
}

impl Kind {
    /// Returns the token for error messages.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Word(text) | Self::Number(text) => text.clone(),
            Self::Text(literal) => format!("'{}'", literal.text),
            Self::Sign(sign) => (*sign).to_owned(),
            Self::End => "<EOF>".to_owned(),
        }
    }
}

/// Longest first, so that `<=` is not read as `<`.
const SIGNS: &[&str] = &["!=", "<>", "<=", ">=", "(", ")", ",", "=", "<", ">", ":"];

pub(super) fn tokens(source: &str) -> Result<Vec<Token>, SoqlError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = source.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = source.get(at..).unwrap_or_default();
        let (kind, length) = if c.is_ascii_whitespace() {
            at += 1;
            continue;
        } else if c.is_ascii_alphabetic() || c == '_' {
            let word = run(rest, |c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
            (Kind::Word(word.to_owned()), word.len())
        } else if c.is_ascii_digit() || matches!(c, '+' | '-' | '.') {
            let number = run(rest, |c| c.is_ascii_alphanumeric() || "+-.:".contains(c));
            (Kind::Number(number.to_owned()), number.len())
        } else if c == '\'' {
            let (literal, length) = text(source, at)?;
            (Kind::Text(literal), length)
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Kind::Sign(sign), sign.len())
        } else {
            let message = format!("unexpected token: {c}");
            return Err(SoqlError::malformed(source, at, &message));
        };
        tokens.push(Token { kind, at });
        at += length;
    }
    tokens.push(Token {
        kind: Kind::End,
        at: source.len(),
    });
    Ok(tokens)
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> &str {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    text.get(..end).unwrap_or(text)
}

/// Parses a string literal. Also returns its length in the source.
fn text(source: &str, start: usize) -> Result<(TextLiteral, usize), SoqlError> {
    let wrong = |at: usize, message: &str| SoqlError::malformed(source, start + at, message);
    let body = source.get(start..).unwrap_or_default();
    let mut literal = TextLiteral::default();
    let mut chars = body.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' => {
                if literal.text.chars().count() > MAX_LITERAL {
                    return Err(wrong(0, "string literal is longer than 4000 characters"));
                }
                return Ok((literal, at + 1));
            }
            '\0' => return Err(wrong(at, "unexpected character: NUL")),
            '\n' | '\r' => return Err(wrong(at, "line breaks not allowed in string literals")),
            '\\' => {
                let escaped = chars.next().map(|(_, c)| c);
                let c = match escaped {
                    Some('u' | 'U') => {
                        let digits: String = chars.by_ref().take(4).map(|(_, c)| c).collect();
                        let code = Some(digits).filter(|digits| digits.len() == 4);
                        let code = code.and_then(|digits| u32::from_str_radix(&digits, 16).ok());
                        code.and_then(char::from_u32).filter(|c| *c != '\0')
                    }
                    Some(c) => unescape(c),
                    None => None,
                };
                let Some(c) = c else {
                    return Err(wrong(
                        at,
                        "invalid string literal: illegal character sequence",
                    ));
                };
                if matches!(escaped, Some('%' | '_')) {
                    literal.plain.push(literal.text.len());
                }
                literal.text.push(c);
            }
            c => literal.text.push(c),
        }
    }
    Err(wrong(
        0,
        "expecting a string literal terminated by a single quote, found: <EOF>",
    ))
}

fn unescape(c: char) -> Option<char> {
    Some(match c {
        'n' | 'N' => '\n',
        'r' | 'R' => '\r',
        't' | 'T' => '\t',
        'b' | 'B' => '\u{8}',
        'f' | 'F' => '\u{c}',
        '\'' | '"' | '\\' | '%' | '_' => c,
        _ => return None,
    })
}
