//! Rows of the last sync, so that the next one reads only what has changed (`--row-cache`).
//!
//! Hosts sync every hour, and almost nothing changes. So the rows of each large table are kept as
//! Salesforce sent them, in one file for each org, and the next sync only asks which rows are new and
//! how many there are. The tables that the last sync read are known, so all of this is asked at the
//! beginning, five questions in a call. Small tables are read with the same calls.
//!
//! Listings of a full sync are the only ones that use it. Nothing that writes knows it.

mod check;
mod file;
mod keep;
mod known;
mod rows;
mod statements;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use tokio::sync::{OnceCell, oneshot};
use tokio_util::task::AbortOnDropHandle;
use tracing::{debug, info};

use self::check::{Comparison, Doubt};
use self::file::{Binding, Entry, RowFile};
pub(super) use self::keep::TableKeeper;
use self::keep::{Keeping, warn_unkept};
pub(super) use self::known::{Known, KnownRows};
pub(super) use self::statements::Statements;
use self::statements::at;
use super::org::Org;
use super::sync_memory::SyncMemory;
use super::together::TOGETHER;
use crate::causes::chain;
use crate::connector::options::RowCacheSettings;
use crate::salesforce::composite::{Asked, Question};
use crate::salesforce::soql::SoqlError;
use crate::salesforce::{Error, Identity, PageText, Response};
use crate::trace;

/// A change may become visible this long after its time: Salesforce ends a transaction after ten
/// minutes ([Apex Developer Guide, Execution Governors and
/// Limits](https://developer.salesforce.com/docs/atlas.en-us.apexcode.meta/apexcode/apex_gov_limits.htm)),
/// and its servers' clocks differ a little.
const OVERLAP: SignedDuration = SignedDuration::from_mins(15);

/// The row cache of one org.
pub(super) struct RowCache {
    settings: RowCacheSettings,
    identity: OnceCell<Identity>,
}

impl RowCache {
    pub(super) fn new(settings: RowCacheSettings) -> Self {
        Self {
            settings,
            identity: OnceCell::new(),
        }
    }

    /// Ends the sync with this memory: what it has kept is there for the next one.
    pub(super) async fn save(&self, memory: &SyncMemory) {
        let cell = memory.slot::<OnceCell<Option<Arc<CachedSync>>>>();
        if let Some(Some(cached)) = cell.get() {
            let keeping = Arc::clone(&cached.keeping);
            let _ = tokio::task::spawn_blocking(move || keeping.save()).await;
        }
    }

    /// What is known in the sync with this memory; `None` outside a sync, or if nothing can be kept.
    pub(super) async fn of(&self, org: &Arc<Org>, memory: &SyncMemory) -> Option<Arc<CachedSync>> {
        if !memory.is_of_sync() {
            return None;
        }
        let cell = memory.slot::<OnceCell<Option<Arc<CachedSync>>>>();
        let start = || async { self.start(org).await.map(Arc::new) };
        cell.get_or_init(start).await.clone()
    }

