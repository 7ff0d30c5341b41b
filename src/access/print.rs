//! How the rows of an answer are printed.

use serde_json::{Value as Json, json};

use super::held::Step;
use super::person::Person;
use super::question::Row;
use crate::records::{Branch, Record};

impl Record for Row<'_> {
    const COLUMNS: &'static [&'static str] = &[
        "person_id",
        "person_login",
        "person_name",
        "person_state",
        "entitlement_id",
        "type",
        "resource",
        "entitlement",
        "path",
        "gives",
        "expires_at",
        "session_activation_required",
    ];

    fn cells(&self) -> Vec<String> {
        let target = self.held.target().map(AsRef::as_ref);
        let of_target = |cell: fn(&Step) -> &String| target.map(cell).cloned().unwrap_or_default();
        vec![
            self.person.id.resource.clone(),
            self.person.login.clone(),
            self.person.name.clone(),
            self.person.state.as_str().to_owned(),
            of_target(|step| &step.entitlement),
            of_target(|step| &step.kind),
            of_target(|step| &step.name),
            of_target(|step| &step.slug),
            self.held.through_words(),
            self.gives.join(", "),
            self.held.limits.expires_at.clone().unwrap_or_default(),
            self.held.limits.needs_activation.to_string(),
        ]
    }

    fn object(&self) -> Json {
        json!({
            "person": person_json(self.person),
            "entitlement": self.held.target().map(|step| step_json(step)),
            "path": self.held.path.iter().map(|step| step_json(step)).collect::<Vec<_>>(),
            "gives": self.gives,
            "expires_at": self.held.limits.expires_at,
            "session_activation_required": self.held.limits.needs_activation,
        })
    }

    fn branch(&self) -> Branch {
        let target = self.held.target().map(ToString::to_string);
        let gives = match self.gives.as_slice() {
            [] => String::new(),
            some => format!(": {}", some.join(", ")),
        };
        Branch {
            heading: person_words(self.person),
            subheading: target.unwrap_or_default() + &gives,
            line: self.held.to_string(),
        }
    }
}

/// `Jane Roe (jane@acme.com, 005…, frozen)`
pub(crate) fn person_words(person: &Person) -> String {
    let id = &person.id.resource;
    let state = person.state.as_str();
    let known = [person.login.as_str(), id, state];
    let known: Vec<&str> = known.into_iter().filter(|word| !word.is_empty()).collect();
    format!("{} ({})", person.name, known.join(", "))
}

pub(crate) fn person_json(person: &Person) -> Json {
    json!({
        "id": person.id.resource,
        "login": person.login,
        "name": person.name,
        "state": person.state.as_str(),
    })
}

pub(crate) fn step_json(step: &Step) -> Json {
    json!({
        "entitlement_id": step.entitlement,
        "type": step.kind,
        "resource": step.name,
        "entitlement": step.slug,
    })
}
