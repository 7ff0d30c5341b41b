//! How changes are printed.

use serde_json::{Map, Value as Json, json};

use super::change::{Access, Change, Count, Named, PersonChange};
use crate::access::{Held, Person, State, Step, person_json, person_words, step_json};
use crate::records::{Branch, Record};

/// A change in parts, for a table.
#[derive(Default)]
struct Parts<'a> {
    /// What kind of change it is.
    change: &'static str,
    person: Option<&'a Person>,
    step: Option<&'a Step>,
    /// A resource that is no entitlement.
    on: Option<&'a Named>,
    paths: Vec<&'a Held>,
    gives: &'a [String],
    from: String,
    to: String,
}

impl Change {
    fn parts(&self) -> Parts<'_> {
        match self {
            Self::OfPerson { person, what } => Parts {
                person: Some(person),
                ..what.parts()
            },
            Self::Seats {
                on,
                count,
                from,
                to,
            } => Parts {
                change: match count {
                    Count::Purchased => "purchased_seats_changed",
                    Count::Consumed => "consumed_seats_changed",
                },
                on: Some(on),
                from: number(*from),
                to: number(*to),
                ..Parts::default()
            },
            Self::Permissions { on, from, to } => Parts {
                change: "permissions_changed",
                on: Some(on),
                from: from.join(", "),
                to: to.join(", "),
                ..Parts::default()
            },
            Self::NotCompared { is_in_new, .. } => Parts {
                change: "not_compared",
                from: synced(!is_in_new),
                to: synced(*is_in_new),
                ..Parts::default()
            },
        }
    }
}

impl PersonChange {
    fn parts(&self) -> Parts<'_> {
        let change = self.word();
        let none = Parts {
            change,
            ..Parts::default()
        };
        match self {
            Self::Came | Self::Went => none,
            Self::State { from, to } => Parts {
                from: from.as_str().to_owned(),
                to: to.as_str().to_owned(),
                ..none
            },
            Self::Profile { from, to } | Self::Role { from, to } => Parts {
                step: to.as_deref().or(from.as_deref()),
                from: from
                    .as_ref()
                    .map(|step| step.name.clone())
                    .unwrap_or_default(),
                to: to
                    .as_ref()
                    .map(|step| step.name.clone())
                    .unwrap_or_default(),
                ..none
            },
            Self::Gained(Access { step, ways, gives })
            | Self::Lost(Access { step, ways, gives }) => Parts {
                step: Some(step),
                paths: ways.iter().collect(),
                gives,
                ..none
            },
            Self::Ways { step, lost, gained } => Parts {
                step: Some(step),
                from: words(lost),
                to: words(gained),
                ..none
            },
            Self::Limits { step, from, to } => Parts {
                step: Some(step),
                from: from.to_string(),
                to: to.to_string(),
                ..none
            },
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Came => "account_came",
            Self::Went => "account_went",
            Self::State { from, to } => match (from, to) {
                (_, State::Frozen) => "account_frozen",
                (_, State::Deactivated) => "account_deactivated",
                (State::Deactivated, _) => "account_reactivated",
                _ => "account_unfrozen",
            },
            Self::Profile { .. } => "profile_changed",
            Self::Role { .. } => "role_changed",
            Self::Gained(_) => "access_gained",
            Self::Lost(_) => "access_lost",
            Self::Ways { .. } => "path_changed",
            Self::Limits { .. } => "limits_changed",
        }
    }
}

fn number(count: Option<u64>) -> String {
    count.map(|count| count.to_string()).unwrap_or_default()
}

fn synced(is_synced: bool) -> String {
    if is_synced { "synced" } else { "not synced" }.to_owned()
}

fn words(ways: &[Held]) -> String {
    let ways: Vec<String> = ways.iter().map(Held::to_string).collect();
    ways.join("; ")
}

