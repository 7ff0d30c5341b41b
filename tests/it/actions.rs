//! The actions: what they do, what they cost, and what they refuse.

use std::time::Duration;

use baton_salesforce::connector::Options;
use baton_salesforce::pb::connector as pb;
use baton_salesforce::pb::connector::BatonActionStatus as Status;
use baton_salesforce::wire::value::from_struct;
use salesforce_simulator::{Fault, Matcher, Org, Preset};
use serde_json::{Value as Json, json};
use test_case::test_case;

use crate::accounts::{futures, object};
use crate::harness::{Harness, Setup};
use crate::stage::{Stage, Thing};

/// What an action answered.
#[derive(Debug)]
pub(crate) struct Answer {
    id: String,
    status: Status,
    values: Json,
}

impl Answer {
    pub(crate) fn complete(self) -> Json {
        assert_eq!(self.status, Status::Complete, "{}", self.values);
        self.values
    }

    /// Whether it ran to its end and nothing of it failed.
    pub(crate) fn is_success(&self) -> bool {
        self.status == Status::Complete && self.values["success"] == true
    }

    pub(crate) fn failed(self) -> String {
        assert_eq!(self.status, Status::Failed, "{}", self.values);
        self.values["error"].as_str().unwrap().to_owned()
    }
}

fn json(value: &baton_salesforce::baton::Value) -> Json {
    use baton_salesforce::baton::Value;
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Number(value) => json!(value),
        Value::Text(value) => json!(value),
        Value::List(values) => values.iter().map(json).collect(),
        Value::Object(object) => object.iter().map(|(k, v)| (k.clone(), json(v))).collect(),
    }
}

pub(crate) async fn invoke(harness: &Harness, name: &str, args: &Json) -> Answer {
    let request = pb::InvokeActionRequest {
        name: name.to_owned(),
        args: Some(object(args)),
        inline_wait: Some(Duration::from_mins(1).try_into().unwrap()),
        ..Default::default()
    };
    let answer = harness
        .actions()
        .invoke_action(request)
        .await
        .unwrap()
        .into_inner();
    let values = answer.response.map(from_struct).unwrap_or_default();
    let values = json(&baton_salesforce::baton::Value::Object(values));
    Answer {
        id: answer.id,
        status: Status::try_from(answer.status).unwrap(),
        values,
    }
}

pub(crate) fn user(harness: &Harness, number: usize) -> String {
    let name = format!("user{number:06}@simulated.example");
    harness.simulator.org().user_by_username(&name).unwrap()
}

fn writes(harness: &Harness) -> usize {
    let requests = harness.simulator.requests();
    let is_write = |method: &str, path: &str| method != "GET" && !path.ends_with("/composite");
    requests
        .iter()
        .filter(|it| !it.login && is_write(&it.method, &it.path))
        .count()
}

const WRITES: [&str; 7] = [
    "update_user_status",
    "freeze_user",
    "unfreeze_user",
    "update_user_profile",
    "release_user",
    "transfer_user_records",
    "send_password_reset",
];

/// Arguments that an action needs besides the user.
fn arguments(harness: &Harness, name: &str, user: &str) -> Json {
    match name {
        "update_user_status" => json!({"resource_id": user, "is_active": false}),
        "update_user_profile" => json!({"resource_id": user, "fields": {"Title": "New"}}),
        "transfer_user_records" => {
            json!({"resource_id": user, "new_owner_id": self::user(harness, 1)})
        }
        _ => json!({"resource_id": user}),
    }
}

async fn schemas(harness: &Harness) -> Vec<pb::BatonActionSchema> {
    let request = pb::ListActionSchemasRequest::default();
    harness
        .actions()
        .list_action_schemas(request)
        .await
        .unwrap()
        .into_inner()
        .schemas
}

#[tokio::test]
async fn the_incumbents_action_is_called_as_before() {
    let harness = Harness::start().await;
    let all = schemas(&harness).await;
    let schema = all
        .iter()
        .find(|schema| schema.name == "update_user_status")
        .unwrap();
    let fields = |fields: &[baton_salesforce::pb::config::Field]| -> Vec<(String, String, bool)> {
        let one = |field: &baton_salesforce::pb::config::Field| {
            (
                field.name.clone(),
                field.display_name.clone(),
                field.is_required,
            )
        };
        fields.iter().map(one).collect()
    };
    let arguments = [
        ("resource_id", "User Resource ID", true),
        ("is_active", "Is Active", true),
        ("dry_run", "Dry Run", false),
    ];
    let owned = |(name, shown, is_required): (&str, &str, bool)| {
        (name.to_owned(), shown.to_owned(), is_required)
    };
    assert_eq!(fields(&schema.arguments), arguments.map(owned));
    let returns = [
        ("success", "Success", true),
        ("dry_run", "Dry Run", false),
        ("summary", "Summary", false),
    ];
    assert_eq!(fields(&schema.return_types), returns.map(owned));
    assert_eq!(schema.resource_type_id, "");
}

