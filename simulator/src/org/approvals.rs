//! Approvals of apps by users. An approval is a family of refresh tokens: the first one and those
//! that replaced it. Each approval has a record of `OauthToken`.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::Org;
use super::id::Id;
use super::table::RowRef;
use super::value::Value;

/// Approvals that a user can give to one app; the next one ends the oldest. Source: Salesforce Help,
/// "Manage OAuth Access Policies": a user can approve an app five times.
const LARGEST_NUMBER: usize = 5;

/// Identifies an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FamilyId(u64);

/// An approval that has not ended.
#[derive(Debug, Clone)]
pub(crate) struct Family {
    pub(crate) user_id: String,
    pub(crate) scope: String,
    client_id: String,
    /// The refresh token that can be used.
    current: String,
    /// Its record of `OauthToken`.
    record: Id,
    uses: i64,
    given: Timestamp,
}

/// A refresh token that was ever issued.
#[derive(Debug, Clone)]
struct Issued {
    family: FamilyId,
    /// Whether another one has replaced it.
    spent: bool,
}

/// All approvals of the org.
#[derive(Debug, Clone, Default)]
pub(super) struct Approvals {
    families: BTreeMap<FamilyId, Family>,
    tokens: HashMap<String, Issued>,
    next: u64,
    replays: u64,
    lost: u64,
}

/// The result of a refresh.
#[derive(Debug)]
pub(crate) struct Refreshed {
    pub(crate) family: FamilyId,
    /// The refresh token that replaces the used one, if the app rotates them.
    pub(crate) replacement: Option<String>,
}

impl Org {
    /// Adds a refresh token of a user for the connected app, as if the user had approved it.
    ///
    /// # Panics
    /// If there is no such user.
    pub fn add_refresh_token(&mut self, token: &str, username: &str) {
        let Some(user_id) = self.user_by_username(username) else {
            super::wrong_test(&format!("no user {username}"));
        };
        self.approve_with(token.to_owned(), &user_id, "refresh_token api id");
    }

    /// Counts the refresh tokens that were used after another one had replaced them.
    #[must_use]
    pub fn replayed_refresh_tokens(&self) -> u64 {
        self.approvals.replays
    }

    /// Counts the approvals that ended because a refresh token or a code was used again.
    #[must_use]
    pub fn lost_token_families(&self) -> u64 {
        self.approvals.lost
    }

    /// Approves the app for a user. Returns the approval and its first refresh token.
    pub(crate) fn approve(&mut self, user_id: &str, scope: &str) -> (FamilyId, String) {
        let token = new_token();
        let family = self.approve_with(token.clone(), user_id, scope);
        (family, token)
    }

    pub(super) fn approve_with(&mut self, token: String, user_id: &str, scope: &str) -> FamilyId {
        let client_id = self.settings.client.id.clone();
        let same = |family: &Family| family.user_id == user_id && family.client_id == client_id;
        let families = self.approvals.families.iter();
        let known: Vec<FamilyId> = families
            .filter(|(_, family)| same(family))
            .map(|(id, _)| *id)
            .collect();
        // Ids grow, so the first is the oldest.
        let surplus = (known.len() + 1).saturating_sub(LARGEST_NUMBER);
        for oldest in known.into_iter().take(surplus) {
            self.end_family(oldest);
        }
        let record = self.seed_row(
            "OauthToken",
            [
                ("AppName", Value::text(&self.settings.client.name)),
                ("UserId", Id::parse(user_id).ok().into()),
                ("DeleteToken", Value::text(new_token())),
                ("UseCount", Value::Int(1)),
                ("LastUsedDate", self.clock.now().into()),
            ],
        );
        let id = FamilyId(self.approvals.next);
        self.approvals.next += 1;
        let family = Family {
            user_id: user_id.to_owned(),
            scope: scope.to_owned(),
            client_id,
            current: token.clone(),
            record,
            uses: 1,
            given: self.clock.now(),
        };
        self.approvals.families.insert(id, family);
        self.approvals.tokens.insert(
            token,
            Issued {
                family: id,
                spent: false,
            },
        );
        id
    }

