//! Chatter groups: what a sync shows of them, and how members and managers change.

use std::collections::BTreeSet;

use baton_salesforce::connector::Options;
use baton_salesforce::pb::connector as pb;
use salesforce_simulator::{Fault, Matcher, Org, Preset};
use serde_json::{Value as Json, json};
use test_case::test_case;
use tonic::Code;

use crate::harness::{Harness, Setup, Synced, annotation};
use crate::stage::{Answer, Caller, EntitlementParts};

const GROUPS: &str = "CollaborationGroup";
const TABLE: &str = "CollaborationGroupMember";

fn options() -> Options {
    Options {
        chatter_groups: true,
        ..Options::default()
    }
}

fn text<'a>(row: &'a Json, column: &str) -> &'a str {
    row[column].as_str().unwrap_or_default()
}

struct Chatter {
    harness: Harness,
    group: String,
    archived: String,
    owner: String,
    /// In neither group.
    user: String,
}

impl Chatter {
    async fn new() -> Self {
        let mut org = Org::seed(Preset::Tiny);
        let users = org.rows("User");
        let people: Vec<_> = users
            .iter()
            .filter(|user| user["UserType"] == "Standard" && user["IsActive"] == true)
            .map(|user| text(user, "Id").to_owned())
            .collect();
        let owner = people[0].clone();
        let mut named = |name: &str| {
            let fields = [
                ("Name", json!(name)),
                ("OwnerId", json!(owner)),
                ("CollaborationType", json!("Public")),
            ];
            org.create(GROUPS, &fields).unwrap()
        };
        let (group, archived) = (named("Stage talk"), named("Stage archive"));
        org.set(GROUPS, &archived, &[("IsArchived", json!(true))]);
        let harness = Harness::with(Setup {
            org,
            options: options(),
            ..Setup::default()
        })
        .await;
        Self {
            harness,
            group,
            archived,
            owner,
            user: people[1].clone(),
        }
    }

    fn on(group: &str, slug: &str) -> EntitlementParts {
        ("collaboration_group".into(), group.into(), slug.into())
    }

    async fn grant(&self, slug: &str) -> Answer {
        let caller = Caller::new(&self.harness);
        let on = Self::on(&self.group, slug);
        caller.grant(&on, ("user", &self.user)).await.unwrap()
    }

    async fn revoke(&self, slug: &str) -> Answer {
        let caller = Caller::new(&self.harness);
        let on = Self::on(&self.group, slug);
        caller.revoke(&on, ("user", &self.user)).await.unwrap()
    }

    /// The slugs that the user has in the org.
    fn slugs(&self) -> Vec<&'static str> {
        let rows = self.harness.simulator.org().rows(TABLE);
        let rows = rows.iter().filter(|row| {
            row["MemberId"] == *self.user && row["CollaborationGroupId"] == *self.group
        });
        let slugs = rows.flat_map(|row| {
            let is_admin = row["CollaborationRole"] == "Admin";
            [Some("member"), is_admin.then_some("admin")]
        });
        slugs.flatten().collect()
    }

    /// Makes the slugs so, past the connector.
    fn arrange(&self, slugs: &[&str]) {
        let mut org = self.harness.simulator.org();
        for row in org.rows(TABLE) {
            if row["MemberId"] == *self.user && row["CollaborationGroupId"] == *self.group {
                org.destroy(TABLE, text(&row, "Id")).unwrap();
            }
        }
        if slugs.is_empty() {
            return;
        }
        let role = if slugs.contains(&"admin") {
            "Admin"
        } else {
            "Standard"
        };
        let fields = [
            ("MemberId", json!(self.user)),
            ("CollaborationGroupId", json!(self.group)),
            ("CollaborationRole", json!(role)),
        ];
        org.create(TABLE, &fields).unwrap();
    }

    async fn counted<T>(&self, work: impl Future<Output = T>) -> (T, u64) {
        self.harness.simulator.clear_requests();
        let done = work.await;
        (done, self.harness.simulator.api_calls())
    }
}

fn grants(synced: &Synced) -> BTreeSet<String> {
    let all = synced.grants.keys();
    let all = all.filter(|id| id.starts_with("collaboration_group:"));
    all.cloned().collect()
}

