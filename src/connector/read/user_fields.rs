//! The fields of User that the configuration adds, as the org describes them.
//!
//! A field may be a path to a parent: `Manager.Name`. A name that the org does not have is an error.
//! One that it had before in this process is not: it was hidden or deleted since, and is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::baton::{Error, Result, Value};
use crate::nearest;
use crate::salesforce::describe::{FieldDescription, ObjectDescription};
use crate::salesforce::soql::FieldName;
use crate::salesforce::{Client, time};

const USER: &str = "User";
/// Relationships in one path. Source: SOQL and SOSL Reference, "Understanding Query Results for
/// Relationship Queries".
const MOST_HOPS: usize = 5;
/// Names that an error suggests.
const SUGGESTED: usize = 3;
/// Fields whose parts are fields too, or that cannot be shown.
const COMPOUND: &[&str] = &["address", "location", "complexvalue"];
const OPAQUE: &[&str] = &["base64", "anyType", "json"];

/// How values of a field are shown. From a result of Bulk API 2.0, all of them come as texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    AsIs,
    Flag,
    Number,
    Time,
    /// Several values, with semicolons between them.
    Several,
}

/// How the values of the fields are shown, by path in lower case, each with the org's own spelling of
/// the path.
#[derive(Debug, Default)]
pub(in crate::connector) struct Shapes(BTreeMap<String, (String, Shape)>);

/// What is known of the fields.
#[derive(Default)]
pub(in crate::connector) struct UserFields {
    shapes: Mutex<Option<Arc<Shapes>>>,
    /// The paths that the org had.
    had: Mutex<BTreeSet<String>>,
}

impl Shapes {
    /// The path and the value as they are shown.
    pub(in crate::connector) fn shown(&self, path: String, value: Value) -> (String, Value) {
        let Some((path, shape)) = self.0.get(&path.to_lowercase()) else {
            return (path, value);
        };
        let value = match value {
            Value::Text(text) => shape.shown(text),
            value => value,
        };
        (path.clone(), value)
    }
}

impl Shape {
    fn shown(self, text: String) -> Value {
        match self {
            Self::AsIs => Value::Text(text),
            Self::Flag => match text.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                _ => Value::Text(text),
            },
            Self::Number => match text.parse() {
                Ok(number) => Value::Number(number),
                Err(_) => Value::Text(text),
            },
            Self::Time => {
                let time = time::parse(&text).map(|time| time.to_string());
                Value::Text(time.unwrap_or(text))
            }
            Self::Several => Value::List(text.split(';').map(Value::from).collect()),
        }
    }
}

impl UserFields {
    /// Checks the fields against the org: a call for each object. Returns what is left out.
    pub(in crate::connector) async fn check(
        &self,
        client: &Client,
        fields: &[FieldName],
    ) -> Result<Vec<String>> {
        if fields.is_empty() {
            return Ok(Vec::new());
        }
        let mut described = Described::default();
        let (mut shapes, mut problems, mut warnings) = (Shapes::default(), vec![], vec![]);
        for field in fields {
            let path = field.as_str();
            match described.shape(client, path).await {
                Ok(field) => {
                    shapes.0.insert(path.to_lowercase(), field);
                }
                Err(Flaw::Unreadable(warning)) => warnings.push(warning),
                Err(Flaw::Missing(problem)) if self.had.lock().contains(&path.to_lowercase()) => {
                    warnings.push(format!(
                        "{problem}; it was there before, and is left out now"
                    ));
                }
                Err(Flaw::Missing(problem) | Flaw::Unusable(problem)) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(Error::invalid(format!(
                "field user-custom-fields: {}",
                problems.join("; ")
            )));
        }
        self.had.lock().extend(shapes.0.keys().cloned());
        *self.shapes.lock() = Some(Arc::new(shapes));
        Ok(warnings)
    }

    /// How the values are shown. Checks the fields if that was not done in this process.
    pub(in crate::connector) async fn shapes(
        &self,
        client: &Client,
        fields: &[FieldName],
    ) -> Result<Arc<Shapes>> {
        let known = self.shapes.lock().clone();
        if let Some(shapes) = known {
            return Ok(shapes);
        }
        for warning in self.check(client, fields).await? {
            tracing::warn!(warning, "a field of --user-custom-fields is left out");
        }
        Ok(self.shapes.lock().clone().unwrap_or_default())
    }
}

/// What is wrong with a path.
enum Flaw {
    /// The org does not have it, or hides it.
    Missing(String),
    /// It cannot be shown.
    Unusable(String),
    /// Whether the org has it cannot be found out.
    Unreadable(String),
}

/// The descriptions of one check, by object in lower case.
#[derive(Default)]
struct Described(BTreeMap<String, Arc<ObjectDescription>>);

impl Described {
    /// The org's spelling of a path, and how its values are shown.
    async fn shape(&mut self, client: &Client, path: &str) -> Result<(String, Shape), Flaw> {
        let parts: Vec<&str> = path.split('.').collect();
        let (name, hops) = parts.split_last().unwrap_or((&path, &[]));
        if hops.len() > MOST_HOPS {
            return Err(Flaw::Unusable(format!(
                "{path} has {} relationships, and Salesforce allows {MOST_HOPS}",
                hops.len()
            )));
        }
        let mut object = self.object(client, path, USER).await?;
        let mut spelled = String::new();
        for hop in hops {
            let (relationship, parent) = parent(path, &object, hop)?;
            spelled.push_str(&relationship);
            spelled.push('.');
            object = self.object(client, path, &parent).await?;
        }
        match object.field(name) {
            Some(field) => Ok((spelled + &field.name, shape(path, field)?)),
            None => Err(unknown_field(path, &object, name)),
        }
    }