#[test_case(json!({}), "missing resource ID"; "nothing")]
#[test_case(json!({"resource_id": "005000000000000AAA"}), "missing is_active"; "no state")]
#[test_case(json!({"resource_id": "005000000000000AAA", "is_active": null}), "missing is_active"; "null")]
#[test_case(json!({"resource_id": "005000000000000AAA", "is_active": "false"}), "is_active must be a boolean, it is a text"; "a text")]
#[tokio::test]
async fn the_incumbents_action_fails_as_before(args: Json, error: &str) {
    let harness = Harness::start().await;
    assert_eq!(
        invoke(&harness, "update_user_status", &args).await.failed(),
        error
    );
    assert_eq!(harness.simulator.api_calls(), 0);
}

#[tokio::test]
async fn a_user_is_deactivated_and_activated() {
    let harness = Harness::start().await;
    let user = user(&harness, 3);
    for active in [false, false, true, true] {
        let args = json!({"resource_id": user, "is_active": active});
        let values = invoke(&harness, "update_user_status", &args)
            .await
            .complete();
        assert_eq!(values, json!({"success": true}));
        assert_eq!(harness.simulator.org().is_active(&user), active);
    }
    assert_eq!(writes(&harness), 2);
}

#[tokio::test]
async fn an_activation_without_a_seat_names_the_licence() {
    let harness = Harness::start().await;
    let user = user(&harness, 3);
    let args = json!({"resource_id": user, "is_active": false});
    invoke(&harness, "update_user_status", &args)
        .await
        .complete();
    harness.simulator.with(|org| {
        for license in org.rows("UserLicense") {
            let total = license["TotalLicenses"].clone();
            org.set(
                "UserLicense",
                license["Id"].as_str().unwrap(),
                &[("UsedLicenses", total)],
            );
        }
    });
    let args = json!({"resource_id": user, "is_active": true});
    let error = invoke(&harness, "update_user_status", &args).await.failed();
    assert!(error.contains("no seat of the user licence"), "{error}");
}

#[tokio::test]
async fn freezing_shuts_the_door_and_keeps_the_seat() {
    let harness = Harness::start().await;
    let user = user(&harness, 3);
    for (name, frozen, changed) in [
        ("freeze_user", true, true),
        ("freeze_user", true, false),
        ("unfreeze_user", false, true),
        ("unfreeze_user", false, false),
    ] {
        harness.simulator.clear_requests();
        let values = invoke(&harness, name, &json!({"resource_id": user}))
            .await
            .complete();
        assert_eq!(
            (&values["success"], &values["changed"]),
            (&json!(true), &json!(changed))
        );
        assert_eq!(harness.simulator.org().is_frozen(&user), frozen);
        assert!(harness.simulator.org().is_active(&user));
        assert_eq!(harness.simulator.api_calls(), 1 + u64::from(changed));
    }
}

#[tokio::test]
async fn a_user_without_a_login_record_is_told() {
    let harness = Harness::start().await;
    let user = user(&harness, 3);
    harness.simulator.with(|org| {
        let rows = org.rows("UserLogin").into_iter();
        for row in rows.filter(|row| row["UserId"] == json!(user)) {
            org.delete("UserLogin", row["Id"].as_str().unwrap());
        }
    });
    let error = invoke(&harness, "freeze_user", &json!({"resource_id": user}))
        .await
        .failed();
    assert!(error.contains("no login record (UserLogin)"), "{error}");
}

#[tokio::test]
async fn nobody_freezes_or_deactivates_itself() {
    let harness = Harness::start().await;
    let own = harness.simulator.org().integration_user();
    let error = invoke(&harness, "freeze_user", &json!({"resource_id": own}))
        .await
        .failed();
    assert!(
        error.contains("the connector signs in as this user"),
        "{error}"
    );
    let args = json!({"resource_id": own, "is_active": false});
    let error = invoke(&harness, "update_user_status", &args).await.failed();
    assert!(
        error.contains("the connector signs in as this user"),
        "{error}"
    );
}

#[tokio::test]
async fn fields_are_set_and_cleared_in_one_request() {
    let harness = Harness::start().await;
    let user = user(&harness, 3);
    let fields = json!({"title": "Agent", "Department": null, "Badge__c": 2.5,
        "Start_Date__c": "2026-05-20", "ForecastEnabled": true, "UserRoleId": null});
    let args = json!({"resource_id": user, "fields": fields});
    let values = invoke(&harness, "update_user_profile", &args)
        .await
        .complete();
    let row = harness.simulator.org().get("User", &user).unwrap();
    assert_eq!(row["Title"], "Agent");
    assert_eq!(
        (&row["Department"], &row["UserRoleId"]),
        (&Json::Null, &Json::Null)
    );
    assert_eq!(
        (&row["Badge__c"], &row["ForecastEnabled"]),
        (&json!(2.5), &json!(true))
    );
    let names = [
        "Badge__c",
        "Department",
        "ForecastEnabled",
        "Start_Date__c",
        "Title",
        "UserRoleId",
    ];
    assert_eq!(values["fields"], json!(names));
    assert_eq!(harness.simulator.api_calls(), 2);
}

