//! What a process tells of itself.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A process: its memory, and since when it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    /// Memory in use, in bytes; 0 if the system does not tell.
    pub resident_bytes: u64,
    /// When it was started, since 1970.
    pub started: Duration,
}

impl Process {
    /// This process, which was started at this time.
    #[must_use]
    pub fn this(started: SystemTime) -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        Self {
            resident_bytes: resident_bytes(&status).unwrap_or_default(),
            started: started.duration_since(UNIX_EPOCH).unwrap_or_default(),
        }
    }
}

/// The entry `VmRSS` of proc(5), which is in units of 1,024 bytes.
fn resident_bytes(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_bytes() {
        let status = "Name:\tbaton\nVmHWM:\t  9000 kB\nVmRSS:\t  1234 kB\nThreads:\t3\n";
        assert_eq!(resident_bytes(status), Some(1234 * 1024));
        assert_eq!(resident_bytes("Name:\tbaton\n"), None);
    }

    #[test]
    fn this_process_uses_memory() {
        let now = SystemTime::now();
        let process = Process::this(now);
        assert!(process.resident_bytes > 1 << 20, "{process:?}");
        assert_eq!(process.started, now.duration_since(UNIX_EPOCH).unwrap());
    }
}
