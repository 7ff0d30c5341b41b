//! Core dumps hold everything that a process has in memory, secrets and people's data included.

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

/// Switches them off for this process and its children. On Linux, no other process of the same
/// user may read its memory or its environment any more, either.
pub(crate) fn forbid() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // Some systems pipe dumps to a collector, whatever the limit says.
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    }
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    Ok(setrlimit(Resource::Core, none)?)
}