/// What the org says of the groups that a sync shows.
fn truth(org: &Org, shown: &BTreeSet<String>) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for row in org.rows(TABLE) {
        let (group, user) = (text(&row, "CollaborationGroupId"), text(&row, "MemberId"));
        let known = org.get("User", user).unwrap();
        if known["UserType"] != "Standard" || !shown.contains(group) {
            continue;
        }
        all.insert(format!("collaboration_group:{group}:member:user:{user}"));
        if row["CollaborationRole"] == "Admin" {
            all.insert(format!("collaboration_group:{group}:admin:user:{user}"));
        }
    }
    all
}

#[tokio::test]
async fn a_sync_shows_groups_members_and_managers() {
    let chatter = Chatter::new().await;
    chatter.arrange(&["member", "admin"]);
    for synced in [
        chatter.harness.sync().await,
        chatter.harness.sync_per_resource().await,
    ] {
        let shown = synced.of_type("collaboration_group");
        assert!(shown.contains(&chatter.group) && shown.contains(&chatter.archived));
        assert_eq!(
            grants(&synced),
            truth(&chatter.harness.simulator.org(), &shown)
        );
        assert_eq!(synced.dangling(), BTreeSet::new());
        assert!(synced.duplicates.is_empty());
        let row = &synced.resources[&format!("collaboration_group/{}", chatter.archived)];
        assert!(annotation::<pb::GroupTrait>(&row.annotations).is_some());
        assert_eq!(row.status.as_ref().unwrap().details, "archived");
        for (group, is_fixed) in [(&chatter.group, false), (&chatter.archived, true)] {
            for slug in ["member", "admin"] {
                let id = format!("collaboration_group:{group}:{slug}");
                let marks = &synced.entitlements[&id].annotations;
                let fixed = annotation::<pb::EntitlementImmutable>(marks);
                assert_eq!(fixed.is_some(), is_fixed, "{id}");
            }
        }
    }
}

#[tokio::test]
async fn one_group_is_read_without_a_sync() {
    let chatter = Chatter::new().await;
    chatter.arrange(&["member", "admin"]);
    let synced = chatter.harness.sync().await;
    let row = synced.resources[&format!("collaboration_group/{}", chatter.group)].clone();
    let request = pb::ResourceGetterServiceGetResourceRequest {
        resource_id: row.id.clone(),
        ..Default::default()
    };
    let got = chatter.harness.getter().get_resource(request).await;
    assert_eq!(got.unwrap().into_inner().resource.as_ref(), Some(&row));
    let request = pb::GrantsServiceListGrantsRequest {
        resource: Some(row),
        ..Default::default()
    };
    let got = chatter.harness.grants().list_grants(request).await.unwrap();
    let got: BTreeSet<_> = got
        .into_inner()
        .list
        .into_iter()
        .map(|row| row.id)
        .collect();
    let prefix = format!("collaboration_group:{}:", chatter.group);
    let all = grants(&synced)
        .into_iter()
        .filter(|id| id.starts_with(&prefix));
    assert_eq!(got, all.collect());
    assert_eq!(got.len(), 4);
}

#[test_case(true, true; "an org without Chatter")]
#[test_case(false, false; "the switch is off")]
#[tokio::test]
async fn without_chatter_a_sync_is_whole(is_on: bool, is_registered: bool) {
    let mut org = Org::seed(Preset::Tiny);
    for object in [GROUPS, TABLE] {
        org.settings.hidden_objects.insert(object.to_owned());
    }
    let harness = Harness::with(Setup {
        org,
        options: Options {
            chatter_groups: is_on,
            ..Options::default()
        },
        ..Setup::default()
    })
    .await;
    let synced = harness.sync().await;
    assert_eq!(
        synced.types.contains_key("collaboration_group"),
        is_registered
    );
    assert!(synced.of_type("collaboration_group").is_empty());
    let requests = harness.simulator.requests();
    let about = requests
        .iter()
        .filter(|it| it.soql.as_ref().is_some_and(|soql| soql.contains(GROUPS)));
    assert_eq!(about.count(), usize::from(is_on));
}

