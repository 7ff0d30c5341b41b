//! Rows as commands print them: a tree for a terminal, lines for a pipe, JSON and CSV for programs.
//!
//! Rows are written as they come; none is kept. Texts come from an org, where anybody may have chosen
//! them: nothing in them drives a terminal, ends a line or becomes a formula in a spreadsheet.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde_json::Value as Json;

use crate::printable::{is_unprintable, printable};

/// The form of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Indented below headings, for a terminal.
    Tree,
    /// One row a line, its cells separated by tabs.
    Lines,
    /// One JSON array.
    Json,
    /// One JSON object a line.
    JsonLines,
    /// Comma-separated values (RFC 4180) with a header.
    Csv,
}

/// A row that can be printed in every form.
pub(crate) trait Record {
    /// The names of the cells.
    const COLUMNS: &'static [&'static str];

    /// The cells.
    fn cells(&self) -> Vec<String>;

    /// The row as a JSON object; unless it says otherwise, the cells as texts.
    fn object(&self) -> Json {
        let cells = self.cells().into_iter().map(Json::from);
        let names = Self::COLUMNS.iter().map(|name| (*name).to_owned());
        Json::Object(names.zip(cells).collect())
    }

    /// The row in a tree.
    fn branch(&self) -> Branch {
        Branch {
            line: self.cells().join(", "),
            ..Branch::default()
        }
    }
}

/// A row in a tree: a line, unless it is empty, below two headings, which are printed when they
/// change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Branch {
    pub(crate) heading: String,
    pub(crate) subheading: String,
    pub(crate) line: String,
}

/// Writes rows.
pub(crate) struct Printer<W: Write> {
    out: Out<W>,
    form: Form,
    rows: u64,
    last: Branch,
}

enum Out<W: Write> {
    Plain(W),
    Csv(Box<csv::Writer<W>>),
}

impl<W: Write> Printer<W> {
    /// Prints rows of type `R`.
    pub(crate) fn new<R: Record>(form: Form, out: W) -> io::Result<Self> {
        let out = match form {
            Form::Csv => {
                let mut writer = csv::Writer::from_writer(out);
                writer.write_record(R::COLUMNS).map_err(output)?;
                Out::Csv(Box::new(writer))
            }
            _ => Out::Plain(out),
        };
        Ok(Self {
            out,
            form,
            rows: 0,
            last: Branch::default(),
        })
    }

    /// Prints a row.
    pub(crate) fn put<R: Record>(&mut self, row: &R) -> io::Result<()> {
        match &mut self.out {
            Out::Csv(writer) => {
                writer
                    .write_record(row.cells().iter().map(|cell| harmless(cell)))
                    .map_err(output)?;
            }
            Out::Plain(out) => match self.form {
                Form::Json => {
                    let before = if self.rows == 0 { "[\n" } else { ",\n" };
                    write!(out, "{before}{}", one_line(&row.object()))?;
                }
                Form::JsonLines => writeln!(out, "{}", one_line(&row.object()))?,
                Form::Tree => {
                    let branch = row.branch();
                    write_branch(out, &self.last, &branch)?;
                    self.last = branch;
                }
                Form::Lines | Form::Csv => {
                    let cells: Vec<String> =
                        row.cells().iter().map(|cell| printable(cell)).collect();
                    writeln!(out, "{}", cells.join("\t"))?;
                }
            },
        }
        self.rows += 1;
        Ok(())
    }

    /// Ends the rows. Returns their number.
    pub(crate) fn end(self) -> io::Result<u64> {
        match self.out {
            Out::Csv(mut writer) => writer.flush()?,
            Out::Plain(mut out) => {
                match (self.form, self.rows) {
                    (Form::Json, 0) => writeln!(out, "[]")?,
                    (Form::Json, _) => writeln!(out, "\n]")?,
                    _ => {}
                }
                out.flush()?;
            }
        }
        Ok(self.rows)
    }
}

fn write_branch(out: &mut impl Write, last: &Branch, branch: &Branch) -> io::Result<()> {
    let is_new = last.heading != branch.heading;
    if is_new {
        writeln!(out, "{}", printable(&branch.heading))?;
    }
    if is_new || last.subheading != branch.subheading {
        writeln!(out, "  {}", printable(&branch.subheading))?;
    }
    if branch.line.is_empty() {
        return Ok(());
    }
    writeln!(out, "    {}", printable(&branch.line))
}

