//! `report`: the page is compared with the file that it is made from, read by other means.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use prost_types::value::Kind;
use salesforce_simulator::{Org, Preset, Simulator};
use serde_json::json;
use tempfile::TempDir;
use test_case::test_case;

use crate::file;
use crate::process::{Ended, org, run};

const HOSTILE: &str = "</title><script>globalThis.hit=1</script>\"'><img src=x onerror=alert(1)>";

/// An org with some strong permissions, synced into `sync.c1z`.
struct Scene {
    _simulator: Simulator,
    directory: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let mut seed = Org::seed(Preset::Tiny);
        let set = seed
            .create(
                "PermissionSet",
                &[
                    ("Name", json!("Hostile")),
                    ("Label", json!(HOSTILE)),
                    ("PermissionsViewAllData", json!(true)),
                    ("PermissionsDataExport", json!(true)),
                ],
            )
            .unwrap();
        let users = seed.rows("User");
        let ordinary = users.iter().filter(|row| row["UserType"] == "Standard");
        for (number, user) in ordinary.take(5).enumerate() {
            let mut fields = vec![
                ("AssigneeId", user["Id"].clone()),
                ("PermissionSetId", json!(set)),
            ];
            if number % 2 == 0 {
                let end = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 30);
                fields.push(("ExpirationDate", json!(end.to_string())));
            }
            // Somebody who is deactivated cannot be given anything.
            if user["IsActive"] == true {
                seed.create("PermissionSetAssignment", &fields).unwrap();
            }
        }
        let simulator = Simulator::start(seed).await;
        let directory = tempfile::tempdir().unwrap();
        run(directory.path(), &org(&simulator))
            .await
            .assert_success();
        Self {
            _simulator: simulator,
            directory,
        }
    }

    fn at(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    /// The command needs no settings, and no org.
    async fn report(&self, arguments: &[&str]) -> Ended {
        let arguments = [&["report"], arguments].concat();
        run(self.directory.path(), &arguments).await
    }
}

/// The people who hold a permission of each tier, from the rows of the file: whoever is granted
/// something that lists it, except what they only have through a group.
fn holders(file: &Path) -> BTreeMap<&'static str, BTreeSet<String>> {
    let rows = file::read(file);
    let mut holders: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for grant in rows.grants.values() {
        let on = grant.entitlement.clone().unwrap().resource.unwrap().id;
        let on = on.unwrap();
        let principal = grant.principal.clone().unwrap().id.unwrap();
        let derived = grant.sources.as_ref().is_some_and(|sources| {
            let own = &grant.entitlement.as_ref().unwrap().id;
            !sources.sources.is_empty() && !sources.sources.contains_key(own)
        });
        if principal.resource_type != "user" || derived {
            continue;
        }
        let giver = &rows.resources[&format!("{}/{}", on.resource_type, on.resource)];
        let facts = giver.profile.clone().unwrap_or_default().fields;
        let Some(Kind::ListValue(labels)) = facts
            .get("strong_permissions")
            .and_then(|value| value.kind.clone())
        else {
            continue;
        };
        for label in labels.values {
            let Some(Kind::StringValue(label)) = label.kind else {
                continue;
            };
            let tier = match label.as_str() {
                "Modify All Data" | "View All Data" | "Author Apex" => "holders-1",
                "Weekly Data Export" | "Export Reports" | "View Setup and Configuration" => {
                    "holders-3"
                }
                _ => continue,
            };
            holders
                .entry(tier)
                .or_default()
                .insert(principal.resource.clone());
        }
    }
    holders
}

/// The rows of a table that have a heading.
fn rows_of(page: &str, table: &str) -> usize {
    let start = page.find(&format!("<table id=\"{table}\"")).unwrap();
    let table = &page[start..];
    let table = &table[..table.find("</table>").unwrap()];
    table.matches("<th scope=\"row\">").count()
}

#[tokio::test]
async fn the_figures_are_those_of_the_file() {
    let scene = Scene::new().await;
    let ended = scene.report(&[]).await;
    ended.assert_success();
    let path = scene.at("report.html");
    assert_eq!(ended.stdout.trim(), path.to_str().unwrap());
    let page = std::fs::read_to_string(&path).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    for (table, people) in holders(&scene.at("sync.c1z")) {
        assert_eq!(rows_of(&page, table), people.len(), "{table}");
    }
    let (database, _directory) = file::open(&scene.at("sync.c1z"));
    let count = |query: &str| -> i64 { database.query_row(query, [], |row| row.get(0)).unwrap() };
    let licences = count(
        "select count(*) from v1_resources where resource_type_id like '%license'
         and instr(data, cast('consumed_seats' as blob)) > 0",
    );
    assert!(licences > 0);
    assert_eq!(
        rows_of(&page, "licences"),
        usize::try_from(licences).unwrap()
    );
    let (resources, grants) = (
        count("select count(*) from v1_resources"),
        count("select count(*) from v1_grants"),
    );
    let totals = format!("What the sync has: {resources} resources, {grants} grants");
    let plain = page.replace(',', "");
    assert!(plain.contains(&totals.replace(',', "")), "{totals}");
    // Three assignments end, and licences that have ended stand there, too.
    assert!(rows_of(&page, "ending") >= 3);
}

#[tokio::test]
async fn names_of_the_org_do_nothing() {
    let scene = Scene::new().await;
    scene
        .report(&["--report-title", HOSTILE])
        .await
        .assert_success();
    let page = std::fs::read_to_string(scene.at("report.html")).unwrap();
    assert_eq!(page.matches("<script>").count(), 1);
    assert!(!page.contains("<img"));
    assert!(page.contains("script&#62;globalThis.hit"));
    assert!(!page.contains("http://") && !page.contains("https://"));
    assert!(page.contains("default-src 'none'") && !page.contains("unsafe-inline"));
}

#[tokio::test]
async fn it_goes_to_standard_output_or_to_a_file_of_its_own() {
    let scene = Scene::new().await;
    let ended = scene.report(&["-o", "-"]).await;
    ended.assert_success();
    assert!(ended.stdout.starts_with("<!doctype html>"));
    assert!(ended.stdout.trim_end().ends_with("</html>"));
    assert!(!scene.at("report.html").exists());
    scene
        .report(&["-o", "r.html", "--file-mode", "0640"])
        .await
        .assert_success();
    let mode = std::fs::metadata(scene.at("r.html")).unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o640);
}

#[test_case("sync.c1z", "is the file of the sync; name another file"; "the file itself")]
#[test_case("/dev/null", "a character device"; "a device")]
#[tokio::test]
async fn what_must_not_be_replaced_is_left_alone(target: &str, reason: &str) {
    let scene = Scene::new().await;
    let before = std::fs::read(scene.at("sync.c1z")).unwrap();
    let ended = scene.report(&["-o", target]).await;
    assert_eq!(ended.code(), 2, "{}", ended.stderr);
    assert!(ended.stderr.contains(reason), "{}", ended.stderr);
    assert_eq!(std::fs::read(scene.at("sync.c1z")).unwrap(), before);
}

#[tokio::test]
async fn a_file_that_is_not_there_is_named() {
    let scene = Scene::new().await;
    let ended = scene.report(&["-f", "other.c1z"]).await;
    assert_eq!(ended.code(), 2, "{}", ended.stderr);
    assert!(ended.stderr.contains("other.c1z"), "{}", ended.stderr);
    assert!(!scene.at("report.html").exists());
}
