//! Public groups and queues, including nested and cyclic ones.

use super::seeder::Seeder;
use super::words::AREAS;
use crate::org::id::Id;
use crate::org::value::Value;

impl Seeder<'_> {
    pub(super) fn seed_groups(&mut self) {
        for number in 0..self.size.groups {
            let area = AREAS.get(number % AREAS.len()).copied().unwrap_or("North");
            let name = match number {
                0 => "Müller's \"A-Team\" \\ 東京".to_owned(),
                _ => format!("{area} Team {number}"),
            };
            let group = self.seed_group(&name, &format!("Team_{number}"), "Regular");
            self.groups.push(group);
        }
        for number in 0..self.size.queues {
            let name = format!("Queue {number}");
            let queue = self.seed_group(&name, &format!("Queue_{number}"), "Queue");
            for object in ["Case", "Lead"] {
                self.add(
                    "QueueSobject",
                    &[("QueueId", queue.into()), ("SobjectType", object.into())],
                );
            }
            self.queues.push(queue);
        }
        self.nest();
    }

    fn seed_group(&mut self, name: &str, developer_name: &str, kind: &str) -> Id {
        let owner = self.org.organization;
        self.add(
            "Group",
            &[
                ("Name", Value::text(name)),
                ("DeveloperName", Value::text(developer_name)),
                ("Type", Value::text(kind)),
                ("OwnerId", owner.into()),
                ("DoesIncludeBosses", true.into()),
            ],
        )
    }

    /// Adds three levels of groups, a cycle, and role groups and the group of all users as members.
    fn nest(&mut self) {
        for triple in self.groups.clone().chunks_exact(3).step_by(4) {
            if let [outer, middle, inner] = triple {
                self.join(*outer, *middle);
                self.join(*middle, *inner);
            }
        }
        // The API rejects cycles, but some orgs have them.
        if let [.., one, two] = self.groups.clone().as_slice() {
            self.join(*one, *two);
            self.join(*two, *one);
        }
        let roles: Vec<Id> = self
            .role_groups
            .iter()
            .step_by(4)
            .copied()
            .take(20)
            .collect();
        let groups = self.groups.clone();
        for (role, group) in roles.into_iter().zip(groups.iter().cycle()) {
            self.join(*group, role);
        }
        let everybody = self
            .org
            .find_one("Group", "DeveloperName", &"AllInternalUsers".into());
        let everybody = everybody.map(|row| row.id());
        if let (Some(everybody), Some(group)) = (everybody, groups.get(1)) {
            self.join(*group, everybody);
        }
        if let (Some(queue), Some(group)) = (self.queues.first().copied(), groups.first()) {
            self.join(queue, *group);
        }
    }
}
