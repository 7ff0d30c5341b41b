//! How soon a started daemon greets the platform. The test prints the figure and asserts no limit,
//! because other load on the machine affects it. `make dist` runs it with the binary of the release.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use salesforce_simulator::{Org, Preset, Simulator};

use crate::platform::Platform;
use crate::process::{BINARY, end, eventually, of, org, signal};

/// Names another build of the program than the one that cargo built for these tests.
const VARIABLE: &str = "TESTED_BINARY";
const RUNS: usize = 9;

#[tokio::test]
async fn the_first_greeting_comes_soon_after_the_start() {
    let binary = std::env::var_os(VARIABLE).map_or_else(|| BINARY.into(), PathBuf::from);
    let simulator = Simulator::start(Org::seed(Preset::Tiny)).await;
    let mut took = Vec::new();
    for _ in 0..RUNS {
        took.push(first_greeting(&binary, &simulator).await);
    }
    took.sort();
    eprintln!(
        "from the start to the first greeting, {}: median {:?}, from {:?} to {:?}",
        binary.display(),
        took[RUNS / 2],
        took[0],
        took[RUNS - 1],
    );
}

async fn first_greeting(binary: &Path, simulator: &Simulator) -> Duration {
    let platform = Platform::start();
    let directory = tempfile::tempdir().unwrap();
    let mut arguments = org(simulator);
    arguments.push(format!("--client-id={}", platform.client_id()));
    // A system has many authorities, and reading them takes time.
    let roots = directory.path().join("roots.pem");
    let mut pem = std::fs::read("/etc/ssl/certs/ca-certificates.crt").unwrap_or_default();
    pem.extend(std::fs::read(platform.authority()).unwrap());
    std::fs::write(&roots, pem).unwrap();
    let mut command = of(binary, directory.path(), &arguments);
    command
        .env("BATON_CLIENT_SECRET", platform.client_secret())
        .env("BATON_HOST_ID", "test-host")
        .env("SSL_CERT_FILE", &roots)
        .env("TMPDIR", directory.path());
    let began = Instant::now();
    let daemon = command.spawn().unwrap();
    let greeted = || (!platform.script().hellos.is_empty()).then(|| began.elapsed());
    let took = eventually("the daemon greets", greeted).await;
    signal(daemon.id().unwrap(), "TERM");
    let ended = end(daemon).await;
    ended.assert_success();
    ended.assert_decent();
    platform.assert_clean();
    took
}
