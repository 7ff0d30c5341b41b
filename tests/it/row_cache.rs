//! Rows that are kept for the next sync: few calls, and always the rows of a full read.

use std::path::{Path, PathBuf};
use std::time::Duration;

use baton_salesforce::connector::{Options, RowCacheSettings};
use baton_salesforce::salesforce::ApiVersion;
use salesforce_simulator::org::id::Id;
use salesforce_simulator::{Org, Preset, Simulator};
use serde_json::{Value, json};
use test_case::test_case;

use crate::harness::{Harness, Setup, Synced, everything};
use crate::stage::add_user;

/// After the sync of which rows were kept.
const LATER: Duration = Duration::from_hours(1);

fn keeping(directory: &Path) -> Options {
    Options {
        row_cache: Some(RowCacheSettings {
            directory: directory.to_owned(),
            full_after: Duration::from_hours(24),
        }),
        ..everything()
    }
}

/// An org whose pages are so short that its tables of users and grants have several.
async fn harness(options: Options) -> Harness {
    let mut org = Org::seed(Preset::Demo);
    org.settings.batch_row_cap = Some(137);
    Harness::of(org, options).await
}

/// A sync by a new process, and the calls that it took.
async fn sync(harness: Harness, options: &Options) -> (Harness, Synced, u64) {
    let harness = harness.restart_with(options.clone()).await;
    let before = harness.simulator.api_calls();
    let synced = harness.sync().await;
    let calls = harness.simulator.api_calls() - before;
    (harness, synced, calls)
}

/// Asserts that a sync has the rows that one without a cache reads now.
async fn assert_as_without_cache(harness: Harness, options: &Options, got: &Synced) -> Harness {
    let plain = Options {
        row_cache: None,
        ..options.clone()
    };
    let (harness, wanted, _) = sync(harness, &plain).await;
    let own = harness.simulator.with(|org| {
        let own = org.user_by_username("admin@simulated.example");
        format!("user/{}", own.unwrap())
    });
    assert_eq!(got.duplicates, Vec::<String>::new());
    let (got_ids, wanted_ids) = (got.ids(), wanted.ids());
    let lost: Vec<_> = wanted_ids.difference(&got_ids).take(5).collect();
    let wrong: Vec<_> = got_ids.difference(&wanted_ids).take(5).collect();
    assert!(
        lost.is_empty() && wrong.is_empty(),
        "lost {lost:?}, wrong {wrong:?}"
    );
    // The connector's own user has signed in once more.
    for (id, row) in wanted.resources.iter().filter(|(id, _)| **id != own) {
        assert_eq!(got.resources.get(id), Some(row));
    }
    for (id, row) in &wanted.grants {
        assert_eq!(got.grants.get(id), Some(row));
    }
    harness
}

fn file(harness: &Harness, directory: &Path) -> PathBuf {
    let org = harness.simulator.with(|org| org.organization_id());
    directory.join(format!("{org}.rows"))
}

#[tokio::test]
async fn nothing_is_read_twice_if_nothing_has_changed() {
    let directory = tempfile::tempdir().unwrap();
    let options = keeping(directory.path());
    let (harness, first, full) = sync(harness(everything()).await, &options).await;
    let harness = assert_as_without_cache(harness, &options, &first).await;
    harness.simulator.clock().advance(LATER);
    let (harness, second, calls) = sync(harness, &options).await;
    assert!(calls * 2 < full, "{calls} calls after {full}");
    let harness = assert_as_without_cache(harness, &options, &second).await;
    harness.simulator.clock().advance(LATER);
    let (harness, third, again) = sync(harness, &options).await;
    assert!(again <= calls, "{again} calls after {calls}");
    assert_as_without_cache(harness, &options, &third).await;
}

