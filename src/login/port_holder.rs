//! Which program listens at a port, as far as this user may know.

use std::ffi::OsStr;
use std::fs;

/// The name and process id of the program that listens at `port`. Only Linux says so, and only
/// about processes of the same user.
pub(super) fn of(port: u16) -> Option<String> {
    let sockets: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| listening(&table, port))
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    let processes = fs::read_dir("/proc").ok()?.flatten();
    // Other names than numbers lead to one of these once more, such as `self`.
    let is_number = |name: &OsStr| {
        name.to_str()
            .is_some_and(|name| name.parse::<u32>().is_ok())
    };
    processes
        .filter(|process| is_number(&process.file_name()))
        .filter(|process| {
            let files = fs::read_dir(process.path().join("fd"));
            files.into_iter().flatten().flatten().any(|file| {
                let link = fs::read_link(file.path()).unwrap_or_default();
                sockets
                    .iter()
                    .any(|socket| link.as_os_str() == socket.as_str())
            })
        })
        .find_map(|process| {
            let name = fs::read_to_string(process.path().join("comm")).ok()?;
            let name: String = name.trim().chars().filter(|c| !c.is_control()).collect();
            Some(format!(
                "{name} (process {})",
                process.file_name().display()
            ))
        })
}

/// The inodes of the sockets that listen at `port`.
fn listening(table: &str, port: u16) -> Vec<String> {
    const LISTEN: &str = "0A";
    let ending = format!(":{port:04X}");
    let rows = table.lines().skip(1);
    let inode = |row: &str| {
        let mut fields = row.split_whitespace().skip(1);
        let local = fields.next()?;
        let state = fields.nth(1)?;
        let inode = fields.nth(5)?;
        (local.ends_with(&ending) && state == LISTEN).then(|| inode.to_owned())
    };
    rows.filter_map(inode).collect()
}
