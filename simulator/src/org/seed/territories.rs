//! Territories of an active model and of a planned one.

use super::seeder::Seeder;
use super::words::AREAS;
use crate::org::id::Id;
use crate::org::value::Value;

/// Users who are in a territory, at most.
const MOST_MEMBERS: usize = 3000;

impl Seeder<'_> {
    pub(super) fn seed_territories(&mut self) {
        let kind = [
            ("MasterLabel", "Named".into()),
            ("DeveloperName", "Named".into()),
        ];
        let kind = self.add("Territory2Type", &kind);
        let mut regions = Vec::new();
        for (model, state) in [("Current", "Active"), ("Next", "Planning")] {
            let cells = [
                ("Name", Value::text(model)),
                ("DeveloperName", Value::text(model)),
                ("State", Value::text(state)),
            ];
            let parent = self.add("Territory2Model", &cells);
            for area in ["Emea", "Apac"] {
                let name = format!("{area} {model}");
                let territory = self.seed_territory(&name, parent, kind, None);
                let user = self.rng.pick(&self.users);
                self.seed_territory_user(territory, user, Some("Sales Rep"), state == "Active");
                regions.push((territory, parent));
            }
        }
        // Below the regions of the active model.
        let number = (self.size.users / 300).clamp(2, 60);
        let mut countries = Vec::new();
        for index in 0..number {
            let area = AREAS.get(index % AREAS.len()).copied().unwrap_or("North");
            let Some((region, model)) = regions.get(index % 2).copied() else {
                continue;
            };
            let name = format!("{area} {index}");
            countries.push(self.seed_territory(&name, model, kind, Some(region)));
        }
        let users: Vec<Id> = self
            .users
            .iter()
            .step_by(6)
            .take(MOST_MEMBERS)
            .copied()
            .collect();
        let roles = [
            None,
            Some("Owner"),
            Some("Administrator"),
            Some("Sales Rep"),
        ];
        for (index, user) in users.into_iter().enumerate() {
            let role = roles.get(index % roles.len()).copied().flatten();
            if let Some(territory) = countries.get(index % countries.len().max(1)).copied() {
                self.seed_territory_user(territory, Some(user), role, true);
            }
        }
    }

    fn seed_territory(&mut self, name: &str, model: Id, kind: Id, parent: Option<Id>) -> Id {
        let developer_name: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        let cells = [
            ("Name", Value::text(name)),
            ("DeveloperName", Value::text(developer_name)),
            ("Territory2ModelId", model.into()),
            ("Territory2TypeId", kind.into()),
            ("ParentTerritory2Id", parent.into()),
        ];
        self.add("Territory2", &cells)
    }

    fn seed_territory_user(
        &mut self,
        territory: Id,
        user: Option<Id>,
        role: Option<&str>,
        active: bool,
    ) {
        let cells = [
            ("UserId", user.into()),
            ("Territory2Id", territory.into()),
            ("IsActive", active.into()),
            ("RoleInTerritory2", role.map_or(Value::Null, Value::text)),
        ];
        self.add("UserTerritory2Association", &cells);
    }
}
