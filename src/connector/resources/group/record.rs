//! A group's row and the resource it becomes.

use serde::Deserialize;

use super::kind::Kind;
use crate::baton::{Resource, ResourceId, ResourceType, Result, Variant};
use crate::connector::catalog::GROUP;
use crate::connector::read::table::{Row, Table};
use crate::connector::resources::directory::DirectoryRow;
use crate::connector::resources::row_parts::NamePart;
use crate::connector::text;
use crate::salesforce::SalesforceId;

/// What later phases need of a group.
#[derive(Clone, Copy, Debug)]
pub(super) struct GroupSummary {
    pub(super) kind: Kind,
    pub(super) related: Option<SalesforceId>,
}

/// A row of Group.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GroupRow {
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
    pub(super) fn kind(&self) -> Kind {
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

impl DirectoryRow for GroupRow {
    type Summary = GroupSummary;
    const TYPE: &'static ResourceType = &GROUP;
    const OBJECT: &'static str = "Group";
    const REMEDY: &'static str = "give the connector's user \"View Setup and Configuration\"";

    fn table() -> Table {
        Table::new(Self::OBJECT, &["Id", "Type"])
            .optional(&["Name", "DeveloperName", "Related.Name", "Description"])
            .optional_or(
                "RelatedId",
                "the members of the groups of roles are missing",
            )
    }

    fn summary(&self) -> Option<GroupSummary> {
        Some(GroupSummary {
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
}
