//! Flags of the host half: what to sync, into which file, how fast.

use crate::config::flag::{Flag, Kind, flags};

flags! {
    FILE = Flag::new("file", Kind::Text("sync.c1z"), "File to sync into and to read from")
        .short('f');
    PROVISIONING = Flag::switch("provisioning", "Allow grants, revokes and other writes")
        .short('p');
    TICKETING = Flag::switch("ticketing", "Enable tickets");
    CLIENT_ID = Flag::text("client-id", "Client ID at ConductorOne; its presence starts the daemon");
    CLIENT_SECRET = Flag::text("client-secret", "Client secret at ConductorOne").secret();
    SKIP_FULL_SYNC = Flag::switch("skip-full-sync", "Never run a full sync");
    SYNC_RESOURCES = Flag::list("sync-resources", "Sync these resources only, by their BIDs");
    SYNC_RESOURCE_TYPES = Flag::list("sync-resource-types", "Sync these resource types only");
    SKIP_ENTITLEMENTS_AND_GRANTS = Flag::switch(
        "skip-entitlements-and-grants",
        "Sync resources without entitlements and grants",
    );
    SKIP_GRANTS = Flag::switch("skip-grants", "Sync the given resources without grants").hidden();
    WORKERS = Flag::number(
        "workers",
        0,
        (-1, 1024),
        "Calls under way at once in a sync; 0 means one, -1 as many as there are cores, up to 4",
    );
    PARALLEL_SYNC = Flag::switch("parallel-sync", "Deprecated: the same as --workers=-1");
    STORAGE_ENGINE = Flag::text("storage-engine", "Format of a new file: sqlite");
    EXTERNAL_RESOURCE_C1Z = Flag::text(
        "external-resource-c1z",
        "File with resources of another connector that grants may refer to",
    );
    EXTERNAL_RESOURCE_FILTER = Flag::text(
        "external-resource-entitlement-id-filter",
        "Take only the external resources that hold this entitlement",
    );
    EXTERNAL_RESOURCE_TRAITS = Flag::list(
        "external-resource-traits",
        "Take only the external resources with these traits",
    );
    KEEP_PREVIOUS_SYNC = Flag::switch(
        "keep-previous-sync-c1z",
        "Keep the file of the previous sync",
    );
    TASK_CONCURRENCY = Flag::number(
        "task-concurrency",
        3,
        (1, 100),
        "Tasks that the daemon works on at once",
    );
    C1Z_TEMP_DIR = Flag::text("c1z-temp-dir", "Directory for unfinished files").hidden();
    FILE_MODE = Flag::text(
        "file-mode",
        "Octal permissions of files that are written, such as 0640; 0600 if not set",
    );
    C1Z_MAX_RATIO = Flag::number(
        "c1z-max-ratio",
        100,
        (1, 1_000_000),
        "How many times its own size an existing file may unpack to; up to 64 MiB is always allowed",
    );
}
