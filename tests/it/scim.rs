//! Accounts and permission sets over SCIM: the same results as over REST, and which requests carry
//! them.

use baton_salesforce::connector::{LifecycleApi, Options};
use baton_salesforce::pb::connector::create_account_response::Result as Outcome;
use salesforce_simulator::{Fault, Matcher, Org, Preset};
use serde_json::{Value as Json, json};
use test_case::test_case;
use tonic::Code;

use crate::accounts::{create, created, delete, existing, futures, id, jane, with};
use crate::actions::{burdened, invoke, user};
use crate::harness::{Harness, Setup};
use crate::stage::{Stage, THINGS, Thing, entitlement};
use crate::validate::validate;

fn setup() -> Setup {
    Setup {
        options: Options {
            lifecycle_api: LifecycleApi::Scim,
            ..Options::default()
        },
        ..Setup::default()
    }
}

async fn harness() -> Harness {
    Harness::with(setup()).await
}

/// The writes that were sent: `PATCH /services/scim/v2/Users/005…`.
fn writes(harness: &Harness) -> Vec<String> {
    let requests = harness.simulator.requests().into_iter();
    let is_write = |method: &str, path: &str| method != "GET" && !path.ends_with("/composite");
    requests
        .filter(|it| !it.login && is_write(&it.method, &it.path))
        .map(|it| format!("{} {}", it.method, it.path))
        .collect()
}

fn over_scim(harness: &Harness) -> Vec<String> {
    let mut writes = writes(harness);
    writes.retain(|write| write.contains(" /services/scim/v2/"));
    writes
}

fn scim_writes() -> Matcher {
    Matcher::writes().path("/services/scim/")
}

/// Faults that leave it open whether the write was done, and some that do not.
fn faults() -> Vec<Fault> {
    vec![
        Fault::DropBefore,
        Fault::DropAfter,
        Fault::unavailable(),
        Fault::error_after(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred."),
        Fault::html(502),
        Fault::TruncatedBody,
        Fault::GarbageBody,
        Fault::LockRow,
        Fault::ExpireSession,
        Fault::ConcurrentLimit,
    ]
}

/// A refusal as SCIM words it.
fn refusal(status: u16, detail: &str) -> Fault {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "detail": detail, "status": status.to_string(),
    });
    Fault::Http {
        status,
        body: body.to_string(),
        content_type: "application/scim+json".to_owned(),
    }
}

/// The calls of a grant, the same again, a revoke, and the same again.
#[test_case(Thing::Set, [2, 1, 2, 1]; "permission set")]
#[test_case(Thing::SetGroup, [2, 2, 2, 1]; "permission set group")]
#[test_case(Thing::Group, [2, 1, 2, 1]; "group")]
#[test_case(Thing::Role, [2, 1, 2, 1]; "role")]
#[test_case(Thing::Profile, [2, 1, 2, 1]; "profile")]
#[tokio::test]
async fn grant_and_revoke_may_be_repeated(thing: Thing, budget: [u64; 4]) {
    let stage = Stage::with(setup()).await;
    let (granted, first) = stage.counted(stage.grant(thing)).await;
    assert!(!granted.unwrap().already && stage.has(&stage.user, thing));
    let over = over_scim(&stage.harness).len();
    assert_eq!(over, usize::from(thing == Thing::Set));
    let (again, second) = stage.counted(stage.grant(thing)).await;
    assert!(again.unwrap().already && stage.rows(&stage.user, thing) == 1);
    let (revoked, third) = stage.counted(stage.revoke(thing)).await;
    assert!(!revoked.unwrap().already && stage.rows(&stage.user, thing) == 0);
    // One cannot be taken without writing all others again.
    assert!(over_scim(&stage.harness).is_empty());
    let (again, fourth) = stage.counted(stage.revoke(thing)).await;
    assert!(again.unwrap().already && !stage.has(&stage.user, thing));
    assert_eq!([first, second, third, fourth], budget);
}

