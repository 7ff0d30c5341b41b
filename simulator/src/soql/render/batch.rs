//! Splits a result into batches. Rows of sub-queries count toward the batch size. Source: REST API
//! Developer Guide, "Query Options Header".

use std::collections::HashMap;

use super::plan::{Children, Node};
use super::{Kind, Outcome, Plan};
use crate::org::id::Id;
use crate::org::table::Row;
use crate::soql::context::Context;

/// Results of sub-queries to shorten, by parent and relationship.
pub type Cuts = HashMap<(Id, String), Cut>;

/// How a result of a sub-query is shortened.
#[derive(Clone, Debug)]
pub struct Cut {
    /// Number of rows in the page.
    pub shown: usize,
    /// URL of the next rows.
    pub next: String,
}

/// A batch of a result.
#[derive(Debug)]
pub struct Batch {
    /// Index of the first record after the batch.
    pub end: usize,
    /// Results of sub-queries that do not fit.
    pub unfinished: Vec<Unfinished>,
}

/// A result of a sub-query that does not fit into a batch.
#[derive(Debug)]
pub struct Unfinished {
    /// The parent's id.
    pub parent: Id,
    /// The relationship.
    pub name: String,
    /// Number of rows that fit.
    pub shown: usize,
    /// The complete result of the sub-query.
    pub rows: Outcome,
}

impl Outcome {
    /// Returns the batch of at most `size` rows that starts at a record. A record whose children do
    /// not fit starts a new batch; if they do not fit there either, they are shortened.
    #[must_use]
    pub fn batch(&self, ctx: &Context<'_>, start: usize, size: usize) -> Batch {
        let mut batch = Batch {
            end: (start + size).min(self.len()),
            unfinished: Vec::new(),
        };
        let Kind::Rows(plan, ids) = &self.0 else {
            return batch;
        };
        let sets = child_sets(plan);
        if sets.is_empty() {
            return batch;
        }
        let mut left = size;
        for (number, id) in ids.iter().enumerate().skip(start) {
            let rows: Vec<_> = sets.iter().map(|set| set.rows(ctx, *id)).collect();
            let wanted = 1 + rows.iter().map(Vec::len).sum::<usize>();
            if wanted > left {
                batch.end = number;
                if number == start {
                    batch.end = number + 1;
                    batch.unfinished = cut(*id, &sets, &rows, left.saturating_sub(1));
                }
                return batch;
            }
            left -= wanted;
        }
        batch.end = ids.len();
        batch
    }
}

fn child_sets(plan: &Plan) -> Vec<&Children> {
    let nodes = plan.nodes.iter();
    let sets = nodes.filter_map(|node| match node {
        Node::Children(children) => Some(&**children),
        _ => None,
    });
    sets.collect()
}

fn cut(parent: Id, sets: &[&Children], rows: &[Vec<&Row>], mut left: usize) -> Vec<Unfinished> {
    let mut unfinished = Vec::new();
    for (set, rows) in sets.iter().zip(rows) {
        // At least one row is included.
        let shown = rows.len().min(left.max(1));
        left = left.saturating_sub(shown);
        if shown < rows.len() {
            let plan = Plan {
                object: set.object,
                nodes: set.nodes.clone(),
            };
            let ids = rows.iter().map(|row| row.id()).collect();
            unfinished.push(Unfinished {
                parent,
                name: set.name.clone(),
                shown,
                rows: Outcome::rows(plan, ids),
            });
        }
    }
    unfinished
}
