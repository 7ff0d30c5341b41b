//! Records of an index: texts, then integers. What rows of a table have in common with them.
//!
//! A record is a list of types, which begins with its own length, and then the values:
//! <https://www.sqlite.org/fileformat2.html#record_format>.

use std::io::{self, Write};

/// What a record consists of.
#[derive(Clone, Copy, Debug)]
pub(in crate::c1z) struct Record<'a> {
    /// The lengths of the texts, in bytes.
    pub(in crate::c1z) lengths: &'a [usize],
    /// The bytes of the texts, one behind the other.
    pub(in crate::c1z) pieces: &'a [&'a [u8]],
    pub(in crate::c1z) integers: &'a [i64],
}

impl Record<'_> {
    /// Its size in bytes.
    pub(in crate::c1z) fn size(&self) -> usize {
        let texts = self.lengths.iter();
        let texts = texts.map(|length| varint_size(text_type(*length)) + length);
        let integers = self.integers.iter().map(|value| 1 + integer(*value).1);
        1 + texts.sum::<usize>() + integers.sum::<usize>()
    }

    /// Replaces the content of `to` with the record, which may have few values only.
    pub(in crate::c1z) fn write(&self, to: &mut Vec<u8>) -> io::Result<()> {
        let texts = self.lengths.iter().map(|length| text_type(*length));
        let integers = self.integers.iter();
        let integers = integers.map(|value| usize::from(integer(*value).0));
        write_types(texts.chain(integers), to)?;
        for piece in self.pieces {
            to.extend_from_slice(piece);
        }
        push(to, self.integers);
        Ok(())
    }
}

/// Replaces the content of `to` with the types that a record begins with. There may be few values only,
/// because their length has to fit into a byte.
pub(in crate::c1z) fn write_types(
    types: impl IntoIterator<Item = usize>,
    to: &mut Vec<u8>,
) -> io::Result<()> {
    to.clear();
    to.push(0);
    for kind in types {
        write_varint(kind, to)?;
    }
    let length = u8::try_from(to.len()).ok().filter(|length| *length < 0x80);
    let length = length.ok_or_else(|| io::Error::other("a record has too many values"))?;
    if let Some(first) = to.first_mut() {
        *first = length;
    }
    Ok(())
}

/// Puts other integers in the place of those that a record ends with. Whether that could be done: each
/// must be as wide as the one before.
pub(in crate::c1z) fn renumber(record: &mut Vec<u8>, integers: &[i64]) -> bool {
    let types = record.first().map_or(0, |types| usize::from(*types));
    let kinds = types
        .checked_sub(integers.len())
        .and_then(|at| record.get(at..types));
    let new = integers.iter().map(|value| integer(*value).0);
    if !kinds.is_some_and(|kinds| kinds.iter().copied().eq(new)) {
        return false;
    }
    let widths = integers.iter().map(|value| integer(*value).1);
    record.truncate(record.len().saturating_sub(widths.sum()));
    push(record, integers);
    true
}

/// Adds integers to the end of a record.
fn push(record: &mut Vec<u8>, integers: &[i64]) {
    for value in integers {
        let (bytes, width) = (value.to_be_bytes(), integer(*value).1);
        record.extend_from_slice(bytes.get(bytes.len() - width..).unwrap_or_default());
    }
}

/// The type of a text of `length` bytes.
pub(in crate::c1z) fn text_type(length: usize) -> usize {
    13 + 2 * length
}

/// The type of a blob of `length` bytes.
pub(in crate::c1z) fn blob_type(length: usize) -> usize {
    12 + 2 * length
}

/// The type of an integer and its width in bytes: the shortest that holds it, as SQLite writes it in
/// schema format 4.
fn integer(value: i64) -> (u8, usize) {
    // A negative number needs as many bits as its complement.
    match value ^ (value >> 63) {
        _ if value == 0 => (8, 0),
        _ if value == 1 => (9, 0),
        ..=0x7f => (1, 1),
        0x80..=0x7fff => (2, 2),
        0x8000..=0x7f_ffff => (3, 3),
        0x80_0000..=0x7fff_ffff => (4, 4),
        0x8000_0000..=0x7fff_ffff_ffff => (5, 6),
        _ => (6, 8),
    }
}

/// How many bytes an integer takes.
pub(in crate::c1z) fn width(value: i64) -> usize {
    integer(value).1
}

/// Lengths of more than four bytes do not occur in what is written here: pages are smaller.
const VARINT: usize = 4;
/// Numbers that SQLite writes.
const LONGEST_VARINT: usize = 9;

pub(super) fn varint_size(value: usize) -> usize {
    match value {
        0..=0x7f => 1,
        0x80..=0x3fff => 2,
        0x4000..=0x1f_ffff => 3,
        _ => VARINT,
    }
}

/// Seven bits a byte, the most significant first. All bytes but the last have the high bit.
pub(super) fn write_varint(value: usize, to: &mut impl Write) -> io::Result<()> {
    for more in (1..varint_size(value)).rev() {
        to.write_all(&[low_bits(value >> (7 * more)) | 0x80])?;
    }
    to.write_all(&[low_bits(value)])
}

/// Reads a number at the begin of `bytes`. Returns it and what follows.
pub(super) fn read_varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (place, byte) in bytes.iter().enumerate().take(LONGEST_VARINT) {
        let rest = bytes.get(place + 1..)?;
        // All bits of the last possible byte count.
        if place + 1 == LONGEST_VARINT {
            return Some((value << 8 | u64::from(*byte), rest));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, rest));
        }
    }
    None
}

fn low_bits(value: usize) -> u8 {
    value.to_le_bytes().first().map_or(0, |byte| byte & 0x7f)
}
