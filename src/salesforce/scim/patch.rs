//! A change of a user in the only form that Salesforce documents: an operation without a path, whose
//! value is an object of attributes.
//!
//! RFC 7644 (3.5.2.3): attributes that the object does not name stay as they are, and a list that it
//! names is replaced as a whole.

use std::{collections::BTreeSet, fmt};

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::user::User;
use crate::salesforce::id::SalesforceId;

const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const ENTITLEMENTS: &str = "entitlements";

/// A change of a user. It serializes to the body of the request; `Debug` does not show its values,
/// because they may be personal data.
#[derive(Clone)]
pub struct Patch {
    op: Op,
    attributes: Map<String, Value>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Op {
    Add,
    Replace,
}

impl Patch {
    /// Sets attributes.
    #[must_use]
    pub fn set(attributes: Map<String, Value>) -> Self {
        Self {
            op: Op::Replace,
            attributes,
        }
    }

    /// Activates or deactivates.
    #[must_use]
    pub fn active(active: bool) -> Self {
        let attributes = [("active".to_owned(), Value::Bool(active))];
        Self::set(attributes.into_iter().collect())
    }

    /// Adds a permission set. Others that the user has stay, also those that somebody else adds at
    /// the same time.
    #[must_use]
    pub fn add_entitlement(id: SalesforceId) -> Self {
        Self {
            op: Op::Add,
            attributes: entitlements(id),
        }
    }

    /// Takes all permission sets from a user and leaves this profile.
    #[must_use]
    pub fn only_entitlement(profile: SalesforceId) -> Self {
        Self::set(entitlements(profile))
    }

    /// Whether the answer shows the change. A new address may have to be confirmed before it is
    /// shown, so addresses are not compared.
    pub(super) fn is_shown_by(&self, user: &User) -> bool {
        self.attributes.iter().all(|(name, wanted)| {
            name == "emails"
                || (user.shows(name, wanted) && (name != ENTITLEMENTS || self.is_whole(user)))
        })
    }

    /// Whether the user has no entitlements besides those of a list that was replaced.
    fn is_whole(&self, user: &User) -> bool {
        if self.op == Op::Add {
            return true;
        }
        let wanted = self.attributes.get(ENTITLEMENTS).and_then(Value::as_array);
        let distinct = |ids: Vec<SalesforceId>| {
            let ids = ids.iter().map(|id| *id.as_bytes());
            ids.collect::<BTreeSet<_>>().len()
        };
        user.entitlements().map(distinct) == wanted.map(Vec::len)
    }
}

fn entitlements(id: SalesforceId) -> Map<String, Value> {
    let list = json!([{ "value": id }]);
    [(ENTITLEMENTS.to_owned(), list)].into_iter().collect()
}

impl Op {
    fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Replace => "replace",
        }
    }
}

impl Serialize for Patch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let operation = json!({ "op": self.op.as_str(), "value": self.attributes });
        json!({ "schemas": [SCHEMA], "Operations": [operation] }).serialize(serializer)
    }
}

impl fmt::Debug for Patch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.attributes.keys().collect();
        write!(f, "{} {names:?}", self.op.as_str())
    }
}

/// Shows the values: only for changes of flags and ids.
impl fmt::Display for Patch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attributes = json!(self.attributes);
        write!(f, "{} {attributes}", self.op.as_str())
    }
}
