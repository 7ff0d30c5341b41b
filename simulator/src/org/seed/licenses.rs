//! Custom profiles, permission set licenses and package licenses.

use jiff::Timestamp;
use jiff::civil::Date;

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

/// Package licences: namespace, seats, status, expiration.
const PACKAGES: &[(&str, i64, &str, Option<&str>)] = &[
    ("sfcpq", 50, "Active", Some("2099-12-31T00:00:00Z")),
    ("freepkg", -1, "Active", None),
    ("oldpkg", 10, "Expired", Some("2024-06-30T00:00:00Z")),
    ("trialpkg", 3, "Trial", Some("2099-12-31T00:00:00Z")),
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
        self.add(
            "PermissionSetLicense",
            &[
                ("DeveloperName", "EndedPsl".into()),
                ("MasterLabel", "Ended".into()),
                ("PermissionSetLicenseKey", "EndedPsl".into()),
                ("Language", "en_US".into()),
                ("Status", "Disabled".into()),
                ("TotalLicenses", Value::Int(5)),
                ("UsedLicenses", Value::Int(0)),
                (
                    "ExpirationDate",
                    Date::new(2024, 6, 30).map_or(Value::Null, Value::Date),
                ),
            ],
        );
        for (namespace, seats, status, end) in PACKAGES {
            let end = end.and_then(|end| end.parse::<Timestamp>().ok());
            self.add(
                "PackageLicense",
                &[
                    ("ExpirationDate", end.map_or(Value::Null, Value::from)),
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
