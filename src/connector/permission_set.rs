//! Permission sets: those that can be assigned. Held by users directly, and by permission set
//! groups, whose members hold them through the group.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::assignment::{self, Assigned, AssignmentRow, Question};
use super::catalog::{PERMISSION_SET, PERMISSION_SET_GROUP, USER};
use super::context::Context;
use super::directory::{Directory, Entry};
use super::edges::Span;
use super::error::wrap_listing;
use super::known::Known;
use super::listing::Listing;
use super::memory::{Component, Memory};
use super::permission_set_group::SetGroupRow;
use super::provision::{Assignments, Provisioning};
use super::table::{Row, Table};
use super::text;
use crate::baton::{
    Call, Cursor, EncodedSize, Entitlement, Expansion, Grant, GrantMark, GrantScope, Id, Object,
    Page, PageRequest, Provisioner, REPLY_BUDGET, Resource, ResourceId, ResourceRef,
    ResourceSyncer, ResourceType, Result, Variant,
};
use crate::salesforce::SalesforceId;
use crate::salesforce::soql::field;

/// A row of `PermissionSet` (facts/salesforce-api.md C.5).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetRow {
    id: SalesforceId,
    name: Option<String>,
    label: Option<String>,
    description: Option<String>,
    r#type: Option<String>,
    is_owned_by_profile: bool,
    permission_set_group_id: Option<SalesforceId>,
    license_id: Option<SalesforceId>,
    namespace_prefix: Option<String>,
    is_custom: Option<bool>,
    has_activation_required: Option<bool>,
}

impl Row for SetRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

impl SetRow {
    /// Neither a profile's own set nor the sum of a group: those cannot be assigned.
    pub(super) fn is_assignable(&self) -> bool {
        !self.is_owned_by_profile
            && self.permission_set_group_id.is_none()
            && !matches!(self.r#type.as_deref(), Some("Profile" | "Group"))
    }
}

impl Entry for SetRow {
    type Links = ();
    const OBJECT: &'static str = "PermissionSet";
    const NEEDS: &'static str = "give the connector's user \"View Setup and Configuration\"";

    fn resource_type() -> &'static ResourceType {
        &PERMISSION_SET
    }

    fn table() -> Table {
        Table::new(Self::OBJECT, &["Id", "Name", "Label", "IsOwnedByProfile"])
            .optional(&[
                "Description",
                "Type",
                "PermissionSetGroupId",
                "LicenseId",
                "NamespacePrefix",
                "IsCustom",
                "HasActivationRequired",
            ])
            .only(field("IsOwnedByProfile").eq(false))
    }

    fn links(&self) -> Option<()> {
        self.is_assignable().then_some(())
    }

    fn into_resource(self) -> Result<Resource> {
        let mut profile = text::profile([
            ("id", Some(self.id.to_string())),
            ("name", self.name.clone()),
            ("label", self.label.clone()),
            ("type", self.r#type),
            ("license_id", self.license_id.map(|id| id.to_string())),
            ("namespace_prefix", self.namespace_prefix),
        ]);
        let mut flag = |key: &str, value: Option<bool>| {
            profile.extend(value.map(|value| (key.to_owned(), value.into())));
        };
        flag("is_custom", self.is_custom);
        flag("session_activation_required", self.has_activation_required);
        Ok(Resource {
            id: ResourceId::new(PERMISSION_SET.id, self.id.to_string())?,
            display_name: display_name(self.label, self.name, self.id),
            description: text::filled(self.description),
            variant: Variant::Plain,
            profile: Some(profile),
            status: None,
            created_at: None,
        })
    }

    fn known(memory: &Memory) -> &Known<()> {
        &memory.permission_sets
    }
}

/// Label and API name: labels are what people know, API names are what tells two equal labels
/// apart (defect C13).
fn display_name(label: Option<String>, name: Option<String>, id: SalesforceId) -> String {
    match (text::filled(label), text::filled(name)) {
        (Some(label), Some(name)) if label != name => format!("{label} ({name})"),
        (label, name) => text::name([label, name], id),
    }
}

/// Where the listing of grants goes on: the groups' components first, then the users'
/// assignments.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Position {
    /// Behind the component of this set and group.
    Components {
        set: SalesforceId,
        group: SalesforceId,
    },
    Assignments(Span),
}

impl Cursor for Position {}

/// Lists permission sets and who holds which.
pub(super) struct PermissionSets {
    context: Arc<Context>,
    directory: Directory<SetRow>,
    groups: Directory<SetGroupRow>,
    assignments: Listing<AssignmentRow>,
    provisioning: Provisioning<Assignments>,
}

impl PermissionSets {
    pub(super) fn new(context: Arc<Context>) -> Self {
        Self {
            directory: Directory::new(Arc::clone(&context)),
            groups: Directory::new(Arc::clone(&context)),
            assignments: Listing::new(Arc::clone(&context.org)),
            provisioning: Provisioning::new(Arc::clone(&context), Assignments::new(Assigned::Set)),
            context,
        }
    }

