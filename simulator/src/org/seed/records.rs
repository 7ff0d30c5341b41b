//! Standard records that users own.

use jiff::civil::Date;

use super::seeder::Seeder;
use crate::org::value::Value;

impl Seeder<'_> {
    pub(super) fn seed_records(&mut self) {
        let owners = self.users.clone();
        for (number, owner) in owners.into_iter().enumerate() {
            for turn in 0..self.size.records_per_user {
                let name = format!("Account {number}-{turn}");
                let owner = Value::Id(owner);
                let account = [("Name", Value::text(&name)), ("OwnerId", owner.clone())];
                let account = Value::Id(self.add("Account", &account));
                let close = Date::new(2027, 3, 31).map_or(Value::Null, Value::Date);
                self.add(
                    "Opportunity",
                    &[
                        ("Name", Value::text(format!("Deal {number}-{turn}"))),
                        ("AccountId", account.clone()),
                        ("OwnerId", owner.clone()),
                        ("StageName", "Prospecting".into()),
                        ("CloseDate", close),
                    ],
                );
                self.add(
                    "Task",
                    &[
                        ("Subject", "Call back".into()),
                        ("WhatId", account.clone()),
                        ("OwnerId", owner.clone()),
                    ],
                );
                self.add(
                    "Case",
                    &[
                        ("CaseNumber", Value::text(format!("{number:06}{turn:02}"))),
                        ("Subject", "Broken".into()),
                        ("AccountId", account),
                        ("OwnerId", owner),
                    ],
                );
            }
        }
    }
}
