//! The container: five magic bytes, then one zstd frame.

use std::fs::File;
use std::io::{self, BufReader, Read, Take, Write};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use super::error::{Error, Result};
use super::grant_indexes::{self, Tail};
use super::store::Stop;
use crate::output_file;

const MAGIC: &[u8; 5] = b"C1ZF\0";
const NEWER_MAGIC: &[u8; 5] = b"C1Z3\0";

/// How a SQLite database begins.
const DATABASE: &[u8; 16] = b"SQLite format 3\0";
/// log2 of the largest window that the SDK's decoder accepts.
const WINDOW_LOG_LIMIT: u32 = 27;
/// Like the SDK, the fastest level. Readers accept any.
const LEVEL: i32 = 1;
/// The size of reads and writes in bytes. It fits into a processor's cache, and whole pages of any size
/// fit into it.
const BUFFER: usize = 1 << 18;
/// Parts of a database that wait to be written.
const PARTS: usize = 16;

/// What is stored under a file name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// No file, or an empty one: free to write.
    Absent,
    /// A file that this program reads and writes.
    V1,
    /// The newer, Pebble-based format.
    Newer,
    /// Something else.
    Foreign,
}

/// Limits on the size of an unpacked file. A malicious file could fill the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The largest ratio of unpacked to packed size.
    pub ratio: u64,
    /// The unpacked size that is always allowed. Small databases have a high ratio, because their
    /// pages are mostly empty.
    pub floor: u64,
    /// The largest unpacked size.
    pub size: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            ratio: 100,
            floor: 64 << 20,
            // The SDK's readers refuse larger ones.
            size: 10 << 30,
        }
    }
}

impl Bounds {
    fn limit(&self, packed: u64) -> u64 {
        self.size
            .min(self.floor.max(packed.saturating_mul(self.ratio)))
    }
}

/// An open file of format 1, positioned after its magic bytes.
#[derive(Debug)]
pub(super) struct Packed {
    file: File,
    path: PathBuf,
}

impl Packed {
    /// Opens a file. `None` if it does not exist or is empty; an error if it has another format.
    pub(super) fn open(path: &Path) -> Result<Option<Self>> {
        let path_of = || PathBuf::from(path);
        match open(path)? {
            (Some(file), Format::V1) => Ok(Some(Self {
                file,
                path: path_of(),
            })),
            (_, Format::Newer) => Err(Error::NewerFormat { path: path_of() }),
            (_, Format::Foreign) => Err(Error::Foreign { path: path_of() }),
            (_, Format::V1 | Format::Absent) => Ok(None),
        }
    }

    /// Begins to unpack the file, which must begin like a database.
    pub(super) fn start(self, bounds: &Bounds) -> Result<Unpacking> {
        let Self { file, path } = self;
        let packed = file.metadata().map_err(Error::io("reading", &path))?.len();
        let limit = bounds.limit(packed);
        let broken = |error: io::Error| damaged(&path, error.to_string());
        let mut decoder = zstd::Decoder::new(file).map_err(broken)?;
        decoder.window_log_max(WINDOW_LOG_LIMIT).map_err(broken)?;
        let mut decoder = decoder.take(limit + 1);
        let mut header = [0; grant_indexes::HEAD_SIZE];
        let read = fill(&mut decoder, &mut header).map_err(broken)?;
        if read < header.len() || !header.starts_with(DATABASE) {
            return Err(damaged(&path, "it does not hold a SQLite database".into()));
        }
        Ok(Unpacking {
            path,
            packed,
            limit,
            decoder,
            header,
        })
    }
}

/// A file that is being unpacked, positioned after the header of its database.
pub(super) struct Unpacking {
    path: PathBuf,
    packed: u64,
    limit: u64,
    decoder: Take<zstd::Decoder<'static, BufReader<File>>>,
    header: [u8; grant_indexes::HEAD_SIZE],
}

impl Unpacking {
    /// The header of the database.
    pub(super) fn header(&self) -> &[u8; grant_indexes::HEAD_SIZE] {
        &self.header
    }

    /// Writes the database into the empty file `to`, unless `stop` is set meanwhile.
    pub(super) fn write(self, to: &Path, stop: &Stop) -> Result<()> {
        self.write_begin(to, u64::MAX, |_| {}, stop)
    }