#[tokio::test]
async fn kept_rows_are_read_again_after_a_day() {
    let directory = tempfile::tempdir().unwrap();
    let options = keeping(directory.path());
    let (mut harness, _, full) = sync(harness(everything()).await, &options).await;
    for hours in [13, 10] {
        harness.simulator.clock().advance(LATER * hours);
        let (same, _, calls) = sync(harness, &options).await;
        assert!(calls * 2 < full, "{calls} calls after {full}");
        harness = same;
    }
    harness.simulator.clock().advance(LATER * 2);
    // Small tables still come several in a call.
    let (_, _, calls) = sync(harness, &options).await;
    assert!(calls * 2 > full, "{calls} calls after {full}");
}

/// A small generator of numbers, so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % most.max(1)
    }

    fn one(&mut self, simulator: &Simulator, soql: &str) -> Option<String> {
        let rows = simulator.org().query(soql);
        let rows = ids(&rows);
        (!rows.is_empty()).then(|| rows[self.below(rows.len())].clone())
    }
}

fn ids(rows: &[Value]) -> Vec<String> {
    let ids = rows.iter().filter_map(|row| row["Id"].as_str());
    ids.map(str::to_owned).collect()
}

const USERS: &str = "SELECT Id FROM User WHERE UserType = 'Standard' AND IsActive = true";
const SETS: &str =
    "SELECT Id FROM PermissionSet WHERE IsOwnedByProfile = false AND Type = 'Regular'";
const DIRECT: &str = "SELECT Id FROM PermissionSetAssignment WHERE PermissionSetGroupId = null AND \
                      PermissionSet.IsOwnedByProfile = false";
const GROUPS: &str = "SELECT Id FROM Group WHERE Type = 'Regular'";

/// A sign-in changes nothing of a user but its time.
fn signs_in(org: &mut Org, user: &str, now: jiff::Timestamp) {
    let (Ok(id), time) = (Id::parse(user), [("LastLoginDate", now.into())]) else {
        return;
    };
    let _ = org.database_mut().update("User", id, time);
}

