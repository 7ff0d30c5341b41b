//! Results of queries and their serialization: `attributes`, the selected fields, nested parents,
//! and results of sub-queries.

mod batch;
mod plan;

use std::ops::Range;

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use super::context::Context;
use super::resolve::{Hop, Leaf};
use crate::org::id::Id;
use crate::org::schema::ObjectKey;
use crate::org::table::Row;

pub use batch::{Batch, Cut, Cuts, Unfinished};
pub(super) use plan::Plan;
use plan::{Children, Node};

/// The result of a query. It only contains ids, so it can be kept for a locator.
#[derive(Clone, Debug)]
pub struct Outcome(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Count(usize),
    Groups(Vec<serde_json::Value>),
    Rows(Plan, Vec<Id>),
}

impl Outcome {
    pub(super) fn count(count: usize) -> Self {
        Self(Kind::Count(count))
    }

    pub(super) fn groups(groups: Vec<serde_json::Value>) -> Self {
        Self(Kind::Groups(groups))
    }

    pub(super) fn rows(plan: Plan, ids: Vec<Id>) -> Self {
        Self(Kind::Rows(plan, ids))
    }

    /// Returns the `totalSize` of the response.
    #[must_use]
    pub fn total_size(&self) -> usize {
        match &self.0 {
            Kind::Count(count) => *count,
            Kind::Groups(groups) => groups.len(),
            Kind::Rows(_, ids) => ids.len(),
        }
    }

    /// Returns the number of records; 0 for `COUNT()`.
    #[must_use]
    pub fn len(&self) -> usize {
        if self.is_count() {
            0
        } else {
            self.total_size()
        }
    }

    /// Whether there are no records.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether this was `SELECT COUNT()`.
    #[must_use]
    pub fn is_count(&self) -> bool {
        matches!(self.0, Kind::Count(_))
    }

    /// Whether the records are groups, not rows.
    #[must_use]
    pub fn is_aggregate(&self) -> bool {
        matches!(self.0, Kind::Groups(..))
    }

    /// Whether a record has child records in it.
    #[must_use]
    pub fn has_children(&self) -> bool {
        let is_children = |node: &Node| matches!(node, Node::Children(_));
        matches!(&self.0, Kind::Rows(plan, _) if plan.nodes.iter().any(is_children))
    }

    /// Returns the ids of the records; empty for counts and groups.
    #[must_use]
    pub fn ids(&self) -> &[Id] {
        if let Kind::Rows(_, ids) = &self.0 {
            ids
        } else {
            &[]
        }
    }

    /// Returns a range of records, which serializes to a JSON array. Rows that were deleted since
    /// the query are omitted.
    #[must_use]
    pub fn page<'a>(&'a self, ctx: &'a Context<'a>, range: Range<usize>) -> Page<'a> {
        let end = range.end.min(self.len());
        Page {
            outcome: self,
            ctx,
            range: range.start.min(end)..end,
            cuts: None,
        }
    }
}

/// A page of a result.
#[derive(Clone)]
pub struct Page<'a> {
    outcome: &'a Outcome,
    ctx: &'a Context<'a>,
    range: Range<usize>,
    cuts: Option<&'a Cuts>,
}

impl<'a> Page<'a> {
    /// Shortens results of sub-queries.
    #[must_use]
    pub fn with_cuts(mut self, cuts: &'a Cuts) -> Self {
        self.cuts = Some(cuts);
        self
    }

    /// Returns the page as a JSON array.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Returns the records of a result that is not grouped.
    pub fn records(&self) -> impl Iterator<Item = Record<'a>> + use<'a> {
        let (ctx, cuts) = (self.ctx, self.cuts);
        let rows = if let Kind::Rows(plan, ids) = &self.outcome.0 {
            Some((plan, ids.get(self.range.clone()).unwrap_or_default()))
        } else {
            None
        };
        rows.into_iter().flat_map(move |(plan, ids)| {
            let table = ctx.db.table(plan.object);
            ids.iter().filter_map(move |id| {
                let row = table?.get(*id)?;
                Some(Record {
                    ctx,
                    nodes: &plan.nodes,
                    object: plan.object,
                    row,
                    parent: None,
                    cuts,
                })
            })
        })
    }
}