    async fn start(&self, org: &Arc<Org>) -> Option<CachedSync> {
        let identity = self.identity.get_or_try_init(|| async {
            let answer = Box::pin(org.client.identity()).await?;
            Ok::<_, Error>(answer.value)
        });
        let identity = match identity.await {
            Ok(identity) => identity,
            Err(error) => {
                debug!(error = chain(&error), "it is not known which org this is");
                return None;
            }
        };
        let binding = Binding {
            org: identity.org.to_string(),
            address: org.client.instance().api().to_string(),
            user: identity.user.to_string(),
            api_version: org.client.api_version().to_string(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let directory = self.settings.directory.clone();
        let path = directory.join(format!("{}.rows", binding.org));
        let longest = SignedDuration::try_from(self.settings.full_after);
        let longest = longest.unwrap_or(SignedDuration::MAX);
        let opened = tokio::task::spawn_blocking(move || {
            let kept = open(&path, &binding).map(|(file, tables)| (Arc::new(file), tables));
            let keeping = Keeping::start(&directory, path.clone(), binding, kept.clone(), longest);
            let keeping = keeping.map_err(|error| warn_unkept(&path, &error));
            keeping.ok().map(|keeping| (kept, keeping))
        });
        let (kept, keeping) = opened.await.ok().flatten()?;
        let (coming, tasks) = kept
            .map(|(file, tables)| compare(org, file, tables, longest))
            .unwrap_or_default();
        Some(CachedSync {
            coming: Mutex::new(coming),
            _tasks: tasks,
            keeping: Arc::new(keeping),
        })
    }
}

/// Starts to compare the tables with the org.
fn compare(
    org: &Arc<Org>,
    file: Arc<RowFile>,
    tables: Vec<Entry>,
    longest: SignedDuration,
) -> (HashMap<String, Coming>, Vec<AbortOnDropHandle<()>>) {
    let mut coming = HashMap::new();
    let Some(asked_at) = org.client.server_time() else {
        return (coming, Vec::new());
    };
    let mut plan = Plan {
        org: Arc::clone(org),
        file,
        now: Timestamp::now(),
        pairs: Vec::new(),
        single: Vec::new(),
        held: Arc::default(),
        tasks: Vec::new(),
    };
    for entry in tables {
        let age = asked_at.duration_since(entry.complete_at);
        let is_recent = !age.is_negative() && age <= longest;
        let statements = entry.statements.clone();
        let (sender, known) = oneshot::channel();
        if (is_recent || entry.chunks.is_empty()) && plan.add(entry, sender).is_ok() {
            let table = Coming {
                statements,
                asked_at,
                known,
            };
            coming.insert(table.statements.all.clone(), table);
        }
    }
    if !coming.is_empty() {
        info!(
            tables = coming.len(),
            "comparing the kept rows with the org"
        );
    }
    (coming, plan.run())
}

/// The file, if it can be used.
fn open(path: &Path, binding: &Binding) -> Option<(RowFile, Vec<Entry>)> {
    match RowFile::open(path, binding) {
        Ok(opened) => opened,
        Err(error) => {
            info!(
                path = %path.display(),
                reason = chain(&error),
                "the kept rows are not used, so everything is read"
            );
            None
        }
    }
}

/// A table that is being compared.
struct Coming {
    statements: Statements,
    asked_at: Timestamp,
    known: oneshot::Receiver<Known>,
}

/// What is known in one sync, and what it keeps.
pub(super) struct CachedSync {
    coming: Mutex<HashMap<String, Coming>>,
    /// They end with the sync.
    _tasks: Vec<AbortOnDropHandle<()>>,
    keeping: Arc<Keeping>,
}

impl CachedSync {
    /// What is known of a table, and Salesforce's time before it was asked for. Only who asks first
    /// gets it.
    pub(super) async fn known(&self, statements: &Statements) -> Option<(Known, Timestamp)> {
        let coming = {
            let mut coming = self.coming.lock();
            coming.remove(&statements.all)?
        };
        if coming.statements != *statements {
            return None;
        }
        Some((coming.known.await.ok()?, coming.asked_at))
    }

    /// Keeps the rows of a table that is read from `read_at` on, by Salesforce's time.
    pub(super) fn keep(&self, statements: Statements, read_at: Timestamp) -> TableKeeper {
        TableKeeper::new(Arc::clone(&self.keeping), statements, read_at)
    }
}

/// Everything that is asked at the beginning of a sync.
struct Plan {
    org: Arc<Org>,
    file: Arc<RowFile>,
    now: Timestamp,
    /// Questions of which the first one must be answered before the second one.
    pairs: Vec<[Asking; 2]>,
    single: Vec<Asking>,
    held: Arc<AtomicUsize>,
    /// What is done in the background.
    tasks: Vec<AbortOnDropHandle<()>>,
}

/// A statement, and who waits for its answer.
struct Asking {
    object: String,
    soql: String,
    answer: oneshot::Sender<Answer>,
}

impl Asking {
    fn new(entry: &Entry, soql: String) -> (Self, oneshot::Receiver<Answer>) {
        let (answer, receiver) = oneshot::channel();
        let object = entry.statements.object.clone();
        let asking = Self {
            object,
            soql,
            answer,
        };
        (asking, receiver)
    }

    fn question(&self) -> Question<'_> {
        Question {
            object: &self.object,
            page: Asked::First(&self.soql),
        }
    }
}

type Answer = Result<Response<PageText>, Error>;

impl Plan {
    /// Adds the questions about a table; what is known of it goes to `known`.
    fn add(&mut self, entry: Entry, known: oneshot::Sender<Known>) -> Result<(), SoqlError> {
        let since = since(&entry);
        let changes = entry.statements.changes.clone();
        let changes = changes.filter(|_| !entry.chunks.is_empty());
        let Some(changes) = changes else {
            let all = at(&entry.statements.all, self.now, since)?;
            let (asking, page) = Asking::new(&entry, all);
            self.single.push(asking);
            let page = async move {
                let answer = match page.await {
                    Ok(Ok(page)) => Known::Page(page),
                    Ok(Err(error)) if error.is_object_unavailable() => Known::Refused(error),
                    // Who needs the rows asks again.
                    _ => return,
                };
                let _ = known.send(answer);
            };
            self.start(page);
            return Ok(());
        };
        let count = at(&changes.count, self.now, since)?;
        let newer = at(&changes.newer, self.now, since)?;
        let (first, count) = Asking::new(&entry, count);
        let (second, newer) = Asking::new(&entry, newer);
        self.pairs.push([first, second]);
        let comparison = Comparison {
            org: Arc::clone(&self.org),
            file: Arc::clone(&self.file),
            entry,
            changes,
            since,
            now: self.now,
            held: Arc::clone(&self.held),
            quota: Mutex::default(),
        };
        let rows = async move {
            let object = comparison.entry.statements.object.clone();
            match Box::pin(compared(comparison, count, newer)).await {
                Ok(rows) => {
                    let _ = known.send(Known::Rows(rows));
                }
                Err(doubt) => debug!(
                    sf.object = object,
                    reason = chain(&doubt),
                    "the kept rows of a table are not used"
                ),
            }
        };
        self.start(rows);
        Ok(())
    }

