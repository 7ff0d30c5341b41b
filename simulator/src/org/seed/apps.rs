//! Connected apps, access to them, and OAuth tokens.

use super::seeder::{Seeder, at};
use crate::org::id::Id;
use crate::org::value::Value;

impl Seeder<'_> {
    pub(super) fn seed_apps(&mut self) {
        for number in 0..self.size.connected_apps {
            let name = match number {
                0 => "Dataloader \"Pro\"".to_owned(),
                _ => format!("Connected App {number}"),
            };
            // Access only matters for apps that require admin approval.
            let restricted = number % 2 == 0;
            let app = self.add(
                "ConnectedApplication",
                &[
                    ("Name", Value::text(&name)),
                    ("UvidTimeout", Value::Int(1)),
                    ("OptionsAllowAdminApprovedUsersOnly", restricted.into()),
                ],
            );
            self.apps.push(app);
            self.add(
                "AppMenuItem",
                &[
                    ("Name", Value::text(&name)),
                    ("Label", Value::text(&name)),
                    ("Type", "ConnectedApplication".into()),
                    ("ApplicationId", app.into()),
                    ("SortOrder", Value::Int(i64::try_from(number).unwrap_or(0))),
                ],
            );
            self.open_app(number, app, "ConnectedApplication");
        }
        for number in 0..(self.size.connected_apps / 5).clamp(2, 6) {
            let app = self.add(
                "ExternalClientApplication",
                &[
                    (
                        "DeveloperName",
                        Value::text(format!("External_App_{number}")),
                    ),
                    ("MasterLabel", Value::text(format!("External App {number}"))),
                    ("ContactEmail", "owner@simulated.example".into()),
                    ("DistributionState", "Local".into()),
                ],
            );
            self.open_app(number + 1, app, "ExternalClientApplication");
        }
        // Not every row of this object is about an app.
        let tab = [
            ("Name", "Sales".into()),
            ("Label", "Sales".into()),
            ("Type", "TabSet".into()),
        ];
        let tab = self.add("AppMenuItem", &tab);
        self.open_app(0, tab, "TabSet");
        self.seed_tokens();
    }

    /// Gives access through permission sets and profiles.
    fn open_app(&mut self, number: usize, app: Id, kind: &str) {
        let mut parents = Vec::new();
        parents.extend(self.sets.get(number).copied());
        let profile = self.profiles.get(number % self.profiles.len().max(1));
        parents.extend(
            profile
                .and_then(|profile| self.profile_sets.get(profile))
                .copied(),
        );
        for parent in parents {
            self.add(
                "SetupEntityAccess",
                &[
                    ("ParentId", parent.into()),
                    ("SetupEntityId", app.into()),
                    ("SetupEntityType", Value::text(kind)),
                ],
            );
        }
    }

    /// Some people use several apps, and some approved one of them more than once.
    fn seed_tokens(&mut self) {
        let users: Vec<_> = self.users.iter().step_by(5).take(1000).copied().collect();
        for (number, user) in users.into_iter().enumerate() {
            self.seed_token(&format!("delete-token-{number}"), number, user, 0);
            match number % 4 {
                1 => self.seed_token(&format!("second-token-{number}"), number, user, 0),
                2 => self.seed_token(&format!("other-token-{number}"), number, user, 1),
                3 => {
                    let token = format!("external-token-{number}");
                    self.seed_token(&token, number, user, usize::MAX);
                }
                _ => {}
            }
        }
    }

    /// Adds a token for a connected app by its number, or for an external client app, which the app
    /// menu does not have.
    fn seed_token(&mut self, handle: &str, number: usize, user: Id, app: usize) {
        let app = self.apps.get(app).copied();
        let name = app.and_then(|app| self.org.db.get("ConnectedApplication", app));
        let name = name.map_or_else(|| "External App 0".into(), |row| row.get("Name").clone());
        let item = app.and_then(|app| {
            self.org
                .find_one("AppMenuItem", "ApplicationId", &Value::Id(app))
        });
        let item = item.map(|row| row.id());
        let seconds = i64::try_from(number).unwrap_or(0) * 3600;
        let count = i64::try_from(number % 9).unwrap_or(0);
        self.add(
            "OauthToken",
            &[
                ("AppName", name),
                ("AppMenuItemId", item.into()),
                ("UserId", user.into()),
                ("DeleteToken", Value::text(handle)),
                ("UseCount", Value::Int(count)),
                ("LastUsedDate", at(seconds + 1000).into()),
                ("CreatedDate", at(seconds).into()),
            ],
        );
    }
}
