//! `/sobjects/{Object}/{id}/{Relationship}`: the parent or the children of a record.

use http::HeaderMap;

use super::call::Call;
use super::context::RequestContext;
use super::reply::Reply;
use super::{query, rows};
use crate::org::id::Id;
use crate::org::schema::ObjectDef;
use crate::org::{Org, OrgError};

/// The target of a relationship.
enum Related {
    Parent { object: String, id: Id },
    Children { soql: String },
}

/// Returns the record or the records of a relationship.
pub(super) fn read(
    context: RequestContext<'_>,
    call: &Call,
    object: &str,
    id: &str,
    name: &str,
) -> Result<Reply, OrgError> {
    if call.method != "GET" {
        return Ok(Reply::method_not_allowed(&call.method, "HEAD,GET"));
    }
    let found = find(&context.shared.read(), context, object, id, name)?;
    match found {
        Related::Parent { object, id } => rows::single(context, call, &object, &id.to_string()),
        Related::Children { soql } => {
            let target =
                url::form_urlencoded::Serializer::new(format!("{}/query?", context.root()))
                    .append_pair("q", &soql)
                    .finish();
            let inner = Call::new("GET", &target, HeaderMap::new(), bytes::Bytes::new());
            Ok(query::start(context, &inner, false))
        }
    }
}

fn find(
    org: &Org,
    context: RequestContext<'_>,
    object: &str,
    id: &str,
    name: &str,
) -> Result<Related, OrgError> {
    let version = context.caller.version;
    let def = org
        .visible_object(object, &context.caller)
        .ok_or_else(OrgError::no_such_resource)?;
    let id = org.known_record(def, id)?;
    if let Some((_, field)) = def.relationship(name) {
        Org::visible_field(def, &field.name, version).ok_or_else(OrgError::no_such_resource)?;
        let row = org.database().get(&def.name, id);
        let parent = row.and_then(|row| row.get(&field.name).as_id());
        let parent = parent.ok_or_else(OrgError::no_such_resource)?;
        let mut targets = field.reference_to.iter();
        let object = targets.find(|target| org.database().get(target, parent).is_some());
        let object = object.ok_or_else(OrgError::no_such_resource)?.clone();
        return Ok(Related::Parent { object, id: parent });
    }
    let child = def
        .child_relationship(name)
        .and_then(|child| {
            let object = org.database().schema().get(child.object)?;
            let object = org.visible_object(&object.name, &context.caller)?;
            let field = object.fields.get(child.field)?;
            Some((object, field))
        })
        .ok_or_else(OrgError::no_such_resource)?;
    let (object, field) = child;
    let soql = format!(
        "SELECT {} FROM {} WHERE {} = '{id}'",
        fields(object, version).join(", "),
        object.name,
        field.name
    );
    Ok(Related::Children { soql })
}

fn fields(object: &ObjectDef, version: u32) -> Vec<&str> {
    let visible = object
        .fields
        .iter()
        .filter(|field| field.since_version <= version);
    visible.map(|field| field.name.as_str()).collect()
}
