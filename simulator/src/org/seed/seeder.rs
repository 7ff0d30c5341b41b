//! State shared by all seeding steps: the org, the random numbers, and the ids of seeded records.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::rng::Rng;
use super::size::SeedSize;
use crate::org::Org;
use crate::org::id::Id;
use crate::org::value::Value;

/// Earliest date in a seeded org.
const FOUNDED: i64 = 1_546_300_800;

/// Seeds an org.
pub(super) struct Seeder<'a> {
    pub(super) org: &'a mut Org,
    pub(super) rng: Rng,
    pub(super) size: SeedSize,
    /// Profiles of standard users.
    pub(super) profiles: Vec<Id>,
    /// Profiles of special users, by name.
    pub(super) special: BTreeMap<&'static str, Id>,
    pub(super) profile_sets: BTreeMap<Id, Id>,
    pub(super) roles: Vec<Id>,
    pub(super) role_groups: Vec<Id>,
    /// Permission sets that can be assigned to anyone.
    pub(super) sets: Vec<Id>,
    /// Permission set groups and their aggregate sets.
    pub(super) set_groups: Vec<(Id, Value)>,
    pub(super) set_licenses: Vec<Id>,
    pub(super) users: Vec<Id>,
    pub(super) groups: Vec<Id>,
    pub(super) queues: Vec<Id>,
    pub(super) apps: Vec<Id>,
}

impl<'a> Seeder<'a> {
    pub(super) fn new(org: &'a mut Org, size: SeedSize) -> Self {
        org.stamp = Timestamp::from_second(FOUNDED).ok();
        Self {
            org,
            rng: Rng::new(20_260_101),
            size,
            profiles: Vec::new(),
            special: BTreeMap::new(),
            profile_sets: BTreeMap::new(),
            roles: Vec::new(),
            role_groups: Vec::new(),
            sets: Vec::new(),
            set_groups: Vec::new(),
            set_licenses: Vec::new(),
            users: Vec::new(),
            groups: Vec::new(),
            queues: Vec::new(),
            apps: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, object: &str, cells: &[(&str, Value)]) -> Id {
        self.org.seed_row(
            object,
            cells.iter().map(|(name, value)| (*name, value.clone())),
        )
    }

    /// Returns a random time in the first seven years of the org.
    pub(super) fn moment(&mut self) -> Value {
        let seconds = self.rng.below(7 * 365 * 24 * 3600);
        Value::from(at(i64::try_from(seconds).unwrap_or(0)))
    }

    /// Assigns a permission set.
    pub(super) fn hold(&mut self, user: Id, set: Id) -> Id {
        let cells = [
            ("AssigneeId", Value::Id(user)),
            ("PermissionSetId", Value::Id(set)),
            ("IsActive", true.into()),
        ];
        self.add("PermissionSetAssignment", &cells)
    }

    /// Assigns a permission set group.
    pub(super) fn hold_group(&mut self, user: Id, group: Id, aggregate: &Value) -> Id {
        let cells = [
            ("AssigneeId", Value::Id(user)),
            ("PermissionSetGroupId", Value::Id(group)),
            ("PermissionSetId", aggregate.clone()),
            ("IsActive", true.into()),
        ];
        self.add("PermissionSetAssignment", &cells)
    }

    /// Adds a member to a public group or queue.
    pub(super) fn join(&mut self, group: Id, member: Id) -> Id {
        self.add(
            "GroupMember",
            &[("GroupId", group.into()), ("UserOrGroupId", member.into())],
        )
    }

    /// Counts used seats and sets the total seats of each license well above them.
    pub(super) fn finish(&mut self) {
        self.count_user_licenses();
        self.count_seats(
            "PermissionSetLicenseAssign",
            "PermissionSetLicenseId",
            "PermissionSetLicense",
            "TotalLicenses",
        );
        self.count_seats(
            "UserPackageLicense",
            "PackageLicenseId",
            "PackageLicense",
            "AllowedLicenses",
        );
        let expiries: Vec<Value> = self
            .org
            .db
            .rows("PermissionSetAssignment")
            .map(|row| row.get("ExpirationDate").clone())
            .filter(|at| !at.is_null())
            .collect();
        for at in expiries {
            self.org.note_expiry(&at);
        }
        self.org.expire_assignments();
        self.org.stamp = None;
        self.org.undo.clear();
    }

    fn count_user_licenses(&mut self) {
        let mut used: BTreeMap<Id, i64> = BTreeMap::new();
        let licenses: BTreeMap<Id, Id> = self
            .org
            .db
            .rows("Profile")
            .filter_map(|row| Some((row.id(), row.get("UserLicenseId").as_id()?)))
            .collect();
        for user in self
            .org
            .db
            .rows("User")
            .filter(|user| user.get("IsActive").is_true())
        {
            let license = user
                .get("ProfileId")
                .as_id()
                .and_then(|id| licenses.get(&id));
            if let Some(license) = license {
                *used.entry(*license).or_default() += 1;
            }
        }
        self.write_seats("UserLicense", "TotalLicenses", &used);
    }

    fn count_seats(&mut self, holding: &str, by: &str, license: &str, total: &str) {
        let mut used: BTreeMap<Id, i64> = BTreeMap::new();
        for row in self.org.db.rows(holding) {
            if let Some(id) = row.get(by).as_id() {
                *used.entry(id).or_default() += 1;
            }
        }
        self.write_seats(license, total, &used);
    }

    fn write_seats(&mut self, license: &str, total: &str, used: &BTreeMap<Id, i64>) {
        let rows: Vec<(Id, i64)> = self
            .org
            .db
            .rows(license)
            .map(|row| (row.id(), row.get(total).as_int().unwrap_or(0)))
            .collect();
        for (id, planned) in rows {
            let used = used.get(&id).copied().unwrap_or(0);
            // Site licenses (-1) are unlimited, sold-out ones (0) have no seats; others keep free seats.
            let bound = if planned <= 0 {
                planned
            } else {
                planned.max(used + used / 10 + 5)
            };
            let cells = [
                ("UsedLicenses", Value::Int(used)),
                (total, Value::Int(bound)),
            ];
            if let Err(error) = self.org.write(license, id, cells) {
                tracing::error!(%error, "a licence vanished while it was counted");
            }
        }
    }
}

/// Returns a time this many seconds after the earliest date.
pub(super) fn at(seconds: i64) -> Timestamp {
    let founded = Timestamp::from_second(FOUNDED).unwrap_or(Timestamp::UNIX_EPOCH);
    founded
        .checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(founded)
}
