//! `/Entitlements`: profiles, and the permission sets that can be assigned. A request without a
//! filter finds at most 200. Source: Salesforce Help, "SCIM and REST API Reference Sheet".

use serde_json::{Map, Value as Json, json};

use super::body::{self, Kind};
use super::error::ScimError;
use super::list::{LARGEST_PAGE, Page, filtered, project};
use super::{ENTITLEMENT, groups, location, not_allowed, only_get, person, reply, users};
use crate::http::call::Call;
use crate::http::context::RequestContext;
use crate::http::reply::Reply;
use crate::org::id::Id;
use crate::org::table::RowRef;
use crate::org::value::Value;
use crate::org::{Org, OrgError};

/// `GET /Entitlements`.
pub(super) fn all(context: RequestContext<'_>, call: &Call) -> Result<Reply, ScimError> {
    only_get(call)?;
    let page = Page::of(call)?;
    let org = context.shared.read();
    let fields = |row: &RowRef<'_>, path: &str| {
        Some(match path {
            "id" => Value::Id(row.id()),
            "type" => Value::text(kind(row)),
            "displayname" => label(row).clone(),
            _ => return None,
        })
    };
    let known = |path: &str| matches!(path, "id" | "type" | "displayname");
    let rows = readable(context, &org)?.into_iter();
    let (mut rows, is_filtered) = filtered(call, rows, &fields, known)?;
    if !is_filtered {
        rows.truncate(LARGEST_PAGE);
    }
    Ok(page.answer(call, &rows, |row| to_json(context, row)))
}

/// `GET /Entitlements/{id}`, which names the holders. `PATCH` changes them in orgs with the older
/// behavior (`Settings::scim_entitlement_writes`).
pub(super) fn single(
    context: RequestContext<'_>,
    call: &Call,
    id: &str,
) -> Result<Reply, ScimError> {
    let mut org = context.shared.write();
    let found = find(context, &org, id)?;
    match call.method.as_str() {
        "GET" => {}
        "PATCH" if org.settings.scim_entitlement_writes => {
            let since = org.begin();
            let changed = change_holders(context, call, &mut org, found);
            if let Err(error) = changed {
                org.abort(since);
                return Err(error);
            }
            org.commit(since);
        }
        _ => return Err(not_allowed(call)),
    }
    let row = row(&org, found).ok_or_else(|| ScimError::not_found(id))?;
    let mut body = to_json(context, &row);
    if let Some(body) = body.as_object_mut() {
        let holders = holders(&org, &row).into_iter().map(|user| {
            json!({
                "value": user,
                "type": "User",
                "$ref": location(context, &format!("Users/{user}")),
            })
        });
        body.insert("members".to_owned(), holders.collect());
    }
    Ok(reply(200, &project(call, body)))
}

fn change_holders(
    context: RequestContext<'_>,
    call: &Call,
    org: &mut Org,
    id: Id,
) -> Result<(), ScimError> {
    for operation in body::operations(call)? {
        let users = groups::members_of(&operation)?;
        let is_profile = org.database().get("Profile", id).is_some();
        for user in users {
            match operation.kind {
                Kind::Add if is_profile => {
                    let mut fields = Map::new();
                    fields.insert("ProfileId".to_owned(), json!(id));
                    let user = user.to_string();
                    org.update_record(&context.caller, "User", &user, &fields)?;
                }
                Kind::Add if org.held_sets(user).iter().all(|(_, set)| *set != id) => {
                    let mut fields = Map::new();
                    fields.insert("AssigneeId".to_owned(), json!(user));
                    fields.insert("PermissionSetId".to_owned(), json!(id));
                    org.create_record(&context.caller, "PermissionSetAssignment", &fields)?;
                }
                Kind::Add => {}
                Kind::Remove if !is_profile => {
                    for (row, _) in org.held_sets(user).iter().filter(|(_, set)| *set == id) {
                        let row = row.to_string();
                        org.delete_record(&context.caller, "PermissionSetAssignment", &row)?;
                    }
                }
                Kind::Remove | Kind::Replace => return Err(OrgError::no_access().into()),
            }
        }
    }
    Ok(())
}

/// Returns profiles and permission sets that the caller may see.
fn readable<'a>(context: RequestContext<'_>, org: &'a Org) -> Result<Vec<RowRef<'a>>, ScimError> {
    let profile = users::readable_object(context, org, "Profile")?;
    users::readable_object(context, org, "PermissionSet")?;
    let sight = org.sight(context.caller.user);
    let mut rows = Vec::new();
    for row in org.database().rows("Profile") {
        if sight.shows(profile, row.row)? {
            rows.push(row);
        }
    }
    let sets = org.database().rows("PermissionSet");
    rows.extend(sets.filter(is_assignable));
    Ok(rows)
}

fn find(context: RequestContext<'_>, org: &Org, id: &str) -> Result<Id, ScimError> {
    let wanted = Id::parse(id).ok();
    let rows = readable(context, org)?;
    let found = rows.iter().map(RowRef::id).find(|id| Some(*id) == wanted);
    found.ok_or_else(|| ScimError::not_found(id))
}

fn row(org: &Org, id: Id) -> Option<RowRef<'_>> {
    let profile = org.database().get("Profile", id);
    profile.or_else(|| org.database().get("PermissionSet", id))
}

fn is_assignable(set: &RowRef<'_>) -> bool {
    !set.get("IsOwnedByProfile").is_true() && set.get("PermissionSetGroupId").is_null()
}

fn kind(row: &RowRef<'_>) -> &'static str {
    if row.object.name == "Profile" {
        "Profile"
    } else {
        "PermissionSet"
    }
}

fn label<'a>(row: &RowRef<'a>) -> &'a Value {
    row.get(if row.object.name == "Profile" {
        "Name"
    } else {
        "Label"
    })
}

fn holders(org: &Org, row: &RowRef<'_>) -> Vec<Id> {
    let id = Value::Id(row.id());
    if row.object.name == "Profile" {
        let users = org.database().find("User", "ProfileId", &id);
        return users.iter().map(RowRef::id).collect();
    }
    let rows = org
        .database()
        .find("PermissionSetAssignment", "PermissionSetId", &id);
    let users = rows.iter().filter(|row| row.get("IsActive").is_true());
    users
        .filter_map(|row| row.get("AssigneeId").as_id())
        .collect()
}

fn to_json(context: RequestContext<'_>, row: &RowRef<'_>) -> Json {
    let id = row.id();
    json!({
        "schemas": [ENTITLEMENT],
        "id": id,
        "displayName": label(row).to_json(),
        "type": kind(row),
        "meta": person::meta(context, "Entitlement", "Entitlements", id, row),
    })
}
