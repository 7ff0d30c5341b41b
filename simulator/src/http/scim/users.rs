//! `/Users` and `/Me`. Writes go through the same rules as over REST, and all of a request's writes
//! succeed or fail together.

use serde_json::{Map, Value as Json, json};

use super::attributes::{CLEARED_BY_PUT, filter_field_of};
use super::change::UserChange;
use super::error::ScimError;
use super::list::{Page, filtered, project};
use super::{CORE_USER, body, location, not_allowed, only_get, person, reply};
use crate::http::call::Call;
use crate::http::context::RequestContext;
use crate::http::reply::Reply;
use crate::org::Org;
use crate::org::id::Id;

/// `GET|POST /Users`.
pub(super) fn all(context: RequestContext<'_>, call: &Call) -> Result<Reply, ScimError> {
    match call.method.as_str() {
        "GET" => list(context, call),
        "POST" => create(context, call),
        _ => Err(not_allowed(call)),
    }
}

/// `GET|PATCH|PUT|DELETE /Users/{id}`.
pub(super) fn single(
    context: RequestContext<'_>,
    call: &Call,
    id: &str,
) -> Result<Reply, ScimError> {
    match call.method.as_str() {
        "GET" => {
            let org = context.shared.read();
            let id = readable(context, &org, id)?;
            show(context, call, &org, id)
        }
        "PATCH" => {
            let operations = body::operations(call)?;
            change(context, call, id, |org, change| {
                operations.iter().try_for_each(|it| change.apply(org, it))
            })
        }
        "PUT" => {
            let resource = body::resource(call, CORE_USER)?;
            change(context, call, id, |org, change| {
                let cleared = CLEARED_BY_PUT.iter();
                change.fields = cleared.map(|it| ((*it).to_owned(), Json::Null)).collect();
                change.read(org, &resource)
            })
        }
        "DELETE" => deactivate(context, id),
        _ => Err(not_allowed(call)),
    }
}

/// `GET /Me`.
pub(super) fn me(context: RequestContext<'_>, call: &Call) -> Result<Reply, ScimError> {
    only_get(call)?;
    let org = context.shared.read();
    show(context, call, &org, context.caller.user)
}

fn list(context: RequestContext<'_>, call: &Call) -> Result<Reply, ScimError> {
    let page = Page::of(call)?;
    let org = context.shared.read();
    let def = check_visible(context, &org)?;
    let rows = org.database().rows("User");
    let fields = |row: &crate::org::table::RowRef<'_>, path: &str| {
        filter_field_of(path).map(|field| row.get(field).clone())
    };
    let (rows, _) = filtered(call, rows, &fields, |path| filter_field_of(path).is_some())?;
    let sight = org.sight(context.caller.user);
    let mut seen = Vec::with_capacity(rows.len());
    for row in rows {
        if sight.shows(def, row.row)? {
            seen.push(row);
        }
    }
    Ok(page.answer(call, &seen, |row| person::to_json(context, &org, row)))
}

fn create(context: RequestContext<'_>, call: &Call) -> Result<Reply, ScimError> {
    let resource = body::resource(call, CORE_USER)?;
    let mut org = context.shared.write();
    let mut change = UserChange::default();
    change.read(&org, &resource)?;
    let Some(profile) = change.profile else {
        let text = "A user needs an entitlement that is a profile.";
        return Err(ScimError::bad("invalidValue", text));
    };
    let mut fields = defaults(&org, &change.fields);
    fields.extend(std::mem::take(&mut change.fields));
    fields.insert("ProfileId".to_owned(), json!(profile));
    let since = org.begin();
    let made = org
        .create_record(&context.caller, "User", &fields)
        .and_then(|saved| {
            assign(&mut org, context, saved.id, &change)?;
            Ok(saved.id)
        });
    let id = match made {
        Ok(id) => id,
        Err(error) => {
            org.abort(since);
            return Err(error.into());
        }
    };
    org.commit(since);
    let row = org.database().get("User", id);
    let row = row.ok_or_else(|| ScimError::not_found(&id.to_string()))?;
    let body = person::to_json(context, &org, &row);
    let url = location(context, &format!("Users/{id}"));
    Ok(reply(201, &project(call, body)).with_header("location", url))
}

