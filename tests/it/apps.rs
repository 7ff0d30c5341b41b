//! Connected apps and external client apps: who has access to them, and who lets them act.

use std::collections::{BTreeMap, BTreeSet};

use baton_salesforce::connector::Options;
use baton_salesforce::pb::connector as pb;
use salesforce_simulator::{Fault, Matcher, Org, Preset};
use serde_json::{Value as Json, json};
use test_case::test_case;
use tonic::Code;

use crate::harness::{Harness, Setup, Synced, annotation};
use crate::stage::{Answer, Caller, EntitlementParts};

const LOADER: &str = "Dataloader \"Pro\"";
const REVOKE: &str = "/services/oauth2/revoke";

fn options() -> Options {
    Options {
        connected_apps: true,
        ..Options::default()
    }
}

fn text<'a>(row: &'a Json, column: &str) -> &'a str {
    row[column].as_str().unwrap_or_default()
}

struct Apps {
    harness: Harness,
    /// A connected app that only chosen people may use.
    loader: String,
    /// An external client app.
    external: String,
    user: String,
}

impl Apps {
    async fn new() -> Self {
        Self::with(Org::seed(Preset::Tiny), options()).await
    }

    /// An org with an external client app, and a user who has authorized nothing.
    async fn with(mut org: Org, options: Options) -> Self {
        let fields = [
            ("DeveloperName", json!("Portal")),
            ("MasterLabel", json!("Portal App")),
            ("ContactEmail", json!("portal@simulated.example")),
            ("DistributionState", json!("Local")),
            ("IsProtected", json!(false)),
        ];
        let external = org.insert("ExternalClientApplication", &fields);
        let loader = org.find("ConnectedApplication", "Name", LOADER).unwrap();
        let own = org.integration_user();
        let busy: BTreeSet<_> = org
            .rows("OauthToken")
            .iter()
            .map(|row| text(row, "UserId").to_owned())
            .collect();
        let users = org.rows("User");
        let user = users.iter().find(|user| {
            let id = text(user, "Id");
            user["UserType"] == "Standard"
                && user["IsActive"] == true
                && id != own
                && !busy.contains(id)
        });
        let user = text(user.unwrap(), "Id").to_owned();
        let harness = Harness::with(Setup {
            org,
            options,
            ..Setup::default()
        })
        .await;
        Self {
            harness,
            loader,
            external,
            user,
        }
    }

    fn on(app: &str, slug: &str) -> EntitlementParts {
        ("connected_application".into(), app.into(), slug.into())
    }

    async fn revoke(&self, app: &str) -> Answer {
        let on = Self::on(app, "authorized");
        let caller = Caller::new(&self.harness);
        caller.revoke(&on, ("user", &self.user)).await.unwrap()
    }

    /// Adds an authorization; the app is named by its name and perhaps by its menu item.
    fn authorize(&self, user: &str, name: &str, item: Option<&str>, secret: &str) {
        let fields = [
            ("AppName", json!(name)),
            ("AppMenuItemId", json!(item)),
            ("UserId", json!(user)),
            ("DeleteToken", json!(secret)),
            ("UseCount", json!(3)),
            ("LastUsedDate", json!("2026-03-01T10:00:00.000+0000")),
        ];
        self.harness.simulator.org().insert("OauthToken", &fields);
    }

    /// The names of the apps that the user has authorized, once for each authorization.
    fn authorized(&self) -> Vec<String> {
        let rows = self.harness.simulator.org().rows("OauthToken");
        let mut names: Vec<_> = rows
            .iter()
            .filter(|row| text(row, "UserId") == self.user)
            .map(|row| text(row, "AppName").to_owned())
            .collect();
        names.sort();
        names
    }

    fn item_of(&self, app: &str) -> String {
        let org = self.harness.simulator.org();
        let found = org.find("AppMenuItem", "ApplicationId", app);
        found.unwrap_or_else(|| {
            let rows = org.rows("AppMenuItem");
            let row = rows.iter().find(|row| text(row, "ApplicationId") == app);
            text(row.unwrap(), "Id").to_owned()
        })
    }
}

/// The ids of the grants with this slug.
fn grants(synced: &Synced, slug: &str) -> BTreeSet<String> {
    let part = format!(":{slug}:");
    let ids = synced
        .grants
        .keys()
        .filter(|id| id.starts_with("connected_application:") && id.contains(&part));
    ids.cloned().collect()
}

