//! Rows in few words, and files of them.

use std::path::Path;

use prost::Name;
use prost_types::Any;

use crate::c1z::{Kind, Options, Writer, annotation};
use crate::pb::connector::*;

pub(crate) fn mark<M: Name>(message: M) -> Any {
    annotation::pack(&message)
}

pub(crate) fn kind(id: &str, marks: Vec<Any>) -> ResourceType {
    ResourceType {
        id: id.into(),
        annotations: marks,
        ..ResourceType::default()
    }
}

pub(crate) fn id(kind: &str, resource: &str) -> ResourceId {
    ResourceId {
        resource_type: kind.into(),
        resource: resource.into(),
        ..ResourceId::default()
    }
}

pub(crate) fn resource(kind: &str, resource: &str, marks: Vec<Any>) -> Resource {
    Resource {
        id: Some(id(kind, resource)),
        display_name: format!("{kind} {resource}"),
        annotations: marks,
        ..Resource::default()
    }
}

pub(crate) fn entitlement(kind: &str, on: &str, slug: &str) -> Entitlement {
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
pub(crate) fn grant(on: &str, to: &str) -> Grant {
    let mut parts = on.splitn(3, ':');
    let (kind, of) = (parts.next().unwrap(), parts.next().unwrap());
    let (principal_kind, principal) = to.split_once(':').unwrap();
    Grant {
        id: format!("{on}:{to}"),
        entitlement: Some(Box::new(Entitlement {
            id: on.into(),
            resource: Some(Resource {
                id: Some(id(kind, of)),
                ..Resource::default()
            }),
            ..Entitlement::default()
        })),
        principal: Some(Box::new(Resource {
            id: Some(id(principal_kind, principal)),
            ..Resource::default()
        })),
        ..Grant::default()
    }
}

/// The same, through which everyone who holds `from` gets it too.
pub(crate) fn nested(on: &str, to: &str, from: &[&str]) -> Grant {
    let expandable = GrantExpandable {
        entitlement_ids: from.iter().map(ToString::to_string).collect(),
        ..GrantExpandable::default()
    };
    Grant {
        annotations: vec![mark(expandable)],
        ..grant(on, to)
    }
}

/// A file with one more finished sync of these rows.
pub(crate) async fn write(file: &Path, rows: Rows) {
    write_as(Kind::Full, file, rows).await;
}

/// The same with a sync of this kind.
pub(crate) async fn write_as(kind: Kind, file: &Path, rows: Rows) {
    let options = Options {
        kind,
        ..Options::default()
    };
    let writer = Writer::create(file, &options).unwrap();
    writer.put_resource_types(rows.types).await.unwrap();
    writer.put_resources(rows.resources).await.unwrap();
    writer.put_entitlements(rows.entitlements).await.unwrap();
    writer.put_grants(rows.grants, |_, _| {}).await.unwrap();
    writer.put_warnings(&rows.warnings).await.unwrap();
    writer.index().await.unwrap();
    writer.finish().await.unwrap();
}

/// The rows of a sync.
#[derive(Clone, Default)]
pub(crate) struct Rows {
    pub(crate) types: Vec<ResourceType>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) entitlements: Vec<Entitlement>,
    pub(crate) grants: Vec<Grant>,
    pub(crate) warnings: Vec<String>,
}
