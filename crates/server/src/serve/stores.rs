//! `POST /stores/query`: on-demand queries over HTTP, as the original answers them.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use weir_engine::Rows;
use weir_event::Value;

use crate::node::{Asked, Command};

const QUERY: &str = "/stores/query";

/// Its paths, for whichever service offers them.
pub(crate) fn router(commands: mpsc::Sender<Command>) -> Router {
    Router::new().route(QUERY, post(query)).with_state(commands)
}

/// Answers on a port of its own until the task is ended.
pub(crate) async fn serve(listener: TcpListener, router: Router) {
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!("the HTTP service for on-demand queries ended: {error}");
    }
}

/// The body of a request.
#[derive(Deserialize)]
struct Question {
    #[serde(rename = "appName", default)]
    app: String,
    #[serde(default)]
    query: String,
    #[serde(default)]
    details: bool,
}

async fn query(State(commands): State<mpsc::Sender<Command>>, body: Bytes) -> Response {
    let question: Question = match serde_json::from_slice(&body) {
        Ok(question) => question,
        Err(error) => {
            let why = format!(
                "the body is not as it should be: {error}\n\
                 hint: send {{\"appName\":\"…\",\"query\":\"from T select *\"}}"
            );
            return failed(StatusCode::BAD_REQUEST, &why);
        }
    };
    for (what, text) in [("appName", &question.app), ("query", &question.query)] {
        if text.trim().is_empty() {
            return failed(StatusCode::BAD_REQUEST, &format!("`{what}` is empty"));
        }
    }
    let (reply, asked) = oneshot::channel();
    let (app, text) = (question.app.as_str().into(), question.query.as_str().into());
    let sent = commands.send(Command::Query { app, text, reply }).await;
    let asked = match sent {
        Ok(()) => asked.await.unwrap_or(Asked::NotActive),
        Err(_) => Asked::NotActive,
    };
    match asked {
        Asked::Coming(answer) => match answer.await {
            Ok(Ok(rows)) => answered(&rows, question.details),
            Ok(Err(why)) => failed(StatusCode::INTERNAL_SERVER_ERROR, &why),
            Err(_) => not_active(),
        },
        Asked::NoApp => {
            let why = format!("no app `{}` is active here", question.app);
            failed(StatusCode::NOT_FOUND, &why)
        }
        Asked::TooLong => {
            failed(StatusCode::PAYLOAD_TOO_LARGE, "the query is longer than an entry of the log")
        }
        Asked::NotActive => not_active(),
    }
}

fn answered(rows: &Rows, details: bool) -> Response {
    let records: Vec<Json> =
        rows.rows.iter().map(|row| row.iter().map(shown).collect::<Vec<_>>().into()).collect();
    let mut body = json!({ "records": records });
    if details {
        let attributes = rows
            .schema
            .iter()
            .map(|it| json!({ "name": it.name, "dataType": it.data_type.word().to_uppercase() }));
        body["details"] = attributes.collect::<Vec<_>>().into();
    }
    answer(StatusCode::OK, &body)
}

/// A value as JSON has it; numbers that it has not, and objects, as text.
fn shown(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(it) => (*it).into(),
        Value::Int(it) => (*it).into(),
        Value::Long(it) => (*it).into(),
        // Through its text, so that 1.1 stays 1.1.
        Value::Float(it) => serde_json::from_str(&it.to_string()).unwrap_or_else(|_| text(value)),
        Value::Double(it) if it.is_finite() => (*it).into(),
        Value::Str(it) => it.as_str().into(),
        Value::Double(_) | Value::Object(_) => text(value),
    }
}

fn text(value: &Value) -> Json {
    value.to_string().into()
}

pub(super) fn not_active() -> Response {
    let why = "this node is not the active one\nhint: ask the other one, or again in a moment";
    let mut response = failed(StatusCode::SERVICE_UNAVAILABLE, why);
    response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
    response
}

/// An error in the shape of the original's.
pub(super) fn failed(code: StatusCode, why: &str) -> Response {
    answer(code, &json!({ "code": 1, "type": "error", "message": why }))
}

fn answer(code: StatusCode, body: &Json) -> Response {
    (code, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
