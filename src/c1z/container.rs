//! The outside of a file: five bytes that name the format, then one zstd frame.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use super::error::{Error, Result};

const MAGIC: &[u8; 5] = b"C1ZF\0";
const NEWER_MAGIC: &[u8; 5] = b"C1Z3\0";

/// The SDK's readers refuse larger ones; so do we, before the disk is full.
const DECODED_LIMIT: u64 = 10 << 30;
/// log2 of the largest window that the SDK's decoder accepts.
const WINDOW_LOG_LIMIT: u32 = 27;
/// The SDK writes with its fastest level; readers take any.
const LEVEL: i32 = 1;
/// Bytes that are read from the disk at a time.
const BUFFER: usize = 1 << 20;

/// What stands under a file name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// No file, or an empty one: free to write.
    Absent,
    /// A file that this program reads and writes.
    V1,
    /// The newer, Pebble-based format.
    Newer,
    /// Something else.
    Foreign,
}

/// Looks at the first bytes of a file.
pub fn probe(path: &Path) -> Result<Format> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Format::Absent),
        Err(error) => return Err(Error::io("opening", path)(error)),
    };
    let mut head = Vec::with_capacity(MAGIC.len());
    Read::take(file, MAGIC.len() as u64)
        .read_to_end(&mut head)
        .map_err(Error::io("reading", path))?;
    Ok(match head.as_slice() {
        [] => Format::Absent,
        head if head == MAGIC => Format::V1,
        head if head == NEWER_MAGIC => Format::Newer,
        _ => Format::Foreign,
    })
}

/// Refuses what is not ours; `true` when there is a file to read.
pub(super) fn readable(path: &Path) -> Result<bool> {
    match probe(path)? {
        Format::Absent => Ok(false),
        Format::V1 => Ok(true),
        Format::Newer => Err(Error::NewerFormat { path: path.into() }),
        Format::Foreign => Err(Error::Foreign { path: path.into() }),
    }
}

/// Unpacks the database of `from` into the file `to`.
pub(super) fn unpack(from: &Path, to: &Path) -> Result<()> {
    unpack_bounded(from, to, DECODED_LIMIT)
}

pub(super) fn unpack_bounded(from: &Path, to: &Path, limit: u64) -> Result<()> {
    let damaged = |error: io::Error| Error::Damaged {
        path: from.into(),
        detail: error.to_string(),
    };
    let mut source = File::open(from).map_err(Error::io("opening", from))?;
    let mut head = [0; MAGIC.len()];
    source.read_exact(&mut head).map_err(damaged)?;
    let mut target = File::create(to).map_err(Error::io("creating", to))?;
    let mut decoder = zstd::Decoder::new(source).map_err(damaged)?;
    decoder.window_log_max(WINDOW_LOG_LIMIT).map_err(damaged)?;
    let mut decoder = decoder.take(limit + 1);
    let mut buffer = vec![0; BUFFER];
    let mut total = 0;
    loop {
        let read = decoder.read(&mut buffer).map_err(damaged)?;
        let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else {
            break;
        };
        total += read as u64;
        target.write_all(part).map_err(Error::io("writing", to))?;
    }
    if total > limit {
        return Err(Error::TooLarge {
            path: from.into(),
            limit,
        });
    }
    Ok(())
}

/// Packs the database `from` into the file `to` and waits until the disk has it.
pub(super) fn pack(from: &Path, to: &Path) -> Result<()> {
    let source = File::open(from).map_err(Error::io("opening", from))?;
    let length = source.metadata().map_err(Error::io("reading", from))?.len();
    let mut target = File::create(to).map_err(Error::io("creating", to))?;
    let writing = || Error::io("writing", to);
    target.write_all(MAGIC).map_err(writing())?;
    let mut encoder = zstd::Encoder::new(target, LEVEL).map_err(writing())?;
    // A reader can check the size before it unpacks, and the content after.
    encoder.include_checksum(true).map_err(writing())?;
    encoder.include_contentsize(true).map_err(writing())?;
    encoder
        .set_pledged_src_size(Some(length))
        .map_err(writing())?;
    let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(4));
    encoder
        .multithread(u32::try_from(threads).unwrap_or(1))
        .map_err(writing())?;
    let mut source = BufReader::with_capacity(BUFFER, source);
    io::copy(&mut source, &mut encoder).map_err(writing())?;
    let target = encoder.finish().map_err(writing())?;
    target.sync_all().map_err(writing())
}
