//! Permission set groups: permission sets that are assigned together. Their components are grants of
//! the permission sets.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::assignment::strong_holdings::Shared;
use super::assignment::{self, Assigned, AssignmentRow, Part, Question};
use super::components::components;
use super::directory::{Directory, DirectoryRow};
use super::given;
use super::giver::Giver;
use super::set_group_status::standing;
use crate::baton::{
    Call, Cursor, Entitlement, Grant, GrantScope, Page, PageRequest, Provisioner, Resource,
    ResourceId, ResourceRef, ResourceSyncer, ResourceType, Result, Value, Variant,
};
use crate::connector::catalog::{PERMISSION_SET_GROUP, USER};
use crate::connector::error::wrap_listing;
use crate::connector::read::context::ReadContext;
use crate::connector::read::listing::Listing;
use crate::connector::read::partitioned_scan::Span;
use crate::connector::read::table::{Row, Table};
use crate::connector::text;
use crate::salesforce::SalesforceId;

/// A row of `PermissionSetGroup`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::connector) struct SetGroupRow {
    id: SalesforceId,
    developer_name: Option<String>,
    master_label: Option<String>,
    description: Option<String>,
    namespace_prefix: Option<String>,
    status: Option<String>,
    has_activation_required: Option<bool>,
}

impl Row for SetGroupRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

impl DirectoryRow for SetGroupRow {
    type Summary = ();
    const TYPE: &'static ResourceType = &PERMISSION_SET_GROUP;
    const OBJECT: &'static str = "PermissionSetGroup";
    const REMEDY: &'static str = "give the connector's user \"View Setup and Configuration\"";

    fn table() -> Table {
        Table::new(Self::OBJECT, &["Id"]).optional(&[
            "DeveloperName",
            "MasterLabel",
            "Description",
            "NamespacePrefix",
            "Status",
            "HasActivationRequired",
        ])
    }

    fn summary(&self) -> Option<()> {
        Some(())
    }

    fn into_resource(self) -> Result<Resource> {
        let mut profile = text::profile([
            ("id", Some(self.id.to_string())),
            ("developer_name", self.developer_name.clone()),
            ("namespace_prefix", self.namespace_prefix),
            ("status", self.status.clone()),
            (
                STANDING,
                self.status.as_deref().and_then(standing).map(str::to_owned),
            ),
        ]);
        profile.extend(
            self.has_activation_required
                .map(|value| ("session_activation_required".to_owned(), Value::Bool(value))),
        );
        let mut description = text::filled(self.description);
        let standing = self.status.as_deref().and_then(standing);
        text::add_sentence(&mut description, standing.map(str::to_owned));
        Ok(Resource {
            id: ResourceId::new(PERMISSION_SET_GROUP.id, self.id.to_string())?,
            display_name: text::name([self.master_label, self.developer_name], self.id),
            description,
            variant: Variant::Plain,
            profile: Some(profile),
            status: None,
            created_at: None,
        })
    }
}

/// The key of a group's profile that says why it may not give what its sets say.
const STANDING: &str = "status_warning";

/// Where the listing of grants continues.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Position {
    Members(Span),
    Shared(Shared),
}

impl From<Part> for Position {
    fn from(part: Part) -> Self {
        match part {
            Part::All(span) => Self::Members(span),
            Part::Shared(shared) => Self::Shared(shared),
        }
    }
}

impl Cursor for Position {}

/// Lists permission set groups and their holders.
pub(super) struct PermissionSetGroups {
    context: Arc<ReadContext>,
    directory: Directory<SetGroupRow>,
    assignments: Listing<AssignmentRow>,
    provisioner: Box<dyn Provisioner>,
}

impl PermissionSetGroups {
    pub(super) fn new(context: &Arc<ReadContext>, provisioner: Box<dyn Provisioner>) -> Self {
        Self {
            context: Arc::clone(context),
            directory: Directory::new(context),
            assignments: Listing::new(context, PERMISSION_SET_GROUP.id),
            provisioner,
        }
    }

    /// Adds to the groups which muting sets remove permissions from them, and which strong
    /// permissions they give.
    async fn complete(&self, page: &mut Page<Resource>, call: &Call) -> Result<()> {
        if page.items.is_empty() {
            return Ok(());
        }
        let components = components(&self.context, &self.context.memory(call)).await;
        let components = components.map_err(|error| wrap_listing("listing components", error))?;
        for resource in &mut page.items {
            let muting = components.muting(resource.id.resource.as_str());
            if muting.is_empty() {
                continue;
            }
            let (ids, names): (Vec<String>, Vec<String>) = muting
                .into_iter()
                .map(|(id, name)| (id.to_string(), name))
                .unzip();
            let sentence = format!(
                "Some permissions of its sets are taken away again (muted) by {}.",
                names.join(", ")
            );
            text::add_sentence(&mut resource.description, Some(sentence));
            let profile = resource.profile.get_or_insert_default();
            profile.insert("muting_permission_set_ids".to_owned(), ids.into());
            profile.insert("muting_permission_sets".to_owned(), names.into());
        }
        given::show(Giver::Group, page, &self.context, call).await
    }
}

#[async_trait]
impl ResourceSyncer for PermissionSetGroups {
    fn resource_type(&self) -> &ResourceType {
        &PERMISSION_SET_GROUP
    }

    async fn list(&self, page: &PageRequest) -> Result<Page<Resource>> {
        assignment::foresee(Assigned::Group, &self.assignments, &self.context, page);
        given::foresee(&self.context, page);
        self.context.foresee(page, |context, memory| async move {
            components(&context, &memory).await.is_ok()
        });
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
            "Is in the permission set group {}, and so has all permission sets in it.",
            text::shown(on)
        ));
        let profile = on.profile.as_ref();
        let standing = profile.and_then(|profile| profile.get(STANDING)?.as_text());
        text::add_sentence(&mut about, standing.map(str::to_owned));
        text::add_sentence(&mut about, given::of_request(on));
        let about = about.unwrap_or_default();
        let noun = "Permission Set Group Member";
        let entitlement = text::entitlement(on, "member", noun, about, &[USER.id]);
        Ok(Page::last(vec![entitlement]))
    }

    async fn grants(&self, scope: &GrantScope, page: &PageRequest) -> Result<Page<Grant>> {
        let on = text::record_of(scope)?;
        let memory = self.context.memory(&page.call);
        let position = page.token.as_ref().map(Position::from_token).transpose()?;
        let part = match position {
            None => Part::first(Assigned::Group, on, &self.context, &memory).await?,
            Some(Position::Members(span)) => Part::All(span),
            Some(Position::Shared(shared)) => Part::Shared(shared),
        };
        Box::pin(assignment::page(Question {
            context: &self.context,
            listing: &self.assignments,
            assigned: Assigned::Group,
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
