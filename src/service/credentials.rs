//! `CredentialManagerService`: no type of ours has credentials that can be rotated or issued.

use tonic::{Request, Response, Status, async_trait};

use super::{Services, respond};
use crate::baton::{Error, Result};
use crate::pb::connector as pb;
use crate::pb::connector::credential_manager_service_server::CredentialManagerService;
use crate::wire::validated;

#[async_trait]
impl CredentialManagerService for Services {
    async fn rotate_credential(
        &self,
        request: Request<pb::RotateCredentialRequest>,
    ) -> Result<Response<pb::RotateCredentialResponse>, Status> {
        validated(request)?;
        respond(self.no_credentials("resource type does not have credential manager configured"))
    }

    async fn issue_credential(
        &self,
        request: Request<pb::IssueCredentialRequest>,
    ) -> Result<Response<pb::IssueCredentialResponse>, Status> {
        validated(request)?;
        respond(self.no_credentials("resource type does not have credential issuer configured"))
    }
}

impl Services {
    fn no_credentials<T>(&self, why: &str) -> Result<T> {
        self.require_provisioning()?;
        Err(Error::unimplemented(why))
    }
}
