//! `changes`: prints what is different between two syncs, from their files. Asks nobody.
//!
//! The exit codes are those of `diff`: 0 if nothing is different, 1 if something is.

use std::io::{BufWriter, IsTerminal as _};
use std::path::PathBuf;

use super::access::{bounds, form, has_gone};
use super::answer::Answer;
use super::failure::Failure;
use super::print;
use super::world::World;
use crate::access::{Error, Result, StoredSync};
use crate::c1z::{Bounds, Reader};
use crate::causes;
use crate::changes::{self, Change};
use crate::config::{Written, host_flags};
use crate::records::{Form, Printer};

/// The exit code if something is different.
const DIFFERENT: u8 = 1;

pub(super) fn run(world: &World, written: &Written) -> Result<Answer, Failure> {
    let mut problems = written.problems.clone();
    let form = problems.keep(form(&written.values, std::io::stdout().is_terminal()));
    let Some(form) = problems.or(form)? else {
        return Err(Failure::usage("the form is not known"));
    };
    let mut files: Vec<PathBuf> = written.line.files.iter().map(PathBuf::from).collect();
    if files.is_empty() {
        files.push(written.values.text(&host_flags::FILE).into());
    }
    for file in &mut files {
        *file = world.sources.directory.join(&*file);
    }
    match compare(&files, &bounds(&written.values), form) {
        Ok((is_different, notes)) => {
            print::warnings(&notes);
            Ok(Answer {
                code: if is_different { DIFFERENT } else { 0 },
                ..Answer::default()
            })
        }
        // Whoever stops reading has seen that something is different.
        Err(error) if has_gone(&error) => Ok(Answer {
            code: DIFFERENT,
            ..Answer::default()
        }),
        Err(error) => Err(Failure::usage(causes::chain(&error))),
    }
}

/// Prints the changes. Returns whether there are any, and what a reader should know besides.
fn compare(files: &[PathBuf], bounds: &Bounds, form: Form) -> Result<(bool, Vec<String>)> {
    let (old, new) = match files {
        [old, new] => (
            StoredSync::open(old, bounds)?,
            StoredSync::open(new, bounds)?,
        ),
        [file, ..] => {
            let (old, new) = Reader::open_two(file, bounds)?;
            (StoredSync::of(old)?, StoredSync::of(new)?)
        }
        [] => return Ok((false, Vec::new())),
    };
    let out = BufWriter::new(std::io::stdout().lock());
    let mut printer = Printer::new::<Change>(form, out)?;
    let mut is_different = false;
    let notes = changes::between(&old, &new, |change| -> Result<(), Error> {
        is_different |= change.is_known();
        Ok(printer.put(&change)?)
    })?;
    printer.end()?;
    Ok((is_different, notes))
}
