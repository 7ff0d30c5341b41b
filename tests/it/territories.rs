//! Territories: what a sync shows of them, and how memberships and roles are granted and revoked.

use std::collections::BTreeSet;

use baton_salesforce::connector::Options;
use baton_salesforce::pb::connector as pb;
use salesforce_simulator::{Fault, Matcher, Org, Preset};
use serde_json::{Value as Json, json};
use test_case::test_case;
use tonic::Code;

use crate::harness::{Harness, Setup, Synced, annotation};
use crate::stage::{Answer, Caller, EntitlementParts};

const TABLE: &str = "UserTerritory2Association";
const OWNER: &str = "role:Owner";
const REP: &str = "role:Sales Rep";

struct Area {
    harness: Harness,
    territory: String,
    planned: String,
    user: String,
}

fn org() -> Org {
    let mut org = Org::seed(Preset::Tiny);
    org.settings.territories = true;
    org
}

impl Area {
    async fn new() -> Self {
        Self::with(Setup {
            org: org(),
            ..Setup::default()
        })
        .await
    }

    /// An org with a territory in the active model and one in another, and a user in neither.
    async fn with(mut setup: Setup) -> Self {
        let org = &mut setup.org;
        let territories = org.rows("Territory2");
        let found = |is_active: bool| {
            let found = territories
                .iter()
                .find(|row| is_current(org, row) == is_active);
            found.unwrap()["Id"].as_str().unwrap().to_owned()
        };
        let (territory, planned) = (found(true), found(false));
        let members: BTreeSet<_> = org
            .rows(TABLE)
            .iter()
            .map(|row| row["UserId"].as_str().unwrap().to_owned())
            .collect();
        let users = org.rows("User");
        let user = users.iter().find(|user| {
            let id = user["Id"].as_str().unwrap();
            user["UserType"] == "Standard" && user["IsActive"] == true && !members.contains(id)
        });
        let user = user.unwrap()["Id"].as_str().unwrap().to_owned();
        let harness = Harness::with(setup).await;
        Self {
            harness,
            territory,
            planned,
            user,
        }
    }

    fn caller(&self) -> Caller {
        Caller::new(&self.harness)
    }

    fn on(&self, slug: &str) -> EntitlementParts {
        ("territory".into(), self.territory.clone(), slug.into())
    }

    async fn grant(&self, slug: &str) -> Answer {
        let user = ("user", self.user.as_str());
        self.caller().grant(&self.on(slug), user).await.unwrap()
    }

    async fn revoke(&self, slug: &str) -> Answer {
        let user = ("user", self.user.as_str());
        self.caller().revoke(&self.on(slug), user).await.unwrap()
    }

    /// The slugs that the user has in the org.
    fn slugs(&self) -> Vec<String> {
        let rows = self.harness.simulator.org().rows(TABLE);
        let rows = rows
            .iter()
            .filter(|row| row["UserId"] == *self.user && row["Territory2Id"] == *self.territory);
        let slugs = rows.flat_map(|row| {
            let role = row["RoleInTerritory2"].as_str();
            [
                Some("member".to_owned()),
                role.map(|role| format!("role:{role}")),
            ]
        });
        slugs.flatten().collect()
    }

    /// Makes the slugs so, past the connector.
    fn arrange(&self, slugs: &[&str]) {
        let mut org = self.harness.simulator.org();
        for row in org.rows(TABLE) {
            if row["UserId"] == *self.user {
                org.destroy(TABLE, row["Id"].as_str().unwrap()).unwrap();
            }
        }
        if slugs.is_empty() {
            return;
        }
        let role = slugs.iter().find_map(|slug| slug.strip_prefix("role:"));
        let fields = [
            ("UserId", json!(self.user)),
            ("Territory2Id", json!(self.territory)),
            ("RoleInTerritory2", json!(role)),
        ];
        org.create(TABLE, &fields).unwrap();
    }

