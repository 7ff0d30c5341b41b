//! What `doctor` says against what happens: a write that is said to be allowed works, and one that is
//! said to be denied is refused, wherever the simulated org enforces it.

use std::collections::BTreeMap;

use baton_salesforce::connector::checks::{SignIn, examine};
use baton_salesforce::doctor::State;
use salesforce_simulator::{Org, Preset};
use serde_json::json;
use test_case::test_case;

use crate::accounts::{create, delete, jane};
use crate::actions::invoke;
use crate::doctor::{client, lacking};
use crate::harness::Setup;
use crate::stage::{Stage, Thing};

/// Makes sure that there is something to do, past the connector.
fn arrange(stage: &Stage, id: &str) {
    let lacks = std::mem::take(&mut stage.org().settings.missing_permissions);
    if id == "action.release_user" && !stage.has(&stage.user, Thing::Set) {
        stage.arrange(Thing::Set, true);
    }
    if id == "action.unfreeze_user" {
        let mut org = stage.org();
        let logins = org.rows("UserLogin");
        let login = logins.iter().find(|row| row["UserId"] == stage.user);
        let login = login.unwrap()["Id"].as_str().unwrap();
        org.update("UserLogin", login, &[("IsFrozen", json!(true))])
            .unwrap();
    }
    stage.org().settings.missing_permissions = lacks;
}

/// Does each write once. Returns whether it worked.
async fn happens(stage: &Stage) -> BTreeMap<&'static str, bool> {
    let mut worked = BTreeMap::new();
    for (id, thing) in [
        ("grant.permission_set", Thing::Set),
        ("grant.permission_set_group", Thing::SetGroup),
        ("grant.group", Thing::Group),
        ("grant.role", Thing::Role),
        ("grant.profile", Thing::Profile),
    ] {
        let granted = stage.grant(thing).await.is_ok();
        assert_eq!(stage.has(&stage.user, thing), granted, "{id}");
        worked.insert(id, granted);
    }
    let harness = &stage.harness;
    let mut form = jane();
    form["send_password_reset"] = json!("false");
    worked.insert("create.account", create(harness, &form).await.is_ok());
    for (id, name, more) in [
        ("action.freeze_user", "freeze_user", json!({})),
        ("action.unfreeze_user", "unfreeze_user", json!({})),
        (
            "action.update_user_profile",
            "update_user_profile",
            json!({"fields": {"Title": "Judge"}}),
        ),
        (
            "action.send_password_reset",
            "send_password_reset",
            json!({}),
        ),
        ("action.release_user", "release_user", json!({})),
        (
            "action.update_user_status",
            "update_user_status",
            json!({"is_active": false}),
        ),
    ] {
        arrange(stage, id);
        let mut args = json!({"resource_id": stage.user});
        let more = more.as_object().unwrap().clone();
        args.as_object_mut().unwrap().extend(more);
        let answer = invoke(harness, name, &args).await;
        worked.insert(id, answer.is_success());
    }
    worked.insert("delete.account", delete(harness, &stage.user).await.is_ok());
    worked
}

#[test_case(&[]; "nothing")]
#[test_case(&["ManageUsers"]; "manage users")]
#[test_case(&["ManageUsers", "ManageGroups"]; "groups")]
#[test_case(&["ManageUsers", "ManageInternalUsers"]; "users")]
#[test_case(&["ManageUsers", "AssignPermissionSets"]; "sets")]
#[test_case(&["ManageUsers", "ResetPasswords"]; "passwords")]
#[test_case(&["ManageUsers", "FreezeUsers"]; "freezing")]
#[test_case(&["ManageRoles"]; "roles")]
#[test_case(&["ViewSetup", "ViewAllUsers"]; "reading")]
#[tokio::test]
async fn a_verdict_is_what_happens(lacks: &[&str]) {
    let mut org = Org::seed(Preset::Tiny);
    lacking(&mut org, lacks);
    // The stage is set by somebody who may do it.
    let enforced = std::mem::take(&mut org.settings.missing_permissions);
    let setup = Setup {
        org,
        ..Setup::default()
    };
    let stage = Stage::with(setup).await;
    stage.org().settings.missing_permissions = enforced;
    let url = stage.harness.simulator.url();
    let report = examine(&client(&url), SignIn::ClientCredentials).await;
    let states: BTreeMap<_, _> = report.checks.iter().map(|it| (it.id, it.state)).collect();
    for (id, worked) in happens(&stage).await {
        match states[id] {
            State::Allowed => assert!(worked, "{id} was said to be allowed"),
            State::Denied => assert!(!worked, "{id} was said to be denied"),
            State::Absent => panic!("{id} is absent"),
            // Not known: both may happen.
            State::Unknown => {}
        }
    }
}
