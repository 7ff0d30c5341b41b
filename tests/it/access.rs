//! `access`: who has what and by which path, from the file that a sync wrote.

use std::collections::BTreeSet;
use std::path::Path;

use baton_salesforce::pb::connector as pb;
use salesforce_simulator::{Org, Preset, Simulator};
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use test_case::test_case;

use crate::file;
use crate::process::{Ended, org, run};
use crate::stage::{add_role, add_user};

/// A name that would drive a terminal, end a line and open a formula.
const HOSTILE: &str = "=HYPERLINK(\"x\")\u{1b}[2J\n<script>\u{202e}";

/// An org of which a part is known, synced into `sync.c1z`.
struct Scene {
    _simulator: Simulator,
    directory: TempDir,
    user: String,
    set: String,
    muted_set: String,
    set_group: String,
    outer: String,
    queue: String,
}

fn create(org: &mut Org, object: &str, fields: &[(&str, Json)]) -> String {
    org.create(object, fields).unwrap()
}

fn named(org: &mut Org, object: &str, name: &str) -> String {
    let (key, label) = match object {
        "PermissionSet" => ("Name", "Label"),
        _ => ("DeveloperName", "MasterLabel"),
    };
    create(org, object, &[(key, json!(name)), (label, json!(name))])
}

fn group(org: &mut Org, name: &str, kind: &str) -> String {
    create(
        org,
        "Group",
        &[("Name", json!(name)), ("Type", json!(kind))],
    )
}

fn member(org: &mut Org, group: &str, member: &str) {
    let fields = [("GroupId", json!(group)), ("UserOrGroupId", json!(member))];
    create(org, "GroupMember", &fields);
}

impl Scene {
    async fn new() -> Self {
        let mut seed = Org::seed(Preset::Tiny);
        let org_of = &mut seed;
        let profile = org_of.find("Profile", "Name", "Standard User").unwrap();
        let role = add_role(org_of, "Night shift");
        let user = add_user(org_of, "nell", &profile, &role);
        // A set for some time, and one in a group that mutes what it gives.
        let set = named(org_of, "PermissionSet", "Spare");
        org_of.set(
            "PermissionSet",
            &set,
            &[("PermissionsDataExport", json!(true))],
        );
        let muted_set = named(org_of, "PermissionSet", "Muted");
        org_of.set(
            "PermissionSet",
            &muted_set,
            &[("PermissionsDataExport", json!(true))],
        );
        let set_group = named(org_of, "PermissionSetGroup", "Bundle");
        let component = [
            ("PermissionSetGroupId", json!(set_group)),
            ("PermissionSetId", json!(muted_set)),
        ];
        create(org_of, "PermissionSetGroupComponent", &component);
        let muting = named(org_of, "MutingPermissionSet", "Quiet");
        org_of.set(
            "MutingPermissionSet",
            &muting,
            &[("PermissionsDataExport", json!(true))],
        );
        let component = [
            ("PermissionSetGroupId", json!(set_group)),
            ("PermissionSetId", json!(muting)),
        ];
        org_of.insert("PermissionSetGroupComponent", &component);
        org_of.sum_up_groups();
        let end = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 400);
        let assignment = [
            ("AssigneeId", json!(user)),
            ("PermissionSetId", json!(set)),
            ("ExpirationDate", json!(end.to_string())),
        ];
        create(org_of, "PermissionSetAssignment", &assignment);
        let assignment = [
            ("AssigneeId", json!(user)),
            ("PermissionSetGroupId", json!(set_group)),
        ];
        create(org_of, "PermissionSetAssignment", &assignment);
        // A group in a group, and a queue of which a role is a member.
        let inner = group(org_of, "Inner", "Regular");
        let outer = group(org_of, HOSTILE, "Regular");
        member(org_of, &inner, &user);
        member(org_of, &outer, &inner);
        let queue = group(org_of, "Desk", "Queue");
        let roles = org_of.rows("Group");
        let of_role = roles
            .iter()
            .find(|row| row["RelatedId"] == role.as_str() && row["Type"] == "Role")
            .unwrap();
        member(org_of, &queue, of_role["Id"].as_str().unwrap());
        let logins = org_of.rows("UserLogin");
        let login = logins.iter().find(|row| row["UserId"] == user.as_str());
        let login = login.unwrap()["Id"].as_str().unwrap().to_owned();
        org_of.set("UserLogin", &login, &[("IsFrozen", json!(true))]);
        let simulator = Simulator::start(seed).await;
        let directory = tempfile::tempdir().unwrap();
        run(directory.path(), &org(&simulator))
            .await
            .assert_success();
        Self {
            _simulator: simulator,
            directory,
            user,
            set,
            muted_set,
            set_group,
            outer,
            queue,
        }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    async fn access(&self, arguments: &[&str]) -> Ended {
        let ended = run(self.path(), &[&["access"], arguments].concat()).await;
        ended.assert_decent();
        ended
    }