    async fn counted<T>(&self, work: impl Future<Output = T>) -> (T, u64) {
        self.harness.simulator.clear_requests();
        let done = work.await;
        (done, self.harness.simulator.api_calls())
    }

    fn queries_of(&self, part: &str) -> usize {
        let requests = self.harness.simulator.requests();
        let about = requests.iter().filter(|request| {
            request
                .soql
                .as_ref()
                .is_some_and(|soql| soql.contains(part))
        });
        about.count()
    }
}

/// Makes a role one that nobody may choose any more.
fn retire(org: &mut Org, role: &str) {
    for row in org.rows("PicklistValueInfo") {
        if row["Value"] == role {
            let id = row["Id"].as_str().unwrap();
            org.set("PicklistValueInfo", id, &[("IsActive", json!(false))]);
        }
    }
}

/// The grants of territories, each as `territory slug user`.
fn grants(synced: &Synced) -> BTreeSet<String> {
    let grants = synced
        .grants
        .keys()
        .filter(|id| id.starts_with("territory:"));
    grants.cloned().collect()
}

/// Whether a territory belongs to the active model.
fn is_current(org: &Org, territory: &Json) -> bool {
    let model = territory["Territory2ModelId"].as_str().unwrap();
    org.get("Territory2Model", model).unwrap()["State"] == "Active"
}

/// What the org itself says.
fn truth(org: &Org) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for row in org.rows(TABLE) {
        let on = row["Territory2Id"].as_str().unwrap();
        let territory = org.get("Territory2", on).unwrap();
        if !is_current(org, &territory) {
            continue;
        }
        let user = row["UserId"].as_str().unwrap();
        let known = org.get("User", user).unwrap();
        if known["UserType"] != "Standard" {
            continue;
        }
        all.insert(format!("territory:{on}:member:user:{user}"));
        if let Some(role) = row["RoleInTerritory2"].as_str() {
            all.insert(format!("territory:{on}:role:{role}:user:{user}"));
        }
    }
    all
}

#[tokio::test]
async fn a_sync_shows_the_active_model_with_members_and_roles() {
    let area = Area::new().await;
    {
        let mut org = area.harness.simulator.org();
        let other = org.rows("Territory2");
        let other = other
            .iter()
            .find(|row| is_current(&org, row) && row["Id"] != *area.territory);
        let other = other.unwrap()["Id"].clone();
        let child = [
            ("Description", json!("North of the Alps")),
            ("ParentTerritory2Id", json!(other)),
        ];
        org.set("Territory2", &area.territory, &child);
        retire(&mut org, "Sales Rep");
    }
    for synced in [
        area.harness.sync().await,
        area.harness.sync_per_resource().await,
    ] {
        let rows = area.harness.simulator.org().rows("Territory2");
        let current = rows
            .iter()
            .filter(|row| is_current(&area.harness.simulator.org(), row));
        assert_eq!(synced.of_type("territory").len(), current.count());
        assert!(!synced.of_type("territory").contains(&area.planned));
        assert_eq!(grants(&synced), truth(&area.harness.simulator.org()));
        assert_eq!(synced.dangling(), BTreeSet::new());
        assert!(synced.duplicates.is_empty());
        let slugs: BTreeSet<_> = synced
            .entitlements
            .values()
            .filter(|row| {
                row.id
                    .starts_with(&format!("territory:{}:", area.territory))
            })
            .map(|row| (row.slug.as_str(), row.display_name.as_str()))
            .collect();
        let expected = [
            ("member", "Member"),
            (OWNER, "Owner"),
            ("role:Administrator", "Administrator"),
            (REP, "Sales Rep"),
        ];
        assert_eq!(slugs, BTreeSet::from(expected));
        let kind = &synced.types["territory"].annotations;
        assert!(annotation::<pb::SkipEntitlements>(kind).is_some());
        assert!(annotation::<pb::OptInRequired>(kind).is_some());
        let row = &synced.resources[&format!("territory/{}", area.territory)];
        assert_eq!(row.description, "North of the Alps");
        let fields = &row.profile.as_ref().unwrap().fields;
        assert!(fields.contains_key("parent_territory_id") && fields.contains_key("model"));
    }
}

