//! Licences that a row assigns to a user: permission set licences and package licences.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::directory::{Directory, DirectoryRow};
use super::held_rows::{self, Held, Question};
use super::license::SLUG;
use super::synced_users::Via;
use crate::baton::{
    Call, Cursor, Entitlement, EntitlementId, Grant, GrantScope, Page, PageRequest, Provisioner,
    Resource, ResourceId, ResourceRef, ResourceSyncer, ResourceType, Result,
};
use crate::connector::catalog::USER;
use crate::connector::options::Options;
use crate::connector::read::context::ReadContext;
use crate::connector::read::listing::Listing;
use crate::connector::read::partitioned_scan::Span;
use crate::connector::read::table::{Row, Table};
use crate::connector::text;
use crate::salesforce::SalesforceId;

/// A table of licences, and the table of who has them.
pub(super) trait AssignedLicense: DirectoryRow {
    /// The last words of the entitlement's display name.
    const NOUN: &'static str;
    /// The object of which a row assigns a licence to a user.
    const ASSIGNMENT: &'static str;
    /// Its column that names the user.
    const USER: &'static str;
    /// Its column that names the licence.
    const LICENSE: &'static str;
    /// The parent through which it names the user.
    const VIA: Via;
    /// What to do if it may not be read.
    const ASSIGNMENT_REMEDY: &'static str;
    /// What the entitlement on the licence with this name means.
    fn about(name: &str) -> String;
}

/// A row of `PermissionSetLicenseAssign` or `UserPackageLicense`.
#[derive(Deserialize)]
pub(super) struct HolderRow {
    #[serde(rename = "Id")]
    id: SalesforceId,
    #[serde(alias = "AssigneeId", alias = "UserId")]
    user: SalesforceId,
    #[serde(alias = "PermissionSetLicenseId", alias = "PackageLicenseId")]
    license: SalesforceId,
    #[serde(rename = "IsRevoked")]
    is_revoked: Option<bool>,
}

impl Row for HolderRow {
    fn id(&self) -> SalesforceId {
        self.id
    }
}

impl HolderRow {
    /// Who has what, unless a user access policy took it away.
    fn held(&self) -> Option<Held> {
        (self.is_revoked != Some(true)).then_some(Held {
            user: self.user,
            on: self.license,
        })
    }
}

/// Where the listing of grants continues.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Position {
    Holders(Span),
}

impl Cursor for Position {}

/// Lists the licences of one table and who has them.
pub(super) struct AssignedLicenses<R: DirectoryRow> {
    context: Arc<ReadContext>,
    directory: Directory<R>,
    holders: Listing<HolderRow>,
    provisioner: Box<dyn Provisioner>,
}

impl<R: AssignedLicense> AssignedLicenses<R> {
    pub(super) fn new(context: &Arc<ReadContext>, provisioner: Box<dyn Provisioner>) -> Self {
        Self {
            context: Arc::clone(context),
            directory: Directory::new(context),
            holders: Listing::new(context, R::ASSIGNMENT),
            provisioner,
        }
    }

    /// Who has which of the licences.
    fn assignments(options: &Options) -> Table {
        Table::new(R::ASSIGNMENT, &["Id", R::USER, R::LICENSE])
            .optional_or(
                "IsRevoked",
                "licences that a user access policy took away are shown as held",
            )
            .only(R::VIA.condition(options))
            .changes_show_in(["SystemModstamp", R::VIA.changed()], Some(R::LICENSE))
    }
}

#[async_trait]
impl<R: AssignedLicense> ResourceSyncer for AssignedLicenses<R> {
    fn resource_type(&self) -> &ResourceType {
        R::TYPE
    }

    async fn list(&self, page: &PageRequest) -> Result<Page<Resource>> {
        self.holders
            .foresee(&Self::assignments(&self.context.options), page);
        self.directory.list(page).await
    }

    async fn get(&self, id: &ResourceId, _call: &Call) -> Result<Page<Resource>> {
        self.directory.get(id).await
    }

    async fn entitlements(&self, on: &ResourceRef, _: &PageRequest) -> Result<Page<Entitlement>> {
        let about = R::about(text::shown(on));
        let entitlement = text::entitlement(on, SLUG, R::NOUN, about, &[USER.id]);
        Ok(Page::last(vec![entitlement]))
    }

    async fn grants(&self, scope: &GrantScope, page: &PageRequest) -> Result<Page<Grant>> {
        let on = text::record_of(scope)?;
        let memory = self.context.memory(&page.call);
        let position = page.token.as_ref().map(Position::from_token).transpose()?;
        let Position::Holders(span) = position.unwrap_or(Position::Holders(Span::default()));
        let table = Self::assignments(&self.context.options);
        let question = Question {
            context: &self.context,
            listing: &self.holders,
            table,
            column: R::LICENSE,
            remedy: R::ASSIGNMENT_REMEDY,
            doing: "listing who has licences",
            on,
            span,
            page,
            memory: &memory,
            targets: self.directory.all(&memory),
            position: &|span| Position::Holders(span).to_token(),
        };
        held_rows::page(question, HolderRow::held, |_, held| {
            let on = ResourceId::new(R::TYPE.id, held.on.to_string())?;
            let principal = ResourceId::new(USER.id, held.user.to_string())?;
            Ok(Grant::new(EntitlementId::new(on, SLUG), principal))
        })
        .await
    }

    fn provisioner(&self) -> Option<&dyn Provisioner> {
        Some(self.provisioner.as_ref())
    }
}
