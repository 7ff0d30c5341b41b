//! `changes`: what is different between two syncs, after writes that are known.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use baton_salesforce::pb::connector as pb;
use salesforce_simulator::{Org, Preset, Simulator};
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use test_case::test_case;

use crate::file;
use crate::process::{Ended, run, with};
use crate::stage::{add_role, add_user};

/// An org, and a directory for its files.
struct Scene {
    simulator: Simulator,
    directory: TempDir,
}

impl Scene {
    async fn with(org: Org) -> Self {
        Self {
            simulator: Simulator::start(org).await,
            directory: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    async fn sync(&self, arguments: &[&str]) {
        let ended = run(self.path(), &with(&self.simulator, arguments)).await;
        ended.assert_success();
    }

    async fn changes(&self, arguments: &[&str]) -> Ended {
        let ended = run(self.path(), &[&["changes"], arguments].concat()).await;
        ended.assert_decent();
        ended
    }

    /// The changes as JSON, with this exit code.
    async fn rows(&self, code: i32, arguments: &[&str]) -> Vec<Json> {
        let ended = self
            .changes(&[arguments, &["--output=jsonl"]].concat())
            .await;
        assert_eq!(ended.code(), code, "{}{}", ended.stdout, ended.stderr);
        let lines = ended.stdout.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn file(&self) -> file::Rows {
        file::read(&self.path().join("sync.c1z"))
    }
}

fn create(org: &mut Org, object: &str, fields: &[(&str, Json)]) -> String {
    org.create(object, fields).unwrap()
}

fn set(org: &mut Org, name: &str) -> String {
    let fields = [("Name", json!(name)), ("Label", json!(name))];
    create(org, "PermissionSet", &fields)
}

fn group(org: &mut Org, name: &str, kind: &str) -> String {
    create(
        org,
        "Group",
        &[("Name", json!(name)), ("Type", json!(kind))],
    )
}

fn join(org: &mut Org, group: &str, member: &str) {
    let fields = [("GroupId", json!(group)), ("UserOrGroupId", json!(member))];
    create(org, "GroupMember", &fields);
}

fn assign(org: &mut Org, user: &str, column: &str, what: &str) -> String {
    let fields = [("AssigneeId", json!(user)), (column, json!(what))];
    create(org, "PermissionSetAssignment", &fields)
}

fn leave(org: &mut Org, object: &str, columns: [(&str, &str); 2]) {
    let rows = org.rows(object);
    let row = rows
        .iter()
        .find(|row| columns.iter().all(|(column, id)| row[*column] == *id));
    let id = row.unwrap()["Id"].as_str().unwrap().to_owned();
    org.destroy(object, &id).unwrap();
}

fn freeze(org: &mut Org, user: &str, is_frozen: bool) {
    let rows = org.rows("UserLogin");
    let row = rows.iter().find(|row| row["UserId"] == user).unwrap();
    let id = row["Id"].as_str().unwrap().to_owned();
    org.update("UserLogin", &id, &[("IsFrozen", json!(is_frozen))])
        .unwrap();
}

fn change(org: &mut Org, user: &str, column: &str, value: impl Into<Json>) {
    org.update("User", user, &[(column, value.into())]).unwrap();
}

/// What the writes are about.
struct Cast {
    users: Vec<String>,
    set: String,
    given: String,
    set_group: String,
    inner: String,
    outer: String,
    queue: String,
    profile: String,
    role: String,
    assignments: Vec<String>,
}

/// Forty users of one profile, some of whom have something to lose.
fn cast() -> (Org, Cast) {
    let mut seed = Org::seed(Preset::Tiny);
    let org = &mut seed;
    // Seats for all of them.
    for license in org.rows("UserLicense") {
        let id = license["Id"].as_str().unwrap();
        org.set("UserLicense", id, &[("TotalLicenses", json!(500))]);
    }
    let before = org.find("Profile", "Name", "Standard User").unwrap();
    let profile = org.find("Profile", "Name", "System Administrator").unwrap();
    let role = add_role(org, "Before");
    let users: Vec<String> = (0..40)
        .map(|number| add_user(org, &format!("u{number}"), &before, &role))
        .collect();
    let role = add_role(org, "After");
    let (set_of, given) = (set(org, "Spare"), set(org, "Given"));
    let set_group = [
        ("DeveloperName", json!("Bundle")),
        ("MasterLabel", json!("Bundle")),
    ];
    let set_group = create(org, "PermissionSetGroup", &set_group);
    for name in ["One", "Two"] {
        let inside = set(org, name);
        let fields = [
            ("PermissionSetGroupId", json!(set_group)),
            ("PermissionSetId", json!(inside)),
        ];
        create(org, "PermissionSetGroupComponent", &fields);
    }
    let (inner, outer) = (
        group(org, "Inner", "Regular"),
        group(org, "Outer", "Regular"),
    );
    join(org, &outer, &inner);
    let queue = group(org, "Queue", "Queue");
    let assignments = users[8..18]
        .iter()
        .map(|user| assign(org, user, "PermissionSetId", &given))
        .collect();
    for user in &users[24..28] {
        join(org, &inner, user);
    }
    for user in &users[35..37] {
        freeze(org, user, true);
    }
    for user in &users[38..40] {
        change(org, user, "IsActive", false);
    }
    let cast = Cast {
        users,
        set: set_of,
        given,
        set_group,
        inner,
        outer,
        queue,
        profile,
        role,
        assignments,
    };
    (seed, cast)
}

/// Fifty writes. Returns the ids of the new users.
fn write(org: &mut Org, cast: &Cast) -> Vec<String> {
    let users = &cast.users;
    for user in &users[..8] {
        assign(org, user, "PermissionSetId", &cast.set);
    }
    for user in &users[8..16] {
        let of = [
            ("AssigneeId", user.as_str()),
            ("PermissionSetId", &cast.given),
        ];
        leave(org, "PermissionSetAssignment", of);
    }
    let end = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(900)).to_string();
    for assignment in &cast.assignments[8..] {
        let fields = [("ExpirationDate", json!(end))];
        org.update("PermissionSetAssignment", assignment, &fields)
            .unwrap();
    }
    for user in &users[18..24] {
        join(org, &cast.queue, user);
    }
    for user in &users[24..28] {
        let of = [("GroupId", cast.inner.as_str()), ("UserOrGroupId", user)];
        leave(org, "GroupMember", of);
    }
    for user in &users[28..31] {
        assign(org, user, "PermissionSetGroupId", &cast.set_group);
    }
    for user in &users[31..35] {
        freeze(org, user, true);
    }
    for user in &users[35..37] {
        freeze(org, user, false);
    }
    for user in &users[..3] {
        change(org, user, "IsActive", false);
    }
    for user in &users[38..40] {
        change(org, user, "IsActive", true);
    }
    for user in &users[3..6] {
        change(org, user, "ProfileId", cast.profile.as_str());
    }
    for user in &users[6..8] {
        change(org, user, "UserRoleId", cast.role.as_str());
    }
    let profile = org.find("Profile", "Name", "Standard User").unwrap();
    let news = ["n0", "n1", "n2"].map(|name| add_user(org, name, &profile, &cast.role));
    news.to_vec()
}

/// The ids of users by what is told of them.
fn told<'a>(rows: &'a [Json], change: &str, entitlement: Option<&str>) -> BTreeSet<&'a str> {
    rows.iter()
        .filter(|row| row["change"] == change)
        .filter(|row| entitlement.is_none_or(|id| row["entitlement"]["entitlement_id"] == id))
        .map(|row| row["person"]["id"].as_str().unwrap())
        .collect()
}