#[test_case(false, 1; "of an org without the feature")]
#[test_case(true, 1; "of an org without territories")]
#[tokio::test]
async fn a_sync_costs_one_query(has_feature: bool, expected: usize) {
    let mut setup = Setup::default();
    setup.org.settings.territories = has_feature;
    for row in setup.org.rows("Territory2") {
        setup.org.delete("Territory2", row["Id"].as_str().unwrap());
    }
    let harness = Harness::with(setup).await;
    let synced = harness.sync().await;
    assert!(synced.of_type("territory").is_empty() && grants(&synced).is_empty());
    let about: Vec<_> = harness
        .simulator
        .requests()
        .iter()
        .filter_map(|request| request.soql.clone())
        .filter(|soql| soql.contains("Territory2") || soql.contains("PicklistValueInfo"))
        .collect();
    assert_eq!(about.len(), expected, "{about:?}");
}

#[tokio::test]
async fn with_the_switch_off_nothing_is_registered_and_read() {
    let area = Area::with(Setup {
        org: org(),
        options: Options {
            territories: false,
            ..Options::default()
        },
        ..Setup::default()
    })
    .await;
    let synced = area.harness.sync().await;
    assert!(!synced.types.contains_key("territory"));
    assert_eq!(area.queries_of("Territory2"), 0);
}

#[test_case("PicklistValueInfo"; "the picklist")]
#[test_case("EntityParticle"; "its relation")]
#[tokio::test]
async fn roles_that_cannot_be_looked_up_come_from_the_description(object: &str) {
    let mut setup = Setup {
        org: org(),
        ..Setup::default()
    };
    setup.org.settings.hidden_objects.insert(object.to_owned());
    let area = Area::with(setup).await;
    let synced = area.harness.sync().await;
    assert_eq!(grants(&synced), truth(&area.harness.simulator.org()));
    assert_eq!(synced.dangling(), BTreeSet::new());
    let owner = format!("territory:{}:{OWNER}", area.territory);
    assert!(synced.entitlements.contains_key(&owner));
    assert!(!area.grant(OWNER).await.already);
}

#[tokio::test]
async fn one_territory_is_read_without_a_sync() {
    let area = Area::new().await;
    area.arrange(&["member", OWNER]);
    let synced = area.harness.sync().await;
    let row = synced.resources[&format!("territory/{}", area.territory)].clone();
    let get = |id: &str| {
        let id = pb::ResourceId {
            resource_type: "territory".into(),
            resource: id.into(),
            ..Default::default()
        };
        pb::ResourceGetterServiceGetResourceRequest {
            resource_id: Some(id),
            ..Default::default()
        }
    };
    let got = area
        .harness
        .getter()
        .get_resource(get(&area.territory))
        .await;
    assert_eq!(got.unwrap().into_inner().resource.as_ref(), Some(&row));
    let planned = area.harness.getter().get_resource(get(&area.planned)).await;
    assert_eq!(planned.unwrap_err().code(), Code::NotFound);
    let request = pb::GrantsServiceListGrantsRequest {
        resource: Some(row.clone()),
        ..Default::default()
    };
    let got = area.harness.grants().list_grants(request).await.unwrap();
    let of_one: BTreeSet<_> = got
        .into_inner()
        .list
        .into_iter()
        .map(|row| row.id)
        .collect();
    let prefix = format!("territory:{}:", area.territory);
    let all = grants(&synced)
        .into_iter()
        .filter(|id| id.starts_with(&prefix));
    assert_eq!(of_one, all.collect());
    let request = pb::EntitlementsServiceListEntitlementsRequest {
        resource: Some(row),
        ..Default::default()
    };
    let got = area.harness.entitlements().list_entitlements(request).await;
    assert_eq!(got.unwrap().into_inner().list.len(), 4);
}

