//! What the connector says of itself: metadata, capabilities, the account form.
//!
//! Capabilities are computed from the registry, sorted as in the Baton SDK's `connectorbuilder`, and
//! the same whether or not provisioning is enabled.

use std::collections::BTreeSet;

use super::account::detail;
use super::resource::{permissions, resource_type};
use super::text::{self, cut};
use crate::baton::schema::AccountField;
use crate::baton::{AccountManager, Registry, ResourceSyncer, TypeMark};
use crate::pb::connector as pb;
use crate::pb::connector::Capability;
use crate::pb::connector::connector_account_creation_schema::{Field, StringField, field};

/// The metadata of the connector.
#[must_use]
pub fn metadata(registry: &Registry) -> pb::ConnectorMetadata {
    let connector = registry.connector();
    pb::ConnectorMetadata {
        display_name: cut(connector.display_name(), text::DISPLAY_NAME),
        description: cut(connector.description(), text::TYPE_DESCRIPTION),
        capabilities: Some(capabilities(registry)),
        account_creation_schema: registry
            .accounts()
            .map(|accounts| account_form(accounts.schema())),
        ..Default::default()
    }
}

/// What can be done, per type and altogether.
#[must_use]
pub fn capabilities(registry: &Registry) -> pb::ConnectorCapabilities {
    let mut all = BTreeSet::new();
    let mut types = Vec::new();
    // The registry iterates in the order of the type ids, which is the order that is asked for.
    for syncer in registry.syncers() {
        let own = of_type(syncer, registry.accounts());
        types.push(type_capability(syncer, &own));
        all.extend(own);
    }
    if all.contains(&i32::from(Capability::TargetedSync)) {
        all.insert(Capability::ServiceModeTargetedSync.into());
    }
    if registry.actions().next().is_some() {
        all.insert(Capability::Actions.into());
    }
    if registry.feeds().next().is_some() {
        all.insert(Capability::EventFeedV2.into());
    }
    pb::ConnectorCapabilities {
        resource_type_capabilities: types,
        connector_capabilities: all.into_iter().collect(),
        credential_details: Some(pb::CredentialDetails {
            capability_account_provisioning: registry.accounts().map(account_credentials),
            capability_credential_rotation: None,
        }),
    }
}

/// By number, which is how they are sorted. Every type can be read one by one, hence targeted.
fn of_type(syncer: &dyn ResourceSyncer, accounts: Option<&dyn AccountManager>) -> BTreeSet<i32> {
    let mut own = BTreeSet::from([Capability::Sync.into(), Capability::TargetedSync.into()]);
    if syncer.provisioner().is_some() {
        own.insert(Capability::Provision.into());
    }
    if syncer.deleter().is_some() {
        own.insert(Capability::ResourceDelete.into());
    }
    if accounts.is_some_and(|accounts| accounts.resource_type() == syncer.resource_type().id) {
        own.insert(Capability::AccountProvisioning.into());
    }
    own
}

fn type_capability(syncer: &dyn ResourceSyncer, own: &BTreeSet<i32>) -> pb::ResourceTypeCapability {
    let kind = syncer.resource_type();
    pb::ResourceTypeCapability {
        resource_type: Some(resource_type(kind)),
        capabilities: own.iter().copied().collect(),
        permissions: Some(permissions(kind)),
        opt_in_required: kind.is(TypeMark::OptInRequired),
        ..Default::default()
    }
}

fn account_credentials(accounts: &dyn AccountManager) -> pb::CredentialDetailsAccountProvisioning {
    let supported: Vec<i32> = accounts
        .credential_options()
        .iter()
        .map(|option| detail(*option).into())
        .collect();
    pb::CredentialDetailsAccountProvisioning {
        preferred_credential_option: supported.first().copied().unwrap_or_default(),
        supported_credential_options: supported,
    }
}

/// The form for a new account.
#[must_use]
pub fn account_form(fields: Vec<AccountField>) -> pb::ConnectorAccountCreationSchema {
    let form_field = |asked: AccountField| {
        let default_value = asked.default.map(str::to_owned);
        let field = Field {
            display_name: asked.display_name.into_owned(),
            required: asked.required,
            description: asked.description.into_owned(),
            placeholder: asked.placeholder.to_owned(),
            order: asked.order,
            deprecated: false,
            field: Some(field::Field::StringField(StringField { default_value })),
        };
        (asked.key.into_owned(), field)
    };
    pb::ConnectorAccountCreationSchema {
        field_map: fields.into_iter().map(form_field).collect(),
    }
}
