//! The HTTP health endpoint: `/health` checks the connector, `/ready` and `/live` only the process.
//! `/metrics` is the page for a Prometheus server.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use tokio::net::TcpListener;

use crate::metrics::exposition::CONTENT_TYPE;

/// How long a check may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A check of the connector. Clients see the text of its error.
pub type Check =
    Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;

/// Makes the page for a Prometheus server.
pub type Page = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = String> + Send>> + Send + Sync>;

/// Serves on `listener` until it is dropped. Spawn it beside the gRPC server.
pub async fn serve(listener: TcpListener, check: Check, page: Page) -> std::io::Result<()> {
    axum::serve(listener, router(check, page)).await
}

fn router(check: Check, page: Page) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/ready", get(async || answer("ready", &[])))
        .route("/live", get(async || answer("alive", &[])))
        .with_state(check)
        .merge(
            Router::new()
                .route("/metrics", get(metrics))
                .with_state(page),
        )
}

async fn metrics(State(page): State<Page>) -> Response {
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], page().await).into_response()
}

async fn health(State(check): State<Check>) -> Response {
    let result = tokio::time::timeout(PATIENCE, check()).await;
    let result = result.unwrap_or_else(|_| Err("no answer within 30 seconds".to_owned()));
    match result {
        Ok(()) => answer("healthy", &[]),
        Err(error) => answer(
            "unhealthy",
            &[
                ("error", "connector validation failed"),
                ("validation_error", &error),
            ],
        ),
    }
}

/// The answer: 503 if there are details of a failure, else 200.
fn answer(status: &str, details: &[(&str, &str)]) -> Response {
    let timestamp = jiff::Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string();
    if details.is_empty() {
        let body = serde_json::json!({ "status": status, "timestamp": timestamp });
        return Json(body).into_response();
    }
    let details: BTreeMap<_, _> = details.iter().copied().collect();
    let body = serde_json::json!({ "status": status, "timestamp": timestamp, "details": details });
    (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    /// The status code and the body of a path's answer.
    async fn ask(path: &str, result: Result<(), String>) -> (u16, serde_json::Value) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}{path}", listener.local_addr().unwrap());
        let check: Check = Arc::new(move || {
            let result = result.clone();
            Box::pin(async move { result })
        });
        let page: Page = Arc::new(|| Box::pin(async { "# EOF\n".to_owned() }));
        let server = tokio::spawn(serve(listener, check, page));
        let reply = reqwest::get(url).await.unwrap();
        let answer = (reply.status().as_u16(), reply.json().await.unwrap());
        server.abort();
        answer
    }

    #[tokio::test]
    async fn health_is_what_the_check_says() {
        let (code, body) = ask("/health", Ok(())).await;
        assert_eq!(
            (code, &body["status"], body.get("details")),
            (200, &"healthy".into(), None)
        );

        let (code, body) = ask("/health", Err("no session".to_owned())).await;
        assert_eq!((code, &body["status"]), (503, &"unhealthy".into()));
        assert_eq!(body["details"]["validation_error"], "no session");
    }

    #[tokio::test]
    async fn ready_and_live_do_not_ask_the_connector() {
        let down = || Err("no session".to_owned());
        assert_eq!(ask("/ready", down()).await.1["status"], "ready");
        assert_eq!(ask("/live", down()).await.1["status"], "alive");
    }
}
