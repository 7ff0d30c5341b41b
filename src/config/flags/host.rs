//! Flags of the host half: what to sync, where to, and how fast.

use crate::config::flag::{Flag, Kind, Topic, flags};

flags! {
    FILE = Flag::new("file", Kind::Text("sync.c1z"), "File that a sync writes and that grants and revokes read")
        .short('f').topic(Topic::Sync);
    PROVISIONING = Flag::switch("provisioning", "Allow grants, revokes and other writes")
        .short('p').topic(Topic::Writes);
    TICKETING = Flag::switch("ticketing", "Enable tickets").topic(Topic::Writes);
    CLIENT_ID = Flag::text("client-id", "Client ID at ConductorOne; starts the daemon")
        .topic(Topic::Daemon);
    CLIENT_SECRET = Flag::text("client-secret", "Client secret at ConductorOne")
        .secret().topic(Topic::Daemon);
    SKIP_FULL_SYNC = Flag::switch("skip-full-sync", "Never run a full sync").topic(Topic::Daemon);
    SYNC_RESOURCES = Flag::list("sync-resources", "Sync only these resources: user/005... or a BID")
        .topic(Topic::Sync);
    SYNC_RESOURCE_TYPES = Flag::list("sync-resource-types", "Sync only these resource types")
        .topic(Topic::Sync);
    SKIP_ENTITLEMENTS_AND_GRANTS = Flag::switch(
        "skip-entitlements-and-grants",
        "Sync resources without entitlements and grants",
    ).topic(Topic::Sync);
    SKIP_GRANTS = Flag::switch("skip-grants", "Sync the given resources without their grants").hidden();
    WORKERS = Flag::number(
        "workers",
        0,
        (-1, 1024),
        "Concurrent calls in a sync; 0 means one, -1 one for each core, up to 4",
    ).topic(Topic::Sync);
    PARALLEL_SYNC = Flag::switch("parallel-sync", "Deprecated: the same as --workers=-1")
        .topic(Topic::Sync);
    STORAGE_ENGINE = Flag::text("storage-engine", "Format of a new file: sqlite")
        .or_empty().topic(Topic::Sync);
    EXTERNAL_RESOURCE_C1Z = Flag::text(
        "external-resource-c1z",
        "File with resources of another connector, which grants may refer to",
    ).topic(Topic::Sync);
    EXTERNAL_RESOURCE_FILTER = Flag::text(
        "external-resource-entitlement-id-filter",
        "Use only external resources that hold this entitlement",
    ).topic(Topic::Sync);
    EXTERNAL_RESOURCE_TRAITS = Flag::list(
        "external-resource-traits",
        "Use only external resources with these traits",
    ).topic(Topic::Sync);
    KEEP_PREVIOUS_SYNC = Flag::switch(
        "keep-previous-sync-c1z",
        "Keep the file of the previous sync",
    ).topic(Topic::Sync);
    TASK_CONCURRENCY = Flag::number(
        "task-concurrency",
        3,
        (1, 100),
        "Number of tasks that the daemon works on at once",
    ).topic(Topic::Daemon);
    STARTED_BY_OWN_HOST = Flag::switch(
        "started-by-own-host",
        "Set by the host half of this program, which has already logged the warnings about the \
         configuration",
    ).hidden();
    C1Z_TEMP_DIR = Flag::text("c1z-temp-dir", "Directory for temporary files").hidden();
    FILE_MODE = Flag::text(
        "file-mode",
        "Octal permissions of files that are written, such as 0640; 0600 if not set",
    ).topic(Topic::Sync);
    C1Z_MAX_RATIO = Flag::number(
        "c1z-max-ratio",
        100,
        (1, 1_000_000),
        "How many times its own size an existing file may unpack to; up to 64 MiB is always allowed",
    ).topic(Topic::Sync);
}
