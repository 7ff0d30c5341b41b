//! `report`: what its sections say, against a plain reading of the org and against other commands.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use salesforce_simulator::{Org, Simulator};
use serde_json::json;
use tempfile::TempDir;
use test_case::test_case;

use crate::directory;
use crate::object_permissions::{MODIFY_ALL, VIEW_ALL, give};
use crate::process::{Ended, end, of, run, with};
use crate::security_insights::{TIERS, varied, ways};
use crate::stage::{add_role, add_user, tiny};

/// A directory with a synced file.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    async fn sync(&self, simulator: &Simulator, arguments: &[&str]) {
        run(self.path(), &with(simulator, arguments))
            .await
            .assert_success();
    }

    /// The page, and the paths that the command printed.
    async fn report(&self, arguments: &[&str]) -> (String, Ended) {
        let ended = run(self.path(), &[&["report"], arguments].concat()).await;
        ended.assert_success();
        ended.assert_decent();
        let page = std::fs::read_to_string(self.path().join("report.html")).unwrap();
        (page, ended)
    }

    fn csv(&self, name: &str) -> Vec<csv::StringRecord> {
        let mut reader = csv::Reader::from_path(self.path().join(name)).unwrap();
        reader.records().map(Result::unwrap).collect()
    }
}

/// The text between two marks, for each place where it stands.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    let parts = text.split(start).skip(1);
    parts.map(|part| part.split(end).next().unwrap()).collect()
}

fn table<'a>(page: &'a str, id: &str) -> &'a str {
    between(page, &format!("<table id=\"{id}\""), "</table>")[0]
}

fn rows(page: &str, id: &str) -> usize {
    table(page, id).matches("<th scope=\"row\">").count()
}

/// The number of ways of each holder of a tier, by username.
type Holders = BTreeMap<String, usize>;

fn shown(page: &str, tier: u8) -> Holders {
    let people = between(
        table(page, &format!("holders-{tier}")),
        "<tbody>",
        "</tbody>",
    );
    let people = people.into_iter().map(|person| {
        let login = between(person, "<small><bdi>", "</bdi>")[0].to_owned();
        let through = between(person, "<summary>", "</summary>")[0];
        (login, through.matches("<bdi>").count())
    });
    people.collect()
}

/// Who holds a permission of a tier. API Enabled counts where something stronger comes with it,
/// because almost everybody has it.
fn expected(org: &Org, tier: u8) -> Holders {
    let tier_of = |name: &str| TIERS.iter().find(|one| one.1 == name).unwrap().0;
    let mut found = Holders::new();
    for user in org.rows("User") {
        if user["UserType"] != "Standard" {
            continue;
        }
        let of_tier = ways(org, &user).into_iter().filter(|(_, gives)| {
            let is_strong = gives.iter().any(|name| tier_of(name) < 3);
            let mut counted = gives
                .iter()
                .filter(|name| is_strong || **name != "ApiEnabled");
            counted.any(|name| tier_of(name) == tier)
        });
        let count = of_tier.count();
        if count > 0 {
            found.insert(user["Username"].as_str().unwrap().to_owned(), count);
        }
    }
    found
}

#[tokio::test]
async fn holders_are_those_of_a_plain_reading() {
    let simulator = Simulator::start(varied()).await;
    let place = Place::new();
    place.sync(&simulator, &[]).await;
    let (page, _) = place.report(&[]).await;
    for tier in 1..=3 {
        let expected = expected(&simulator.org(), tier);
        assert!(expected.len() > 1, "tier {tier}");
        assert_eq!(shown(&page, tier), expected, "tier {tier}");
    }
    for text in [
        "(In_Session)</bdi> (only in activated sessions)",
        "(View_Everything)</bdi> (until 2099-01-01)",
        "<strong class=\"off\">frozen</strong>",
        "<strong class=\"off\">deactivated</strong>",
    ] {
        assert!(
            page.contains(text),
            "{text}: {:?}",
            between(&page, "In Session", "<")
        );
    }
}

/// Accounts that can sign in and were not used for so many days.
fn unused(org: &Org, days: i64) -> BTreeSet<String> {
    let limit = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * days);
    let logins = org.rows("UserLogin");
    let users = org.rows("User").into_iter().filter(|user| {
        let used = [&user["LastLoginDate"], &user["CreatedDate"]];
        let used = used.into_iter().find_map(|time| time.as_str()).unwrap();
        let is_frozen = logins
            .iter()
            .any(|row| row["UserId"] == user["Id"] && row["IsFrozen"] == true);
        user["IsActive"] == true
            && user["UserType"] == "Standard"
            && !is_frozen
            && used < limit.to_string().as_str()
    });
    let names = users.map(|user| user["Username"].as_str().unwrap().to_owned());
    names.collect()
}

#[test_case(&[], 90; "as usual")]
#[test_case(&["--dormant-after-days=5"], 5; "sooner")]
#[tokio::test]
async fn dormant_is_who_was_away_for_long(arguments: &[&str], days: i64) {
    let simulator = Simulator::start(varied()).await;
    let place = Place::new();
    place.sync(&simulator, &[]).await;
    let (page, _) = place.report(arguments).await;
    assert!(page.contains(&format!("have not done it for {days} days")));
    let people = between(table(&page, "dormant"), "<small><bdi>", "</bdi>");
    let found: BTreeSet<String> = people
        .into_iter()
        .map(|name| name.replace("&#39;", "'"))
        .collect();
    assert_eq!(found, unused(&simulator.org(), days));
}