/// The access that administrators gave, as the org says.
fn accesses(org: &Org) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for row in org.rows("SetupEntityAccess") {
        if !text(&row, "SetupEntityType").ends_with("Application") {
            continue;
        }
        let (set, app) = (text(&row, "ParentId"), text(&row, "SetupEntityId"));
        let parent = org.get("PermissionSet", set).unwrap();
        if !parent["PermissionSetGroupId"].is_null() {
            continue;
        }
        let holder = if parent["IsOwnedByProfile"] == true {
            format!("profile:{}", text(&parent, "ProfileId"))
        } else {
            format!("permission:{set}")
        };
        all.insert(format!("connected_application:{app}:assigned:{holder}"));
    }
    all
}

/// The authorizations of the users of the synced kind, as the org says.
fn authorizations(org: &Org) -> BTreeSet<String> {
    let mut named: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (object, column) in [
        ("ConnectedApplication", "Name"),
        ("ExternalClientApplication", "MasterLabel"),
    ] {
        for row in org.rows(object) {
            let apps = named.entry(text(&row, column).to_owned()).or_default();
            apps.insert(text(&row, "Id").to_owned());
        }
    }
    let mut all = BTreeSet::new();
    for row in org.rows("OauthToken") {
        let user = text(&row, "UserId");
        if org.get("User", user).unwrap()["UserType"] != "Standard" {
            continue;
        }
        let item = org.get("AppMenuItem", text(&row, "AppMenuItemId"));
        let app = match (item, named.get(text(&row, "AppName"))) {
            (Some(item), _) => text(&item, "ApplicationId").to_owned(),
            (None, Some(apps)) if apps.len() == 1 => apps.first().unwrap().clone(),
            _ => continue,
        };
        all.insert(format!(
            "connected_application:{app}:authorized:user:{user}"
        ));
    }
    all
}

fn facts(grant: &pb::Grant) -> BTreeMap<String, String> {
    let metadata = annotation::<pb::GrantMetadata>(&grant.annotations).unwrap();
    let fields = metadata.metadata.unwrap().fields;
    let shown = fields.into_iter().map(|(key, value)| {
        use prost_types::value::Kind;
        let value = match value.kind {
            Some(Kind::StringValue(text)) => text,
            Some(Kind::NumberValue(number)) => number.to_string(),
            other => format!("{other:?}"),
        };
        (key, value)
    });
    shown.collect()
}

#[tokio::test]
async fn a_sync_shows_apps_access_and_authorizations() {
    let apps = Apps::new().await;
    {
        let mut org = apps.harness.simulator.org();
        let group = org.rows("PermissionSetGroup")[0].clone();
        let sets = org.rows("PermissionSet");
        let sum = sets
            .iter()
            .find(|set| text(set, "PermissionSetGroupId") == text(&group, "Id"));
        let plain = sets
            .iter()
            .find(|set| set["IsOwnedByProfile"] == false && set["PermissionSetGroupId"].is_null());
        for parent in [sum.unwrap(), plain.unwrap()] {
            let fields = [
                ("ParentId", parent["Id"].clone()),
                ("SetupEntityId", json!(apps.external)),
                ("SetupEntityType", json!("ExternalClientApplication")),
            ];
            org.insert("SetupEntityAccess", &fields);
        }
    }
    apps.authorize(&apps.user, LOADER, None, "one");
    apps.authorize(&apps.user, LOADER, None, "two");
    apps.authorize(&apps.user, "An app that nobody installed", None, "three");
    for synced in [
        apps.harness.sync().await,
        apps.harness.sync_per_resource().await,
    ] {
        let org = apps.harness.simulator.org();
        let external = org.rows("ExternalClientApplication");
        let external = external.iter().map(|row| text(row, "Id").to_owned());
        let ids: BTreeSet<_> = org
            .rows("ConnectedApplication")
            .iter()
            .map(|row| text(row, "Id").to_owned())
            .chain(external)
            .collect();
        assert_eq!(synced.of_type("connected_application"), ids);
        let row = &synced.resources[&format!("connected_application/{}", apps.external)];
        let kind = annotation::<pb::NonHumanIdentityTrait>(&row.annotations).unwrap();
        assert_eq!(kind.nhi_detail, "salesforce.external_client_application");
        assert_eq!(row.display_name, "Portal App");
        assert_eq!(grants(&synced, "assigned"), accesses(&org));
        assert!(!accesses(&org).is_empty());
        let loader = format!("connected_application:{}:authorized:user:", apps.loader);
        assert_eq!(grants(&synced, "authorized"), authorizations(&org));
        assert_eq!(synced.dangling(), BTreeSet::new());
        assert!(synced.duplicates.is_empty());
        let facts = facts(&synced.grants[&format!("{loader}{}", apps.user)]);
        assert_eq!((&*facts["token_count"], &*facts["use_count"]), ("2", "6"));
        assert_eq!(facts["last_used"], "2026-03-01T10:00:00Z");
        for id in accesses(&org) {
            let marks = &synced.grants[&id].annotations;
            let expansion = annotation::<pb::GrantExpandable>(marks).unwrap();
            let holder = id.split(":assigned:").nth(1).unwrap();
            assert_eq!(expansion.entitlement_ids, [format!("{holder}:assigned")]);
            assert!(
                synced
                    .entitlements
                    .contains_key(&expansion.entitlement_ids[0])
            );
        }
        let about = |app: &str| {
            let id = format!("connected_application:{app}:assigned");
            let row = &synced.entitlements[&id];
            assert!(annotation::<pb::EntitlementImmutable>(&row.annotations).is_some());
            row.description.clone()
        };
        let open = org
            .find("ConnectedApplication", "Name", "Connected App 1")
            .unwrap();
        assert!(about(&apps.loader).contains("Only users with access"));
        assert!(about(&open).contains("open to everybody"));
        assert!(about(&apps.external).contains("own policies"));
    }
}

