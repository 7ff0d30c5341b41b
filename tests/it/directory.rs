//! The second connector, `examples/directory.rs`, as a host and as a person run it: what a sync
//! reads, what a grant writes, and what a wrong file is answered with.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use baton_salesforce::c1z::Bounds;
use baton_salesforce::pb::connector as pb;
use baton_salesforce::runner::{Error, Executable, one_shot};
use tempfile::TempDir;
use test_case::test_case;

use crate::file;
use crate::process::{Ended, end, of};

const SOURCE: &str = "examples/directory.rs";

/// The example, built as `cargo test` builds it. When only one test is asked for, cargo does not.
pub(crate) fn binary() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = std::process::Command::new(cargo)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["build", "--offline", "--locked", "--workspace"])
            .args(["--example", "directory", "--message-format", "json"])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&built.stdout);
        let messages = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let executable = messages
            .filter(|message: &serde_json::Value| message["target"]["name"] == "directory")
            .find_map(|message| Some(PathBuf::from(message["executable"].as_str()?)));
        executable.unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&built.stderr)))
    })
}

/// A directory with `people.csv` in it.
struct Place(TempDir);

impl Place {
    fn with(csv: impl AsRef<[u8]>) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        std::fs::write(place.csv(), csv).unwrap();
        place
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn csv(&self) -> PathBuf {
        self.path().join("people.csv")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.csv()).unwrap()
    }

    async fn run(&self, arguments: &[&str]) -> Ended {
        let arguments = [&["--csv=people.csv", "--log-level=warn"], arguments].concat();
        let ended = end(of(binary(), self.path(), &arguments).spawn().unwrap()).await;
        ended.assert_decent();
        ended
    }

    async fn synced(&self, workers: u8) -> file::Rows {
        let workers = format!("--workers={workers}");
        self.run(&[&workers]).await.assert_success();
        file::read(&self.path().join("sync.c1z"))
    }

    async fn grant(&self, user: &str, group: &str) -> Ended {
        let entitlement = format!("--grant-entitlement=group:{group}:member");
        let user = format!("--grant-principal={user}");
        self.run(&[&entitlement, &user]).await
    }

    async fn revoke(&self, user: &str, group: &str) -> Ended {
        let grant = format!("--revoke-grant=group:{group}:member:user:{user}");
        self.run(&[&grant]).await
    }

    /// The connector without `--provisioning`, for a host in this process.
    fn executable(&self) -> Executable {
        let csv = format!("--csv={}", self.csv().display());
        Executable {
            path: binary().to_owned(),
            arguments: vec![csv.into(), "--log-level=warn".into()],
            variables: Vec::new(),
        }
    }
}

const SMALL: &str = "\
kind,id,name,email,groups,phone
group,admins,Administrators,,,
user,ada,\"Lovelace, Ada\",ada@example.test,admins; staff,+44
user,bo,Bo,,,
group,staff,Staff,,,
";

/// More than two pages of users, each in two of thirty groups.
fn large() -> (String, BTreeSet<String>) {
    let mut csv = "kind,id,name,email,groups\n".to_owned();
    let mut grants = BTreeSet::new();
    for number in 0..600 {
        let groups = [number % 30, number % 7];
        let held: BTreeSet<String> = groups.iter().map(|group| format!("g{group}")).collect();
        let cell = held.iter().cloned().collect::<Vec<_>>().join(";");
        writeln!(
            csv,
            "user,u{number},User {number},u{number}@example.test,{cell}"
        )
        .unwrap();
        grants.extend(
            held.iter()
                .map(|group| format!("group:{group}:member:user:u{number}")),
        );
    }
    for group in 0..30 {
        writeln!(csv, "group,g{group},Group {group},,").unwrap();
    }
    (csv, grants)
}

#[tokio::test]
async fn a_sync_has_the_rows_of_the_file_whatever_the_number_of_workers() {
    let (csv, grants) = large();
    let place = Place::with(csv);
    for workers in [1, 8] {
        let rows = place.synced(workers).await;
        assert_eq!(rows.types.len(), 2);
        assert_eq!(rows.resources.len(), 630);
        assert_eq!(rows.resources["user/u599"].display_name, "User 599");
        assert_eq!(rows.entitlements.len(), 30);
        let found: BTreeSet<_> = rows.grants.keys().cloned().collect();
        assert_eq!(found, grants, "{workers} workers");
    }
}

#[tokio::test]
async fn a_membership_is_written_once_and_taken_back_once() {
    let place = Place::with(SMALL);
    place.synced(1).await;
    let granted = SMALL.replace("bo,Bo,,,", "bo,Bo,,staff,");
    for _ in 0..2 {
        place.grant("bo", "staff").await.assert_success();
        assert_eq!(place.text(), granted);
    }
    assert!(
        place
            .synced(1)
            .await
            .grants
            .contains_key("group:staff:member:user:bo")
    );
    for _ in 0..2 {
        place.revoke("bo", "staff").await.assert_success();
        assert_eq!(place.text(), SMALL);
    }
    assert!(
        !place
            .synced(1)
            .await
            .grants
            .contains_key("group:staff:member:user:bo")
    );
}

#[tokio::test]
async fn a_link_stays_a_link_and_a_file_keeps_its_mode() {
    let place = Place::with(SMALL);
    let target = place.path().join("elsewhere.csv");
    std::fs::rename(place.csv(), &target).unwrap();
    std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("elsewhere.csv", place.csv()).unwrap();
    place.synced(1).await;
    place.grant("bo", "admins").await.assert_success();
    assert!(place.csv().is_symlink());
    assert!(place.text().contains("bo,Bo,,admins,"));
    assert_eq!(
        target.metadata().unwrap().permissions().mode() & 0o777,
        0o640
    );
}

