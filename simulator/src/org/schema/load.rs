//! Parses the text files of the schema. An `object` line starts an object; each following line
//! defines a field. A `list` line defines values that picklists share:
//!
//! ```text
//! list languages en_US=English|de=German
//! object User 005 query create update since=60 feature=Agents setup
//!   Username string(80) CU idlookup unique
//!   ProfileId reference(Profile) CU rel=Profile
//!   UserType picklist(Standard|Guest) N
//!   LanguageLocaleKey picklist($languages) CU label=Language
//!   booleans CU UserPermissionsMarketingUser UserPermissionsOfflineUser
//!   audit created modified stamp
//! ```
//!
//! Flags: `N` nillable, `C` createable, `U` updateable (in one word), `nofilter`, `nosort`,
//! `nogroup`, `idlookup`, `unique`, `open` (unrestricted picklist), `name` (the row's name),
//! `hides`, `defaulted`, `default=`, `label=`, `rel=`, `child=`, `since=`.
//!
//! In `default=` and `label=`, underscores stand for blanks.

use std::collections::HashMap;

use super::{Feature, FieldDef, FieldType, ObjectDef, ObjectKey, PicklistEntry, Schema};
use crate::org::id::KeyPrefix;
use crate::org::value::Value;

/// An invalid line of a schema file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("schema line {line:?}: {reason}")]
pub struct SchemaError {
    line: String,
    reason: &'static str,
}

const FILES: &[&str] = &[
    include_str!("lists.txt"),
    include_str!("people.txt"),
    include_str!("groups.txt"),
    include_str!("chatter.txt"),
    include_str!("permissions.txt"),
    include_str!("licenses.txt"),
    include_str!("territories.txt"),
    include_str!("apps.txt"),
    include_str!("agents.txt"),
    include_str!("audit.txt"),
    include_str!("records.txt"),
    include_str!("metadata.txt"),
];

pub(super) fn standard() -> Result<Schema, SchemaError> {
    let mut schema = Schema {
        objects: Vec::new(),
        by_name: HashMap::new(),
    };
    let mut current: Option<ObjectDef> = None;
    let mut lists = Lists::new();
    for line in FILES.iter().flat_map(|file| file.lines()) {
        let line = line.split(" #").next().unwrap_or_default().trim();
        let wrong = |reason| SchemaError {
            line: line.to_owned(),
            reason,
        };
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(list) = line.strip_prefix("list ") {
            let (name, values) = list
                .split_once(' ')
                .ok_or_else(|| wrong("a list needs values"))?;
            let known = lists.entry(name).or_default();
            known.extend(values.split('|').map(entry));
        } else if let Some(header) = line.strip_prefix("object ") {
            let next = object(header).map_err(wrong)?;
            if let Some(done) = current.replace(next) {
                schema.push_object(done);
            }
        } else {
            let object = current.as_mut().ok_or_else(|| wrong("no object yet"))?;
            add(object, line, &lists).map_err(wrong)?;
        }
    }
    if let Some(last) = current {
        schema.push_object(last);
    }
    link(&mut schema);
    Ok(schema)
}

/// Shared picklist values by name.
type Lists = HashMap<&'static str, Vec<PicklistEntry>>;

/// `value` or `value=label`.
fn entry(text: &str) -> PicklistEntry {
    let (value, label) = text.split_once('=').unwrap_or((text, text));
    PicklistEntry {
        label: label.to_owned(),
        ..PicklistEntry::new(value)
    }
}

fn link(schema: &mut Schema) {
    let references: Vec<_> = schema
        .objects()
        .flat_map(|object| (0..object.fields.len()).map(|number| (object.key, number)))
        .collect();
    for (key, number) in references {
        schema.link_child(key, number);
    }
}

