//! From the permissions of the user and the objects of the org to one check for each capability.
//!
//! "Allowed" is never a guess: the permission was seen, and the objects were read.

use std::collections::BTreeMap;

use super::capability::{Capability, Need, Strength};
use super::permission::Permission;
use super::rights::Rights;
use super::table::CAPABILITIES;
use crate::doctor::{Check, State, Weight};
use crate::salesforce::{ErrorCode, Result};

/// Objects that many orgs do not have, and need not have.
const FEATURES: &[&str] = &["Territory2", "BotDefinition"];

/// What is known of an org and of the connector's user.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) rights: Rights,
    /// Why the permissions are not known, if they are not.
    pub(super) rights_unknown: Option<String>,
    /// Whether one row of each object could be read.
    pub(super) objects: BTreeMap<&'static str, Result<()>>,
}

/// How far a need is met.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Met {
    Yes,
    No,
    /// The org does not show one of the permissions.
    Unseen,
}

/// How an object was found.
enum Object {
    Readable,
    Absent,
    Refused(String),
    Unknown,
}

impl Findings {
    /// The check of one capability.
    pub(super) fn check(&self, capability: &Capability) -> Check {
        let check = Check::new(capability.id, self.state(capability));
        let check = self.explain(capability, check);
        let is_moot = match check.state {
            State::Absent => self.lacks_feature(capability),
            state => capability.is_option() && state == State::Unknown,
        };
        if is_moot {
            check.weighing(Weight::Note)
        } else {
            check
        }
    }