#[tokio::test]
async fn open_objects_are_those_of_the_org() {
    let simulator = Simulator::start(tiny()).await;
    let place = Place::new();
    // An object with the people who may view all, and modify all; of each, those who can sign in.
    let cells = async |object: &str| -> Vec<i64> {
        place.sync(&simulator, &["--sync-object-permissions"]).await;
        let (page, _) = place.report(&[]).await;
        let name = format!("<bdi>{object}</bdi>");
        let rows = between(table(&page, "opened"), "<tr>", "</tr>");
        let row = rows.into_iter().find(|row| row.contains(&name));
        let cells = between(row.unwrap(), "<td class=\"n\">", "</td>");
        cells
            .into_iter()
            .map(|cell| cell.parse().unwrap())
            .collect()
    };
    let before = [cells("Lead").await, cells("Case").await];
    simulator.with(|org| {
        let mut set = |name: &str| {
            let fields = [("Name", json!(name)), ("Label", json!(name))];
            org.create("PermissionSet", &fields).unwrap()
        };
        let (all, some) = (set("All"), set("Some"));
        give(org, &all, "Lead", MODIFY_ALL);
        give(org, &some, "Lead", VIEW_ALL);
        give(org, &some, "Case", VIEW_ALL);
        let role = add_role(org, "Viewers");
        let profile = org.find("Profile", "Name", "Standard User").unwrap();
        for (name, sets) in [("ann", vec![&all, &some]), ("ben", vec![&some])] {
            let user = add_user(org, name, &profile, &role);
            for set in sets {
                let fields = [("AssigneeId", json!(user)), ("PermissionSetId", json!(set))];
                org.create("PermissionSetAssignment", &fields).unwrap();
            }
        }
    });
    let after = [cells("Lead").await, cells("Case").await];
    for (place, more) in [[2, 2, 1, 1], [2, 2, 0, 0]].into_iter().enumerate() {
        let found = after[place].iter().zip(&before[place]);
        let found: Vec<i64> = found.map(|(after, before)| after - before).collect();
        assert_eq!(found, more, "{before:?} {after:?}");
    }

    place.sync(&simulator, &["--file=without.c1z"]).await;
    let (page, _) = place.report(&["-f", "without.c1z"]).await;
    assert!(page.contains("Sync with --sync-object-permissions"));
}

#[tokio::test]
async fn changes_are_those_that_the_command_prints() {
    let mut org = tiny();
    let role = add_role(&mut org, "Newcomers");
    let profile = org.find("Profile", "Name", "Standard User").unwrap();
    let simulator = Simulator::start(org).await;
    let place = Place::new();
    place.sync(&simulator, &[]).await;
    let (page, _) = place.report(&[]).await;
    assert!(page.contains("no earlier full sync to compare with"));
    for name in ["cat", "dan"] {
        add_user(&mut simulator.org(), name, &profile, &role);
    }
    place.sync(&simulator, &[]).await;
    let (page, _) = place.report(&[]).await;
    let printed = run(place.path(), &["changes", "sync.c1z", "--output=jsonl"]).await;
    assert_eq!(printed.code(), 1, "{}", printed.stderr);
    assert!(printed.stdout.contains("cat@stage.example"));
    assert_eq!(rows(&page, "changed"), printed.stdout.lines().count());
    for text in ["cat@stage.example", "dan@stage.example"] {
        assert!(table(&page, "changed").contains(text), "{text}");
    }
}

/// The file is one of another connector, which says nothing of permissions, sign-ins and seats.
#[tokio::test]
async fn a_long_list_is_cut_and_whole_beside_the_page() {
    const PEOPLE: usize = 1200;
    let place = Place::new();
    let sync = async |people: usize| {
        let mut csv = "kind,id,name,email,groups\ngroup,g,Everyone,,\n".to_owned();
        for number in 0..people {
            writeln!(
                csv,
                "user,u{number},=Person {number},u{number}@example.test,g"
            )
            .unwrap();
        }
        std::fs::write(place.path().join("people.csv"), csv).unwrap();
        let arguments = ["--csv=people.csv"];
        let child = of(directory::binary(), place.path(), &arguments).spawn();
        end(child.unwrap()).await.assert_success();
    };
    sync(1).await;
    sync(PEOPLE).await;
    let (page, ended) = place.report(&[]).await;
    let printed: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!(printed.len(), 2, "{printed:?}");
    assert!(printed[1].ends_with("report-changes.csv"), "{printed:?}");
    assert_eq!(rows(&page, "changed"), 1000);
    let all = place.csv("report-changes.csv");
    let total = all.len();
    assert!(total >= PEOPLE - 1, "{total}");
    let total = format!("{},{:03}", total / 1000, total % 1000);
    let note = format!("it shows 1,000 of {total} changes");
    assert!(page.contains(&note), "{note}");
    assert!(page.contains("are in the file <bdi>report-changes.csv</bdi>"));
    let names: BTreeSet<&str> = all
        .iter()
        .flat_map(csv::StringRecord::iter)
        .filter(|cell| cell.contains("Person 1199"))
        .collect();
    assert_eq!(names, BTreeSet::from(["'=Person 1199"]));
    for text in [
        "The file does not say what profiles",
        "The file does not say when people signed in",
        "The file has no licences",
    ] {
        assert!(page.contains(text), "{text}");
    }
}
