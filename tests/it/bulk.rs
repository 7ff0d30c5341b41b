//! Large tables read by query jobs of Bulk API 2.0: the same rows, whatever goes wrong, and no job
//! left behind.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use baton_salesforce::connector::Options;
use baton_salesforce::pb::connector as pb;
use baton_salesforce::salesforce::{ApiVersion, ClientConfig, FieldName};
use salesforce_simulator::{Fault, Matcher, Org, Preset, Settings, Simulator};
use test_case::test_case;

use crate::harness::{Harness, Setup, Synced, everything, key};
use crate::process::{command, end, eventually, run, signal, with};

/// Tables with more rows than their first page are read by jobs.
fn by_jobs() -> Options {
    Options {
        bulk_threshold: Some(0),
        user_fields: [
            "department",
            "Manager.name",
            "Manager.IsActive",
            "NumberOfFailedLogins",
        ]
        .map(FieldName::from)
        .to_vec(),
        ..everything()
    }
}

/// An org whose pages are so short that all its tables are large.
fn org(change: impl FnOnce(&mut Settings)) -> Org {
    let mut org = Org::seed(Preset::Demo);
    org.settings.batch_row_cap = Some(137);
    change(&mut org.settings);
    org
}

async fn harness(org: Org, options: Options, client: fn(&mut ClientConfig)) -> Harness {
    Harness::with(Setup {
        org,
        options,
        client,
        ..Setup::default()
    })
    .await
}

/// Asserts that another connector reads the same rows of the same org page by page.
async fn assert_same_by_pages(harness: Harness, got: &Synced) {
    harness.simulator.faults().clear();
    let own = harness.simulator.with(|org| {
        let own = org.user_by_username("admin@simulated.example");
        format!("user/{}", own.unwrap())
    });
    let options = Options {
        bulk_threshold: None,
        ..by_jobs()
    };
    let started = jobs(&harness.simulator);
    let harness = harness.restart_with(options).await;
    let wanted = harness.sync().await;
    assert_eq!(jobs(&harness.simulator), started);
    // The time of the last sign-in of the connector's own user has changed.
    for (id, row) in wanted.resources.iter().filter(|(id, _)| **id != own) {
        assert_eq!(got.resources.get(id), Some(row));
    }
    for (id, row) in &wanted.grants {
        assert_eq!(got.grants.get(id), Some(row));
    }
    assert_eq!(got.ids().len(), wanted.ids().len());
    assert_no_job_is_left(&harness.simulator).await;
}

/// How many jobs were started.
fn jobs(simulator: &Simulator) -> usize {
    let requests = simulator.requests();
    let created = requests
        .iter()
        .filter(|call| call.method == "POST" && call.path.ends_with("/jobs/query"));
    created.count()
}