/// What the org fills in: its own language, locale and time zone, and an alias.
fn defaults(org: &Org, given: &Map<String, Json>) -> Map<String, Json> {
    let organization = org.organization_id();
    let organization = org.get("Organization", &organization).unwrap_or_default();
    let of_org = |name: &str| organization.get(name).cloned().unwrap_or_default();
    let text = |name: &str| given.get(name).and_then(Json::as_str).unwrap_or_default();
    let first = text("FirstName").chars().take(1);
    let alias: String = first.chain(text("LastName").chars().take(4)).collect();
    let defaults = [
        ("TimeZoneSidKey", of_org("TimeZoneSidKey")),
        ("LocaleSidKey", of_org("DefaultLocaleSidKey")),
        ("LanguageLocaleKey", of_org("LanguageLocaleKey")),
        ("EmailEncodingKey", "UTF-8".into()),
        ("Alias", alias.to_lowercase().into()),
    ];
    let defaults = defaults.into_iter();
    defaults
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// Changes a user and answers with what it is then.
fn change(
    context: RequestContext<'_>,
    call: &Call,
    id: &str,
    read: impl FnOnce(&Org, &mut UserChange) -> Result<(), ScimError>,
) -> Result<Reply, ScimError> {
    let mut org = context.shared.write();
    let id = readable(context, &org, id)?;
    let user = org.database().get("User", id);
    let profile = user.and_then(|row| row.get("ProfileId").as_id());
    let mut change = UserChange {
        profile,
        sets: org.held_sets(id).into_iter().map(|(_, set)| set).collect(),
        ..UserChange::default()
    };
    read(&org, &mut change)?;
    if change.profile != profile {
        change
            .fields
            .insert("ProfileId".to_owned(), json!(change.profile));
    }
    let since = org.begin();
    let saved = save(&mut org, context, id, &change);
    if let Err(error) = saved {
        org.abort(since);
        return Err(error.into());
    }
    org.commit(since);
    show(context, call, &org, id)
}

fn save(
    org: &mut Org,
    context: RequestContext<'_>,
    user: Id,
    change: &UserChange,
) -> Result<(), crate::org::OrgError> {
    for (row, set) in org.held_sets(user) {
        if !change.sets.contains(&set) {
            let row = row.to_string();
            org.delete_record(&context.caller, "PermissionSetAssignment", &row)?;
        }
    }
    if !change.fields.is_empty() {
        let id = user.to_string();
        org.update_record(&context.caller, "User", &id, &change.fields)?;
    }
    assign(org, context, user, change)
}

/// Assigns the permission sets that the user shall have and does not have.
fn assign(
    org: &mut Org,
    context: RequestContext<'_>,
    user: Id,
    change: &UserChange,
) -> Result<(), crate::org::OrgError> {
    let held: Vec<Id> = org
        .held_sets(user)
        .into_iter()
        .map(|(_, set)| set)
        .collect();
    for set in change.sets.iter().filter(|set| !held.contains(set)) {
        let mut row = Map::new();
        row.insert("AssigneeId".to_owned(), json!(user));
        row.insert("PermissionSetId".to_owned(), json!(set));
        org.create_record(&context.caller, "PermissionSetAssignment", &row)?;
    }
    Ok(())
}

/// Deactivates a user: users cannot be deleted.
fn deactivate(context: RequestContext<'_>, id: &str) -> Result<Reply, ScimError> {
    let mut org = context.shared.write();
    let id = readable(context, &org, id)?.to_string();
    if org.is_active(&id) {
        let mut fields = Map::new();
        fields.insert("IsActive".to_owned(), false.into());
        org.update_record(&context.caller, "User", &id, &fields)?;
    }
    Ok(Reply::no_content())
}

fn show(context: RequestContext<'_>, call: &Call, org: &Org, id: Id) -> Result<Reply, ScimError> {
    let row = org.database().get("User", id);
    let row = row.ok_or_else(|| ScimError::not_found(&id.to_string()))?;
    let body = person::to_json(context, org, &row);
    Ok(reply(200, &project(call, body)))
}

/// Returns the id of a user whom the caller may see.
fn readable(context: RequestContext<'_>, org: &Org, id: &str) -> Result<Id, ScimError> {
    let def = check_visible(context, org)?;
    let missing = || ScimError::not_found(id);
    let id = Id::parse(id).map_err(|_| missing())?;
    let row = org.database().get("User", id).ok_or_else(missing)?;
    if org.sight(context.caller.user).shows(def, row.row)? {
        Ok(id)
    } else {
        Err(missing())
    }
}

/// Checks that the caller may read what a user consists of.
fn check_visible<'a>(
    context: RequestContext<'_>,
    org: &'a Org,
) -> Result<&'a crate::org::schema::ObjectDef, ScimError> {
    for object in ["PermissionSetAssignment", "GroupMember"] {
        readable_object(context, org, object)?;
    }
    readable_object(context, org, "User")
}

/// Returns an object that the caller may read.
pub(super) fn readable_object<'a>(
    context: RequestContext<'_>,
    org: &'a Org,
    object: &str,
) -> Result<&'a crate::org::schema::ObjectDef, ScimError> {
    let def = org.visible_object(object, &context.caller);
    let def = def.ok_or_else(ScimError::unreadable)?;
    org.check_readable(def)?;
    Ok(def)
}
