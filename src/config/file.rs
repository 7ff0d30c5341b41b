//! The config file: YAML whose keys are flag names.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::flag::{Flag, Kind};
use super::values::Given;
use super::{flags, list};

/// The variable that names the file.
pub(crate) const VARIABLE: &str = "BATON_CONFIG_PATH";

/// The file that is read if none is named.
const DEFAULT: &str = ".baton.yaml";

/// What a file gives, and the keys in it that are no flags.
#[derive(Default)]
pub(crate) struct FileValues {
    pub(crate) given: Given,
    pub(crate) warnings: Vec<String>,
}

/// Reads the file that `named` names, or `.baton.yaml` in `directory` if there is one.
pub(crate) fn read(named: Option<&str>, directory: &Path) -> Result<FileValues, String> {
    let Some(named) = named else {
        return read_default(&directory.join(DEFAULT));
    };
    let path = directory.join(named);
    let extension = path
        .extension()
        .and_then(std::ffi::OsStr::to_str)
        .unwrap_or_default();
    if !matches!(extension, "yaml" | "yml") {
        return Err(format!(
            "config file {named} ({VARIABLE}): expected a .yaml or .yml file"
        ));
    }
    let text = std::fs::read_to_string(&path)
        .map_err(|error| format!("config file {named} ({VARIABLE}): {error}"))?;
    parse(&text, Path::new(named))
}

/// A default file that is absent or unreadable was not asked for.
fn read_default(path: &PathBuf) -> Result<FileValues, String> {
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&text, Path::new(DEFAULT)),
        Err(_) => Ok(FileValues::default()),
    }
}

fn parse(text: &str, path: &Path) -> Result<FileValues, String> {
    let path = path.display();
    // A file of nothing but comments is a null document.
    let is_empty = |line: &str| line.is_empty() || line.starts_with('#') || line == "---";
    if text.lines().all(|line| is_empty(line.trim())) {
        return Ok(FileValues::default());
    }
    let current = Cell::new(None);
    let result = serde_saphyr::with_deserializer_from_str(text, |deserializer| {
        Document { current: &current }.deserialize(deserializer)
    });
    // The parser's own text quotes the file, and the file holds secrets: only the place is told.
    let (given, unknown) = result.map_err(|error| {
        let place = error.location().map_or_else(String::new, |at| {
            format!(", line {}, column {}", at.line(), at.column())
        });
        match current.get() {
            Some(flag) => {
                format!(
                    "config file {path}{place}: key {}: expected {}",
                    flag.name,
                    expected(flag)
                )
            }
            None => format!("config file {path}{place}: expected YAML with flag names as keys"),
        }
    })?;
    let warnings = unknown
        .iter()
        .map(|key| match nearest(key) {
            Some(flag) => format!("config file {path}: unknown key {key}: did you mean {flag}?"),
            None => format!("config file {path}: unknown key {key}"),
        })
        .collect();
    Ok(FileValues { given, warnings })
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

/// The flag whose name is most like `key`, if it is like it at all.
fn nearest(key: &str) -> Option<&'static str> {
    let key = key.to_lowercase().replace('_', "-");
    flags::all()
        .map(|flag| (distance(&key, flag.name), flag.name))
        .filter(|(edits, name)| *edits <= name.len() / 3)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, name)| name)
}

/// How many letters must be added, dropped or changed to turn one name into the other.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, a) in from.bytes().enumerate() {
        let mut corner = line;
        let mut left = line + 1;
        for (b, cell) in to.bytes().zip(row.iter_mut().skip(1)) {
            let above = *cell;
            let changed = corner + usize::from(a != b);
            left = changed.min(above + 1).min(left + 1);
            corner = above;
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(from.len())
}

/// One text or several.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn into_text(self) -> String {
        match self {
            Self::One(text) => text,
            Self::Many(values) => list::join(values.iter().map(String::as_str)),
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
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Map(pairs) => {
                let pairs: Vec<String> = pairs
                    .iter()
                    .map(|(key, value)| format!("{key}={value}"))
                    .collect();
                list::join(pairs.iter().map(String::as_str))
            }
        }
    }
}

/// The whole file. `current` is the flag whose value is being read, for error messages.
struct Document<'a> {
    current: &'a Cell<Option<&'static Flag>>,
}

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = (Given, Vec<String>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = (Given, Vec<String>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of flag names to values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut given = Given::new();
        let mut unknown = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let Some(flag) = flags::find(&key) else {
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
                    .map(OneOrMany::into_text),
                Kind::Map => map
                    .next_value::<Option<TextOrMap>>()?
                    .map(TextOrMap::into_text),
            };
            self.current.set(None);
            given.extend(texts.map(|text| (flag.name, vec![text])));
        }
        Ok((given, unknown))
    }
}
