//! Liveness and readiness over HTTP: what a load balancer and an orchestrator ask.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::config::Listener;
use crate::node::{Gate, Role};

use super::error::StartError;

/// Opens the port of the node's own HTTP service.
pub(crate) async fn bind(listener: &Listener) -> Result<TcpListener, StartError> {
    let address = format!("{}:{}", listener.host, listener.port);
    TcpListener::bind((listener.host.as_str(), listener.port))
        .await
        .map_err(|source| StartError::Http { address, source })
}

/// What the node is now.
#[derive(Clone)]
struct Standing {
    role: watch::Receiver<Role>,
    gate: watch::Receiver<Gate>,
}

/// Answers until the task is ended.
pub(crate) async fn serve(
    listener: TcpListener,
    role: watch::Receiver<Role>,
    gate: watch::Receiver<Gate>,
    beside: Router,
) {
    let router = Router::new()
        .route("/health", get(healthy))
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
        .route("/siddhi-apps/ha/is-active-node", get(is_active_node))
        .with_state(Standing { role, gate })
        .merge(beside);
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!("the node's HTTP service ended: {error}");
    }
}

/// As the original answers, on both nodes.
async fn healthy() -> Response {
    answer(StatusCode::OK, &json!({ "status": "healthy" }))
}

/// The process answers: on both nodes.
async fn live(State(at): State<Standing>) -> Response {
    let role = at.role.borrow().word();
    answer(StatusCode::OK, &json!({ "status": "live", "role": role }))
}

/// Clients should come here: on the active node only, and only while its lease is certain. One that
/// stood still for longer than that does not know yet that it has a successor.
async fn ready(State(at): State<Standing>) -> Response {
    let role = at.role.borrow().clone();
    let (code, status) = if role.is_ready() && at.gate.borrow().is_open() {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready")
    };
    answer(code, &json!({ "status": status, "role": role.word() }))
}

/// As the original answers, on both nodes; it says no more than [`ready`] does, so it asks for no
/// password either.
async fn is_active_node(State(at): State<Standing>) -> Response {
    let active = at.role.borrow().is_ready() && at.gate.borrow().is_open();
    (StatusCode::OK, [(header::CONTENT_TYPE, "text/plain")], active.to_string()).into_response()
}

fn answer(code: StatusCode, body: &serde_json::Value) -> Response {
    (code, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
