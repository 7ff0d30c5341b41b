//! Users and `UserLogin` records: uniqueness, seats, activation and freezing.

use super::Caller;
use super::draft::Draft;
use crate::org::Org;
use crate::org::error::OrgError;
use crate::org::id::Id;
use crate::org::value::Value;

/// How many suffixes are tried to find a free nickname.
const NICKNAME_TRIES: u32 = 1000;

impl Org {
    pub(super) fn before_user_create(&mut self, draft: &mut Draft) -> Result<Option<Id>, OrgError> {
        let username = draft.text("Username").unwrap_or_default().to_lowercase();
        if !draft.has("CommunityNickname") {
            let nickname = self.free_nickname(&username);
            draft.set("CommunityNickname", nickname);
        }
        draft.set("Username", username);
        let profile = draft.id("ProfileId").unwrap_or(Id::ZERO);
        let user_type = self.profile_field(profile, "UserType");
        draft.set("UserType", user_type);
        self.check_manager(None, draft)?;
        if draft.named("IsActive").is_none_or(Value::is_true) {
            self.take_user_license(profile)?;
            self.check_feature_seats(None, draft)?;
        }
        Ok(None)
    }

    pub(super) fn after_user_create(&mut self, id: Id, draft: &Draft) -> Result<(), OrgError> {
        self.add("UserLogin", [("UserId", Value::Id(id))])?;
        self.assign_profile_set(id, draft.id("ProfileId").unwrap_or(Id::ZERO))
    }

    pub(super) fn before_user_update(
        &mut self,
        caller: &Caller,
        id: Id,
        draft: &mut Draft,
    ) -> Result<(), OrgError> {
        if let Some(username) = draft.text("Username").map(str::to_lowercase) {
            draft.set("Username", username);
        }
        self.check_manager(Some(id), draft)?;
        let (was_active, old_profile, user_type) = {
            let user = self.db.get("User", id).ok_or_else(OrgError::no_access)?;
            let user_type = user.get("UserType").as_str().unwrap_or_default().to_owned();
            (
                user.get("IsActive").is_true(),
                user.get("ProfileId").as_id().unwrap_or(Id::ZERO),
                user_type,
            )
        };
        if matches!(
            user_type.as_str(),
            "AutomatedProcess" | "CloudIntegrationUser"
        ) {
            return Err(OrgError::no_access());
        }
        let active = draft.named("IsActive").map_or(was_active, Value::is_true);
        let profile = draft.id("ProfileId").unwrap_or(old_profile);
        if was_active && !active {
            self.check_deactivation(caller, id)?;
        }
        if was_active && (!active || profile != old_profile) {
            self.check_last_admin(id, old_profile, if active { Some(profile) } else { None })?;
            self.release_user_license(old_profile)?;
        }
        if active && (!was_active || profile != old_profile) {
            self.take_user_license(profile)?;
        }
        if active {
            self.check_feature_seats(Some((id, was_active)), draft)?;
        }
        if profile != old_profile {
            let user_type = self.profile_field(profile, "UserType");
            draft.set("UserType", user_type);
            self.assign_profile_set(id, profile)?;
        }
        Ok(())
    }

    pub(super) fn before_login_update(
        &self,
        caller: &Caller,
        id: Id,
        draft: &Draft,
    ) -> Result<(), OrgError> {
        let row = self
            .db
            .get("UserLogin", id)
            .ok_or_else(OrgError::no_access)?;
        if draft.get("IsFrozen").is_true() && row.get("UserId").as_id() == Some(caller.user) {
            let text = "You can't freeze your own user account.";
            return Err(OrgError::dml("CANNOT_FREEZE_SELF", text, &["IsFrozen"]));
        }
        let locked = row.get("IsPasswordLocked").is_true();
        if draft.get("IsPasswordLocked").is_true() && !locked {
            let text = "You can't lock a user's password; you can only unlock it.";
            return Err(OrgError::dml(
                "CANNOT_PASSWORD_LOCKOUT",
                text,
                &["IsPasswordLocked"],
            ));
        }
        Ok(())
    }

    fn check_deactivation(&self, caller: &Caller, id: Id) -> Result<(), OrgError> {
        if id == caller.user {
            let text = "You can't deactivate yourself.";
            return Err(OrgError::dml(
                "FIELD_INTEGRITY_EXCEPTION",
                text,
                &["IsActive"],
            ));
        }
        match self.settings.deactivation_blockers.get(&id.to_string()) {
            Some(blocker) => {
                let fields: Vec<_> = blocker.fields.iter().map(String::as_str).collect();
                Err(OrgError::dml(&blocker.code, &blocker.message, &fields))
            }
            None => Ok(()),
        }
    }

    /// Rejects the deactivation of the last active administrator.
    fn check_last_admin(&self, id: Id, old: Id, new: Option<Id>) -> Result<(), OrgError> {
        let rules_all = |profile: Id| {
            let profile = self.db.get("Profile", profile);
            profile.is_some_and(|profile| profile.get("PermissionsModifyAllData").is_true())
        };
        if !rules_all(old) || new.is_some_and(rules_all) {
            return Ok(());
        }
        let admins = self
            .db
            .rows("Profile")
            .map(|row| row.id())
            .filter(|id| rules_all(*id));
        let other = admins.into_iter().any(|profile| {
            let users = self.db.find("User", "ProfileId", &Value::Id(profile));
            users
                .into_iter()
                .any(|user| user.id() != id && user.get("IsActive").is_true())
        });
        if other {
            return Ok(());
        }
        let text = "You must have at least one active system administrator.";
        Err(OrgError::dml(
            "CANNOT_DISABLE_LAST_ADMIN",
            text,
            &["IsActive"],
        ))
    }

    /// Rejects cycles in the manager hierarchy.
    fn check_manager(&self, id: Option<Id>, draft: &Draft) -> Result<(), OrgError> {
        let (Some(own), Some(mut manager)) = (id, draft.id("ManagerId")) else {
            return Ok(());
        };
        // The bound ends the search if the hierarchy already contains a cycle.
        for _ in 0..100 {
            if manager == own {
                let text = "Hierarchy Constraint Violation: Manager: the user can't be their own \
                            manager, directly or indirectly";
                return Err(OrgError::dml("CIRCULAR_DEPENDENCY", text, &["ManagerId"]));
            }
            let next = self
                .db
                .get("User", manager)
                .and_then(|user| user.get("ManagerId").as_id());
            match next {
                Some(next) => manager = next,
                None => return Ok(()),
            }
        }
        Ok(())
    }

    fn free_nickname(&self, username: &str) -> String {
        let stem: String = username
            .split('@')
            .next()
            .unwrap_or("user")
            .chars()
            .take(36)
            .collect();
        let taken = |nickname: &str| {
            self.find_one("User", "CommunityNickname", &Value::text(nickname))
                .is_some()
        };
        let numbered = (1..NICKNAME_TRIES).map(|number| format!("{stem}{number}"));
        std::iter::once(stem.clone())
            .chain(numbered)
            .find(|name| !taken(name))
            .unwrap_or(stem)
    }

    pub(in crate::org) fn profile_field(&self, profile: Id, field: &str) -> Value {
        self.db
            .get("Profile", profile)
            .map_or(Value::Null, |row| row.get(field).clone())
    }
}
