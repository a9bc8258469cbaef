//! One request to an HTTP source, from its head to its answer.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    AUTHORIZATION, CONTENT_TYPE, HeaderValue, ORIGIN,
};
use hyper::http::request::Parts;
use hyper::{Method, Request, StatusCode};
use weir_event::{Text, Value};

use super::listener::Route;
use super::respond::{self, Answer};
use crate::payload::{Message, Payload};

/// The header by which a client names what it may send again.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Bytes an idempotency key may have.
const IDEMPOTENCY_KEY_MAX_BYTES: usize = 255;

/// Answers a request to a source.
pub(super) async fn answer(route: &Route, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    if head.method == Method::OPTIONS {
        return preflight(&head);
    }
    if head.method != Method::POST {
        return respond::wrong_method(head.method.as_str());
    }
    if route.settings.authenticated && !allowed(route, &head) {
        return respond::unauthorized();
    }
    let idempotency_key = match idempotency_key(&head) {
        Ok(key) => key,
        Err(answer) => return *answer,
    };
    let body = match collect(route, body).await {
        Ok(body) => body,
        Err(answer) => return *answer,
    };
    if body.is_empty() {
        return respond::problem(
            StatusCode::METHOD_NOT_ALLOWED,
            "the request has no body",
            "send the events as the body of a POST",
        );
    }
    let body = if route.settings.binary {
        Ok(body)
    } else {
        as_utf8(&head, body).map(|body| with_plain_line_ends(&body))
    };
    let Some(payload) = body.ok().map(Payload::Bytes) else {
        return respond::problem(
            StatusCode::BAD_REQUEST,
            "the body is not UTF-8",
            "encode it as UTF-8, or name its charset in `Content-Type`",
        );
    };
    let properties = route.settings.properties.iter().map(|name| property(&head, name)).collect();
    match route.take(Message { payload, properties }, idempotency_key).await {
        Ok(receipt) => respond::taken(&receipt),
        Err(refused) => respond::refused(&refused),
    }
}

/// The answer to a browser that asks whether it may post.
fn preflight(head: &Parts) -> Answer {
    let mut answer = respond::empty(StatusCode::OK);
    let headers = answer.headers_mut();
    if let Some(origin) = head.headers.get(ORIGIN) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
    headers.insert(
        ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("content-type,user-agent,origin,referer,accept"),
    );
    answer
}

fn allowed(route: &Route, head: &Parts) -> bool {
    let given = head.headers.get(AUTHORIZATION).and_then(|it| it.to_str().ok());
    match (given, &route.settings.doorkeeper) {
        (Some(authorization), Some(doorkeeper)) => doorkeeper.allows(authorization),
        (Some(_) | None, _) => false,
    }
}

fn idempotency_key(head: &Parts) -> Result<Option<Text>, Box<Answer>> {
    let Some(key) = head.headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    match key.to_str() {
        Ok(key) if !key.is_empty() && key.len() <= IDEMPOTENCY_KEY_MAX_BYTES => {
            Ok(Some(Text::from(key)))
        }
        Ok(_) | Err(_) => Err(Box::new(respond::problem(
            StatusCode::BAD_REQUEST,
            "`Idempotency-Key` must be 1 to 255 visible characters",
            "use a UUID, or a number that the client counts up",
        ))),
    }
}

/// The whole body, if it comes in time and is no larger than the limit.
async fn collect(route: &Route, body: Incoming) -> Result<Bytes, Box<Answer>> {
    let limit = route.settings.body_max_bytes;
    if body.size_hint().lower() > limit {
        return Err(too_large(route));
    }
    let whole = Limited::new(body, usize::try_from(limit).unwrap_or(usize::MAX)).collect();
    let silence = Duration::from_millis(route.settings.idle_ms);
    match tokio::time::timeout(silence, whole).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(route)),
        Ok(Err(_)) => Err(Box::new(respond::problem(
            StatusCode::BAD_REQUEST,
            "the body broke off",
            "send the request again",
        ))),
        Err(_) => Err(Box::new(respond::problem(
            StatusCode::REQUEST_TIMEOUT,
            "the body did not come in time",
            "send it faster, or raise `socket.idle.timeout` of the source",
        ))),
    }
}

fn too_large(route: &Route) -> Box<Answer> {
    let mut answer = respond::too_large(route.settings.body_max_bytes);
    if let Some(status) = route.settings.too_large_status {
        *answer.status_mut() = status;
    }
    Box::new(answer)
}

/// The body as UTF-8; a body that names another known charset is converted.
fn as_utf8(head: &Parts, body: Bytes) -> Result<Bytes, ()> {
    let charset = head
        .headers
        .get(CONTENT_TYPE)
        .and_then(|it| it.to_str().ok())
        .and_then(|it| it.split(';').find_map(|part| part.trim().strip_prefix("charset=")))
        .map(|it| it.trim_matches('"').to_ascii_lowercase());
    match charset.as_deref() {
        Some("iso-8859-1" | "latin1" | "latin-1") => {
            let text: String = body.iter().map(|byte| char::from(*byte)).collect();
            Ok(Bytes::from(text))
        }
        _ if std::str::from_utf8(&body).is_ok() => Ok(body),
        _ => Err(()),
    }
}

/// The body as its lines joined by `\n`: no `\r\n`, and one line end less at its end.
fn with_plain_line_ends(body: &Bytes) -> Bytes {
    if body.contains(&b'\r') {
        let mut plain = Vec::with_capacity(body.len());
        let mut bytes = body.iter().copied().peekable();
        while let Some(byte) = bytes.next() {
            if byte == b'\r' {
                bytes.next_if_eq(&b'\n');
                plain.push(b'\n');
            } else {
                plain.push(byte);
            }
        }
        if plain.last() == Some(&b'\n') {
            plain.pop();
        }
        return Bytes::from(plain);
    }
    match body.last() {
        Some(b'\n') => body.slice(..body.len() - 1),
        _ => body.clone(),
    }
}

/// A transport property: `_name` is a query parameter, all else a header or part of the request.
fn property(head: &Parts, name: &str) -> Option<Value> {
    if let Some((_, parameter)) = name.split_once('_').filter(|_| name.starts_with('_')) {
        let query = head.uri.query()?;
        let found = query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (key == parameter).then_some(value)
        });
        return found.map(|it| Value::Str(Text::from(&*Cow::Borrowed(it))));
    }
    if let Some(value) = head.headers.get(name) {
        return Some(Value::Str(Text::from(String::from_utf8_lossy(value.as_bytes()).as_ref())));
    }
    match name {
        "TO" | "REQUEST_URL" => Some(Value::text(head.uri.path())),
        "HTTP_METHOD" => Some(Value::text(head.method.as_str())),
        _ => None,
    }
}
