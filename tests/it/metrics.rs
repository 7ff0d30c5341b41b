//! `/metrics`: what is counted is what happened, and nothing of the org is on the page.

use std::collections::BTreeMap;

use baton_salesforce::metrics::exposition::CONTENT_TYPE;
use baton_salesforce::pb::process::ReadRequest;
use baton_salesforce::pb::process::metrics_service_client::MetricsServiceClient;
use salesforce_simulator::{Fault, Matcher, Org, Preset, RequestRecord, Simulator};
use tonic::Code;

use crate::daemon::{Scene, full_sync};
use crate::openmetrics::{Page, assert_listed, read};
use crate::process::{children, eventually, free_port, signal, with};
use crate::serve::{dial, serve_with};

async fn page(port: u16) -> Page {
    let url = format!("http://127.0.0.1:{port}/metrics");
    let answer = reqwest::get(url).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], CONTENT_TYPE);
    let page = read(&answer.text().await.unwrap());
    assert_listed(&page);
    page
}

/// A daemon with an endpoint at this port.
async fn scene() -> (Scene, u16) {
    let port = free_port();
    let flag = format!("--health-check-port={port}");
    (Scene::start(&["--health-check", &flag]).await, port)
}

/// Requests by the object that they were for and by what became of them.
type Counts = BTreeMap<(String, String), u64>;

/// The requests that the org got.
fn received(simulator: &Simulator) -> Counts {
    let mut counts = Counts::new();
    for request in simulator.requests().iter().filter(|request| !request.login) {
        let outcome = match (request.status, request.error_code.as_deref()) {
            (200..300, _) => "ok",
            (_, Some("UNABLE_TO_LOCK_ROW")) => "locked_row",
            (400..500, _) => "refused",
            other => panic!("{other:?} is not expected"),
        };
        let labels = (object(request), outcome.to_owned());
        *counts.entry(labels).or_default() += 1;
    }
    counts
}

fn object(request: &RequestRecord) -> String {
    if request.path.contains("/composite") {
        return "composite".to_owned();
    }
    request.object.clone().unwrap_or_else(|| "none".to_owned())
}

/// The same as the program counts it.
fn counted(page: &Page) -> Counts {
    let samples = page.samples("baton_salesforce_api_requests_total");
    let counts = samples.iter().map(|(labels, count)| {
        let labels = (labels["object"].clone(), labels["outcome"].clone());
        (labels, whole(*count))
    });
    counts.collect()
}

fn whole(count: f64) -> u64 {
    assert!(
        count.fract() == 0.0 && (0.0..1e15).contains(&count),
        "{count}"
    );
    format!("{count}").parse().unwrap()
}

#[tokio::test]
async fn a_sync_is_counted_as_the_org_and_the_file_have_it() {
    let (scene, port) = scene().await;
    let task = scene.platform.give(full_sync());
    scene.report(&task).await.unwrap();
    let page = page(port).await;

    assert_eq!(counted(&page), received(&scene.simulator));
    let sign_ins = page.value("baton_salesforce_sign_ins_total", &[("outcome", "ok")]);
    assert_eq!(sign_ins.map(whole), Some(scene.simulator.logins()));

    let scope = [("scope", "org")];
    let limit = page
        .value("baton_salesforce_api_quota_limit", &scope)
        .unwrap();
    let left = page
        .value("baton_salesforce_api_quota_remaining", &scope)
        .unwrap();
    assert_eq!(whole(limit - left), scene.simulator.api_calls());

    let rows = scene.uploaded(&task);
    assert!(rows.grants.len() > 100 && rows.types.len() > 5);
    for kind in rows.types.keys() {
        let count = |row| {
            let labels = [("resource_type", kind.as_str()), ("row", row)];
            page.value("baton_sync_rows", &labels).map_or(0, whole)
        };
        let of_kind = |id: &str| id.split('/').next() == Some(kind);
        let resources = rows.resources.keys().filter(|id| of_kind(id)).count() as u64;
        let of = |resource: Option<&baton_salesforce::pb::connector::Resource>| {
            resource.unwrap().id.as_ref().unwrap().resource_type == *kind
        };
        let entitlements = rows.entitlements.values();
        let entitlements = entitlements.filter(|row| of(row.resource.as_ref())).count() as u64;
        let grants = rows.grants.values();
        let grants = grants
            .filter(|row| of(row.entitlement.as_ref().unwrap().resource.as_ref()))
            .count() as u64;
        assert_eq!(
            (count("resources"), count("entitlements"), count("grants")),
            (resources, entitlements, grants),
            "{kind}"
        );
    }
    let ok = [("outcome", "ok")];
    assert_eq!(page.value("baton_syncs_total", &ok), Some(1.0));
    assert!(page.value("baton_sync_duration_seconds", &[]).unwrap() > 0.0);
    let task = [("task", "sync_full"), ("outcome", "ok")];
    assert_eq!(page.value("baton_tasks_total", &task), Some(1.0));
    assert_eq!(page.value("baton_tasks_running", &[]), Some(0.0));
    assert_eq!(page.value("baton_platform_sign_ins_total", &ok), Some(1.0));
    assert_eq!(page.value("baton_connector_starts_total", &ok), Some(1.0));
    scene.stop().await.assert_success();
}