#[tokio::test]
async fn all_wrong_fields_are_named_and_none_is_set() {
    let harness = Harness::start().await;
    let user = user(&harness, 3);
    let before = harness.simulator.org().get("User", &user);
    let fields = json!({"Title": "fine", "Nonsense": 1, "Name": "x", "LastName": null,
        "Badge__c": "much", "TITLE": "twice", "ManagerId": {"a": 1}});
    let args = json!({"resource_id": user, "fields": fields});
    let error = invoke(&harness, "update_user_profile", &args)
        .await
        .failed();
    for told in [
        "Nonsense is not a field",
        "Name is read-only",
        "LastName may not be empty",
        "Badge__c must be a number",
        "Title is given twice",
        "ManagerId must be a Salesforce id",
    ] {
        assert!(error.contains(told), "{told:?} is not in: {error}");
    }
    assert_eq!(writes(&harness), 0);
    assert_eq!(harness.simulator.org().get("User", &user), before);
}

#[test_case(json!({}), "missing resource"; "missing")]
#[test_case(json!({"resource_id": null}), "missing resource"; "null")]
#[test_case(json!({"resource_id": ""}), "missing resource"; "empty")]
#[test_case(json!({"resource_id": 5}), "must be a text, it is a number"; "number")]
#[test_case(json!({"resource_id": {"resource": "x"}}), "must be a text, it is an object"; "object")]
#[test_case(json!({"resource_id": "jane@acme.example"}), "is not an id of a user"; "address")]
#[test_case(json!({"resource_id": "' OR Id != '"}), "is not an id of a user"; "injection")]
#[test_case(json!({"resource_id": "../../composite"}), "is not an id of a user"; "path")]
#[test_case(json!({"resource_id": "001000000000000AAA"}), "begins with 001"; "another object")]
#[test_case(json!({"resource_id": "005000000000000AAA"}), "does not exist"; "unknown")]
#[test_case(json!({"resource_id": "005000000000000"}), "does not exist"; "unknown and short")]
#[tokio::test]
async fn a_wrong_user_is_refused_by_every_action(args: Json, told: &str) {
    let harness = Harness::start().await;
    let names = schemas(&harness)
        .await
        .into_iter()
        .map(|schema| schema.name);
    for name in names {
        let mut all = arguments(&harness, &name, "");
        all.as_object_mut().unwrap().remove("resource_id");
        all.as_object_mut()
            .unwrap()
            .extend(args.as_object().unwrap().clone());
        let error = invoke(&harness, &name, &all).await.failed();
        let gone = name == "update_user_profile" && error.contains("there is no such record");
        assert!(error.contains(told) || gone, "{name}: {error}");
        assert!(error.len() < 1000);
    }
    let is_harmless = |path: &str| path.contains("/sobjects/User/005000000000000AAA");
    let requests = harness.simulator.requests();
    let harmful = requests
        .iter()
        .filter(|it| !it.login && it.method == "PATCH");
    assert_eq!(harmful.filter(|it| !is_harmless(&it.path)).count(), 0);
}

#[tokio::test]
async fn a_huge_or_short_id_is_handled() {
    let harness = Harness::start().await;
    let huge = json!({"resource_id": "0".repeat(1_000_000)});
    let error = invoke(&harness, "freeze_user", &huge).await.failed();
    assert!(error.len() < 500);
    let user = user(&harness, 3);
    let values = invoke(&harness, "freeze_user", &json!({"resource_id": user[..15]})).await;
    assert_eq!(values.complete()["changed"], true);
}

#[tokio::test]
async fn a_dry_run_of_every_write_sends_none() {
    let harness = Harness::start().await;
    let user = user(&harness, 3);
    let count = |org: &Org| -> Vec<Json> {
        [
            "User",
            "UserLogin",
            "PermissionSetAssignment",
            "Account",
            "Opportunity",
            "Task",
        ]
        .iter()
        .flat_map(|name| org.rows(name))
        .collect()
    };
    let before = count(&harness.simulator.org());
    for name in WRITES {
        let mut args = arguments(&harness, name, &user);
        args["dry_run"] = json!(true);
        let values = invoke(&harness, name, &args).await.complete();
        assert_eq!(values["dry_run"], true, "{name}");
        if name == "update_user_status" {
            let summary = values["summary"].as_str().unwrap();
            assert!(summary.contains("nothing was sent"), "{summary}");
        }
    }
    assert_eq!(writes(&harness), 0);
    assert_eq!(count(&harness.simulator.org()), before);
}

#[tokio::test]
async fn the_dry_run_option_rules_the_actions_too() {
    let options = Options {
        dry_run: true,
        ..Options::default()
    };
    let harness = Harness::with(Setup {
        options,
        ..Setup::default()
    })
    .await;
    let user = user(&harness, 3);
    for name in WRITES {
        invoke(&harness, name, &arguments(&harness, name, &user))
            .await
            .complete();
    }
    assert_eq!(writes(&harness), 0);
}

#[test_case(json!({"dryrun": true}), "unknown arguments: dryrun"; "misspelt")]
#[test_case(json!({"dry_run": "true"}), "dry_run must be a boolean, it is a text"; "a text")]
#[tokio::test]
async fn a_dry_run_that_cannot_be_read_is_no_write(more: Json, told: &str) {
    let harness = Harness::start().await;
    let mut args = json!({"resource_id": user(&harness, 3)});
    args.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let error = invoke(&harness, "freeze_user", &args).await.failed();
    assert!(error.contains(told), "{error}");
    assert_eq!(harness.simulator.api_calls(), 0);
}

