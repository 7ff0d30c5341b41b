//! Roles, permission sets, permission set groups and assignments.

use super::seeder::Seeder;
use super::strong;
use super::words::{AREAS, DUTIES};
use crate::org::id::Id;
use crate::org::rules::ROLE_GROUPS;
use crate::org::value::Value;

impl Seeder<'_> {
    pub(super) fn seed_roles(&mut self) {
        for number in 0..self.size.roles {
            let area = AREAS.get(number % AREAS.len()).copied().unwrap_or("North");
            // A tree in which every role but the first has a parent.
            let parent = number.checked_sub(1).map(|before| before / 3);
            let parent = parent.and_then(|index| self.roles.get(index).copied());
            let name = if number == 0 {
                "CEO".to_owned()
            } else {
                format!("{area} Région {number}")
            };
            let role = self.add(
                "UserRole",
                &[
                    ("Name", Value::text(&name)),
                    ("DeveloperName", Value::text(format!("Role_{number}"))),
                    ("ParentRoleId", parent.into()),
                    ("OpportunityAccessForAccountOwner", "Edit".into()),
                    ("PortalType", "None".into()),
                ],
            );
            self.roles.push(role);
            for kind in ROLE_GROUPS {
                let owner = self.org.organization;
                let group = self.add(
                    "Group",
                    &[
                        ("Type", Value::text(kind)),
                        ("DeveloperName", Value::text(format!("Role_{number}"))),
                        ("RelatedId", role.into()),
                        ("OwnerId", owner.into()),
                    ],
                );
                self.role_groups.push(group);
            }
        }
    }

    pub(super) fn seed_sets(&mut self) {
        for number in 0..self.size.permission_sets {
            let duty = DUTIES.get(number % DUTIES.len()).copied().unwrap_or("Duty");
            let area = AREAS
                .get(number / DUTIES.len() % AREAS.len())
                .copied()
                .unwrap_or("North");
            let label = match number {
                // A label of maximum length.
                1 => "L".repeat(80),
                2 => "Señor's \"special\" rights \\ 権限".to_owned(),
                _ => format!("{duty} {area} {number}"),
            };
            let mut cells = vec![
                ("Name", Value::text(format!("Set_{number:04}"))),
                ("Label", Value::text(label)),
                (
                    "Description",
                    Value::text(format!("Allows {duty} in {area}")),
                ),
                ("Type", "Regular".into()),
                ("IsCustom", true.into()),
            ];
            cells.extend(strong::permissions(number));
            let id = self.add("PermissionSet", &cells);
            self.sets.push(id);
        }
        self.seed_objects();
        for number in 0..self.size.permission_set_groups {
            self.seed_set_group(number);
        }
    }

    fn seed_set_group(&mut self, number: usize) {
        let label = format!("Bundle {number}");
        let group = self.add(
            "PermissionSetGroup",
            &[
                ("DeveloperName", Value::text(format!("Bundle_{number:03}"))),
                ("MasterLabel", Value::text(&label)),
                ("Language", "en_US".into()),
                (
                    "Status",
                    if number % 7 == 6 {
                        "Outdated".into()
                    } else {
                        "Updated".into()
                    },
                ),
            ],
        );
        let aggregate = self.org.add_aggregate(group, &label, false);
        self.org.undo.clear();
        let aggregate = aggregate.map_or(Value::Null, Value::Id);
        let sets = self.sets.clone();
        for set in self.rng.several(&sets, 3) {
            let parts = [
                ("PermissionSetGroupId", group.into()),
                ("PermissionSetId", set.into()),
            ];
            self.add("PermissionSetGroupComponent", &parts);
        }
        if number.is_multiple_of(3) {
            self.seed_muting(group, number);
        }
        self.org.sum_up(group);
        self.org.undo.clear();
        self.set_groups.push((group, aggregate));
    }

    /// Adds a muting permission set as a component of its group.
    fn seed_muting(&mut self, group: Id, number: usize) {
        let muting = self.add(
            "MutingPermissionSet",
            &[
                ("DeveloperName", Value::text(format!("Muting_{number:03}"))),
                ("MasterLabel", Value::text(format!("Muting {number}"))),
                ("Language", "en_US".into()),
                ("PermissionsExportReport", true.into()),
            ],
        );
        let parts = [
            ("PermissionSetGroupId", group.into()),
            ("PermissionSetId", muting.into()),
        ];
        self.add("PermissionSetGroupComponent", &parts);
    }

    pub(super) fn seed_assignments(&mut self) {
        let (sets, groups) = (self.sets.clone(), self.set_groups.clone());
        let (targets, joined) = (
            self.groups
                .iter()
                .chain(&self.queues)
                .copied()
                .collect::<Vec<_>>(),
            self.size.memberships_per_user,
        );
        for user in self.users.clone() {
            for set in self.rng.several(&sets, self.size.assignments_per_user) {
                self.hold(user, set);
            }
            let numbers: Vec<usize> = (0..groups.len()).collect();
            for number in self.rng.several(&numbers, self.size.set_groups_per_user) {
                if let Some((group, aggregate)) = groups.get(number) {
                    self.hold_group(user, *group, aggregate);
                }
            }
            for group in self.rng.several(&targets, joined) {
                self.join(group, user);
            }
        }
    }
}
