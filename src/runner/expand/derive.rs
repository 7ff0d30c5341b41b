//! Computes which grants are new and which change, on numbers only.

use prost::bytes::Bytes;
use prost::encoding::message;
use tokio::sync::mpsc;

use super::graph::Graph;
use super::holders::{Held, Holders};
use super::page::{Addition, Completion, Page};
use crate::c1z::annotation;
use crate::pb::connector::grant_sources::GrantSource;
use crate::pb::connector::{GrantImmutable, GrantSources};
use crate::runner::grant_index::GrantIndex;

/// The largest number of grants in a page.
const GRANTS: usize = 1000;

/// Sends the new and changed grants to `pages`, one entitlement after the other, and adds the new
/// ones to the index. Returns their number. Stops early if the receiver is gone.
pub(super) fn derive(graph: &Graph, index: &mut GrantIndex, pages: &mpsc::Sender<Page>) -> u64 {
    let mut deriver = Deriver {
        graph,
        index,
        pages,
        last: (Vec::new(), Bytes::new()),
        derived: 0,
    };
    // It only fails if the receiver is gone, which reports its own error.
    let _ = deriver.run();
    deriver.derived
}

/// The receiver of the pages is gone.
struct Unwanted;

struct Deriver<'a> {
    graph: &'a Graph,
    index: &'a mut GrantIndex,
    pages: &'a mpsc::Sender<Page>,
    /// The sources of the last grant, and the fields that say them.
    last: (Vec<(u32, bool)>, Bytes),
    derived: u64,
}

impl Deriver<'_> {
    fn run(&mut self) -> Result<(), Unwanted> {
        let mut holders = Holders::new(self.graph);
        for component in self.graph.components() {
            for (node, held) in holders.settle(&component, self.index) {
                // An entitlement without a resource has no incoming edges.
                if let Some(on) = self.graph.resource(node) {
                    self.complete(node, on, &held)?;
                    self.add(node, on, &held)?;
                }
                holders.keep(node, &held);
            }
        }
        Ok(())
    }

    /// Sends the stored grants that also come from other entitlements.
    fn complete(&self, node: usize, on: &(String, String), held: &Held) -> Result<(), Unwanted> {
        let name = self.graph.name(node);
        let stored = self.index.entitlement(name);
        let stored = stored
            .into_iter()
            .flat_map(|number| self.index.grants_of(number));
        let mut changed = stored
            .map(|row| (row.id, held.sources_of(row.principal)))
            .filter(|(_, sources)| !sources.is_empty())
            .peekable();
        while changed.peek().is_some() {
            let some = changed.by_ref().take(GRANTS);
            let mut page = Page::new(name, on);
            page.completions
                .extend(some.map(|(row, sources)| Completion {
                    row,
                    sources: named(self.graph, sources).collect(),
                }));
            self.hand_on(page)?;
        }
        Ok(())
    }

    /// Sends the grants that are not stored.
    fn add(&mut self, node: usize, on: &(String, String), held: &Held) -> Result<(), Unwanted> {
        let name = self.graph.name(node);
        let mut new = held.derived().peekable();
        while new.peek().is_some() {
            let mut page = Page::new(name, on);
            for (principal, sources) in new.by_ref().take(GRANTS) {
                page.additions.push(self.addition(principal, sources));
                self.index.note_derived(name, principal);
            }
            let count = u64::try_from(page.additions.len()).unwrap_or(u64::MAX);
            self.hand_on(page)?;
            self.index.count(&on.0, count);
            self.derived += count;
        }
        Ok(())
    }

    fn addition(&mut self, principal: u32, sources: &[(u32, bool)]) -> Addition {
        let (last, ending) = &mut self.last;
        if sources != last || ending.is_empty() {
            let by_name = named(self.graph, sources).collect();
            *ending = encode_ending(&GrantSources { sources: by_name });
            *last = sources.to_vec();
        }
        let (kind, id) = self.index.resource_id(principal);
        Addition {
            principal: (kind.into(), id.into()),
            shown_in: self.index.shown_in(principal),
            ending: ending.clone(),
        }
    }

    fn hand_on(&self, page: Page) -> Result<(), Unwanted> {
        self.pages.blocking_send(page).map_err(|_| Unwanted)
    }
}

fn named(graph: &Graph, sources: &[(u32, bool)]) -> impl Iterator<Item = (String, GrantSource)> {
    sources.iter().map(|&(source, is_direct)| {
        let name = graph.name(source as usize);
        (name.to_owned(), GrantSource { is_direct })
    })
}

/// The fields of a derived grant behind its id: `annotations` and `sources`.
fn encode_ending(sources: &GrantSources) -> Bytes {
    let mut ending = Vec::new();
    let immutable = annotation::pack(&GrantImmutable::default());
    message::encode(4, &immutable, &mut ending);
    message::encode(5, sources, &mut ending);
    ending.into()
}