#[tokio::test]
async fn a_grant_leaves_what_the_user_has() {
    let stage = Stage::with(setup()).await;
    let name = [("Name", json!("Other")), ("Label", json!("Other"))];
    let other = stage.org().create("PermissionSet", &name).unwrap();
    let held = [
        ("AssigneeId", json!(stage.user)),
        ("PermissionSetId", json!(other)),
    ];
    stage
        .org()
        .create("PermissionSetAssignment", &held)
        .unwrap();
    stage.arrange(Thing::SetGroup, true);
    stage.grant(Thing::Set).await.unwrap();
    let sets = stage.org().direct_permission_sets(&stage.user);
    assert!(sets.contains(&other) && sets.contains(stage.id(Thing::Set)));
    assert!(stage.has(&stage.user, Thing::SetGroup));
    let profile = &stage.org().get("User", &stage.user).unwrap()["ProfileId"];
    assert_eq!(profile, &json!(stage.old_profile));
}

#[tokio::test]
async fn the_answer_is_the_grant_as_a_sync_shows_it() {
    let stage = Stage::with(setup()).await;
    let granted = stage.grant(Thing::Set).await.unwrap();
    let again = stage.grant(Thing::Set).await.unwrap();
    let synced = stage.harness.sync().await;
    let [grant] = granted.grants.as_slice() else {
        panic!("one grant")
    };
    assert_eq!(synced.grants.get(&grant.id), Some(grant));
    assert_eq!(again.grants, granted.grants);
}

#[tokio::test]
async fn what_does_not_exist_cannot_be_granted() {
    let stage = Stage::with(setup()).await;
    let on = entitlement(Thing::Set, stage.id(Thing::Set));
    let nobody = stage.caller().grant(&on, ("user", "005Hp0000099999"));
    assert_eq!(nobody.await.unwrap_err().code(), Code::InvalidArgument);
    let nothing = entitlement(Thing::Set, "0PSHp0000099999");
    let nothing = stage.caller().grant(&nothing, ("user", &stage.user)).await;
    let status = nothing.unwrap_err();
    let told = matches!(
        status.code(),
        Code::InvalidArgument | Code::FailedPrecondition
    );
    assert!(told, "{status:?}");
}