/// The calls of a grant, the same again, a revoke, and the same again.
#[test_case("member"; "membership")]
#[test_case(OWNER; "role")]
#[tokio::test]
async fn grant_and_revoke_may_be_repeated(slug: &str) {
    let area = Area::new().await;
    let (granted, first) = area.counted(area.grant(slug)).await;
    assert!(!granted.already && granted.replaced.is_none());
    let both = if slug == "member" {
        vec!["member"]
    } else {
        vec!["member", slug]
    };
    assert_eq!(area.slugs(), both);
    let told: BTreeSet<_> = granted
        .grants
        .iter()
        .map(|grant| grant.id.clone())
        .collect();
    let synced = area.harness.sync().await;
    let of_user = grants(&synced)
        .into_iter()
        .filter(|id| id.ends_with(&area.user));
    assert_eq!(told, of_user.collect());
    let (again, second) = area.counted(area.grant(slug)).await;
    assert!(again.already && again.grants == granted.grants && area.slugs() == both);
    let (revoked, third) = area.counted(area.revoke(slug)).await;
    assert!(!revoked.already);
    let rest: Vec<_> = both.into_iter().filter(|had| *had != slug).collect();
    assert_eq!(area.slugs(), rest);
    let (again, fourth) = area.counted(area.revoke(slug)).await;
    assert!(again.already && area.slugs() == rest);
    assert_eq!([first, second, third, fourth], [2, 1, 2, 1]);
}

#[tokio::test]
async fn a_member_has_one_role_at_a_time() {
    let area = Area::new().await;
    area.grant("member").await;
    let first = area.grant(OWNER).await;
    assert!(!first.already && first.replaced.is_none());
    let second = area.grant(REP).await;
    let owner = format!("territory:{}:{OWNER}:user:{}", area.territory, area.user);
    assert_eq!(second.replaced, Some(owner));
    assert_eq!(area.slugs(), ["member", REP]);
    // The first role is no longer the one that is set.
    assert!(area.revoke(OWNER).await.already);
    assert!(area.grant("member").await.already);
    assert_eq!(area.slugs(), ["member", REP]);
    assert!(!area.revoke("member").await.already);
    assert!(area.slugs().is_empty());
    assert!(area.revoke(REP).await.already);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let area = Area::new().await;
    let user = ("user", area.user.as_str());
    let of = |id: &str, slug: &str| ("territory".to_owned(), id.to_owned(), slug.to_owned());
    let refused = async |on: EntitlementParts, who: (&str, &str)| {
        let status = area.caller().grant(&on, who).await.unwrap_err();
        (status.code(), status.message().to_owned())
    };
    for slug in ["owner", "role:", "assigned"] {
        assert_eq!(refused(area.on(slug), user).await.0, Code::InvalidArgument);
    }
    assert_eq!(area.queries_of("Territory2"), 0);
    let (code, text) = refused(area.on("role:Emperor"), user).await;
    assert!(code == Code::InvalidArgument && text.contains("Role in Territory"));
    retire(&mut area.harness.simulator.org(), "Sales Rep");
    assert_eq!(refused(area.on(REP), user).await.0, Code::InvalidArgument);
    let (code, text) = refused(of(&area.planned, "member"), user).await;
    assert!(
        code == Code::FailedPrecondition && text.contains("not active"),
        "{text}"
    );
    assert_eq!(
        refused(of("0MIZz0000000001", "member"), user).await.0,
        Code::InvalidArgument
    );
    let nobody = refused(area.on("member"), ("user", "005Zz0000000001")).await;
    assert_eq!(nobody.0, Code::InvalidArgument);
    let group = refused(area.on("member"), ("group", "00GZz0000000001")).await;
    assert_eq!(group.0, Code::InvalidArgument);
    let rows = area.harness.simulator.org().rows("User");
    let other = rows.iter().find(|user| user["UserType"] == "PowerPartner");
    let other = other.or_else(|| {
        rows.iter()
            .find(|user| !matches!(user["UserType"].as_str(), Some("Standard") | None))
    });
    let (code, text) = refused(
        area.on("member"),
        ("user", other.unwrap()["Id"].as_str().unwrap()),
    )
    .await;
    assert!(
        code == Code::FailedPrecondition && text.contains("portals"),
        "{text}"
    );
    assert!(area.slugs().is_empty());
}

