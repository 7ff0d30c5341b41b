//! A stand-in for the platform: serves its contract over TLS, hands out tasks, and keeps what comes
//! back. It is strict: what the contract forbids is refused and noted.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use baton_salesforce::pb::platform as pb;
use baton_salesforce::pb::platform::baton_service_server::{BatonService, BatonServiceServer};
use pb::baton_service_upload_asset_request::Msg;
use pb::task::TaskType;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PKCS_ED25519};
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::service::Routes;
use tonic::transport::{Identity, Server, ServerTlsConfig};
use tonic::{Code, Request, Response, Status, Streaming};

/// What the platform does and has seen.
#[derive(Default)]
pub(crate) struct Script {
    /// Tasks to give out, each once.
    pub(crate) tasks: VecDeque<pb::Task>,
    /// Answers instead of the next calls of a method; `token` is the token endpoint.
    pub(crate) failures: BTreeMap<&'static str, VecDeque<Code>>,
    /// Uploads that end after so many frames.
    pub(crate) cut_uploads: VecDeque<usize>,
    /// Tasks whose heartbeats are answered with "cancelled".
    pub(crate) cancelled: BTreeSet<String>,
    /// How far the platform's clock is ahead, in seconds.
    pub(crate) clock_ahead: i64,
    /// The validity of tokens, in seconds.
    pub(crate) token_life: u64,
    /// How often the platform wants to be asked.
    pub(crate) next_poll: Duration,

    pub(crate) hellos: Vec<pb::BatonServiceHelloRequest>,
    pub(crate) heartbeats: Vec<String>,
    pub(crate) finished: Vec<pb::BatonServiceFinishTaskRequest>,
    /// The last whole upload of each task.
    pub(crate) uploads: BTreeMap<String, Vec<u8>>,
    /// What the contract forbids.
    pub(crate) violations: Vec<String>,
    /// Calls by method.
    pub(crate) calls: BTreeMap<&'static str, u32>,
    tokens: BTreeSet<String>,
}

/// A running stand-in.
pub(crate) struct Platform {
    script: Arc<Mutex<Script>>,
    directory: tempfile::TempDir,
    address: SocketAddr,
    identity: Identity,
    /// A runtime of its own: its end breaks all connections.
    serving: Mutex<Option<tokio::runtime::Runtime>>,
    /// The part of the client secret behind `v1:`.
    jwk: String,
    public: Vec<u8>,
}

const CLIENT: &str = "brave-lake-1234";