fn ids(users: &[String]) -> BTreeSet<&str> {
    users.iter().map(String::as_str).collect()
}

/// All that users have in a file: what the host derived stands in it, too.
fn held(rows: &file::Rows) -> BTreeSet<(String, String)> {
    let ends = |grant: &pb::Grant| {
        let principal = grant.principal.as_ref()?.id.as_ref()?;
        let entitlement = grant.entitlement.as_ref()?.id.clone();
        (principal.resource_type == "user").then(|| (principal.resource.clone(), entitlement))
    };
    rows.grants.values().filter_map(ends).collect()
}

fn pairs(rows: &[Json], change: &str) -> BTreeSet<(String, String)> {
    let of = |row: &Json| {
        let person = row["person"]["id"].as_str().unwrap().to_owned();
        let entitlement = row["entitlement"]["entitlement_id"].as_str().unwrap();
        (person, entitlement.to_owned())
    };
    let rows = rows.iter().filter(|row| row["change"] == change);
    rows.map(of).collect()
}

/// How many seats of each licence are in use.
fn seats(rows: &file::Rows) -> BTreeMap<String, String> {
    let licenses = rows.resources.iter();
    let licenses = licenses.filter(|(key, _)| key.contains("license/"));
    let consumed = licenses.map(|(key, row)| {
        let profile = row.profile.as_ref().unwrap();
        let consumed = format!("{:?}", profile.fields.get("consumed_seats"));
        (key.replacen('/', ":", 1), consumed)
    });
    consumed.collect()
}

