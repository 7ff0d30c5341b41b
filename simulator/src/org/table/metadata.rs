//! Rows that describe the schema itself: which values a picklist field offers.

use crate::org::id::Id;
use crate::org::table::{Database, TableError};
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
            // Unknown objects or fields here would be a hole in the built-in schema; the test
            // below finds it, and an org without these rows still works.
            let Ok(definition) = entity.map_or_else(|| add_entity(database, &object.name), Ok)
            else {
                continue;
            };
            entity = Some(definition);
            let Ok(particle) = add_particle(database, definition, &object.name, &field.name) else {
                continue;
            };
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
        // In the order of their ids, which nothing promises.
        values.sort_unstable();
        assert_eq!(values, ["Administrator", "Owner", "Sales Rep"]);
    }
}