/// A job is deleted while the host goes on.
async fn assert_no_job_is_left(simulator: &Simulator) {
    let patience = Instant::now() + Duration::from_secs(10);
    loop {
        let left = simulator.with(|org| org.bulk_jobs());
        if left.is_empty() {
            return;
        }
        assert!(Instant::now() < patience, "{left:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[test_case(|_| {}, 62; "as it is")]
#[test_case(|settings| settings.bulk_page_rows = 100, 62; "in many pages")]
#[test_case(|settings| { settings.bulk_page_rows = 100; settings.bulk_header_first_page_only = true; }, 62; "with one header")]
#[test_case(|settings| settings.bulk_page_rows = 300, 57; "without lists of pages")]
#[tokio::test]
async fn jobs_bring_the_same_rows_as_pages(change: fn(&mut Settings), version: u16) {
    let client: fn(&mut ClientConfig) = match version {
        57 => |config| config.api_version = ApiVersion::new(57),
        _ => |_| {},
    };
    let harness = harness(org(change), by_jobs(), client).await;
    let synced = harness.sync().await;
    assert_eq!(synced.duplicates, Vec::<String>::new());
    let started = jobs(&harness.simulator);
    assert!(started >= 4, "{started} jobs");
    let requests = harness.simulator.requests();
    let mut paths = requests.iter().map(|call| call.path.as_str());
    assert_eq!(
        paths.any(|path| path.ends_with("/resultPages")),
        version >= 58
    );
    if version >= 58 {
        assert_same_by_pages(harness, &synced).await;
    } else {
        // The other connector speaks a version that has more objects.
        assert_no_job_is_left(&harness.simulator).await;
    }
}

#[tokio::test]
async fn jobs_cost_a_small_part_of_the_calls() {
    let calls = async |threshold| {
        let options = Options {
            bulk_threshold: threshold,
            ..everything()
        };
        let mut org = Org::seed(Preset::Large);
        // As if all tables had ten times as many rows.
        org.settings.batch_row_cap = Some(200);
        let harness = harness(org, options, |_| {}).await;
        harness.sync().await;
        harness.simulator.api_calls()
    };
    let (jobs, pages) = (calls(Some(10_000)).await, calls(None).await);
    assert!(jobs * 2 < pages, "{jobs} calls instead of {pages}");
}

/// What may go wrong with a job, and how many jobs are started at most for all tables.
#[test_case(|org| org.settings.bulk_disabled = true; "not allowed")]
#[test_case(|org| org.settings.bulk_unsupported = ["User", "PermissionSetAssignment", "GroupMember"].map(str::to_owned).into(); "not supported")]
#[test_case(|org| org.settings.bulk_daily_jobs = 1; "no jobs left today")]
#[tokio::test]
async fn what_jobs_cannot_read_is_read_page_by_page(change: fn(&mut Org)) {
    let mut org = org(|_| {});
    change(&mut org);
    let harness = harness(org, by_jobs(), |_| {}).await;
    let synced = harness.sync().await;
    assert_same_by_pages(harness, &synced).await;
}

/// An org whose results have several pages.
async fn in_short_pages() -> Harness {
    let org = org(|settings| settings.bulk_page_rows = 200);
    harness(org, by_jobs(), |_| {}).await
}

/// One fault for each job, result or list.
#[test_case(|| Matcher::bulk_jobs_of("User"), || Fault::BulkJobFails; "jobs fail at half")]
#[test_case(|| Matcher::bulk_results_of("User"), || Fault::ShortCsv; "pages are cut")]
#[test_case(|| Matcher::bulk_results_of("User"), || Fault::TruncatedBody; "connections break")]
#[test_case(|| Matcher::bulk_results_of("User"), || Fault::GarbageBody; "pages are no CSV")]
#[test_case(|| Matcher::bulk_results_of("User"), Fault::unavailable; "results are away")]
#[test_case(|| Matcher::bulk_results_of("User"), || Fault::status(404, "NOT_FOUND", "The requested resource does not exist"); "the job is gone")]
#[tokio::test]
async fn a_job_that_never_works_costs_no_row(matcher: fn() -> Matcher, fault: fn() -> Fault) {
    let harness = in_short_pages().await;
    let faults = harness.simulator.faults();
    faults.every_matching(1, matcher(), [fault()]);
    let synced = harness.sync().await;
    assert!(faults.injected() > 0);
    assert_same_by_pages(harness, &synced).await;
}

/// A page is requested again, and its rows that came before count once.
#[test_case(|| Fault::ShortCsv; "cut")]
#[test_case(|| Fault::TruncatedBody; "broken")]
#[tokio::test]
async fn a_page_that_breaks_now_and_then_is_read_again(fault: fn() -> Fault) {
    let harness = in_short_pages().await;
    let faults = harness.simulator.faults();
    for object in ["User", "PermissionSetAssignment", "GroupMember"] {
        faults.every_matching(3, Matcher::bulk_results_of(object), [fault()]);
    }
    let synced = harness.sync().await;
    assert!(faults.injected() > 2);
    assert_eq!(synced.duplicates, Vec::<String>::new());
    assert_same_by_pages(harness, &synced).await;
}

/// Lists users, up to `pages` pages. Returns their ids and the next token.
async fn users(harness: &Harness, mut token: String, pages: usize) -> (BTreeSet<String>, String) {
    let mut found = BTreeSet::new();
    for _ in 0..pages {
        let request = pb::ResourcesServiceListResourcesRequest {
            resource_type_id: "user".into(),
            page_token: token,
            page_size: 90,
            active_sync_id: "sync".into(),
            ..Default::default()
        };
        let answer = harness.resources().list_resources(request).await.unwrap();
        let answer = answer.into_inner();
        found.extend(answer.list.iter().map(|row| key(row.id.as_ref())));
        token = answer.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    (found, token)
}

/// The rows of a job have no order, so the token of another process begins them again.
#[tokio::test]
async fn a_listing_that_goes_on_in_another_process_loses_no_user() {
    let harness = harness(org(|_| {}), by_jobs(), |_| {}).await;
    let (all, _) = users(&harness, String::new(), 1_000).await;
    let (mut found, token) = users(&harness, String::new(), 5).await;
    assert!(jobs(&harness.simulator) > 0 && !token.is_empty());
    let harness = harness.restart_with(by_jobs()).await;
    let (rest, token) = users(&harness, token, 1_000).await;
    assert_eq!(token, "");
    found.extend(rest);
    assert_eq!(found, all);
}

/// A host that gives up a sync says so, or starts others.
#[tokio::test]
async fn the_job_of_a_sync_that_is_given_up_is_deleted() {
    let harness = harness(org(|_| {}), by_jobs(), |_| {}).await;
    let (_, token) = users(&harness, String::new(), 4).await;
    assert!(!token.is_empty());
    let cleanup = pb::ConnectorServiceCleanupRequest {
        active_sync_id: "sync".into(),
        ..Default::default()
    };
    harness.connector().cleanup(cleanup).await.unwrap();
    assert_no_job_is_left(&harness.simulator).await;
}

#[test_case("TERM", false; "a signal lets it delete its job")]
#[test_case("KILL", true; "the next process deletes what a killed one left")]
#[tokio::test]
async fn a_job_does_not_outlive_its_process_for_long(name: &str, is_left: bool) {
    let simulator = Simulator::start(org(|settings| {
        settings.bulk_duration = Duration::from_hours(1);
    }))
    .await;
    let directory = tempfile::tempdir().unwrap();
    let arguments = with(&simulator, &["--bulk-threshold=1", "--log-level=warn"]);
    let state = directory.path().join("state");
    let mut host = command(directory.path(), &arguments);
    let host = host.env("XDG_STATE_HOME", &state).spawn().unwrap();
    let count = || simulator.with(|org| org.bulk_jobs().len());
    let notes = state.join("baton-salesforce/query-jobs");
    let is_noted = || std::fs::read_dir(&notes).is_ok_and(|notes| notes.count() == count());
    eventually("a job is at work", || {
        (count() > 0 && is_noted()).then_some(())
    })
    .await;
    let connector = crate::process::children(host.id().unwrap());
    signal(connector[0], name);
    signal(host.id().unwrap(), name);
    end(host).await;
    assert_eq!(count() > 0, is_left);
    simulator.with(|org| org.settings.bulk_duration = Duration::ZERO);
    let next = command(directory.path(), &arguments)
        .env("XDG_STATE_HOME", &state)
        .spawn()
        .unwrap();
    end(next).await.assert_success();
    assert_eq!(count(), 0);
    assert_eq!(std::fs::read_dir(notes).unwrap().count(), 0);
}

/// One warning for an object, with the cause and what it means.
#[tokio::test]
async fn the_reason_is_told_once_for_each_object() {
    let simulator = Simulator::start(org(|settings| settings.bulk_disabled = true)).await;
    let directory = tempfile::tempdir().unwrap();
    let ended = run(directory.path(), &with(&simulator, &["--bulk-threshold=1"])).await;
    ended.assert_success();
    let about = |line: &&serde_json::Value| line.to_string().contains("Bulk API 2.0");
    let log = ended.log();
    let told: Vec<_> = log.iter().filter(about).collect();
    let objects: BTreeSet<_> = told
        .iter()
        .map(|line| line["sf.object"].to_string())
        .collect();
    assert!(!told.is_empty());
    assert_eq!(objects.len(), told.len(), "{told:?}");
    assert!(
        told[0].to_string().contains("FEATURE_NOT_ENABLED")
            || told[0].to_string().contains("not enabled"),
        "{told:?}"
    );
}
