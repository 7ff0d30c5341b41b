//! Reads the file that a flag names instead of containing the value.

use std::io::Read as _;
use std::path::Path;

use super::flag::Flag;
use crate::output_file::{self, Error};

/// The largest file.
const LARGEST: u64 = 2 * 1024 * 1024;

/// The endings of the names that are shown in errors.
const ENDINGS: [&str; 5] = ["pem", "key", "txt", "json", "url"];

/// The text of the file at `text`, a path from `directory`. `expected` continues "expected the
/// path". Only regular files are read, because others may block or never end.
pub(super) fn read(
    flag: &Flag,
    directory: &Path,
    text: &str,
    expected: &str,
) -> Result<String, String> {
    let path = directory.join(text);
    // The value may be the secret itself, so it is shown only if it is clearly a path.
    let is_path = text.len() < 256
        && path
            .extension()
            .is_some_and(|it| ENDINGS.iter().any(|ending| it == *ending));
    let subject = if is_path {
        format!("the file {text}")
    } else {
        "the file it names".to_owned()
    };
    let name = flag.name;
    let refused =
        |reason: &str| format!("field {name}: {subject} {reason}: expected the path {expected}");
    let file = match output_file::open(&path) {
        Ok(Some(file)) => file,
        Ok(None) => return Err(refused("does not exist")),
        Err(Error::NotRegular { kind, .. }) => {
            return Err(refused(&format!("is {kind}, not a regular file")));
        }
        Err(Error::Io { source, .. }) => {
            return Err(refused(&format!("cannot be read ({})", source.kind())));
        }
        Err(_) => return Err(refused("cannot be read")),
    };
    let mut bytes = Vec::new();
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| refused(&format!("cannot be read ({})", error.kind())))?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!("field {name}: {subject} is larger than 2 MB"));
    }
    String::from_utf8(bytes).map_err(|_| refused("is not text"))
}