/// JSON on one line. The encoder leaves characters as they are that drive some terminals.
fn one_line(value: &Json) -> String {
    let text = value.to_string();
    if !text.contains(is_unprintable) {
        return text;
    }
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unprintable(character) {
            // All of them are in strings, and below U+10000.
            let _ = write!(escaped, "\\u{:04x}", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// A cell that no spreadsheet takes for a formula: an apostrophe in front makes it a text (OWASP, "CSV
/// Injection"). Some spreadsheets overlook spaces before a formula.
fn harmless(cell: &str) -> String {
    let cell = printable(cell);
    if cell.trim_start().starts_with(['=', '+', '-', '@']) {
        format!("'{cell}")
    } else {
        cell
    }
}

/// The error of the output, whose kind says whether the reader has gone.
fn output(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;
    use test_case::test_case;

    use super::*;

    struct Pair(&'static str, &'static str);

    impl Record for Pair {
        const COLUMNS: &'static [&'static str] = &["name", "what"];

        fn cells(&self) -> Vec<String> {
            vec![self.0.to_owned(), self.1.to_owned()]
        }

        fn object(&self) -> Json {
            json!({ "name": self.0, "what": self.1 })
        }

        fn branch(&self) -> Branch {
            Branch {
                heading: self.0.to_owned(),
                subheading: "has".to_owned(),
                line: self.1.to_owned(),
            }
        }
    }

    fn printed(form: Form, rows: &[Pair]) -> String {
        let mut out = Vec::new();
        let mut printer = Printer::new::<Pair>(form, &mut out).unwrap();
        for row in rows {
            printer.put(row).unwrap();
        }
        assert_eq!(printer.end().unwrap(), rows.len() as u64);
        String::from_utf8(out).unwrap()
    }

    #[test_case(Form::Tree, "Ada\n  has\n    one\n    two\nBob\n  has\n    one\n"; "tree")]
    #[test_case(Form::Lines, "Ada\tone\nAda\ttwo\nBob\tone\n"; "lines")]
    #[test_case(Form::Csv, "name,what\nAda,one\nAda,two\nBob,one\n"; "csv")]
    #[test_case(Form::JsonLines, "{\"name\":\"Ada\",\"what\":\"one\"}\n{\"name\":\"Ada\",\"what\":\"two\"}\n{\"name\":\"Bob\",\"what\":\"one\"}\n"; "jsonl")]
    #[test_case(Form::Json, "[\n{\"name\":\"Ada\",\"what\":\"one\"},\n{\"name\":\"Ada\",\"what\":\"two\"},\n{\"name\":\"Bob\",\"what\":\"one\"}\n]\n"; "json")]
    fn rows_have_forms(form: Form, expected: &str) {
        let rows = [Pair("Ada", "one"), Pair("Ada", "two"), Pair("Bob", "one")];
        assert_eq!(printed(form, &rows), expected);
    }

    #[test_case(Form::Tree, ""; "tree")]
    #[test_case(Form::Lines, ""; "lines")]
    #[test_case(Form::Csv, "name,what\n"; "csv")]
    #[test_case(Form::JsonLines, ""; "jsonl")]
    #[test_case(Form::Json, "[]\n"; "json")]
    fn no_rows_have_forms(form: Form, expected: &str) {
        assert_eq!(printed(form, &[]), expected);
    }

    #[test_case("=1+1", "'=1+1"; "a formula")]
    #[test_case("+1", "'+1"; "plus")]
    #[test_case("-1", "'-1"; "minus")]
    #[test_case("@SUM(A1)", "'@SUM(A1)"; "at")]
    #[test_case("\t=1", "' =1"; "a tab")]
    #[test_case("\r=1", "' =1"; "a return")]
    #[test_case("\r\nx", "  x"; "an end of line")]
    #[test_case("a=1", "a=1"; "later in the cell")]
    fn a_cell_is_no_formula(cell: &str, expected: &str) {
        assert_eq!(harmless(cell), expected);
    }

    #[test_case(Form::Tree)]
    #[test_case(Form::Lines)]
    #[test_case(Form::Json)]
    #[test_case(Form::JsonLines)]
    #[test_case(Form::Csv)]
    fn nothing_drives_the_terminal(form: Form) {
        let rows = [Pair("\u{1b}[2Jx\u{9b}y\u{202e}z", "one\ttwo\nthree\r\0")];
        let text = printed(form, &rows);
        let drives = |letter: char| is_unprintable(letter) && letter != '\n' && letter != '\t';
        assert!(!text.contains(drives), "{text:?}");
        if form == Form::JsonLines {
            let read: Json = serde_json::from_str(&text).unwrap();
            assert_eq!(read, rows[0].object());
        }
    }
}