#[test_case("ExternalClientApplication"; "external client apps")]
#[test_case("ConnectedApplication"; "connected apps")]
#[test_case("SetupEntityAccess"; "access")]
#[test_case("OauthToken"; "authorizations")]
#[test_case("AppMenuItem"; "menu items")]
#[tokio::test]
async fn what_the_org_does_not_have_costs_only_itself(object: &str) {
    let mut org = Org::seed(Preset::Tiny);
    org.settings.hidden_objects.insert(object.to_owned());
    let apps = Apps::with(org, options()).await;
    apps.authorize(&apps.user, LOADER, Some("0DS000000000001AAA"), "one");
    let synced = apps.harness.sync().await;
    let shown = synced.of_type("connected_application");
    assert_eq!(
        shown.contains(&apps.loader),
        object != "ConnectedApplication"
    );
    assert_eq!(
        shown.contains(&apps.external),
        object != "ExternalClientApplication"
    );
    let org = apps.harness.simulator.org();
    let of_shown = |ids: BTreeSet<String>, is_hidden: bool| -> BTreeSet<String> {
        let is_shown = |id: &String| shown.contains(id.split(':').nth(1).unwrap());
        ids.into_iter()
            .filter(|id| !is_hidden && is_shown(id))
            .collect()
    };
    assert_eq!(
        grants(&synced, "assigned"),
        of_shown(accesses(&org), object == "SetupEntityAccess")
    );
    assert_eq!(
        grants(&synced, "authorized"),
        of_shown(authorizations(&org), object == "OauthToken")
    );
    assert_eq!(synced.dangling(), BTreeSet::new());
}

#[tokio::test]
async fn an_authorization_is_of_the_app_of_its_item_or_of_its_name() {
    let apps = Apps::new().await;
    let other = {
        let mut org = apps.harness.simulator.org();
        for row in org.rows("OauthToken") {
            if text(&row, "UserId") == apps.user {
                org.delete("OauthToken", text(&row, "Id"));
            }
        }
        // Two apps of one name.
        org.insert(
            "ConnectedApplication",
            &[("Name", json!("Twin")), ("UvidTimeout", json!(1))],
        );
        org.insert(
            "ConnectedApplication",
            &[("Name", json!("Twin")), ("UvidTimeout", json!(1))],
        );
        org.find("ConnectedApplication", "Name", "Connected App 1")
            .unwrap()
    };
    let item = apps.item_of(&other);
    apps.authorize(&apps.user, "An old name", Some(&item), "one");
    apps.authorize(&apps.user, "Twin", None, "two");
    apps.authorize(&apps.user, "Portal App", None, "three");
    let synced = apps.harness.sync().await;
    let of_user: BTreeSet<_> = grants(&synced, "authorized")
        .into_iter()
        .filter(|id| id.ends_with(&apps.user))
        .collect();
    let grant = |app: &str| format!("connected_application:{app}:authorized:user:{}", apps.user);
    assert_eq!(
        of_user,
        BTreeSet::from([grant(&other), grant(&apps.external)])
    );
    // The same apps are meant by a revoke.
    assert!(apps.revoke(&apps.loader).await.already);
    assert!(!apps.revoke(&other).await.already);
    assert_eq!(apps.authorized(), ["Portal App", "Twin"]);
    assert!(!apps.revoke(&apps.external).await.already);
    assert_eq!(apps.authorized(), ["Twin"]);
}