#[tokio::test]
async fn an_org_that_refuses_to_change_a_role_is_explained() {
    let area = Area::new().await;
    area.arrange(&["member", REP]);
    let refusal = Fault::status(405, "METHOD_NOT_ALLOWED", "HTTP Method 'PATCH' not allowed");
    let faults = area.harness.simulator.faults();
    faults.next(1, Matcher::writes_to(TABLE), refusal);
    let user = ("user", area.user.as_str());
    let status = area
        .caller()
        .grant(&area.on(OWNER), user)
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(
        status.message().contains("nothing was changed"),
        "{}",
        status.message()
    );
    assert_eq!(area.slugs(), ["member", REP]);
}

fn ambiguous() -> Vec<Fault> {
    vec![
        Fault::DropBefore,
        Fault::DropAfter,
        Fault::unavailable(),
        Fault::error_after(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred."),
        Fault::TruncatedBody,
        Fault::LockRow,
        Fault::ExpireSession,
    ]
}

#[tokio::test]
async fn a_write_that_is_cut_off_is_done_once() {
    let area = Area::new().await;
    let cases: [(&[&str], &str, bool, &[&str]); 6] = [
        (&[], "member", true, &["member"]),
        (&[], OWNER, true, &["member", OWNER]),
        (&["member"], OWNER, true, &["member", OWNER]),
        (&["member", REP], OWNER, true, &["member", OWNER]),
        (&["member", OWNER], OWNER, false, &["member"]),
        (&["member", OWNER], "member", false, &[]),
    ];
    for (before, slug, grants, after) in cases {
        for fault in ambiguous() {
            area.arrange(before);
            let faults = area.harness.simulator.faults();
            faults.next(1, Matcher::writes_to(TABLE), fault.clone());
            let answer = if grants {
                area.grant(slug).await
            } else {
                area.revoke(slug).await
            };
            assert!(!answer.already, "{slug} {fault:?}");
            assert_eq!(area.slugs(), after, "{slug} {fault:?}");
            assert_eq!(faults.pending(), 0, "{slug} {fault:?}");
            assert_eq!(answer.replaced.is_some(), grants && before.contains(&REP));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_at_once_write_once() {
    let area = Area::new().await;
    for (slug, grants) in [
        ("member", true),
        (OWNER, true),
        (OWNER, false),
        ("member", false),
    ] {
        area.harness.simulator.clear_requests();
        let calls = (0..16).map(|_| {
            let (caller, on, user) = (area.caller(), area.on(slug), area.user.clone());
            tokio::spawn(async move {
                let user = ("user", user.as_str());
                if grants {
                    caller.grant(&on, user).await
                } else {
                    caller.revoke(&on, user).await
                }
            })
        });
        let mut changed = 0;
        for call in calls.collect::<Vec<_>>() {
            changed += usize::from(!call.await.unwrap().unwrap().already);
        }
        assert_eq!(changed, 1, "{slug}");
        let requests = area.harness.simulator.requests();
        let writes = requests.iter().filter(|it| it.path.contains("/sobjects/"));
        assert_eq!(writes.count(), 1, "{slug}");
    }
    assert!(area.slugs().is_empty());
}
