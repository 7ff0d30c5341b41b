//! What was given for each flag, and by whom: flag over variable over file over default.
//!
//! The texts in here may be secrets, therefore nothing in here can be printed.

use std::collections::BTreeMap;

use secrecy::SecretString;

use super::flag::{Flag, Kind};
use super::flags;
use super::list;
use super::problem::Problems;

/// The raw texts of one flag: one for each time it was given.
pub(crate) type Texts = Vec<String>;

/// What one source gives: flag name → texts.
pub(crate) type Given = BTreeMap<&'static str, Texts>;

/// The values of all flags.
#[derive(Clone, Default)]
pub struct Values {
    given: Given,
}

impl Values {
    /// Joins the sources; an earlier one wins.
    pub(crate) fn merge(sources: impl IntoIterator<Item = Given>) -> Self {
        let mut given = Given::new();
        for source in sources {
            for (name, texts) in source {
                given.entry(name).or_insert(texts);
            }
        }
        Self { given }
    }

    /// What the environment gives. An empty variable counts as unset.
    pub(crate) fn from_variables(variables: &[(String, String)]) -> Given {
        let variables: BTreeMap<&str, &str> = variables
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        flags::all()
            .filter_map(|flag| {
                let value = variables.get(flag.variable().as_str())?;
                Some((flag.name, vec![(*value).to_owned()]))
            })
            .collect()
    }

    /// The values whose texts do not fit their flags.
    pub(crate) fn problems(&self) -> Problems {
        let mut problems = Problems::default();
        for flag in flags::all().filter(|flag| self.given.contains_key(flag.name)) {
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

    /// Whether the flag has a value other than the empty one.
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

    /// The text, or the default. An empty text counts as unset.
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

    /// The switch; its default where the text is wrong ([`Self::problems`] tells).
    pub(crate) fn switch(&self, flag: &Flag) -> bool {
        self.try_switch(flag).unwrap_or_default()
    }

    /// The number; 0 where the text is wrong ([`Self::problems`] tells).
    pub(crate) fn number(&self, flag: &Flag) -> i64 {
        self.try_number(flag).unwrap_or_default()
    }

    /// The list; empty where the text is wrong ([`Self::problems`] tells).
    pub(crate) fn list(&self, flag: &Flag) -> Vec<String> {
        self.try_list(flag).unwrap_or_default()
    }

    /// The map; empty where the text is wrong ([`Self::problems`] tells).
    pub(crate) fn map(&self, flag: &Flag) -> BTreeMap<String, String> {
        self.try_map(flag).unwrap_or_default()
    }

    fn last(&self, flag: &Flag) -> Option<&str> {
        self.given.get(flag.name)?.last().map(String::as_str)
    }

    fn try_switch(&self, flag: &Flag) -> Result<bool, String> {
        let Kind::Switch(default) = flag.kind else {
            return Ok(false);
        };
        match self.last(flag) {
            None | Some("") => Ok(default),
            Some(text) => {
                switch(text).ok_or_else(|| format!("field {}: expected true or false", flag.name))
            }
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
            .trim()
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
            let record = list::split(text)
                .ok_or_else(|| format!("field {}: a quote is not closed", flag.name))?;
            all.extend(record);
        }
        Ok(all)
    }

    fn try_map(&self, flag: &Flag) -> Result<BTreeMap<String, String>, String> {
        let mut all = BTreeMap::new();
        for text in self.given.get(flag.name).into_iter().flatten() {
            all.extend(
                list::pairs(text).map_err(|problem| format!("field {}: {problem}", flag.name))?,
            );
        }
        Ok(all)
    }
}

/// The spellings of a switch in a variable or a file.
fn switch(text: &str) -> Option<bool> {
    match text.trim() {
        "1" | "t" | "T" | "true" | "True" | "TRUE" => Some(true),
        "0" | "f" | "F" | "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}
