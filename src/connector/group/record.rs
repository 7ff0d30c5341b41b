//! A group's row and the resource it becomes.

use serde::Deserialize;

use super::kind::Kind;
use crate::baton::{Resource, ResourceId, ResourceType, Result, Variant};
use crate::connector::catalog::GROUP;
use crate::connector::directory::Entry;
use crate::connector::known::Known;
use crate::connector::memory::{GroupLinks, Memory};
use crate::connector::table::{Row, Table};
use crate::connector::text;
use crate::connector::user::NamePart;
use crate::salesforce::SalesforceId;

/// A row of Group (facts/salesforce-api.md C.4).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::connector) struct GroupRow {
    id: SalesforceId,
    name: Option<String>,
    developer_name: Option<String>,
    r#type: Option<String>,
    related_id: Option<SalesforceId>,
    related: Option<NamePart>,
    description: Option<String>,
}

impl Row for GroupRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

impl GroupRow {
    pub(in crate::connector) fn kind(&self) -> Kind {
        self.r#type.as_deref().map_or(Kind::Other, Kind::of)
    }

    fn display_name(&self) -> String {
        if let Some(name) = text::filled(self.name.clone()) {
            return name;
        }
        let kind = self.kind();
        if kind == Kind::Organization {
            return "All Internal Users".to_owned();
        }
        let raw = self.r#type.as_deref().unwrap_or("Group");
        let related = self
            .related
            .as_ref()
            .and_then(|part| text::filled(part.name.clone()));
        match related.or_else(|| text::filled(self.developer_name.clone())) {
            Some(related) => kind.name_after(&related, raw),
            None => format!("{raw} {}", self.id),
        }
    }
}

impl Entry for GroupRow {
    type Links = GroupLinks;
    const OBJECT: &'static str = "Group";
    const NEEDS: &'static str = "give the connector's user \"View Setup and Configuration\"";

    fn resource_type() -> &'static ResourceType {
        &GROUP
    }

    fn table() -> Table {
        Table::new(Self::OBJECT, &["Id", "Name", "Type"]).optional(&[
            "DeveloperName",
            "RelatedId",
            "Related.Name",
            "Description",
        ])
    }

    fn links(&self) -> Option<GroupLinks> {
        Some(GroupLinks {
            kind: self.kind(),
            related: self.related_id,
        })
    }

    fn into_resource(self) -> Result<Resource> {
        let display_name = self.display_name();
        let profile = text::profile([
            ("id", Some(self.id.to_string())),
            ("type", self.r#type),
            ("developer_name", self.developer_name),
            ("related_id", self.related_id.map(|id| id.to_string())),
        ]);
        Ok(Resource {
            id: ResourceId::new(GROUP.id, self.id.to_string())?,
            display_name,
            description: text::filled(self.description),
            variant: Variant::Group,
            profile: Some(profile),
            status: None,
            created_at: None,
        })
    }

    fn known(memory: &Memory) -> &Known<GroupLinks> {
        &memory.groups
    }
}