#[tokio::test]
async fn writes_refusals_and_retries_are_counted() {
    let (scene, port) = scene().await;
    scene.do_task(scene.grant()).await.unwrap();
    scene.do_task(scene.grant()).await.unwrap();
    scene.do_task(scene.revoke()).await.unwrap();
    let locked = Fault::status(
        400,
        "UNABLE_TO_LOCK_ROW",
        "unable to obtain exclusive access",
    );
    let writes = Matcher::writes_to("PermissionSetAssignment");
    scene.simulator.faults().next(1, writes, locked);
    scene.do_task(scene.grant()).await.unwrap();
    let page = page(port).await;
    let writes = |action, outcome| {
        let labels = [("action", action), ("outcome", outcome)];
        page.value("baton_salesforce_writes_total", &labels)
    };
    assert_eq!(writes("grant", "changed"), Some(2.0));
    assert_eq!(writes("grant", "already"), Some(1.0));
    assert_eq!(writes("revoke", "changed"), Some(1.0));
    let retries = page.samples("baton_salesforce_api_retries_total");
    assert_eq!(retries.len(), 1, "{retries:?}");
    let locked = page.value(
        "baton_salesforce_api_retries_total",
        &[("reason", "locked_row")],
    );
    assert_eq!(locked, Some(1.0));
    assert_eq!(counted(&page), received(&scene.simulator));
    scene.stop().await.assert_success();
}

/// No id, address, name of a user, or host of the org.
#[tokio::test]
async fn nothing_of_the_org_is_on_the_page() {
    let (scene, port) = scene().await;
    scene.do_task(full_sync()).await.unwrap();
    scene.do_task(scene.grant()).await.unwrap();
    let page = page(port).await;
    let labels = page.0.values().flat_map(|family| family.samples.keys());
    let values: Vec<String> = labels
        .flat_map(|(_, labels)| labels.values().cloned())
        .collect();
    assert!(values.len() > 100, "{values:?}");
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
    for value in &values {
        assert!(
            !value.is_empty() && value.len() <= 40 && value.chars().all(is_word),
            "{value}"
        );
        let is_id = matches!(value.len(), 15 | 18)
            && value.starts_with(|first: char| first.is_ascii_digit());
        assert!(!is_id, "{value}");
    }
    let mut personal = vec![scene.simulator.org().organization_id()];
    for user in scene.simulator.org().rows("User") {
        for field in ["Id", "Username", "Email", "Alias", "LastName", "FirstName"] {
            personal.extend(user[field].as_str().map(str::to_owned));
        }
    }
    assert!(personal.len() > 20);
    for text in personal {
        assert!(!values.contains(&text), "{text}");
    }
    let objects = page.samples("baton_salesforce_api_requests_total");
    assert!(
        objects.keys().all(|labels| labels["object"] != "other"),
        "{objects:?}"
    );
    scene.stop().await.assert_success();
}

