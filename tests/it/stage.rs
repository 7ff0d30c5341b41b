//! An org with one of each thing that can be granted, people to grant it to, and a connector.

use baton_salesforce::connector::Options;
use baton_salesforce::pb::connector as pb;
use salesforce_simulator::{Org, Preset};
use serde_json::json;
use tonic::{Request, Status};

use crate::harness::{GrantManager, Harness, Setup, annotation};

/// Each thing that can be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thing {
    Set,
    SetGroup,
    Group,
    Queue,
    Role,
    Profile,
    SetLicense,
    PackageLicense,
    Feature,
}

/// The switch that [`Thing::Feature`] is.
pub(crate) const FEATURE: &str = "UserPermissionsKnowledgeUser";

pub(crate) const THINGS: [Thing; 9] = [
    Thing::Set,
    Thing::SetGroup,
    Thing::Group,
    Thing::Queue,
    Thing::Role,
    Thing::Profile,
    Thing::SetLicense,
    Thing::PackageLicense,
    Thing::Feature,
];

impl Thing {
    /// The object that a grant writes to.
    pub(crate) fn object(self) -> &'static str {
        match self {
            Self::Set | Self::SetGroup => "PermissionSetAssignment",
            Self::Group | Self::Queue => "GroupMember",
            Self::Role | Self::Profile | Self::Feature => "User",
            Self::SetLicense => "PermissionSetLicenseAssign",
            Self::PackageLicense => "UserPackageLicense",
        }
    }

    /// Its resource is a record, named by an id. A feature is named by a field of User.
    pub(crate) fn is_record(self) -> bool {
        self != Self::Feature
    }

    /// A user has one at most.
    pub(crate) fn is_single(self) -> bool {
        matches!(self, Self::Role | Self::Profile)
    }

    fn column(self) -> &'static str {
        if self == Self::Role {
            "UserRoleId"
        } else {
            "ProfileId"
        }
    }
}

/// The org, the connector, and who and what the tests are about.
pub(crate) struct Stage {
    pub(crate) harness: Harness,
    pub(crate) user: String,
    set: String,
    set_group: String,
    group: String,
    queue: String,
    role: String,
    profile: String,
    set_license: String,
    package_license: String,
    /// What the user has before.
    pub(crate) old_role: String,
    pub(crate) old_profile: String,
    /// What a user gets whose profile is revoked.
    pub(crate) least_profile: String,
}

/// What a grant or a revoke answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) already: bool,
    pub(crate) replaced: Option<String>,
    pub(crate) grants: Vec<pb::Grant>,
}

pub(crate) const LEAST: &str = "Minimum Access - Salesforce";

impl Stage {
    pub(crate) async fn set() -> Self {
        Self::with(Setup::default()).await
    }

    pub(crate) async fn with(mut setup: Setup) -> Self {
        if setup.options.least_privileged_profiles.is_empty() {
            setup.options.least_privileged_profiles = mapping(&[("Salesforce", LEAST)]);
        }
        Self::without_mapping(setup).await
    }

    pub(crate) async fn without_mapping(mut setup: Setup) -> Self {
        let org = &mut setup.org;
        let named = |org: &mut Org, object: &str, fields: &[(&str, serde_json::Value)]| {
            org.create(object, fields).unwrap()
        };
        let old_role = add_role(org, "Old role");
        let role = add_role(org, "New role");
        let set = named(
            org,
            "PermissionSet",
            &[("Name", json!("Stage")), ("Label", json!("Stage"))],
        );
        let set_group = named(
            org,
            "PermissionSetGroup",
            &[
                ("DeveloperName", json!("Stage")),
                ("MasterLabel", json!("Stage")),
            ],
        );
        let group = named(
            org,
            "Group",
            &[("Name", json!("Stage group")), ("Type", json!("Regular"))],
        );
        let queue = named(
            org,
            "Group",
            &[("Name", json!("Stage queue")), ("Type", json!("Queue"))],
        );
        let profile_of =
            |org: &Org, name: &str| org.find("Profile", "Name", name).expect("a profile");
        let license = |org: &Org, object: &str, column: &str, name: &str| {
            // An empty org has none.
            org.find(object, column, name).unwrap_or_default()
        };
        let set_license = license(
            org,
            "PermissionSetLicense",
            "DeveloperName",
            "SalesConsoleUser",
        );
        let package_license = license(org, "PackageLicense", "NamespacePrefix", "sfcpq");
        let old_profile = profile_of(org, "Standard User");
        let profile = profile_of(org, "System Administrator");
        let least_profile = profile_of(org, LEAST);
        let user = add_user(org, "stage", &old_profile, &old_role);
        let harness = Harness::with(setup).await;
        Self {
            harness,
            user,
            set,
            set_group,
            group,
            queue,
            role,
            profile,
            set_license,
            package_license,
            old_role,
            old_profile,
            least_profile,
        }
    }

