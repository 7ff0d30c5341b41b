//! The value of each flag. A flag takes precedence over its variable, the variable over the config
//! file, the file over the default.
//!
//! Values may be secrets, so nothing here implements `Debug`.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::SecretString;

use super::flag::{Flag, Kind};
use super::flags;
use super::list;
use super::problem::Problems;

/// The texts of one flag: one for each time it was given.
pub(crate) type Texts = Vec<String>;

/// The values from one source: flag name → texts.
pub(crate) type Given = BTreeMap<&'static str, Texts>;

/// The values of all flags.
#[derive(Clone, Default)]
pub struct Values {
    given: Given,
    /// The flags whose values were read from standard input.
    piped: BTreeSet<&'static str>,
}

impl Values {
    /// Merges the sources; an earlier one takes precedence.
    pub(crate) fn merge(sources: impl IntoIterator<Item = Given>) -> Self {
        let mut given = Given::new();
        for source in sources {
            for (name, texts) in source {
                given.entry(name).or_insert(texts);
            }
        }
        Self {
            given,
            piped: BTreeSet::new(),
        }
    }

    /// Takes `text`, which was read from standard input, as the value of `flag`.
    pub(super) fn replace(&mut self, flag: &Flag, text: String) {
        self.given.insert(flag.name, vec![text]);
        self.piped.insert(flag.name);
    }

    /// The value of `flag`, if it was read from standard input.
    pub(super) fn piped(&self, flag: &Flag) -> Option<&str> {
        self.piped.get(flag.name).and_then(|_| self.last(flag))
    }

    /// A problem for each text that does not fit its flag.
    pub(crate) fn problems(&self) -> Problems {
        let mut problems = Problems::default();
        for flag in flags::all().filter(|flag| self.given.contains_key(flag.name)) {
            if self.is_blank(flag) {
                problems.push(format!(
                    "field {}: is empty: give it a value or leave it out",
                    flag.name
                ));
                continue;
            }
            let checked = match flag.kind {
                Kind::Switch(_) => self.try_switch(flag).map(drop),
                Kind::Number { .. } => self.try_number(flag).map(drop),
                Kind::List => self.try_list(flag).map(drop),
                Kind::Map => self.try_map(flag).map(drop),
                Kind::Text(_) | Kind::Upload { .. } | Kind::Token => Ok(()),
            };
            problems.keep(checked);
        }
        problems
    }

    /// Whether the flag has a value that is not empty, zero or false.
    pub(crate) fn is_set(&self, flag: &Flag) -> bool {
        match flag.kind {
            Kind::Switch(_) => self.given.contains_key(flag.name) && self.switch(flag),
            Kind::Number { .. } => self.given.contains_key(flag.name) && self.number(flag) != 0,
            Kind::List => !self.list(flag).is_empty(),
            Kind::Map => !self.map(flag).is_empty(),
            Kind::Text(_) | Kind::Upload { .. } | Kind::Token => {
                self.last(flag).is_some_and(|text| !text.is_empty())
            }
        }
    }

    /// Adds a problem if a required flag has no value.
    pub(super) fn require(&self, flag: &Flag, problems: &mut Problems) {
        if !self.is_set(flag) {
            problems.push(format!(
                "field {name} of type {type_name} is marked as required but it has a zero-value: \
                 set --{name} or {variable}",
                name = flag.name,
                type_name = flag.type_name(),
                variable = flag.variable(),
            ));
        }
    }

    /// The text, or the default if the text is empty.
    pub(crate) fn text<'a>(&'a self, flag: &'a Flag) -> &'a str {
        let default = if let Kind::Text(default) = flag.kind {
            default
        } else {
            ""
        };
        self.last(flag)
            .filter(|text| !text.is_empty())
            .unwrap_or(default)
    }

    /// The text, unless it is empty.
    pub(crate) fn optional(&self, flag: &Flag) -> Option<String> {
        Some(self.text(flag).to_owned()).filter(|text| !text.is_empty())
    }