    async fn object(
        &mut self,
        client: &Client,
        path: &str,
        object: &str,
    ) -> Result<Arc<ObjectDescription>, Flaw> {
        let key = object.to_lowercase();
        if let Some(known) = self.0.get(&key) {
            return Ok(Arc::clone(known));
        }
        let unreadable = |why: &dyn std::fmt::Display| {
            Flaw::Unreadable(format!(
                "field user-custom-fields: {path} could not be checked, because {object} could \
                 not be described: {why}"
            ))
        };
        let name = FieldName::parse(object).map_err(|error| unreadable(&error))?;
        let described = client.describe(&name).await;
        let described = Arc::new(described.map_err(|error| unreadable(&error))?.value);
        self.0.insert(key, Arc::clone(&described));
        Ok(described)
    }
}

/// The relationship `hop` in the org's spelling, and the object that it leads to.
fn parent(path: &str, object: &ObjectDescription, hop: &str) -> Result<(String, String), Flaw> {
    let relationships = || {
        let fields = object.fields.iter();
        fields.filter_map(|field| Some((field.relationship_name.as_deref()?, field)))
    };
    let found = relationships().find(|(name, _)| name.eq_ignore_ascii_case(hop));
    let Some((relationship, field)) = found else {
        let names = relationships().map(|(name, _)| name);
        return Err(Flaw::Missing(format!(
            "{path}: {hop} is no relationship of {} in this org, or the connector's user may not \
             see it{}",
            object.name,
            suggested(hop, names)
        )));
    };
    match field.reference_to.as_slice() {
        [parent] => Ok((relationship.to_owned(), parent.clone())),
        parents => Err(Flaw::Unusable(format!(
            "{path}: {hop} of {} may lead to different objects ({}), so its fields are not known; \
             use {} instead",
            object.name,
            parents.join(", "),
            field.name
        ))),
    }
}

fn shape(path: &str, field: &FieldDescription) -> Result<Shape, Flaw> {
    match field.field_type.as_str() {
        "boolean" => Ok(Shape::Flag),
        _ if field.is_number() => Ok(Shape::Number),
        "datetime" => Ok(Shape::Time),
        "multipicklist" => Ok(Shape::Several),
        kind if COMPOUND.contains(&kind) => Err(Flaw::Unusable(format!(
            "{path} has several parts, which are fields of their own: name those, such as City \
             instead of Address"
        ))),
        kind if OPAQUE.contains(&kind) => Err(Flaw::Unusable(format!(
            "{path} is of the type {kind}, which cannot be shown"
        ))),
        _ => Ok(Shape::AsIs),
    }
}

fn unknown_field(path: &str, object: &ObjectDescription, name: &str) -> Flaw {
    let is_relationship = |field: &&FieldDescription| {
        let relationship = field.relationship_name.as_deref();
        relationship.is_some_and(|relationship| relationship.eq_ignore_ascii_case(name))
    };
    if let Some(field) = object.fields.iter().find(is_relationship) {
        return Flaw::Unusable(format!(
            "{path} is a relationship: add a field of the other object, such as {path}.Name, or use \
             {}",
            field.name
        ));
    }
    let names = object.fields.iter().map(|field| field.name.as_str());
    Flaw::Missing(format!(
        "{path}: {} has no field {name} in this org, or the connector's user may not see it{}",
        object.name,
        suggested(name, names)
    ))
}

fn suggested<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> String {
    match nearest::some(written, names, SUGGESTED).as_slice() {
        [] => String::new(),
        names => format!("; did you mean {}?", names.join(", ")),
    }
}
