//! The results of a job as CSV. They are written once, when the query runs, so that a page is the
//! same whenever it is read, and reading it costs no more than a copy.

use std::fmt::Write as _;
use std::ops::Range;

use crate::org::value::Value;

/// Rows of a block. Blocks spare the copies of one large text that grows.
const BLOCK: usize = 4096;

/// How results are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Format {
    /// Between two values.
    pub(crate) delimiter: char,
    /// At the end of a line.
    pub(crate) line_ending: &'static str,
}

/// The results of a job.
#[derive(Debug)]
pub(crate) struct Rows {
    format: Format,
    header: String,
    blocks: Vec<Block>,
    len: usize,
}

#[derive(Debug, Default)]
struct Block {
    text: String,
    /// Where each row ends.
    ends: Vec<usize>,
}

impl Rows {
    /// Results without a row.
    pub(crate) fn new(format: Format, columns: &[String]) -> Self {
        let columns: Vec<Value> = columns.iter().map(Value::text).collect();
        let mut header = String::new();
        write_line(&mut header, format, &columns);
        Self {
            format,
            header,
            blocks: Vec::new(),
            len: 0,
        }
    }

    /// Appends a row.
    pub(crate) fn push<'v>(&mut self, cells: impl IntoIterator<Item = &'v Value>) {
        if self.len.is_multiple_of(BLOCK) {
            if let Some(full) = self.blocks.last_mut() {
                full.text.shrink_to_fit();
            }
            self.blocks.push(Block::default());
        }
        if let Some(block) = self.blocks.last_mut() {
            write_line(&mut block.text, self.format, cells);
            block.ends.push(block.text.len());
            self.len += 1;
        }
    }

    /// Returns the number of rows.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Returns a range of rows as CSV.
    pub(crate) fn page(&self, range: Range<usize>, with_header: bool) -> String {
        let mut page = if with_header {
            self.header.clone()
        } else {
            String::new()
        };
        let (start, end) = (range.start, range.end.min(self.len));
        for (number, block) in self.blocks.iter().enumerate() {
            let first = number * BLOCK;
            let within = |row: usize| row.clamp(first, first + block.ends.len()) - first;
            let text = block.start(within(start))..block.start(within(end));
            page.push_str(block.text.get(text).unwrap_or_default());
        }
        page
    }
}

impl Block {
    /// Returns where a row starts.
    fn start(&self, row: usize) -> usize {
        let before = row.checked_sub(1).and_then(|before| self.ends.get(before));
        before.copied().unwrap_or(0)
    }
}

fn write_line<'v>(line: &mut String, format: Format, cells: impl IntoIterator<Item = &'v Value>) {
    for (number, cell) in cells.into_iter().enumerate() {
        if number > 0 {
            line.push(format.delimiter);
        }
        line.push('"');
        write_cell(line, cell);
        line.push('"');
    }
    line.push_str(format.line_ending);
}

/// Writes a value without its quotes. Source: Bulk API 2.0 Developer Guide, "Valid Date Format in
/// Records" and "Prepare CSV Files".
fn write_cell(line: &mut String, cell: &Value) {
    // Writing to a String cannot fail.
    let _ = match cell {
        Value::Null => Ok(()),
        Value::Bool(flag) => write!(line, "{flag}"),
        Value::Int(number) => write!(line, "{number}"),
        Value::Double(number) => write!(line, "{number}"),
        Value::Id(id) => {
            line.push_str(std::str::from_utf8(&id.encode()).unwrap_or_default());
            Ok(())
        }
        Value::Text(text) => {
            for (number, part) in text.split('"').enumerate() {
                line.push_str(if number > 0 { "\"\"" } else { "" });
                line.push_str(part);
            }
            Ok(())
        }
        Value::DateTime(moment) => {
            let written = write!(line, "{moment}");
            line.truncate(line.len() - "+0000".len());
            line.push('Z');
            written
        }
        Value::Date(date) => write!(line, "{date}"),
    };
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::civil::date;

    use super::*;
    use crate::org::id::Id;

    const COMMA: Format = Format {
        delimiter: ',',
        line_ending: "\n",
    };

    #[test]
    fn each_value_has_quotes_and_the_form_of_its_type() -> Result<(), jiff::Error> {
        let time: Timestamp = "2022-01-01T00:00:00.25Z".parse()?;
        let cells = [
            Value::Null,
            true.into(),
            7.into(),
            Value::Double(1.5),
            Id::ZERO.into(),
            "a \"b\", c\nd".into(),
            time.into(),
            date(2022, 1, 1).into(),
        ];
        let mut rows = Rows::new(COMMA, &["Id".into(), "Profile.Name".into()]);
        rows.push(&cells);
        assert_eq!(
            rows.page(0..1, true),
            "\"Id\",\"Profile.Name\"\n\"\",\"true\",\"7\",\"1.5\",\"000000000000000AAA\",\
             \"a \"\"b\"\", c\nd\",\"2022-01-01T00:00:00.250Z\",\"2022-01-01\"\n"
        );
        Ok(())
    }

    #[test]
    fn pages_are_cut_within_and_across_blocks() {
        let format = Format {
            delimiter: '\t',
            line_ending: "\r\n",
        };
        let mut rows = Rows::new(format, &["A".into(), "B".into()]);
        for number in 0..10_000 {
            rows.push(&[number.into(), Value::Null]);
        }
        let line = |number: i64| format!("\"{number}\"\t\"\"\r\n");
        let lines = |range: Range<i64>| range.map(line).collect::<String>();
        assert_eq!(
            rows.page(0..2, true),
            format!("\"A\"\t\"B\"\r\n{}", lines(0..2))
        );
        assert_eq!(rows.page(4095..4097, false), lines(4095..4097));
        assert_eq!(rows.page(10..9000, false), lines(10..9000));
        assert_eq!(rows.page(9999..12_000, false), lines(9999..10_000));
        assert_eq!(rows.page(10_000..12_000, false), "");
    }
}
