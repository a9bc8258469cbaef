//! `GET /siddhi-apps`: which apps there are and how they are, as the original answers.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value as Json, json};
use tokio::sync::{mpsc, oneshot};

use crate::node::{AppView, Command, NodeView};

use super::stores::not_active;

/// What the service needs of its node.
#[derive(Clone)]
pub(crate) struct Apps {
    commands: mpsc::Sender<Command>,
}

impl Apps {
    pub(crate) fn new(commands: mpsc::Sender<Command>) -> Self {
        Self { commands }
    }

    /// Its paths, for the node's own service.
    pub(crate) fn router(self) -> Router {
        let one = get(content).put(not_here).delete(not_here);
        Router::new()
            .route("/siddhi-apps", get(names).post(not_here).put(not_here))
            .route("/siddhi-apps/count", get(count))
            .route("/siddhi-apps/{app}", one)
            .route("/siddhi-apps/{app}/status", get(status))
            .route("/siddhi-apps/{app}/isExists", get(exists))
            .with_state(self)
    }

    async fn view(&self) -> Option<NodeView> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::View(reply)).await.ok()?;
        answer.await.ok()
    }

    async fn text(&self, app: &str) -> Option<String> {
        let (reply, answer) = oneshot::channel();
        let asked = Command::Text { app: app.into(), reply };
        self.commands.send(asked).await.ok()?;
        answer.await.ok().flatten()
    }
}

/// An app is active where its node is, as in the original.
fn is_active(view: &NodeView, app: &AppView) -> bool {
    view.role.is_ready() && app.failed.is_none()
}

async fn names(State(apps): State<Apps>, uri: Uri) -> Response {
    let Some(view) = apps.view().await else { return not_active() };
    let wanted = uri.query().unwrap_or("").split('&').find_map(|it| it.strip_prefix("isActive="));
    let meant = |app: &&AppView| {
        wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case("true") == is_active(&view, app))
    };
    let names: Vec<&str> = view.apps.iter().filter(meant).map(|it| it.name.as_str()).collect();
    answer(StatusCode::OK, &json!(names))
}

async fn count(State(apps): State<Apps>) -> Response {
    let Some(view) = apps.view().await else { return not_active() };
    answer(StatusCode::OK, &json!(view.apps.len()))
}

async fn content(State(apps): State<Apps>, Path(app): Path<String>) -> Response {
    match apps.text(&app).await {
        Some(text) => answer(StatusCode::OK, &json!({ "content": text })),
        None => not_found(&app),
    }
}

async fn status(State(apps): State<Apps>, Path(app): Path<String>) -> Response {
    let Some(view) = apps.view().await else { return not_active() };
    let Some(found) = view.apps.iter().find(|it| it.name == app) else { return not_found(&app) };
    let word = if is_active(&view, found) { "active" } else { "inactive" };
    answer(StatusCode::OK, &json!({ "status": word }))
}

async fn exists(State(apps): State<Apps>, Path(app): Path<String>) -> Response {
    let Some(view) = apps.view().await else { return not_active() };
    answer(StatusCode::OK, &json!(view.apps.iter().any(|it| it.name == app)))
}

/// Deploying over HTTP: not there, and what to do instead.
async fn not_here() -> Response {
    let why = "apps cannot be deployed or removed over HTTP yet\n\
               hint: put the file into the folder of apps of both nodes, and restart one after \
               the other";
    answer(StatusCode::NOT_IMPLEMENTED, &json!({ "type": "not-implemented", "message": why }))
}

fn not_found(app: &str) -> Response {
    let why = format!("There is no Siddhi App exist with provided name : {app}");
    answer(StatusCode::NOT_FOUND, &json!({ "type": "not-found", "message": why }))
}

fn answer(code: StatusCode, body: &Json) -> Response {
    (code, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
