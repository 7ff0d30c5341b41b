//! Reads the arguments of an invocation. Hosts check neither types nor presence.

use crate::baton::{ActionField, Error, Object, Result, Value};
use crate::connector::write::field_values::shown;
use crate::connector::write::user_state::person::user_id;
use crate::salesforce::SalesforceId;

/// The largest number of texts in a list.
const MAX_TEXTS: usize = 50;

/// What the host sent. Null counts as absent.
pub(super) struct Given<'a>(pub(super) &'a Object);

impl Given<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| **value != Value::Null)
    }

    /// Refuses unknown arguments, because a misspelt `dry_run` must not lead to a write.
    pub(super) fn refuse_unknown(&self, known: &[ActionField]) -> Result<()> {
        let unknown: Vec<_> = self
            .0
            .iter()
            .filter(|(name, value)| {
                **value != Value::Null && known.iter().all(|it| it.name != *name)
            })
            .map(|(name, _)| shown(name))
            .take(MAX_TEXTS)
            .collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = known.iter().map(|field| field.name).collect();
        Err(Error::invalid(format!(
            "unknown arguments: {}; this action takes {}",
            unknown.join(", "),
            names.join(", ")
        )))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn text(&self, name: &str) -> Result<&str> {
        match self.get(name) {
            Some(Value::Text(text)) if !text.is_empty() => Ok(text),
            None | Some(Value::Text(_)) => Err(Error::invalid(format!("missing {name}"))),
            Some(other) => Err(Error::invalid(format!(
                "{name} must be a text, it is {}",
                other.kind()
            ))),
        }
    }

    /// The id of a user.
    pub(super) fn user(&self, name: &str) -> Result<SalesforceId> {
        user_id(name, self.text(name)?)
    }

    /// A boolean. Texts such as "true" are refused.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(other) => Err(Error::invalid(format!(
                "{name} must be a boolean, it is {}",
                other.kind()
            ))),
        }
    }

    /// Several texts.
    pub(super) fn texts(&self, name: &str) -> Result<Option<Vec<&str>>> {
        let wrong = |kind: &str| {
            Err(Error::invalid(format!(
                "{name} must be a list of texts, it is {kind}"
            )))
        };
        let values = match self.get(name) {
            None => return Ok(None),
            Some(Value::List(values)) => values,
            Some(other) => return wrong(other.kind()),
        };
        if values.len() > MAX_TEXTS {
            return Err(Error::invalid(format!(
                "{name} may have {MAX_TEXTS} entries at most"
            )));
        }
        let mut texts = Vec::new();
        for value in values {
            match value.as_text() {
                Some(text) => texts.push(text),
                None => return wrong(&format!("a list with {}", value.kind())),
            }
        }
        Ok(Some(texts))
    }

    /// Values by name.
    pub(super) fn object(&self, name: &str) -> Result<&Object> {
        match self.get(name) {
            Some(Value::Object(object)) => Ok(object),
            None => Err(Error::invalid(format!("missing {name}"))),
            Some(other) => Err(Error::invalid(format!(
                "{name} must be an object, it is {}",
                other.kind()
            ))),
        }
    }
}
