//! Permission sets that give a strong permission, or all records of an object.

use super::seeder::Seeder;
use crate::org::id::Id;
use crate::org::value::Value;

/// Of every so many sets, the one at this place gives these.
const PERMISSIONS: &[(usize, usize, &[&str])] = &[
    (
        20,
        3,
        &["PermissionsViewSetup", "PermissionsViewAllProfiles"],
    ),
    (20, 9, &["PermissionsExportReport", "PermissionsRunReports"]),
    (
        50,
        14,
        &["PermissionsManageUsers", "PermissionsResetPasswords"],
    ),
    (
        100,
        17,
        &["PermissionsViewAllData", "PermissionsApiEnabled"],
    ),
];

const READ: &[&str] = &["PermissionsRead"];
const VIEW_ALL: &[&str] = &["PermissionsRead", "PermissionsViewAllRecords"];
const MODIFY_ALL: &[&str] = &[
    "PermissionsRead",
    "PermissionsCreate",
    "PermissionsEdit",
    "PermissionsDelete",
    "PermissionsViewAllRecords",
    "PermissionsModifyAllRecords",
];

/// The same for objects.
const OBJECTS: &[(usize, usize, &str, &[&str])] = &[
    (2, 0, "Account", READ),
    (3, 1, "Contact", READ),
    (15, 4, "Case", VIEW_ALL),
    (25, 5, "Opportunity", MODIFY_ALL),
    (40, 12, "Account", MODIFY_ALL),
];

const ADMIN_OBJECTS: &[&str] = &["Account", "Contact", "Opportunity", "Lead", "Case"];

/// What the set with this number gives.
pub(super) fn permissions(number: usize) -> impl Iterator<Item = (&'static str, Value)> {
    PERMISSIONS
        .iter()
        .filter(move |(every, place, _)| number % every == *place)
        .flat_map(|(_, _, names)| names.iter().map(|name| (*name, Value::Bool(true))))
}

impl Seeder<'_> {
    pub(super) fn seed_objects(&mut self) {
        for (number, set) in self.sets.clone().into_iter().enumerate() {
            let mut given: Vec<&str> = Vec::new();
            // The last line for an object gives the most.
            for (every, place, object, flags) in OBJECTS.iter().rev() {
                if number % every == *place && !given.contains(object) {
                    given.push(object);
                    self.give(set, object, flags);
                }
            }
        }
        let admin = self
            .org
            .find_one("Profile", "Name", &"System Administrator".into())
            .map(|row| Value::Id(row.id()));
        let set = admin.and_then(|admin| {
            let set = self.org.find_one("PermissionSet", "ProfileId", &admin);
            set.map(|row| row.id())
        });
        for object in ADMIN_OBJECTS {
            if let Some(set) = set {
                self.give(set, object, MODIFY_ALL);
            }
        }
    }

    fn give(&mut self, set: Id, object: &str, flags: &[&str]) {
        let mut cells = vec![
            ("ParentId", Value::Id(set)),
            ("SobjectType", Value::text(object)),
        ];
        cells.extend(flags.iter().map(|flag| (*flag, Value::Bool(true))));
        self.add("ObjectPermissions", &cells);
    }
}
