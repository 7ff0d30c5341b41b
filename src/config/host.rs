//! The options of the host half: the file, what to sync into it, and how fast.

use std::path::PathBuf;

use super::flags::connector::DRY_RUN;
use super::flags::host as flags;
use super::problem::Problems;
use super::values::Values;
use super::{Arguments, DaemonOptions, OutputFormat, Sources};
use crate::output_file::FileMode;

/// The options of the host half.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HostOptions {
    /// The part of our own command line that the connector process also gets.
    pub arguments: Arguments,
    /// Whether the connector only says what it would write.
    pub dry_run: bool,
    /// The form of an operation's result.
    pub output: OutputFormat,
    /// The file to write and to read.
    pub file: PathBuf,
    /// The directory for temporary files, if not that of the file.
    pub temporary_directory: Option<PathBuf>,
    /// Who may read the files that are written.
    pub file_mode: FileMode,
    /// How many times its own size a file may unpack to.
    pub max_ratio: u64,
    /// Sync only these resources (BIDs).
    pub resources: Vec<String>,
    /// Sync only these resource types.
    pub resource_types: Vec<String>,
    /// Sync only resources.
    pub skip_entitlements_and_grants: bool,
    /// Sync the given resources without grants.
    pub skip_grants: bool,
    /// Concurrent calls: 0 means one, -1 one for each core.
    pub workers: i64,
    /// Resources of another connector.
    pub external: Option<ExternalResources>,
    /// How many full syncs the file keeps, if given.
    pub keep_syncs: Option<usize>,
    /// What the daemon needs, if it is asked for.
    pub daemon: Option<DaemonOptions>,
}

/// Resources of another connector, which grants may refer to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExternalResources {
    /// The file they are in.
    pub file: PathBuf,
    /// Only resources that hold this entitlement.
    pub entitlement: Option<String>,
    /// Only resources with these traits.
    pub traits: Vec<String>,
}

impl HostOptions {
    pub(crate) fn resolve(values: &Values, sources: &Sources, problems: &mut Problems) -> Self {
        let directory = &sources.directory;
        let engine = values.text(&flags::STORAGE_ENGINE);
        if !matches!(engine, "" | "sqlite") {
            problems.push(format!(
                "field {}: expected sqlite, the only format that can be written, but got '{engine}'",
                flags::STORAGE_ENGINE.name
            ));
        }
        let workers = match values.number(&flags::WORKERS) {
            0 if values.switch(&flags::PARALLEL_SYNC) => -1,
            workers => workers,
        };
        let external =
            values
                .optional(&flags::EXTERNAL_RESOURCE_C1Z)
                .map(|file| ExternalResources {
                    file: directory.join(file),
                    entitlement: values.optional(&flags::EXTERNAL_RESOURCE_FILTER),
                    traits: values.list(&flags::EXTERNAL_RESOURCE_TRAITS),
                });
        Self {
            arguments: Arguments::split(&sources.arguments, values, super::provisioning(values)),
            dry_run: values.switch(&DRY_RUN),
            output: problems
                .keep(OutputFormat::resolve(values))
                .unwrap_or_default(),
            file: directory.join(values.text(&flags::FILE)),
            temporary_directory: values
                .optional(&flags::C1Z_TEMP_DIR)
                .map(|path| directory.join(path)),
            file_mode: problems.keep(file_mode(values)).unwrap_or_default(),
            max_ratio: values.number(&flags::C1Z_MAX_RATIO).unsigned_abs(),
            resources: values.list(&flags::SYNC_RESOURCES),
            resource_types: values.list(&flags::SYNC_RESOURCE_TYPES),
            skip_entitlements_and_grants: values.switch(&flags::SKIP_ENTITLEMENTS_AND_GRANTS),
            skip_grants: values.switch(&flags::SKIP_GRANTS),
            workers,
            external,
            keep_syncs: keep_syncs(sources, problems),
            daemon: DaemonOptions::resolve(values, sources, problems),
        }
    }
}

/// Who may read the files that are written.
pub(crate) fn file_mode(values: &Values) -> Result<FileMode, String> {
    let flag = &flags::FILE_MODE;
    let Some(text) = values.optional(flag) else {
        return Ok(FileMode::default());
    };
    FileMode::parse(&text).ok_or_else(|| {
        format!(
            "field {}: expected octal permissions that let the owner read and write, such as \
             0600 or 0640, but got '{text}'",
            flag.name
        )
    })
}

/// A variable without a flag, as in the Baton SDK.
pub(crate) const KEEP_SYNC_COUNT: &str = "BATON_KEEP_SYNC_COUNT";

fn keep_syncs(sources: &Sources, problems: &mut Problems) -> Option<usize> {
    let text = sources.variable(KEEP_SYNC_COUNT, problems)?;
    let count = match text.trim().parse() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(format!(
            "variable {KEEP_SYNC_COUNT}: expected the number of syncs to keep, at least 1, but got \
             '{text}'"
        )),
    };
    problems.keep(count)
}
