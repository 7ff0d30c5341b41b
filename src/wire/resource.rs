//! Resource types and resources.
//!
//! Profile and status are sent twice, on the resource and on its trait. Newer readers prefer the
//! first; older ones know only the second and crash on a user without a profile.

use std::mem;

use prost::{Message, Name};
use prost_types::{Any, Struct};

use super::annotation::pack;
use super::insight;
use super::text::{self, cut};
use super::value::{to_struct, to_timestamp};
use crate::baton::{
    AccountType, AppKind, Error, LicenseDetails, Resource, ResourceId, ResourceRef, ResourceType,
    Result, Status, StatusKind, Trait, TypeMark, UserDetails, Variant,
};
use crate::pb::connector as pb;
use crate::pb::connector::{agent_trait, non_human_identity_trait, resource_type, user_trait};

/// A resource type with its annotations.
#[must_use]
pub fn resource_type(kind: &ResourceType) -> pb::ResourceType {
    let mut annotations: Vec<Any> = kind.marks.iter().map(|mark| type_mark(*mark)).collect();
    if !kind.permissions.is_empty() {
        annotations.push(pack(&permissions(kind)));
    }
    pb::ResourceType {
        id: kind.id.to_owned(),
        display_name: cut(kind.display_name, text::DISPLAY_NAME),
        traits: kind
            .traits
            .iter()
            .map(|kind| type_trait(*kind).into())
            .collect(),
        annotations,
        description: cut(kind.description, text::TYPE_DESCRIPTION),
        sourced_externally: false,
    }
}

/// The permissions that a type needs; empty if it names none.
#[must_use]
pub fn permissions(kind: &ResourceType) -> pb::CapabilityPermissions {
    let permission = |name: &&str| pb::CapabilityPermission {
        permission: (*name).to_owned(),
    };
    pb::CapabilityPermissions {
        permissions: kind.permissions.iter().map(permission).collect(),
    }
}

fn type_mark(mark: TypeMark) -> Any {
    match mark {
        TypeMark::SkipEntitlementsAndGrants => pack(&pb::SkipEntitlementsAndGrants {}),
        TypeMark::SkipEntitlements => pack(&pb::SkipEntitlements {}),
        TypeMark::TypeScopedGrants => pack(&pb::TypeScopedGrants {}),
        TypeMark::OptInRequired => pack(&pb::OptInRequired {}),
    }
}

fn type_trait(kind: Trait) -> resource_type::Trait {
    match kind {
        Trait::User => resource_type::Trait::User,
        Trait::Group => resource_type::Trait::Group,
        Trait::Role => resource_type::Trait::Role,
        Trait::App => resource_type::Trait::App,
        Trait::Agent => resource_type::Trait::Agent,
        Trait::LicenseProfile => resource_type::Trait::LicenseProfile,
        Trait::SecurityInsight => resource_type::Trait::SecurityInsight,
    }
}

/// A resource with the annotation of its trait.
#[must_use]
pub fn resource(resource: Resource) -> pb::Resource {
    let mut profile = resource.profile.map(to_struct);
    pb::Resource {
        id: Some(id(resource.id)),
        display_name: cut(resource.display_name, text::DISPLAY_NAME),
        annotations: traits(resource.variant, resource.status.as_ref(), &mut profile),
        description: description(resource.description),
        profile,
        status: resource.status.as_ref().map(status).map(Box::new),
        created_at: resource.created_at.map(to_timestamp),
        ..Default::default()
    }
}

/// A resource of which only the id is said.
#[must_use]
pub fn stub(resource: ResourceId) -> pb::Resource {
    pb::Resource {
        id: Some(id(resource)),
        ..Default::default()
    }
}

/// An id.
#[must_use]
pub fn id(id: ResourceId) -> pb::ResourceId {
    pb::ResourceId {
        resource_type: id.resource_type.into_string(),
        resource: id.resource.into_string(),
        baton_resource: false,
    }
}

/// A description, cut; absent is empty.
#[must_use]
pub fn description(text: Option<String>) -> String {
    text.map(|text| cut(text, text::DESCRIPTION))
        .unwrap_or_default()
}

fn traits(variant: Variant, status: Option<&Status>, profile: &mut Option<Struct>) -> Vec<Any> {
    #![expect(deprecated, reason = "older readers know the profile only here")]
    match variant {
        Variant::Plain => Vec::new(),
        Variant::User(user) => {
            let row = user_trait(*user, status);
            // Without a profile, older readers crash.
            let profile = if profile.is_some() {
                profile
            } else {
                &mut Some(Struct::default())
            };
            vec![with_profile(row, |row| &mut row.profile, profile)]
        }
        Variant::Group => vec![with_profile(
            pb::GroupTrait::default(),
            |row| &mut row.profile,
            profile,
        )],
        Variant::Role => vec![with_profile(
            pb::RoleTrait::default(),
            |row| &mut row.profile,
            profile,
        )],
        Variant::App(kind) => vec![
            with_profile(pb::AppTrait::default(), |row| &mut row.profile, profile),
            pack(&registered_app(&kind)),
        ],
        Variant::Agent { identity } => {
            let row = pb::AgentTrait {
                status: agent_status(status).into(),
                identity_resource_id: identity.map(id),
                profile: None,
            };
            vec![with_profile(row, |row| &mut row.profile, profile)]
        }
        Variant::License(license) => vec![pack(&license_trait(&license))],
        Variant::SecurityInsight(insight) => vec![pack(&insight::insight_trait(&insight))],
    }
}

