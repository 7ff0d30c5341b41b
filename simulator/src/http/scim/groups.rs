//! `/Groups`: public groups. The members to add or remove are in an object, even where the path
//! names the attribute. Source: Salesforce Help, "Manage Groups with SCIM".

use serde_json::{Map, Value as Json, json};

use super::body::{self, Kind, Operation, ids};
use super::error::ScimError;
use super::list::{Page, filtered, project};
use super::{CORE_GROUP, location, not_allowed, only_get, person, reply, users};
use crate::http::call::Call;
use crate::http::context::RequestContext;
use crate::http::reply::Reply;
use crate::org::Org;
use crate::org::id::Id;
use crate::org::table::RowRef;
use crate::org::value::Value;

/// `GET /Groups`.
pub(super) fn all(context: RequestContext<'_>, call: &Call) -> Result<Reply, ScimError> {
    only_get(call)?;
    let page = Page::of(call)?;
    let org = context.shared.read();
    users::readable_object(context, &org, "Group")?;
    users::readable_object(context, &org, "GroupMember")?;
    let field = |path: &str| match path {
        "id" => Some("Id"),
        "displayname" => Some("Name"),
        "type" => Some("Type"),
        "meta.lastmodified" => Some("LastModifiedDate"),
        _ => None,
    };
    let fields = |row: &RowRef<'_>, path: &str| field(path).map(|name| row.get(name).clone());
    let rows = org.database().rows("Group").filter(is_public);
    let (rows, _) = filtered(call, rows, &fields, |path| field(path).is_some())?;
    Ok(page.answer(call, &rows, |row| to_json(context, &org, row)))
}

/// `GET|PATCH /Groups/{id}`.
pub(super) fn single(
    context: RequestContext<'_>,
    call: &Call,
    id: &str,
) -> Result<Reply, ScimError> {
    let mut org = context.shared.write();
    users::readable_object(context, &org, "Group")?;
    users::readable_object(context, &org, "GroupMember")?;
    let missing = || ScimError::not_found(id);
    let group = Id::parse(id).map_err(|_| missing())?;
    let row = org.database().get("Group", group);
    row.filter(is_public).ok_or_else(missing)?;
    match call.method.as_str() {
        "GET" => {}
        "PATCH" => {
            let operations = body::operations(call)?;
            let since = org.begin();
            for operation in operations {
                if let Err(error) = apply(context, &mut org, group, &operation) {
                    org.abort(since);
                    return Err(error);
                }
            }
            org.commit(since);
        }
        _ => return Err(not_allowed(call)),
    }
    let row = org.database().get("Group", group).ok_or_else(missing)?;
    Ok(reply(200, &project(call, to_json(context, &org, &row))))
}

fn apply(
    context: RequestContext<'_>,
    org: &mut Org,
    group: Id,
    operation: &Operation,
) -> Result<(), ScimError> {
    let wanted = members_of(operation)?;
    let rows = org
        .database()
        .find("GroupMember", "GroupId", &Value::Id(group));
    let held: Vec<(Id, Id)> = rows
        .into_iter()
        .filter_map(|row| Some((row.id(), row.get("UserOrGroupId").as_id()?)))
        .collect();
    let gone = held.iter().filter(|(_, member)| match operation.kind {
        Kind::Add => false,
        Kind::Remove => wanted.contains(member),
        Kind::Replace => !wanted.contains(member),
    });
    for (row, _) in gone {
        org.delete_record(&context.caller, "GroupMember", &row.to_string())?;
    }
    if operation.kind == Kind::Remove {
        return Ok(());
    }
    for member in wanted {
        if held.iter().any(|(_, known)| *known == member) {
            continue;
        }
        let mut fields = Map::new();
        fields.insert("GroupId".to_owned(), json!(group));
        fields.insert("UserOrGroupId".to_owned(), json!(member));
        org.create_record(&context.caller, "GroupMember", &fields)?;
    }
    Ok(())
}

/// Returns the members that an operation names, in `{"members": […]}`.
pub(super) fn members_of(operation: &Operation) -> Result<Vec<Id>, ScimError> {
    let path = operation.path.as_deref().unwrap_or("members");
    if !path.eq_ignore_ascii_case("members") {
        let text = format!("{path} cannot be changed.");
        return Err(ScimError::bad("mutability", text));
    }
    let members = operation.value.as_object();
    let members = members.filter(|value| value.len() == 1);
    let Some(list) = members.and_then(|value| value.get("members")) else {
        let text = "The value must be an object with members.";
        return Err(ScimError::bad("invalidValue", text));
    };
    ids(list, "members")
}

fn is_public(row: &RowRef<'_>) -> bool {
    row.get("Type").as_str() == Some("Regular")
}

fn to_json(context: RequestContext<'_>, org: &Org, row: &RowRef<'_>) -> Json {
    let id = row.id();
    let rows = org
        .database()
        .find("GroupMember", "GroupId", &Value::Id(id));
    let members = rows.into_iter().filter_map(|row| {
        let member = row.get("UserOrGroupId").as_id()?;
        let is_user = org.database().get("User", member).is_some();
        let (kind, endpoint) = if is_user {
            ("User", "Users")
        } else {
            ("Group", "Groups")
        };
        Some(json!({
            "value": member,
            "type": kind,
            "$ref": location(context, &format!("{endpoint}/{member}")),
        }))
    });
    let members: Vec<Json> = members.collect();
    json!({
        "schemas": [CORE_GROUP],
        "id": id,
        "displayName": row.get("Name").to_json(),
        "type": row.get("Type").to_json(),
        "members": members,
        "meta": person::meta(context, "Group", "Groups", id, row),
    })
}
