//! Permission sets: those that can be assigned. Held by users directly, and by permission set
//! groups, whose members hold them through the group.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::assignment::strong_holdings::Shared;
use super::assignment::{self, Assigned, AssignmentRow, Part, Question};
use super::components::{Component, MUTING_PREFIX, components};
use super::directory::{Directory, DirectoryRow};
use super::given;
use super::giver::Giver;
use super::license_names::{LicenseNames, is_seat};
use super::permission_set_group::SetGroupRow;
use crate::baton::{
    Call, Cursor, Entitlement, Expansion, Grant, GrantMark, GrantScope, Object, Page, PageRequest,
    Provisioner, Resource, ResourceId, ResourceRef, ResourceSyncer, ResourceType, Result, Value,
    Variant,
};
use crate::connector::catalog::{PERMISSION_SET, PERMISSION_SET_GROUP, USER};
use crate::connector::error::wrap_listing;
use crate::connector::read::context::ReadContext;
use crate::connector::read::listing::Listing;
use crate::connector::read::page_fill::PageFill;
use crate::connector::read::partitioned_scan::Span;
use crate::connector::read::sync_memory::SyncMemory;
use crate::connector::read::table::{Row, Table};
use crate::connector::text;
use crate::salesforce::SalesforceId;
use crate::salesforce::soql::field;

/// A row of `PermissionSet`.
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
    /// Neither a profile's own set, nor the sum of a group, nor what mutes permissions in a group:
    /// those cannot be assigned.
    fn is_assignable(&self) -> bool {
        !self.is_owned_by_profile
            && self.permission_set_group_id.is_none()
            && self.id.key_prefix() != MUTING_PREFIX
            && !matches!(self.r#type.as_deref(), Some("Profile" | "Group" | "Muting"))
    }
}

impl DirectoryRow for SetRow {
    type Summary = ();
    const TYPE: &'static ResourceType = &PERMISSION_SET;
    const OBJECT: &'static str = "PermissionSet";
    const REMEDY: &'static str = "give the connector's user \"View Setup and Configuration\"";

