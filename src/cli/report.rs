//! `report`: writes a report for reviewers, from the file of a sync. Asks nobody.

use super::access::bounds;
use super::failure::Failure;
use super::world::World;
use crate::causes;
use crate::config::{Written, connector_flags, file_mode, host_flags, report as flags};
use crate::report::{self, Options, Target};

/// Returns the paths of the files that were written.
pub(super) fn run(world: &World, written: &Written) -> Result<String, Failure> {
    let mut problems = written.problems.clone();
    let (values, directory) = (&written.values, &world.sources.directory);
    let mode = problems.keep(file_mode(values)).unwrap_or_default();
    let mode = problems.or(mode)?;
    let options = Options {
        file: directory.join(values.text(&host_flags::FILE)),
        title: values.optional(&flags::REPORT_TITLE),
        dormant_after_days: values.number(&connector_flags::DORMANT_AFTER_DAYS),
        mode,
    };
    let target = match values.text(&flags::REPORT_FILE) {
        "-" => Target::Stream,
        path => Target::File(directory.join(path)),
    };
    let files = report::write(&options, &target, &bounds(values))
        .map_err(|error| Failure::usage(causes::chain(&error)))?;
    let lines = files.iter().map(|path| format!("{}\n", path.display()));
    Ok(lines.collect())
}
