//! `access`: prints who has what and by which path, from the file of a sync. Asks nobody.

use std::io::{BufWriter, ErrorKind, IsTerminal as _};
use std::path::Path;

use super::failure::Failure;
use super::print;
use super::world::World;
use crate::access::{self, Answered, Question, StoredSync};
use crate::c1z::Bounds;
use crate::causes;
use crate::config::{Problems, Values, Written, access as flags, host_flags, one_shot};
use crate::records::Form;

pub(super) fn run(world: &World, written: &Written) -> Result<(), Failure> {
    let mut problems = written.problems.clone();
    let values = &written.values;
    let question = question(values, &mut problems);
    let form = problems.keep(form(values, std::io::stdout().is_terminal()));
    let (Some(question), Some(form)) = problems.or((question, form))? else {
        return Err(Failure::usage("nothing is asked"));
    };
    let file = world.sources.directory.join(values.text(&host_flags::FILE));
    match answer(&file, &bounds(values), &question, form) {
        Ok(answered) => {
            notes(&answered);
            Ok(())
        }
        Err(error) if has_gone(&error) => Ok(()),
        Err(error) => Err(Failure::usage(causes::chain(&error))),
    }
}

fn answer(
    file: &Path,
    bounds: &Bounds,
    question: &Question,
    form: Form,
) -> access::Result<Answered> {
    let sync = StoredSync::open(file, bounds)?;
    let out = BufWriter::new(std::io::stdout().lock());
    access::ask(&sync, question, form, out)
}

fn notes(answered: &Answered) {
    let mut notes = answered.notes.clone();
    if answered.rows == 0 {
        notes.push("nobody: no grant in the file fits".to_owned());
    }
    print::warnings(&notes);
}

fn question(values: &Values, problems: &mut Problems) -> Option<Question> {
    let asked = [
        values.optional(&flags::USER).map(Question::Person),
        values
            .optional(&flags::PERMISSION)
            .map(Question::Permission),
        values
            .optional(&flags::ENTITLEMENT)
            .map(Question::Entitlement),
        values.optional(&flags::OBJECT).map(Question::Object),
        values
            .switch(&flags::EVERYTHING)
            .then_some(Question::Everything),
    ];
    let mut asked = asked.into_iter().flatten();
    match (asked.next(), asked.next()) {
        (Some(question), None) => Some(question),
        (None, _) => {
            problems.push("set one of --user, --permission, --entitlement, --object and --all");
            None
        }
        (Some(_), Some(_)) => {
            problems
                .push("set only one of --user, --permission, --entitlement, --object and --all");
            None
        }
    }
}

/// Whether the reader of the output has seen enough, as `head` has.
pub(super) fn has_gone(error: &access::Error) -> bool {
    matches!(error, access::Error::Output(error) if error.kind() == ErrorKind::BrokenPipe)
}

/// How much a file may unpack to.
pub(super) fn bounds(values: &Values) -> Bounds {
    Bounds {
        ratio: values.number(&host_flags::C1Z_MAX_RATIO).unsigned_abs(),
        ..Bounds::default()
    }
}

/// The form of the rows. On a terminal they are a tree.
pub(super) fn form(values: &Values, is_terminal: bool) -> Result<Form, String> {
    match values.text(&one_shot::OUTPUT) {
        "text" if is_terminal => Ok(Form::Tree),
        "text" => Ok(Form::Lines),
        "json" => Ok(Form::Json),
        "jsonl" => Ok(Form::JsonLines),
        "csv" => Ok(Form::Csv),
        text => Err(format!(
            "field {}: value must be one of text, json, jsonl, csv but got '{text}'",
            one_shot::OUTPUT.name
        )),
    }
}