#[tokio::test]
async fn results_are_what_the_schemas_declare() {
    let harness = Harness::start().await;
    let user = user(&harness, 3);
    for schema in schemas(&harness).await {
        let args = arguments(&harness, &schema.name, &user);
        let args = if schema.name == "update_user_status" {
            json!({"resource_id": user, "is_active": true})
        } else {
            args
        };
        let values = invoke(&harness, &schema.name, &args).await.complete();
        for name in values.as_object().unwrap().keys() {
            let is_declared = schema.return_types.iter().any(|field| field.name == *name);
            assert!(is_declared, "{}: {name}", schema.name);
        }
        for field in &schema.return_types {
            use baton_salesforce::pb::config::field::Field as Kind;
            if !field.is_required && values.get(&field.name).is_none() {
                continue;
            }
            let value = &values[&field.name];
            let fits = match field.field.as_ref().unwrap() {
                Kind::BoolField(_) => value.is_boolean(),
                Kind::IntField(_) => value.as_f64().is_some_and(|number| number.fract() == 0.0),
                Kind::StringSliceField(_) => value.is_array(),
                Kind::StringMapField(_) => value.is_object(),
                _ => value.is_string(),
            };
            assert!(fits, "{}.{}: {value}", schema.name, field.name);
        }
    }
}

fn faults() -> [Fault; 7] {
    [
        Fault::DropBefore,
        Fault::DropAfter,
        Fault::unavailable(),
        Fault::error_after(500, "UNKNOWN_EXCEPTION", "x"),
        Fault::TruncatedBody,
        Fault::LockRow,
        Fault::ExpireSession,
    ]
}

#[tokio::test]
async fn a_lost_answer_is_looked_up_and_not_guessed() {
    for fault in faults() {
        for (name, object) in [
            ("update_user_status", "User"),
            ("freeze_user", "UserLogin"),
            ("update_user_profile", "User"),
        ] {
            let harness = Harness::start().await;
            let user = user(&harness, 3);
            harness
                .simulator
                .faults()
                .next(1, Matcher::writes_to(object), fault.clone());
            let args = arguments(&harness, name, &user);
            invoke(&harness, name, &args).await.complete();
            assert_eq!(harness.simulator.faults().pending(), 0);
            let org = harness.simulator.org();
            match name {
                "update_user_status" => assert!(!org.is_active(&user), "{fault:?}"),
                "freeze_user" => assert!(org.is_frozen(&user), "{fault:?}"),
                _ => assert_eq!(org.get("User", &user).unwrap()["Title"], "New", "{fault:?}"),
            }
        }
    }
}

#[tokio::test]
async fn the_truth_decides_whether_a_write_is_sent_again() {
    let harness = Harness::start().await;
    let user = user(&harness, 3);
    harness
        .simulator
        .faults()
        .next(1, Matcher::writes_to("User"), Fault::DropAfter);
    let args = json!({"resource_id": user, "is_active": false});
    invoke(&harness, "update_user_status", &args)
        .await
        .complete();
    assert_eq!(writes(&harness), 1);
}

#[tokio::test]
async fn a_password_is_reset_once_or_not_at_all() {
    let harness = Harness::start().await;
    let user = user(&harness, 3);
    let args = json!({"resource_id": user});
    invoke(&harness, "send_password_reset", &args)
        .await
        .complete();
    assert_eq!(writes(&harness), 1);
    harness.simulator.clear_requests();
    let reset = Matcher::any().method("DELETE").path("/password");
    harness.simulator.faults().next(1, reset, Fault::DropAfter);
    let error = invoke(&harness, "send_password_reset", &args)
        .await
        .failed();
    assert!(error.contains("is not known"), "{error}");
    assert_eq!(writes(&harness), 1);
    harness
        .simulator
        .org()
        .set("User", &user, &[("IsActive", json!(false))]);
    let error = invoke(&harness, "send_password_reset", &args)
        .await
        .failed();
    assert!(error.contains("the user is not active"), "{error}");
}

