//! The phases of a sync, in the order of the SDK's syncer.

mod entitlements;
mod grants;
mod invariants;
mod job;
mod pool;
mod resources;
mod session;
mod targeted;
mod tokens;
mod types;
mod validate;

use std::sync::Arc;
use std::time::Instant;

use super::client::Client;
use super::error::Result;
use super::progress::Reporter;
use super::retry::Retry;
use super::sink::Sink;
use super::summary::{PhaseSummary, Summary};
use crate::pb::connector::ConnectorServiceCleanupRequest;
use pool::{Feed, drain};
use session::Session;
pub(crate) use targeted::Target;

/// What to sync, and how.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Options {
    /// Concurrent calls; at least one.
    pub(crate) workers: usize,
    /// Only these types; all if empty.
    pub(crate) resource_types: Vec<String>,
    /// Only these resources; everything if empty.
    pub(crate) targets: Vec<Target>,
    pub(crate) skip_entitlements_and_grants: bool,
    pub(crate) skip_grants: bool,
    /// Only check the connector.
    pub(crate) only_validate: bool,
    /// Leave it to the reader of the file to derive grants.
    pub(crate) skip_expansion: bool,
    /// Fail on a broken reference between rows instead of warning.
    pub(crate) strict: bool,
}

/// The parts that a sync needs.
pub(crate) struct Context {
    pub(crate) client: Client,
    pub(crate) retry: Retry,
    pub(crate) sink: Arc<dyn Sink>,
    pub(crate) reporter: Reporter,
    pub(crate) options: Options,
}

/// Runs the phases that need the connector.
pub(crate) async fn read(context: Context) -> Result<Read> {
    let started = Instant::now();
    let sink = Arc::clone(&context.sink);
    let validated = validate::validate(&context).await?;
    if context.options.only_validate {
        return Ok(Read {
            sink,
            started,
            phases: None,
        });
    }
    let types = types::list(&context, &validated.active_sync_id).await?;
    let session = Arc::new(Session::new(context, validated.active_sync_id, types));
    session.keep_warnings(validated.warnings);
    let mut phases = Phases {
        session: Arc::clone(&session),
        done: Vec::new(),
    };
    phases.note("resource types", started, 0);

    let options = &session.context.options;
    if options.targets.is_empty() {
        full(&session, &mut phases).await?;
    } else {
        let before = phases.begin("targeted resources");
        targeted::sync(&session).await?;
        phases.end(&before);
    }
    cleanup(&session).await;
    session.finish_warnings();
    Ok(Read {
        sink,
        started,
        phases: Some(phases),
    })
}

/// A sync of which the connector has done its part.
pub(crate) struct Read {
    sink: Arc<dyn Sink>,
    started: Instant,
    /// `None` if the connector was only to be checked.
    phases: Option<Phases>,
}

impl Read {
    /// Runs the other phases. The caller finishes the sink.
    pub(crate) async fn complete(self) -> Result<Summary> {
        let Self {
            sink,
            started,
            phases,
        } = self;
        let Some(mut phases) = phases else {
            sink.index().await?;
            return Ok(Summary {
                sync_id: sink.sync_id().to_owned(),
                ..Summary::default()
            });
        };
        let session = Arc::clone(&phases.session);
        let options = &session.context.options;
        let before = phases.begin("checking");
        invariants::check(&session).await?;
        phases.end(&before);
        let mut derived = 0;
        let has_grants = !options.skip_entitlements_and_grants && !options.skip_grants;
        if options.targets.is_empty() && has_grants && !options.skip_expansion {
            let before = phases.begin("grant expansion");
            let outcome = sink.expand().await?;
            derived = outcome.derived;
            if outcome.dropped_edges > 0 {
                session.warn(format!(
                    "{} nestings name an entitlement that does not exist and were ignored",
                    outcome.dropped_edges
                ));
            }
            phases.end(&before);
        }
        let before = phases.begin("indexing");
        sink.index().await?;
        phases.end(&before);
        let warnings = session.warnings();
        sink.keep_warnings(&warnings).await?;
        let rows = match sink.counts().await? {
            Some(rows) => rows,
            None => session.rows(),
        };
        Ok(Summary {
            sync_id: sink.sync_id().to_owned(),
            rows,
            phases: phases.done,
            derived_grants: derived,
            api_calls: session.context.client.api_calls(),
            connector_calls: session.context.client.connector_calls(),
            duration: started.elapsed(),
            warnings,
        })
    }
}

async fn full(session: &Arc<Session>, phases: &mut Phases) -> Result<()> {
    let options = &session.context.options;
    let before = phases.begin("resources");
    drain(session, Feed::jobs(resources::jobs(session))).await?;
    phases.end(&before);
    if options.skip_entitlements_and_grants {
        return Ok(());
    }
    let before = phases.begin("static entitlements");
    drain(session, Feed::jobs(entitlements::static_jobs(session))).await?;
    phases.end(&before);
    let before = phases.begin("entitlements");
    drain(session, Feed::entitlements(session)).await?;
    phases.end(&before);
    if !options.skip_grants {
        let before = phases.begin("grants");
        drain(session, Feed::grants(session)).await?;
        phases.end(&before);
    }
    Ok(())
}

/// Lets the connector clean up, and keeps what it tells of the sync. A failure is only logged,
/// because the rows are complete.
async fn cleanup(session: &Session) {
    let request = ConnectorServiceCleanupRequest {
        active_sync_id: session.active_sync_id.clone(),
        ..Default::default()
    };
    match session.context.client.call(request).await {
        // The connector has logged them itself.
        Ok(reply) => session.keep_warnings(validate::warnings(&reply.annotations)),
        Err(status) => {
            tracing::debug!(code = ?status.code(), message = status.message(), "cleanup failed");
        }
    }
}

/// Measures the phases.
struct Phases {
    session: Arc<Session>,
    done: Vec<PhaseSummary>,
}

struct Before {
    name: &'static str,
    started: Instant,
    calls: u64,
}

impl Phases {
    fn begin(&self, name: &'static str) -> Before {
        self.session.context.reporter.phase(name);
        Before {
            name,
            started: Instant::now(),
            calls: self.calls(),
        }
    }

    fn end(&mut self, before: &Before) {
        self.note(before.name, before.started, before.calls);
    }

    fn note(&mut self, name: &'static str, started: Instant, calls: u64) {
        let calls = self.calls() - calls;
        self.done.push(PhaseSummary {
            name,
            calls,
            duration: started.elapsed(),
        });
    }

    fn calls(&self) -> u64 {
        self.session.context.client.connector_calls()
    }
}
