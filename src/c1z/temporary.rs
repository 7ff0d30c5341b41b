//! Files that live beside the target while a sync runs, and go away whatever happens.

use std::path::{Path, PathBuf};

/// A path that is removed when it is dropped.
#[derive(Debug)]
pub(super) struct Temporary(PathBuf);

impl Temporary {
    /// A name beside `target`: the same directory, so that a rename stays within one file system.
    pub(super) fn beside(target: &Path, part: &str) -> Self {
        let name = format!("{}.{}.{part}.tmp", file_name(target), std::process::id());
        let path = target.with_file_name(name);
        // Ours by its process id: a leftover of an earlier process that had the same one.
        let _ = std::fs::remove_file(&path);
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Puts the file in the place of `target`, in one step.
    pub(super) fn replace(self, target: &Path) -> std::io::Result<()> {
        std::fs::rename(&self.0, target)?;
        // The new name must survive a power cut too; not every file system can be asked.
        if let Some(directory) = target.parent().filter(|path| !path.as_os_str().is_empty()) {
            let _ = std::fs::File::open(directory).and_then(|directory| directory.sync_all());
        }
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Removes what killed processes left beside `target`.
pub(super) fn sweep(target: &Path) {
    let prefix = format!("{}.", file_name(target));
    let directory = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let Ok(entries) = std::fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let owner = name
            .to_str()
            .and_then(|name| {
                name.strip_prefix(&prefix)?
                    .strip_suffix(".tmp")?
                    .split_once('.')
            })
            .and_then(|(owner, _)| owner.parse::<u32>().ok());
        if owner.is_some_and(|owner| !is_alive(owner)) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Where it cannot be told, a process counts as alive: a stray file is better than a broken sync.
fn is_alive(process: u32) -> bool {
    !Path::new("/proc/self").exists() || Path::new(&format!("/proc/{process}")).exists()
}

fn file_name(target: &Path) -> String {
    target
        .file_name()
        .map_or_else(|| "c1z".into(), |name| name.to_string_lossy().into_owned())
}
