//! Resolves dotted paths to columns.

use super::ast::{FieldPath, Name};
use super::context::Context;
use super::error::SoqlError;
use crate::org::schema::{FieldDef, FieldType, ObjectDef, ObjectKey};
use crate::org::table::{Database, Row};
use crate::org::value::Value;

/// Maximum number of relationships in a path.
const MAX_HOPS: usize = 5;

/// Fields of a polymorphic parent, which has the type `Name`.
const NAME_FIELDS: &[&str] = &[
    "Id",
    "Name",
    "FirstName",
    "LastName",
    "MiddleName",
    "Suffix",
    "Alias",
    "Username",
    "Email",
    "Phone",
    "Title",
    "IsActive",
    "ProfileId",
    "UserRoleId",
];
/// Relationships of a polymorphic parent.
const NAME_RELATIONSHIPS: &[&str] = &["Profile", "UserRole"];

/// An object that a query reads, and its alias.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) ctx: &'a Context<'a>,
    pub(super) source: &'a str,
    pub(super) object: &'a ObjectDef,
    pub(super) alias: Option<&'a str>,
}

/// A resolved path and its field. The pseudo-field `Type` has none.
#[derive(Clone)]
pub(super) struct Path<'a> {
    pub(super) route: Route,
    pub(super) field: Option<&'a FieldDef>,
    /// The object of the field, for messages.
    pub(super) entity: &'a str,
}

/// The way from a row to a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Route {
    pub(super) hops: Vec<Hop>,
    pub(super) leaf: Leaf,
}

/// One step from a row to its parent.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hop {
    /// The name of the relationship.
    pub(super) name: String,
    /// Index of the reference field, by object of the row.
    fields: Vec<(ObjectKey, usize)>,
    targets: Vec<ObjectKey>,
    pub(super) polymorphic: bool,
}

/// The last step.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Leaf {
    /// A cell: the name of the field, and its index by object of the row.
    Cell(String, Vec<(ObjectKey, usize)>),
    /// The name of the object of the row.
    TypeName(Vec<(ObjectKey, Value)>),
}

impl Context<'_> {
    /// Whether an object exists for this caller.
    pub(super) fn knows(&self, object: &ObjectDef) -> bool {
        object.since_version <= self.api_version && !(self.hidden)(object)
    }

    fn knows_field(&self, field: &FieldDef) -> bool {
        field.since_version <= self.api_version
    }
}

impl<'a> Scope<'a> {
    /// Returns the scope for the object of a query.
    pub(super) fn of(
        ctx: &'a Context<'a>,
        source: &'a str,
        name: &'a Name,
        alias: Option<&'a str>,
    ) -> Result<Self, SoqlError> {
        let object = ctx
            .db
            .schema()
            .object(&name.text)
            .filter(|object| ctx.knows(object));
        let object = object.filter(|object| object.queryable).ok_or_else(|| {
            let message = format!(
                "sObject type '{}' is not supported. If you are attempting to use a custom \
                 object, be sure to append the '__c' after the entity name. Please reference your \
                 WSDL or the describe call for the appropriate names.",
                name.text
            );
            SoqlError::at("INVALID_TYPE", source, name.at, &message)
        })?;
        Ok(Self {
            ctx,
            source,
            object,
            alias,
        })
    }

    pub(super) fn error(&self, code: &'static str, at: usize, message: &str) -> SoqlError {
        SoqlError::at(code, self.source, at, message)
    }

    /// The fields that exist for this caller.
    pub(super) fn fields(&self) -> impl Iterator<Item = &'a FieldDef> + use<'a> {
        let ctx = self.ctx;
        self.object
            .fields
            .iter()
            .filter(|field| ctx.knows_field(field))
    }

