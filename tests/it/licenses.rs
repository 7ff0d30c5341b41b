//! Licences: what a host sees of them, and what happens when one has no seat or is needed.

use std::collections::BTreeMap;

use baton_salesforce::connector::Options;
use baton_salesforce::pb::connector as pb;
use prost_types::value::Kind as Value;
use salesforce_simulator::{Fault, Matcher, Org, Preset};
use serde_json::{Value as Json, json};
use tonic::Code;

use crate::harness::{Harness, Setup, Synced, annotation};
use crate::stage::{FEATURE, Stage, Thing, entitlement};

fn profile(resource: &pb::Resource) -> BTreeMap<String, Value> {
    let fields = resource.profile.as_ref().unwrap().fields.clone();
    fields
        .into_iter()
        .filter_map(|(key, value)| Some((key, value.kind?)))
        .collect()
}

fn trait_of(resource: &pb::Resource) -> pb::LicenseProfileTrait {
    annotation(&resource.annotations).expect("a licence")
}

async fn synced_with(org: Org, options: Options) -> (Harness, Synced) {
    let harness = Harness::with(Setup {
        org,
        options,
        ..Setup::default()
    })
    .await;
    let synced = harness.sync().await;
    (harness, synced)
}

fn text(row: &Json, field: &str) -> String {
    row[field].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn seats_are_the_orgs_own_whichever_users_are_synced() {
    for deactivated_users in [true, false] {
        let options = Options {
            deactivated_users,
            ..Options::default()
        };
        let (harness, synced) = synced_with(Org::seed(Preset::Tiny), options).await;
        let tables = [
            ("user_license", "UserLicense", "TotalLicenses"),
            (
                "permission_set_license",
                "PermissionSetLicense",
                "TotalLicenses",
            ),
            ("package_license", "PackageLicense", "AllowedLicenses"),
        ];
        for (kind, object, total) in tables {
            let rows = harness.simulator.org().rows(object);
            assert!(!rows.is_empty());
            for row in rows {
                let id = text(&row, "Id");
                let resource = &synced.resources[&format!("{kind}/{id}")];
                let shown = trait_of(resource);
                let (total, used) = (row[total].as_i64().unwrap(), row["UsedLicenses"].as_i64());
                assert_eq!(shown.purchased_seats, total.max(0), "{kind}");
                assert_eq!(Some(shown.consumed_seats), used, "{kind}");
                assert_eq!(shown.entitlement_ids, [format!("{kind}:{id}:assigned")]);
                let profile = profile(resource);
                let unlimited = profile.get("unlimited") == Some(&Value::BoolValue(true));
                assert_eq!(unlimited, total < 0);
                let left = (total - used.unwrap()).max(0);
                #[expect(clippy::cast_precision_loss, reason = "small")]
                let left = (total >= 0).then_some(Value::NumberValue(left as f64));
                assert_eq!(profile.get("seats_left"), left.as_ref());
                assert!(
                    !resource.description.contains(" -1"),
                    "{}",
                    resource.description
                );
            }
        }
    }
}

#[tokio::test]
async fn an_expired_licence_says_so() {
    let (harness, synced) = synced_with(Org::seed(Preset::Tiny), Options::default()).await;
    let id = harness
        .simulator
        .org()
        .find("PackageLicense", "NamespacePrefix", "oldpkg")
        .unwrap();
    let resource = &synced.resources[&format!("package_license/{id}")];
    assert_eq!(resource.display_name, "oldpkg");
    assert!(
        resource.description.contains("has expired"),
        "{}",
        resource.description
    );
    let status = resource.status.as_ref().unwrap();
    assert_eq!(status.status(), pb::status::ResourceStatus::Disabled);
}

#[tokio::test]
async fn what_a_policy_took_away_is_no_licence() {
    let mut org = Org::seed(Preset::Tiny);
    let user = org
        .rows("User")
        .iter()
        .map(|row| text(row, "Id"))
        .next()
        .unwrap();
    let license = org
        .find("PermissionSetLicense", "DeveloperName", "IdentityConnect")
        .unwrap();
    let row = org
        .create(
            "PermissionSetLicenseAssign",
            &[
                ("AssigneeId", json!(user)),
                ("PermissionSetLicenseId", json!(license)),
            ],
        )
        .unwrap();
    org.set(
        "PermissionSetLicenseAssign",
        &row,
        &[("IsRevoked", json!(true))],
    );
    let options = Options {
        non_standard_users: true,
        ..Options::default()
    };
    let (_harness, synced) = synced_with(org, options).await;
    let grant = format!("permission_set_license:{license}:assigned:user:{user}");
    assert!(!synced.grants.contains_key(&grant));
}

#[tokio::test]
async fn without_licences_nothing_of_them_is_read() {
    let options = Options {
        licenses: false,
        ..Options::default()
    };
    let (harness, synced) = synced_with(Org::seed(Preset::Tiny), options).await;
    assert!(!synced.types.keys().any(|kind| kind.ends_with("_license")));
    for request in harness.simulator.requests() {
        let path = request.path;
        assert!(
            !path.contains("PackageLicense")
                && !path.contains("FROM+PermissionSetLicense")
                && !path.contains("UserPermissions")
                && !path.contains("UserLicenseId,"),
            "{path}"
        );
    }
}

/// A user licence follows from the profile, so hosts must not offer to grant it.
#[tokio::test]
async fn a_user_licence_is_immutable_and_held_by_active_users_only() {
    let (harness, synced) = synced_with(Org::seed(Preset::Tiny), Options::default()).await;
    let mut entitlements = synced
        .entitlements
        .values()
        .filter(|row| row.id.starts_with("user_license:"))
        .peekable();
    assert!(entitlements.peek().is_some());
    for row in entitlements {
        assert!(annotation::<pb::EntitlementImmutable>(&row.annotations).is_some());
    }
    let org = harness.simulator.org();
    for row in org.rows("User") {
        let holds = synced
            .grants
            .keys()
            .any(|id| id.starts_with("user_license:") && id.ends_with(&text(&row, "Id")));
        let wanted = row["IsActive"] == true && row["UserType"] == "Standard";
        assert_eq!(holds, wanted);
    }
}

/// Ids alone, outside a sync: one query each.
#[tokio::test]
async fn the_holders_of_one_licence_cost_one_query() {
    let stage = Stage::set().await;
    for thing in [Thing::SetLicense, Thing::PackageLicense, Thing::Feature] {
        stage.arrange(thing, true);
    }
    let org_license = {
        let org = stage.org();
        let profile = org.get("Profile", &stage.old_profile).unwrap();
        text(&profile, "UserLicenseId")
    };
    let asked = [
        ("user_license", org_license),
        (
            "permission_set_license",
            stage.id(Thing::SetLicense).to_owned(),
        ),
        (
            "package_license",
            stage.id(Thing::PackageLicense).to_owned(),
        ),
        ("feature_license", FEATURE.to_owned()),
    ];
    for (kind, id) in asked {
        let request = pb::GrantsServiceListGrantsRequest {
            resource: Some(pb::Resource {
                id: Some(pb::ResourceId {
                    resource_type: kind.to_owned(),
                    resource: id.clone(),
                    ..Default::default()
                }),
                ..Default::default()
            }),
            ..Default::default()
        };
        let (answer, calls) = stage
            .counted(async { stage.harness.grants().list_grants(request).await.unwrap() })
            .await;
        let wanted = format!("{kind}:{id}:assigned:user:{}", stage.user);
        let grants = answer.into_inner().list;
        assert!(grants.iter().any(|grant| grant.id == wanted), "{kind}");
        assert_eq!(calls, 1, "{kind}");
    }
}

#[tokio::test]
async fn a_licence_without_a_seat_is_named_with_its_count() {
    let stage = Stage::set().await;
    {
        let mut org = stage.harness.simulator.org();
        let full = [("TotalLicenses", json!(3)), ("UsedLicenses", json!(3))];
        org.set("PermissionSetLicense", stage.id(Thing::SetLicense), &full);
        let full = [("AllowedLicenses", json!(7)), ("UsedLicenses", json!(7))];
        org.set("PackageLicense", stage.id(Thing::PackageLicense), &full);
    }
    for (thing, name, count) in [
        (Thing::SetLicense, "Sales Console User", "3 of 3 are used"),
        (Thing::PackageLicense, "sfcpq", "7 of 7 are used"),
    ] {
        let (answer, calls) = stage.counted(stage.grant(thing)).await;
        let status = answer.unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition);
        let text = status.message();
        assert!(text.contains(name) && text.contains(count), "{text}");
        assert_eq!(calls, 2);
    }
    let fault = Fault::status(400, "LICENSE_LIMIT_EXCEEDED", "license limit exceeded");
    let faults = stage.harness.simulator.faults();
    faults.next(1, Matcher::writes_to("User"), fault);
    let status = stage.grant(Thing::Feature).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(status.message().contains(FEATURE), "{}", status.message());
}

