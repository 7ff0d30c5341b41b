//! Sends a file in frames: who sends it, the bytes, and their SHA-256.

use std::path::Path;
use std::time::Duration;

use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Request;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;

use super::error::{Error, Result};
use crate::pb::platform::BatonServiceUploadAssetRequest as Frame;
use crate::pb::platform::baton_service_client::BatonServiceClient;
use crate::pb::platform::baton_service_upload_asset_request::{
    Msg, UploadData, UploadEof, UploadMetadata,
};

const DOING: &str = "uploading the file of a sync";
/// As in the SDK; the contract allows twice as much.
const FRAME: usize = 512 << 10;
/// How long the platform may take no frame, or not answer behind the last one.
const PATIENCE: Duration = Duration::from_mins(2);

/// Sends the file once. The platform keeps nothing of an upload that ends early.
pub(super) async fn send(
    mut client: BatonServiceClient<Channel>,
    authorization: MetadataValue<Ascii>,
    host_id: &str,
    task: &str,
    file: &Path,
) -> Result<()> {
    let failed = |source| Error::File { source };
    let file = File::open(file).await.map_err(failed)?;
    let (frames, stream) = mpsc::channel(2);
    let mut request = Request::new(ReceiverStream::new(stream));
    request
        .metadata_mut()
        .insert("authorization", authorization);
    let first = Msg::Metadata(UploadMetadata {
        host_id: host_id.to_owned(),
        task_id: task.to_owned(),
        annotations: Vec::new(),
    });
    let moved = Moved::default();
    let answer = async {
        let answer = client.upload_asset(request).await;
        answer
            .map(drop)
            .map_err(|status| Error::refused(DOING, status))
    };
    tokio::pin!(answer);
    let reading = read(file, first, frames, &moved);
    tokio::select! {
        // The platform may refuse before the last frame.
        answer = &mut answer => answer,
        read = reading => match read {
            Ok(()) => tokio::select! {
                answer = answer => answer,
                () = moved.stuck() => Err(late()),
            },
            Err(error) => Err(failed(error)),
        },
        () = moved.stuck() => Err(late()),
    }
}

fn late() -> Error {
    Error::Late {
        doing: DOING,
        seconds: PATIENCE.as_secs(),
    }
}

/// Reads the file into frames. If nobody takes them any more, the answer says why.
async fn read(
    mut file: File,
    first: Msg,
    frames: mpsc::Sender<Frame>,
    moved: &Moved,
) -> std::io::Result<()> {
    let put = async |msg| {
        let put = frames.send(Frame { msg: Some(msg) }).await;
        moved.now();
        put.is_ok()
    };
    if !put(first).await {
        return Ok(());
    }
    let mut hash = Sha256::new();
    loop {
        let mut data = Vec::with_capacity(FRAME);
        let limit = u64::try_from(FRAME).unwrap_or(u64::MAX);
        (&mut file).take(limit).read_to_end(&mut data).await?;
        if data.is_empty() {
            break;
        }
        hash.update(&data);
        if !put(Msg::Data(UploadData { data })).await {
            return Ok(());
        }
    }
    let end = UploadEof {
        sha256_checksum: hash.finalize().to_vec(),
        annotations: Vec::new(),
    };
    put(Msg::Eof(end)).await;
    Ok(())
}

/// When a frame was taken last.
struct Moved(Mutex<Instant>);

impl Default for Moved {
    fn default() -> Self {
        Self(Mutex::new(Instant::now()))
    }
}

impl Moved {
    fn now(&self) {
        *self.0.lock() = Instant::now();
    }

    /// Completes when nothing has moved for too long.
    async fn stuck(&self) {
        loop {
            let end = *self.0.lock() + PATIENCE;
            if end <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(end).await;
        }
    }
}