impl Record for Change {
    const COLUMNS: &'static [&'static str] = &[
        "change",
        "person_id",
        "person_login",
        "person_name",
        "person_state",
        "entitlement_id",
        "type",
        "resource",
        "entitlement",
        "paths",
        "gives",
        "from",
        "to",
    ];

    fn cells(&self) -> Vec<String> {
        let parts = self.parts();
        let person = |cell: fn(&Person) -> String| parts.person.map(cell).unwrap_or_default();
        let step = |cell: fn(&Step) -> &String| parts.step.map(cell).cloned();
        let on = |cell: fn(&Named) -> &String| parts.on.map(cell).cloned();
        let not_compared = match self {
            Self::NotCompared { kind, .. } => Some(kind.clone()),
            _ => None,
        };
        let paths: Vec<String> = parts.paths.iter().map(ToString::to_string).collect();
        let kind = step(|step| &step.kind)
            .or_else(|| on(|on| &on.kind))
            .or(not_compared);
        let name = step(|step| &step.name).or_else(|| on(|on| &on.name));
        vec![
            parts.change.to_owned(),
            person(|person| person.id.resource.clone()),
            person(|person| person.login.clone()),
            person(|person| person.name.clone()),
            person(|person| person.state.as_str().to_owned()),
            step(|step| &step.entitlement).unwrap_or_default(),
            kind.unwrap_or_default(),
            name.unwrap_or_default(),
            step(|step| &step.slug).unwrap_or_default(),
            paths.join("; "),
            parts.gives.join(", "),
            parts.from,
            parts.to,
        ]
    }

    fn object(&self) -> Json {
        let parts = self.parts();
        let path = |held: &&Held| -> Json {
            let steps = held.path.iter();
            let steps: Vec<Json> = steps.map(|step| step_json(step)).collect();
            json!({
                "path": steps,
                "expires_at": held.limits.expires_at,
                "session_activation_required": held.limits.needs_activation,
            })
        };
        let mut object = Map::new();
        let mut add = |key: &str, value: Json| {
            object.insert(key.to_owned(), value);
        };
        add("change", json!(parts.change));
        if let Some(person) = parts.person {
            add("person", person_json(person));
        }
        if let Some(step) = parts.step {
            add("entitlement", step_json(step));
        }
        if let Some(on) = parts.on {
            let resource = json!({ "id": on.id, "type": on.kind, "resource": on.name });
            add("resource", resource);
        }
        match self {
            Self::OfPerson { what, .. } => match what {
                PersonChange::Gained(access) | PersonChange::Lost(access) => {
                    add(
                        "paths",
                        access.ways.iter().map(|held| path(&held)).collect(),
                    );
                    add("gives", json!(access.gives));
                }
                PersonChange::Ways { lost, gained, .. } => {
                    add("paths_lost", lost.iter().map(|held| path(&held)).collect());
                    add(
                        "paths_gained",
                        gained.iter().map(|held| path(&held)).collect(),
                    );
                }
                PersonChange::Limits { from, to, .. } => {
                    let limits = |limits: &crate::access::Limits| {
                        json!({
                            "expires_at": limits.expires_at,
                            "session_activation_required": limits.needs_activation,
                        })
                    };
                    add("from", limits(from));
                    add("to", limits(to));
                }
                PersonChange::Profile { from, to } | PersonChange::Role { from, to } => {
                    add("from", json!(from.as_deref().map(step_json)));
                    add("to", json!(to.as_deref().map(step_json)));
                }
                PersonChange::State { .. } => {
                    add("from", json!(parts.from));
                    add("to", json!(parts.to));
                }
                PersonChange::Came | PersonChange::Went => {}
            },
            Self::Seats { from, to, .. } => {
                add("from", json!(from));
                add("to", json!(to));
            }
            Self::Permissions { from, to, .. } => {
                add("from", json!(from));
                add("to", json!(to));
            }
            Self::NotCompared { id, kind, .. } => {
                add("resource_type", json!({ "id": id, "type": kind }));
                add("from", json!(parts.from));
                add("to", json!(parts.to));
            }
        }
        object.into()
    }

    fn branch(&self) -> Branch {
        let parts = self.parts();
        let change = parts.change.replace('_', " ");
        let gives = match parts.gives {
            [] => String::new(),
            some => format!(": {}", some.join(", ")),
        };
        let what = match (parts.step, parts.on) {
            (Some(step), _) => format!("{change}: {step}{gives}"),
            (None, Some(on)) => format!("{change}: {} {}", on.kind, on.name),
            (None, None) => change,
        };
        let heading = match (self, parts.person) {
            (_, Some(person)) => person_words(person),
            (Self::NotCompared { kind, .. }, _) => kind.clone(),
            (Self::Seats { .. }, _) => "Seats".to_owned(),
            _ => "Strong permissions".to_owned(),
        };
        let line = if parts.paths.is_empty() && (!parts.from.is_empty() || !parts.to.is_empty()) {
            let shown = |text: String| {
                if text.is_empty() {
                    "none".to_owned()
                } else {
                    text
                }
            };
            format!("{} -> {}", shown(parts.from), shown(parts.to))
        } else {
            let paths: Vec<String> = parts.paths.iter().map(ToString::to_string).collect();
            paths.join("; ")
        };
        Branch {
            heading,
            subheading: what,
            line,
        }
    }
}