#[tokio::test]
async fn an_expired_package_is_refused_in_words() {
    let stage = Stage::set().await;
    let id = stage
        .org()
        .find("PackageLicense", "NamespacePrefix", "oldpkg")
        .unwrap();
    let on = entitlement(Thing::PackageLicense, &id);
    let status = stage
        .caller()
        .grant(&on, ("user", &stage.user))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    let text = status.message();
    assert!(
        text.contains("oldpkg") && text.contains("has expired"),
        "{text}"
    );
}

/// A permission set in force needs the licence, held directly or through a group.
#[tokio::test]
async fn a_licence_that_is_needed_is_explained_and_stays() {
    for through_group in [false, true] {
        let stage = Stage::set().await;
        let license = stage.id(Thing::SetLicense).to_owned();
        let set = stage.id(Thing::Set).to_owned();
        {
            let mut org = stage.harness.simulator.org();
            org.set("PermissionSet", &set, &[("LicenseId", json!(license))]);
            if through_group {
                let group = stage.id(Thing::SetGroup);
                let fields = [
                    ("PermissionSetGroupId", json!(group)),
                    ("PermissionSetId", json!(set)),
                ];
                org.create("PermissionSetGroupComponent", &fields).unwrap();
            }
        }
        stage.arrange(Thing::SetLicense, true);
        let holder = if through_group {
            Thing::SetGroup
        } else {
            Thing::Set
        };
        stage.arrange(holder, true);
        stage.harness.simulator.clear_requests();
        let status = stage.revoke(Thing::SetLicense).await.unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition);
        let text = status.message();
        assert!(
            text.contains("\"Stage\"") && text.contains("needs this licence"),
            "{text}"
        );
        assert_eq!(
            text.contains("through the permission set group"),
            through_group
        );
        assert_eq!(stage.writes(), 0);
        assert!(stage.has(&stage.user, Thing::SetLicense));
        stage.arrange(holder, false);
        assert!(!stage.revoke(Thing::SetLicense).await.unwrap().already);
    }
}

