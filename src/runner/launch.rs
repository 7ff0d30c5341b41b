//! Starts a connector by the subprocess protocol and connects to it.
//!
//! The connector inherits a listening socket as descriptor 3, reads its credentials as one line from
//! standard input, and ends when that input ends.

use std::ffi::OsString;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use command_fds::{CommandFdExt, FdMapping};
use prost::Message;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::AsyncWriteExt;
use tokio::process::{ChildStdin, Command};
use tokio::sync::{Notify, watch};
use tonic::transport::{Channel, Endpoint};

use super::credentials;
use super::error::{Error, Result};
use crate::pb::c1::connector_wrapper::v1::ServerConfig;

const SUBCOMMAND: &str = "_connector-service";
const LISTENER_VARIABLE: &str = "BATON_CONNECTOR_SERVICE_LISTENER_FD";
const LISTENER_DESCRIPTOR: i32 = 3;
const DIAL_TIMEOUT: Duration = Duration::from_mins(1);
/// A page of rows may have 4 MiB, and several workers share the connection.
const STREAM_WINDOW: u32 = 4 << 20;
const CONNECTION_WINDOW: u32 = 32 << 20;
/// Time for the connector to finish running calls.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(15);

/// What to start: a connector's binary and the arguments it was given.
#[derive(Clone, Debug)]
pub struct Executable {
    /// The binary.
    pub path: PathBuf,
    /// Its arguments, without the subcommand of the protocol. Every user of the machine can read
    /// them.
    pub arguments: Vec<OsString>,
    /// Variables of its environment that hold secrets.
    pub variables: Vec<(String, SecretString)>,
}

/// A running connector.
#[derive(Debug)]
pub(crate) struct Child {
    stdin: Option<ChildStdin>,
    ended: watch::Receiver<Option<ExitStatus>>,
    kill: Arc<Notify>,
}

/// Starts the connector and connects to it.
pub(crate) async fn launch(executable: &Executable) -> Result<(Child, Channel)> {
    let spawn_failed = |source| Error::Spawn {
        executable: executable.path.display().to_string(),
        source,
    };
    let listener = TcpListener::bind("127.0.0.1:0").map_err(spawn_failed)?;
    let port = listener.local_addr().map_err(spawn_failed)?.port();
    let credentials = credentials::generate()?;
    let config = ServerConfig {
        credential: Some(credentials.server),
        listen_port: u32::from(port),
        ..ServerConfig::default()
    };
    let mut child = spawn(executable, listener).map_err(spawn_failed)?;
    let line = STANDARD.encode(config.encode_to_vec()) + "\n";
    child.configure(&line).await?;
    let endpoint = Endpoint::from_shared(format!("https://127.0.0.1:{port}"))
        .and_then(|endpoint| {
            endpoint
                .tcp_nodelay(true)
                .initial_stream_window_size(STREAM_WINDOW)
                .initial_connection_window_size(CONNECTION_WINDOW)
                .tls_config(credentials.client)
        })
        .map_err(|source| Error::Dial { source })?;
    let channel = tokio::select! {
        // Checked first: if the child has died, that is why connecting fails.
        biased;
        status = child.ended() => return Err(Error::Died { when: "during start", status }),
        connected = tokio::time::timeout(DIAL_TIMEOUT, endpoint.connect()) => match connected {
            Ok(Ok(channel)) => channel,
            Ok(Err(source)) => return Err(child.or_died(Error::Dial { source }).await),
            Err(_) => return Err(Error::DialTimeout { seconds: DIAL_TIMEOUT.as_secs() }),
        },
    };
    Ok((child, channel))
}

fn spawn(executable: &Executable, listener: TcpListener) -> std::io::Result<Child> {
    let variables = executable.variables.iter();
    let secrets = variables.map(|(name, secret)| (name, secret.expose_secret()));
    let mut command = Command::new(&executable.path);
    command
        .args(&executable.arguments)
        .arg(SUBCOMMAND)
        .envs(secrets)
        .env(LISTENER_VARIABLE, LISTENER_DESCRIPTOR.to_string())
        .stdin(Stdio::piped())
        .kill_on_drop(true);
    command
        .fd_mappings(vec![FdMapping {
            parent_fd: OwnedFd::from(listener),
            child_fd: LISTENER_DESCRIPTOR,
        }])
        .map_err(std::io::Error::other)?;
    let mut process = command.spawn()?;
    // Closes our copy of the socket, so that connecting fails once the child has died.
    drop(command);
    let stdin = process.stdin.take();
    let (status, ended) = watch::channel(None);
    let kill = Arc::new(Notify::new());
    let killed = Arc::clone(&kill);
    tokio::spawn(async move {
        let result = tokio::select! {
            result = process.wait() => result,
            () = killed.notified() => {
                let _ = process.start_kill();
                process.wait().await
            }
        };
        status.send_replace(Some(result.unwrap_or_default()));
    });
    Ok(Child { stdin, ended, kill })
}

impl Child {
    /// Waits until the process has ended.
    pub(crate) async fn ended(&self) -> ExitStatus {
        let mut ended = self.ended.clone();
        match ended.wait_for(Option::is_some).await {
            Ok(status) => status.unwrap_or_default(),
            // The task that waits for the process has ended with its runtime.
            Err(_) => ExitStatus::default(),
        }
    }

    /// Whether the process has not ended yet.
    pub(crate) fn is_running(&self) -> bool {
        self.ended.borrow().is_none()
    }

    /// Closes the connector's input, which tells it to end, and kills it if it does not.
    pub(crate) async fn shutdown(mut self) {
        self.stdin = None;
        if tokio::time::timeout(SHUTDOWN_GRACE, self.ended())
            .await
            .is_err()
        {
            tracing::warn!("killing the connector, which did not end in time");
            self.kill.notify_one();
            self.ended().await;
        }
    }

    async fn configure(&mut self, line: &str) -> Result<()> {
        let Some(stdin) = self.stdin.as_mut() else {
            return Ok(());
        };
        let written = match stdin.write_all(line.as_bytes()).await {
            Ok(()) => stdin.flush().await,
            Err(error) => Err(error),
        };
        match written {
            Ok(()) => Ok(()),
            // A closed pipe means that the child is ending; its exit status says more.
            Err(_) => Err(Error::Died {
                when: "during start",
                status: self.ended().await,
            }),
        }
    }

    /// A broken connection may be noticed before the death that caused it.
    async fn or_died(&self, error: Error) -> Error {
        match tokio::time::timeout(Duration::from_secs(1), self.ended()).await {
            Ok(status) => Error::Died {
                when: "during start",
                status,
            },
            Err(_) => error,
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill.notify_one();
    }
}
