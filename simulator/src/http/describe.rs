//! `/sobjects`, `/sobjects/{Object}` and `/sobjects/{Object}/describe`.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::conditional;
use super::context::RequestContext;
use super::reply::Reply;
use crate::org::schema::{ChildRelationship, FieldDef, FieldType, ObjectDef};
use crate::org::{Caller, Org, OrgError};

/// `GET /sobjects`.
pub(super) fn global(context: RequestContext<'_>, call: &Call) -> Reply {
    if call.method != "GET" {
        return Reply::method_not_allowed(&call.method, "GET,HEAD");
    }
    let org = context.shared.read();
    let objects: Vec<Value> = org
        .database()
        .schema()
        .objects()
        .filter(|def| org.visible_object(&def.name, &context.caller).is_some())
        .map(|def| Value::Object(summary(context, def)))
        .collect();
    let body = json!({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": objects});
    conditional::description(context, call, body)
}

/// `GET /sobjects/{Object}`.
pub(super) fn brief(context: RequestContext<'_>, object: &str) -> Reply {
    let org = context.shared.read();
    match org.visible_object(object, &context.caller) {
        Some(def) => {
            let described = summary(context, def);
            Reply::json(200, json!({"objectDescribe": described, "recentItems": []}))
        }
        None => OrgError::no_such_resource().into(),
    }
}

/// `GET /sobjects/{Object}/describe`.
pub(super) fn full(context: RequestContext<'_>, call: &Call, object: &str) -> Reply {
    if call.method != "GET" {
        return Reply::method_not_allowed(&call.method, "GET,HEAD");
    }
    let org = context.shared.read();
    let Some(def) = org.visible_object(object, &context.caller) else {
        return OrgError::no_such_resource().into();
    };
    let mut body = summary(context, def);
    let fields = def
        .fields
        .iter()
        .enumerate()
        .filter(|(_, field)| field.since_version <= context.caller.version)
        .map(|(number, field)| self::field(def, number, field));
    body.insert("fields".into(), fields.collect());
    body.insert(
        "childRelationships".into(),
        children(&org, &context.caller, def),
    );
    body.insert("recordTypeInfos".into(), json!([]));
    body.insert(
        "supportedScopes".into(),
        json!([{"name": "everything", "label": "All"}]),
    );
    conditional::description(context, call, Value::Object(body))
}

fn summary(context: RequestContext<'_>, def: &ObjectDef) -> Map<String, Value> {
    let url = format!("{}/sobjects/{}", context.root(), def.name);
    let body = json!({
        "name": def.name,
        "label": def.label,
        "labelPlural": format!("{}s", def.label),
        "keyPrefix": def.key_prefix.as_str(),
        "custom": def.name.ends_with("__c"),
        "customSetting": false,
        "activateable": false,
        "createable": def.createable,
        "deletable": def.deletable,
        "deprecatedAndHidden": false,
        "feedEnabled": false,
        "hasSubtypes": false,
        "isSubtype": false,
        "layoutable": def.createable,
        "mergeable": false,
        "mruEnabled": false,
        "queryable": def.queryable,
        "replicateable": def.replicateable,
        "retrieveable": def.queryable,
        "searchable": def.searchable,
        "triggerable": def.createable,
        "undeletable": !def.setup && def.field("IsDeleted").is_some(),
        "updateable": def.updateable,
        "urls": {
            "sobject": url,
            "describe": format!("{url}/describe"),
            "rowTemplate": format!("{url}/{{ID}}"),
        },
    });
    match body {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn field(def: &ObjectDef, number: usize, field: &FieldDef) -> Value {
    let values: Vec<Value> = field
        .picklist
        .iter()
        .map(|entry| {
            let chosen = field.default.as_ref().and_then(|value| value.as_str());
            json!({
                "value": entry.value,
                "label": entry.label,
                "active": entry.active,
                "defaultValue": chosen == Some(entry.value.as_str()),
                "validFor": null,
            })
        })
        .collect();
    let is_number = matches!(field.ty, FieldType::Double | FieldType::Currency);
    json!({
        "name": field.name,
        "label": field.label,
        "type": field.ty.api_name(),
        "soapType": field.ty.soap_type(),
        "length": field.length,
        "byteLength": field.length.saturating_mul(3),
        "digits": if field.ty == FieldType::Int { 9 } else { 0 },
        "precision": if is_number { 18 } else { 0 },
        "scale": if is_number { 2 } else { 0 },
        "nillable": field.nillable,
        "createable": field.createable,
        "updateable": field.updateable,
        "permissionable": field.custom,
        "defaultedOnCreate": field.defaulted_on_create,
        "defaultValue": field.default.as_ref().map(super::super::org::value::Value::to_json),
        "filterable": field.filterable,
        "sortable": field.sortable,
        "groupable": field.groupable,
        "aggregatable": is_aggregatable(field),
        "idLookup": field.id_lookup,
        "externalId": false,
        "unique": field.unique,
        "caseSensitive": false,
        "custom": field.custom,
        "calculated": false,
        "calculatedFormula": null,
        "autoNumber": field.name == "CaseNumber",
        "nameField": def.name_field == Some(number),
        "namePointing": field.is_polymorphic(),
        "polymorphicForeignKey": field.is_polymorphic(),
        "cascadeDelete": false,
        "dependentPicklist": false,
        "deprecatedAndHidden": false,
        "encrypted": false,
        "htmlFormatted": false,
        "referenceTo": field.reference_to,
        "relationshipName": field.relationship_name,
        "restrictedPicklist": field.restricted_picklist,
        "picklistValues": values,
        "inlineHelpText": null,
    })
}

/// Whether aggregate functions accept the field. They do not accept checkboxes and long texts.
fn is_aggregatable(field: &FieldDef) -> bool {
    field.filterable && !matches!(field.ty, FieldType::Boolean | FieldType::LongTextArea)
}

fn children(org: &Org, caller: &Caller, def: &ObjectDef) -> Value {
    let one = |child: &ChildRelationship| {
        let object = org.database().schema().get(child.object)?;
        let object = org.visible_object(&object.name, caller)?;
        let field = object.fields.get(child.field)?;
        let field = Org::visible_field(object, &field.name, caller.version)?;
        Some(json!({
            "childSObject": object.name,
            "field": field.name,
            "relationshipName": child.name,
            "cascadeDelete": false,
            "deprecatedAndHidden": false,
            "restrictedDelete": false,
        }))
    };
    def.child_relationships.iter().filter_map(one).collect()
}
