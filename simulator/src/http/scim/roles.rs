//! `/Roles`: the roles of the role hierarchy.

use serde_json::{Value as Json, json};

use super::error::ScimError;
use super::list::{Page, filtered, project};
use super::{ROLE, only_get, person, reply, users};
use crate::http::call::Call;
use crate::http::context::RequestContext;
use crate::http::reply::Reply;
use crate::org::id::Id;
use crate::org::table::RowRef;

/// `GET /Roles`.
pub(super) fn all(context: RequestContext<'_>, call: &Call) -> Result<Reply, ScimError> {
    only_get(call)?;
    let page = Page::of(call)?;
    let org = context.shared.read();
    let def = users::readable_object(context, &org, "UserRole")?;
    let field = |path: &str| match path {
        "id" => Some("Id"),
        "displayname" => Some("Name"),
        _ => None,
    };
    let fields = |row: &RowRef<'_>, path: &str| field(path).map(|name| row.get(name).clone());
    let rows = org.database().rows("UserRole");
    let (rows, _) = filtered(call, rows, &fields, |path| field(path).is_some())?;
    let sight = org.sight(context.caller.user);
    for row in &rows {
        sight.shows(def, row.row)?;
    }
    Ok(page.answer(call, &rows, |row| to_json(context, row)))
}

/// `GET /Roles/{id}`.
pub(super) fn single(
    context: RequestContext<'_>,
    call: &Call,
    id: &str,
) -> Result<Reply, ScimError> {
    only_get(call)?;
    let org = context.shared.read();
    let def = users::readable_object(context, &org, "UserRole")?;
    let row = Id::parse(id).ok();
    let row = row.and_then(|id| org.database().get("UserRole", id));
    let row = row.ok_or_else(|| ScimError::not_found(id))?;
    org.sight(context.caller.user).shows(def, row.row)?;
    Ok(reply(200, &project(call, to_json(context, &row))))
}

fn to_json(context: RequestContext<'_>, row: &RowRef<'_>) -> Json {
    let id = row.id();
    json!({
        "schemas": [ROLE],
        "id": id,
        "displayName": row.get("Name").to_json(),
        "meta": person::meta(context, "Role", "Roles", id, row),
    })
}
