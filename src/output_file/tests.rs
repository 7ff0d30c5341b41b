use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use test_case::test_case;

use super::*;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn fifo(path: &Path) {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

#[test_case("/dev/null", "a character device"; "a device")]
#[test_case("/dev/stdout", "the kernel's own file system"; "standard output")]
#[test_case("/dev/fd/2", "the kernel's own file system"; "a descriptor")]
#[test_case("/proc/self/fd/0", "the kernel's own file system"; "a descriptor in proc")]
#[test_case("/proc/self/comm", "the kernel's own file system"; "a file in proc")]
#[test_case("/tmp", "a directory"; "a directory")]
#[test_case("/tmp/..", "a directory"; "a parent directory")]
#[test_case("/no-such-name/", "a directory"; "a name with a slash")]
fn what_is_no_file_is_refused_by_its_kind(path: &str, kind: &str) {
    for error in [
        resolve(Path::new(path)).unwrap_err(),
        append(Path::new(path), FileMode::default()).unwrap_err(),
    ] {
        let text = error.to_string();
        assert!(text.starts_with(path) && text.contains(kind), "{text}");
    }
}

#[test]
fn a_pipe_and_a_socket_are_refused_without_waiting() {
    let directory = tempfile::tempdir().unwrap();
    let (pipe, socket) = (directory.path().join("p"), directory.path().join("s"));
    fifo(&pipe);
    let _listener = UnixListener::bind(&socket).unwrap();
    for (path, kind) in [(&pipe, "a named pipe (FIFO)"), (&socket, "a socket")] {
        for error in [
            resolve(path).unwrap_err(),
            open(path).unwrap_err(),
            append(path, FileMode::default()).unwrap_err(),
        ] {
            assert!(error.to_string().contains(kind), "{error}");
        }
    }
}

#[test]
fn a_link_stands_for_its_target() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    std::fs::create_dir(at("inner")).unwrap();
    symlink("inner/second", at("first")).unwrap();
    symlink("file", at("inner/second")).unwrap();
    assert_eq!(resolve(&at("first")).unwrap(), at("inner/file"));
    std::fs::write(at("inner/file"), "").unwrap();
    assert_eq!(resolve(&at("first")).unwrap(), at("inner/file"));
}

#[test]
fn a_link_to_a_device_names_both_ends() {
    let directory = tempfile::tempdir().unwrap();
    let link = directory.path().join("link");
    symlink("/dev/null", &link).unwrap();
    let expected = format!(
        "{} leads to /dev/null, which is a character device, not a regular file; name another file",
        link.display()
    );
    assert_eq!(resolve(&link).unwrap_err().to_string(), expected);
}

#[test]
fn a_loop_of_links_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    symlink("b", at("a")).unwrap();
    symlink("a", at("b")).unwrap();
    assert!(matches!(resolve(&at("a")), Err(Error::Io { .. })));
    assert!(matches!(
        append(&at("a"), FileMode::default()),
        Err(Error::Io { .. })
    ));
}

#[test]
fn a_new_file_is_private_and_an_existing_one_keeps_its_mode() {
    use std::io::Write as _;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("log");
    let shared = FileMode::parse("0644").unwrap();
    writeln!(append(&file, FileMode::default()).unwrap(), "one").unwrap();
    assert_eq!(mode(&file), 0o600);
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
    writeln!(append(&file, FileMode::default()).unwrap(), "two").unwrap();
    assert_eq!(mode(&file), 0o640);
    append(&file, shared).unwrap();
    assert_eq!(mode(&file), 0o644);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "one\ntwo\n");
}

#[test_case("0640" => Some(0o640))]
#[test_case("600" => Some(0o600))]
#[test_case("0o660" => Some(0o660))]
#[test_case("0400" => None; "unreadable by the next run")]
#[test_case("1777" => None; "more than permissions")]
#[test_case("rw-r--r--" => None; "letters")]
#[test_case("+600" => None; "a sign")]
#[test_case("" => None; "empty")]
fn a_mode_is_octal(text: &str) -> Option<u32> {
    FileMode::parse(text).map(FileMode::bits)
}

#[test]
fn a_file_has_one_writer_and_a_lock_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    let first = Lock::acquire(&file).unwrap();
    let error = Lock::acquire(&file).unwrap_err();
    assert!(matches!(error, Error::Busy { .. }), "{error}");
    drop(first);
    drop(Lock::acquire(&file).unwrap());
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

/// What a process leaves that was killed.
#[test]
fn a_lock_that_nobody_holds_is_taken() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    std::fs::write(directory.path().join("sync.c1z.lock.tmp"), "").unwrap();
    drop(Lock::acquire(&file).unwrap());
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}
