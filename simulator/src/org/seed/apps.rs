//! Connected apps, access to them, and OAuth tokens.

use super::seeder::{Seeder, at};
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
            self.open_app(number);
        }
        self.seed_tokens();
    }

    /// Gives access through permission sets and profiles.
    fn open_app(&mut self, number: usize) {
        let Some(app) = self.apps.get(number).copied() else {
            return;
        };
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
                    ("SetupEntityType", "ConnectedApplication".into()),
                ],
            );
        }
    }

    fn seed_tokens(&mut self) {
        let users: Vec<_> = self.users.iter().step_by(5).take(200).copied().collect();
        for (number, user) in users.into_iter().enumerate() {
            let seconds = i64::try_from(number).unwrap_or(0) * 3600;
            self.add(
                "OauthToken",
                &[
                    ("AppName", "Dataloader \"Pro\"".into()),
                    ("UserId", user.into()),
                    ("DeleteToken", Value::text(format!("delete-token-{number}"))),
                    (
                        "UseCount",
                        Value::Int(i64::try_from(number % 9).unwrap_or(0)),
                    ),
                    ("LastUsedDate", at(seconds + 1000).into()),
                    ("CreatedDate", at(seconds).into()),
                ],
            );
        }
    }
}