impl Platform {
    pub(crate) fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let authority_key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&authority_key).unwrap();
        std::fs::write(directory.path().join("ca.pem"), authority.pem()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(["localhost".to_owned()])
            .unwrap()
            .signed_by(&key, &Issuer::new(params, authority_key))
            .unwrap();

        let client = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let der = client.serialize_der();
        let seed = &der[16..48];
        let jwk = json!({
            "kty": "OKP", "crv": "Ed25519", "kid": "key-1",
            "d": URL_SAFE_NO_PAD.encode(seed),
            "x": URL_SAFE_NO_PAD.encode(client.public_key_raw()),
        });
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let platform = Self {
            script: Arc::new(Mutex::new(Script {
                token_life: 3600,
                next_poll: Duration::from_millis(20),
                ..Script::default()
            })),
            directory,
            address: listener.local_addr().unwrap(),
            identity: Identity::from_pem(leaf.pem(), key.serialize_pem()),
            serving: Mutex::default(),
            jwk: URL_SAFE_NO_PAD.encode(jwk.to_string()),
            public: client.public_key_raw().to_vec(),
        };
        platform.serve(listener);
        platform
    }

    fn serve(&self, listener: std::net::TcpListener) {
        listener.set_nonblocking(true).unwrap();
        let service = Service {
            script: Arc::clone(&self.script),
        };
        let tokens = TokenEndpoint {
            script: Arc::clone(&self.script),
            public: self.public.clone(),
            client_id: self.client_id(),
        };
        let router = Routes::new(BatonServiceServer::new(service))
            .into_axum_router()
            .route("/auth/v1/token", post(token).with_state(Arc::new(tokens)));
        let tls = ServerTlsConfig::new().identity(self.identity.clone());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let mut server = Server::builder().tls_config(tls).unwrap();
            server
                .add_routes(Routes::from(router))
                .serve_with_incoming(TcpListenerStream::new(listener))
                .await
                .unwrap();
        });
        *self.serving.lock().unwrap() = Some(runtime);
    }

    /// Stops to listen, and ends all connections.
    pub(crate) fn go_away(&self) {
        let runtime = self.serving.lock().unwrap().take();
        runtime.unwrap().shutdown_background();
    }

    /// Listens again at the same port.
    pub(crate) async fn come_back(&self) {
        let listener = loop {
            match std::net::TcpListener::bind(self.address) {
                Ok(listener) => break listener,
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        };
        self.serve(listener);
    }

    pub(crate) fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    pub(crate) fn client_id(&self) -> String {
        format!("{CLIENT}@localhost:{}/spc", self.address.port())
    }

    pub(crate) fn client_secret(&self) -> String {
        format!("secret-token:conductorone.com:v1:{}", self.jwk)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// The authority that clients must trust.
    pub(crate) fn authority(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// Gives out a task of this type, and returns its id.
    pub(crate) fn give(&self, task: TaskType) -> String {
        let mut script = self.script();
        // 27 letters and digits, each task with another number.
        let number = script.tasks.len() + script.finished.len() + script.hellos.len();
        let id = format!("task{number:08}{:015}", rand());
        script.tasks.push_back(pb::Task {
            id: id.clone(),
            task_type: Some(task),
            ..pb::Task::default()
        });
        id
    }

    /// Refuses the next calls of a method so.
    pub(crate) fn fail(&self, method: &'static str, codes: &[Code]) {
        let mut script = self.script();
        script.failures.entry(method).or_default().extend(codes);
    }

    /// The reports of a task.
    pub(crate) fn reports(&self, task: &str) -> Vec<pb::BatonServiceFinishTaskRequest> {
        let script = self.script();
        let of_task = script
            .finished
            .iter()
            .filter(|report| report.task_id == task);
        of_task.cloned().collect()
    }

    #[track_caller]
    pub(crate) fn assert_clean(&self) {
        assert_eq!(self.script().violations, [""; 0]);
    }
}

fn rand() -> u32 {
    let mut bytes = [0; 4];
    aws_lc_rs::rand::fill(&mut bytes).unwrap();
    u32::from_ne_bytes(bytes)
}

impl Drop for Platform {
    fn drop(&mut self) {
        let runtime = self.serving.get_mut().unwrap().take();
        if let Some(runtime) = runtime {
            runtime.shutdown_background();
        }
    }
}

struct TokenEndpoint {
    script: Arc<Mutex<Script>>,
    public: Vec<u8>,
    client_id: String,
}

/// `POST /auth/v1/token`.
async fn token(State(endpoint): State<Arc<TokenEndpoint>>, body: String) -> impl IntoResponse {
    let mut script = endpoint.script.lock().unwrap();
    *script.calls.entry("token").or_default() += 1;
    let ahead = script.clock_ahead;
    let now = i64::try_from(
        SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap()
            .as_secs(),
    )
    .unwrap()
        + ahead;
    let date = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(now).unwrap());
    let date = httpdate::fmt_http_date(date);
    let answer = |status: StatusCode, body: Json| (status, [("date", date)], body.to_string());
    let failure = script
        .failures
        .get_mut("token")
        .and_then(VecDeque::pop_front);
    if let Some(code) = failure {
        let status = match code {
            Code::Unauthenticated => StatusCode::UNAUTHORIZED,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        return answer(status, json!({}));
    }
    match endpoint.judge(&body, now) {
        Ok(()) => {
            let token = format!("token-{}-{}", script.tokens.len(), rand());
            script.tokens.insert(token.clone());
            let life = script.token_life;
            answer(
                StatusCode::OK,
                json!({ "access_token": token, "token_type": "bearer", "expires_in": life }),
            )
        }
        Err(why) => {
            if ahead == 0 {
                script.violations.push(why.to_owned());
            }
            answer(
                StatusCode::UNAUTHORIZED,
                json!({ "error": "invalid_client" }),
            )
        }
    }
}

impl TokenEndpoint {
    fn judge(&self, body: &str, now: i64) -> Result<(), &'static str> {
        let form: BTreeMap<String, String> = url::form_urlencoded::parse(body.as_bytes())
            .into_owned()
            .collect();
        let field = |name: &str| form.get(name).map_or("", String::as_str);
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        if field("client_id") != self.client_id
            || field("grant_type") != "client_credentials"
            || field("client_assertion_type") != kind
        {
            return Err("the form is wrong");
        }
        let assertion = field("client_assertion");
        let (message, signature) = assertion.rsplit_once('.').ok_or("no JWS")?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| "no JWS")?;
        UnparsedPublicKey::new(&ED25519, &self.public)
            .verify(message.as_bytes(), &signature)
            .map_err(|_| "the signature is wrong")?;
        let parts: Vec<Json> = message
            .split('.')
            .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
            .collect();
        let (header, claims) = (&parts[0], &parts[1]);
        let nonce = URL_SAFE_NO_PAD.decode(header["nonce"].as_str().ok_or("no nonce")?);
        if header["alg"] != "EdDSA" || header["kid"] != "key-1" || nonce.unwrap().len() != 16 {
            return Err("the header is wrong");
        }
        if claims["iss"] != self.client_id.as_str()
            || claims["sub"] != self.client_id.as_str()
            || claims["aud"] != json!(["localhost"])
        {
            return Err("the claims are wrong");
        }
        let time = |name: &str| claims[name].as_i64().unwrap();
        if time("nbf") > now || time("exp") < now {
            return Err("the assertion is not valid now");
        }
        Ok(())
    }
}

