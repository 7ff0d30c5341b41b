//! Compiles the select list to a tree of fields, parents and sub-queries.

use crate::org::id::Id;
use crate::org::schema::ObjectKey;
use crate::org::table::Row;
use crate::org::value::Value;
use crate::soql::ast::{FieldPath, FieldsScope, Query, SelectItem};
use crate::soql::context::Context;
use crate::soql::error::SoqlError;
use crate::soql::eval::{Selection, SortKey};
use crate::soql::filter::{Filter, Position};
use crate::soql::resolve::{Hop, Leaf, Scope};

/// The fields to serialize for each row.
#[derive(Clone, Debug)]
pub(in crate::soql) struct Plan {
    pub(super) object: ObjectKey,
    pub(super) nodes: Vec<Node>,
}

#[derive(Clone, Debug)]
pub(super) enum Node {
    Leaf(Leaf),
    Parent(Hop, Vec<Node>),
    Children(Box<Children>),
}

/// A sub-query.
#[derive(Clone, Debug)]
pub(super) struct Children {
    pub(super) name: String,
    pub(super) object: ObjectKey,
    /// Index of the field that refers to the parent.
    pub(super) field: usize,
    pub(super) nodes: Vec<Node>,
    pub(super) filter: Option<Filter>,
    pub(super) order: Vec<SortKey>,
    pub(super) limit: Option<usize>,
    pub(super) offset: usize,
    pub(super) all_rows: bool,
}

impl Children {
    /// Returns the sorted rows of a parent.
    pub(super) fn rows<'a>(&self, ctx: &'a Context<'a>, parent: Id) -> Vec<&'a Row> {
        let object = ctx.db.schema().get(self.object);
        let Some((object, table)) = object.zip(ctx.db.table(self.object)) else {
            return Vec::new();
        };
        let parent = Value::Id(parent);
        let of_parent: Vec<&Row> = match table.find(self.field, &parent) {
            Some(ids) => ids.into_iter().filter_map(|id| table.get(id)).collect(),
            None => table
                .iter()
                .filter(|row| *row.cell(self.field) == parent)
                .collect(),
        };
        let selection = Selection::with_filter(ctx, object, self.filter.clone(), self.all_rows);
        let rows = of_parent
            .into_iter()
            .filter(|row| selection.passes(row))
            .collect();
        let rows = selection.sort(rows, &self.order);
        let limit = self.limit.unwrap_or(usize::MAX);
        rows.into_iter().skip(self.offset).take(limit).collect()
    }
}

impl Plan {
    pub(in crate::soql) fn new(scope: &Scope<'_>, items: &[SelectItem]) -> Result<Self, SoqlError> {
        Ok(Self {
            object: scope.object.key,
            nodes: nodes(scope, items)?,
        })
    }
}

fn nodes(scope: &Scope<'_>, items: &[SelectItem]) -> Result<Vec<Node>, SoqlError> {
    let mut nodes = Vec::new();
    for item in items {
        match item {
            SelectItem::Field(_, Some(alias)) => {
                let message = "only aggregate expressions use field aliasing";
                return Err(scope.error("MALFORMED_QUERY", alias.at, message));
            }
            SelectItem::Field(path, None) => add_path(scope, &mut nodes, path)?,
            SelectItem::Fields(which, at) => add_fields(scope, &mut nodes, *which, *at)?,
            SelectItem::Children(query) => {
                nodes.push(Node::Children(Box::new(children(scope, query)?)));
            }
            SelectItem::Count | SelectItem::Aggregate(..) => {
                let message = "aggregate functions cannot be mixed with fields";
                return Err(scope.error("MALFORMED_QUERY", 0, message));
            }
        }
    }
    Ok(nodes)
}

fn add_path(scope: &Scope<'_>, nodes: &mut Vec<Node>, path: &FieldPath) -> Result<(), SoqlError> {
    let found = scope.resolve(path)?;
    let name = found.name().to_owned();
    if insert(nodes, &found.route.hops, found.route.leaf) {
        Ok(())
    } else {
        let message = format!("duplicate field selected: {name}");
        Err(scope.error("INVALID_FIELD", path.at, &message))
    }
}

fn add_fields(
    scope: &Scope<'_>,
    nodes: &mut Vec<Node>,
    which: FieldsScope,
    at: usize,
) -> Result<(), SoqlError> {
    for field in scope.fields() {
        let wanted = match which {
            FieldsScope::All => true,
            FieldsScope::Standard => !field.custom,
            FieldsScope::Custom => field.custom,
        };
        if wanted {
            add_path(
                scope,
                nodes,
                &FieldPath {
                    names: vec![field.name.clone()],
                    at,
                },
            )?;
        }
    }
    Ok(())
}

/// Adds a leaf below its parents. Returns false if it already exists.
fn insert(nodes: &mut Vec<Node>, hops: &[Hop], leaf: Leaf) -> bool {
    let Some((hop, rest)) = hops.split_first() else {
        let known = |node: &Node| matches!(node, Node::Leaf(known) if *known == leaf);
        if nodes.iter().any(known) {
            return false;
        }
        nodes.push(Node::Leaf(leaf));
        return true;
    };
    for node in nodes.iter_mut() {
        if let Node::Parent(known, below) = node
            && known == hop
        {
            return insert(below, rest, leaf);
        }
    }
    let mut below = Vec::new();
    insert(&mut below, rest, leaf);
    nodes.push(Node::Parent(hop.clone(), below));
    true
}

fn children(scope: &Scope<'_>, query: &Query) -> Result<Children, SoqlError> {
    let schema = scope.ctx.db.schema();
    let found = scope
        .object
        .child_relationship(&query.from.text)
        .and_then(|child| {
            let object = schema
                .get(child.object)
                .filter(|object| scope.ctx.knows(object))?;
            let field = object.fields.get(child.field)?;
            (field.since_version <= scope.ctx.api_version).then_some((child, object))
        });
    let Some((child, object)) = found else {
        let message = format!(
            "Didn't understand relationship '{}' in FROM part of query call. If you are attempting \
             to use a custom relationship, be sure to append the '__r' after the custom \
             relationship name. Please reference your WSDL or the describe call for the \
             appropriate names.",
            query.from.text
        );
        return Err(scope.error("INVALID_TYPE", query.from.at, &message));
    };
    let inner = Scope {
        object,
        alias: query.alias.as_deref(),
        ..*scope
    };
    let filter = query.filter.as_ref();
    Ok(Children {
        name: child.name.clone(),
        object: child.object,
        field: child.field,
        nodes: nodes(&inner, &query.select)?,
        filter: filter
            .map(|it| Filter::compile(&inner, it, Position::TOP))
            .transpose()?,
        order: SortKey::all(&inner, &query.order_by)?,
        limit: query.limit,
        offset: query.offset,
        all_rows: scope.ctx.all_rows,
    })
}
