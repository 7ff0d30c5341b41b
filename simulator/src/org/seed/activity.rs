//! Sign-ins and the Setup audit trail. Their times are relative to now, because the org keeps them
//! only for some months. The oldest of each are too old to be seen. The sentences are those that
//! orgs show in Setup.

use jiff::{SignedDuration, Timestamp};

use super::seeder::Seeder;
use crate::org::id::Id;
use crate::org::value::Value;

/// The seeded rows cover this time.
const SPAN_DAYS: i64 = 200;

impl Seeder<'_> {
    pub(super) fn seed_activity(&mut self) {
        let number = (self.size.users / 2).clamp(40, 4000);
        for index in 0..number {
            self.seed_login(index, number);
        }
        let number = (self.size.users / 10).clamp(40, 1000);
        for index in 0..number {
            self.seed_setup_change(index, number);
        }
    }

    /// Returns the time of a row. Every fourth row has the time of the one before.
    fn past(&self, index: usize, number: usize) -> Timestamp {
        let index = if index % 4 == 3 { index - 1 } else { index };
        let part = |number: usize| i64::try_from(number).unwrap_or(0);
        let age = SPAN_DAYS * 86_400 * part(index + 1) / part(number).max(1);
        let now = self.org.clock.now();
        let then = now.checked_sub(SignedDuration::from_secs(age));
        // The API shows whole seconds.
        let then = then.map_or(0, Timestamp::as_second);
        Timestamp::from_second(then).unwrap_or(now)
    }

    fn seed_login(&mut self, index: usize, number: usize) {
        let user = self.users.get(index * 7 % self.users.len().max(1)).copied();
        let status = match index % 9 {
            4 => "Invalid Password",
            8 => "User is Inactive",
            _ => "Success",
        };
        let (kind, subtype, application) = match index % 3 {
            0 => ("Application", Value::Null, "Browser"),
            1 => (
                "Remote Access 2.0",
                "OauthWebServer".into(),
                "Dataloader \"Pro\"",
            ),
            _ => ("SAML Sfdc Initiated SSO", Value::Null, "Browser"),
        };
        let time = self.past(index, number);
        self.add(
            "LoginHistory",
            &[
                ("UserId", user.into()),
                ("LoginTime", time.into()),
                ("LoginType", kind.into()),
                ("LoginSubType", subtype),
                ("Status", status.into()),
                (
                    "SourceIp",
                    Value::text(format!("192.0.2.{}", index % 250 + 1)),
                ),
                ("Application", application.into()),
                ("Browser", "Chrome 139".into()),
                ("Platform", "Windows 10".into()),
                ("LoginUrl", "simulated.my.salesforce.com".into()),
                ("TlsProtocol", "TLS 1.3".into()),
                ("CountryIso", "DE".into()),
                ("ApiType", "N/A".into()),
            ],
        );
    }

    fn seed_setup_change(&mut self, index: usize, number: usize) {
        let pick = |list: &[Id]| list.get(index % list.len().max(1)).copied();
        let person = pick(&self.users);
        let set = pick(&self.sets);
        let text = |object: &str, id: Option<Id>, field: &str| {
            let row = id.and_then(|id| self.org.db.get(object, id));
            let text = row.and_then(|row| row.get(field).as_str().map(str::to_owned));
            text.unwrap_or_default()
        };
        let groups: Vec<Id> = self.set_groups.iter().map(|(group, _)| *group).collect();
        let name = text("User", person, "Name");
        let who = person.map(Id::short).unwrap_or_default();
        let who = format!("{name} (UserID: [{who}])");
        let label = text("PermissionSet", set, "Label");
        let bundle = text("PermissionSetGroup", pick(&groups), "MasterLabel");
        let license = text(
            "PermissionSetLicense",
            pick(&self.set_licenses),
            "MasterLabel",
        );
        let (action, display) = match index % 12 {
            0 | 1 => (
                "PermSetAssign",
                format!("Permission set {label}: assigned to user {who}"),
            ),
            2 => (
                "PermSetUnassign",
                format!("Permission set {label}: unassigned from user {who}"),
            ),
            3 => (
                "PermSetGroupAssign",
                format!("Permission set group {bundle}: assigned to user {who}"),
            ),
            4 => (
                "PermSetGroupUnassign",
                format!("Permission set group {bundle}: unassigned from user {who}"),
            ),
            5 => (
                "PermSetLicenseAssign",
                format!("Permission set license {license}: assigned to user {who}"),
            ),
            6 => (
                "PermSetLicenseUnassign",
                format!("Permission set license {license} removed from user {who}"),
            ),
            7 => (
                "changedprofileforuser",
                format!("Changed profile for user {name} from Custom Profile 001 to Standard User"),
            ),
            8 => (
                "changedroleforuserfromnone",
                format!("Changed role for user {name} from <None Specified> to CEO"),
            ),
            9 => (
                "PermSetCreate",
                format!("Created permission set {label}: with User License Salesforce"),
            ),
            10 => (
                "PermSetEnableUserPerm",
                format!(
                    "Changed permission set {label}: Edit Tasks permission was changed from \
                     disabled to enabled"
                ),
            ),
            _ => (
                "changedinteractionuseroffon",
                format!("For user {name}, changed Flow user from off to on"),
            ),
        };
        let time = self.past(index, number);
        // The org itself makes some changes.
        let author = (index % 5 != 4).then_some(self.org.integration_user);
        self.add(
            "SetupAuditTrail",
            &[
                ("Action", action.into()),
                ("Section", "Manage Users".into()),
                ("Display", Value::text(display)),
                ("CreatedDate", time.into()),
                ("CreatedById", author.into()),
            ],
        );
    }
}