/// Packs a trait that shows the profile too, without copying it.
fn with_profile<T: Message + Name>(
    mut shown: T,
    place: impl Fn(&mut T) -> &mut Option<Struct>,
    profile: &mut Option<Struct>,
) -> Any {
    mem::swap(place(&mut shown), profile);
    let packed = pack(&shown);
    mem::swap(place(&mut shown), profile);
    packed
}

fn user_trait(user: UserDetails, status: Option<&Status>) -> pb::UserTrait {
    #![expect(deprecated, reason = "older readers know the status only here")]
    let email = |email: crate::baton::Email| user_trait::Email {
        address: email.address,
        is_primary: email.is_primary,
    };
    let account_type = match user.account_type {
        AccountType::Human => user_trait::AccountType::Human,
        AccountType::Service => user_trait::AccountType::Service,
    };
    let named = user.given_name.is_some() || user.family_name.is_some();
    pb::UserTrait {
        emails: user.emails.into_iter().map(email).collect(),
        status: status.map(user_status),
        account_type: account_type.into(),
        login: user.login,
        employee_ids: user.employee_ids,
        last_login: user.last_login.map(to_timestamp),
        structured_name: named.then(|| user_trait::StructuredName {
            given_name: user.given_name.unwrap_or_default(),
            family_name: user.family_name.unwrap_or_default(),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// What is unlimited or not known is 0, which readers take as not told.
fn license_trait(license: &LicenseDetails) -> pb::LicenseProfileTrait {
    let seats =
        |number: Option<u64>| number.map_or(0, |number| i64::try_from(number).unwrap_or(i64::MAX));
    pb::LicenseProfileTrait {
        license_name: cut(&license.name, text::DISPLAY_NAME),
        purchased_seats: seats(license.purchased),
        consumed_seats: seats(license.consumed),
        entitlement_ids: license
            .entitlements
            .iter()
            .map(ToString::to_string)
            .collect(),
        ..Default::default()
    }
}

fn registered_app(kind: &AppKind) -> pb::NonHumanIdentityTrait {
    pb::NonHumanIdentityTrait {
        nhi_type: non_human_identity_trait::NhiType::AppRegistration.into(),
        nhi_detail: kind.nhi_detail.to_owned(),
    }
}

fn status(status: &Status) -> pb::Status {
    let kind = match status.kind {
        StatusKind::Enabled => pb::status::ResourceStatus::Enabled,
        StatusKind::Disabled => pb::status::ResourceStatus::Disabled,
    };
    pb::Status {
        status: kind.into(),
        details: details(status),
    }
}

fn user_status(status: &Status) -> user_trait::Status {
    let kind = match status.kind {
        StatusKind::Enabled => user_trait::status::Status::Enabled,
        StatusKind::Disabled => user_trait::status::Status::Disabled,
    };
    user_trait::Status {
        status: kind.into(),
        details: details(status),
    }
}

fn agent_status(status: Option<&Status>) -> agent_trait::AgentStatus {
    match status.map(|status| status.kind) {
        None => agent_trait::AgentStatus::Unspecified,
        Some(StatusKind::Enabled) => agent_trait::AgentStatus::Ready,
        Some(StatusKind::Disabled) => agent_trait::AgentStatus::Disabled,
    }
}

fn details(status: &Status) -> String {
    status
        .details
        .as_deref()
        .map(|text| cut(text, text::STATUS_DETAILS))
        .unwrap_or_default()
}

/// The type that a request names; empty if it names no resource, which no type is called.
#[must_use]
pub fn type_of(id: Option<&pb::ResourceId>) -> &str {
    id.map_or("", |id| &id.resource_type)
}

/// Reads an id; `field` names it in the error.
pub fn read_id(id: Option<pb::ResourceId>, field: &str) -> Result<ResourceId> {
    let id = id.ok_or_else(|| Error::invalid(format!("{field} is required")))?;
    ResourceId::new(id.resource_type, id.resource)
}

/// Reads a resource as a request names it; `field` names it in the error.
pub fn read_ref(resource: Option<pb::Resource>, field: &str) -> Result<ResourceRef> {
    let resource = resource.ok_or_else(|| Error::invalid(format!("{field} is required")))?;
    Ok(ResourceRef {
        id: read_id(resource.id, &format!("{field}.id"))?,
        display_name: resource.display_name,
        profile: resource.profile.map(super::value::from_struct),
    })
}