impl Serialize for Page<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Kind::Groups(groups) = &self.outcome.0 {
            return serializer.collect_seq(groups.get(self.range.clone()).unwrap_or_default());
        }
        let mut records = serializer.serialize_seq(None)?;
        for record in self.records() {
            records.serialize_element(&record)?;
        }
        records.end()
    }
}

/// A record: a row and the selected fields.
pub struct Record<'a> {
    ctx: &'a Context<'a>,
    nodes: &'a [Node],
    object: ObjectKey,
    row: &'a Row,
    /// The relationship, if the record is a parent.
    parent: Option<&'a Hop>,
    /// Results of sub-queries to shorten.
    cuts: Option<&'a Cuts>,
}

impl Record<'_> {
    /// The record's id.
    #[must_use]
    pub fn id(&self) -> Id {
        self.row.id()
    }
}

impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("attributes", &Attributes(self))?;
        for node in self.nodes {
            match node {
                Node::Leaf(leaf) => {
                    map.serialize_entry(leaf.name(), leaf.value(self.object, self.row))?;
                }
                Node::Parent(hop, nodes) => {
                    let parent = hop.parent(self.ctx.db, self.object, self.row);
                    let parent = parent.map(|(object, row)| Record {
                        ctx: self.ctx,
                        nodes,
                        object,
                        row,
                        parent: Some(hop),
                        cuts: None,
                    });
                    map.serialize_entry(&hop.name, &parent)?;
                }
                Node::Children(children) => {
                    let key = (self.id(), children.name.clone());
                    let rows = ChildRows {
                        ctx: self.ctx,
                        children,
                        rows: children.rows(self.ctx, self.id()),
                        cut: self.cuts.and_then(|cuts| cuts.get(&key)),
                    };
                    // Without children, Salesforce returns null instead of an empty result.
                    map.serialize_entry(&children.name, &(!rows.rows.is_empty()).then_some(rows))?;
                }
            }
        }
        map.end()
    }
}

/// The `attributes` of a record.
struct Attributes<'r, 'a>(&'r Record<'a>);

impl Serialize for Attributes<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let record = self.0;
        let object = record.ctx.db.schema().get(record.object);
        let object = object
            .map(|object| object.name.as_str())
            .unwrap_or_default();
        let polymorphic = record.parent.is_some_and(|hop| hop.polymorphic);
        let (version, id) = (record.ctx.api_version, record.id());
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("type", if polymorphic { "Name" } else { object })?;
        let url = format_args!("/services/data/v{version}.0/sobjects/{object}/{id}");
        map.serialize_entry("url", &url)?;
        map.end()
    }
}

/// The result of a sub-query.
struct ChildRows<'a> {
    ctx: &'a Context<'a>,
    children: &'a Children,
    rows: Vec<&'a Row>,
    cut: Option<&'a Cut>,
}

impl<'a> Serialize for ChildRows<'a> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Children { nodes, object, .. } = self.children;
        let (ctx, object) = (self.ctx, *object);
        let record = |row: &&'a Row| Record {
            ctx,
            nodes,
            object,
            row,
            parent: None,
            cuts: None,
        };
        let shown = self.cut.map_or(self.rows.len(), |cut| cut.shown);
        let records: Vec<_> = self.rows.iter().take(shown).map(record).collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("totalSize", &self.rows.len())?;
        map.serialize_entry("done", &self.cut.is_none())?;
        if let Some(cut) = self.cut {
            map.serialize_entry("nextRecordsUrl", &cut.next)?;
        }
        map.serialize_entry("records", &records)?;
        map.end()
    }
}

impl Leaf {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Cell(name, _) => name,
            Self::TypeName(_) => "Type",
        }
    }
}
