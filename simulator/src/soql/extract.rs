//! Finds the rows of a query and reads their fields in the order of the SELECT, for CSV.

use super::ast::{Query, SelectItem};
use super::context::Context;
use super::error::SoqlError;
use super::eval::{select, shape};
use super::resolve::{Route, Scope};
use crate::org::schema::ObjectKey;
use crate::org::table::Row;
use crate::org::value::Value;

/// The rows of a query and its columns.
pub struct Extract<'a> {
    ctx: &'a Context<'a>,
    object: ObjectKey,
    routes: Vec<Route>,
    /// The rows, in the order of the query.
    pub rows: Vec<&'a Row>,
}

/// Checks a query of fields without running it.
pub fn check(query: &Query, ctx: &Context<'_>) -> Result<(), SoqlError> {
    let scope = Scope::of(ctx, &query.source, &query.from, query.alias.as_deref())?;
    select(&scope, query)?;
    shape(&scope, query)?;
    Ok(())
}

/// Runs a query of fields. It has the errors of [`check`]; other items of its SELECT are omitted.
pub fn extract<'a>(query: &'a Query, ctx: &'a Context<'a>) -> Result<Extract<'a>, SoqlError> {
    let scope = Scope::of(ctx, &query.source, &query.from, query.alias.as_deref())?;
    let selection = select(&scope, query)?;
    let (_, order) = shape(&scope, query)?;
    let fields = query.select.iter().filter_map(|item| match item {
        SelectItem::Field(path, _) => Some(path),
        _ => None,
    });
    let routes = fields.map(|path| scope.resolve(path).map(|found| found.route));
    Ok(Extract {
        ctx,
        object: scope.object.key,
        routes: routes.collect::<Result<_, _>>()?,
        rows: selection.sorted(&order, query.limit, query.offset),
    })
}

impl Extract<'_> {
    /// Returns the names of the columns, dotted for fields of parents.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        self.routes.iter().map(Route::name).collect()
    }

    /// Returns the values of a row, in the order of the columns.
    pub fn cells<'s>(&'s self, row: &'s Row) -> impl Iterator<Item = &'s Value> {
        let (db, object) = (self.ctx.db, self.object);
        self.routes
            .iter()
            .map(move |route| route.value(db, object, row))
    }
}

impl Route {
    fn name(&self) -> String {
        let hops = self.hops.iter().map(|hop| hop.name.as_str());
        let names: Vec<&str> = hops.chain([self.leaf.name()]).collect();
        names.join(".")
    }
}