    /// The rows of an answer as JSON.
    async fn rows(&self, arguments: &[&str]) -> Vec<Json> {
        let ended = self
            .access(&[arguments, &["--output=jsonl"]].concat())
            .await;
        ended.assert_success();
        let lines = ended.stdout.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// `<entitlement> through <first> > <second>`
fn ways(rows: &[Json]) -> BTreeSet<String> {
    let id = |step: &Json| step["entitlement_id"].as_str().unwrap().to_owned();
    rows.iter()
        .map(|row| {
            let path: Vec<String> = row["path"].as_array().unwrap().iter().map(id).collect();
            path.join(" > ")
        })
        .collect()
}

#[tokio::test]
async fn a_person_is_shown_with_every_path() {
    let scene = Scene::new().await;
    let rows = scene.rows(&["--user", "NELL@stage.example"]).await;
    let ways = ways(&rows);
    for way in [
        format!("permission:{}:assigned", scene.set),
        format!(
            "permission_set_group:{group}:member > permission:{}:assigned",
            scene.muted_set,
            group = scene.set_group
        ),
    ] {
        assert!(ways.contains(&way), "{way} is not in {ways:#?}");
    }
    let outer = format!(" > group:{}:member", scene.outer);
    let nested: Vec<_> = ways.iter().filter(|way| way.ends_with(&outer)).collect();
    assert_eq!(nested.len(), 1, "{ways:#?}");
    let queue = format!("group:{}:member", scene.queue);
    let by_role: Vec<_> = ways.iter().filter(|way| way.ends_with(&queue)).collect();
    assert_eq!(by_role.len(), 1, "{ways:#?}");
    assert!(by_role[0].starts_with("role:"), "{by_role:?}");
    let set = format!("permission:{}:assigned", scene.set);
    for row in &rows {
        assert_eq!(row["person"]["state"], "frozen");
        let is_set = row["entitlement"]["entitlement_id"] == set.as_str();
        assert_eq!(row["expires_at"].is_string(), is_set, "{row}");
    }
}

#[tokio::test]
async fn muted_permissions_are_not_held() {
    let scene = Scene::new().await;
    for spelling in ["DataExport", "weekly data export"] {
        let rows = scene.rows(&["--permission", spelling]).await;
        let of_user: Vec<_> = rows
            .iter()
            .filter(|row| row["person"]["id"] == scene.user.as_str())
            .collect();
        assert_eq!(of_user.len(), 1, "{of_user:#?}");
        let set = format!("permission:{}:assigned", scene.set);
        assert_eq!(of_user[0]["entitlement"]["entitlement_id"], set.as_str());
        assert_eq!(of_user[0]["gives"], json!(["Weekly Data Export"]));
    }
}

/// The file has what the host derived; `access` derives it again from the direct grants.
#[tokio::test]
async fn everything_is_what_the_file_has() {
    let scene = Scene::new().await;
    let rows = scene.rows(&["--all"]).await;
    let told: BTreeSet<String> = rows
        .iter()
        .map(|row| {
            let entitlement = row["entitlement"]["entitlement_id"].as_str().unwrap();
            format!(
                "{entitlement}:user:{}",
                row["person"]["id"].as_str().unwrap()
            )
        })
        .collect();
    let stored = file::read(&scene.path().join("sync.c1z"));
    let is_user = |grant: &&pb::Grant| {
        let principal = grant.principal.as_ref().and_then(|it| it.id.as_ref());
        principal.is_some_and(|id| id.resource_type == "user")
    };
    let expected: BTreeSet<String> = stored
        .grants
        .values()
        .filter(is_user)
        .map(|grant| grant.id.clone())
        .collect();
    assert_eq!(told, expected);
}

#[tokio::test]
async fn an_entitlement_has_holders() {
    let scene = Scene::new().await;
    let id = format!("permission:{}:assigned", scene.muted_set);
    let rows = scene.rows(&["--entitlement", &id]).await;
    assert_eq!(rows.len(), 1, "{rows:#?}");
    assert_eq!(rows[0]["person"]["login"], "nell@stage.example");
    assert_eq!(rows[0]["gives"], json!([]));
}

#[test_case("text"; "lines")]
#[test_case("json"; "json")]
#[test_case("jsonl"; "json lines")]
#[test_case("csv"; "csv")]
#[tokio::test]
async fn a_hostile_name_does_nothing(form: &str) {
    let scene = Scene::new().await;
    let ended = scene
        .access(&["--user=nell@stage.example", "--output", form])
        .await;
    ended.assert_success();
    assert!(ended.stdout.contains("HYPERLINK"), "{}", ended.stdout);
    let drives = |letter: char| {
        letter.is_control() && letter != '\n' && letter != '\t' || letter == '\u{202e}'
    };
    assert!(!ended.stdout.contains(drives), "{:?}", ended.stdout);
    if form == "csv" {
        let mut reader = csv::Reader::from_reader(ended.stdout.as_bytes());
        let cells: Vec<String> = reader
            .records()
            .flat_map(|row| row.unwrap().iter().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        assert!(
            !cells.iter().any(|cell| cell.starts_with('=')),
            "{cells:#?}"
        );
        assert!(cells.iter().any(|cell| cell.starts_with("'=HYPERLINK")));
    }
}

#[test_case(&[], "set one of --user, --permission, --entitlement, --object and --all"; "no question")]
#[test_case(&["--all", "--user=nell"], "set only one of --user"; "two questions")]
#[test_case(&["--all", "--output=xml"], "field output: value must be one of text, json, jsonl, csv but got 'xml'"; "an unknown form")]
#[tokio::test]
async fn a_wrong_question_is_explained(arguments: &[&str], why: &str) {
    let directory = tempfile::tempdir().unwrap();
    let ended = run(directory.path(), &[&["access"], arguments].concat()).await;
    assert_eq!((ended.code(), ended.stdout.as_str()), (2, ""));
    assert!(ended.stderr.contains(why), "{}", ended.stderr);
}

#[tokio::test]
async fn what_is_not_found_is_explained() {
    let scene = Scene::new().await;
    for (arguments, why) in [
        (["--user", "nobody at all"], "no account in the file has"),
        (["--user", "@"], "give the username of one of them"),
        (
            ["--permission", "ModifyAllDate"],
            "did you mean ModifyAllData?",
        ),
        (
            ["--entitlement", "group:x:member"],
            "the file has no entitlement",
        ),
    ] {
        let ended = scene.access(&arguments).await;
        ended.assert_failure(2, why);
    }
}

#[test_case(None, "has no finished sync"; "no file")]
#[test_case(Some(b""), "has no finished sync"; "an empty file")]
#[test_case(Some(b"C1ZF\0"), "damaged or truncated"; "a header alone")]
#[test_case(Some(b"hello"), "is not a c1z file"; "another file")]
#[tokio::test]
async fn a_file_that_cannot_be_read_is_explained(content: Option<&[u8]>, why: &str) {
    let directory = tempfile::tempdir().unwrap();
    if let Some(content) = content {
        std::fs::write(directory.path().join("sync.c1z"), content).unwrap();
    }
    let ended = run(directory.path(), &["access", "--all"]).await;
    ended.assert_failure(2, why);
}

#[tokio::test]
async fn a_device_is_not_read() {
    let directory = tempfile::tempdir().unwrap();
    let ended = run(directory.path(), &["access", "--all", "-f", "/dev/zero"]).await;
    assert_eq!((ended.code(), ended.stdout.as_str()), (2, ""));
    ended.assert_decent();
}

#[tokio::test]
async fn a_truncated_file_is_not_read() {
    let scene = Scene::new().await;
    let file = scene.path().join("sync.c1z");
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    let ended = scene.access(&["--all"]).await;
    ended.assert_failure(2, "damaged or truncated");
}