/// A user with 30 assignments: permission sets and groups of them, memberships, licences.
pub(crate) fn burdened(org: &mut Org) -> String {
    let user = org
        .user_by_username("user000003@simulated.example")
        .unwrap();
    for row in org.rows("PermissionSetAssignment") {
        let set = row["PermissionSetId"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let owned = org
            .get("PermissionSet", &set)
            .is_some_and(|set| set["IsOwnedByProfile"] == true);
        if row["AssigneeId"] == json!(user) && !owned {
            org.delete("PermissionSetAssignment", row["Id"].as_str().unwrap());
        }
    }
    for number in 0..30 {
        let name = format!("Burden{number}");
        let set = org.insert(
            "PermissionSet",
            &[
                ("Name", json!(name)),
                ("Label", json!(name)),
                ("Type", json!("Regular")),
            ],
        );
        org.insert(
            "PermissionSetAssignment",
            &[
                ("AssigneeId", json!(user)),
                ("PermissionSetId", json!(set)),
                ("IsActive", json!(true)),
            ],
        );
    }
    user
}

#[tokio::test]
async fn thirty_assignments_are_released_in_two_calls() {
    let mut org = Org::seed(Preset::Tiny);
    let user = burdened(&mut org);
    let harness = Harness::with(Setup {
        org,
        ..Setup::default()
    })
    .await;
    let groups = harness.simulator.org().memberships(&user);
    let args = json!({"resource_id": user});
    let values = invoke(&harness, "release_user", &args).await.complete();
    assert_eq!(
        (&values["removed_count"], &values["success"]),
        (&json!(30.0), &json!(true))
    );
    assert_eq!(harness.simulator.api_calls(), 2);
    let org = harness.simulator.org();
    assert!(org.direct_permission_sets(&user).is_empty());
    assert!(org.permission_set_groups(&user).is_empty());
    assert_eq!(org.memberships(&user), groups);
    let profile = org.get("User", &user).unwrap()["ProfileId"].clone();
    assert!(profile.is_string());
    let removed = values["removed"][0].as_str().unwrap().to_owned();
    assert!(removed.starts_with("permission:0PS") && removed.ends_with(&format!(":user:{user}")));
}

#[tokio::test]
async fn everything_of_every_user_is_released_in_four_calls() {
    let harness = Harness::start().await;
    let users: Vec<String> = (0..16).map(|number| user(&harness, number)).collect();
    for user in &users {
        harness.simulator.clear_requests();
        let args = json!({"resource_id": user, "include_groups": true, "include_licenses": true});
        let values = invoke(&harness, "release_user", &args).await.complete();
        assert_eq!(values["failed"], json!([]), "{values}");
        assert!(
            harness.simulator.api_calls() <= 4,
            "{}",
            harness.simulator.api_calls()
        );
        let org = harness.simulator.org();
        assert!(org.direct_permission_sets(user).is_empty());
        assert!(org.permission_set_groups(user).is_empty());
        assert!(org.memberships(user).is_empty());
        for (object, field) in [
            ("PermissionSetLicenseAssign", "AssigneeId"),
            ("UserPackageLicense", "UserId"),
        ] {
            assert!(
                org.rows(object).iter().all(|row| row[field] != json!(user)),
                "{object}"
            );
        }
    }
    let again = json!({"resource_id": users[3], "include_groups": true});
    let values = invoke(&harness, "release_user", &again).await.complete();
    assert_eq!(values["removed_count"], json!(0.0));
}

#[tokio::test]
async fn a_release_with_a_lost_answer_takes_each_row_once() {
    for fault in faults() {
        let mut org = Org::seed(Preset::Tiny);
        let user = burdened(&mut org);
        let harness = Harness::with(Setup {
            org,
            ..Setup::default()
        })
        .await;
        let deletes = Matcher::any().method("DELETE");
        harness.simulator.faults().next(1, deletes, fault.clone());
        let args = json!({"resource_id": user, "include_groups": true});
        let values = invoke(&harness, "release_user", &args).await.complete();
        assert_eq!(values["success"], true, "{fault:?}: {values}");
        let removed = values["removed"].as_array().unwrap();
        let unique: std::collections::BTreeSet<_> =
            removed.iter().map(|name| name.as_str().unwrap()).collect();
        assert_eq!(unique.len(), removed.len(), "{fault:?}");
        assert!(unique.len() >= 30, "{fault:?}");
        assert!(
            harness
                .simulator
                .org()
                .direct_permission_sets(&user)
                .is_empty()
        );
        assert!(harness.simulator.org().memberships(&user).is_empty());
    }
}

#[tokio::test]
async fn what_cannot_be_released_is_told_for_each_row() {
    let harness = Harness::start().await;
    let user = user(&harness, 3);
    let permissions = ["ManageUsers", "ManageGroups"].map(str::to_owned);
    harness
        .simulator
        .with(|org| org.settings.missing_permissions.extend(permissions));
    let members = harness.simulator.org().memberships(&user);
    assert!(!members.is_empty());
    let args = json!({"resource_id": user, "include_groups": true});
    let values = invoke(&harness, "release_user", &args).await.complete();
    assert_eq!(values["success"], false);
    assert_eq!(
        values["failed"].as_array().unwrap().len(),
        members.len(),
        "{values}"
    );
    assert!(values["removed_count"].as_f64().unwrap() > 0.0);
    assert_eq!(harness.simulator.org().memberships(&user), members);
}

/// An org in which one user owns so many records.
fn wealthy(counts: &[(&str, usize)]) -> (Org, String) {
    let mut org = Org::seed(Preset::Tiny);
    let user = org
        .user_by_username("user000003@simulated.example")
        .unwrap();
    for object in ["Account", "Opportunity", "Task", "Case", "Lead"] {
        for row in org.rows(object) {
            if row["OwnerId"] == json!(user) {
                org.delete(object, row["Id"].as_str().unwrap());
            }
        }
    }
    for (object, count) in counts {
        for number in 0..*count {
            let name = json!(format!("Record {number}"));
            let mut fields = vec![("OwnerId", json!(user))];
            fields.extend(match *object {
                "Task" => vec![("Subject", name)],
                "Opportunity" => vec![
                    ("Name", name),
                    ("StageName", json!("Prospecting")),
                    ("CloseDate", json!("2026-05-20")),
                ],
                "Lead" => vec![("LastName", name), ("Company", json!("Acme"))],
                _ => vec![("Name", name)],
            });
            org.insert(object, &fields);
        }
    }
    (org, user)
}

fn owned(harness: &Harness, object: &str, user: &str) -> usize {
    let rows = harness.simulator.org().rows(object);
    rows.iter()
        .filter(|row| row["OwnerId"] == json!(user))
        .count()
}

#[tokio::test]
async fn ten_thousand_records_are_transferred_in_sixty_calls() {
    let (org, from) = wealthy(&[("Account", 4000), ("Opportunity", 3500), ("Task", 2500)]);
    let harness = Harness::with(Setup {
        org,
        ..Setup::default()
    })
    .await;
    let to = user(&harness, 1);
    let args = json!({"resource_id": from, "new_owner_id": to});
    let values = invoke(&harness, "transfer_user_records", &args)
        .await
        .complete();
    assert_eq!(
        (&values["success"], &values["transferred"]),
        (&json!(true), &json!(10_000.0))
    );
    let by_object = json!({"Account": 4000.0, "Opportunity": 3500.0, "Task": 2500.0});
    assert_eq!(values["transferred_by_object"], by_object);
    assert!(
        harness.simulator.api_calls() <= 60,
        "{}",
        harness.simulator.api_calls()
    );
    for object in ["Account", "Opportunity", "Task"] {
        assert_eq!(owned(&harness, object, &from), 0);
    }
    let again = invoke(&harness, "transfer_user_records", &args)
        .await
        .complete();
    assert_eq!(again["transferred"], json!(0.0));
}

#[tokio::test]
async fn a_transfer_with_lost_answers_loses_and_doubles_nothing() {
    for fault in faults() {
        let (org, from) = wealthy(&[("Account", 450)]);
        let harness = Harness::with(Setup {
            org,
            ..Setup::default()
        })
        .await;
        let to = user(&harness, 1);
        let before = owned(&harness, "Account", &to);
        // A lost answer is followed by one more send; a lock is waited for.
        let times = if fault == Fault::LockRow { 2 } else { 1 };
        harness
            .simulator
            .faults()
            .next(times, Matcher::writes_to("Account"), fault.clone());
        let args = json!({"resource_id": from, "new_owner_id": to, "objects": ["account"]});
        let values = invoke(&harness, "transfer_user_records", &args)
            .await
            .complete();
        assert_eq!(values["transferred"], json!(450.0), "{fault:?}: {values}");
        assert_eq!(owned(&harness, "Account", &from), 0, "{fault:?}");
        assert_eq!(owned(&harness, "Account", &to), before + 450, "{fault:?}");
    }
}

#[tokio::test]
async fn a_transfer_that_broke_off_goes_on_where_it_stopped() {
    let (org, from) = wealthy(&[("Account", 700)]);
    let harness = Harness::with(Setup {
        org,
        ..Setup::default()
    })
    .await;
    let args = json!({"resource_id": from, "new_owner_id": user(&harness, 1)});
    let limit = Fault::status(
        403,
        "REQUEST_LIMIT_EXCEEDED",
        "TotalRequests Limit exceeded.",
    );
    // The first batch passes.
    let third = Matcher::writes_to("Account");
    harness.simulator.faults().every_matching(3, third, [limit]);
    let answer = invoke(&harness, "transfer_user_records", &args).await;
    assert_eq!(answer.values["transferred"], json!(400.0), "{answer:?}");
    answer.failed();
    harness.simulator.faults().clear();
    let values = invoke(&harness, "transfer_user_records", &args)
        .await
        .complete();
    assert_eq!(values["transferred"], json!(300.0));
    assert_eq!(owned(&harness, "Account", &from), 0);
}

#[tokio::test]
async fn other_objects_are_transferred_by_name() {
    let (org, from) = wealthy(&[("Lead", 3), ("Account", 2)]);
    let harness = Harness::with(Setup {
        org,
        ..Setup::default()
    })
    .await;
    let args = json!({"resource_id": from, "new_owner_id": user(&harness, 1), "objects": ["lead"]});
    let values = invoke(&harness, "transfer_user_records", &args)
        .await
        .complete();
    assert_eq!(values["transferred_by_object"], json!({"Lead": 3.0}));
    assert_eq!(owned(&harness, "Account", &from), 2);
}

#[test_case(json!({"new_owner_id": null}), "missing new_owner_id"; "no new owner")]
#[test_case(json!({"new_owner_id": "005000000000000AAA"}), "does not exist"; "unknown new owner")]
#[test_case(json!({"new_owner_id": "inactive"}), "is not active"; "inactive new owner")]
#[test_case(json!({"new_owner_id": "same"}), "is the same user"; "same user")]
#[test_case(json!({"objects": "Account"}), "objects must be a list of texts"; "no list")]
#[test_case(json!({"objects": []}), "objects names no object"; "empty list")]
#[test_case(json!({"objects": [1]}), "a list with a number"; "list of numbers")]
#[test_case(json!({"objects": ["Account", "Nonsense__c", "Group"]}), "Nonsense__c is no object of this org, or the connector's user may not see it; records of Group have no owner to change"; "no such objects")]
#[test_case(json!({"objects": ["Account WHERE Id != null", "../User", "Owner.Name"]}), "no names of objects"; "injection")]
#[tokio::test]
async fn a_wrong_transfer_moves_nothing(more: Json, told: &str) {
    let (mut org, from) = wealthy(&[("Account", 3)]);
    let inactive = org
        .user_by_username("user000005@simulated.example")
        .unwrap();
    org.set("User", &inactive, &[("IsActive", json!(false))]);
    let harness = Harness::with(Setup {
        org,
        ..Setup::default()
    })
    .await;
    let mut args = json!({"resource_id": from, "new_owner_id": user(&harness, 1)});
    args.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    match args["new_owner_id"].as_str() {
        Some("inactive") => args["new_owner_id"] = json!(inactive),
        Some("same") => args["new_owner_id"] = json!(from[..15]),
        _ => {}
    }
    let error = invoke(&harness, "transfer_user_records", &args)
        .await
        .failed();
    assert!(error.contains(told), "{error}");
    assert_eq!(writes(&harness), 0);
}

#[tokio::test]
async fn an_object_that_refuses_does_not_stop_the_others() {
    let (mut org, from) = wealthy(&[("Account", 3), ("Task", 2)]);
    org.settings.hidden_objects.insert("Opportunity".to_owned());
    let harness = Harness::with(Setup {
        org,
        ..Setup::default()
    })
    .await;
    let args = json!({"resource_id": from, "new_owner_id": user(&harness, 1)});
    let values = invoke(&harness, "transfer_user_records", &args)
        .await
        .complete();
    assert_eq!(
        (&values["success"], &values["transferred"]),
        (&json!(false), &json!(5.0))
    );
    assert!(
        values["failures"][0]
            .as_str()
            .unwrap()
            .contains("Opportunity"),
        "{values}"
    );
}

#[tokio::test]
async fn records_that_cannot_be_transferred_are_listed_within_bounds() {
    let (mut org, from) = wealthy(&[("Account", 900)]);
    org.settings
        .missing_permissions
        .insert("TransferAnyEntity".to_owned());
    let harness = Harness::with(Setup {
        org,
        ..Setup::default()
    })
    .await;
    let args = json!({"resource_id": from, "new_owner_id": user(&harness, 1)});
    let values = invoke(&harness, "transfer_user_records", &args)
        .await
        .complete();
    assert_eq!(
        (&values["success"], &values["transferred"]),
        (&json!(false), &json!(0.0))
    );
    assert_eq!(values["failures"].as_array().unwrap().len(), 100);
    assert_eq!(values["failed"], json!(200.0));
}

#[tokio::test]
async fn a_long_action_can_be_asked_about() {
    let (org, from) = wealthy(&[("Account", 600)]);
    let harness = Harness::with(Setup {
        org,
        ..Setup::default()
    })
    .await;
    let args = json!({"resource_id": from, "new_owner_id": user(&harness, 1)});
    let answer = invoke(&harness, "transfer_user_records", &args).await;
    let request = pb::GetActionStatusRequest {
        id: answer.id.clone(),
        ..Default::default()
    };
    let status = harness
        .actions()
        .get_action_status(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(status.status, i32::from(Status::Complete));
    assert_eq!(status.name, "transfer_user_records");
}

#[tokio::test]
async fn a_check_finds_what_queries_can_see_and_lists_what_they_cannot() {
    let (mut org, user) = wealthy(&[("Account", 2)]);
    let other = org
        .user_by_username("user000005@simulated.example")
        .unwrap();
    org.set(
        "User",
        &other,
        &[
            ("DelegatedApproverId", json!(user)),
            ("IsActive", json!(true)),
        ],
    );
    let harness = Harness::with(Setup {
        org,
        ..Setup::default()
    })
    .await;
    let args = json!({"resource_id": user});
    let values = invoke(&harness, "check_user_deactivation", &args)
        .await
        .complete();
    assert_eq!(values["can_deactivate"], true, "{values}");
    let texts = |name: &str| values[name].to_string();
    assert!(
        texts("warnings").contains("2 accounts are owned by it"),
        "{values}"
    );
    assert!(texts("warnings").contains("1 active users have it as delegated approver"));
    assert!(texts("not_checked").contains("default lead owner"));
    assert!(texts("checked").contains("CronTrigger"));
    // The user, the describe, three composites.
    assert!(
        harness.simulator.api_calls() <= 5,
        "{}",
        harness.simulator.api_calls()
    );
    assert_eq!(writes(&harness), 0);
}

#[tokio::test]
async fn the_only_administrator_is_found() {
    let mut org = Org::seed(Preset::Tiny);
    let admin = org.integration_user();
    let rights = [("PermissionsModifyAllData", json!(false))];
    let own = org.get("User", &admin).unwrap()["ProfileId"]
        .as_str()
        .unwrap()
        .to_owned();
    for profile in org.rows("Profile") {
        let id = profile["Id"].as_str().unwrap().to_owned();
        if id != own {
            org.set("Profile", &id, &rights);
        }
    }
    for user in org.rows("User") {
        let id = user["Id"].as_str().unwrap();
        if user["ProfileId"] == json!(own) && id != admin {
            org.set("User", id, &[("IsActive", json!(false))]);
        }
    }
    let harness = Harness::with(Setup {
        org,
        ..Setup::default()
    })
    .await;
    let args = json!({"resource_id": admin});
    let values = invoke(&harness, "check_user_deactivation", &args)
        .await
        .complete();
    assert_eq!(values["can_deactivate"], false);
    assert!(
        values["blockers"][0]
            .as_str()
            .unwrap()
            .contains("only active System Administrator")
    );
}

#[tokio::test]
async fn sixteen_at_once_end_in_one_state() {
    let harness = Harness::start().await;
    let user = user(&harness, 3);
    let args = json!({"resource_id": user});
    let all = futures((0..16).map(|_| invoke(&harness, "freeze_user", &args))).await;
    for answer in all {
        answer.complete();
    }
    assert!(harness.simulator.org().is_frozen(&user));
    let mixed = futures((0..16).map(|number| {
        let args = json!({"resource_id": user, "is_active": number % 2 == 0});
        let harness = &harness;
        async move { invoke(harness, "update_user_status", &args).await }
    }));
    for answer in mixed.await {
        answer.complete();
    }
    let last = json!({"resource_id": user, "is_active": true});
    invoke(&harness, "update_user_status", &last)
        .await
        .complete();
    assert!(harness.simulator.org().is_active(&user));
}

/// A role has one field: whoever revokes the old one must not clear the new one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoke_does_not_undo_what_an_action_sets() {
    let stage = Stage::set().await;
    let latency = Duration::from_millis(5);
    stage
        .harness
        .simulator
        .with(|org| org.settings.latency = latency);
    let new = stage.old_role.clone();
    for _ in 0..10 {
        stage.arrange(Thing::Role, true);
        let args = json!({"resource_id": stage.user, "fields": {"UserRoleId": new}});
        let (action, revoke) = tokio::join!(
            invoke(&stage.harness, "update_user_profile", &args),
            stage.revoke(Thing::Role),
        );
        action.complete();
        revoke.unwrap();
        let user = stage.org().get("User", &stage.user).unwrap();
        assert_eq!(user["UserRoleId"], json!(new));
    }
}

/// Somebody else holds two of the records for a moment, and a third one for long.
#[tokio::test]
async fn locked_records_are_tried_again_alone() {
    let (org, from) = wealthy(&[("Account", 250)]);
    let harness = Harness::with(Setup {
        org,
        ..Setup::default()
    })
    .await;
    let mine: Vec<_> = harness
        .simulator
        .org()
        .rows("Account")
        .iter()
        .filter(|row| row["OwnerId"] == json!(from))
        .map(|row| row["Id"].as_str().unwrap().to_owned())
        .collect();
    let held = [(&mine[3], 1), (&mine[240], 2), (&mine[100], 1_000)];
    harness.simulator.with(|org| {
        let locks = held.map(|(id, times)| (id.clone(), times));
        org.settings.locked_records.extend(locks);
    });
    let args = json!({
        "resource_id": from, "new_owner_id": user(&harness, 1), "objects": ["Account"],
    });
    let values = invoke(&harness, "transfer_user_records", &args)
        .await
        .complete();
    assert_eq!(
        (
            &values["transferred"],
            &values["failed"],
            &values["success"]
        ),
        (&json!(249.0), &json!(1.0), &json!(false)),
        "{values}"
    );
    let failures = values["failures"].to_string();
    assert!(failures.contains(mine[100].as_str()), "{failures}");
    assert_eq!(owned(&harness, "Account", &from), 1);
}

/// Two hosts ask for the same at once: one does it, the other finds nothing left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_transfer_twice_at_once_gives_each_record_once() {
    let (org, from) = wealthy(&[("Account", 450)]);
    let harness = Harness::with(Setup {
        org,
        ..Setup::default()
    })
    .await;
    let args = json!({"resource_id": from, "new_owner_id": user(&harness, 1)});
    let both = futures((0..2).map(|_| invoke(&harness, "transfer_user_records", &args))).await;
    let counts: Vec<_> = both
        .into_iter()
        .map(|answer| answer.complete()["transferred"].as_f64().unwrap())
        .collect();
    assert!(
        counts == [450.0, 0.0] || counts == [0.0, 450.0],
        "{counts:?}"
    );
}

