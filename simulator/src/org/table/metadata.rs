//! Rows that describe the schema: the values of picklist fields.

use crate::org::id::Id;
use crate::org::schema::FieldDef;
use crate::org::table::{Database, RowRef, TableError};
use crate::org::value::Value;

/// Adds `EntityDefinition`, `EntityParticle` and `PicklistValueInfo` rows for every picklist.
pub(super) fn describe(database: &mut Database) {
    for object in database.schema().clone().objects() {
        let mut entity = None;
        for field in object
            .fields
            .iter()
            .filter(|field| !field.picklist.is_empty())
        {
            // This cannot fail with the built-in schema, which a test checks.
            let Ok(definition) = entity.map_or_else(|| add_entity(database, &object.name), Ok)
            else {
                continue;
            };
            entity = Some(definition);
            let Ok(particle) = add_particle(database, definition, &object.name, &field.name) else {
                continue;
            };
            add_values(database, particle, field);
        }
    }
}

/// Replaces the `PicklistValueInfo` rows of a field.
pub(super) fn redescribe(database: &mut Database, object: &str, field: &str) {
    let particles = database.find(
        "EntityParticle",
        "DurableId",
        &format!("{object}.{field}").into(),
    );
    let Some(particle) = particles.first().map(RowRef::id) else {
        return;
    };
    let old = database.find("PicklistValueInfo", "EntityParticleId", &particle.into());
    for id in old.iter().map(RowRef::id).collect::<Vec<_>>() {
        database.delete("PicklistValueInfo", id);
    }
    let def = database.schema().object(object);
    if let Some(field) = def.and_then(|def| def.field(field)).cloned() {
        add_values(database, particle, &field);
    }
}

fn add_values(database: &mut Database, particle: Id, field: &FieldDef) {
    for entry in &field.picklist {
        let _ = database.insert(
            "PicklistValueInfo",
            [
                ("EntityParticleId", particle.into()),
                ("Value", Value::text(&entry.value)),
                ("Label", Value::text(&entry.label)),
                ("IsActive", entry.active.into()),
            ],
        );
    }
}

fn add_entity(database: &mut Database, name: &str) -> Result<Id, TableError> {
    let names = [
        ("QualifiedApiName", name.into()),
        ("DeveloperName", name.into()),
    ];
    database.insert("EntityDefinition", names)
}

fn add_particle(
    database: &mut Database,
    entity: Id,
    object: &str,
    field: &str,
) -> Result<Id, TableError> {
    let cells = [
        ("EntityDefinitionId", entity.into()),
        ("DurableId", format!("{object}.{field}").into()),
        ("QualifiedApiName", field.into()),
        ("DeveloperName", field.into()),
    ];
    database.insert("EntityParticle", cells)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::org::schema::Schema;

    #[test]
    fn the_roles_in_a_territory_are_listed() {
        let database = Database::new(Schema::standard());
        let mut values: Vec<_> = database
            .rows("PicklistValueInfo")
            .filter(|row| {
                let particle = row.get("EntityParticleId").as_id();
                let particle = particle.and_then(|id| database.get("EntityParticle", id));
                particle
                    .is_some_and(|it| it.get("DeveloperName").as_str() == Some("RoleInTerritory2"))
            })
            .filter_map(|row| row.get("Value").as_str())
            .collect();
        // In id order, which is not guaranteed.
        values.sort_unstable();
        assert_eq!(values, ["Administrator", "Owner", "Sales Rep"]);
    }
}
