//! What other users of the machine can see of a running sync.

use std::time::Duration;

use salesforce_simulator::{Fault, Matcher, Org, Preset, Simulator};

use crate::process::{SECRETS, children, command, end, eventually, signal, with};

/// The processes of a sync that is under way: the host's and the connector's.
struct Running {
    host: tokio::process::Child,
    connector: u32,
    _simulator: Simulator,
    _directory: tempfile::TempDir,
}

impl Running {
    async fn start(further: &[&str]) -> Self {
        let simulator = Simulator::start(Org::seed(Preset::Tiny)).await;
        let directory = tempfile::tempdir().unwrap();
        let query = Matcher::queries_of("PermissionSetAssignment");
        let faults = simulator.faults();
        faults.next(1, query, Fault::Latency(Duration::from_hours(1)));
        let arguments = with(&simulator, further);
        let host = command(directory.path(), &arguments).spawn().unwrap();
        let asked = || (faults.pending() == 0).then_some(());
        eventually("the sync asks for assignments", asked).await;
        let connector = children(host.id().unwrap())[0];
        Self {
            host,
            connector,
            _simulator: simulator,
            _directory: directory,
        }
    }

    fn host(&self) -> u32 {
        self.host.id().unwrap()
    }

    async fn end(self) {
        signal(self.host(), "TERM");
        end(self.host).await.assert_decent();
    }
}

fn read(process: u32, what: &str) -> String {
    let bytes = std::fs::read(format!("/proc/{process}/{what}")).unwrap();
    String::from_utf8_lossy(&bytes).replace('\0', " ")
}

/// The soft and the hard limit of core files, in bytes.
fn core_limits(process: u32) -> Vec<String> {
    let limits = read(process, "limits");
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max core file size"));
    let mut words = line.unwrap().split_whitespace().map(str::to_owned);
    vec![words.next().unwrap(), words.next().unwrap()]
}

#[tokio::test]
async fn the_connectors_command_line_holds_no_secret() {
    let running = Running::start(&[]).await;
    let line = read(running.connector, "cmdline");
    assert!(line.contains("--instance-url="), "{line}");
    for secret in SECRETS {
        assert!(!line.contains(secret), "{line}");
    }
    running.end().await;
}

#[tokio::test]
async fn neither_process_leaves_a_core_dump() {
    let running = Running::start(&[]).await;
    for process in [running.host(), running.connector] {
        assert_eq!(core_limits(process), ["0", "0"]);
    }
    running.end().await;
}

#[tokio::test]
async fn core_dumps_may_be_asked_for() {
    let ours = core_limits(std::process::id());
    let running = Running::start(&["--core-dumps"]).await;
    for process in [running.host(), running.connector] {
        assert_eq!(core_limits(process), ours);
    }
    running.end().await;
}