#[tokio::test]
async fn the_page_outlives_the_connector_and_counts_its_starts() {
    let (scene, port) = scene().await;
    scene.do_task(scene.grant()).await.unwrap();
    let before = page(port).await;
    let of = |process| [("process", process)];
    let started =
        |page: &Page, process| page.value("baton_process_start_time_seconds", &of(process));
    let memory =
        |page: &Page, process| page.value("baton_process_resident_memory_bytes", &of(process));
    assert_eq!(before.value("baton_connector_up", &[]), Some(1.0));
    for process in ["daemon", "connector"] {
        assert!(memory(&before, process).unwrap() > 1e6, "{process}");
        assert!(started(&before, process).unwrap() > 1.7e9, "{process}");
    }
    assert!(before.0.contains_key("baton_salesforce_api_requests"));

    let connector = children(scene.process())[0];
    signal(connector, "KILL");
    eventually("the connector is gone", || {
        children(scene.process()).is_empty().then_some(())
    })
    .await;
    let without = page(port).await;
    assert_eq!(without.value("baton_connector_up", &[]), Some(0.0));
    assert_eq!(started(&without, "connector"), None);
    assert_eq!(started(&without, "daemon"), started(&before, "daemon"));
    assert!(!without.0.contains_key("baton_salesforce_api_requests"));
    let granted = [("task", "grant"), ("outcome", "ok")];
    assert_eq!(without.value("baton_tasks_total", &granted), Some(1.0));
    assert!(
        children(scene.process()).is_empty(),
        "nobody asked for a connector"
    );

    scene.do_task(scene.revoke()).await.unwrap();
    let after = page(port).await;
    assert_eq!(after.value("baton_connector_up", &[]), Some(1.0));
    assert!(started(&after, "connector") > started(&before, "connector"));
    let starts = after.value("baton_connector_starts_total", &[("outcome", "ok")]);
    assert_eq!(starts, Some(2.0));
    let writes = after.samples("baton_salesforce_writes_total");
    assert_eq!(
        writes.len(),
        1,
        "the new process counts from the beginning: {writes:?}"
    );
    scene.stop().await.assert_success();
}

/// A connector that hangs costs the page two seconds, and its own part.
#[tokio::test]
async fn the_page_does_not_wait_for_a_connector_that_hangs() {
    let (scene, port) = scene().await;
    scene.do_task(scene.grant()).await.unwrap();
    let connector = children(scene.process())[0];
    signal(connector, "STOP");
    let asked = std::time::Instant::now();
    let without = page(port).await;
    assert!(asked.elapsed().as_secs() < 10);
    assert_eq!(without.value("baton_connector_up", &[]), Some(0.0));
    signal(connector, "CONT");
    assert_eq!(page(port).await.value("baton_connector_up", &[]), Some(1.0));
    scene.stop().await.assert_success();
}

#[tokio::test]
async fn a_connector_without_a_host_has_a_page_of_its_own() {
    let simulator = Simulator::start(Org::seed(Preset::Tiny)).await;
    let directory = tempfile::tempdir().unwrap();
    let port = free_port();
    let flag = format!("--health-check-port={port}");
    let own = ["--health-check", &flag, "serve", "--listen", "127.0.0.1:0"];
    let served = serve_with(directory.path(), &with(&simulator, &own)).await;
    assert_eq!(counted(&page(port).await), Counts::new());
    let health = reqwest::get(format!("http://127.0.0.1:{port}/health")).await;
    assert_eq!(health.unwrap().status(), 200);
    let page = page(port).await;
    assert_eq!(counted(&page), received(&simulator));
    assert!(!counted(&page).is_empty());
    assert!(
        !page.0.contains_key("baton_connector_up"),
        "there is no daemon"
    );

    // What the process tells its parent is not told to others.
    let channel = dial(format!("http://{}", served.address)).await;
    let refused = MetricsServiceClient::new(channel)
        .read(ReadRequest {})
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::Unimplemented);
    served.stop().await;
}
