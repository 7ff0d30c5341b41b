//! Compares values: text ignoring case, ids in the org's collation, numbers by value.

use std::cmp::Ordering;

use crate::org::value::Value;

/// Compares two values. Null comes first.
pub(super) fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Text(a), Value::Text(b)) => order_text(a, b),
        (Value::Id(a), Value::Id(b)) => a.cmp(b),
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::DateTime(a), Value::DateTime(b)) => a.cmp(b),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) => Ordering::Less,
        (_, Value::Null) => Ordering::Greater,
        _ => match (number(a), number(b)) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            // Types are checked before; other combinations do not occur.
            _ => Ordering::Equal,
        },
    }
}

/// The value as a number.
#[expect(
    clippy::cast_precision_loss,
    reason = "Salesforce's own numbers are doubles"
)]
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number) => Some(*number as f64),
        Value::Double(number) => Some(*number),
        _ => None,
    }
}

fn order_text(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() {
        return a
            .bytes()
            .map(|byte| byte.to_ascii_lowercase())
            .cmp(b.bytes().map(|byte| byte.to_ascii_lowercase()));
    }
    let fold = |text: &str| text.to_lowercase();
    fold(a).cmp(&fold(b))
}

/// A compiled `LIKE` pattern.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Vec<Part>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// This character, in lower case.
    Char(char),
    /// Any one character.
    One,
    /// Any number of characters.
    Any,
}

impl Pattern {
    /// Compiles a pattern. `plain` contains the byte offsets of escaped wildcards.
    pub(super) fn new(text: &str, plain: &[usize]) -> Self {
        let mut parts = Vec::new();
        for (at, c) in text.char_indices() {
            match c {
                '%' if !plain.contains(&at) => parts.push(Part::Any),
                '_' if !plain.contains(&at) => parts.push(Part::One),
                c => parts.extend(c.to_lowercase().map(Part::Char)),
            }
        }
        Self(parts)
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.to_lowercase().chars().collect();
        // Backtracks to the last `%` only, so the time is never exponential.
        let (mut part, mut at) = (0, 0);
        let mut retry: Option<(usize, usize)> = None;
        loop {
            match (self.0.get(part), text.get(at)) {
                (Some(Part::Any), _) => {
                    retry = Some((part, at));
                    part += 1;
                    continue;
                }
                (Some(Part::One), Some(_)) => {
                    (part, at) = (part + 1, at + 1);
                    continue;
                }
                (Some(Part::Char(expected)), Some(c)) if expected == c => {
                    (part, at) = (part + 1, at + 1);
                    continue;
                }
                (None, None) => return true,
                _ => {}
            }
            let Some((any, from)) = retry else {
                return false;
            };
            if from >= text.len() {
                return false;
            }
            retry = Some((any, from + 1));
            (part, at) = (any + 1, from + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("a%", "Alice", true)]
    #[test_case("%ice", "Alice", true)]
    #[test_case("%l%c%", "Alice", true)]
    #[test_case("a_ice", "Alice", true)]
    #[test_case("a_ice", "Aice", false)]
    #[test_case("alice", "Alice B", false)]
    #[test_case("%", "", true)]
    #[test_case("%%b", "aab", true)]
    #[test_case("é%", "Éa", true; "letters beyond ascii")]
    fn like_knows_its_wildcards(pattern: &str, text: &str, matches: bool) {
        assert_eq!(Pattern::new(pattern, &[]).matches(text), matches);
    }

    #[test]
    fn an_escaped_wildcard_is_an_ordinary_character() {
        assert!(!Pattern::new("a_b", &[1]).matches("axb"));
        assert!(Pattern::new("a_b", &[1]).matches("a_b"));
    }
}
