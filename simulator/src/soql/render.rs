//! Results, and how records are written: `attributes`, the fields in the order they were asked
//! for, parents nested, children as small results of their own.

mod plan;

use std::ops::Range;

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use super::Context;
use super::eval::Selection;
use super::resolve::{Hop, Leaf};
use crate::org::id::Id;
use crate::org::schema::ObjectKey;
use crate::org::table::Row;
use crate::org::value::Value;

pub(super) use plan::Plan;
use plan::{Children, Node};

/// The result of a query. Owns no rows, only their ids, so it can be kept behind a locator.
#[derive(Clone, Debug)]
pub struct Outcome(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Count(usize),
    Groups(Vec<String>, Vec<serde_json::Value>),
    Rows(Plan, Vec<Id>),
}

impl Outcome {
    pub(super) fn count(count: usize) -> Self {
        Self(Kind::Count(count))
    }

    pub(super) fn groups(columns: Vec<String>, groups: Vec<serde_json::Value>) -> Self {
        Self(Kind::Groups(columns, groups))
    }

    pub(super) fn rows(plan: Plan, ids: Vec<Id>) -> Self {
        Self(Kind::Rows(plan, ids))
    }

    /// The `totalSize` of the reply.
    #[must_use]
    pub fn total_size(&self) -> usize {
        match &self.0 {
            Kind::Count(count) => *count,
            Kind::Groups(_, groups) => groups.len(),
            Kind::Rows(_, ids) => ids.len(),
        }
    }

    /// How many records there are to render: none for `COUNT()`.
    #[must_use]
    pub fn len(&self) -> usize {
        if self.is_count() {
            0
        } else {
            self.total_size()
        }
    }

    /// Whether there are no records to render.
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

    /// The ids of the records, in order; none for counts and groups.
    #[must_use]
    pub fn ids(&self) -> &[Id] {
        if let Kind::Rows(_, ids) = &self.0 {
            ids
        } else {
            &[]
        }
    }

    /// The selected columns as dotted names, for CSV. Children have none.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        match &self.0 {
            Kind::Count(_) => Vec::new(),
            Kind::Groups(columns, _) => columns.clone(),
            Kind::Rows(plan, _) => {
                let mut names = Vec::new();
                plan::column_names(&plan.nodes, "", &mut names);
                names
            }
        }
    }

    /// The values of one record in the order of [`Self::columns`]; none when it is gone.
    #[must_use]
    pub fn cells(&self, ctx: &Context<'_>, number: usize) -> Vec<Value> {
        let mut cells = Vec::new();
        if let Kind::Rows(plan, ids) = &self.0
            && let Some(row) = ids
                .get(number)
                .and_then(|id| ctx.db.table(plan.object)?.get(*id))
        {
            plan::cells(ctx, &plan.nodes, Some((plan.object, row)), &mut cells);
        }
        cells
    }

    /// The records from `range.start` to `range.end` (what lies past the last one is left out),
    /// to be serialised as a JSON array. Rows deleted since the query ran are missing.
    #[must_use]
    pub fn page<'a>(&'a self, ctx: &'a Context<'a>, range: Range<usize>) -> Page<'a> {
        let end = range.end.min(self.len());
        Page {
            outcome: self,
            ctx,
            range: range.start.min(end)..end,
        }
    }
}

/// A window of a result.
#[derive(Clone)]
pub struct Page<'a> {
    outcome: &'a Outcome,
    ctx: &'a Context<'a>,
    range: Range<usize>,
}

impl<'a> Page<'a> {
    /// The page as a JSON array.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The records that are rows, each to be serialised.
    pub fn records(&self) -> impl Iterator<Item = Record<'a>> + use<'a> {
        let ctx = self.ctx;
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
                })
            })
        })
    }
}

impl Serialize for Page<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Kind::Groups(_, groups) = &self.outcome.0 {
            return serializer.collect_seq(groups.get(self.range.clone()).unwrap_or_default());
        }
        let mut records = serializer.serialize_seq(None)?;
        for record in self.records() {
            records.serialize_element(&record)?;
        }
        records.end()
    }
}

/// One record: a row with what was selected of it.
pub struct Record<'a> {
    ctx: &'a Context<'a>,
    nodes: &'a [Node],
    object: ObjectKey,
    row: &'a Row,
    /// The relationship this is the parent of, if it is one.
    parent: Option<&'a Hop>,
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
                    });
                    map.serialize_entry(&hop.name, &parent)?;
                }
                Node::Children(children) => {
                    let rows = ChildRows {
                        ctx: self.ctx,
                        children,
                        rows: self.rows(children),
                    };
                    // No children are null, not an empty list.
                    map.serialize_entry(&children.name, &(!rows.rows.is_empty()).then_some(rows))?;
                }
            }
        }
        map.end()
    }
}

impl<'a> Record<'a> {
    fn rows(&self, children: &'a Children) -> Vec<&'a Row> {
        let schema = self.ctx.db.schema();
        let object = schema.get(children.object);
        let Some((object, table)) = object.zip(self.ctx.db.table(children.object)) else {
            return Vec::new();
        };
        let parent = Value::Id(self.id());
        let of_parent: Vec<&Row> = match table.find(children.field, &parent) {
            Some(ids) => ids.into_iter().filter_map(|id| table.get(id)).collect(),
            None => table
                .iter()
                .filter(|row| *row.cell(children.field) == parent)
                .collect(),
        };
        let filter = children.filter.clone();
        let selection = Selection::with_filter(self.ctx, object, filter, children.all_rows);
        let rows = of_parent
            .into_iter()
            .filter(|row| selection.passes(row))
            .collect();
        let rows = selection.sort(rows, &children.order);
        let limit = children.limit.unwrap_or(usize::MAX);
        rows.into_iter().skip(children.offset).take(limit).collect()
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

/// The result of a child sub-query.
struct ChildRows<'a> {
    ctx: &'a Context<'a>,
    children: &'a Children,
    rows: Vec<&'a Row>,
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
        };
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("totalSize", &self.rows.len())?;
        map.serialize_entry("done", &true)?;
        map.serialize_entry("records", &self.rows.iter().map(record).collect::<Vec<_>>())?;
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
