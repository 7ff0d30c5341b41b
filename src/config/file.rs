//! The config file: which one is read, and how. A file that exists counts: if it cannot be read or
//! understood, nothing runs, because it may hold a setting such as `dry-run`.

mod yaml;

use std::io::{ErrorKind, Read as _};
use std::path::Path;

use super::problem::Problems;
use super::values::Given;

/// The variable that names the file.
pub(super) const VARIABLE: &str = "BATON_CONFIG_PATH";

/// The file that is read if none is named.
const DEFAULT: &str = ".baton.yaml";

/// A name that is easily mistaken for it.
const MISNAMED: &str = ".baton.yml";

/// The largest config file.
const LARGEST: u64 = 1024 * 1024;

/// Reads the file that `named` names, or `.baton.yaml` in `directory` if there is one. `Err` means
/// that its content is unknown. Unknown keys go into `problems`.
pub(super) fn read(
    named: Option<&str>,
    directory: &Path,
    problems: &mut Problems,
) -> Result<Given, String> {
    let Some(named) = named.map(str::trim) else {
        let refuse = |reason| format!("config file {DEFAULT} {reason}");
        return match load(&directory.join(DEFAULT)) {
            Ok(text) => yaml::parse(&text, DEFAULT, problems),
            Err(Unreadable::Absent) => Ok(Given::new()),
            Err(Unreadable::Link) => Err(refuse(
                "is a link to a file that does not exist: correct or remove the link".to_owned(),
            )),
            Err(Unreadable::Reason(reason)) => {
                Err(refuse(format!("{reason}: correct or remove it")))
            }
        };
    };
    let path = directory.join(named);
    let refuse = |reason: &str| format!("config file {named} ({VARIABLE}) {reason}");
    if !path
        .extension()
        .is_some_and(|it| it == "yaml" || it == "yml")
    {
        return Err(refuse("has the wrong ending: expected .yaml or .yml"));
    }
    match load(&path) {
        Ok(text) => yaml::parse(&text, named, problems),
        Err(Unreadable::Absent) => Err(refuse("does not exist")),
        Err(Unreadable::Link) => Err(refuse("is a link to a file that does not exist")),
        Err(Unreadable::Reason(reason)) => Err(refuse(&reason)),
    }
}

/// A warning about a file that nobody reads, because its name ends with `.yml`.
pub(super) fn overlooked(named: Option<&str>, directory: &Path) -> Option<String> {
    let exists = |name: &str| directory.join(name).symlink_metadata().is_ok();
    let is_overlooked = named.is_none() && exists(MISNAMED) && !exists(DEFAULT);
    is_overlooked.then(|| {
        format!("the file {MISNAMED} has no effect: rename it to {DEFAULT} or set {VARIABLE}")
    })
}

/// Why a file has no text.
enum Unreadable {
    Absent,
    Link,
    Reason(String),
}

/// The text of a regular file. Anything else, such as a FIFO, could block or never end.
fn load(path: &Path) -> Result<String, Unreadable> {
    let reason = |text: &str| Unreadable::Reason(text.to_owned());
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::PermissionDenied => reason("cannot be read by this user (permission denied)"),
        kind => Unreadable::Reason(format!("cannot be read ({kind})")),
    };
    match std::fs::symlink_metadata(path) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(Unreadable::Absent),
        Err(error) => return Err(failed(error)),
    }
    let found = std::fs::metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Unreadable::Link,
        _ => failed(error),
    })?;
    if found.is_dir() {
        return Err(reason("is a directory"));
    }
    if !found.is_file() {
        return Err(reason("is not a regular file"));
    }
    let mut bytes = Vec::new();
    let mut file = std::fs::File::open(path).map_err(failed)?.take(LARGEST + 1);
    file.read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(reason("is larger than 1 MB"));
    }
    String::from_utf8(bytes).map_err(|_| reason("is not UTF-8 text"))
}
