//! Entitlements.

use super::annotation::pack;
use super::resource::{self, description};
use super::text::{self, cut};
use super::value::to_struct;
use crate::baton::{
    Entitlement, EntitlementId, EntitlementMark, Error, Purpose, Registry, Result,
    StaticEntitlement,
};
use crate::pb::connector as pb;
use crate::pb::connector::entitlement::PurposeValue;

/// An entitlement. The types that it can be granted to go out in full, so the registry is needed;
/// a type that is not offered is left out.
#[must_use]
pub fn entitlement(entitlement: Entitlement, registry: &Registry) -> pb::Entitlement {
    let mark = |EntitlementMark::Immutable(fields): EntitlementMark| {
        pack(&pb::EntitlementImmutable {
            source_id: String::new(),
            metadata: Some(to_struct(fields)),
        })
    };
    pb::Entitlement {
        display_name: cut(entitlement.display_name, text::DISPLAY_NAME),
        description: description(entitlement.description),
        grantable_to: grantable_to(&entitlement.grantable_to, registry),
        annotations: entitlement.marks.into_iter().map(mark).collect(),
        purpose: purpose(entitlement.purpose).into(),
        slug: entitlement.id.slug.clone(),
        ..stub(entitlement.id)
    }
}

/// An entitlement of every resource of a type. Its id has no type and no resource, because hosts
/// replace it.
#[must_use]
pub fn static_entitlement(entitlement: StaticEntitlement, registry: &Registry) -> pb::Entitlement {
    pb::Entitlement {
        id: format!("::{}", entitlement.slug),
        display_name: cut(entitlement.display_name, text::DISPLAY_NAME),
        description: description(entitlement.description),
        grantable_to: grantable_to(&entitlement.grantable_to, registry),
        purpose: purpose(entitlement.purpose).into(),
        slug: entitlement.slug,
        ..Default::default()
    }
}

fn purpose(purpose: Purpose) -> PurposeValue {
    match purpose {
        Purpose::Assignment => PurposeValue::Assignment,
        Purpose::Permission => PurposeValue::Permission,
    }
}

fn grantable_to(types: &[&'static str], registry: &Registry) -> Vec<pb::ResourceType> {
    let known = types.iter().filter_map(|id| registry.resource_type(id));
    known.map(resource::resource_type).collect()
}

/// An entitlement of which only the id and the resource's id are said.
#[must_use]
pub fn stub(id: EntitlementId) -> pb::Entitlement {
    pb::Entitlement {
        id: id.text(),
        resource: Some(resource::stub(id.on)),
        ..Default::default()
    }
}

/// The type of the resource that an entitlement in a request is on.
#[must_use]
pub fn type_of(entitlement: Option<&pb::Entitlement>) -> &str {
    let resource = entitlement.and_then(|entitlement| entitlement.resource.as_ref());
    resource::type_of(resource.and_then(|resource| resource.id.as_ref()))
}

/// Reads an entitlement's id; `field` names it in the error. Its text must agree with its resource:
/// otherwise nobody knows which of the two is meant.
pub fn read_id(entitlement: Option<pb::Entitlement>, field: &str) -> Result<EntitlementId> {
    let entitlement = entitlement.ok_or_else(|| Error::invalid(format!("{field} is required")))?;
    let on = resource::read_ref(entitlement.resource, &format!("{field}.resource"))?.id;
    let prefix = format!("{}:{}:", on.resource_type, on.resource);
    match entitlement.id.strip_prefix(&prefix) {
        Some(slug) if !slug.is_empty() => Ok(EntitlementId::new(on, slug)),
        _ => Err(Error::invalid(format!(
            "{field}.id must be {prefix}<slug>, as its resource says, it is {}",
            entitlement.id
        ))),
    }
}
