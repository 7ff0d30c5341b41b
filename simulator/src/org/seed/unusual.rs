//! Unusual data of real orgs. Every seeded org contains all of it.

use jiff::Timestamp;

use super::seeder::Seeder;
use crate::org::id::Id;
use crate::org::value::Value;

/// A time in the future and a time in the past.
const FAR_FUTURE: &str = "2099-12-31T00:00:00Z";
const PAST: &str = "2024-06-30T00:00:00Z";

impl Seeder<'_> {
    pub(super) fn seed_unusual(&mut self) {
        self.seed_unusual_logins();
        self.seed_outsiders();
        self.seed_machines();
        self.seed_unusual_assignments();
        self.seed_license_holders();
    }

    fn profile(&self, name: &str) -> Id {
        self.special.get(name).copied().unwrap_or(Id::ZERO)
    }

    fn seed_unusual_logins(&mut self) {
        let standard = self.profile("Standard User");
        let frozen = self.seed_user("frozen", standard, &[("LastName", "Frozen".into())]);
        self.set_login(frozen, "IsFrozen");
        let locked = self.seed_user("locked", standard, &[("LastName", "Locked".into())]);
        self.set_login(locked, "IsPasswordLocked");
        self.seed_bare_user("nologin", standard, &[("LastName", "Without Login".into())]);
        // Without first name and role, and with an email address that others share.
        let shared = ("Email", Value::text("shared.mailbox@simulated.example"));
        for number in 0..3 {
            let cells = [
                ("LastName", Value::text(format!("Mononym{number}"))),
                shared.clone(),
            ];
            self.seed_user(&format!("shared{number}"), standard, &cells);
        }
        let quoted = [
            ("FirstName", Value::text("Conan \"The\\Quote\"")),
            ("LastName", Value::text("O'Neill; DROP TABLE-- 漢字")),
        ];
        self.seed_user("o'neill+test", standard, &quoted);
        // Inactive, but still holding sets, a group of sets and memberships.
        let gone = [("LastName", "Gone".into()), ("IsActive", false.into())];
        let gone = self.seed_user("gone", standard, &gone);
        if let Some(set) = self.sets.first().copied() {
            self.hold(gone, set);
        }
        if let Some((group, aggregate)) = self.set_groups.first().cloned() {
            self.hold_group(gone, group, &aggregate);
        }
        if let Some(group) = self.groups.first().copied() {
            self.join(group, gone);
        }
        // A second administrator, so that the first can be deactivated.
        let admin = self.profile("System Administrator");
        self.seed_user("second.admin", admin, &[("LastName", "Admin".into())]);
    }

    pub(super) fn set_login(&mut self, user: Id, flag: &str) {
        let row = self
            .org
            .find_one("UserLogin", "UserId", &user.into())
            .map(|row| row.id());
        if let Some(id) = row
            && let Err(error) = self.org.write("UserLogin", id, [(flag, Value::Bool(true))])
        {
            tracing::error!(%error, "a login row vanished");
        }
    }

    /// Portal users have contacts.
    fn seed_outsiders(&mut self) {
        let admin = self.org.integration_user;
        let account = [
            ("Name", Value::text("Partner & Söhne")),
            ("OwnerId", admin.into()),
        ];
        let account = self.add("Account", &account);
        let outsiders = [
            ("portal", "Customer Community User"),
            ("partner", "Partner Community User"),
        ];
        for (name, profile) in outsiders {
            let contact = self.add(
                "Contact",
                &[
                    ("LastName", Value::text(name)),
                    ("AccountId", account.into()),
                    ("OwnerId", admin.into()),
                ],
            );
            let cells = [
                ("FirstName", "Outside".into()),
                ("LastName", Value::text(name)),
                ("ContactId", contact.into()),
                ("AccountId", account.into()),
                ("IsPortalEnabled", true.into()),
            ];
            let profile = self.profile(profile);
            self.seed_user(name, profile, &cells);
        }
        let guest = self.profile("Guest Profile");
        self.seed_bare_user(
            "site.guest",
            guest,
            &[("LastName", "Site Guest User".into())],
        );
        let chatter = self.profile("Chatter Free User");
        self.seed_user("chatter", chatter, &[("LastName", "Chatter".into())]);
    }

    fn seed_machines(&mut self) {
        let standard = self.profile("Standard User");
        let process = [
            ("LastName", "Automated Process".into()),
            ("UserType", "AutomatedProcess".into()),
        ];
        self.seed_bare_user("autoproc", standard, &process);
        let integration = self.profile("Minimum Access - API Only Integrations");
        let cloud = [
            ("FirstName", "Platform".into()),
            ("LastName", "Integration".into()),
            ("UserType", "CloudIntegrationUser".into()),
        ];
        self.seed_bare_user("cloud.integration", integration, &cloud);
        self.seed_user(
            "integration",
            integration,
            &[("LastName", "Integration Two".into())],
        );
        let agent = self.profile("Einstein Agent User");
        let agent = self.seed_user("agent", agent, &[("LastName", "Service Agent".into())]);
        let proxy = self.profile("XOrg Proxy User");
        self.seed_user("proxy", proxy, &[("LastName", "Proxy".into())]);
        // A user without a type.
        let empty = [("LastName", "Typeless".into()), ("UserType", Value::Null)];
        self.seed_bare_user("typeless", standard, &empty);
        self.add(
            "BotDefinition",
            &[
                ("DeveloperName", "Service_Agent".into()),
                ("MasterLabel", "Service Agent".into()),
                ("Type", "ExternalCopilot".into()),
                ("AgentType", "EinsteinServiceAgent".into()),
                ("BotUserId", agent.into()),
            ],
        );
        // One that runs as whoever talks to it, and one without a label.
        let others = [
            (
                "Employee_Agent",
                Value::text("Employee \"Agent\""),
                "InternalCopilot",
            ),
            ("Old_Bot", Value::Null, "Bot"),
        ];
        for (name, label, kind) in others {
            let bot = self.add(
                "BotDefinition",
                &[
                    ("DeveloperName", name.into()),
                    ("MasterLabel", label),
                    ("Type", kind.into()),
                ],
            );
            self.add(
                "BotVersion",
                &[
                    ("BotDefinitionId", bot.into()),
                    ("DeveloperName", "v1".into()),
                    ("Status", "Inactive".into()),
                    ("VersionNumber", Value::Int(1)),
                ],
            );
        }
        self.seed_territories();
    }

    fn seed_unusual_assignments(&mut self) {
        let standard = self.profile("Standard User");
        let cells = [
            ("FirstName", "Odd".into()),
            ("LastName", "Assignments".into()),
        ];
        let user = self.seed_user("odd.assignments", standard, &cells);
        let sets = self.sets.clone();
        let when = |text: &str| text.parse::<Timestamp>().map_or(Value::Null, Value::from);
        let dated = [
            (sets.first(), ("ExpirationDate", when(PAST)), false, false),
            (
                sets.get(1),
                ("ExpirationDate", when(FAR_FUTURE)),
                true,
                false,
            ),
            (sets.get(2), ("ExpirationDate", Value::Null), false, true),
        ];
        for (set, expiry, active, revoked) in dated {
            let Some(set) = set.copied() else { continue };
            let cells = [
                ("AssigneeId", user.into()),
                ("PermissionSetId", set.into()),
                expiry,
                ("IsActive", active.into()),
                ("IsRevoked", revoked.into()),
            ];
            self.add("PermissionSetAssignment", &cells);
        }
        let session = self.add(
            "PermissionSet",
            &[
                ("Name", "Session_Set".into()),
                ("Label", "Session Activated".into()),
                ("Type", "Session".into()),
                ("IsCustom", true.into()),
                ("HasActivationRequired", true.into()),
            ],
        );
        self.hold(user, session);
        let standard_set = self.add(
            "PermissionSet",
            &[
                ("Name", "Commerce_Shopper".into()),
                ("Label", "Commerce Shopper".into()),
                ("Type", "Standard".into()),
                ("NamespacePrefix", "sfdc_comm".into()),
            ],
        );
        self.hold(user, standard_set);
    }

    fn seed_license_holders(&mut self) {
        let users: Vec<Id> = self.users.iter().step_by(4).copied().take(2000).collect();
        let licenses: Vec<Id> = self.set_licenses.iter().take(2).copied().collect();
        for (user, license) in users.iter().zip(licenses.iter().cycle()) {
            let cells = [
                ("AssigneeId", (*user).into()),
                ("PermissionSetLicenseId", (*license).into()),
            ];
            self.add("PermissionSetLicenseAssign", &cells);
        }
        let packages: Vec<Id> = self
            .org
            .db
            .rows("PackageLicense")
            .map(|row| row.id())
            .take(2)
            .collect();
        for (user, package) in users.iter().rev().zip(packages.iter().cycle()) {
            let cells = [
                ("UserId", (*user).into()),
                ("PackageLicenseId", (*package).into()),
            ];
            self.add("UserPackageLicense", &cells);
        }
        // Permission sets with a license: with free seats, without free seats, and for users of
        // another license.
        let aul = self
            .org
            .find_one("UserLicense", "LicenseDefinitionKey", &"AUL".into());
        let aul = aul.map(|row| row.id());
        let wanted = [
            ("Needs_License", self.set_licenses.get(2).copied()),
            ("Needs_Sold_Out_License", self.set_licenses.get(3).copied()),
            ("Platform_Users_Only", aul),
        ];
        for (name, license) in wanted {
            self.add(
                "PermissionSet",
                &[
                    ("Name", Value::text(name)),
                    ("Label", Value::text(name.replace('_', " "))),
                    ("Type", "Regular".into()),
                    ("IsCustom", true.into()),
                    ("LicenseId", license.into()),
                ],
            );
        }
    }
}
