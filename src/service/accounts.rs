//! `AccountManagerService`: creating accounts.

use tonic::{Request, Response, Status, async_trait};

use super::{Services, respond, wrap};
use crate::baton::{AccountManager, Error, NewAccount, Result};
use crate::pb::connector as pb;
use crate::pb::connector::account_manager_service_server::AccountManagerService;
use crate::wire::{account, validated};

#[async_trait]
impl AccountManagerService for Services {
    async fn create_account(
        &self,
        request: Request<pb::CreateAccountRequest>,
    ) -> Result<Response<pb::CreateAccountResponse>, Status> {
        let request = validated(request)?;
        respond(self.account(request).await.map(account::created))
    }
}

impl Services {
    async fn account(&self, request: pb::CreateAccountRequest) -> Result<NewAccount> {
        self.require_provisioning()?;
        let kind = request.resource_type_id.clone();
        let options = self.account_manager(&kind)?.credential_options();
        let request = account::read(request, options)?;
        let this = self.clone();
        self.to_the_end(async move { this.account_manager(&kind)?.create(&request).await })
            .await
            .map_err(wrap("error: create account failed"))
    }

    /// The manager of accounts of the type `kind`; of any, if it is empty.
    fn account_manager(&self, kind: &str) -> Result<&dyn AccountManager> {
        let manager = self.registry.accounts();
        manager
            .filter(|manager| kind.is_empty() || manager.resource_type() == kind)
            .ok_or_else(|| {
                let mut text = "connector does not have account manager configured".to_owned();
                if !kind.is_empty() {
                    text.push_str(" for resource type: ");
                    text.push_str(kind);
                }
                Error::unimplemented(text)
            })
    }
}
