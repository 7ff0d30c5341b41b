//! An OpenTelemetry collector: what it is sent, and that one that does not work disturbs nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{
    LogsService, LogsServiceServer,
};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use salesforce_simulator::{Org, Preset, Simulator};
use test_case::test_case;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Identity, Server, ServerTlsConfig};
use tonic::{Request, Response, Status};

use crate::daemon::{Scene, full_sync};
use crate::process::{Ended, run, with};

const LOST: &str = "the OpenTelemetry collector does not take traces or logs";

/// What a collector got.
#[derive(Clone, Default)]
struct Got {
    spans: Arc<Mutex<Vec<Span>>>,
    logs: Arc<Mutex<Vec<LogRecord>>>,
    services: Arc<Mutex<BTreeSet<String>>>,
}

#[tonic::async_trait]
impl TraceService for Got {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        for resource in request.into_inner().resource_spans {
            let about = text(&resource.resource.unwrap().attributes, "service.name");
            self.services.lock().unwrap().extend(about);
            let scopes = resource.scope_spans.into_iter();
            let spans = scopes.flat_map(|scope| scope.spans);
            self.spans.lock().unwrap().extend(spans);
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl LogsService for Got {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        let resources = request.into_inner().resource_logs.into_iter();
        let scopes = resources.flat_map(|resource| resource.scope_logs);
        let records = scopes.flat_map(|scope| scope.log_records);
        self.logs.lock().unwrap().extend(records);
        Ok(Response::new(ExportLogsServiceResponse::default()))
    }
}

/// The text of an attribute.
fn text(attributes: &[KeyValue], name: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == name)?;
    match found.value.clone()?.value? {
        any_value::Value::StringValue(text) => Some(text),
        other => Some(format!("{other:?}")),
    }
}

/// A collector that works, and its port.
async fn collector(tls: Option<Identity>) -> (Got, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let got = Got::default();
    let mut server = Server::builder();
    if let Some(identity) = tls {
        let config = ServerTlsConfig::new().identity(identity);
        server = server.tls_config(config).unwrap();
    }
    let serving = server
        .add_service(TraceServiceServer::new(got.clone()))
        .add_service(LogsServiceServer::new(got.clone()))
        .serve_with_incoming(TcpListenerStream::new(listener));
    tokio::spawn(serving);
    (got, port)
}

fn flags(port: u16) -> [String; 2] {
    [
        format!("--otel-collector-endpoint=127.0.0.1:{port}"),
        "--otel-collector-endpoint-tls-insecure".to_owned(),
    ]
}

/// A sync into a file, with these flags.
async fn sync(directory: &Path, flags: &[String]) -> (Simulator, Ended) {
    let simulator = Simulator::start(Org::seed(Preset::Tiny)).await;
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let arguments = with(&simulator, &[&["--file=sync.c1z"], &flags[..]].concat());
    let ended = run(directory, &arguments).await;
    ended.assert_decent();
    (simulator, ended)
}

/// Spans by their ids.
struct Traces(BTreeMap<Vec<u8>, Span>);

impl Traces {
    fn of(got: &Got) -> Self {
        let spans = got.spans.lock().unwrap().clone();
        let count = spans.len();
        let traces: BTreeMap<_, _> = spans
            .into_iter()
            .map(|span| (span.span_id.clone(), span))
            .collect();
        assert_eq!(traces.len(), count, "each span is sent once");
        Self(traces)
    }

    /// A span and those above it, up to the first.
    fn above<'a>(&'a self, mut span: &'a Span) -> Vec<&'a Span> {
        let mut chain = vec![span];
        while !span.parent_span_id.is_empty() {
            let parent = &self.0[&span.parent_span_id];
            assert_eq!(parent.trace_id, span.trace_id);
            assert!(parent.start_time_unix_nano <= span.start_time_unix_nano);
            span = parent;
            chain.push(span);
        }
        chain
    }

    /// The spans of requests to Salesforce.
    fn requests(&self) -> Vec<&Span> {
        let has_object = |span: &&Span| text(&span.attributes, "sf.object").is_some();
        self.0.values().filter(has_object).collect()
    }
}

