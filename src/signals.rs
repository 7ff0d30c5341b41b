//! Signals: which of them ask the process to end, and one that would kill it without a word.

use std::future::Future;
use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// Completes at the first SIGINT, SIGTERM or SIGHUP. From the call on they no longer kill the
/// process. SIGHUP stays ignored where whoever started the process ignores it, as `nohup` does.
pub(crate) fn termination() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = if is_ignored(SignalKind::hangup()) {
        None
    } else {
        Some(signal(SignalKind::hangup())?)
    };
    Ok(async move {
        let hung_up = async {
            match &mut hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hung_up => {}
        }
    })
}

/// Makes a write beyond the limit of file sizes (`ulimit -f`) fail like one to a full disk.
/// Without this, SIGXFSZ kills the process, and its temporary files stay behind.
pub(crate) fn survive_file_size_limit() -> io::Result<()> {
    // A signal that is handled does not kill; the handler stays when this value is dropped.
    signal(SignalKind::from_raw(libc::SIGXFSZ)).map(drop)
}

/// Whether the process was started with this signal ignored. Only Linux says so without unsafe
/// code; elsewhere the answer is no.
fn is_ignored(kind: SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (kind.as_raw_value() - 1)) != 0)
}
