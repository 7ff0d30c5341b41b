//! CSV (RFC 4180) that comes in pieces.
//!
//! Must not know: what the columns are.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::job::Delimiter;

/// The largest record. Nothing that is asked for is nearly as long, so a longer one is no CSV.
const MAX_RECORD: usize = 4 * 1024 * 1024;
/// The room for a record at first, in bytes and in fields.
const ROOM: (usize, usize) = (4096, 64);

/// Splits bytes into records.
#[derive(Debug)]
pub(super) struct CsvReader {
    reader: Reader,
    /// The fields of the record at hand, one after the other.
    text: Vec<u8>,
    /// Where each of them ends.
    ends: Vec<usize>,
    written: usize,
    ended: usize,
    /// What the last byte was, and whether the number of quotes is odd.
    last: u8,
    is_quoted: bool,
}

/// A record that is longer than any can be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;

/// The fields of a record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a> {
    text: &'a [u8],
    ends: &'a [usize],
}

impl<'a> Fields<'a> {
    pub(super) fn len(self) -> usize {
        self.ends.len()
    }

    /// A field; `None` if there is none at this place, or if it is not UTF-8.
    pub(super) fn get(self, place: usize) -> Option<&'a str> {
        let end = *self.ends.get(place)?;
        let begin = match place.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        std::str::from_utf8(self.text.get(begin..end)?).ok()
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Option<&'a str>> {
        (0..self.len()).map(move |place| self.get(place))
    }
}

impl CsvReader {
    pub(super) fn new(delimiter: Delimiter) -> Self {
        Self {
            reader: ReaderBuilder::new().delimiter(delimiter.byte()).build(),
            text: vec![0; ROOM.0],
            ends: vec![0; ROOM.1],
            written: 0,
            ended: 0,
            last: b'\n',
            is_quoted: false,
        }
    }

    /// Takes bytes from the front of `input` up to the end of a record. Without bytes, the input has
    /// ended, and the last record may lack its line end.
    pub(super) fn read(&mut self, input: &mut &[u8]) -> Result<Option<Fields<'_>>, TooLong> {
        loop {
            let text = self.text.get_mut(self.written..).unwrap_or_default();
            let ends = self.ends.get_mut(self.ended..).unwrap_or_default();
            let (result, read, written, ended) = self.reader.read_record(input, text, ends);
            let (taken, rest) = input.split_at(read);
            self.note(taken);
            *input = rest;
            self.written += written;
            self.ended += ended;
            match result {
                ReadRecordResult::InputEmpty | ReadRecordResult::End => return Ok(None),
                ReadRecordResult::OutputFull if self.text.len() >= MAX_RECORD => {
                    return Err(TooLong);
                }
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull if self.ends.len() >= MAX_RECORD => {
                    return Err(TooLong);
                }
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record => {
                    let fields = Fields {
                        text: self.text.get(..self.written).unwrap_or_default(),
                        ends: self.ends.get(..self.ended).unwrap_or_default(),
                    };
                    (self.written, self.ended) = (0, 0);
                    return Ok(Some(fields));
                }
            }
        }
    }

    /// Whether what was read ends behind a line or a quoted field, and not in the middle of a field.
    pub(super) fn is_at_an_end(&self) -> bool {
        !self.is_quoted && matches!(self.last, b'\n' | b'\r' | b'"')
    }

    fn note(&mut self, taken: &[u8]) {
        self.last = taken.last().copied().unwrap_or(self.last);
        self.is_quoted ^= memchr::memchr_iter(b'"', taken).count() % 2 == 1;
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;
    use test_case::test_case;

    use super::*;

    /// The records of a text that comes in pieces of this size, and whether it is whole.
    fn records(text: &str, size: usize) -> (Vec<Vec<String>>, bool) {
        let mut reader = CsvReader::new(Delimiter::Comma);
        let mut found = Vec::new();
        for mut piece in text.as_bytes().chunks(size).chain([&[][..]]) {
            loop {
                let is_end = piece.is_empty();
                let Some(fields) = reader.read(&mut piece).unwrap() else {
                    break;
                };
                found.push(
                    fields
                        .iter()
                        .map(|field| field.unwrap().to_owned())
                        .collect(),
                );
                if piece.is_empty() && !is_end {
                    break;
                }
            }
        }
        (found, reader.is_at_an_end())
    }

    #[test_case("\"Id\",\"Name\"\n\"1\",\"a, b\"\n" => (vec![vec!["Id".to_owned(), "Name".into()], vec!["1".into(), "a, b".into()]], true); "quoted")]
    #[test_case("Id\r\n1\r\n" => (vec![vec!["Id".to_owned()], vec!["1".into()]], true); "plain")]
    #[test_case("\"a\"\"b\nc\"\n" => (vec![vec!["a\"b\nc".to_owned()]], true); "quotes and a line end in a field")]
    #[test_case("\"1\",\"a\"" => (vec![vec!["1".to_owned(), "a".into()]], true); "no line end behind a quoted field")]
    #[test_case("\"1\",\"a" => (vec![vec!["1".to_owned(), "a".into()]], false); "cut in a quoted field")]
    #[test_case("1,a" => (vec![vec!["1".to_owned(), "a".into()]], false); "perhaps cut in a plain one")]
    #[test_case("" => (vec![], true); "nothing")]
    fn a_text(text: &str) -> (Vec<Vec<String>>, bool) {
        records(text, 3)
    }

    #[test]
    fn a_record_without_end_is_refused() {
        let mut reader = CsvReader::new(Delimiter::Comma);
        let piece = vec![b'x'; 64 * 1024];
        let read = (0..1000).find_map(|_| reader.read(&mut piece.as_slice()).err());
        assert_eq!(read, Some(TooLong));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_whatever_the_pieces(
            rows in prop::collection::vec(prop::collection::vec("[ -~\n\r\"é]{0,12}", 3), 0..8),
            size in 1_usize..40,
        ) {
            let mut text = String::new();
            for row in &rows {
                let quoted = row.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\"")));
                text.push_str(&quoted.collect::<Vec<_>>().join(","));
                text.push('\n');
            }
            prop_assert_eq!(records(&text, size), (rows, true));
        }
    }
}