/// One change of the org, as people and other programs make them.
fn change(simulator: &Simulator, dice: &mut Dice) {
    let mut one = |soql: &str| dice.one(simulator, soql).unwrap_or_default();
    let (user, set, group) = (one(USERS), one(SETS), one(GROUPS));
    let (assignment, member) = (one(DIRECT), one("SELECT Id FROM GroupMember"));
    let (profile, role) = (
        one("SELECT Id FROM Profile WHERE UserLicense.Name = 'Salesforce'"),
        one("SELECT Id FROM UserRole WHERE PortalType = 'None'"),
    );
    let login = one("SELECT Id FROM UserLogin");
    let kind = dice.below(15);
    let number = dice.below(1_000_000);
    let now = simulator.clock().now();
    let soon = now
        .checked_add(jiff::SignedDuration::from_mins(40))
        .unwrap();
    simulator.with(|org| {
        // Some are refused, as an org refuses them.
        let assign = |more: &[(&'static str, Value)]| {
            let row = [("AssigneeId", json!(user)), ("PermissionSetId", json!(set))];
            [row.as_slice(), more].concat()
        };
        let _ = match kind {
            0 | 1 => org
                .create("PermissionSetAssignment", &assign(&[]))
                .map(drop),
            2 => {
                let end = [("ExpirationDate", json!(soon.to_string()))];
                org.create("PermissionSetAssignment", &assign(&end))
                    .map(drop)
            }
            3 | 4 => org.destroy("PermissionSetAssignment", &assignment),
            5 => {
                let row = [("GroupId", json!(group)), ("UserOrGroupId", json!(user))];
                org.create("GroupMember", &row).map(drop)
            }
            6 => org.destroy("GroupMember", &member),
            7 => {
                let members = format!("SELECT Id FROM GroupMember WHERE GroupId = '{group}'");
                let members = ids(&org.query(&members));
                members
                    .iter()
                    .try_for_each(|member| org.destroy("GroupMember", member))
            }
            8 => org.update("User", &user, &[("ProfileId", json!(profile))]),
            9 => org.update("User", &user, &[("UserRoleId", json!(role))]),
            10 => org.update("User", &user, &[("IsActive", json!(false))]),
            11 => {
                signs_in(org, &user, now);
                Ok(())
            }
            14 => {
                add_user(org, &format!("n{number}"), &profile, &role);
                Ok(())
            }
            12 => org.update(
                "UserLogin",
                &login,
                &[("IsFrozen", json!(number.is_multiple_of(2)))],
            ),
            _ => org.update(
                "UserRole",
                &role,
                &[("Name", json!(format!("Role {number}")))],
            ),
        };
    });
}

#[test_case(1)]
#[test_case(2)]
#[test_case(3)]
#[tokio::test]
async fn after_each_sync_the_rows_are_those_of_a_full_read(seed: u64) {
    let directory = tempfile::tempdir().unwrap();
    let options = Options {
        // Who leaves the company leaves the sync.
        deactivated_users: seed != 2,
        ..keeping(directory.path())
    };
    let mut dice = Dice(seed);
    let mut harness = harness(everything()).await;
    for _ in 0..6 {
        let (same, got, _) = sync(harness, &options).await;
        harness = assert_as_without_cache(same, &options, &got).await;
        for _ in 0..dice.below(40) {
            change(&harness.simulator, &mut dice);
        }
        let minutes = u64::try_from(dice.below(90)).unwrap();
        harness
            .simulator
            .clock()
            .advance(Duration::from_mins(minutes));
    }
}

/// 200 of 20,000 users change.
#[tokio::test]
async fn a_second_sync_of_twenty_thousand_users_costs_what_has_changed() {
    let directory = tempfile::tempdir().unwrap();
    let options = keeping(directory.path());
    let harness = Harness::of(Org::seed(Preset::Large), everything()).await;
    let (harness, _, _) = sync(harness, &options).await;
    harness.simulator.clock().advance(LATER);
    let (harness, same, calls) = sync(harness, &options).await;
    assert!(calls <= 20, "{calls} calls with nothing changed");
    let harness = assert_as_without_cache(harness, &options, &same).await;
    harness.simulator.clock().advance(LATER);
    let mut dice = Dice(7);
    for _ in 0..200 {
        change(&harness.simulator, &mut dice);
    }
    let (harness, changed, calls) = sync(harness, &options).await;
    assert!(calls <= 40, "{calls} calls with 200 changes");
    assert_ne!(changed.ids(), same.ids());
    assert_as_without_cache(harness, &options, &changed).await;
}

/// What may happen to a file between two syncs.
type Harm = fn(&Path);

#[test_case(|file| cut(file, 2); "cut in half")]
#[test_case(|file| cut(file, 1000); "cut at its beginning")]
#[test_case(|file| std::fs::write(file, []).unwrap(); "emptied")]
#[test_case(|file| flip(file, 100); "the index is damaged")]
#[test_case(|file| flip(file, 3); "the end is damaged")]
#[test_case(|file| { std::fs::remove_file(file).unwrap(); std::fs::create_dir(file).unwrap(); }; "a directory instead")]
#[test_case(|file| { std::fs::remove_file(file).unwrap(); make_pipe(file); }; "a pipe instead")]
#[test_case(|file| { std::fs::remove_file(file).unwrap(); std::os::unix::fs::symlink("/dev/zero", file).unwrap(); }; "a link to a device")]
#[tokio::test]
async fn a_file_that_cannot_be_used_costs_calls_and_no_row(harm: Harm) {
    let directory = tempfile::tempdir().unwrap();
    let options = keeping(directory.path());
    let (harness, _, full) = sync(harness(everything()).await, &options).await;
    harm(&file(&harness, directory.path()));
    harness.simulator.clock().advance(LATER);
    let (harness, synced, calls) = sync(harness, &options).await;
    assert!(calls * 2 > full, "{calls} calls after {full}");
    assert_as_without_cache(harness, &options, &synced).await;
}

fn cut(file: &Path, part: u64) {
    let file = std::fs::File::options().write(true).open(file).unwrap();
    file.set_len(file.metadata().unwrap().len() / part).unwrap();
}

/// Changes a byte so far before the end of a file.
fn flip(file: &Path, before_end: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    let place = bytes.len() - before_end;
    bytes[place] ^= 0x55;
    std::fs::write(file, bytes).unwrap();
}

/// Other tables of the file are still used.
#[tokio::test]
async fn a_damaged_table_is_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let options = keeping(directory.path());
    let (mut harness, _, full) = sync(harness(everything()).await, &options).await;
    for part in [2, 3, 5, 9] {
        let path = file(&harness, directory.path());
        let size = usize::try_from(std::fs::metadata(&path).unwrap().len()).unwrap();
        flip(&path, size - size / part);
        harness.simulator.clock().advance(LATER);
        let (same, synced, calls) = sync(harness, &options).await;
        assert!(calls < full, "{calls} calls after {full}");
        harness = assert_as_without_cache(same, &options, &synced).await;
    }
}

