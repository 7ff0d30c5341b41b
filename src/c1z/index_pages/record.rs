//! Records of an index: texts, then integers.
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

    /// Replaces the content of `to` with the record. There may be few values only, because the
    /// length of the types has to fit into a byte.
    pub(in crate::c1z) fn write(&self, to: &mut Vec<u8>) -> io::Result<()> {
        to.clear();
        to.push(0);
        for length in self.lengths {
            write_varint(text_type(*length), to)?;
        }
        to.extend(self.integers.iter().map(|value| integer(*value).0));
        let types = u8::try_from(to.len()).ok().filter(|types| *types < 0x80);
        let types = types.ok_or_else(|| io::Error::other("a record has too many values"))?;
        if let Some(first) = to.first_mut() {
            *first = types;
        }
        for piece in self.pieces {
            to.extend_from_slice(piece);
        }
        for value in self.integers {
            let (bytes, width) = (value.to_be_bytes(), integer(*value).1);
            to.extend_from_slice(bytes.get(bytes.len() - width..).unwrap_or_default());
        }
        Ok(())
    }
}

/// Puts `value` in the place of the last `count` values of a record, which are integers. Whether that
/// could be done: they must be as wide.
pub(in crate::c1z) fn renumber(record: &mut [u8], count: usize, value: i64) -> bool {
    let (kind, width) = integer(value);
    let types = record.first().map_or(0, |types| usize::from(*types));
    let kinds = types
        .checked_sub(count)
        .and_then(|at| record.get(at..types));
    if kinds.is_none_or(|kinds| kinds.iter().any(|known| *known != kind)) {
        return false;
    }
    let bytes = value.to_be_bytes();
    let Some(bytes) = bytes.get(bytes.len() - width..) else {
        return false;
    };
    let begins = record.len().checked_sub(count * width);
    let Some(values) = begins.and_then(|at| record.get_mut(at..)) else {
        return false;
    };
    if width > 0 {
        values
            .chunks_exact_mut(width)
            .for_each(|place| place.copy_from_slice(bytes));
    }
    true
}

/// How many bytes an integer takes behind the texts.
pub(in crate::c1z) fn width(value: i64) -> usize {
    integer(value).1
}

fn text_type(length: usize) -> usize {
    13 + 2 * length
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

/// Lengths of more than four bytes do not occur: pages are smaller.
const VARINT: usize = 4;

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

fn low_bits(value: usize) -> u8 {
    value.to_le_bytes().first().map_or(0, |byte| byte & 0x7f)
}
