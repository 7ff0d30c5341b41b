//! Custom profiles, permission set licenses and package licenses.

use super::essentials::seed_profile;
use super::seeder::Seeder;
use crate::org::value::Value;

/// Permission set licences: key, label, seats.
const SET_LICENSES: &[(&str, &str, i64)] = &[
    ("SalesConsoleUser", "Sales Console User", 20),
    ("IdentityConnect", "Identity Connect", 10),
    ("EinsteinAnalyticsPlusPsl", "CRM Analytics Plus", 5),
    ("SoldOutPsl", "Sold Out", 0),
];

/// Package licences: namespace, seats, status.
const PACKAGES: &[(&str, i64, &str)] = &[
    ("sfcpq", 50, "Active"),
    ("freepkg", -1, "Active"),
    ("oldpkg", 10, "Expired"),
];

/// Standard profiles of the unusual users.
const SPECIAL: &[&str] = &[
    "System Administrator",
    "Standard User",
    "Standard Platform User",
    "Chatter Free User",
    "Customer Community User",
    "Partner Community User",
    "Guest Profile",
    "Minimum Access - API Only Integrations",
    "Einstein Agent User",
    "XOrg Proxy User",
];

impl Seeder<'_> {
    pub(super) fn seed_licenses(&mut self) {
        for (key, label, seats) in SET_LICENSES {
            let id = self.add(
                "PermissionSetLicense",
                &[
                    ("DeveloperName", Value::text(key)),
                    ("MasterLabel", Value::text(label)),
                    ("PermissionSetLicenseKey", Value::text(key)),
                    ("Language", "en_US".into()),
                    ("Status", "Active".into()),
                    ("TotalLicenses", Value::Int(*seats)),
                    ("UsedLicenses", Value::Int(0)),
                ],
            );
            self.set_licenses.push(id);
        }
        for (namespace, seats, status) in PACKAGES {
            self.add(
                "PackageLicense",
                &[
                    ("NamespacePrefix", Value::text(namespace)),
                    ("Status", Value::text(status)),
                    ("IsProvisioned", true.into()),
                    ("AllowedLicenses", Value::Int(*seats)),
                    ("UsedLicenses", Value::Int(0)),
                ],
            );
        }
    }

    pub(super) fn seed_profiles(&mut self) {
        for name in SPECIAL {
            let id = self
                .org
                .find_one("Profile", "Name", &Value::text(name))
                .map(|row| row.id());
            if let Some(id) = id {
                self.special.insert(*name, id);
            }
        }
        for number in 0..self.size.profiles {
            let license = if number % 4 == 3 { "AUL" } else { "SFDC" };
            let name = match number {
                0 => "Custom: \"Sales\" & Führung's Profile".to_owned(),
                _ => format!("Custom Profile {number:03}"),
            };
            let rights: &[&str] = if number % 2 == 0 {
                &["PermissionsApiEnabled"]
            } else {
                &[]
            };
            let (profile, _) = seed_profile(self.org, &name, license, "Standard", rights);
            self.profiles.push(profile);
        }
        self.profiles
            .extend(self.special.get("Standard User").copied());
        let owned = self.org.db.rows("PermissionSet");
        let owned = owned.filter_map(|row| Some((row.get("ProfileId").as_id()?, row.id())));
        self.profile_sets = owned.collect();
    }
}