fn make_pipe(file: &Path) {
    let made = std::process::Command::new("mkfifo").arg(file).status();
    assert!(made.unwrap().success());
}

#[tokio::test]
async fn rows_of_another_org_are_not_used() {
    let directory = tempfile::tempdir().unwrap();
    let options = keeping(directory.path());
    let _ = sync(harness(everything()).await, &options).await;
    // All simulated orgs have the same id, as a copy of an org has, but another address.
    let mut org = Org::seed(Preset::Tiny);
    org.settings.batch_row_cap = Some(7);
    let other = Harness::of(org, everything()).await;
    let (other, synced, calls) = sync(other, &options).await;
    assert!(calls > 30, "{calls} calls");
    assert_as_without_cache(other, &options, &synced).await;
}

#[tokio::test]
async fn rows_of_another_version_of_the_api_are_not_used() {
    let directory = tempfile::tempdir().unwrap();
    let options = keeping(directory.path());
    let first = Harness::with(Setup {
        org: {
            let mut org = Org::seed(Preset::Demo);
            org.settings.batch_row_cap = Some(137);
            org
        },
        options: options.clone(),
        client: |config| config.api_version = ApiVersion::new(60),
        ..Setup::default()
    })
    .await;
    first.sync().await;
    let full = first.simulator.api_calls();
    first.simulator.clock().advance(LATER);
    let (harness, synced, calls) = sync(first, &options).await;
    assert!(calls * 2 > full, "{calls} calls after {full}");
    assert_as_without_cache(harness, &options, &synced).await;
}

/// A directory that nobody can write to costs the cache, not the sync.
#[tokio::test]
async fn without_a_directory_everything_is_read() {
    let options = keeping(Path::new("/proc/nothing"));
    let (harness, synced, _) = sync(harness(everything()).await, &options).await;
    assert_as_without_cache(harness, &options, &synced).await;
}

#[tokio::test]
async fn the_file_is_for_its_owner_only_and_nothing_stays_beside_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("rows");
    let options = keeping(&place);
    let (harness, _, _) = sync(harness(everything()).await, &options).await;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let file = file(&harness, &place);
    assert_eq!((mode(&place), mode(&file)), (0o700, 0o600));
    let names: Vec<_> = std::fs::read_dir(&place).unwrap().flatten().collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

/// Two hosts that sync the same org at the same time.
#[tokio::test]
async fn two_syncs_do_not_disturb_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let options = keeping(directory.path());
    let (harness, _, _) = sync(harness(everything()).await, &options).await;
    harness.simulator.clock().advance(LATER);
    let mut dice = Dice(3);
    for _ in 0..20 {
        change(&harness.simulator, &mut dice);
    }
    // One connector that two hosts use has two syncs, as two processes have.
    let (one, other) = tokio::join!(harness.sync(), harness.sync_per_resource());
    assert_eq!(one.ids(), other.ids());
    let harness = assert_as_without_cache(harness, &options, &one).await;
    let (harness, again, _) = sync(harness, &options).await;
    assert_as_without_cache(harness, &options, &again).await;
}
