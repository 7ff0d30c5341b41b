//! Reading Salesforce: tables, the pages of listings, and what a sync remembers.

pub(super) mod beginning;
mod bulk;
pub(super) mod context;
mod cursor;
mod job_policy;
pub(super) mod listing;
mod missing_columns;
pub(super) mod org;
pub(super) mod page_fill;
pub(super) mod partitioned_scan;
mod read_ahead;
pub(super) mod row_cache;
pub(super) mod snapshot;
pub(super) mod sync_memory;
pub(super) mod table;
mod together;
pub(super) mod unavailable;
pub(super) mod user_fields;
mod way;