/// The calls of a grant, the same again, a revoke, and the same again.
#[test_case("member"; "membership")]
#[test_case("admin"; "management")]
#[tokio::test]
async fn grant_and_revoke_may_be_repeated(slug: &str) {
    let chatter = Chatter::new().await;
    let (granted, first) = chatter.counted(chatter.grant(slug)).await;
    assert!(!granted.already && granted.replaced.is_none());
    let both = if slug == "member" {
        vec!["member"]
    } else {
        vec!["member", "admin"]
    };
    assert_eq!(chatter.slugs(), both);
    assert_eq!(granted.grants.len(), both.len());
    let (again, second) = chatter.counted(chatter.grant(slug)).await;
    assert!(again.already && again.grants == granted.grants);
    let (revoked, third) = chatter.counted(chatter.revoke(slug)).await;
    assert!(!revoked.already);
    let rest: Vec<_> = both.into_iter().filter(|had| *had != slug).collect();
    assert_eq!(chatter.slugs(), rest);
    let (again, fourth) = chatter.counted(chatter.revoke(slug)).await;
    assert!(again.already && chatter.slugs() == rest);
    assert_eq!([first, second, third, fourth], [2, 1, 2, 1]);
}

#[tokio::test]
async fn a_manager_who_leaves_is_no_manager() {
    let chatter = Chatter::new().await;
    chatter.grant("member").await;
    chatter.grant("admin").await;
    assert!(chatter.grant("member").await.already);
    assert_eq!(chatter.slugs(), ["member", "admin"]);
    assert!(!chatter.revoke("member").await.already);
    assert!(chatter.slugs().is_empty());
    assert!(chatter.revoke("admin").await.already);
}

#[tokio::test]
async fn what_cannot_be_done_is_explained() {
    let chatter = Chatter::new().await;
    let caller = Caller::new(&chatter.harness);
    let user = ("user", chatter.user.as_str());
    let owner = ("user", chatter.owner.as_str());
    let refused = |answer: Result<Answer, tonic::Status>, words: &str| {
        let status = answer.unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition, "{status:?}");
        assert!(status.message().contains(words), "{status:?}");
    };
    for slug in ["member", "admin"] {
        let archived = Chatter::on(&chatter.archived, slug);
        refused(caller.clone().grant(&archived, user).await, "archived");
        refused(caller.clone().revoke(&archived, owner).await, "archived");
        let on = Chatter::on(&chatter.group, slug);
        refused(caller.clone().revoke(&on, owner).await, "another owner");
    }
    let inactive = [("IsActive", json!(false))];
    let users = chatter.harness.simulator.org().rows("User");
    let other = text(users.last().unwrap(), "Id").to_owned();
    chatter
        .harness
        .simulator
        .org()
        .set("User", &other, &inactive);
    let on = Chatter::on(&chatter.group, "member");
    refused(
        caller.clone().grant(&on, ("user", &other)).await,
        "deactivated",
    );
    for (group, slug) in [("0F9Zz0000000001", "member"), (&chatter.group, "owner")] {
        let on = Chatter::on(group, slug);
        let status = caller.clone().grant(&on, user).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{slug}");
    }
    assert!(chatter.slugs().is_empty());
}

#[tokio::test]
async fn a_write_that_is_cut_off_is_done_once() {
    let chatter = Chatter::new().await;
    let cases: [(&[&str], &str, bool, &[&str]); 5] = [
        (&[], "member", true, &["member"]),
        (&[], "admin", true, &["member", "admin"]),
        (&["member"], "admin", true, &["member", "admin"]),
        (&["member", "admin"], "admin", false, &["member"]),
        (&["member", "admin"], "member", false, &[]),
    ];
    let faults = [
        Fault::DropBefore,
        Fault::DropAfter,
        Fault::unavailable(),
        Fault::error_after(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred."),
        Fault::LockRow,
    ];
    for (before, slug, grants, after) in cases {
        for fault in &faults {
            chatter.arrange(before);
            let injected = chatter.harness.simulator.faults();
            injected.next(1, Matcher::writes_to(TABLE), fault.clone());
            let answer = if grants {
                chatter.grant(slug).await
            } else {
                chatter.revoke(slug).await
            };
            assert!(!answer.already, "{slug} {fault:?}");
            assert_eq!(chatter.slugs(), after, "{slug} {fault:?}");
            assert_eq!(injected.pending(), 0);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_at_once_write_once() {
    let chatter = Chatter::new().await;
    for (slug, grants) in [("admin", true), ("admin", false), ("member", false)] {
        let calls = (0..16).map(|_| {
            let (caller, user) = (Caller::new(&chatter.harness), chatter.user.clone());
            let on = Chatter::on(&chatter.group, slug);
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
    }
    assert!(chatter.slugs().is_empty());
}