#[tokio::test]
async fn grants_of_several_processes_are_all_kept() {
    let (csv, _) = large();
    let place = Place::with(csv.replace("Group 29,,\n", "Group 29,,\ngroup,new,New,,\n"));
    place.synced(8).await;
    let grants = ["u1", "u2", "u3", "u4"].map(|user| place.grant(user, "new"));
    let [first, second, third, fourth] = grants;
    let ended = tokio::join!(first, second, third, fourth);
    for ended in [ended.0, ended.1, ended.2, ended.3] {
        ended.assert_success();
    }
    let members = place
        .text()
        .lines()
        .filter(|line| line.ends_with(";new"))
        .count();
    assert_eq!(members, 4);
}

#[tokio::test]
async fn a_host_writes_only_with_provisioning() {
    let place = Place::with(SMALL);
    place.synced(1).await;
    let user = pb::ResourceId {
        resource_type: "user".to_owned(),
        resource: "bo".to_owned(),
        ..pb::ResourceId::default()
    };
    let stored = one_shot::Stored {
        file: &place.path().join("sync.c1z"),
        bounds: Bounds::default(),
    };
    let entitlement = "group:admins:member";
    let refused = one_shot::grant(&place.executable(), stored, entitlement, user).await;
    let refused: Error = refused.unwrap_err();
    assert_eq!(refused.code(), 9, "{refused}");
    assert_eq!(place.text(), SMALL);
}

#[tokio::test]
async fn a_user_that_left_the_file_cannot_get_anything_and_has_nothing_to_lose() {
    let place = Place::with(SMALL);
    place.synced(1).await;
    let without = "kind,id,name,email,groups,phone\ngroup,admins,Administrators,,,\n";
    std::fs::write(place.csv(), without).unwrap();
    let refused = place.grant("bo", "admins").await;
    refused.assert_failure(3, "the file has no such user or no such group");
    place.revoke("ada", "admins").await.assert_success();
    assert_eq!(place.text(), without);
}

#[test_case("kind,id,name,email\nuser,ada,Ada,\n", "must begin with kind,id,name,email,groups"; "a missing column")]
#[test_case("kind;id;name;email;groups\n", "must begin with kind,id,name,email,groups"; "semicolons")]
#[test_case("", "must begin with kind,id,name,email,groups"; "nothing")]
#[test_case("kind,id,name,email,groups\nuser,ada,Ada,,stuff\n", "group \"stuff\""; "an unknown group")]
#[test_case("kind,id,name,email,groups\nuser,a,A,,\nuser,a,B,,\n", "line 3: the same kind and id"; "a duplicate")]
#[test_case("kind,id,name,email,groups\nperson,a,A,,\n", "line 2: unknown kind \"person\""; "an unknown kind")]
#[test_case("kind,id,name,email,groups\nuser,,A,,\n", "line 2: resource id must have 1 to"; "no id")]
#[test_case("kind,id,name,email,groups\nuser,a:b,A,,\n", "line 2: there is a colon in the id"; "a colon")]
#[test_case("kind,id,name,email,groups\nuser,a,A\n", "record 1 (line: 2"; "a short line")]
#[test_case(b"kind,id,name,email,groups\nuser,a,Andr\xe9,,\n", "invalid utf-8"; "latin 1")]
#[tokio::test]
async fn a_wrong_file_is_an_error_that_says_where(csv: impl AsRef<[u8]>, expected: &str) {
    let place = Place::with(csv);
    let ended = place.run(&[]).await;
    ended.assert_failure(9, expected);
    assert!(ended.told()[0].contains("people.csv cannot be read"));
    assert!(!place.path().join("sync.c1z").exists());
}

#[tokio::test]
async fn a_missing_file_is_named() {
    let place = Place::with(SMALL);
    std::fs::remove_file(place.csv()).unwrap();
    place
        .run(&[])
        .await
        .assert_failure(9, "people.csv cannot be read: No such file");
}

#[tokio::test]
async fn it_says_what_it_can_do_and_which_flags_it_has() {
    let place = Place::with(SMALL);
    let printed = place.run(&["capabilities"]).await;
    printed.assert_success();
    let json: serde_json::Value = serde_json::from_str(&printed.stdout).unwrap();
    let types = json["resourceTypeCapabilities"].as_array().unwrap();
    let provisioned = types
        .iter()
        .filter(|of| of.to_string().contains("CAPABILITY_PROVISION"));
    let names: Vec<_> = provisioned.map(|of| &of["resourceType"]["id"]).collect();
    assert_eq!(names, ["group"]);
    let help = place.run(&["--help"]).await;
    assert!(help.stdout.contains("--csv <PATH>") && help.stdout.contains("--provisioning"));
}

#[test]
fn the_example_is_short_and_knows_the_sdk_alone() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(SOURCE);
    let text = std::fs::read_to_string(source).unwrap();
    assert!(text.lines().count() <= 200);
    let named: Vec<_> = text.split("baton_salesforce::").skip(1).collect();
    assert!(named.iter().all(|rest| rest.starts_with("sdk::")));
}

#[test]
fn the_document_quotes_the_example_word_for_word() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = std::fs::read_to_string(root.join(SOURCE)).unwrap();
    let document = std::fs::read_to_string(root.join("docs/second-connector.md")).unwrap();
    let quotes: Vec<_> = document.split("```rust\n").skip(1).collect();
    assert_eq!(quotes.len(), 5);
    for quote in quotes {
        let (code, _) = quote.split_once("```").unwrap();
        assert!(source.contains(code), "not in {SOURCE}:\n{code}");
    }
}
