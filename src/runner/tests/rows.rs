//! Rows in few words.

use prost::Name;
use prost_types::Any;

use crate::c1z::annotation;
use crate::pb::connector::*;

pub(super) fn mark<M: Name>(message: M) -> Any {
    annotation::pack(&message)
}

pub(super) fn kind(id: &str, marks: Vec<Any>) -> ResourceType {
    ResourceType {
        id: id.into(),
        annotations: marks,
        ..ResourceType::default()
    }
}

pub(super) fn id(kind: &str, resource: &str) -> ResourceId {
    ResourceId {
        resource_type: kind.into(),
        resource: resource.into(),
        ..ResourceId::default()
    }
}

pub(super) fn resource(kind: &str, resource: &str, marks: Vec<Any>) -> Resource {
    Resource {
        id: Some(id(kind, resource)),
        display_name: format!("{kind} {resource}"),
        annotations: marks,
        ..Resource::default()
    }
}

pub(super) fn entitlement(kind: &str, on: &str, slug: &str) -> Entitlement {
    Entitlement {
        id: format!("{kind}:{on}:{slug}"),
        slug: slug.into(),
        resource: Some(Resource {
            id: Some(id(kind, on)),
            ..Resource::default()
        }),
        ..Entitlement::default()
    }
}

/// A grant on `<type>:<id>:<slug>` to `<type>:<id>`.
pub(super) fn grant(on: &str, to: &str) -> Grant {
    let mut parts = on.splitn(3, ':');
    let (kind, of) = (parts.next().unwrap(), parts.next().unwrap());
    let (principal_kind, principal) = to.split_once(':').unwrap();
    Grant {
        id: format!("{on}:{to}"),
        entitlement: Some(Entitlement {
            id: on.into(),
            resource: Some(Resource {
                id: Some(id(kind, of)),
                ..Resource::default()
            }),
            ..Entitlement::default()
        }),
        principal: Some(Resource {
            id: Some(id(principal_kind, principal)),
            ..Resource::default()
        }),
        ..Grant::default()
    }
}

/// The same, through which everyone who holds `from` gets it too.
pub(super) fn nested(on: &str, to: &str, from: &[&str]) -> Grant {
    let expandable = GrantExpandable {
        entitlement_ids: from.iter().map(ToString::to_string).collect(),
        ..GrantExpandable::default()
    };
    Grant {
        annotations: vec![mark(expandable)],
        ..grant(on, to)
    }
}