    pub(crate) fn org(&self) -> salesforce_simulator::OrgGuard<'_> {
        self.harness.simulator.org()
    }

    pub(crate) fn id(&self, thing: Thing) -> &str {
        match thing {
            Thing::Set => &self.set,
            Thing::SetGroup => &self.set_group,
            Thing::Group => &self.group,
            Thing::Queue => &self.queue,
            Thing::Role => &self.role,
            Thing::Profile => &self.profile,
            Thing::SetLicense => &self.set_license,
            Thing::PackageLicense => &self.package_license,
            Thing::Feature => FEATURE,
        }
    }

    /// Whether the user has it, as the org says.
    pub(crate) fn has(&self, user: &str, thing: Thing) -> bool {
        if matches!(thing, Thing::SetLicense | Thing::PackageLicense) {
            return self.rows(user, thing) > 0;
        }
        let (org, id) = (self.org(), self.id(thing));
        match thing {
            Thing::Feature => org.get("User", user).unwrap()[id] == json!(true),
            Thing::Set => org.direct_permission_sets(user).contains(id),
            Thing::SetGroup => org.permission_set_groups(user).contains(id),
            Thing::Group | Thing::Queue => org.members(id).contains(user),
            Thing::Role | Thing::Profile => {
                org.get("User", user).unwrap()[thing.column()] == json!(id)
            }
            Thing::SetLicense | Thing::PackageLicense => unreachable!("counted above"),
        }
    }

    /// How many rows give it to the user.
    pub(crate) fn rows(&self, user: &str, thing: Thing) -> usize {
        if thing.is_single() || thing == Thing::Feature {
            return usize::from(self.has(user, thing));
        }
        let (who, what) = match thing {
            Thing::Set => ("AssigneeId", "PermissionSetId"),
            Thing::SetGroup => ("AssigneeId", "PermissionSetGroupId"),
            Thing::SetLicense => ("AssigneeId", "PermissionSetLicenseId"),
            Thing::PackageLicense => ("UserId", "PackageLicenseId"),
            _ => ("UserOrGroupId", "GroupId"),
        };
        let rows = self.org().rows(thing.object());
        let of = rows
            .iter()
            .filter(|row| row[who] == user && row[what] == self.id(thing));
        of.count()
    }

    /// Gives it to the user or takes it, past the connector.
    pub(crate) fn arrange(&self, thing: Thing, has: bool) {
        let (mut org, id) = (self.harness.simulator.org(), self.id(thing));
        let user = self.user.as_str();
        if thing == Thing::Feature {
            org.update("User", user, &[(FEATURE, json!(has))]).unwrap();
            return;
        }
        if thing.is_single() {
            let old = if thing == Thing::Role {
                &self.old_role
            } else {
                &self.old_profile
            };
            let value = json!(if has { id } else { old });
            org.update("User", user, &[(thing.column(), value)])
                .unwrap();
            return;
        }
        let fields = match thing {
            Thing::Set => [("AssigneeId", json!(user)), ("PermissionSetId", json!(id))],
            Thing::SetGroup => [
                ("AssigneeId", json!(user)),
                ("PermissionSetGroupId", json!(id)),
            ],
            Thing::SetLicense => [
                ("AssigneeId", json!(user)),
                ("PermissionSetLicenseId", json!(id)),
            ],
            Thing::PackageLicense => [("UserId", json!(user)), ("PackageLicenseId", json!(id))],
            _ => [("GroupId", json!(id)), ("UserOrGroupId", json!(user))],
        };
        if has {
            org.create(thing.object(), &fields).unwrap();
            return;
        }
        for row in org.rows(thing.object()) {
            if fields.iter().all(|(name, value)| &row[*name] == value) {
                org.destroy(thing.object(), row["Id"].as_str().unwrap())
                    .unwrap();
            }
        }
    }

    pub(crate) async fn grant(&self, thing: Thing) -> Result<Answer, Status> {
        self.grant_to(&self.user, thing).await
    }

    pub(crate) async fn revoke(&self, thing: Thing) -> Result<Answer, Status> {
        self.revoke_from(&self.user, thing).await
    }

    pub(crate) async fn grant_to(&self, user: &str, thing: Thing) -> Result<Answer, Status> {
        self.caller()
            .grant(&entitlement(thing, self.id(thing)), ("user", user))
            .await
    }

    pub(crate) async fn revoke_from(&self, user: &str, thing: Thing) -> Result<Answer, Status> {
        self.caller()
            .revoke(&entitlement(thing, self.id(thing)), ("user", user))
            .await
    }

    /// A client of the connector that can be moved into a task.
    pub(crate) fn caller(&self) -> Caller {
        Caller::new(&self.harness)
    }

    /// Calls that Salesforce counted meanwhile.
    pub(crate) async fn counted<T>(&self, work: impl Future<Output = T>) -> (T, u64) {
        self.harness.simulator.clear_requests();
        let done = work.await;
        (done, self.harness.simulator.api_calls())
    }

    /// Writes that the org has carried out.
    pub(crate) fn writes(&self) -> usize {
        let requests = self.harness.simulator.requests();
        let writes = requests.iter().filter(|request| {
            matches!(request.method.as_str(), "POST" | "PATCH" | "DELETE")
                && request.path.contains("/sobjects/")
                && (200..300).contains(&request.status)
        });
        writes.count()
    }
}