struct Service {
    script: Arc<Mutex<Script>>,
}

impl Service {
    /// Counts a call, checks its token and host, and fails it if the script says so.
    fn admit<T>(
        &self,
        method: &'static str,
        host: Option<&str>,
        request: &Request<T>,
    ) -> Result<MutexGuard<'_, Script>, Status> {
        let mut script = self.script.lock().unwrap();
        *script.calls.entry(method).or_default() += 1;
        let authorization = request.metadata().get("authorization");
        let token = authorization
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
            .ok_or_else(|| Status::unauthenticated("no token"))?;
        if !script.tokens.contains(token) {
            return Err(Status::unauthenticated("an unknown token"));
        }
        if let Some(code) = script
            .failures
            .get_mut(method)
            .and_then(VecDeque::pop_front)
        {
            if code == Code::Unauthenticated {
                script.tokens.clear();
            }
            return Err(Status::new(code, "as the script says"));
        }
        if host.is_some_and(|host| host != "test-host") {
            script
                .violations
                .push(format!("{method}: the host is {host:?}"));
        }
        Ok(script)
    }
}

impl Script {
    fn check_id(&mut self, method: &str, task: &str) {
        let is_id = task.len() == 27 && task.chars().all(|c| c.is_ascii_alphanumeric());
        if !is_id {
            self.violations
                .push(format!("{method}: the task is {task:?}"));
        }
    }

    fn next(&mut self) -> Option<pb::Task> {
        self.tasks.pop_front()
    }
}

fn duration(duration: Duration) -> prost_types::Duration {
    duration.try_into().unwrap()
}

#[tonic::async_trait]
impl BatonService for Service {
    async fn hello(
        &self,
        request: Request<pb::BatonServiceHelloRequest>,
    ) -> Result<Response<pb::BatonServiceHelloResponse>, Status> {
        let host = request.get_ref().host_id.clone();
        let mut script = self.admit("Hello", Some(&host), &request)?;
        let request = request.into_inner();
        if !request.task_id.is_empty() {
            script.check_id("Hello", &request.task_id);
        }
        if request.connector_metadata.is_none() {
            script.violations.push("Hello: no metadata".to_owned());
        }
        script.hellos.push(request);
        Ok(Response::new(pb::BatonServiceHelloResponse::default()))
    }

    async fn get_task(
        &self,
        request: Request<pb::BatonServiceGetTaskRequest>,
    ) -> Result<Response<pb::BatonServiceGetTaskResponse>, Status> {
        let host = request.get_ref().host_id.clone();
        let mut script = self.admit("GetTask", Some(&host), &request)?;
        let task = script.next().unwrap_or_else(|| pb::Task {
            task_type: Some(TaskType::None(pb::task::NoneTask::default())),
            ..pb::Task::default()
        });
        Ok(Response::new(pb::BatonServiceGetTaskResponse {
            task: Some(task),
            next_poll: Some(duration(script.next_poll)),
            next_heartbeat: Some(duration(Duration::from_secs(1))),
            annotations: Vec::new(),
        }))
    }

