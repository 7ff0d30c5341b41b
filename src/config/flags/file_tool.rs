//! Flags for tools that work on files of finished syncs. Every connector has them.

use crate::config::flag::{Flag, flags};

flags! {
    DIFF_SYNCS = Flag::switch("diff-syncs", "Write the difference of two syncs as a new sync")
        .hidden();
    BASE_SYNC_ID = Flag::text("base-sync-id", "The older sync").hidden();
    APPLIED_SYNC_ID = Flag::text("applied-sync-id", "The newer sync").hidden();
    COMPACT_SYNCS = Flag::switch("compact-syncs", "Merge several syncs into one").hidden();
    COMPACT_SYNC_IDS = Flag::list("compact-sync-ids", "The syncs to merge").hidden();
    COMPACT_FILE_PATHS = Flag::list("compact-file-paths", "The files they are in").hidden();
    COMPACT_OUTPUT_PATH = Flag::text("compact-output-path", "Directory for the merged file").hidden();
}
