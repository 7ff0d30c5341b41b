//! What SCIM offers: `/ServiceProviderConfigs` (in the plural), `/Schemas`, `/ResourceTypes`.
//! Source of the capabilities: Salesforce Help, "Salesforce SCIM Implementation".

use serde_json::{Map, Value as Json, json};

use super::error::ScimError;
use super::list::LARGEST_PAGE;
use super::{CORE_GROUP, CORE_USER, ENTERPRISE_USER, ENTITLEMENT, ROLE, location, only_get, reply};
use crate::http::call::Call;
use crate::http::context::RequestContext;
use crate::http::reply::Reply;

const SCHEMAS: &str = include_str!("schemas.txt");

/// `GET /ServiceProviderConfigs`.
pub(super) fn capabilities(call: &Call) -> Result<Reply, ScimError> {
    only_get(call)?;
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "documentationUri":
            "https://help.salesforce.com/HTViewHelpDoc?id=identity_scim_overview.htm",
        "patch": {"supported": true},
        "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": true, "maxResults": LARGEST_PAGE},
        "changePassword": {"supported": true},
        "sort": {"supported": false},
        "etag": {"supported": false},
        "authenticationSchemes": [{
            "type": "oauth2",
            "name": "OAuth v2.0",
            "description": "Authentication Scheme using the OAuth Standard",
            "specUri": "http://tools.ietf.org/html/rfc6749",
        }],
    });
    Ok(reply(200, &body))
}

/// `GET /ResourceTypes` or one of them.
pub(super) fn resource_types(
    context: RequestContext<'_>,
    call: &Call,
    name: Option<&str>,
) -> Result<Reply, ScimError> {
    only_get(call)?;
    let kinds = [
        ("User", "Users", CORE_USER, Some(ENTERPRISE_USER)),
        ("Group", "Groups", CORE_GROUP, None),
        ("Entitlement", "Entitlements", ENTITLEMENT, None),
        ("Role", "Roles", ROLE, None),
    ];
    let types = kinds
        .into_iter()
        .map(|(name, endpoint, schema, extension)| {
            let mut body = json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
                "id": name,
                "name": name,
                "endpoint": format!("/{endpoint}"),
                "schema": schema,
                "meta": {
                    "resourceType": "ResourceType",
                    "location": location(context, &format!("ResourceTypes/{name}")),
                },
            });
            if let (Some(urn), Some(body)) = (extension, body.as_object_mut()) {
                let extension = json!([{"schema": urn, "required": false}]);
                body.insert("schemaExtensions".to_owned(), extension);
            }
            body
        });
    one_or_all(&types.collect::<Vec<_>>(), name)
}

/// `GET /Schemas` or one of them.
pub(super) fn schemas(
    context: RequestContext<'_>,
    call: &Call,
    urn: Option<&str>,
) -> Result<Reply, ScimError> {
    only_get(call)?;
    let mut schemas: Vec<Json> = Vec::new();
    for line in SCHEMAS.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let ["schema", urn, name] = words.as_slice() {
            schemas.push(json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
                "id": urn,
                "name": name,
                "attributes": [],
                "meta": {
                    "resourceType": "Schema",
                    "location": location(context, &format!("Schemas/{urn}")),
                },
            }));
            continue;
        }
        let mut list = attributes_of(schemas.last_mut(), "attributes");
        if line.starts_with(' ') {
            list = attributes_of(list.and_then(|list| list.last_mut()), "subAttributes");
        }
        if let (Some(list), [name, kind, flags @ ..]) = (list, words.as_slice()) {
            list.push(attribute(name, kind, flags));
        }
    }
    one_or_all(&schemas, urn)
}

fn attributes_of<'a>(parent: Option<&'a mut Json>, name: &str) -> Option<&'a mut Vec<Json>> {
    parent?.get_mut(name)?.as_array_mut()
}

fn attribute(name: &str, kind: &str, flags: &[&str]) -> Json {
    let is = |flag: &str| flags.contains(&flag);
    let mutability = match () {
        () if is("readonly") => "readOnly",
        () if is("writeonly") => "writeOnly",
        () => "readWrite",
    };
    let mut members: Map<String, Json> = Map::new();
    let mut put = |name: &str, value: Json| members.insert(name.to_owned(), value);
    put("name", name.into());
    put("type", kind.into());
    put("multiValued", is("many").into());
    put("required", is("required").into());
    put("mutability", mutability.into());
    let returned = if is("writeonly") { "never" } else { "default" };
    put("returned", returned.into());
    if kind == "complex" {
        put("subAttributes", json!([]));
    } else {
        put("caseExact", is("exact").into());
        let uniqueness = if is("unique") { "server" } else { "none" };
        put("uniqueness", uniqueness.into());
    }
    let targets = flags.iter().find_map(|flag| flag.strip_prefix("to="));
    if let Some(targets) = targets {
        put("referenceTypes", targets.split('|').collect());
    }
    Json::Object(members)
}

/// Answers with the resource of this id, or with all of them.
fn one_or_all(resources: &[Json], id: Option<&str>) -> Result<Reply, ScimError> {
    let Some(id) = id else {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": resources.len(),
            "startIndex": 1,
            "itemsPerPage": resources.len(),
            "Resources": resources,
        });
        return Ok(reply(200, &body));
    };
    let found = resources.iter().find(|it| it.get("id") == Some(&id.into()));
    let found = found.ok_or_else(|| ScimError::not_found(id))?;
    Ok(reply(200, found))
}
