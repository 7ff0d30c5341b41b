//! Writes the page, and the lists that are too long for it as CSV files beside it.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::changed::Changed;
use super::error::{Error, Result};
use super::list::List;
use super::page::Report;
use super::{Options, read};
use crate::access::StoredSync;
use crate::c1z::{self, Bounds, Reader};
use crate::output_file::{self, Lock};
use crate::records::{Form, Printer, Record};

/// Where a report goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// To a file.
    File(PathBuf),
    /// To standard output. Long lists are only cut there.
    Stream,
}

/// Writes a report. Returns the files, the page first.
pub fn write(options: &Options, target: &Target, bounds: &Bounds) -> Result<Vec<PathBuf>> {
    let (before, sync) = syncs(&options.file, bounds)?;
    let changed = before.map(|before| Changed::between(&before, &sync));
    let mut report = Report::of(read::facts(&sync)?, changed.transpose()?, options);
    let path = match target {
        Target::Stream => {
            let mut out = io::BufWriter::new(io::stdout().lock());
            report.write(&mut out)?;
            out.flush().map_err(Error::page)?;
            return Ok(Vec::new());
        }
        Target::File(path) => output_file::resolve(path)?,
    };
    if is_same(&path, &options.file) {
        return Err(Error::SameFile { path });
    }
    let mut files = vec![path.clone()];
    for tier in &mut report.tiers {
        files.extend(write_list(&mut tier.holders, &path, options)?);
    }
    if let Some(objects) = &mut report.objects {
        files.extend(write_list(objects, &path, options)?);
    }
    files.extend(write_list(&mut report.sign_ins.dormant, &path, options)?);
    files.extend(write_list(&mut report.expiring.rows, &path, options)?);
    if let Some(changed) = &mut report.changed {
        files.extend(write_list(&mut changed.rows, &path, options)?);
    }
    // Last, because it names the others.
    replace(&path, options, |out| report.write(out))?;
    Ok(files)
}

/// The newest sync of a file, after the full sync before it, if there is one.
fn syncs(file: &Path, bounds: &Bounds) -> Result<(Option<StoredSync>, StoredSync)> {
    match Reader::open_two(file, bounds) {
        Ok((before, newest)) => Ok((Some(StoredSync::of(before)?), StoredSync::of(newest)?)),
        Err(c1z::Error::OneFullSync { .. }) => Ok((None, StoredSync::open(file, bounds)?)),
        Err(error) => Err(error.into()),
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    let found = |path: &Path| std::fs::canonicalize(path).ok();
    found(one).is_some_and(|one| Some(one) == found(other))
}

/// Writes the whole of a list that is cut.
fn write_list<T: Record>(
    list: &mut List<T>,
    page: &Path,
    options: &Options,
) -> Result<Option<PathBuf>> {
    if !list.is_cut() {
        return Ok(None);
    }
    let path = output_file::resolve(&beside(page, list.topic))?;
    replace(&path, options, |out| {
        let print = || {
            let mut printer = Printer::new::<T>(Form::Csv, out)?;
            list.rows.iter().try_for_each(|row| printer.put(row))?;
            printer.end()
        };
        print().map(drop).map_err(Error::page)
    })?;
    let name = path.file_name().unwrap_or_default();
    list.file = Some(name.to_string_lossy().into_owned());
    Ok(Some(path))
}

/// `report.html` has `report-dormant.csv` beside it.
fn beside(page: &Path, topic: &str) -> PathBuf {
    let mut name = OsString::from(page.file_stem().unwrap_or_default());
    name.push(format!("-{topic}.csv"));
    page.with_file_name(name)
}

fn replace(
    path: &Path,
    options: &Options,
    write: impl FnOnce(&mut dyn Write) -> Result<()>,
) -> Result<()> {
    let lock = Lock::acquire(path)?;
    lock.replace(options.mode, write)
}
