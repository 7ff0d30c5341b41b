//! Names of the CSV formats.

use super::not_readable;
use crate::org::OrgError;
use crate::org::bulk::Format;

/// `columnDelimiter`.
const DELIMITERS: [(&str, char); 6] = [
    ("COMMA", ','),
    ("BACKQUOTE", '`'),
    ("CARET", '^'),
    ("PIPE", '|'),
    ("SEMICOLON", ';'),
    ("TAB", '\t'),
];
/// `lineEnding`.
const LINE_ENDINGS: [(&str, &str); 2] = [("LF", "\n"), ("CRLF", "\r\n")];

/// Returns a format by its names; the first of each kind is the default.
pub(super) fn parse(
    delimiter: Option<&str>,
    line_ending: Option<&str>,
) -> Result<Format, OrgError> {
    Ok(Format {
        delimiter: value_of(&DELIMITERS, delimiter.unwrap_or("COMMA"))?,
        line_ending: value_of(&LINE_ENDINGS, line_ending.unwrap_or("LF"))?,
    })
}

/// Returns the names of the delimiter and the line ending.
pub(super) fn names(format: Format) -> (&'static str, &'static str) {
    (
        name_of(&DELIMITERS, &format.delimiter),
        name_of(&LINE_ENDINGS, &format.line_ending),
    )
}

fn value_of<T: Copy>(table: &[(&str, T)], name: &str) -> Result<T, OrgError> {
    let found = table.iter().find(|(known, _)| *known == name);
    let value = found.map(|(_, value)| *value);
    value.ok_or_else(|| not_readable(&format!("unknown value {name}")))
}

fn name_of<T: PartialEq>(table: &[(&'static str, T)], value: &T) -> &'static str {
    let found = table.iter().find(|(_, known)| known == value);
    found.map_or("", |(name, _)| name)
}