#[tokio::test]
async fn a_trace_goes_from_the_task_to_each_request() {
    let (got, port) = collector(None).await;
    let flags = flags(port);
    let mut scene = Scene::prepare().await;
    scene.launch(&[&flags[0], &flags[1]]);
    scene.do_task(full_sync()).await.unwrap();
    scene.do_task(scene.grant()).await.unwrap();
    let sent = scene.simulator.requests().into_iter();
    let sent = sent.filter(|request| !request.login).count();
    let ended = scene.stop().await;
    ended.assert_success();
    assert!(!ended.stderr.contains(LOST), "{}", ended.stderr);
    assert_eq!(
        *got.services.lock().unwrap(),
        BTreeSet::from(["baton-salesforce".to_owned()])
    );

    let traces = Traces::of(&got);
    let requests = traces.requests();
    assert_eq!(requests.len(), sent);
    let mut good = 0;
    let mut works = BTreeMap::<String, BTreeSet<Vec<u8>>>::new();
    for request in requests {
        let chain = traces.above(request);
        let kinds: Vec<_> = chain.iter().map(|span| span.kind()).collect();
        let across = [
            SpanKind::Client,
            SpanKind::Server,
            SpanKind::Client,
            SpanKind::Internal,
        ];
        assert_eq!(kinds, across, "request, answer, call, task: {chain:#?}");
        assert_eq!(
            chain[1].name, chain[2].name,
            "one call has one name on both sides"
        );
        let work = chain[3].name.clone();
        works
            .entry(work)
            .or_default()
            .insert(request.trace_id.clone());
        let outcome = text(&request.attributes, "outcome").unwrap();
        let status = text(&request.attributes, "http.response.status_code").unwrap();
        let is_good = ["200", "201", "204"]
            .iter()
            .any(|code| status.contains(code));
        // Some objects are optional, and this org does not have them.
        assert_eq!(outcome, if is_good { "ok" } else { "refused" }, "{status}");
        good += usize::from(is_good);
    }
    assert!(good > 20 && good < sent, "{good} of {sent}");
    let works: Vec<_> = works
        .iter()
        .map(|(work, traces)| (work.as_str(), traces.len()))
        .collect();
    assert_eq!(
        works,
        [("grant", 1), ("hello", 1), ("sync_full", 1)],
        "each task is one trace"
    );
}

/// Names are few, and attributes are words of the program.
#[tokio::test]
async fn nothing_of_the_org_is_in_a_trace() {
    let (got, port) = collector(None).await;
    let flags = flags(port);
    let mut scene = Scene::prepare().await;
    scene.launch(&[&flags[0], &flags[1], "--otel-logging-disabled"]);
    scene.do_task(full_sync()).await.unwrap();
    scene.do_task(scene.grant()).await.unwrap();
    let org = scene.simulator.org();
    let mut personal = vec![org.organization_id()];
    for user in org.rows("User") {
        for field in ["Id", "Username", "Email", "Alias"] {
            personal.extend(user[field].as_str().map(str::to_owned));
        }
    }
    drop(org);
    scene.stop().await.assert_success();
    let traces = Traces::of(&got);
    let names: BTreeSet<&str> = traces.0.values().map(|span| span.name.as_str()).collect();
    assert!((10..100).contains(&names.len()), "{names:?}");
    let all = format!("{:?}", traces.0.values().collect::<Vec<_>>());
    personal.extend(["SELECT", "127.0.0.1", "simulated", "Bearer"].map(str::to_owned));
    for text in personal {
        assert!(!all.contains(&text), "{text}");
    }
    for span in traces.0.values() {
        let keys: BTreeSet<&str> = span
            .attributes
            .iter()
            .map(|pair| pair.key.as_str())
            .collect();
        let known = BTreeSet::from([
            "outcome",
            "sf.object",
            "http.request.method",
            "http.response.status_code",
            "rpc.system",
            "busy_ns",
            "idle_ns",
        ]);
        assert!(keys.is_subset(&known), "{keys:?}");
        assert!(span.events.is_empty(), "{span:?}");
    }
    assert!(got.logs.lock().unwrap().is_empty(), "logs are off");
}

#[tokio::test]
async fn logs_are_sent_as_they_are_written_and_traces_can_be_off() {
    let (got, port) = collector(None).await;
    let directory = tempfile::tempdir().unwrap();
    let [endpoint, plain] = flags(port);
    let flags = [endpoint, plain, "--otel-tracing-disabled".to_owned()];
    let (_, ended) = sync(directory.path(), &flags).await;
    ended.assert_success();
    assert!(got.spans.lock().unwrap().is_empty());
    let logs = got.logs.lock().unwrap();
    let mut sent: Vec<_> = logs.iter().filter_map(body).collect();
    let mut written: Vec<_> = ended
        .log()
        .iter()
        .map(|line| line["msg"].as_str().unwrap().to_owned())
        .collect();
    sent.sort();
    written.sort();
    assert!(
        written.iter().any(|line| line == "connected to Salesforce"),
        "{written:?}"
    );
    assert_eq!(sent, written);
}

fn body(record: &LogRecord) -> Option<String> {
    match record.body.clone()?.value? {
        any_value::Value::StringValue(text) => Some(text),
        _ => None,
    }
}

