//! What the process of the connector tells the process of this program that started it. Not a service
//! of the Baton protocol: it is served to that process only.

use tonic::{Request, Response, Status, async_trait};

use super::Services;
use crate::metrics::{Process, exposition};
use crate::pb::process::metrics_service_server::MetricsService;
use crate::pb::process::{ReadRequest, ReadResponse};

#[async_trait]
impl MetricsService for Services {
    async fn read(&self, _: Request<ReadRequest>) -> Result<Response<ReadResponse>, Status> {
        let process = Process::this(self.started);
        Ok(Response::new(ReadResponse {
            series: exposition::part(&self.metrics),
            resident_bytes: process.resident_bytes,
            started_ms: u64::try_from(process.started.as_millis()).unwrap_or(u64::MAX),
        }))
    }
}
