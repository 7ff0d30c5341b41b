//! Chatter groups of each type, archived ones too, and their members.

use super::seeder::Seeder;
use super::words::AREAS;
use crate::org::id::Id;
use crate::org::value::Value;

/// Users who are members of a group, at most.
const MOST_MEMBERS: usize = 4000;

impl Seeder<'_> {
    pub(super) fn seed_chatter(&mut self) {
        let users = self.users.clone();
        let number = (users.len() / 100).clamp(4, 60);
        let mut groups = Vec::new();
        for index in 0..number {
            let area = AREAS.get(index % AREAS.len()).copied().unwrap_or("North");
            let kind = match index % 4 {
                1 => "Private",
                2 => "Unlisted",
                _ => "Public",
            };
            let owner = users.get(index).copied().unwrap_or(Id::ZERO);
            let group = self.add(
                "CollaborationGroup",
                &[
                    ("Name", Value::text(format!("{area} \"Talk\" {index}"))),
                    ("OwnerId", owner.into()),
                    ("CollaborationType", kind.into()),
                    ("Description", Value::text(format!("News from {area}"))),
                    ("IsArchived", (index % 4 == 3).into()),
                ],
            );
            groups.push((group, owner));
        }
        for (index, (group, owner)) in groups.iter().enumerate() {
            let members = users.iter().take(MOST_MEMBERS).skip(index).step_by(number);
            let others = members.copied().filter(|user| user != owner);
            let mut count = 1;
            self.seed_chatter_member(*group, *owner, "Admin");
            for (place, user) in others.enumerate() {
                let role = if place == 0 { "Admin" } else { "Standard" };
                self.seed_chatter_member(*group, user, role);
                count += 1;
            }
            let cells = [("MemberCount", Value::Int(count))];
            if let Err(error) = self.org.write("CollaborationGroup", *group, cells) {
                tracing::error!(%error, "a group vanished");
            }
        }
    }

    fn seed_chatter_member(&mut self, group: Id, user: Id, role: &str) {
        let cells = [
            ("CollaborationGroupId", group.into()),
            ("MemberId", user.into()),
            ("CollaborationRole", Value::text(role)),
        ];
        self.add("CollaborationGroupMember", &cells);
    }
}