#[tokio::test]
async fn a_package_licence_that_a_policy_took_away_is_given_back() {
    let stage = Stage::set().await;
    stage.arrange(Thing::PackageLicense, true);
    {
        let mut org = stage.harness.simulator.org();
        let rows = org.rows("UserPackageLicense");
        let row = rows
            .iter()
            .find(|row| row["UserId"] == stage.user.as_str())
            .unwrap();
        org.set(
            "UserPackageLicense",
            &text(row, "Id"),
            &[("IsRevoked", json!(true))],
        );
    }
    assert!(stage.revoke(Thing::PackageLicense).await.unwrap().already);
    let granted = stage.grant(Thing::PackageLicense).await;
    match granted {
        Ok(answer) => assert!(!answer.already),
        Err(status) => assert_eq!(status.code(), Code::FailedPrecondition),
    }
}

#[tokio::test]
async fn a_feature_that_the_org_does_not_have_is_explained() {
    let stage = Stage::set().await;
    let on = entitlement(Thing::Feature, "UserPermissionsNoSuchThing");
    let status = stage
        .caller()
        .grant(&on, ("user", &stage.user))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(
        status.message().contains("no feature licence"),
        "{}",
        status.message()
    );
}

#[tokio::test]
async fn a_feature_whose_field_is_hidden_is_no_resource() {
    let mut org = Org::seed(Preset::Tiny);
    org.hide_field("User", FEATURE);
    let (_harness, synced) = synced_with(org, Options::default()).await;
    let features = synced.of_type("feature_license");
    assert!(!features.contains(FEATURE) && features.contains("UserPermissionsMarketingUser"));
    assert!(!synced.resources.values().any(|row| {
        let profile = row.profile.as_ref();
        row.id.as_ref().is_some_and(|id| id.resource_type == "user")
            && profile.is_some_and(|it| {
                it.fields
                    .keys()
                    .any(|key| key.starts_with("UserPermissions"))
            })
    }));
}
