//! Opens the user's browser.

use std::ffi::OsString;
use std::io;
use std::process::{Command, Stdio};

/// Opens `address` with the command of `BROWSER` or the desktop's own. Every user of the machine can
/// read the command line, so the address must not hold a secret that lasts.
pub fn open(address: &str, browser: Option<OsString>) -> io::Result<()> {
    let named = browser.and_then(|names| names.into_string().ok());
    let named: Vec<&str> = named
        .iter()
        .flat_map(|names| names.split(':'))
        .filter(|name| !name.trim().is_empty())
        .collect();
    let desktop = if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for name in named.into_iter().chain([desktop]) {
        match start(name, address) {
            Ok(()) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Starts one command, in which `%s` stands for the address. It outlives us.
fn start(command: &str, address: &str) -> io::Result<()> {
    let mut words = command.split_whitespace();
    let program = words.next().ok_or(io::ErrorKind::NotFound)?;
    let words: Vec<&str> = words.collect();
    let mut command = Command::new(program);
    for word in &words {
        command.arg(word.replace("%s", address));
    }
    if !words.iter().any(|word| word.contains("%s")) {
        command.arg(address);
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map(drop)
}