/// Licence → profile.
pub(crate) fn mapping(pairs: &[(&str, &str)]) -> std::collections::BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

/// Options with that mapping.
pub(crate) fn options(pairs: &[(&str, &str)]) -> Options {
    Options {
        least_privileged_profiles: mapping(pairs),
        ..Options::default()
    }
}

pub(crate) fn tiny() -> Org {
    Org::seed(Preset::Tiny)
}

pub(crate) fn add_role(org: &mut Org, name: &str) -> String {
    let fields = [
        ("Name", json!(name)),
        ("OpportunityAccessForAccountOwner", json!("Edit")),
    ];
    org.create("UserRole", &fields).unwrap()
}

pub(crate) fn add_user(org: &mut Org, name: &str, profile: &str, role: &str) -> String {
    let fields = [
        ("Username", json!(format!("{name}@stage.example"))),
        ("LastName", json!(name)),
        ("Email", json!(format!("{name}@stage.example"))),
        ("Alias", json!(name)),
        ("ProfileId", json!(profile)),
        ("UserRoleId", json!(role)),
        ("TimeZoneSidKey", json!("America/Los_Angeles")),
        ("LocaleSidKey", json!("en_US")),
        ("LanguageLocaleKey", json!("en_US")),
        ("EmailEncodingKey", json!("UTF-8")),
    ];
    org.create("User", &fields).unwrap()
}

/// `(resource type, resource id, slug)`.
pub(crate) type EntitlementParts = (String, String, String);

pub(crate) fn entitlement(thing: Thing, id: &str) -> EntitlementParts {
    let (kind, slug) = match thing {
        Thing::Set => ("permission", "assigned"),
        Thing::SetGroup => ("permission_set_group", "member"),
        Thing::Group | Thing::Queue => ("group", "member"),
        Thing::Role => ("role", "assigned"),
        Thing::Profile => ("profile", "assigned"),
        Thing::SetLicense => ("permission_set_license", "assigned"),
        Thing::PackageLicense => ("package_license", "assigned"),
        Thing::Feature => ("feature_license", "assigned"),
    };
    (kind.to_owned(), id.to_owned(), slug.to_owned())
}

/// Stubs are all that a host must send.
fn stub(kind: &str, id: &str) -> pb::Resource {
    let id = pb::ResourceId {
        resource_type: kind.to_owned(),
        resource: id.to_owned(),
        baton_resource: false,
    };
    pb::Resource {
        id: Some(id),
        ..Default::default()
    }
}

fn entitlement_stub((kind, id, slug): &EntitlementParts) -> pb::Entitlement {
    pb::Entitlement {
        resource: Some(stub(kind, id)),
        id: format!("{kind}:{id}:{slug}"),
        ..Default::default()
    }
}

/// Grants and revokes like a host.
#[derive(Clone)]
pub(crate) struct Caller(GrantManager<tonic::transport::Channel>);

impl Caller {
    pub(crate) fn new(harness: &Harness) -> Self {
        Self(harness.grant_manager())
    }

    pub(crate) async fn grant(
        mut self,
        on: &EntitlementParts,
        principal: (&str, &str),
    ) -> Result<Answer, Status> {
        let request = pb::GrantManagerServiceGrantRequest {
            entitlement: Some(entitlement_stub(on)),
            principal: Some(stub(principal.0, principal.1)),
            ..Default::default()
        };
        let answer = self.0.grant(Request::new(request)).await?.into_inner();
        let replaced = annotation::<pb::GrantReplaced>(&answer.annotations);
        Ok(Answer {
            already: annotation::<pb::GrantAlreadyExists>(&answer.annotations).is_some(),
            replaced: replaced.map(|replaced| replaced.replaced_grant_id),
            grants: answer.grants,
        })
    }

    pub(crate) async fn revoke(
        mut self,
        on: &EntitlementParts,
        principal: (&str, &str),
    ) -> Result<Answer, Status> {
        let grant = pb::Grant {
            entitlement: Some(Box::new(entitlement_stub(on))),
            principal: Some(Box::new(stub(principal.0, principal.1))),
            id: "🧸_UNKNOWN_GRANT_ID".to_owned(),
            ..Default::default()
        };
        let request = pb::GrantManagerServiceRevokeRequest {
            grant: Some(grant),
            ..Default::default()
        };
        let answer = self.0.revoke(Request::new(request)).await?.into_inner();
        Ok(Answer {
            already: annotation::<pb::GrantAlreadyRevoked>(&answer.annotations).is_some(),
            replaced: None,
            grants: Vec::new(),
        })
    }
}