    async fn get_tasks(
        &self,
        request: Request<pb::BatonServiceGetTasksRequest>,
    ) -> Result<Response<pb::BatonServiceGetTasksResponse>, Status> {
        let host = request.get_ref().host_id.clone();
        let mut script = self.admit("GetTasks", Some(&host), &request)?;
        let request = request.into_inner();
        if !(1..=100).contains(&request.page_size) {
            script
                .violations
                .push(format!("GetTasks: {}", request.page_size));
        }
        for id in &request.known_task_ids {
            script.check_id("GetTasks", id);
        }
        let tasks = (0..request.page_size)
            .map_while(|_| script.next())
            .collect();
        Ok(Response::new(pb::BatonServiceGetTasksResponse {
            tasks,
            next_poll: Some(duration(script.next_poll)),
            next_heartbeat: Some(duration(Duration::from_secs(1))),
            annotations: Vec::new(),
        }))
    }

    async fn heartbeat(
        &self,
        request: Request<pb::BatonServiceHeartbeatRequest>,
    ) -> Result<Response<pb::BatonServiceHeartbeatResponse>, Status> {
        let host = request.get_ref().host_id.clone();
        let mut script = self.admit("Heartbeat", Some(&host), &request)?;
        let task = request.into_inner().task_id;
        script.check_id("Heartbeat", &task);
        let cancelled = script.cancelled.contains(&task);
        script.heartbeats.push(task);
        Ok(Response::new(pb::BatonServiceHeartbeatResponse {
            next_heartbeat: Some(duration(Duration::from_secs(1))),
            cancelled,
            ..pb::BatonServiceHeartbeatResponse::default()
        }))
    }

    async fn finish_task(
        &self,
        request: Request<pb::BatonServiceFinishTaskRequest>,
    ) -> Result<Response<pb::BatonServiceFinishTaskResponse>, Status> {
        let host = request.get_ref().host_id.clone();
        let mut script = self.admit("FinishTask", Some(&host), &request)?;
        let request = request.into_inner();
        script.check_id("FinishTask", &request.task_id);
        if request.final_state.is_none() {
            script
                .violations
                .push("FinishTask: no final state".to_owned());
        }
        script.finished.push(request);
        Ok(Response::new(pb::BatonServiceFinishTaskResponse::default()))
    }

    async fn upload_asset(
        &self,
        request: Request<Streaming<pb::BatonServiceUploadAssetRequest>>,
    ) -> Result<Response<pb::BatonServiceUploadAssetResponse>, Status> {
        let cut = {
            let mut script = self.admit("UploadAsset", None, &request)?;
            script.cut_uploads.pop_front()
        };
        let mut frames = request.into_inner();
        let first = frames
            .next()
            .await
            .ok_or_else(|| Status::invalid_argument("no frame"))??;
        let Some(Msg::Metadata(metadata)) = first.msg else {
            return Err(Status::invalid_argument("the first frame is no metadata"));
        };
        let mut bytes = Vec::new();
        let mut count = 0;
        while let Some(frame) = frames.next().await {
            if cut == Some(count) {
                return Err(Status::unavailable("cut"));
            }
            count += 1;
            match frame?.msg {
                Some(Msg::Data(data)) if (1..=1 << 20).contains(&data.data.len()) => {
                    bytes.extend_from_slice(&data.data);
                }
                Some(Msg::Eof(end)) if end.sha256_checksum == Sha256::digest(&bytes).as_slice() => {
                    let mut script = self.script.lock().unwrap();
                    script.check_id("UploadAsset", &metadata.task_id);
                    script.uploads.insert(metadata.task_id, bytes);
                    return Ok(Response::new(pb::BatonServiceUploadAssetResponse::default()));
                }
                other => {
                    let what = format!("UploadAsset: {:?}", other.map(|_| "a wrong frame"));
                    self.script.lock().unwrap().violations.push(what);
                    return Err(Status::invalid_argument("a wrong frame"));
                }
            }
        }
        Err(Status::aborted("the stream has ended early"))
    }

    async fn start_debugging(
        &self,
        _: Request<pb::StartDebuggingRequest>,
    ) -> Result<Response<pb::StartDebuggingResponse>, Status> {
        Err(Status::unimplemented("nobody calls this"))
    }
}