/// A certificate for this computer, and the file of the authority that signed it.
fn certificate(directory: &Path) -> (Identity, PathBuf) {
    let authority_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&authority_key).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let leaf = leaf
        .signed_by(&key, &Issuer::new(params, authority_key))
        .unwrap();
    let file = directory.join("collector.pem");
    std::fs::write(&file, authority.pem()).unwrap();
    (Identity::from_pem(leaf.pem(), key.serialize_pem()), file)
}

#[tokio::test]
async fn a_collector_with_tls_needs_an_authority_that_is_trusted() {
    use base64::Engine as _;
    let directory = tempfile::tempdir().unwrap();
    let (identity, file) = certificate(directory.path());
    let (got, port) = collector(Some(identity)).await;
    let endpoint = format!("--otel-collector-endpoint=localhost:{port}");

    let (_, ended) = sync(directory.path(), std::slice::from_ref(&endpoint)).await;
    ended.assert_success();
    assert_eq!(ended.stderr.matches(LOST).count(), 1, "{}", ended.stderr);
    assert!(got.spans.lock().unwrap().is_empty());

    let pem = std::fs::read(&file).unwrap();
    let encoded = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(pem);
    for trust in [
        format!("--otel-collector-endpoint-tls-cert-path={}", file.display()),
        format!("--otel-collector-endpoint-tls-cert={encoded}"),
    ] {
        got.spans.lock().unwrap().clear();
        let (simulator, ended) = sync(directory.path(), &[endpoint.clone(), trust]).await;
        ended.assert_success();
        assert!(!ended.stderr.contains(LOST), "{}", ended.stderr);
        let sent = simulator.requests().into_iter();
        let sent = sent.filter(|request| !request.login).count();
        let traces = Traces::of(&got);
        let requests = traces.requests();
        assert_eq!(requests.len(), sent);
        let first = traces.above(requests[0]).pop().unwrap().name.clone();
        assert_eq!(first, "sync_full");
    }
}

#[derive(Clone, Copy)]
enum Flaw {
    Away,
    Silent,
    Nonsense,
    Refuses,
}

/// A collector with a flaw, at this port.
async fn flawed(flaw: Flaw) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    match flaw {
        Flaw::Away => {}
        Flaw::Refuses => {
            // A gRPC server without these services.
            let routes = tonic::service::Routes::default();
            let server = Server::builder().add_routes(routes);
            tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        }
        Flaw::Silent | Flaw::Nonsense => {
            tokio::spawn(async move {
                let mut open = Vec::new();
                loop {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    if matches!(flaw, Flaw::Nonsense) {
                        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n<html>").await;
                    } else {
                        open.push(stream);
                    }
                }
            });
        }
    }
    port
}

/// It costs one line and a few seconds at the end, whatever is wrong with the collector.
#[test_case(Flaw::Away; "away")]
#[test_case(Flaw::Silent; "silent")]
#[test_case(Flaw::Nonsense; "nonsense")]
#[test_case(Flaw::Refuses; "no collector at all")]
#[tokio::test]
async fn a_collector_that_does_not_work_costs_a_warning(flaw: Flaw) {
    let directory = tempfile::tempdir().unwrap();
    let port = flawed(flaw).await;
    let began = Instant::now();
    let (_, ended) = sync(directory.path(), &flags(port)).await;
    ended.assert_success();
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "{:?}",
        began.elapsed()
    );
    let about: Vec<_> = ended
        .stderr
        .lines()
        .filter(|line| line.contains("ollector"))
        .collect();
    if matches!(flaw, Flaw::Silent) {
        // The end may come before it is known to be silent.
        assert!(about.len() <= 1, "{about:?}");
    } else {
        assert_eq!(about.len(), 1, "{about:?}");
        assert!(about[0].contains(LOST) && about[0].contains("\"level\":\"warn\""));
    }
    assert!(directory.path().join("sync.c1z").exists());
}

#[test_case("--otel-collector-endpoint=unix:///run/x", "expected <host>:<port>"; "a socket")]
#[test_case("--otel-collector-endpoint-tls-cert=*", "neither PEM nor base64"; "no certificate")]
#[test_case("--otel-collector-endpoint-tls-cert-path=nothing.pem", "does not exist"; "no file")]
#[tokio::test]
async fn a_wrong_setting_is_reported_at_the_start(flag: &str, expected: &str) {
    let directory = tempfile::tempdir().unwrap();
    let endpoint = "--otel-collector-endpoint=localhost:1".to_owned();
    let flags = if flag.contains("unix") {
        vec![flag.to_owned()]
    } else {
        vec![endpoint, flag.to_owned()]
    };
    let (simulator, ended) = sync(directory.path(), &flags).await;
    assert_eq!(ended.code(), 2, "{}", ended.stderr);
    assert!(ended.stderr.contains(expected), "{}", ended.stderr);
    assert!(simulator.requests().is_empty());
}
