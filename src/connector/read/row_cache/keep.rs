//! Keeps the rows of a sync for the next one.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use tracing::{debug, warn};

use super::file::{Binding, Chunk, Entry, RowFile, Spool};
use super::rows::{page, rows};
use super::statements::Statements;
use crate::causes::chain;
use crate::output_file;
use crate::salesforce::PageText;

/// The next file of an org.
#[derive(Debug)]
pub(super) struct Keeping {
    path: PathBuf,
    binding: Binding,
    /// What the last sync kept, and how long it is kept.
    previous: Option<(Arc<RowFile>, Vec<Entry>)>,
    longest: SignedDuration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    spool: Spool,
    tables: Vec<Entry>,
    has_failed: bool,
}

impl Keeping {
    pub(super) fn start(
        directory: &Path,
        path: PathBuf,
        binding: Binding,
        previous: Option<(Arc<RowFile>, Vec<Entry>)>,
        longest: SignedDuration,
    ) -> io::Result<Self> {
        Ok(Self {
            path,
            binding,
            previous,
            longest,
            state: Mutex::new(State {
                spool: Spool::create(directory)?,
                tables: Vec::new(),
                has_failed: false,
            }),
        })
    }

    /// Puts the tables that were read to their end in the place of those of the last sync. Those that
    /// this sync did not read stay for as long as they may be used. This blocks.
    pub(super) fn save(&self) {
        let mut state = self.state.lock();
        let mut tables = std::mem::take(&mut state.tables);
        let Some(newest) = tables.iter().map(|table| table.read_at).max() else {
            return;
        };
        if state.has_failed {
            return;
        }
        for (file, entry) in self.previous.iter().flat_map(|(file, entries)| {
            let entries = entries.iter();
            entries.map(move |entry| (file, entry))
        }) {
            let is_read = tables
                .iter()
                .any(|table| table.statements == entry.statements);
            let is_old = newest.duration_since(entry.complete_at) > self.longest;
            if is_read || is_old {
                continue;
            }
            if let Ok(entry) = state.spool.take_over(file, entry) {
                tables.push(entry);
            }
        }
        match state.spool.save(&self.path, &self.binding, tables) {
            Ok(()) => {}
            Err(output_file::Error::Busy { .. }) => {
                debug!("another process keeps its rows at this moment; those of this sync are not");
            }
            Err(error) => warn_unkept(&self.path, &error),
        }
    }
}

/// One warning in a sync.
pub(super) fn warn_unkept(path: &Path, error: &(dyn std::error::Error + 'static)) {
    warn!(
        path = %path.display(),
        error = chain(error),
        "the rows of this sync are not kept, so the next sync reads everything; no row is missing. \
         Give --row-cache a directory on a disk with free space that this user may write"
    );
}

/// The rows of one table, from the first to the last.
#[derive(Debug)]
pub(in crate::connector::read) struct TableKeeper {
    keeping: Arc<Keeping>,
    statements: Statements,
    read_at: Timestamp,
    complete_at: Timestamp,
    /// The first page, until a second one comes: a table of one page has no chunks.
    first: Option<PageText>,
    pages: usize,
    chunks: Vec<Chunk>,
    /// Whether some rows could not be kept.
    is_broken: bool,
}

impl TableKeeper {
    pub(super) fn new(keeping: Arc<Keeping>, statements: Statements, read_at: Timestamp) -> Self {
        Self {
            keeping,
            statements,
            read_at,
            complete_at: read_at,
            first: None,
            pages: 0,
            chunks: Vec::new(),
            is_broken: false,
        }
    }

    /// Says that rows were only compared since `complete_at`.
    pub(in crate::connector::read) fn compared(mut self, complete_at: Timestamp) -> Self {
        self.complete_at = complete_at;
        self
    }

    /// Adds what was read. Only tables whose changes show are kept; of others, only what was asked.
    /// Of several pages only the first `taken` rows are new: the next ones begin there.
    pub(in crate::connector::read) async fn push(&mut self, pages: Vec<PageText>, taken: usize) {
        self.pages += 1;
        if self.statements.changes.is_none() {
            return;
        }
        let page = match <[PageText; 1]>::try_from(pages) {
            Ok([page]) => Some(page),
            Err(pages) => joined(&pages, taken),
        };
        self.is_broken |= page.is_none();
        if self.pages == 1 {
            self.first = page;
            return;
        }
        let waiting: Vec<PageText> = self.first.take().into_iter().chain(page).collect();
        let keeping = Arc::clone(&self.keeping);
        let written = tokio::task::spawn_blocking(move || keeping.write(&waiting));
        self.chunks.extend(written.await.unwrap_or_default());
    }

    /// Says that all rows have come.
    pub(in crate::connector::read) fn finish(self) {
        let is_unkept = self.statements.changes.is_none() && self.pages > 1;
        if is_unkept || self.is_broken {
            return;
        }
        let entry = Entry {
            statements: self.statements,
            read_at: self.read_at,
            complete_at: self.complete_at,
            chunks: self.chunks,
        };
        let mut state = self.keeping.state.lock();
        // A host may ask for a first page again.
        state
            .tables
            .retain(|table| table.statements != entry.statements);
        state.tables.push(entry);
    }
}

/// The first `taken` rows of several pages, as one.
fn joined(pages: &[PageText], taken: usize) -> Option<PageText> {
    let mut all = Vec::new();
    for page in pages {
        all.extend(rows(page.json()).ok()?);
    }
    all.truncate(taken);
    page(&all)
}

impl Keeping {
    fn write(&self, pages: &[PageText]) -> Vec<Chunk> {
        let mut state = self.state.lock();
        if state.has_failed {
            return Vec::new();
        }
        let write = |page: &PageText| state.spool.push(page.json());
        let written: io::Result<Vec<Chunk>> = pages.iter().map(write).collect();
        written.unwrap_or_else(|error| {
            state.has_failed = true;
            warn_unkept(&self.path, &error);
            Vec::new()
        })
    }
}