#[tokio::test]
async fn a_grant_that_is_cut_off_is_made_once() {
    let stage = Stage::with(setup()).await;
    for fault in faults() {
        stage.arrange(Thing::Set, false);
        let plan = stage.harness.simulator.faults();
        plan.next(1, scim_writes(), fault.clone());
        let answer = stage.grant(Thing::Set).await;
        let answer = answer.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert!(!answer.already && plan.pending() == 0, "{fault:?}");
        assert_eq!(stage.rows(&stage.user, Thing::Set), 1, "{fault:?}");
        assert!(stage.grant(Thing::Set).await.unwrap().already, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_equal_grants_end_as_one_write() {
    let stage = Stage::with(setup()).await;
    stage.harness.simulator.clear_requests();
    let on = entitlement(Thing::Set, stage.id(Thing::Set));
    let calls = (0..16).map(|_| {
        let (caller, on, user) = (stage.caller(), on.clone(), stage.user.clone());
        async move { caller.grant(&on, ("user", &user)).await.unwrap().already }
    });
    let answers = futures(calls).await;
    let changed = answers.iter().filter(|already| !**already).count();
    assert_eq!((changed, writes(&stage.harness).len()), (1, 1));
    assert_eq!(stage.rows(&stage.user, Thing::Set), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_grants_to_one_user_lose_none() {
    let stage = Stage::with(setup()).await;
    let sets: Vec<String> = (0..16)
        .map(|number| {
            let name = json!(format!("Many{number}"));
            let fields = [("Name", name.clone()), ("Label", name)];
            stage.org().create("PermissionSet", &fields).unwrap()
        })
        .collect();
    let calls = sets.iter().map(|set| {
        let (caller, user) = (stage.caller(), stage.user.clone());
        let on = entitlement(Thing::Set, set);
        async move { caller.grant(&on, ("user", &user)).await.unwrap() }
    });
    futures(calls).await;
    let held = stage.org().direct_permission_sets(&stage.user);
    assert!(sets.iter().all(|set| held.contains(set)));
}

/// Every second write fails in some way, and every fifth read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_days_lose_nothing_and_double_nothing() {
    let stage = Stage::with(setup()).await;
    let plan = stage.harness.simulator.faults();
    plan.every_matching(2, Matcher::writes(), faults());
    let reads = [Fault::DropAfter, Fault::unavailable()];
    plan.every_matching(5, Matcher::reads(), reads);
    for _ in 0..3 {
        for thing in THINGS {
            stage.grant(thing).await.unwrap();
            assert_eq!(stage.rows(&stage.user, thing), 1, "{thing:?}");
        }
        for thing in THINGS {
            stage.revoke(thing).await.unwrap();
            assert_eq!(stage.rows(&stage.user, thing), 0, "{thing:?}");
        }
    }
}

#[tokio::test]
async fn a_user_is_deactivated_activated_and_deleted() {
    let harness = harness().await;
    let user = user(&harness, 3);
    let path = format!("/services/scim/v2/Users/{user}");
    for (active, calls) in [(false, 2), (false, 1), (true, 2), (true, 1)] {
        harness.simulator.clear_requests();
        let args = json!({"resource_id": user, "is_active": active});
        let answer = invoke(&harness, "update_user_status", &args).await;
        assert_eq!(answer.complete(), json!({"success": true}));
        assert_eq!(harness.simulator.api_calls(), calls);
        let sent = vec![format!("PATCH {path}"); usize::from(calls == 2)];
        assert_eq!(writes(&harness), sent);
        let row = harness.simulator.org().get("User", &user).unwrap();
        assert_eq!(row["IsActive"], json!(active));
    }
    harness.simulator.clear_requests();
    assert!(!delete(&harness, &user).await.unwrap());
    assert_eq!(writes(&harness), [format!("DELETE {path}")]);
    assert!(delete(&harness, &user).await.unwrap());
    let unknown = delete(&harness, "005Hp0000099999").await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
}

#[tokio::test]
async fn a_status_that_is_cut_off_is_set_once() {
    for fault in faults() {
        let harness = harness().await;
        let user = user(&harness, 3);
        let plan = harness.simulator.faults();
        for active in [false, true] {
            plan.next(1, scim_writes(), fault.clone());
            let args = json!({"resource_id": user, "is_active": active});
            let answer = invoke(&harness, "update_user_status", &args).await;
            assert!(answer.is_success(), "{fault:?}");
            let row = harness.simulator.org().get("User", &user).unwrap();
            assert_eq!(row["IsActive"], json!(active), "{fault:?}");
        }
        plan.next(1, scim_writes(), fault.clone());
        assert!(!delete(&harness, &user).await.unwrap(), "{fault:?}");
        assert!(delete(&harness, &user).await.unwrap(), "{fault:?}");
        assert_eq!(plan.pending(), 0);
    }
}

#[tokio::test]
async fn a_refusal_in_words_is_passed_on_without_data() {
    let harness = harness().await;
    let user = user(&harness, 3);
    let words = "jane@acme.example is the default lead owner";
    let plan = harness.simulator.faults();
    plan.next(1, scim_writes(), refusal(400, words));
    let status = delete(&harness, &user).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    let text = status.message();
    assert!(
        text.contains("the org says: … is the default lead owner"),
        "{text}"
    );
    assert!(
        text.contains("Setup > Lead Settings") && !text.contains("jane"),
        "{text}"
    );
    plan.next(1, scim_writes(), refusal(403, "no rights"));
    let status = delete(&harness, &user).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert!(status.message().contains("Manage Users"), "{status:?}");
}

#[tokio::test]
async fn an_account_is_created_over_scim_as_the_form_says() {
    let harness = harness().await;
    let form = with(&json!({
        "username": "Jane.Doe@acme.example.prod", "Title": "Agent", "Department": "Sales",
        "EmployeeNumber": 7, "CommunityNickname": "jane", "Phone": "1",
    }));
    let resource = created(create(&harness, &form).await.unwrap());
    let user = harness
        .simulator
        .org()
        .user_by_username("jane.doe@acme.example.prod");
    assert_eq!(user.as_ref(), Some(&id(&resource)));
    let row = harness.simulator.org().get("User", &user.unwrap()).unwrap();
    let expected = json!({"Email": "jane@acme.example", "Alias": "jdoe", "FirstName": "Jane",
        "LastName": "Doe", "TimeZoneSidKey": "Europe/Berlin", "Title": "Agent",
        "Department": "Sales", "EmployeeNumber": "7", "CommunityNickname": "jane", "Phone": "1",
        "EmailEncodingKey": "UTF-8", "LocaleSidKey": "en_US", "LanguageLocaleKey": "en_US",
        "IsActive": true});
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&row[name], value, "{name}");
    }
    let standard = harness
        .simulator
        .org()
        .find("Profile", "Name", "Standard User");
    assert_eq!(row["ProfileId"], json!(standard));
    assert_eq!(over_scim(&harness), ["POST /services/scim/v2/Users"]);
    // Describe, username, profile, create, alias, mail, read.
    assert_eq!(harness.simulator.api_calls(), 7);
    let synced = harness.sync().await;
    assert_eq!(
        synced.resources[&format!("user/{}", id(&resource))],
        resource
    );
    assert_eq!(
        id(&existing(create(&harness, &form).await.unwrap())),
        id(&resource)
    );
}

#[test_case(json!({"FederationIdentifier": "jane"}); "an id of SSO")]
#[test_case(json!({"Badge__c": "1.5"}); "a custom field")]
#[tokio::test]
async fn what_scim_lacks_is_created_over_rest_as_a_whole(more: Json) {
    let harness = harness().await;
    created(create(&harness, &with(&more)).await.unwrap());
    assert!(over_scim(&harness).is_empty());
    // Describe, username, profile, create, mail, read.
    assert_eq!(harness.simulator.api_calls(), 6);
}

#[tokio::test]
async fn a_creation_that_is_cut_off_makes_one_whole_user() {
    for fault in faults() {
        for nth in [scim_writes(), Matcher::writes().method("PATCH")] {
            let harness = harness().await;
            let before = harness.simulator.org().count("User");
            let plan = harness.simulator.faults();
            plan.next(1, nth, fault.clone());
            created(create(&harness, &jane()).await.unwrap());
            assert_eq!(plan.pending(), 0);
            let org = harness.simulator.org();
            assert_eq!(org.count("User"), before + 1, "{fault:?}");
            let user = org.user_by_username("jane@acme.example").unwrap();
            let row = org.get("User", &user).unwrap();
            assert_eq!(row["Alias"], "jdoe", "{fault:?}");
            assert_eq!(row["FirstName"], "Jane", "{fault:?}");
        }
    }
}

#[tokio::test]
async fn an_alias_that_is_refused_does_not_undo_the_account() {
    let harness = harness().await;
    let refused = Fault::status(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "Not this alias");
    let alias = Matcher::writes().method("PATCH");
    harness.simulator.faults().next(1, alias, refused);
    match create(&harness, &jane()).await.unwrap() {
        Outcome::ActionRequired(required) => {
            let text = required.message;
            assert!(
                text.contains("set Alias, EmailEncodingKey with the action"),
                "{text}"
            );
            assert!(text.contains("Not this alias"), "{text}");
        }
        other => panic!("{other:?}"),
    }
    let org = harness.simulator.org();
    assert!(org.user_by_username("jane@acme.example").is_some());
}

#[tokio::test]
async fn a_username_of_another_org_is_explained() {
    for detail in ["Duplicate Username.", "uniqueness"] {
        let harness = harness().await;
        let plan = harness.simulator.faults();
        plan.next(1, scim_writes(), refusal(409, detail));
        let status = create(&harness, &jane()).await.unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert!(
            status.message().contains("unique among all orgs"),
            "{status:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_creations_at_once_make_one_user() {
    let harness = harness().await;
    let before = harness.simulator.org().count("User");
    let form = jane();
    let outcomes = futures((0..16).map(|_| create(&harness, &form))).await;
    let made = outcomes
        .into_iter()
        .filter(|outcome| matches!(outcome, Ok(Outcome::Success(_))));
    assert_eq!(made.count(), 1);
    assert_eq!(harness.simulator.org().count("User"), before + 1);
}

#[test_case(json!({"Title": "New", "Email": "new@acme.example"}), true; "attributes")]
#[test_case(json!({"FirstName": "Ann", "LastName": "New"}), true; "a name")]
#[test_case(json!({"LastName": "New"}), false; "a part of a name")]
#[test_case(json!({"Title": null}), false; "cleared")]
#[test_case(json!({"Title": "New", "Department": "New"}), false; "more than SCIM carries")]
#[tokio::test]
async fn fields_are_set_in_one_request(fields: Json, is_scim: bool) {
    let harness = harness().await;
    let user = user(&harness, 3);
    for fault in faults().into_iter().map(Some).chain([None]) {
        let blank = [("Title", json!("Old")), ("LastName", json!("Old"))];
        harness.simulator.org().set("User", &user, &blank);
        harness.simulator.clear_requests();
        let plan = harness.simulator.faults();
        if let Some(fault) = fault.clone() {
            plan.next(1, Matcher::writes(), fault);
        }
        let args = json!({"resource_id": user, "fields": fields});
        let answer = invoke(&harness, "update_user_profile", &args).await;
        assert!(answer.is_success(), "{fault:?}");
        let row = harness.simulator.org().get("User", &user).unwrap();
        for (name, value) in fields.as_object().unwrap() {
            assert_eq!(&row[name], value, "{fault:?}");
        }
        assert_eq!(!over_scim(&harness).is_empty(), is_scim);
    }
}

#[tokio::test]
async fn thirty_assignments_are_released_with_one_scim_request() {
    let mut org = Org::seed(Preset::Tiny);
    let user = burdened(&mut org);
    let profile = org.get("User", &user).unwrap()["ProfileId"].clone();
    let harness = Harness::with(Setup { org, ..setup() }).await;
    let args = json!({"resource_id": user, "include_groups": true, "include_licenses": true});
    let values = invoke(&harness, "release_user", &args).await.complete();
    assert_eq!(values["success"], true, "{values}");
    assert!(values["removed_count"].as_f64() >= Some(30.0), "{values}");
    assert_eq!(
        over_scim(&harness),
        [format!("PATCH /services/scim/v2/Users/{user}")]
    );
    assert!(harness.simulator.api_calls() <= 5);
    let org = harness.simulator.org();
    assert!(org.direct_permission_sets(&user).is_empty());
    assert!(org.permission_set_groups(&user).is_empty());
    assert!(org.memberships(&user).is_empty());
    assert_eq!(org.get("User", &user).unwrap()["ProfileId"], profile);
    drop(org);
    harness.simulator.clear_requests();
    let values = invoke(&harness, "release_user", &args).await.complete();
    assert_eq!(values["removed_count"], json!(0.0));
    assert!(writes(&harness).is_empty());
}

#[tokio::test]
async fn an_assignment_that_has_expired_is_released_too() {
    let stage = Stage::with(setup()).await;
    stage.arrange(Thing::Set, true);
    let rows = stage.org().rows("PermissionSetAssignment");
    let is_it = |row: &&Json| row["PermissionSetId"] == stage.id(Thing::Set);
    let row = rows.iter().find(is_it).unwrap()["Id"].clone();
    let end = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    let end = [("ExpirationDate", json!(end.to_string()))];
    stage
        .org()
        .update("PermissionSetAssignment", row.as_str().unwrap(), &end)
        .unwrap();
    let clock = stage.harness.simulator.clock();
    clock.advance(std::time::Duration::from_hours(2));
    let args = json!({"resource_id": stage.user});
    let values = invoke(&stage.harness, "release_user", &args).await;
    assert_eq!(values.complete()["removed_count"], json!(1.0));
    assert_eq!(stage.rows(&stage.user, Thing::Set), 0);
}

#[tokio::test]
async fn a_release_that_is_cut_off_takes_each_once() {
    let refused = [
        refusal(400, "something needs it"),
        Fault::status(400, "FIELD_INTEGRITY_EXCEPTION", "something needs it"),
    ];
    for fault in faults().into_iter().chain(refused) {
        let mut org = Org::seed(Preset::Tiny);
        let user = burdened(&mut org);
        let harness = Harness::with(Setup { org, ..setup() }).await;
        let plan = harness.simulator.faults();
        plan.next(1, scim_writes(), fault.clone());
        let args = json!({"resource_id": user});
        let values = invoke(&harness, "release_user", &args).await.complete();
        assert_eq!(values["success"], true, "{fault:?}: {values}");
        let removed = values["removed"].as_array().unwrap();
        let unique: std::collections::BTreeSet<_> =
            removed.iter().map(|name| name.as_str().unwrap()).collect();
        assert_eq!((unique.len(), removed.len()), (30, 30), "{fault:?}");
        let org = harness.simulator.org();
        assert!(org.direct_permission_sets(&user).is_empty(), "{fault:?}");
        assert!(org.permission_set_groups(&user).is_empty(), "{fault:?}");
    }
}

#[tokio::test]
async fn a_dry_run_sends_nothing_over_scim() {
    let mut dry = setup();
    dry.options.dry_run = true;
    let stage = Stage::with(dry).await;
    let status = stage.grant(Thing::Set).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(
        status.message().contains("would send PATCH scim/v2/Users/"),
        "{status:?}"
    );
    let harness = &stage.harness;
    assert!(delete(harness, &stage.user).await.is_err());
    assert!(create(harness, &jane()).await.is_err());
    let args = json!({"resource_id": stage.user});
    invoke(harness, "release_user", &args).await.complete();
    assert!(writes(harness).is_empty());
}

/// The org answers as if it had done it, and shows that it has not.
#[tokio::test]
async fn an_answer_that_does_not_show_the_change_is_looked_into() {
    let stage = Stage::with(setup()).await;
    let body = json!({"id": stage.user, "active": true, "entitlements": []});
    let untouched = Fault::Http {
        status: 200,
        body: body.to_string(),
        content_type: "application/scim+json".to_owned(),
    };
    let plan = stage.harness.simulator.faults();
    plan.next(1, scim_writes(), untouched.clone());
    assert!(!stage.grant(Thing::Set).await.unwrap().already);
    assert_eq!(stage.rows(&stage.user, Thing::Set), 1);
    plan.next(1, scim_writes(), untouched.clone());
    let args = json!({"resource_id": stage.user, "is_active": false});
    let answer = invoke(&stage.harness, "update_user_status", &args).await;
    assert!(answer.is_success());
    let row = stage.org().get("User", &stage.user).unwrap();
    assert_eq!(row["IsActive"], false);
    // Twice the same: it was not done, and that is what is told.
    stage.arrange(Thing::Set, false);
    plan.next(2, scim_writes(), untouched);
    let status = stage.grant(Thing::Set).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(stage.rows(&stage.user, Thing::Set), 0);
}

#[tokio::test]
async fn an_activation_without_a_seat_names_the_licence() {
    let harness = harness().await;
    let user = user(&harness, 3);
    let args = json!({"resource_id": user, "is_active": false});
    invoke(&harness, "update_user_status", &args)
        .await
        .complete();
    harness.simulator.with(|org| {
        for license in org.rows("UserLicense") {
            let full = [("UsedLicenses", license["TotalLicenses"].clone())];
            org.set("UserLicense", license["Id"].as_str().unwrap(), &full);
        }
    });
    let args = json!({"resource_id": user, "is_active": true});
    let error = invoke(&harness, "update_user_status", &args).await.failed();
    assert!(error.contains("no seat of the user licence"), "{error}");
    let status = create(&harness, &jane()).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(
        status.message().contains("no seat of the user licence"),
        "{status:?}"
    );
}

#[test_case("PermissionSetLicense", "MasterLabel", "Sold Out", "\"Sold Out\" is left: 0 of 0"; "no seat")]
#[test_case("UserLicense", "Name", "Customer Community", "users with the licence \"Customer Community\""; "another licence")]
#[tokio::test]
async fn a_set_that_the_licence_does_not_allow_is_explained(
    object: &str,
    column: &str,
    name: &str,
    told: &str,
) {
    let stage = Stage::with(setup()).await;
    let license = stage.org().find(object, column, name).unwrap();
    let license = [("LicenseId", json!(license))];
    stage
        .org()
        .set("PermissionSet", stage.id(Thing::Set), &license);
    let (answer, calls) = stage.counted(stage.grant(Thing::Set)).await;
    let status = answer.unwrap_err();
    assert_eq!((status.code(), calls), (Code::FailedPrecondition, 3));
    assert!(status.message().contains(told), "{status:?}");
    assert!(!stage.has(&stage.user, Thing::Set));
}

#[tokio::test]
async fn an_assignment_that_has_expired_is_renewed() {
    let stage = Stage::with(setup()).await;
    stage.arrange(Thing::Set, true);
    let rows = stage.org().rows("PermissionSetAssignment");
    let is_it = |row: &&Json| row["PermissionSetId"] == stage.id(Thing::Set);
    let row = rows.iter().find(is_it).unwrap()["Id"].clone();
    let end = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    let end = [("ExpirationDate", json!(end.to_string()))];
    stage
        .org()
        .update("PermissionSetAssignment", row.as_str().unwrap(), &end)
        .unwrap();
    assert!(stage.grant(Thing::Set).await.unwrap().already);
    let clock = stage.harness.simulator.clock();
    clock.advance(std::time::Duration::from_hours(2));
    assert!(!stage.grant(Thing::Set).await.unwrap().already);
    assert_eq!(stage.rows(&stage.user, Thing::Set), 1);
    assert!(stage.has(&stage.user, Thing::Set));
    assert!(over_scim(&stage.harness).is_empty());
}

#[tokio::test]
async fn a_user_that_does_not_exist_is_told_in_every_form() {
    let harness = harness().await;
    let fields = json!({"resource_id": "005Hp0000099999", "fields": {"Title": "x"}});
    let plan = harness.simulator.faults();
    for fault in [None, Some(Fault::status(404, "NOT_FOUND", "x"))] {
        if let Some(fault) = fault {
            plan.next(1, scim_writes(), fault);
        }
        let error = invoke(&harness, "update_user_profile", &fields)
            .await
            .failed();
        assert!(error.contains("does not exist in this org"), "{error}");
    }
}

/// Every way in which an org can say that it has no SCIM.
#[test_case(404, "NOT_FOUND"; "no such service")]
#[test_case(405, "METHOD_NOT_ALLOWED"; "no such method")]
#[test_case(403, "FUNCTIONALITY_NOT_ENABLED"; "not for the user")]
#[tokio::test]
async fn an_org_without_scim_is_told_and_nothing_goes_over_rest(status: u16, code: &str) {
    let stage = Stage::with(setup()).await;
    let absent = Fault::status(status, code, "The requested resource does not exist");
    let plan = stage.harness.simulator.faults();
    plan.every_matching(1, Matcher::api().path("/services/scim/"), [absent]);
    let harness = &stage.harness;
    let args = json!({"resource_id": stage.user, "is_active": false});
    let failed = [
        stage.grant(Thing::Set).await.unwrap_err(),
        delete(harness, &stage.user).await.unwrap_err(),
        create(harness, &jane()).await.unwrap_err(),
        validate(harness).await.unwrap_err(),
    ];
    let status = invoke(harness, "update_user_status", &args).await.failed();
    for failed in &failed {
        assert_eq!(failed.code(), Code::FailedPrecondition, "{failed:?}");
    }
    let texts = failed.iter().map(tonic::Status::message);
    for text in texts.chain([status.as_str()]) {
        assert!(text.contains("is not available in this org"), "{text}");
        assert!(text.contains("leave --lifecycle-api at rest"), "{text}");
    }
    let rest: Vec<_> = writes(harness);
    assert!(
        rest.iter().all(|write| write.contains("/scim/")),
        "{rest:?}"
    );
}

#[tokio::test]
async fn validate_asks_for_scim_in_one_call() {
    let harness = harness().await;
    validate(&harness).await.unwrap();
    let asked = harness.simulator.requests();
    let asked = asked.iter().filter(|it| it.path.contains("/scim/"));
    assert_eq!(asked.count(), 1);
}

#[tokio::test]
async fn the_doctor_has_a_check_of_scim() {
    use baton_salesforce::connector::checks::{SignIn, examine, examine_scim};
    use baton_salesforce::doctor::{Outcome, State};
    let harness = harness().await;
    let client = crate::doctor::client(&harness.simulator.url());
    let plan = harness.simulator.faults();
    let path = || Matcher::api().path("/services/scim/");
    for (fault, state) in [
        (None, State::Allowed),
        (Some(refusal(403, "no rights")), State::Denied),
        (Some(Fault::status(404, "NOT_FOUND", "x")), State::Absent),
        (Some(Fault::unavailable()), State::Unknown),
    ] {
        let report = examine(&client, SignIn::ClientCredentials).await;
        let before = report.checks.len();
        if let Some(fault) = fault {
            plan.next(1, path(), fault);
        }
        let report = examine_scim(&client, report).await;
        let check = report.checks.last().unwrap();
        assert_eq!((check.id, check.state), ("connection.scim", state));
        assert_eq!(report.checks.len(), before + 1);
        if state != State::Allowed {
            assert_eq!(report.result, Outcome::Failed);
        }
    }
}
