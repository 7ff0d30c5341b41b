//! How large a row becomes on the wire, without encoding it.
//!
//! Hosts refuse replies over 4 MiB, the default limit of gRPC in Go, and stop the sync. A listing
//! therefore adds up the sizes of its rows and ends the page before it grows too large. A size here
//! is an upper bound of the encoded size; a test of the wire layer verifies that.

use super::{
    Entitlement, EntitlementMark, Expansion, Finding, Grant, GrantMark, Object, Resource,
    ResourceId, Value, Variant,
};

/// The largest size of the rows in one reply: 2.5 MiB. Hosts enforce 4 MiB, and the annotations need
/// room too.
pub const REPLY_BUDGET: usize = 5 * 1024 * 1024 / 2;

/// A tag and a length of a nested message or string: at most two bytes of tag, five of length.
const FIELD: usize = 7;
/// The longest type URL that we pack, with the `Any` around it.
const ANY: usize = 96;
/// A timestamp, a number or an enum with its tag.
const SCALAR: usize = 24;

/// An upper bound of the encoded size, in bytes.
pub trait EncodedSize {
    /// The bound.
    fn encoded_size(&self) -> usize;
}

fn text(value: &str) -> usize {
    FIELD + value.len()
}

fn object(object: &Object) -> usize {
    object
        .iter()
        .map(|(name, value)| FIELD + text(name) + FIELD + value.encoded_size())
        .sum()
}

impl EncodedSize for Value {
    fn encoded_size(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) => SCALAR,
            Self::Text(value) => text(value),
            Self::List(values) => {
                FIELD
                    + values
                        .iter()
                        .map(|value| FIELD + value.encoded_size())
                        .sum::<usize>()
            }
            Self::Object(fields) => FIELD + object(fields),
        }
    }
}

impl EncodedSize for ResourceId {
    fn encoded_size(&self) -> usize {
        FIELD + text(self.resource_type.as_str()) + text(self.resource.as_str())
    }
}

impl EncodedSize for Resource {
    fn encoded_size(&self) -> usize {
        let variant = match &self.variant {
            Variant::Plain => 0,
            Variant::User(user) => {
                let emails = user
                    .emails
                    .iter()
                    .map(|email| FIELD + text(&email.address) + SCALAR);
                let employee_ids = user.employee_ids.iter().map(|id| text(id));
                let names = [&user.given_name, &user.family_name].into_iter().flatten();
                ANY + text(&user.login)
                    + emails.sum::<usize>()
                    + employee_ids.sum::<usize>()
                    + FIELD
                    + names.map(|name| text(name)).sum::<usize>()
                    + 3 * SCALAR
            }
            Variant::Group | Variant::Role => ANY,
            Variant::App(kind) => 2 * ANY + text(kind.nhi_detail) + SCALAR,
            Variant::License(license) => {
                let entitlements = license
                    .entitlements
                    .iter()
                    .map(|id| FIELD + id.on.encoded_size() + text(&id.slug));
                ANY + text(&license.name) + 2 * SCALAR + entitlements.sum::<usize>()
            }
            Variant::SecurityInsight(insight) => {
                let finding = match &insight.finding {
                    Finding::Risk {
                        source, factors, ..
                    } => {
                        let factors = factors.iter();
                        let factors = factors.map(|one| FIELD + text(&one.description) + SCALAR);
                        FIELD + SCALAR + text(source) + factors.sum::<usize>()
                    }
                    Finding::Issue { text: issue, .. } => FIELD + text(issue) + SCALAR,
                };
                let target = insight.email.as_deref().map_or(0, text) + text(&insight.account);
                ANY + finding + FIELD + target + SCALAR
            }
            Variant::Agent { identity } => {
                ANY + identity.as_ref().map_or(0, EncodedSize::encoded_size)
            }
        };
        // Profile and status go out twice: on the resource and, for older readers, on its trait.
        let twice = self
            .profile
            .as_ref()
            .map_or(0, |profile| FIELD + object(profile))
            + self.status.as_ref().map_or(0, |status| {
                FIELD + SCALAR + status.details.as_deref().map_or(0, text)
            })
            + SCALAR;
        FIELD
            + self.id.encoded_size()
            + text(&self.display_name)
            + self.description.as_deref().map_or(0, text)
            + variant
            + 2 * twice
    }
}

impl EncodedSize for Entitlement {
    fn encoded_size(&self) -> usize {
        let marks = self
            .marks
            .iter()
            .map(|EntitlementMark::Immutable(fields)| ANY + FIELD + object(fields));
        // Each resource type goes out in full.
        let grantable = self.grantable_to.len() * 1024;
        FIELD
            + 2 * self.id.on.encoded_size()
            + text(&self.id.slug) * 2
            + self.id.on.encoded_size()
            + text(&self.display_name)
            + self.description.as_deref().map_or(0, text)
            + grantable
            + SCALAR
            + marks.sum::<usize>()
    }
}

impl EncodedSize for Grant {
    fn encoded_size(&self) -> usize {
        let marks = self.marks.iter().map(|mark| match mark {
            GrantMark::Expandable(expansion) => ANY + FIELD + expansion.encoded_size(),
            GrantMark::Immutable(fields) | GrantMark::Metadata(fields) => {
                ANY + FIELD + object(fields)
            }
        });
        // The entitlement's id contains its resource's, the grant's id contains both.
        let entitlement = self.entitlement.on.encoded_size() + text(&self.entitlement.slug);
        let principal = self.principal.encoded_size();
        4 * FIELD + 3 * entitlement + 2 * principal + marks.sum::<usize>()
    }
}

impl EncodedSize for Expansion {
    fn encoded_size(&self) -> usize {
        let entitlements = self
            .entitlements
            .iter()
            .map(|id| id.on.encoded_size() + text(&id.slug));
        let types = self.resource_types.iter().map(|id| text(id));
        SCALAR + entitlements.sum::<usize>() + types.sum::<usize>()
    }
}