#[tokio::test]
async fn more_authorizations_than_one_query_returns_are_all_counted() {
    let apps = Apps::new().await;
    let users: Vec<String> = {
        let org = apps.harness.simulator.org();
        let rows = org.rows("User");
        let rows = rows.iter().filter(|user| user["UserType"] == "Standard");
        rows.take(7)
            .map(|user| text(user, "Id").to_owned())
            .collect()
    };
    let mut expected: BTreeMap<&String, u32> = BTreeMap::new();
    {
        let mut org = apps.harness.simulator.org();
        for row in org.rows("OauthToken") {
            org.delete("OauthToken", text(&row, "Id"));
        }
        for number in 0..3_400_usize {
            // One user alone has more than one query returns.
            let user = if number < 2_600 {
                &users[3]
            } else {
                &users[number % 7]
            };
            *expected.entry(user).or_default() += 1;
            let fields = [
                ("AppName", json!(LOADER)),
                ("UserId", json!(user)),
                ("UseCount", json!(1)),
            ];
            org.insert("OauthToken", &fields);
        }
    }
    let synced = apps.harness.sync().await;
    assert_eq!(grants(&synced, "authorized").len(), 7);
    for (user, count) in expected {
        let id = format!(
            "connected_application:{}:authorized:user:{user}",
            apps.loader
        );
        let facts = facts(&synced.grants[&id]);
        assert_eq!(facts["token_count"], count.to_string());
        assert_eq!(facts["use_count"], count.to_string());
    }
}

#[tokio::test]
async fn one_app_is_read_without_a_sync() {
    let apps = Apps::with(
        Org::seed(Preset::Tiny),
        Options {
            deactivated_users: false,
            ..options()
        },
    )
    .await;
    let synced = apps.harness.sync().await;
    for app in [&apps.loader, &apps.external] {
        let row = synced.resources[&format!("connected_application/{app}")].clone();
        let request = pb::ResourceGetterServiceGetResourceRequest {
            resource_id: row.id.clone(),
            ..Default::default()
        };
        let got = apps.harness.getter().get_resource(request).await.unwrap();
        assert_eq!(got.into_inner().resource.as_ref(), Some(&row));
        let mut got = BTreeSet::new();
        let mut token = String::new();
        loop {
            let request = pb::GrantsServiceListGrantsRequest {
                resource: Some(row.clone()),
                page_token: token,
                ..Default::default()
            };
            let answer = apps.harness.grants().list_grants(request).await.unwrap();
            let answer = answer.into_inner();
            got.extend(answer.list.into_iter().map(|row| row.id));
            token = answer.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        let prefix = format!("connected_application:{app}:");
        let all = synced.grants.keys().filter(|id| id.starts_with(&prefix));
        assert_eq!(got, all.cloned().collect());
    }
}

#[tokio::test]
async fn revoking_ends_each_authorization_of_the_app() {
    let apps = Apps::new().await;
    for secret in ["first-secret", "second-secret", "third-secret"] {
        apps.authorize(&apps.user, LOADER, None, secret);
    }
    apps.authorize(&apps.user, "Connected App 1", None, "other-secret");
    let others = apps.harness.simulator.org().count("OauthToken") - 3;
    apps.harness.simulator.clear_requests();
    assert!(!apps.revoke(&apps.loader).await.already);
    assert_eq!(apps.authorized(), ["Connected App 1"]);
    assert_eq!(apps.harness.simulator.org().count("OauthToken"), others);
    // The look, who is signed in, and what is left.
    assert_eq!(apps.harness.simulator.api_calls(), 3);
    let requests = apps.harness.simulator.requests();
    let sent: Vec<_> = requests
        .iter()
        .filter(|it| it.path.contains(REVOKE))
        .collect();
    assert_eq!(sent.len(), 3);
    for request in &requests {
        assert!(!format!("{} {:?}", request.path, request.soql).contains("secret"));
        assert!(request.path != REVOKE || request.method == "POST");
    }
    apps.harness.simulator.clear_requests();
    assert!(apps.revoke(&apps.loader).await.already);
    assert_eq!(apps.harness.simulator.api_calls(), 1);
    assert!(
        !grants(&apps.harness.sync().await, "authorized")
            .iter()
            .any(|id| id.contains(&apps.loader) && id.ends_with(&apps.user))
    );
}

#[test_case(Fault::DropBefore)]
#[test_case(Fault::DropAfter)]
#[test_case(Fault::unavailable())]
#[test_case(Fault::html(502))]
#[test_case(Fault::error_after(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred."))]
#[tokio::test]
async fn a_revoke_that_is_cut_off_is_done(fault: Fault) {
    let apps = Apps::new().await;
    for _ in 0..2 {
        apps.authorize(&apps.user, LOADER, None, "one");
        apps.authorize(&apps.user, LOADER, None, "two");
        let faults = apps.harness.simulator.faults();
        faults.next(1, Matcher::any().path(REVOKE), fault.clone());
        assert!(!apps.revoke(&apps.loader).await.already, "{fault:?}");
        assert!(apps.authorized().is_empty(), "{fault:?}");
        assert_eq!(faults.pending(), 0);
        assert!(apps.revoke(&apps.loader).await.already);
    }
}

#[tokio::test]
async fn what_cannot_be_done_is_explained() {
    let apps = Apps::new().await;
    apps.authorize(&apps.user, LOADER, None, "one");
    let own = apps.harness.simulator.org().integration_user();
    apps.authorize(&own, LOADER, None, "own");
    apps.harness.simulator.clear_requests();
    let caller = Caller::new(&apps.harness);
    let set = apps.harness.simulator.org().rows("PermissionSet")[0]["Id"].clone();
    let (user, set) = (
        ("user", apps.user.as_str()),
        ("permission", set.as_str().unwrap()),
    );
    let authorized = Apps::on(&apps.loader, "authorized");
    let assigned = Apps::on(&apps.loader, "assigned");
    let refused = |answer: Result<Answer, tonic::Status>, words: &str| {
        let status = answer.unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition, "{status:?}");
        assert!(status.message().contains(words), "{status:?}");
    };
    let signs_in = "by signing in to the app";
    refused(caller.clone().grant(&authorized, user).await, signs_in);
    for who in [user, set] {
        refused(caller.clone().grant(&assigned, who).await, "in Setup");
        refused(caller.clone().revoke(&assigned, who).await, "in Setup");
    }
    assert_eq!(apps.harness.simulator.api_calls(), 0);
    let answer = caller.clone().revoke(&authorized, ("user", &own)).await;
    refused(answer, "the connector's own user");
    assert_eq!(apps.authorized(), [LOADER]);
    let requests = apps.harness.simulator.requests();
    assert!(requests.iter().all(|it| !it.path.contains(REVOKE)));
}