    /// The needs of a capability that are not met although Salesforce documents them.
    pub(super) fn lacking<'a>(&self, capability: &'a Capability) -> impl Iterator<Item = &'a Need> {
        let is_lacking =
            |need: &&Need| need.strength == Strength::Documented && self.met(need) == Met::No;
        capability.needs.iter().filter(is_lacking)
    }

    /// Whether Salesforce refuses to show an object.
    pub(super) fn is_refused(&self, object: &str) -> bool {
        matches!(self.object(object), Object::Refused(_) | Object::Absent)
    }

    /// Whether it is about something that the org need not have and does not have.
    fn lacks_feature(&self, capability: &Capability) -> bool {
        let mut features = capability
            .objects
            .iter()
            .filter(|name| FEATURES.contains(name));
        features.any(|name| matches!(self.object(name), Object::Absent))
    }

    fn met(&self, need: &Need) -> Met {
        let mut met = Met::No;
        for permission in need.any_of {
            match self.rights.has(permission) {
                Some(true) => return Met::Yes,
                Some(false) => {}
                None => met = Met::Unseen,
            }
        }
        met
    }

    fn state(&self, capability: &Capability) -> State {
        if self.lacks_feature(capability) {
            return State::Absent;
        }
        if self.lacking(capability).next().is_some() {
            return State::Denied;
        }
        match self.worst_object(capability) {
            Some((_, Object::Refused(_))) => return State::Denied,
            Some((_, Object::Absent)) => return State::Absent,
            Some((_, Object::Unknown)) => return State::Unknown,
            _ => {}
        }
        if self.open_needs(capability).next().is_some() {
            State::Unknown
        } else {
            State::Allowed
        }
    }

    /// The needs of which it is not known whether they are met or whether they count. A read that
    /// worked shows that a need which nobody documents does not count.
    fn open_needs<'a>(&self, capability: &'a Capability) -> impl Iterator<Item = &'a Need> {
        let is_open = |need: &&Need| match need.strength {
            Strength::Documented => self.met(need) == Met::Unseen,
            Strength::Reported => !capability.is_read() && self.met(need) != Met::Yes,
        };
        capability.needs.iter().filter(is_open)
    }

    /// The object that is the greatest obstacle.
    fn worst_object(&self, capability: &Capability) -> Option<(&'static str, Object)> {
        let found = capability
            .objects
            .iter()
            .map(|name| (*name, self.object(name)));
        found.max_by_key(|(_, object)| match object {
            Object::Readable => 0,
            Object::Unknown => 1,
            Object::Absent => 2,
            Object::Refused(_) => 3,
        })
    }

    fn object(&self, name: &str) -> Object {
        match self.objects.get(name) {
            Some(Ok(())) => Object::Readable,
            Some(Err(error)) if error.is_object_unavailable() => match error.code() {
                // Salesforce hides an object for which the user lacks all permissions.
                Some(ErrorCode::InvalidType) if self.hides(name).next().is_none() => Object::Absent,
                code => Object::Refused(code.map_or("", ErrorCode::as_str).to_owned()),
            },
            _ => Object::Unknown,
        }
    }

    /// The needs that are not met and without which an object is not shown.
    fn hides<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'static Need> + 'a {
        CAPABILITIES
            .iter()
            .filter(move |one| one.is_read() && one.objects.contains(&name))
            .flat_map(|one| self.lacking(one))
    }

    fn explain(&self, capability: &Capability, check: Check) -> Check {
        match check.state {
            State::Allowed => self.explain_allowed(capability, check),
            State::Denied => self.explain_denied(capability, check),
            State::Absent => {
                let name = self.worst_object(capability).map_or("", |(name, _)| name);
                check
                    .because(format!(
                        "this org has no object {name}: its edition or its settings lack the \
                         feature"
                    ))
                    .fix("nothing, unless the org should have it")
            }
            State::Unknown => self.explain_unknown(capability, check),
        }
    }

    /// Says which permission stands in for another one that the user lacks.
    fn explain_allowed(&self, capability: &Capability, check: Check) -> Check {
        let documented = |need: &&Need| need.strength == Strength::Documented;
        let instead = capability.needs.iter().filter(documented).find_map(|need| {
            let (first, others) = need.any_of.split_first()?;
            let has = |permission: &&Permission| self.rights.has(permission) == Some(true);
            let is_lacking = self.rights.has(first) == Some(false);
            Some((first, others.iter().find(has).filter(|_| is_lacking)?))
        });
        let Some((first, other)) = instead else {
            return check.because(capability.note.map(str::to_owned));
        };
        let seen = format!(
            "the user lacks \"{}\", and \"{}\" allows it too",
            first.label, other.label
        );
        let parts: Vec<_> = [Some(seen.as_str()), capability.note]
            .into_iter()
            .flatten()
            .collect();
        check.permission(first.label).because(parts.join("; "))
    }

    fn explain_denied(&self, capability: &Capability, check: Check) -> Check {
        let lacking: Vec<_> = self.lacking(capability).collect();
        if lacking.is_empty() {
            let (name, object) = self
                .worst_object(capability)
                .unwrap_or(("", Object::Unknown));
            let code = match object {
                Object::Refused(code) => code,
                _ => String::new(),
            };
            let check = check.because(format!(
                "Salesforce refuses to show {name} to the user ({code})"
            ));
            let is_reported =
                |need: &&Need| need.strength == Strength::Reported && self.met(need) != Met::Yes;
            let reported = capability.needs.iter().filter(is_reported);
            let hinted: Vec<_> = self.hides(name).chain(reported).collect();
            return if hinted.is_empty() {
                check.fix(
                    "look at the user's permission sets, and at permission set groups that mute",
                )
            } else {
                self.name(check, &hinted)
            };
        }
        let labels = quoted(
            lacking.iter().filter_map(|need| need.any_of.first()),
            " and ",
        );
        let mut cause = format!("the user lacks {labels}: {}", capability.without);
        if capability.is_read()
            && matches!(self.worst_object(capability), Some((_, Object::Readable)))
        {
            cause.push_str("; what could be read may be incomplete");
        }
        self.name(check.because(cause), &lacking)
    }

    fn explain_unknown(&self, capability: &Capability, check: Check) -> Check {
        if let Some(why) = &self.rights_unknown {
            return check.because(format!("the permissions of the user are not known: {why}"));
        }
        if let Some((name, Object::Unknown)) = self.worst_object(capability) {
            return check.because(format!("{name} could not be looked at"));
        }
        let open: Vec<_> = self.open_needs(capability).collect();
        let labels = quoted(open.iter().filter_map(|need| need.any_of.first()), " and ");
        let cause = if open.iter().any(|need| need.strength == Strength::Reported) {
            format!(
                "the user lacks {labels}; guides of other connectors ask for it, Salesforce's own \
                 documents do not"
            )
        } else {
            format!("whether the user has {labels} cannot be seen through the API")
        };
        self.name(check.because(cause), &open)
    }

    /// Names the permissions, and how to give them.
    fn name(&self, check: Check, needs: &[&Need]) -> Check {
        let first = needs.iter().filter_map(|need| need.any_of.first());
        let labels: Vec<_> = first.map(|permission| permission.label).collect();
        let choices: Vec<_> = needs.iter().map(|need| self.choice(need)).collect();
        check.permission(labels.join(", ")).fix(format!(
            "give the connector's user {} in a permission set (Setup > Permission Sets > System \
             Permissions)",
            choices.join(" and ")
        ))
    }

    /// The permissions that meet a need and that the org has.
    fn choice(&self, need: &Need) -> String {
        let others = need.any_of.iter().skip(1);
        let known = others.filter(|permission| self.rights.has(permission).is_some());
        quoted(need.any_of.iter().take(1).chain(known), " or ")
    }
}

/// `"A" or "B"`.
pub(super) fn quoted<'a>(
    permissions: impl Iterator<Item = &'a Permission>,
    between: &str,
) -> String {
    let labels: Vec<_> = permissions
        .map(|permission| format!("\"{}\"", permission.label))
        .collect();
    labels.join(between)
}