    /// Writes only the first `length` bytes of the database, which are whole pages, and calls `rest`
    /// with the pages behind them, one or more at a time.
    pub(super) fn write_begin(
        self,
        to: &Path,
        length: u64,
        mut rest: impl FnMut(&[u8]),
        stop: &Stop,
    ) -> Result<()> {
        let Self {
            path,
            packed,
            limit,
            decoder,
            header,
        } = self;
        let mut content = header.as_slice().chain(decoder);
        let broken = |error: io::Error| damaged(&path, error.to_string());
        // The file is there and empty. Truncated once more, ext4 would write it to the disk at once.
        let mut target = File::options()
            .write(true)
            .open(to)
            .map_err(Error::io("opening", to))?;
        let writing = || Error::io("writing", to);
        let too_large = || Error::TooLarge {
            path: path.clone(),
            packed,
            limit,
        };
        // Unpacking and writing take about the same time, so they are done side by side.
        std::thread::scope(|scope| {
            let (parts, to_write) = mpsc::sync_channel::<Vec<u8>>(PARTS);
            let (written, buffers) = mpsc::channel();
            let writer = scope.spawn(move || -> Result<()> {
                for part in to_write {
                    target.write_all(&part).map_err(writing())?;
                    let _ = written.send(part);
                }
                Ok(())
            });
            let mut total = 0;
            loop {
                let mut buffer: Vec<u8> = buffers.try_recv().unwrap_or_default();
                buffer.resize(BUFFER, 0);
                let read = fill(&mut content, &mut buffer).map_err(broken)?;
                buffer.truncate(read);
                let to_write = usize::try_from(length.saturating_sub(total)).unwrap_or(usize::MAX);
                total += buffer.len() as u64;
                if total > limit {
                    return Err(too_large());
                }
                if stop.is_set() {
                    return Err(Error::Closed("the sync was given up".into()));
                }
                if buffer.is_empty() {
                    break;
                }
                if let Some(behind) = buffer.get(to_write..) {
                    rest(behind);
                    buffer.truncate(to_write);
                }
                // If the writer has stopped, it says why.
                if parts.send(buffer).is_err() {
                    break;
                }
            }
            drop(parts);
            writer.join().unwrap_or_else(|panic| resume_unwind(panic))
        })
    }
}

fn damaged(path: &Path, detail: String) -> Error {
    Error::Damaged {
        path: path.into(),
        detail,
    }
}

/// Reads until the buffer is full or nothing more comes. Returns the number of bytes.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Opens a file and reads its magic bytes.
fn open(path: &Path) -> Result<(Option<File>, Format)> {
    let Some(file) = output_file::open(path)? else {
        return Ok((None, Format::Absent));
    };
    let mut head = Vec::with_capacity(MAGIC.len());
    Read::take(&file, MAGIC.len() as u64)
        .read_to_end(&mut head)
        .map_err(Error::io("reading", path))?;
    let format = match head.as_slice() {
        [] => Format::Absent,
        head if head == MAGIC => Format::V1,
        head if head == NEWER_MAGIC => Format::Newer,
        _ => Format::Foreign,
    };
    Ok((Some(file), format))
}

/// Packs the database `from`, with the pages of `tail` behind it, into the file `to` and syncs that
/// to disk.
pub(super) fn pack(from: &Path, to: &Path, tail: Option<&Tail>) -> Result<()> {
    let source = File::open(from).map_err(Error::io("opening", from))?;
    let length = source.metadata().map_err(Error::io("reading", from))?.len();
    let mut target = File::create(to).map_err(Error::io("creating", to))?;
    let writing = || Error::io("writing", to);
    target.write_all(MAGIC).map_err(writing())?;
    let mut encoder = zstd::Encoder::new(target, LEVEL).map_err(writing())?;
    // Readers can check the size before unpacking, and the content afterwards.
    encoder.include_checksum(true).map_err(writing())?;
    encoder.include_contentsize(true).map_err(writing())?;
    encoder
        .set_pledged_src_size(Some(length + tail.map_or(0, Tail::size)))
        .map_err(writing())?;
    let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(4));
    encoder
        .multithread(u32::try_from(threads).unwrap_or(1))
        .map_err(writing())?;
    let mut source = BufReader::with_capacity(BUFFER, source);
    if let Some(tail) = tail {
        let mut header = [0; grant_indexes::HEAD_SIZE];
        source
            .read_exact(&mut header)
            .and_then(|()| tail.patch(&mut header))
            .map_err(Error::io("reading", from))?;
        encoder.write_all(&header).map_err(writing())?;
    }
    io::copy(&mut source, &mut encoder).map_err(writing())?;
    if let Some(tail) = tail {
        tail.write(&mut encoder).map_err(writing())?;
    }
    let target = encoder.finish().map_err(writing())?;
    target.sync_all().map_err(writing())
}