fn object(header: &str) -> Result<ObjectDef, &'static str> {
    let mut words = header.split_whitespace();
    let name = words.next().ok_or("no name")?;
    let prefix = words.next().ok_or("no prefix")?;
    let mut object = ObjectDef {
        key: ObjectKey(0),
        name: name.to_owned(),
        label: super::label_of(name),
        key_prefix: KeyPrefix::parse(prefix).map_err(|_| "bad prefix")?,
        fields: Vec::new(),
        child_relationships: Vec::new(),
        queryable: false,
        createable: false,
        updateable: false,
        deletable: false,
        replicateable: false,
        searchable: false,
        since_version: 0,
        feature: None,
        setup: false,
        null_id: false,
        name_field: None,
        by_name: HashMap::new(),
    };
    for word in words {
        match word.split_once('=').unwrap_or((word, "")) {
            ("query", _) => object.queryable = true,
            ("create", _) => object.createable = true,
            ("update", _) => object.updateable = true,
            ("delete", _) => object.deletable = true,
            ("replicate", _) => object.replicateable = true,
            ("search", _) => object.searchable = true,
            ("setup", _) => object.setup = true,
            ("nullid", _) => object.null_id = true,
            ("since", version) => object.since_version = number(version)?,
            ("feature", "Territories") => object.feature = Some(Feature::Territories),
            ("feature", "Agents") => object.feature = Some(Feature::Agents),
            ("feature", "Chatter") => object.feature = Some(Feature::Chatter),
            _ => return Err("unknown word in the header"),
        }
    }
    let mut id = read_only("Id", FieldType::Id);
    id.id_lookup = true;
    id.defaulted_on_create = true;
    object.push(id);
    Ok(object)
}

fn add(object: &mut ObjectDef, line: &str, lists: &Lists) -> Result<(), &'static str> {
    let (first, rest) = line
        .split_once(char::is_whitespace)
        .ok_or("a name and nothing else")?;
    match first {
        "booleans" => {
            let (flags, names) = rest.split_once(char::is_whitespace).ok_or("no names")?;
            for name in names.split_whitespace() {
                let mut field = read_only(name, FieldType::Boolean);
                letters(&mut field, if flags == "-" { "" } else { flags })?;
                object.push(field).ok_or("a field twice")?;
            }
        }
        "audit" => {
            for field in rest.split_whitespace().map(audit) {
                for field in field? {
                    object.push(field).ok_or("a field twice")?;
                }
            }
        }
        name => {
            let is_name = rest.split_whitespace().any(|word| word == "name");
            let number = object
                .push(field(name, rest, lists)?)
                .ok_or("a field twice")?;
            if is_name {
                object.name_field = Some(number);
            }
        }
    }
    Ok(())
}

/// Returns the audit columns of a group. Objects have different ones. Source: Object Reference,
/// "System Fields", and the describe of each object.
fn audit(group: &str) -> Result<Vec<FieldDef>, &'static str> {
    let by = |name: &str| {
        let mut field = read_only(&format!("{name}Id"), FieldType::Reference);
        field.reference_to = vec!["User".to_owned()];
        field.relationship_name = Some(name.to_owned());
        field
    };
    let fields = match group {
        "created" => vec![
            read_only("CreatedDate", FieldType::DateTime),
            by("CreatedBy"),
        ],
        "createddate" => vec![read_only("CreatedDate", FieldType::DateTime)],
        "createdby" => vec![by("CreatedBy")],
        "modified" => {
            vec![
                read_only("LastModifiedDate", FieldType::DateTime),
                by("LastModifiedBy"),
            ]
        }
        "modifieddate" => vec![read_only("LastModifiedDate", FieldType::DateTime)],
        "stamp" => vec![read_only("SystemModstamp", FieldType::DateTime)],
        "deleted" => {
            let mut field = read_only("IsDeleted", FieldType::Boolean);
            field.hides_row = true;
            vec![field]
        }
        _ => return Err("unknown audit group"),
    };
    Ok(fields)
}

