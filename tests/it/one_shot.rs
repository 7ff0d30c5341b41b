//! One operation in one run: the flags reach the connector through the subprocess, the answer comes
//! back as the exit code, and the org is different.

use std::path::Path;

use baton_salesforce::c1z::{Bounds, Reader};

use salesforce_simulator::{Org, Preset, Simulator};
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use test_case::test_case;

use crate::file;
use crate::process::{Ended, org, run, with};

/// An org that was synced into `sync.c1z`.
struct Scene {
    simulator: Simulator,
    directory: TempDir,
    /// A permission set that nobody has.
    set: String,
    user: String,
}

impl Scene {
    async fn new() -> Self {
        let mut seed = Org::seed(Preset::Tiny);
        let set = [("Name", json!("Spare")), ("Label", json!("Spare"))];
        let set = seed.create("PermissionSet", &set).unwrap();
        let user = seed.rows("User").into_iter().find(is_ordinary).unwrap();
        let user = user["Id"].as_str().unwrap().to_owned();
        let simulator = Simulator::start(seed).await;
        let directory = tempfile::tempdir().unwrap();
        run(directory.path(), &org(&simulator))
            .await
            .assert_success();
        Self {
            simulator,
            directory,
            set,
            user,
        }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A run with these flags. It changes no file.
    async fn run(&self, arguments: &[&str]) -> Ended {
        let file = self.path().join("sync.c1z");
        let before = std::fs::read(&file).unwrap();
        let ended = run(self.path(), &with(&self.simulator, arguments)).await;
        assert!(
            std::fs::read(&file).unwrap() == before,
            "the file has changed"
        );
        assert_eq!(std::fs::read_dir(self.path()).unwrap().count(), 1);
        ended.assert_decent();
        ended
    }

    async fn grant(&self) -> Ended {
        let entitlement = format!("permission:{}:assigned", self.set);
        let flags = [
            "--grant-entitlement",
            &entitlement,
            "--grant-principal",
            &self.user,
        ];
        self.run(&[&flags[..], &["--grant-principal-type", "user", "-p"]].concat())
            .await
    }

    /// The assignments of the spare set.
    fn assignees(&self) -> Vec<String> {
        let rows = self.simulator.org().rows("PermissionSetAssignment");
        let of_set = rows
            .into_iter()
            .filter(|row| row["PermissionSetId"] == self.set.as_str());
        of_set
            .map(|row| row["AssigneeId"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// An active person that is not who the connector signs in as.
fn is_ordinary(user: &Json) -> bool {
    user["IsActive"] == true
        && user["UserType"] == "Standard"
        && user["Username"] != "admin@simulated.example"
}

/// It worked and printed this line, and nothing else.
#[track_caller]
fn assert_result(ended: &Ended, line: &str) {
    ended.assert_success();
    assert_eq!(
        (ended.stdout.as_str(), ended.told()),
        (&*format!("{line}\n"), Vec::new())
    );
}

#[tokio::test]
async fn a_grant_is_made_shown_by_the_next_sync_and_revoked() {
    let scene = Scene::new().await;
    let (user, set) = (&scene.user, &scene.set);
    let granted = format!("granted permission:{set}:assigned to user {user}");
    assert_result(&scene.grant().await, &granted);
    assert_eq!(scene.assignees(), std::slice::from_ref(&scene.user));
    // Twice is as good as once.
    let already = format!("user {user} already has permission:{set}:assigned");
    assert_result(&scene.grant().await, &already);
    assert_eq!(scene.assignees().len(), 1);

    run(scene.path(), &org(&scene.simulator))
        .await
        .assert_success();
    let id = format!("permission:{}:assigned:user:{}", scene.set, scene.user);
    assert!(
        file::read(&scene.path().join("sync.c1z"))
            .grants
            .contains_key(&id)
    );
    let ended = scene.run(&["--revoke-grant", &id]).await;
    assert_result(&ended, &format!("revoked {id}"));
    assert_eq!(scene.assignees(), [""; 0]);
    let ended = scene.run(&["--revoke-grant", &id, "-p"]).await;
    assert_result(&ended, &format!("{id} was already revoked"));
}

/// Auditors find every write in the log, with ids and what it cost, and without names.
#[tokio::test]
async fn a_write_leaves_a_line_for_auditors() {
    let scene = Scene::new().await;
    let line = |ended: &Ended| {
        let lines = ended.log();
        let mut writes = lines.iter().filter(|line| line["msg"] == "write");
        let line = writes.next().expect("no line").clone();
        assert!(writes.next().is_none(), "{lines:?}");
        line
    };
    let first = line(&scene.grant().await);
    assert_eq!(first["action"], "grant");
    assert_eq!(first["result"], "changed");
    assert_eq!(first["sf.object"], "PermissionSetAssignment");
    let ids: Vec<_> = first["sf.ids"].as_str().unwrap().split(',').collect();
    assert_eq!(ids[..2], [&scene.user, &scene.set]);
    assert!(ids[2].starts_with("0Pa"), "{ids:?}");
    assert!((1..=2).contains(&first["sf.api_calls"].as_u64().unwrap()));
    assert!(first["duration_ms"].is_u64());
    let second = line(&scene.grant().await);
    assert_eq!(second["result"], "already");
    let request = |line: &Json| line["request_id"].as_str().unwrap().to_owned();
    assert_ne!(request(&first), request(&second));
}

#[test_case(
    &["--grant-entitlement=permission:none:assigned", "--grant-principal=x",
      "--grant-principal-type=user"],
    "the newest sync in ", "has no entitlement \"permission:none:assigned\""; "an entitlement"
)]
#[test_case(&["--revoke-grant=none"], "the newest sync in ", "has no grant \"none\""; "a grant")]
#[test_case(
    &["--revoke-grant=none", "-f", "other.c1z"], "other.c1z", "no"; "a file"
)]
#[tokio::test]
async fn what_the_file_does_not_know_is_told_and_salesforce_is_not_asked(
    arguments: &[&str],
    begin: &str,
    message: &str,
) {
    let scene = Scene::new().await;
    scene.simulator.clear_requests();
    let ended = scene.run(arguments).await;
    ended.assert_failure(2, message);
    assert!(ended.told()[0].contains(begin), "{}", ended.stderr);
    assert_eq!(scene.simulator.requests().len(), 0);
}

#[tokio::test]
async fn a_refused_grant_exits_with_the_code_of_the_refusal() {
    let scene = Scene::new().await;
    let locked = scene.simulator.with(|org| {
        org.settings
            .missing_permissions
            .insert("ManageUsers".to_owned());
        org.settings
            .missing_permissions
            .insert("AssignPermissionSets".to_owned())
    });
    assert!(locked);
    scene.grant().await.assert_failure(7, "granting: ");
    assert_eq!(scene.assignees(), [""; 0]);
}

fn by_username(scene: &Scene, username: &str) -> Option<Json> {
    let org = scene.simulator.org();
    let id = org.user_by_username(username)?;
    org.get("User", &id)
}

#[tokio::test]
async fn an_account_is_created_from_a_profile() {
    let scene = Scene::new().await;
    let profile = json!({
        "email": "jane@acme.example", "profileId": "Standard User", "alias": "jdoe",
        "last_name": "Doe", "first_name": "Jane", "timezone": "Europe/Berlin",
    });
    let flag = format!("--create-account-profile={profile}");
    let ended = scene.run(&[&flag]).await;
    let created = by_username(&scene, "jane@acme.example").unwrap();
    assert_eq!(created["LastName"], "Doe");
    let id = created["Id"].as_str().unwrap();
    assert_result(&ended, &format!("created user {id}"));
}

#[tokio::test]
async fn an_account_without_what_salesforce_needs_is_refused() {
    let scene = Scene::new().await;
    let ended = scene
        .run(&["--create-account-login=jane@acme.example"])
        .await;
    ended.assert_failure(3, "creating an account");
    assert_eq!(by_username(&scene, "jane@acme.example"), None);
}

#[tokio::test]
async fn deleting_a_user_deactivates_it() {
    let scene = Scene::new().await;
    let flags = [
        "--delete-resource",
        &scene.user,
        "--delete-resource-type",
        "user",
    ];
    assert_result(
        &scene.run(&flags).await,
        &format!("deleted user {}", scene.user),
    );
    assert!(!scene.simulator.org().is_active(&scene.user));
}

#[test_case("profile", 9; "a type that cannot be deleted")]
#[tokio::test]
async fn deleting_something_else_is_refused(resource_type: &str, code: i32) {
    let scene = Scene::new().await;
    let flags = [
        "--delete-resource=00eHp0000000000AAA",
        "--delete-resource-type",
        resource_type,
    ];
    let ended = scene.run(&flags).await;
    assert!(
        ended.code() == code || ended.code() == 12,
        "{}",
        ended.stderr
    );
    assert_eq!(ended.told().len(), 1, "{}", ended.stderr);
}

#[tokio::test]
async fn an_action_is_invoked_without_provisioning() {
    let scene = Scene::new().await;
    let arguments = json!({"resource_id": scene.user, "is_active": false});
    let arguments = format!("--invoke-action-args={arguments}");
    let ended = scene
        .run(&["--invoke-action", "update_user_status", &arguments])
        .await;
    assert_result(&ended, "update_user_status finished: {\"success\":true}");
    assert!(!scene.simulator.org().is_active(&scene.user));
}

#[tokio::test]
async fn a_result_may_be_json() {
    let scene = Scene::new().await;
    let flags = [
        "--output=json",
        "--delete-resource-type=user",
        "--delete-resource",
        &scene.user,
    ];
    let ended = scene.run(&flags).await;
    ended.assert_success();
    assert_eq!(
        serde_json::from_str::<Json>(&ended.stdout).unwrap(),
        json!({
            "result": "done", "message": format!("deleted user {}", scene.user),
            "resource_type": "user", "resource": scene.user,
        })
    );
}

#[tokio::test]
async fn an_unknown_form_of_the_result_is_refused_before_anything_is_written() {
    let scene = Scene::new().await;
    let flags = [
        "--output=xml",
        "--delete-resource-type=user",
        "--delete-resource",
        &scene.user,
    ];
    let ended = scene.run(&flags).await;
    assert_eq!(ended.code(), 2);
    let refusal = "field output: value must be one of text, json but got 'xml'";
    assert_eq!(ended.told().last(), Some(&refusal));
    assert!(scene.simulator.org().is_active(&scene.user));
}

/// What a dry run prints begins so.
const HELD_BACK: &str = "dry run: would ";

#[tokio::test]
async fn a_dry_run_that_would_work_succeeds_and_prints_what_it_would_send() {
    let scene = Scene::new().await;
    let entitlement = format!("permission:{}:assigned", scene.set);
    let profile = json!({
        "email": "jane@acme.example", "profileId": "Standard User", "alias": "jdoe",
        "last_name": "Doe", "first_name": "Jane",
    });
    let profile = format!("--create-account-profile={profile}");
    let runs: [&[&str]; 3] = [
        &[
            "--grant-entitlement",
            &entitlement,
            "--grant-principal",
            &scene.user,
            "--grant-principal-type=user",
        ],
        &[&profile],
        &[
            "--delete-resource-type=user",
            "--delete-resource",
            &scene.user,
        ],
    ];
    for flags in runs {
        let ended = scene.run(&[flags, &["--dry-run"]].concat()).await;
        ended.assert_success();
        assert!(ended.stdout.starts_with(HELD_BACK), "{ended:?}");
        assert_eq!(ended.stdout.lines().count(), 1, "{ended:?}");
        assert_eq!(ended.told(), [""; 0]);
        let ended = scene
            .run(&[flags, &["--dry-run", "--output=json"]].concat())
            .await;
        let result: Json = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(result["result"], "dry_run");
    }
    assert_eq!(scene.assignees(), [""; 0]);
    assert!(scene.simulator.org().is_active(&scene.user));
    assert_eq!(by_username(&scene, "jane@acme.example"), None);
}

#[tokio::test]
async fn a_dry_run_of_an_action_says_so() {
    let scene = Scene::new().await;
    let arguments = format!(
        "--invoke-action-args={}",
        json!({"resource_id": scene.user})
    );
    let ended = scene
        .run(&["--invoke-action=freeze_user", &arguments, "--dry-run"])
        .await;
    ended.assert_success();
    assert!(ended.stdout.starts_with("freeze_user: "), "{ended:?}");
    assert!(ended.stdout.contains("would"), "{ended:?}");
}

#[tokio::test]
async fn a_dry_run_that_would_not_work_fails_as_the_write_would() {
    let scene = Scene::new().await;
    let ended = scene
        .run(&["--create-account-login=jane@acme.example", "--dry-run"])
        .await;
    ended.assert_failure(3, "creating an account");
}

#[tokio::test]
async fn an_action_that_fails_says_why() {
    let scene = Scene::new().await;
    let arguments = format!(
        "--invoke-action-args={}",
        json!({"resource_id": scene.user})
    );
    let ended = scene
        .run(&["--invoke-action=update_user_status", &arguments])
        .await;
    assert_ne!(ended.code(), 0);
    assert_eq!(ended.told().len(), 1, "{}", ended.stderr);
    assert!(
        ended.told()[0].contains("missing is_active"),
        "{}",
        ended.stderr
    );
    assert!(scene.simulator.org().is_active(&scene.user));
}

#[tokio::test]
async fn an_unknown_action_is_not_found() {
    let scene = Scene::new().await;
    scene
        .run(&["--invoke-action=reboot"])
        .await
        .assert_failure(5, "reboot");
}

#[tokio::test]
async fn the_schemas_of_actions_are_printed_as_protobuf_json() {
    let scene = Scene::new().await;
    scene.simulator.clear_requests();
    let ended = scene.run(&["--list-action-schemas"]).await;
    ended.assert_success();
    let schemas: Vec<Json> = ended
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let status = schemas
        .iter()
        .find(|schema| schema["name"] == "update_user_status")
        .unwrap();
    assert_eq!(status["arguments"][0]["name"], "resource_id");
    assert_eq!(scene.simulator.api_calls(), 0);
}

#[tokio::test]
async fn a_feed_must_be_named_and_the_error_says_which_there_are() {
    let scene = Scene::new().await;
    let ended = scene.run(&["--event-feed=true"]).await;
    assert_ne!(ended.code(), 0);
    assert_eq!(
        (ended.stdout.as_str(), ended.told().len()),
        ("", 1),
        "{}",
        ended.stderr
    );
    assert!(
        ended.told()[0].contains("logins, setup_audit"),
        "{}",
        ended.stderr
    );
}

#[tokio::test]
async fn a_feed_is_followed_until_a_signal_and_goes_on_at_its_cursor() {
    let scene = Scene::new().await;
    let sign_in = |name: &str| {
        scene.simulator.with(|org| {
            let fields = [
                ("UserId", json!(org.integration_user())),
                (
                    "LoginTime",
                    json!(
                        org.clock()
                            .now()
                            .strftime("%Y-%m-%dT%H:%M:%S.000+0000")
                            .to_string()
                    ),
                ),
                ("LoginType", json!("Application")),
                ("Application", json!(name)),
                ("Status", json!("Success")),
            ];
            org.insert("LoginHistory", &fields)
        })
    };
    let first = sign_in("One");
    let feed = ["--event-feed=true", "--event-feed-id=logins"];
    let ended = scene.run(&feed).await;
    ended.assert_success();
    let event: Json = serde_json::from_str(ended.stdout.trim()).unwrap();
    assert_eq!(event["id"], json!(first));
    let cursor = ended
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("cursor: "))
        .unwrap()
        .to_owned();
    let second = sign_in("Two");
    let at = format!("--event-feed-cursor={cursor}");
    let arguments = with(&scene.simulator, &[feed[0], feed[1], "--follow=true", &at]);
    let mut child = crate::process::command(scene.path(), &arguments)
        .spawn()
        .unwrap();
    let process = child.id().unwrap();
    let mut lines =
        tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(child.stdout.take().unwrap()));
    let line = lines.next_line().await.unwrap().unwrap();
    let event: Json = serde_json::from_str(&line).unwrap();
    assert_eq!(event["id"], json!(second));
    crate::process::signal(process, "TERM");
    assert_eq!(lines.next_line().await.unwrap(), None);
    let ended = child.wait_with_output().await.unwrap();
    assert!(ended.status.success());
    assert!(String::from_utf8_lossy(&ended.stderr).contains("cursor: e1."));
}

/// The summary and the file tell what a sync could not read; the file also if that was nothing.
#[tokio::test]
async fn what_a_sync_could_not_read_is_kept_in_its_file() {
    let simulator = Simulator::start(Org::seed(Preset::Tiny)).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("sync.c1z");
    let kept = || {
        let reader = Reader::open(&file, &Bounds::default()).unwrap();
        reader.warnings().unwrap().unwrap()
    };
    // The tiny org has neither.
    let flags = ["--sync-agents=false", "--sync-territories=false"];
    let sync = async || run(directory.path(), &with(&simulator, &flags)).await;
    sync().await.assert_success();
    assert_eq!(kept(), [""; 0]);

    simulator.with(|org| {
        org.settings.hidden_objects.insert("UserRole".to_owned());
        assert!(org.hide_field("User", "Title"));
    });
    let ended = sync().await;
    ended.assert_success();
    let kept = kept();
    let begins = |begin: &str| kept.iter().filter(|it| it.starts_with(begin)).count();
    assert_eq!(begins("UserRole could not be read"), 1, "{kept:?}");
    assert_eq!(begins("Title of User is left out"), 1, "{kept:?}");
    for warning in &kept {
        assert!(ended.stderr.contains(&format!("warning: {warning}\n")));
    }
}
