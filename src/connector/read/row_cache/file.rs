//! The file of the row cache: rows of one org as Salesforce sent them, compressed, and an index.
//!
//! The chunks come first, the index after them, and where the index is at the very end: a file that
//! is cut anywhere has no index. Each frame carries zstd's checksum of its content.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::statements::Statements;
use crate::output_file::{self, FileMode, Lock};

/// Changes whenever this program reads or writes the file in another way.
const FORMAT: u32 = 1;
/// The last bytes of each file.
const MAGIC: &[u8; 8] = b"sf-rows\n";
/// Place and length of the index, and the magic bytes.
const FOOTER: usize = 24;
/// A frame of more bytes was not written by this program.
const MOST_BYTES: u64 = 512 * 1024 * 1024;
/// The bits of a file's mode that let others write it.
const WRITABLE_BY_OTHERS: u32 = 0o022;
/// Fast; rows of one table resemble each other so much that a higher level gains little.
const LEVEL: i32 = 1;

/// What the rows belong to. They are used by nobody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Binding {
    pub(super) org: String,
    /// The address of the org, which a copy of it does not have.
    pub(super) address: String,
    /// Who reads: another user may see other rows.
    pub(super) user: String,
    pub(super) api_version: String,
    /// The version of this program.
    pub(super) program: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Index {
    format: u32,
    binding: Binding,
    tables: Vec<Entry>,
}

/// What is known of a table.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) statements: Statements,
    /// Salesforce's time before the rows were read or compared.
    pub(super) read_at: Timestamp,
    /// The same for the last time when all of them were read.
    pub(super) complete_at: Timestamp,
    /// None for a table of one page: reading it costs no more than comparing it.
    pub(super) chunks: Vec<Chunk>,
}

/// Some rows in the file.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chunk {
    at: u64,
    length: u64,
}

/// Why a file is not used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    #[error("it is cut off or damaged")]
    Damaged,
    #[error("another version of this program wrote it")]
    Format,
    #[error("it holds rows of another org, user or API version")]
    Foreign,
    #[error("it belongs to another user of this computer, or others may write it")]
    Untrusted,
    #[error("it cannot be read")]
    Io(#[from] io::Error),
    #[error(transparent)]
    File(#[from] output_file::Error),
}

/// A file of rows, open for reading. It stays what it is while another one takes its place.
#[derive(Debug)]
pub(super) struct RowFile(File);

impl RowFile {
    /// The rows of `binding`, with their tables; `None` if there is no file.
    pub(super) fn open(
        path: &Path,
        binding: &Binding,
    ) -> Result<Option<(Self, Vec<Entry>)>, Unusable> {
        let Some(mut file) = output_file::open(path)? else {
            return Ok(None);
        };
        let found = file.metadata()?;
        let is_ours = found.uid() == rustix::process::geteuid().as_raw();
        if !is_ours || found.mode() & WRITABLE_BY_OTHERS != 0 {
            return Err(Unusable::Untrusted);
        }
        let size = file.seek(SeekFrom::End(0))?;
        let footer_at = size.checked_sub(FOOTER as u64).ok_or(Unusable::Damaged)?;
        let mut footer = [0; FOOTER];
        file.read_exact_at(&mut footer, footer_at)?;
        let (at, rest) = footer.split_at(8);
        let (length, magic) = rest.split_at(8);
        let number = |bytes: &[u8]| bytes.try_into().map(u64::from_le_bytes);
        let (Ok(at), Ok(length)) = (number(at), number(length)) else {
            return Err(Unusable::Damaged);
        };
        if magic != MAGIC || at.checked_add(length) != Some(footer_at) {
            return Err(Unusable::Damaged);
        }
        let file = Self(file);
        let index = file.read(Chunk { at, length })?;
        let value: serde_json::Value =
            serde_json::from_str(&index).map_err(|_| Unusable::Damaged)?;
        if value.get("format") != Some(&FORMAT.into()) {
            return Err(Unusable::Format);
        }
        let index: Index = serde_json::from_value(value).map_err(|_| Unusable::Damaged)?;
        if index.binding != *binding {
            return Err(Unusable::Foreign);
        }
        Ok(Some((file, index.tables)))
    }

    /// The text of a chunk.
    pub(super) fn read(&self, chunk: Chunk) -> Result<String, Unusable> {
        let frame = self.frame(chunk)?;
        let mut text = String::new();
        let content = zstd::Decoder::with_buffer(frame.as_slice())?;
        let read = content.take(MOST_BYTES).read_to_string(&mut text);
        read.map_err(|_| Unusable::Damaged)?;
        Ok(text)
    }

    fn frame(&self, chunk: Chunk) -> Result<Vec<u8>, Unusable> {
        let length = usize::try_from(chunk.length).ok();
        let length = length.filter(|_| chunk.length <= MOST_BYTES);
        let mut frame = vec![0; length.ok_or(Unusable::Damaged)?];
        let read = self.0.read_exact_at(&mut frame, chunk.at);
        read.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Unusable::Damaged,
            _ => Unusable::Io(error),
        })?;
        Ok(frame)
    }
}

/// The chunks of the next file, while a sync reads. It has no name, so that nothing stays behind if
/// the process is killed.
#[derive(Debug)]
pub(super) struct Spool {
    file: File,
    length: u64,
}

