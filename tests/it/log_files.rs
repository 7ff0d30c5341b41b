//! `--log-path`: only regular files, private, through links, and never in the way.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command as Blocking;

use test_case::test_case;

use crate::process::{BINARY, Ended, end, of};

/// Runs something that logs one line and then fails, because the filter is wrong.
async fn log_to(directory: &Path, path: &str) -> Ended {
    let path = format!("--log-path={path}");
    let arguments = [
        "-c",
        "umask 0; exec \"$0\" \"$@\"",
        BINARY,
        "--instance-url=acme.my.salesforce.com",
        "--salesforce-username=jane@acme.example",
        "--salesforce-password=S3CRET",
        "--sync-resource-types=x",
        &path,
    ];
    let mut command = of(Path::new("/bin/sh"), directory, &arguments);
    end(command.spawn().unwrap()).await
}

fn pipe(path: &Path) {
    let made = Blocking::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

#[test_case(|path| symlink("/dev/null", path).unwrap(); "a device")]
#[test_case(pipe; "a pipe")]
#[test_case(|path| std::fs::create_dir(path).unwrap(); "a directory")]
#[tokio::test]
async fn what_is_no_file_is_refused(make: fn(&Path)) {
    let directory = tempfile::tempdir().unwrap();
    make(&directory.path().join("log"));
    let ended = log_to(directory.path(), "log").await;
    assert_eq!(ended.code(), 2, "{}", ended.stderr);
    let [told] = ended.told()[..] else {
        panic!("{}", ended.stderr)
    };
    assert!(told.starts_with("opening the log: "), "{told}");
    assert!(told.contains("not a regular file"), "{told}");
}

#[tokio::test]
async fn a_link_leads_to_the_file_which_is_private() {
    let directory = tempfile::tempdir().unwrap();
    let (link, file) = (directory.path().join("log"), directory.path().join("file"));
    symlink("file", &link).unwrap();
    for lines in 1..=2 {
        let ended = log_to(directory.path(), "log").await;
        assert!(
            ended.stderr.contains("unknown resource type"),
            "{}",
            ended.stderr
        );
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(text.lines().count(), lines, "{text}");
    }
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "{mode:o}");
}