/// Each of the fifty writes is told.
fn assert_writes(rows: &[Json], cast: &Cast, news: &[String]) {
    let users = &cast.users;
    let of = |kind: &str, id: &str, slug: &str| format!("{kind}:{id}:{slug}");
    let on = |change: &str, entitlement: String| told(rows, change, Some(&entitlement));
    let spare = of("permission", &cast.set, "assigned");
    assert_eq!(on("access_gained", spare), ids(&users[..8]));
    let given = of("permission", &cast.given, "assigned");
    assert_eq!(on("access_lost", given.clone()), ids(&users[8..16]));
    assert_eq!(on("limits_changed", given), ids(&users[16..18]));
    let queue = of("group", &cast.queue, "member");
    assert_eq!(on("access_gained", queue), ids(&users[18..24]));
    for group in [&cast.inner, &cast.outer] {
        let group = of("group", group, "member");
        assert_eq!(on("access_lost", group), ids(&users[24..28]));
    }
    let bundle = of("permission_set_group", &cast.set_group, "member");
    assert_eq!(on("access_gained", bundle), ids(&users[28..31]));
    let all = |change: &str| told(rows, change, None);
    assert_eq!(all("account_frozen"), ids(&users[31..35]));
    assert_eq!(all("account_unfrozen"), ids(&users[35..37]));
    assert_eq!(all("account_deactivated"), ids(&users[..3]));
    assert_eq!(all("account_reactivated"), ids(&users[38..40]));
    assert_eq!(all("profile_changed"), ids(&users[3..6]));
    assert_eq!(all("role_changed"), ids(&users[6..8]));
    assert_eq!(all("account_came"), ids(news));
}

#[tokio::test]
async fn fifty_writes_are_told_exactly() {
    let (org, cast) = cast();
    let scene = Scene::with(org).await;
    scene.sync(&[]).await;
    let before = scene.file();
    let news = scene.simulator.with(|org| write(org, &cast));
    scene.sync(&[]).await;
    let after = scene.file();
    let rows = scene.rows(1, &[]).await;
    assert_writes(&rows, &cast, &news);

    // And nothing else: what the host derived in both files says the same.
    let (had, has) = (held(&before), held(&after));
    let replaced = |pair: &&(String, String)| {
        let (person, entitlement) = pair;
        let is_new = news.contains(person);
        let one = entitlement.starts_with("profile:") || entitlement.starts_with("role:");
        is_new || !one
    };
    let gained: BTreeSet<_> = has.difference(&had).filter(replaced).cloned().collect();
    let lost: BTreeSet<_> = had.difference(&has).filter(replaced).cloned().collect();
    assert_eq!(pairs(&rows, "access_gained"), gained);
    assert_eq!(pairs(&rows, "access_lost"), lost);
    let known: BTreeSet<&str> = [
        "access_gained",
        "access_lost",
        "account_came",
        "account_deactivated",
        "account_frozen",
        "account_reactivated",
        "account_unfrozen",
        "consumed_seats_changed",
        "limits_changed",
        "path_changed",
        "profile_changed",
        "role_changed",
    ]
    .into();
    let changes: BTreeSet<&str> = rows
        .iter()
        .map(|row| row["change"].as_str().unwrap())
        .collect();
    assert!(changes.is_subset(&known), "{changes:?}");

    let (had, has) = (seats(&before), seats(&after));
    let others: BTreeSet<&str> = has
        .iter()
        .filter(|(license, seats)| had.get(*license) != Some(seats))
        .map(|(license, _)| license.as_str())
        .collect();
    let told: BTreeSet<&str> = rows
        .iter()
        .filter(|row| row["change"] == "consumed_seats_changed")
        .map(|row| row["resource"]["id"].as_str().unwrap())
        .collect();
    assert_eq!(told, others);
}