    /// The text as a secret, unless it is empty.
    pub(crate) fn secret(&self, flag: &Flag) -> Option<SecretString> {
        self.optional(flag).map(SecretString::from)
    }

    /// The switch; off if the text is wrong, which [`Self::problems`] reports.
    pub(crate) fn switch(&self, flag: &Flag) -> bool {
        self.try_switch(flag).unwrap_or_default()
    }

    /// The number; 0 if the text is wrong, which [`Self::problems`] reports.
    pub(crate) fn number(&self, flag: &Flag) -> i64 {
        self.try_number(flag).unwrap_or_default()
    }

    /// The list; empty if the text is wrong, which [`Self::problems`] reports.
    pub(crate) fn list(&self, flag: &Flag) -> Vec<String> {
        self.try_list(flag).unwrap_or_default()
    }

    /// The map; empty if the text is wrong, which [`Self::problems`] reports.
    pub(crate) fn map(&self, flag: &Flag) -> BTreeMap<String, String> {
        self.try_map(flag).unwrap_or_default()
    }

    /// Whether the flag was given an empty text that means nothing. A required flag is reported as
    /// missing instead.
    fn is_blank(&self, flag: &Flag) -> bool {
        let texts = self.given.get(flag.name).map_or(&[][..], Vec::as_slice);
        !flag.may_be_empty && !flag.required && texts.iter().any(|text| text.trim().is_empty())
    }

    fn last(&self, flag: &Flag) -> Option<&str> {
        let text = self.given.get(flag.name)?.last()?;
        Some(flag.trim(text))
    }

    fn try_switch(&self, flag: &Flag) -> Result<bool, String> {
        let Kind::Switch(default) = flag.kind else {
            return Ok(false);
        };
        match self.last(flag) {
            None | Some("") => Ok(default),
            Some(text) => switch(text).ok_or_else(|| {
                let name = flag.name;
                format!("field {name}: expected true or false, such as --{name}=true")
            }),
        }
    }

    fn try_number(&self, flag: &Flag) -> Result<i64, String> {
        let Kind::Number {
            default,
            least,
            most,
        } = flag.kind
        else {
            return Ok(0);
        };
        let name = flag.name;
        let Some(text) = self.last(flag).filter(|text| !text.is_empty()) else {
            return Ok(default);
        };
        let number: i64 = text
            .parse()
            .map_err(|_| format!("field {name}: expected a whole number"))?;
        if number < least {
            let bound = "value must be greater than or equal to";
            return Err(format!("field {name}: {bound} {least} but got {number}"));
        }
        if number > most {
            let bound = "value must be less than or equal to";
            return Err(format!("field {name}: {bound} {most} but got {number}"));
        }
        Ok(number)
    }

    fn try_list(&self, flag: &Flag) -> Result<Vec<String>, String> {
        let mut all = Vec::new();
        for text in self.given.get(flag.name).into_iter().flatten() {
            let record = list::split(text.trim())
                .ok_or_else(|| format!("field {}: a quote is not closed", flag.name))?;
            all.extend(record.iter().map(|value| value.trim().to_owned()));
        }
        if all.iter().any(String::is_empty) {
            return Err(format!("field {}: a value in the list is empty", flag.name));
        }
        Ok(all)
    }

    fn try_map(&self, flag: &Flag) -> Result<BTreeMap<String, String>, String> {
        let mut all = BTreeMap::new();
        for text in self.given.get(flag.name).into_iter().flatten() {
            let pairs = list::pairs(text.trim())
                .map_err(|problem| format!("field {}: {problem}", flag.name))?;
            let trimmed = |text: String| text.trim().to_owned();
            all.extend(
                pairs
                    .into_iter()
                    .map(|(key, value)| (trimmed(key), trimmed(value))),
            );
        }
        Ok(all)
    }
}

/// The spellings of a switch, as Go reads them.
fn switch(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "True" | "TRUE" => Some(true),
        "0" | "f" | "F" | "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}
