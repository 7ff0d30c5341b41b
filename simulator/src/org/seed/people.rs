//! Standard users, and the records that every user has.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::seeder::{Seeder, at};
use super::words::{DEPARTMENTS, FIRST, LAST, TITLES};
use crate::org::id::Id;
use crate::org::schema::{FieldDef, FieldType};
use crate::org::value::Value;

impl Seeder<'_> {
    pub(super) fn seed_people(&mut self) {
        let schema = self.org.db.schema_mut();
        schema.add_custom_field("User", FieldDef::new("Cost_Center__c", FieldType::Text));
        schema.add_custom_field("User", FieldDef::new("Start_Date__c", FieldType::Date));
        schema.add_custom_field("User", FieldDef::new("Badge__c", FieldType::Double));
        for number in 0..self.size.users {
            let user = self.seed_person(number);
            if number % 97 == 50 {
                self.set_login(user, "IsFrozen");
            }
            self.users.push(user);
        }
    }

    fn seed_person(&mut self, number: usize) -> Id {
        let first = FIRST.get(number % FIRST.len()).copied().unwrap_or("Ada");
        let last = LAST
            .get(number * 7 % LAST.len())
            .copied()
            .unwrap_or("Lovelace");
        let profile = self.rng.pick(&self.profiles).unwrap_or(Id::ZERO);
        let role = self.roles.get(self.rng.below(self.roles.len())).copied();
        let manager = self.users.get(number / 8).copied();
        let days = i16::try_from(self.rng.below(365)).unwrap_or(0);
        let start = Date::new(2019, 1, 1)
            .ok()
            .map(|first| first.saturating_add(jiff::Span::new().days(days)));
        let badge = f64::from(u32::try_from(self.rng.below(100_000)).unwrap_or(0)) / 10.0;
        let department = self.rng.pick(DEPARTMENTS).unwrap_or("Sales");
        let title = self.rng.pick(TITLES).unwrap_or("Agent");
        let mut cells = vec![
            ("FirstName", Value::text(first)),
            ("LastName", Value::text(last)),
            ("UserRoleId", role.into()),
            ("ManagerId", manager.into()),
            ("Department", Value::text(department)),
            ("Title", Value::text(title)),
            ("EmployeeNumber", Value::text(format!("E{number:06}"))),
            ("CompanyName", "Simulated Org".into()),
            (
                "Cost_Center__c",
                Value::text(format!("CC-{:03}", number % 37)),
            ),
            ("Start_Date__c", start.into()),
            ("Badge__c", Value::Double(badge)),
            ("CreatedDate", self.moment()),
            ("IsActive", Value::Bool(number % 11 != 10)),
            (
                "UserPermissionsMarketingUser",
                Value::Bool(number.is_multiple_of(13)),
            ),
            (
                "UserPermissionsKnowledgeUser",
                Value::Bool(number % 17 == 3),
            ),
            (
                "UserPermissionsInteractionUser",
                Value::Bool(number % 29 == 1),
            ),
            ("UserPermissionsSupportUser", Value::Bool(number % 7 == 5)),
        ];
        if !number.is_multiple_of(3) {
            cells.push((
                "FederationIdentifier",
                Value::text(format!("fed-{number:06}")),
            ));
        }
        if number % 5 != 4 {
            cells.push(("LastLoginDate", self.last_login(number)));
        }
        self.seed_user(&format!("user{number:06}"), profile, &cells)
    }

    /// Relative to now, as sign-ins are. Most people signed in lately, some not for years.
    fn last_login(&mut self, number: usize) -> Value {
        let days = match number % 20 {
            0..=11 => self.rng.below(7),
            12..=15 => self.rng.below(90),
            16 | 17 => self.rng.below(365),
            _ => self.rng.below(1500),
        };
        let hours = i64::try_from(days * 24 + number % 24).unwrap_or(0);
        let now = self.org.clock.now();
        let then = now.checked_sub(SignedDuration::from_hours(hours));
        // The API shows whole seconds.
        let then = then.map_or(0, Timestamp::as_second);
        Value::from(Timestamp::from_second(then).unwrap_or(now))
    }

    /// Adds a user with the usual fields, a `UserLogin` record and the permission set of the profile.
    pub(super) fn seed_user(&mut self, name: &str, profile: Id, cells: &[(&str, Value)]) -> Id {
        let user = self.seed_bare_user(name, profile, cells);
        let seconds = i64::try_from(self.rng.below(1_000_000)).unwrap_or(0);
        let changed = Value::from(at(seconds));
        self.add(
            "UserLogin",
            &[("UserId", user.into()), ("LastModifiedDate", changed)],
        );
        user
    }

    /// Adds a user without a `UserLogin` record.
    pub(super) fn seed_bare_user(
        &mut self,
        name: &str,
        profile: Id,
        cells: &[(&str, Value)],
    ) -> Id {
        let email = format!("{name}@simulated.example");
        let alias: String = name.chars().rev().take(8).collect();
        let kind = self.org.profile_field(profile, "UserType");
        let mut all = vec![
            ("Username", Value::text(&email)),
            ("Email", Value::text(&email)),
            ("Alias", Value::text(alias)),
            ("CommunityNickname", Value::text(name)),
            ("IsActive", Value::Bool(true)),
            ("UserType", kind),
            ("ProfileId", profile.into()),
            ("TimeZoneSidKey", "Europe/Berlin".into()),
            ("LocaleSidKey", "de_DE".into()),
            ("LanguageLocaleKey", "en_US".into()),
            ("EmailEncodingKey", "UTF-8".into()),
        ];
        all.extend(cells.iter().cloned());
        let user = self.add("User", &all);
        if let Some(set) = self.profile_sets.get(&profile).copied() {
            self.hold(user, set);
        }
        user
    }
}
