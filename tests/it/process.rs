//! The built binary, as a user or a host runs it.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use salesforce_simulator::Simulator;
use serde_json::Value as Json;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};

/// The binary that cargo built for these tests.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_baton-salesforce");

/// Longer than anything here may take; only a test that fails waits for it.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// What must never show up in what a process prints.
pub(crate) const SECRETS: [&str; 4] = [
    "simulated-client-secret",
    "simulated-password",
    "simulatedtoken",
    "S3CRET",
];

/// A port of this computer that nobody listens at. The system hands out higher ones for port 0, so
/// that no other process takes it before the one for which it is meant.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 8_000).unwrap();
    let loopback: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    loop {
        let port = 20_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 8_000;
        // Some computers have no IPv6, which is another failure.
        let is_taken = |address: &IpAddr| {
            let bound = TcpListener::bind((*address, port));
            bound.is_err_and(|error| error.kind() == ErrorKind::AddrInUse)
        };
        if !loopback.iter().any(is_taken) {
            return port;
        }
    }
}

/// A process that has ended, and what it printed.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| panic!("{self:?}"))
    }

    /// The lines on stderr that are no log lines: what a person is told.
    pub(crate) fn told(&self) -> Vec<&str> {
        self.stderr
            .lines()
            .filter(|line| !line.starts_with("{\"level\""))
            .collect()
    }

    /// The log lines.
    pub(crate) fn log(&self) -> Vec<Json> {
        self.stderr
            .lines()
            .filter(|line| line.starts_with("{\"level\""))
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[track_caller]
    pub(crate) fn assert_success(&self) {
        assert_eq!(self.status.code(), Some(0), "{}", self.stderr);
    }

    /// One message, made for people, said once, with this exit code.
    #[track_caller]
    pub(crate) fn assert_failure(&self, code: i32, message: &str) {
        assert_eq!(
            (self.status.code(), self.stdout.as_str()),
            (Some(code), ""),
            "{}",
            self.stderr
        );
        let told = self.told();
        assert_eq!(told.len(), 1, "one line is expected:\n{}", self.stderr);
        assert!(
            told[0].contains(message),
            "{} does not say: {message}",
            told[0]
        );
        self.assert_decent();
    }

    /// No panic, no stack trace, no secret.
    #[track_caller]
    pub(crate) fn assert_decent(&self) {
        let all = format!("{}{}", self.stdout, self.stderr);
        for word in ["panicked", "RUST_BACKTRACE", "stack backtrace"]
            .iter()
            .chain(&SECRETS)
        {
            assert!(!all.contains(word), "{word} in:\n{all}");
        }
    }
}

/// The binary with nothing of this process's environment.
pub(crate) fn command(directory: &Path, arguments: &[impl AsRef<str>]) -> Command {
    of(Path::new(BINARY), directory, arguments)
}

/// Another program in the same surroundings.
pub(crate) fn of(program: &Path, directory: &Path, arguments: &[impl AsRef<str>]) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments.iter().map(AsRef::as_ref))
        .current_dir(directory)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Runs the binary to its end.
pub(crate) async fn run(directory: &Path, arguments: &[impl AsRef<str>]) -> Ended {
    end(command(directory, arguments).spawn().unwrap()).await
}

/// Waits for the end of a process and of everything that holds its output open.
pub(crate) async fn end(mut child: Child) -> Ended {
    let (mut stdout, mut stderr) = (String::new(), String::new());
    let mut out = child.stdout.take().unwrap();
    let mut err = child.stderr.take().unwrap();
    let ended = async {
        let (status, _, _) = tokio::join!(
            child.wait(),
            out.read_to_string(&mut stdout),
            err.read_to_string(&mut stderr)
        );
        status.unwrap()
    };
    let status = tokio::time::timeout(PATIENCE, ended).await;
    let status = status.unwrap_or_else(|_| panic!("it does not end"));
    Ended {
        status,
        stdout,
        stderr,
    }
}

/// The flags for the org of `simulator`, with client credentials.
pub(crate) fn org(simulator: &Simulator) -> Vec<String> {
    [
        &format!("--instance-url={}", simulator.url()),
        "--auth-method=client-credentials-group",
        "--salesforce-client-id=simulated-client-id",
        "--salesforce-client-secret=simulated-client-secret",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// `arguments` after those of the org.
pub(crate) fn with(simulator: &Simulator, arguments: &[&str]) -> Vec<String> {
    let mut all = org(simulator);
    all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
    all
}

/// Looks until `fact` is there.
pub(crate) async fn eventually<T>(what: &str, mut fact: impl FnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = fact() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, looking).await;
    found.unwrap_or_else(|_| panic!("waited in vain until {what}"))
}

/// The processes that `parent` has started and that run.
pub(crate) fn children(parent: u32) -> Vec<u32> {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    all.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|process| matches!(state(*process), Some((_, above)) if above == parent))
        .filter(|process| runs(*process))
        .collect()
}

/// Whether a process runs; one that nobody has reaped does not.
pub(crate) fn runs(process: u32) -> bool {
    !matches!(state(process), Some(('Z' | 'X', _)) | None)
}

/// The state of a process and who started it.
fn state(process: u32) -> Option<(char, u32)> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name stands in parentheses and may hold anything.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

/// Sends a signal by its name.
pub(crate) fn signal(process: u32, name: &str) {
    let sent = std::process::Command::new("kill")
        .args([format!("-{name}"), process.to_string()])
        .status()
        .unwrap();
    assert!(sent.success(), "kill -{name} {process}");
}