fn field(name: &str, rest: &str, lists: &Lists) -> Result<FieldDef, &'static str> {
    // Picklist values can contain blanks, so the type ends at its parenthesis.
    let (ty, words) = match rest.find(')') {
        Some(end)
            if rest
                .find('(')
                .is_some_and(|start| !rest.get(..start).unwrap_or_default().contains(' ')) =>
        {
            rest.split_at_checked(end + 1).ok_or("bad type")?
        }
        _ => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
    };
    let (ty, argument) = ty.trim_end_matches(')').split_once('(').unwrap_or((ty, ""));
    let mut field = read_only(name, field_type(ty)?);
    match field.ty {
        FieldType::Reference => {
            field.reference_to = argument.split('|').map(str::to_owned).collect();
        }
        FieldType::Picklist | FieldType::MultiPicklist => {
            field.restricted_picklist = !argument.is_empty();
            field.picklist = if let Some(list) = argument.strip_prefix('$') {
                lists.get(list).ok_or("no such list")?.clone()
            } else {
                let values = argument.split('|').filter(|value| !value.is_empty());
                values.map(PicklistEntry::new).collect()
            };
        }
        _ if argument.is_empty() => {}
        _ => field.length = number(argument)?,
    }
    for word in words.split_whitespace() {
        flag(&mut field, word)?;
    }
    Ok(field)
}

fn flag(field: &mut FieldDef, word: &str) -> Result<(), &'static str> {
    match word.split_once('=').unwrap_or((word, "")) {
        ("nofilter", _) => field.filterable = false,
        ("nosort", _) => field.sortable = false,
        ("nogroup", _) => field.groupable = false,
        ("idlookup", _) => field.id_lookup = true,
        ("unique", _) => field.unique = true,
        ("open", _) => field.restricted_picklist = false,
        ("name" | "-", _) => {}
        ("hides", _) => field.hides_row = true,
        ("defaulted", _) => field.defaulted_on_create = true,
        ("default", text) => {
            field.defaulted_on_create = true;
            field.default = Some(default(field.ty, text)?);
        }
        ("label", text) => field.label = text.replace('_', " "),
        ("rel", name) => field.relationship_name = Some(name.to_owned()),
        ("child", name) => field.child_relationship_name = Some(name.to_owned()),
        ("since", version) => field.since_version = number(version)?,
        _ => letters(field, word)?,
    }
    Ok(())
}

fn letters(field: &mut FieldDef, word: &str) -> Result<(), &'static str> {
    for letter in word.chars() {
        match letter {
            'N' => field.nillable = true,
            'C' => field.createable = true,
            'U' => field.updateable = true,
            _ => return Err("unknown flag"),
        }
    }
    Ok(())
}

fn read_only(name: &str, ty: FieldType) -> FieldDef {
    let mut field = FieldDef::new(name, ty);
    field.nillable = false;
    field.createable = false;
    field.updateable = false;
    field
}

fn field_type(name: &str) -> Result<FieldType, &'static str> {
    Ok(match name {
        "reference" => FieldType::Reference,
        "string" => FieldType::Text,
        "textarea" => FieldType::TextArea,
        "longtext" => FieldType::LongTextArea,
        "email" => FieldType::Email,
        "phone" => FieldType::Phone,
        "url" => FieldType::Url,
        "picklist" => FieldType::Picklist,
        "multipicklist" => FieldType::MultiPicklist,
        "boolean" => FieldType::Boolean,
        "int" => FieldType::Int,
        "double" => FieldType::Double,
        "currency" => FieldType::Currency,
        "date" => FieldType::Date,
        "datetime" => FieldType::DateTime,
        _ => return Err("unknown type"),
    })
}

fn default(ty: FieldType, text: &str) -> Result<Value, &'static str> {
    match ty {
        FieldType::Boolean => Ok(Value::Bool(text == "true")),
        FieldType::Int => text.parse().map(Value::Int).map_err(|_| "bad default"),
        _ => Ok(Value::text(text.replace('_', " "))),
    }
}

fn number(text: &str) -> Result<u32, &'static str> {
    text.parse().map_err(|_| "bad number")
}
