//! Children that are no connectors.

use std::os::unix::process::ExitStatusExt;

use base64::Engine as _;
use prost::Message as _;
use test_case::test_case;

use crate::runner::error::Error;
use crate::runner::launch::{Executable, launch};

fn shell(script: &str) -> Executable {
    Executable {
        path: "/bin/sh".into(),
        variables: Vec::new(),
        arguments: vec!["-c".into(), script.into()],
    }
}

async fn failure(executable: Executable) -> Error {
    match launch(&executable).await {
        Ok(_) => panic!("that is no connector"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn a_missing_executable_is_named() {
    let executable = Executable {
        path: "/no/such/connector".into(),
        variables: Vec::new(),
        arguments: vec![],
    };
    let error = failure(executable).await;
    assert_eq!(error.to_string(), "starting /no/such/connector");
    assert_eq!(error.code(), 2);
}

#[test_case("exit 3", 3; "at once")]
#[test_case("read line; exit 4", 4; "after its configuration")]
#[tokio::test]
async fn a_child_that_ends_is_reported_with_its_status(script: &str, code: i32) {
    let error = failure(shell(script)).await;
    let Error::Died { status, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(status.code(), Some(code));
}

#[tokio::test]
async fn a_killed_child_is_reported_with_its_signal() {
    let error = failure(shell("kill -9 $$")).await;
    let Error::Died { status, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(status.signal(), Some(9));
}

#[tokio::test]
async fn the_child_gets_its_arguments_its_descriptor_and_one_line() {
    let directory = tempfile::tempdir().unwrap();
    let script = format!(
        "read line; echo \"$1 $2 $BATON_SECRET $BATON_CONNECTOR_SERVICE_LISTENER_FD $line\" > {}/seen; \
         test -e /proc/self/fd/3 || exit 9; exit 5",
        directory.path().display()
    );
    let mut executable = shell(&script);
    executable
        .arguments
        .extend(["name".into(), "--flag".into()]);
    executable
        .variables
        .push(("BATON_SECRET".into(), "S3CRET".into()));
    let error = failure(executable).await;
    let Error::Died { status, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(status.code(), Some(5));
    let seen = std::fs::read_to_string(directory.path().join("seen")).unwrap();
    let (head, line) = seen.trim_end().rsplit_once(' ').unwrap();
    assert_eq!(head, "--flag _connector-service S3CRET 3");
    let config = base64::engine::general_purpose::STANDARD
        .decode(line)
        .unwrap();
    let config = crate::pb::c1::connector_wrapper::v1::ServerConfig::decode(&*config).unwrap();
    assert!(config.listen_port > 0);
    assert_eq!(config.credential.unwrap().key.len(), 64);
}
