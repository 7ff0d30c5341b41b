//! The content of the config file: YAML whose keys are flag names.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_saphyr::Spanned;

use crate::config::flag::{Flag, Kind};
use crate::config::problem::Problems;
use crate::config::values::Given;
use crate::config::{flags, list, nearest};

/// Reads the `text` of the file called `name`. Unknown keys go into `problems`; other mistakes are
/// the error.
pub(super) fn parse(text: &str, name: &str, problems: &mut Problems) -> Result<Given, String> {
    // A file of nothing but comments is a null document.
    let is_empty = |line: &str| line.is_empty() || line.starts_with('#') || line == "---";
    if text.lines().all(|line| is_empty(line.trim())) {
        return Ok(Given::new());
    }
    let current = Cell::new(None);
    let result = serde_saphyr::with_deserializer_from_str(text, |deserializer| {
        Document { current: &current }.deserialize(deserializer)
    });
    // The parser's own text quotes the file, and the file holds secrets: give only the place.
    let (given, unknown) = result.map_err(|error| {
        let place = error.location().map_or_else(String::new, |at| {
            format!(", line {}, column {}", at.line(), at.column())
        });
        match current.get() {
            Some(flag) => {
                format!(
                    "config file {name}{place}: key {}: expected {}",
                    flag.name,
                    expected(flag)
                )
            }
            None => format!(
                "config file {name}{place}: expected YAML with flag names as keys, each once"
            ),
        }
    })?;
    for key in unknown {
        problems.push(describe_unknown(name, &key));
    }
    Ok(given)
}

fn describe_unknown(name: &str, key: &Spanned<String>) -> String {
    let place = format!("config file {name}, line {}", key.referenced.line());
    let key = &key.value;
    // A text that cannot be a name may be a secret in the wrong place.
    let is_name = (1..=64).contains(&key.len())
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    match nearest::flag(key).filter(|_| is_name) {
        Some(flag) => format!("{place}: unknown key {key}: did you mean {flag}?"),
        None if is_name => format!("{place}: unknown key {key}"),
        None => format!("{place}: unknown key: expected the name of a flag"),
    }
}

const fn expected(flag: &Flag) -> &'static str {
    match flag.kind {
        Kind::Switch(_) => "true or false",
        Kind::Number { .. } => "a whole number",
        Kind::Text(_) | Kind::Upload { .. } => "a text",
        Kind::Token => "a text (a JSON object in quotes)",
        Kind::List => "a list of texts",
        Kind::Map => "a map of texts",
    }
}

/// One text or several.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    /// The values as one CSV record; `[]` gives none.
    fn into_text(self) -> Option<String> {
        match self {
            Self::One(text) => Some(text),
            Self::Many(values) if values.is_empty() => None,
            Self::Many(values) => Some(list::join(values.iter().map(String::as_str))),
        }
    }
}

/// Pairs in one text, or as a map.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum TextOrMap {
    Text(String),
    Map(BTreeMap<String, String>),
}

impl TextOrMap {
    /// The pairs as one CSV record; `{}` gives none.
    fn into_text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Map(pairs) if pairs.is_empty() => None,
            Self::Map(pairs) => {
                let pairs: Vec<String> = pairs
                    .iter()
                    .map(|(key, value)| format!("{key}={value}"))
                    .collect();
                Some(list::join(pairs.iter().map(String::as_str)))
            }
        }
    }
}

/// The whole file. `current` is the flag whose value is being read, for error messages.
struct Document<'a> {
    current: &'a Cell<Option<&'static Flag>>,
}

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = (Given, Vec<Spanned<String>>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = (Given, Vec<Spanned<String>>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of flag names to values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut given = Given::new();
        let mut unknown = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            let Some(flag) = flags::find(&key.value) else {
                map.next_value::<IgnoredAny>()?;
                unknown.push(key);
                continue;
            };
            self.current.set(Some(flag));
            let texts = match flag.kind {
                Kind::Switch(_) => map.next_value::<Option<bool>>()?.map(|on| on.to_string()),
                Kind::Number { .. } => map.next_value::<Option<i64>>()?.map(|n| n.to_string()),
                Kind::Text(_) | Kind::Upload { .. } | Kind::Token => map.next_value()?,
                Kind::List => map
                    .next_value::<Option<OneOrMany>>()?
                    .and_then(OneOrMany::into_text),
                Kind::Map => map
                    .next_value::<Option<TextOrMap>>()?
                    .and_then(TextOrMap::into_text),
            };
            self.current.set(None);
            given.extend(texts.map(|text| (flag.name, vec![text])));
        }
        Ok((given, unknown))
    }
}