#[tokio::test]
async fn two_files_are_compared_and_the_same_is_no_change() {
    let (org, cast) = cast();
    let scene = Scene::with(org).await;
    scene.sync(&["-f", "old.c1z"]).await;
    scene.sync(&["-f", "same.c1z"]).await;
    assert!(scene.rows(0, &["old.c1z", "same.c1z"]).await.is_empty());
    scene.simulator.with(|org| {
        let user = &cast.users[0];
        assign(org, user, "PermissionSetGroupId", &cast.set_group);
        join(org, &cast.outer, &cast.users[24]);
    });
    scene.sync(&["-f", "new.c1z"]).await;
    let rows = scene.rows(1, &["old.c1z", "new.c1z"]).await;
    let changes: Vec<&str> = rows
        .iter()
        .map(|row| row["change"].as_str().unwrap())
        .collect();
    let expected = ["access_gained"; 3].into_iter().chain(["path_changed"]);
    assert_eq!(changes, expected.collect::<Vec<_>>(), "{rows:#?}");
    let back = scene.rows(1, &["new.c1z", "old.c1z"]).await;
    assert_eq!(back.len(), 4);
    assert_eq!(back[0]["change"], "access_lost");
}

#[tokio::test]
async fn what_one_sync_does_not_have_is_not_lost() {
    let (org, _) = cast();
    let scene = Scene::with(org).await;
    scene.sync(&["-f", "all.c1z"]).await;
    scene
        .sync(&["-f", "some.c1z", "--sync-resource-types=user,group,profile"])
        .await;
    let rows = scene.rows(0, &["all.c1z", "some.c1z"]).await;
    let missing: BTreeSet<&str> = rows
        .iter()
        .map(|row| {
            assert_eq!(
                (&row["change"], &row["to"]),
                (&json!("not_compared"), &json!("not synced"))
            );
            row["resource_type"]["id"].as_str().unwrap()
        })
        .collect();
    assert!(
        missing.contains("role") && missing.contains("permission"),
        "{missing:?}"
    );
}

#[test_case("text")]
#[test_case("json")]
#[test_case("csv")]
#[tokio::test]
async fn every_form_has_a_row_for_each_change(form: &str) {
    let (org, cast) = cast();
    let scene = Scene::with(org).await;
    scene.sync(&[]).await;
    scene.simulator.with(|org| {
        join(org, &cast.queue, &cast.users[0]);
        change(org, &cast.users[0], "LastName", "=1+1\u{1b}[2J");
    });
    scene.sync(&[]).await;
    let ended = scene.changes(&["--output", form]).await;
    assert_eq!(ended.code(), 1);
    let rows = match form {
        "json" => serde_json::from_str::<Vec<Json>>(&ended.stdout)
            .unwrap()
            .len(),
        "csv" => csv::Reader::from_reader(ended.stdout.as_bytes())
            .records()
            .count(),
        _ => ended.stdout.lines().count(),
    };
    assert_eq!(rows, 1, "{}", ended.stdout);
    assert!(!ended.stdout.contains('\u{1b}'));
}

#[tokio::test]
async fn one_sync_cannot_be_compared() {
    let (org, _) = cast();
    let scene = Scene::with(org).await;
    scene.sync(&[]).await;
    let ended = scene.changes(&[]).await;
    ended.assert_failure(2, "has only one finished full sync");
    let ended = scene.changes(&["a", "b", "c"]).await;
    assert_eq!(ended.code(), 2);
    let ended = scene.changes(&["missing.c1z", "sync.c1z"]).await;
    ended.assert_failure(2, "missing.c1z has no finished sync");
}
