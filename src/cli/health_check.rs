//! `health-check`: queries the HTTP health endpoint of a running connector.

use std::time::Duration;

use tonic::Code;

use super::failure::Failure;
use crate::causes;
use crate::config::{HealthSettings, Written, health_check};

/// Queries the endpoint and returns the URL and its answer as a line for people.
pub(super) async fn run(written: &Written) -> Result<String, Failure> {
    let mut problems = written.problems.clone();
    let settings = problems.keep(HealthSettings::resolve(&written.values));
    let endpoint = written.values.text(&health_check::ENDPOINT);
    if !matches!(endpoint, "health" | "ready" | "live") {
        problems.push(format!(
            "field endpoint: value must be one of health, ready, live but got '{endpoint}'"
        ));
    }
    let settings = problems.or(settings)?;
    let Some(settings) = settings else {
        return Err(Failure::usage("no address"));
    };
    let timeout = Duration::from_secs(written.values.number(&health_check::TIMEOUT).unsigned_abs());
    ask(&format!("http://{}/{endpoint}", settings.address), timeout).await
}

async fn ask(url: &str, timeout: Duration) -> Result<String, Failure> {
    let unreachable = |error: reqwest::Error| {
        // The causes in between name parts of the HTTP library.
        let cause = causes::all(&error).last().map(ToString::to_string);
        let cause = cause.unwrap_or_default();
        Failure::status(
            Code::Unavailable,
            format!("health check failed: {url}: {cause}"),
        )
    };
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(timeout)
        .build()
        .map_err(unreachable)?;
    let reply = client.get(url).send().await.map_err(unreachable)?;
    if reply.status() == reqwest::StatusCode::OK {
        return Ok(format!("{url} answered {}\n", reply.status()));
    }
    Err(Failure::usage(format!(
        "health check failed: {url} answered {}",
        reply.status()
    )))
}