    /// Returns an approval that has not ended.
    pub(crate) fn family(&self, id: FamilyId) -> Option<&Family> {
        self.approvals.families.get(&id)
    }

    /// Returns the approval of a refresh token that can be used.
    pub(crate) fn family_of(&self, token: &str) -> Option<(FamilyId, &Family)> {
        let id = self.approvals.tokens.get(token)?.family;
        let family = self.approvals.families.get(&id)?;
        let client = &self.settings.client;
        let expired = client.refresh_token_lifetime.is_some_and(|lifetime| {
            let age = self.clock.now().duration_since(family.given);
            age >= SignedDuration::try_from(lifetime).unwrap_or(SignedDuration::MAX)
        });
        let usable = !expired && family.current == token && family.client_id == client.id;
        usable.then_some((id, family))
    }

    /// Ends the approval of a refresh token that another one has replaced: the client or a thief
    /// uses an old copy. Returns whether the token is such a one. Source: RFC 9700, 4.14.2.
    pub(crate) fn end_if_replayed(&mut self, token: &str) -> bool {
        let Some(Issued {
            family,
            spent: true,
        }) = self.approvals.tokens.get(token).cloned()
        else {
            return false;
        };
        self.approvals.replays += 1;
        self.lose_family(family);
        true
    }

    /// Uses a refresh token that can be used; replaces it if the app rotates refresh tokens.
    pub(crate) fn use_refresh_token(&mut self, token: &str) -> Option<Refreshed> {
        let (id, _) = self.family_of(token)?;
        let family = self.approvals.families.get_mut(&id)?;
        family.uses += 1;
        let (record, uses) = (family.record, family.uses);
        let replacement = self.settings.client.rotate_refresh_tokens.then(new_token);
        if let Some(fresh) = &replacement {
            family.current.clone_from(fresh);
            if let Some(old) = self.approvals.tokens.get_mut(token) {
                old.spent = true;
            }
            let issued = Issued {
                family: id,
                spent: false,
            };
            self.approvals.tokens.insert(fresh.clone(), issued);
        }
        let changes = [
            ("UseCount", Value::Int(uses)),
            ("LastUsedDate", self.clock.now().into()),
        ];
        if let Err(error) = self.write("OauthToken", record, changes) {
            tracing::debug!(%error, "the record of the approval is gone");
        }
        self.undo.clear();
        Some(Refreshed {
            family: id,
            replacement,
        })
    }

    /// Ends an approval because something of it was used twice.
    pub(crate) fn lose_family(&mut self, id: FamilyId) {
        if self.end_family(id) {
            self.approvals.lost += 1;
        }
    }

    /// Ends an approval. Returns whether it had not ended.
    fn end_family(&mut self, id: FamilyId) -> bool {
        let Some(family) = self.approvals.families.remove(&id) else {
            return false;
        };
        self.remove("OauthToken", family.record);
        self.undo.clear();
        true
    }

    /// Ends the approval of a refresh token, or of the `OauthToken` record with this `DeleteToken`.
    pub(crate) fn revoke_token(&mut self, token: &str) -> bool {
        if token.is_empty() {
            return false;
        }
        if let Some((id, _)) = self.family_of(token) {
            return self.end_family(id);
        }
        let handle = |row: &RowRef<'_>| row.get("DeleteToken").as_str() == Some(token);
        let record = self.db.rows("OauthToken").find(handle).map(|row| row.id());
        let Some(record) = record else {
            return false;
        };
        let mut families = self.approvals.families.iter();
        let family = families.find(|(_, family)| family.record == record);
        if let Some(id) = family.map(|(id, _)| *id) {
            return self.end_family(id);
        }
        // An approval of another app.
        let removed = self.remove("OauthToken", record);
        self.undo.clear();
        removed
    }
}

fn new_token() -> String {
    let random = || Uuid::new_v4().simple().to_string();
    format!("5Aep861{}{}", random(), random())
}
