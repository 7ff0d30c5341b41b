//! The org itself, as the resource of events that name no other one.

use tokio::sync::OnceCell;

use crate::baton::{Resource, ResourceId, Result, Variant};
use crate::connector::error::wrap_listing;
use crate::salesforce::Client;

/// Not a resource type of a sync: hosts see it in events only.
const ORGANIZATION: &str = "organization";

/// The org's id and name, read once.
#[derive(Default)]
pub(super) struct Organization(OnceCell<(ResourceId, String)>);

impl Organization {
    /// The id.
    pub(super) async fn id(&self, client: &Client) -> Result<ResourceId> {
        Ok(self.read(client).await?.0.clone())
    }

    /// The resource.
    pub(super) async fn resource(&self, client: &Client) -> Result<Resource> {
        let (id, name) = self.read(client).await?;
        Ok(Resource::new(id.clone(), name, Variant::Plain))
    }

    async fn read(&self, client: &Client) -> Result<&(ResourceId, String)> {
        let read = || async {
            let org = client.organization().await;
            let org = org.map_err(|error| wrap_listing("reading Organization", error))?;
            let id = org.value.id.to_string();
            let name = org.value.name.unwrap_or_else(|| id.clone());
            Ok((ResourceId::new(ORGANIZATION, id)?, name))
        };
        self.0.get_or_try_init(read).await
    }
}