/// Who sees only its own authorizations cannot tell that there are none.
#[tokio::test]
async fn a_revoke_that_cannot_see_is_refused() {
    let mut org = Org::seed(Preset::Tiny);
    crate::doctor::lacking(&mut org, &["CustomizeApplication"]);
    let apps = Apps::with(org, options()).await;
    apps.authorize(&apps.user, LOADER, None, "one");
    let on = Apps::on(&apps.loader, "authorized");
    let answer = Caller::new(&apps.harness).revoke(&on, ("user", apps.user.as_str()));
    let status = answer.await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition, "{status:?}");
    assert!(
        status.message().contains("\"Customize Application\""),
        "{status:?}"
    );
    assert_eq!(apps.authorized(), [LOADER]);
}

#[tokio::test]
async fn a_dry_run_ends_nothing() {
    let apps = Apps::with(
        Org::seed(Preset::Tiny),
        Options {
            dry_run: true,
            ..options()
        },
    )
    .await;
    apps.authorize(&apps.user, LOADER, None, "one");
    let on = Apps::on(&apps.loader, "authorized");
    let answer = Caller::new(&apps.harness)
        .revoke(&on, ("user", &apps.user))
        .await;
    let status = answer.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(status.message().contains("would end 1"), "{status:?}");
    assert_eq!(apps.authorized(), [LOADER]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_at_once_end_each_authorization_once() {
    let apps = Apps::new().await;
    apps.authorize(&apps.user, LOADER, None, "one");
    apps.authorize(&apps.user, LOADER, None, "two");
    apps.harness.simulator.clear_requests();
    let calls = (0..16).map(|_| {
        let (caller, user) = (Caller::new(&apps.harness), apps.user.clone());
        let on = Apps::on(&apps.loader, "authorized");
        tokio::spawn(async move { caller.revoke(&on, ("user", &user)).await })
    });
    let mut changed = 0;
    for call in calls.collect::<Vec<_>>() {
        changed += usize::from(!call.await.unwrap().unwrap().already);
    }
    assert_eq!(changed, 1);
    let requests = apps.harness.simulator.requests();
    let sent = requests.iter().filter(|it| it.path.contains(REVOKE));
    assert_eq!(sent.count(), 2);
    assert!(apps.authorized().is_empty());
}
