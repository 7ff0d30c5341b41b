//! `AssetService`: no metadata of ours names an asset; the stream ends without a message.

use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status, async_trait};

use super::Services;
use crate::pb::connector as pb;
use crate::pb::connector::asset_service_server::AssetService;
use crate::wire::validated;

#[async_trait]
impl AssetService for Services {
    async fn get_asset(
        &self,
        request: Request<pb::AssetServiceGetAssetRequest>,
    ) -> Result<Response<BoxStream<pb::AssetServiceGetAssetResponse>>, Status> {
        validated(request)?;
        Ok(Response::new(Box::pin(tokio_stream::empty())))
    }
}