/// The connector is told to end in the middle: what was done is known, and the next run does the
/// rest.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_that_is_stopped_ends_between_two_batches() {
    let (org, from) = wealthy(&[("Account", 2_000)]);
    let mut harness = Harness::with(Setup {
        org,
        ..Setup::default()
    })
    .await;
    let args = json!({
        "resource_id": from, "new_owner_id": user(&harness, 1), "objects": ["Account"],
    });
    let slow = Fault::Latency(Duration::from_millis(50));
    let writes = Matcher::writes_to("Account");
    harness.simulator.faults().every_matching(1, writes, [slow]);
    let stop = async {
        while owned(&harness, "Account", &from) == 2_000 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        harness.stop();
    };
    let (answer, ()) = tokio::join!(invoke(&harness, "transfer_user_records", &args), stop);
    let left = owned(&harness, "Account", &from);
    assert!(
        left > 0 && left < 2_000 && left.is_multiple_of(200),
        "{left}"
    );
    let done = u32::try_from(2_000 - left).unwrap();
    assert_eq!(answer.values["transferred"], json!(f64::from(done)));
    assert!(
        answer
            .failed()
            .contains("running it again continues from there")
    );

    harness.simulator.faults().clear();
    harness.restart().await;
    let values = invoke(&harness, "transfer_user_records", &args)
        .await
        .complete();
    assert_eq!(values["transferred"], json!(f64::from(2_000 - done)));
}