    pub(super) fn resolve(&self, path: &FieldPath) -> Result<Path<'a>, SoqlError> {
        let names = self.unqualified(path);
        let Some((last, relationships)) = names.split_last() else {
            return Err(self.error("MALFORMED_QUERY", path.at, "unexpected token"));
        };
        if relationships.len() > MAX_HOPS {
            let message = "Relationship path is deeper than 5 levels";
            return Err(self.error("MALFORMED_QUERY", path.at, message));
        }
        let mut hops: Vec<Hop> = Vec::new();
        let mut objects = vec![self.object];
        for name in relationships {
            let polymorphic = hops.last().is_some_and(|hop| hop.polymorphic);
            let Some((hop, targets)) = self.hop(&objects, polymorphic, name) else {
                let message = format!(
                    "Didn't understand relationship '{name}' in field path. If you are attempting \
                     to use a custom relationship, be sure to append the '__r' after the custom \
                     relationship name. Please reference your WSDL or the describe call for the \
                     appropriate names."
                );
                return Err(self.error("INVALID_FIELD", path.at, &message));
            };
            hops.push(hop);
            objects = targets;
        }
        let polymorphic = hops.last().is_some_and(|hop| hop.polymorphic);
        let found = if polymorphic {
            name_leaf(&objects, last)
        } else {
            self.leaf(&objects, last)
        };
        let entity = if polymorphic {
            "Name"
        } else {
            objects.first().map_or("", |it| &it.name)
        };
        let (leaf, field) = found.ok_or_else(|| self.no_column(last, entity, path.at))?;
        Ok(Path {
            route: Route { hops, leaf },
            field,
            entity,
        })
    }

    /// Returns the names without the name or alias of the object in front.
    fn unqualified<'p>(&self, path: &'p FieldPath) -> &'p [String] {
        match path.names.split_first() {
            Some((first, rest)) if !rest.is_empty() => {
                let is_alias = self
                    .alias
                    .is_some_and(|alias| alias.eq_ignore_ascii_case(first));
                let is_self = self.object.name.eq_ignore_ascii_case(first)
                    && self.object.relationship(first).is_none();
                if is_alias || is_self {
                    rest
                } else {
                    &path.names
                }
            }
            _ => &path.names,
        }
    }

    fn hop(
        &self,
        objects: &[&'a ObjectDef],
        polymorphic: bool,
        name: &str,
    ) -> Option<(Hop, Vec<&'a ObjectDef>)> {
        if polymorphic
            && !NAME_RELATIONSHIPS
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name))
        {
            return None;
        }
        let found: Vec<_> = objects
            .iter()
            .filter_map(|object| object.relationship(name).map(|found| (object.key, found)))
            .filter(|(_, (_, field))| self.ctx.knows_field(field))
            .collect();
        let (_, (_, field)) = found.first()?;
        let schema = self.ctx.db.schema();
        let targets: Vec<_> = field
            .reference_to
            .iter()
            .filter_map(|target| schema.object(target))
            .filter(|target| self.ctx.knows(target))
            .collect();
        let hop = Hop {
            name: field.relationship_name.clone()?,
            fields: found
                .iter()
                .map(|(key, (number, _))| (*key, *number))
                .collect(),
            targets: targets.iter().map(|target| target.key).collect(),
            polymorphic: field.is_polymorphic(),
        };
        (!targets.is_empty()).then_some((hop, targets))
    }

    fn leaf(&self, objects: &[&'a ObjectDef], name: &str) -> Option<(Leaf, Option<&'a FieldDef>)> {
        let object = objects.first()?;
        let number = object.index_of(name)?;
        let field = object
            .fields
            .get(number)
            .filter(|field| self.ctx.knows_field(field))?;
        // A leaf without cells is always null.
        let hidden = object.null_id && number == 0;
        let cells = if hidden {
            Vec::new()
        } else {
            vec![(object.key, number)]
        };
        Some((Leaf::Cell(field.name.clone(), cells), Some(field)))
    }

    pub(super) fn no_column(&self, name: &str, entity: &str, at: usize) -> SoqlError {
        let message = format!(
            "No such column '{name}' on entity '{entity}'. If you are attempting to use a custom \
             field, be sure to append the '__c' after the custom field name. Please reference your \
             WSDL or the describe call for the appropriate names."
        );
        self.error("INVALID_FIELD", at, &message)
    }
}

/// Resolves a field of a polymorphic parent.
fn name_leaf<'a>(objects: &[&'a ObjectDef], name: &str) -> Option<(Leaf, Option<&'a FieldDef>)> {
    if name.eq_ignore_ascii_case("Type") {
        let names = objects
            .iter()
            .map(|object| (object.key, Value::text(&object.name)));
        return Some((Leaf::TypeName(names.collect()), None));
    }
    let name = NAME_FIELDS
        .iter()
        .find(|known| known.eq_ignore_ascii_case(name))?;
    let number = |object: &ObjectDef| match *name {
        "Name" => object.name_field,
        name => object.index_of(name),
    };
    let cells: Vec<_> = objects
        .iter()
        .filter_map(|object| Some((object.key, number(object)?)))
        .collect();
    let field = objects
        .iter()
        .find_map(|object| object.fields.get(number(object)?));
    Some((Leaf::Cell((*name).to_owned(), cells), field))
}

impl Path<'_> {
    /// Returns the name of the field, for messages.
    pub(super) fn name(&self) -> &str {
        match &self.route.leaf {
            Leaf::Cell(name, _) => name,
            Leaf::TypeName(_) => "Type",
        }
    }

    pub(super) fn ty(&self) -> FieldType {
        self.field.map_or(FieldType::Text, |field| field.ty)
    }
}

impl Route {
    /// Returns the index of the field if the path crosses no relationship.
    pub(super) fn own_field(&self) -> Option<usize> {
        match (&self.leaf, self.hops.is_empty()) {
            (Leaf::Cell(_, cells), true) => cells.first().map(|(_, number)| *number),
            _ => None,
        }
    }

    /// Returns the value; null if there is no parent.
    pub(super) fn value<'r>(
        &'r self,
        db: &'r Database,
        mut key: ObjectKey,
        mut row: &'r Row,
    ) -> &'r Value {
        for hop in &self.hops {
            let Some(parent) = hop.parent(db, key, row) else {
                return &Value::Null;
            };
            (key, row) = parent;
        }
        self.leaf.value(key, row)
    }
}

impl Hop {
    pub(super) fn parent<'r>(
        &self,
        db: &'r Database,
        key: ObjectKey,
        row: &Row,
    ) -> Option<(ObjectKey, &'r Row)> {
        let (_, number) = self.fields.iter().find(|(object, _)| *object == key)?;
        let id = row.cell(*number).as_id()?;
        self.targets
            .iter()
            .find_map(|target| Some((*target, db.table(*target)?.get(id)?)))
    }
}

impl Leaf {
    pub(super) fn value<'r>(&'r self, key: ObjectKey, row: &'r Row) -> &'r Value {
        match self {
            Self::Cell(_, cells) => cells
                .iter()
                .find(|(object, _)| *object == key)
                .map_or(&Value::Null, |(_, number)| row.cell(*number)),
            Self::TypeName(names) => names
                .iter()
                .find(|(object, _)| *object == key)
                .map_or(&Value::Null, |(_, name)| name),
        }
    }
}
