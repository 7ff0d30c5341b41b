//! How a process ends that the system or its surroundings cut short: with a message and an exit
//! code, without a panic, and without files left behind.

use std::path::Path;
use std::process::Stdio;

use salesforce_simulator::{Org, Preset, Simulator};
use test_case::test_case;
use tokio::process::Command;

use crate::process::{BINARY, command, end, of, org};

/// The names in a directory.
fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The binary under a shell that first runs `setup`.
fn under(setup: &str, directory: &Path, arguments: &[String]) -> Command {
    let script = format!("{setup}; exec \"$0\" \"$@\"");
    let mut words = vec!["-c".to_owned(), script, BINARY.to_owned()];
    words.extend_from_slice(arguments);
    of(Path::new("/bin/sh"), directory, &words)
}

#[tokio::test]
async fn a_limit_of_file_sizes_is_a_failure_with_a_message() {
    let simulator = Simulator::start(Org::seed(Preset::Tiny)).await;
    let directory = tempfile::tempdir().unwrap();
    let mut command = under("ulimit -f 8", directory.path(), &org(&simulator));
    let ended = end(command.spawn().unwrap()).await;
    assert_eq!(ended.code(), 2, "{}", ended.stderr);
    let told = ended.told();
    assert_eq!(told.len(), 1, "{}", ended.stderr);
    ended.assert_decent();
    assert_eq!(names(directory.path()), [""; 0]);
}

/// A pipe that nobody reads any more.
fn closed() -> Stdio {
    let (_, writer) = std::io::pipe().unwrap();
    writer.into()
}

#[tokio::test]
async fn a_result_that_nobody_reads_is_a_failure() {
    let directory = tempfile::tempdir().unwrap();
    for arguments in [["config"].as_slice(), &["--help"], &["completion", "zsh"]] {
        let mut command = command(directory.path(), arguments);
        let child = command.stdout(closed()).spawn().unwrap();
        let output = child.wait_with_output().await.unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.starts_with("writing to standard output: "), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
}

#[test_case(&["--instance-ulr=x"]; "a wrong flag")]
#[test_case(&[]; "a wrong configuration")]
#[tokio::test]
async fn a_failure_that_nobody_reads_keeps_its_code(arguments: &[&str]) {
    let directory = tempfile::tempdir().unwrap();
    let mut command = command(directory.path(), arguments);
    let status = command.stderr(closed()).status().await.unwrap();
    assert_eq!(status.code(), Some(2));
}

#[tokio::test]
async fn a_sync_whose_log_nobody_reads_leaves_a_whole_file() {
    let simulator = Simulator::start(Org::seed(Preset::Tiny)).await;
    let directory = tempfile::tempdir().unwrap();
    let mut command = command(directory.path(), &org(&simulator));
    let status = command.stderr(closed()).status().await.unwrap();
    // The summary could not be printed; that is no panic (101).
    assert_eq!(status.code(), Some(2));
    assert_eq!(names(directory.path()), ["sync.c1z"]);
    assert!(
        !crate::file::read(&directory.path().join("sync.c1z"))
            .resources
            .is_empty()
    );
}