    pub(super) fn forget(&self, sync: Option<&Id>) {
        self.directory.forget(sync);
        self.assignments.forget(sync);
    }

    /// The sets that groups consist of, as grants to the groups.
    async fn components(
        &self,
        on: Option<SalesforceId>,
        after: Option<(SalesforceId, SalesforceId)>,
        page: &PageRequest,
        memory: &Memory,
    ) -> Result<Page<Grant>> {
        let components = self.context.components(memory).await;
        let components = components.map_err(|error| wrap_listing("listing components", error))?;
        let groups = self.groups.known(memory).await?;
        let sets = self.directory.known(memory).await?;
        let mut wanted: Vec<&Component> = components
            .iter()
            .filter(|component| on.is_none_or(|on| on == component.set))
            .filter(|component| groups.contains(&component.group) && sets.contains(&component.set))
            .collect();
        wanted.sort_unstable_by_key(|component| component.order());
        wanted.dedup();
        let after = after.map(|(set, group)| (*set.as_bytes(), *group.as_bytes()));
        let from = after.map_or(0, |after| wanted.partition_point(|c| c.order() <= after));
        let wanted = wanted.get(from..).unwrap_or_default();

        let most = page.rows(usize::MAX);
        let (mut items, mut size) = (Vec::new(), 0);
        for component in wanted {
            let is_muted = components
                .iter()
                .any(|c| c.group == component.group && c.is_muting);
            let grant = component_grant(component, is_muted)?;
            size += grant.encoded_size();
            items.push(grant);
            if size >= REPLY_BUDGET || items.len() >= most {
                let position = Position::Components {
                    set: component.set,
                    group: component.group,
                };
                let next = Some(position.to_token()?);
                return Ok(Page {
                    items,
                    next,
                    siblings: Vec::new(),
                    quota: None,
                });
            }
        }
        let next = Some(Position::Assignments(Span::default()).to_token()?);
        Ok(Page {
            items,
            next,
            siblings: Vec::new(),
            quota: None,
        })
    }
}

impl Component {
    fn order(&self) -> ([u8; 15], [u8; 15]) {
        (*self.set.as_bytes(), *self.group.as_bytes())
    }
}

/// A group holds a set, and with it everybody in the group.
fn component_grant(component: &Component, is_muted: bool) -> Result<Grant> {
    let group = ResourceId::new(PERMISSION_SET_GROUP.id, component.group.to_string())?;
    let expansion = Expansion {
        entitlements: vec![Assigned::Group.entitlement(component.group)?],
        shallow: false,
        resource_types: Vec::new(),
    };
    let grant = Grant::new(Assigned::Set.entitlement(component.set)?, group)
        .with(GrantMark::Expandable(expansion));
    if !is_muted {
        return Ok(grant);
    }
    // Single permissions of the set may be taken away again; the set as a whole is still held.
    let facts = Object::from([("muting_permission_set_in_group".to_owned(), true.into())]);
    Ok(grant.with(GrantMark::Metadata(facts)))
}

#[async_trait]
impl ResourceSyncer for PermissionSets {
    fn resource_type(&self) -> &ResourceType {
        &PERMISSION_SET
    }

    async fn list(&self, page: &PageRequest) -> Result<Page<Resource>> {
        self.directory.list(page).await
    }

    async fn get(&self, id: &ResourceId, _call: &Call) -> Result<Page<Resource>> {
        self.directory.get(id).await
    }

    async fn entitlements(&self, on: &ResourceRef, _: &PageRequest) -> Result<Page<Entitlement>> {
        let about = format!("Has the permission set {}", text::shown(on));
        let entitlement = text::entitlement(on, "assigned", "Permission Set", about, &[USER.id]);
        Ok(Page::last(vec![entitlement]))
    }

    async fn grants(&self, scope: &GrantScope, page: &PageRequest) -> Result<Page<Grant>> {
        let on = match scope {
            GrantScope::Type => None,
            GrantScope::Resource(on) => Some(text::record_id(&on.id)?),
        };
        let memory = self.context.memory(&page.call);
        let position = page.token.as_ref().map(Position::from_token).transpose()?;
        let span = match position {
            None => return self.components(on, None, page, &memory).await,
            Some(Position::Components { set, group }) => {
                return self.components(on, Some((set, group)), page, &memory).await;
            }
            Some(Position::Assignments(span)) => span,
        };
        assignment::page(Question {
            context: &self.context,
            listing: &self.assignments,
            assigned: Assigned::Set,
            on,
            span,
            page,
            memory: &memory,
            targets: self.directory.known(&memory),
            position: &|span| Position::Assignments(span).to_token(),
        })
        .await
    }

    fn provisioner(&self) -> Option<&dyn Provisioner> {
        Some(&self.provisioning)
    }
}