    fn start(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        let task = tokio::spawn(trace::carried(task));
        self.tasks.push(AbortOnDropHandle::new(task));
    }

    /// Asks in the background, several calls at a time. A pair is not torn apart.
    fn run(mut self) -> Vec<AbortOnDropHandle<()>> {
        let mut pairs = std::mem::take(&mut self.pairs).into_iter();
        let mut single = std::mem::take(&mut self.single).into_iter();
        loop {
            let pairs = pairs.by_ref().take(TOGETHER / 2);
            let mut asked: Vec<Asking> = pairs.flatten().collect();
            asked.extend(single.by_ref().take(TOGETHER - asked.len()));
            if asked.is_empty() {
                return self.tasks;
            }
            let org = Arc::clone(&self.org);
            self.start(async move {
                let questions: Vec<_> = asked.iter().map(Asking::question).collect();
                let answers = org.answers(&questions).await;
                for (asking, answer) in asked.into_iter().zip(answers) {
                    let _ = asking.answer.send(answer);
                }
            });
        }
    }
}

async fn compared(
    comparison: Comparison,
    count: oneshot::Receiver<Answer>,
    newer: oneshot::Receiver<Answer>,
) -> Result<KnownRows, Doubt> {
    let count = count.await.map_err(|_| Doubt::Stopped)??;
    let newer = newer.await.map_err(|_| Doubt::Stopped)??;
    comparison.run(&count.value, newer).await
}

/// Rows with an older time were there when the rows of `entry` were read.
fn since(entry: &Entry) -> Timestamp {
    let since = entry.read_at.checked_sub(OVERLAP);
    since.unwrap_or(Timestamp::MIN)
}