impl Spool {
    /// A spool in `directory`, which is created if it is not there.
    pub(super) fn create(directory: &Path) -> io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(directory)?;
        let file = tempfile::tempfile_in(directory)?;
        Ok(Self { file, length: 0 })
    }

    pub(super) fn push(&mut self, text: &str) -> io::Result<Chunk> {
        let frame = compressed(text.as_bytes())?;
        self.append(&frame)
    }

    /// The same table with its chunks in this file.
    pub(super) fn take_over(&mut self, file: &RowFile, entry: &Entry) -> Result<Entry, Unusable> {
        let mut chunks = Vec::with_capacity(entry.chunks.len());
        for chunk in &entry.chunks {
            chunks.push(self.append(&file.frame(*chunk)?)?);
        }
        Ok(Entry {
            chunks,
            ..entry.clone()
        })
    }

    fn append(&mut self, frame: &[u8]) -> io::Result<Chunk> {
        self.file.write_all_at(frame, self.length)?;
        let length = frame.len() as u64;
        let at = self.length;
        self.length += length;
        Ok(Chunk { at, length })
    }

    /// Makes a file of the chunks and the tables, in the place of the one at `path`.
    pub(super) fn save(
        &mut self,
        path: &Path,
        binding: &Binding,
        tables: Vec<Entry>,
    ) -> output_file::Result<()> {
        let target = output_file::resolve(path)?;
        let index = Index {
            format: FORMAT,
            binding: binding.clone(),
            tables,
        };
        let lock = Lock::acquire(&target)?;
        lock.replace(FileMode::default(), |out| {
            self.write(out, &index)
                .map_err(|source| output_file::Error::Io {
                    doing: "writing",
                    path: target.clone(),
                    source,
                })
        })
    }

    fn write(&mut self, out: &mut dyn Write, index: &Index) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        let copied = io::copy(&mut (&self.file).take(self.length), out)?;
        if copied != self.length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let index = compressed(&serde_json::to_vec(index)?)?;
        out.write_all(&index)?;
        out.write_all(&self.length.to_le_bytes())?;
        out.write_all(&(index.len() as u64).to_le_bytes())?;
        out.write_all(MAGIC)
    }
}

fn compressed(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = zstd::Encoder::new(Vec::new(), LEVEL)?;
    encoder.include_checksum(true)?;
    encoder.write_all(bytes)?;
    encoder.finish()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    use super::*;
    use crate::connector::read::table::Table;

    fn binding() -> Binding {
        Binding {
            org: "00DHp000000000AAAA".to_owned(),
            address: "https://acme.my.salesforce.com".to_owned(),
            user: "005Hp000000000AAAA".to_owned(),
            api_version: "62.0".to_owned(),
            program: "1.0.0".to_owned(),
        }
    }

    /// A file with these texts in one table.
    fn saved(directory: &Path, texts: &[&str]) -> PathBuf {
        let path = directory.join("rows");
        let mut spool = Spool::create(directory).unwrap();
        let chunks = texts.iter().map(|text| spool.push(text).unwrap()).collect();
        let entry = Entry {
            statements: Statements::of(&Table::new("User", &["Id"])).unwrap(),
            read_at: Timestamp::UNIX_EPOCH,
            complete_at: Timestamp::UNIX_EPOCH,
            chunks,
        };
        spool.save(&path, &binding(), vec![entry]).unwrap();
        path
    }

    #[test]
    fn what_was_saved_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = saved(directory.path(), &["one", "", "three"]);
        let (file, tables) = RowFile::open(&path, &binding()).unwrap().unwrap();
        let read = |chunk: &Chunk| file.read(*chunk).unwrap();
        let texts: Vec<_> = tables[0].chunks.iter().map(read).collect();
        assert_eq!(texts, ["one", "", "three"]);
        // Taken over into the next file.
        let mut spool = Spool::create(directory.path()).unwrap();
        spool.push("other").unwrap();
        let entry = spool.take_over(&file, &tables[0]).unwrap();
        spool.save(&path, &binding(), vec![entry]).unwrap();
        let (file, tables) = RowFile::open(&path, &binding()).unwrap().unwrap();
        let read = |chunk: &Chunk| file.read(*chunk).unwrap();
        let texts: Vec<_> = tables[0].chunks.iter().map(read).collect();
        assert_eq!(texts, ["one", "", "three"]);
    }

    /// Whatever byte is changed, and wherever the file ends.
    #[test]
    fn a_damaged_file_gives_no_other_text() {
        let directory = tempfile::tempdir().unwrap();
        let path = saved(directory.path(), &["one", "two"]);
        let whole = std::fs::read(&path).unwrap();
        let texts = |bytes: &[u8]| -> Option<Vec<String>> {
            std::fs::write(&path, bytes).unwrap();
            let (file, tables) = RowFile::open(&path, &binding()).ok()??;
            let chunks = tables.first()?.chunks.iter();
            chunks.map(|chunk| file.read(*chunk).ok()).collect()
        };
        for place in 0..whole.len() {
            assert_eq!(texts(&whole[..place]), None, "cut at {place}");
            let mut changed = whole.clone();
            changed[place] ^= 0x10;
            let found = texts(&changed);
            let is_same = found.as_ref().is_none_or(|texts| texts == &["one", "two"]);
            assert!(is_same, "byte {place}: {found:?}");
        }
        assert!(texts(&whole).is_some());
    }

    #[test]
    fn rows_of_others_are_not_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = saved(directory.path(), &["one"]);
        let change: [fn(&mut Binding); 5] = [
            |other| other.org.push('x'),
            |other| other.address.push('x'),
            |other| other.user.push('x'),
            |other| other.api_version.push('x'),
            |other| other.program.push('x'),
        ];
        for change in change {
            let mut other = binding();
            change(&mut other);
            let opened = RowFile::open(&path, &other);
            assert!(matches!(opened, Err(Unusable::Foreign)));
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o660)).unwrap();
        let opened = RowFile::open(&path, &binding());
        assert!(matches!(opened, Err(Unusable::Untrusted)));
    }
}