    fn table() -> Table {
        Table::new(Self::OBJECT, &["Id", "IsOwnedByProfile"])
            .optional(&[
                "Name",
                "Label",
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

    fn summary(&self) -> Option<()> {
        self.is_assignable().then_some(())
    }

    fn into_resource(self) -> Result<Resource> {
        let mut profile = text::profile([
            ("id", Some(self.id.to_string())),
            ("name", self.name.clone()),
            ("label", self.label.clone()),
            ("type", self.r#type),
            ("license_id", self.license_id.map(|id| id.to_string())),
            (LICENSE_ID, self.license_id.map(|id| id.to_string())),
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
}

/// The keys of a set's profile that name the licence that it needs.
const LICENSE_ID: &str = "required_license_id";
const LICENSE: &str = "required_license";

/// The licence that a set needs.
fn license(profile: &Object) -> Option<SalesforceId> {
    SalesforceId::read(profile.get(LICENSE_ID)?.as_text()?).ok()
}

/// What a set's licence asks of those who are given the set.
fn license_sentence(profile: &Object) -> Option<String> {
    let text = |key: &str| profile.get(key).and_then(Value::as_text);
    let id = text(LICENSE_ID)?;
    let name = text(LICENSE).unwrap_or(id);
    Some(if is_seat(SalesforceId::read(id).ok()?) {
        format!(
            "Each holder needs a seat of the permission set licence {name}, which Salesforce gives \
             along with it if one is left."
        )
    } else {
        format!("It is for users of the user licence {name} only.")
    })
}

/// Label and API name: people know the label, and the API name distinguishes two equal labels.
fn display_name(label: Option<String>, name: Option<String>, id: SalesforceId) -> String {
    match (text::filled(label), text::filled(name)) {
        (Some(label), Some(name)) if label != name => format!("{label} ({name})"),
        (label, name) => text::name([label, name], id),
    }
}

/// Where the listing of grants continues: the groups' components first, then the users'
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
    Shared(Shared),
}

impl From<Part> for Position {
    fn from(part: Part) -> Self {
        match part {
            Part::All(span) => Self::Assignments(span),
            Part::Shared(shared) => Self::Shared(shared),
        }
    }
}

impl Cursor for Position {}

/// Lists permission sets and their holders.
pub(super) struct PermissionSets {
    context: Arc<ReadContext>,
    directory: Directory<SetRow>,
    groups: Directory<SetGroupRow>,
    assignments: Listing<AssignmentRow>,
    provisioner: Box<dyn Provisioner>,
}

impl PermissionSets {
    pub(super) fn new(context: &Arc<ReadContext>, provisioner: Box<dyn Provisioner>) -> Self {
        Self {
            context: Arc::clone(context),
            directory: Directory::new(context),
            groups: Directory::new(context),
            assignments: Listing::new(context, PERMISSION_SET.id),
            provisioner,
        }
    }

    /// Adds to the sets which licence they need, and what they give.
    async fn complete(&self, page: &mut Page<Resource>, call: &Call) -> Result<()> {
        let memory = self.context.memory(call);
        let names = if self.context.options.licenses {
            let ids = page
                .items
                .iter()
                .filter_map(|set| license(set.profile.as_ref()?));
            let names = LicenseNames::of(&memory);
            let names = names.all(ids, &self.context, &memory);
            names
                .await
                .map_err(|error| wrap_listing("reading names of licences", error))?
        } else {
            HashMap::new()
        };
        for resource in &mut page.items {
            let profile = resource.profile.get_or_insert_default();
            let Some(id) = license(profile) else {
                continue;
            };
            let name = names.get(&id);
            profile.extend(name.map(|name| (LICENSE.to_owned(), name.clone().into())));
            let sentence = license_sentence(profile);
            text::add_sentence(&mut resource.description, sentence);
        }
        given::show(Giver::Set, page, &self.context, call).await
    }

    /// The permission sets of permission set groups, as grants to the groups.
    async fn components(
        &self,
        on: Option<SalesforceId>,
        after: Option<(SalesforceId, SalesforceId)>,
        page: &PageRequest,
        memory: &SyncMemory,
    ) -> Result<Page<Grant>> {
        let components = components(&self.context, memory).await;
        let components = components.map_err(|error| wrap_listing("listing components", error))?;
        let groups = self.groups.all(memory).await?;
        let sets = self.directory.all(memory).await?;
        let mut wanted: Vec<&Component> = components
            .rows
            .iter()
            .filter(|component| !component.is_muting)
            .filter(|component| on.is_none_or(|on| on == component.set))
            .filter(|component| groups.contains(&component.group) && sets.contains(&component.set))
            .collect();
        wanted.sort_unstable_by_key(|component| component.order());
        wanted.dedup();
        let after = after.map(|(set, group)| (*set.as_bytes(), *group.as_bytes()));
        let from = after.map_or(0, |after| wanted.partition_point(|c| c.order() <= after));
        let mut fill = PageFill::new(page);
        for component in wanted.get(from..).unwrap_or_default() {
            let is_muted = components
                .rows
                .iter()
                .any(|c| c.group == component.group && c.is_muting);
            if fill.push(component_grant(component, is_muted)?) {
                let position = Position::Components {
                    set: component.set,
                    group: component.group,
                };
                return Ok(fill.into_page(Some(position.to_token()?)));
            }
        }
        let first = Part::first(Assigned::Set, on, &self.context, memory).await?;
        let next = Position::from(first).to_token()?;
        Ok(fill.into_page(Some(next)))
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
        assignment::foresee(Assigned::Set, &self.assignments, &self.context, page);
        given::foresee(&self.context, page);
        let mut answer = self.directory.list(page).await?;
        self.complete(&mut answer, &page.call).await?;
        Ok(answer)
    }

    async fn get(&self, id: &ResourceId, call: &Call) -> Result<Page<Resource>> {
        let mut answer = self.directory.get(id).await?;
        self.complete(&mut answer, call).await?;
        Ok(answer)
    }

    async fn entitlements(&self, on: &ResourceRef, _: &PageRequest) -> Result<Page<Entitlement>> {
        let mut about = Some(format!(
            "Has the permission set {}: permissions on top of those of the profile.",
            text::shown(on)
        ));
        text::add_sentence(&mut about, on.profile.as_ref().and_then(license_sentence));
        text::add_sentence(&mut about, given::of_request(on));
        let about = about.unwrap_or_default();
        let entitlement = text::entitlement(on, "assigned", "Permission Set", about, &[USER.id]);
        Ok(Page::last(vec![entitlement]))
    }

    async fn grants(&self, scope: &GrantScope, page: &PageRequest) -> Result<Page<Grant>> {
        let on = text::record_of(scope)?;
        let memory = self.context.memory(&page.call);
        let position = page.token.as_ref().map(Position::from_token).transpose()?;
        let part = match position {
            None => return self.components(on, None, page, &memory).await,
            Some(Position::Components { set, group }) => {
                return self.components(on, Some((set, group)), page, &memory).await;
            }
            Some(Position::Assignments(span)) => Part::All(span),
            Some(Position::Shared(shared)) => Part::Shared(shared),
        };
        Box::pin(assignment::page(Question {
            context: &self.context,
            listing: &self.assignments,
            assigned: Assigned::Set,
            on,
            part,
            page,
            memory: &memory,
            targets: self.directory.all(&memory),
            position: &|part| Position::from(part).to_token(),
        }))
        .await
    }

    fn provisioner(&self) -> Option<&dyn Provisioner> {
        Some(self.provisioner.as_ref())
    }
}
