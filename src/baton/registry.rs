//! The resource types, actions and event feeds of a connector. Its capabilities are derived from them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{
    AccountManager, Action, Connector, Error, EventFeed, ResourceSyncer, ResourceType, Result,
};

/// Everything that a connector offers: resource types, actions, account creation, event feeds.
pub struct Registry {
    connector: Arc<dyn Connector>,
    syncers: BTreeMap<&'static str, Arc<dyn ResourceSyncer>>,
    actions: BTreeMap<&'static str, Arc<dyn Action>>,
    accounts: Option<Arc<dyn AccountManager>>,
    feeds: BTreeMap<&'static str, Arc<dyn EventFeed>>,
}

impl Registry {
    /// Creates a registry without resource types and actions.
    pub fn new(connector: Arc<dyn Connector>) -> Self {
        Self {
            connector,
            syncers: BTreeMap::new(),
            actions: BTreeMap::new(),
            accounts: None,
            feeds: BTreeMap::new(),
        }
    }

    /// Adds a resource type.
    #[must_use]
    pub fn with_syncer(mut self, syncer: Arc<dyn ResourceSyncer>) -> Self {
        self.syncers.insert(syncer.resource_type().id, syncer);
        self
    }

    /// Adds an action.
    #[must_use]
    pub fn with_action(mut self, action: Arc<dyn Action>) -> Self {
        self.actions.insert(action.schema().name, action);
        self
    }

    /// Adds the account manager.
    #[must_use]
    pub fn with_accounts(mut self, accounts: Arc<dyn AccountManager>) -> Self {
        self.accounts = Some(accounts);
        self
    }

    /// Adds an event feed.
    #[must_use]
    pub fn with_feed(mut self, feed: Arc<dyn EventFeed>) -> Self {
        self.feeds.insert(feed.id(), feed);
        self
    }

    /// The connector as a whole.
    #[must_use]
    pub fn connector(&self) -> &dyn Connector {
        self.connector.as_ref()
    }

    /// The syncer of a type, if there is one.
    #[must_use]
    pub fn find(&self, resource_type: &str) -> Option<&dyn ResourceSyncer> {
        self.syncers.get(resource_type).map(Arc::as_ref)
    }

    /// The syncer of a type. `doing` starts the error for an unknown type.
    pub fn syncer(&self, resource_type: &str, doing: &str) -> Result<&dyn ResourceSyncer> {
        self.find(resource_type).ok_or_else(|| {
            Error::not_found(format!(
                "{doing} with unknown resource type {resource_type}"
            ))
        })
    }

    /// All syncers, ordered by type id.
    pub fn syncers(&self) -> impl Iterator<Item = &dyn ResourceSyncer> {
        self.syncers.values().map(Arc::as_ref)
    }

    /// The type with this id.
    #[must_use]
    pub fn resource_type(&self, id: &str) -> Option<&ResourceType> {
        self.find(id).map(ResourceSyncer::resource_type)
    }

    /// The action with this name.
    #[must_use]
    pub fn action(&self, name: &str) -> Option<Arc<dyn Action>> {
        self.actions.get(name).cloned()
    }

    /// All actions, ordered by name.
    pub fn actions(&self) -> impl Iterator<Item = &dyn Action> {
        self.actions.values().map(Arc::as_ref)
    }

    /// The account manager, if there is one.
    #[must_use]
    pub fn accounts(&self) -> Option<&dyn AccountManager> {
        self.accounts.as_deref()
    }

    /// The event feed with this id.
    #[must_use]
    pub fn feed(&self, id: &str) -> Option<&dyn EventFeed> {
        self.feeds.get(id).map(Arc::as_ref)
    }

    /// All event feeds, ordered by id.
    pub fn feeds(&self) -> impl Iterator<Item = &dyn EventFeed> {
        self.feeds.values().map(Arc::as_ref)
    }
}
