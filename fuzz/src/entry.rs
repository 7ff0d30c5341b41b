//! What each fuzz target does with its input. `tests/it/fuzz_corpus.rs` runs the same functions
//! over the committed corpus.
//!
//! A function panics if something is wrong, and must end quickly whatever the input.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use baton_salesforce::baton::{GrantScope, Kind, Page, PageRequest, PageToken, Registry};
use baton_salesforce::salesforce::{
    ApiError, Auth, Client, ClientConfig, Error as ClientError, Instance,
};
use baton_salesforce::{c1z as file, cli, connector, host, wiring};
use secrecy::SecretString;

/// The name of a corpus, and what its inputs are passed to.
type Target = (&'static str, fn(&[u8]));

/// Every target by the name of its corpus.
pub const TARGETS: [Target; 7] = [
    ("page_token", page_token),
    ("config_line", config_line),
    ("config_file", config_file),
    ("token_answer", token_answer),
    ("api_error", api_error),
    ("soql", soql),
    ("c1z", c1z),
];

/// A text that no error may repeat.
const SECRET: &str = "S3CRET";

/// Asks every listing to go on at a token. Nothing listens where the connector sends to, so a token
/// that is accepted ends with a refused connection.
pub fn page_token(data: &[u8]) {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    let registry = REGISTRY.get_or_init(|| {
        let client = client(
            "http://127.0.0.1:9",
            Auth::Token(SecretString::from("token")),
        );
        connector::build(Arc::new(client), connector::Options::default())
    });
    let Ok(Some(token)) = PageToken::new(String::from_utf8_lossy(data)) else {
        return;
    };
    let asked = PageRequest {
        token: Some(token),
        ..PageRequest::default()
    };
    let letters = ["a", "b", "c"];
    if let Ok(page) = Page::by_key(letters, |letter| *letter, &asked) {
        assert!(letters.ends_with(&page.items));
    }
    wait_for(async {
        for syncer in registry.syncers() {
            if let Err(error) = syncer.list(&asked).await {
                assert_ne!(error.kind(), Kind::Internal, "{}", error.chain());
            }
            if let Err(error) = syncer.grants(&GrantScope::Type, &asked).await {
                assert_ne!(error.kind(), Kind::Internal, "{}", error.chain());
            }
        }
    });
}

/// The line that a host writes to the stdin of its child, and the credentials in it.
pub fn config_line(data: &[u8]) {
    let _ = host::handshake::parse(data);
    // Most bytes are no base64, so the message is tried without it too.
    let line = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, data);
    if let Ok(handshake) = host::handshake::parse(line.as_bytes()) {
        let _ = host::tls::from_credential(&handshake.credential);
    }
}

/// The file `.baton.yaml`. The flag that is given with it is always wrong, so nothing is started.
pub fn config_file(data: &[u8]) {
    thread_local! {
        static DIRECTORY: tempfile::TempDir = tempfile::tempdir().expect("a directory");
    }
    DIRECTORY.with(|directory| {
        std::fs::write(directory.path().join(".baton.yaml"), data).expect("a file");
        let mut world = cli::World::of_process(jiff::Timestamp::UNIX_EPOCH);
        world.sources.arguments = vec!["--auth-method=none-of-these".into()];
        world.sources.variables = Vec::new();
        world.sources.directory = directory.path().into();
        let code = wait_for(cli::run(&wiring::Connector, &world));
        assert_eq!(code, 2);
    });
}

/// What the endpoints of both sign-ins answer. The first byte chooses the status.
pub fn token_answer(data: &[u8]) {
    let (_turn, address) = answer(data, &[200, 400, 401, 302]);
    let secret = || SecretString::from("secret");
    let app = Auth::ClientCredentials {
        client_id: "id".into(),
        client_secret: secret(),
    };
    let user = Auth::Password {
        username: "user".into(),
        password: secret(),
        security_token: None,
    };
    for auth in [app, user] {
        if let Err(error) = wait_for(client(&address, auth).login()) {
            assert_silent(&error);
        }
    }
}

/// What an org answers to a query. The first byte chooses the status.
pub fn api_error(data: &[u8]) {
    let (_turn, address) = answer(data, &[400, 401, 403, 404, 405, 500, 503, 200, 300, 302]);
    let client = client(&address, Auth::Token(SecretString::from("token")));
    if let Err(error) = wait_for(client.organization()) {
        let shown = [error.to_string(), format!("{error:?}")];
        assert!(!shown.iter().any(|text| text.contains(SECRET)), "{shown:?}");
        let _ = (error.code(), error.missing_field(), error.is_ambiguous());
        let _ = error.api().map(ApiError::words);
    }
}

/// The simulator's own parser.
pub fn soql(data: &[u8]) {
    let _ = salesforce_simulator::soql::parse(&String::from_utf8_lossy(data));
}

/// A file to read from: as it is, and as the database of one.
pub fn c1z(data: &[u8]) {
    let mut packed = b"C1ZF\0".to_vec();
    packed.extend(zstd::encode_all(data, 1).expect("memory does not fail"));
    let bounds = file::Bounds {
        ratio: 100,
        floor: 1 << 20,
        size: 4 << 20,
    };
    for content in [data, &packed] {
        let mut written = tempfile::NamedTempFile::new().expect("a file");
        written.write_all(content).expect("a file");
        if let Ok(reader) = file::Reader::open(written.path(), &bounds) {
            let _ = reader.grant("permission:1:assigned:user:1");
            let _ = reader.entitlement("permission:1:assigned");
        }
    }
}

fn client(address: &str, auth: Auth) -> Client {
    let instance = Instance::parse(address, true).expect("a loopback address");
    let mut config = ClientConfig::new(instance, auth);
    config.retry.idempotent_attempts = 1;
    config.retry.other_attempts = 1;
    config.request_timeout = Duration::from_secs(10);
    Client::new(config).expect("a client")
}

/// Only known texts of a sign-in's answer may be in its error.
fn assert_silent(error: &ClientError) {
    let mut texts = vec![format!("{error:?}")];
    let mut next: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = next {
        texts.push(error.to_string());
        next = error.source();
    }
    assert!(!texts.iter().any(|text| text.contains(SECRET)), "{texts:?}");
}

/// Each thread's runtime ends what it is given, and nothing else.
fn wait_for<T>(work: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
    }
    RUNTIME.with(|runtime| runtime.block_on(work))
}

/// The address of a server that answers everything with `data`: one byte for the status, then
/// the body. It answers so until the guard is dropped.
fn answer(data: &[u8], statuses: &[u16]) -> (MutexGuard<'static, ()>, String) {
    static TURN: Mutex<()> = Mutex::new(());
    static ANSWER: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    static ADDRESS: OnceLock<String> = OnceLock::new();
    let (first, body) = data.split_first().unwrap_or((&0, &[]));
    let status = statuses[usize::from(*first) % statuses.len()];
    let head = format!(
        "HTTP/1.1 {status} S\r\nconnection: close\r\nlocation: /\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    *ANSWER.lock().expect("no panic") = [head.as_bytes(), body].concat();
    let serve = || {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answer = ANSWER.lock().expect("no panic").clone();
                // The client may hang up as it likes.
                let _ = respond(&stream, &answer);
            }
        });
        address
    };
    (turn, ADDRESS.get_or_init(serve).clone())
}

/// Reads one request to its end and writes the answer.
fn respond(mut stream: &TcpStream, answer: &[u8]) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line)? > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        line.clear();
    }
    std::io::copy(&mut reader.take(length), &mut std::io::sink())?;
    stream.write_all(answer)
}
