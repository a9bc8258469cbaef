//! The answers an HTTP source gives: each status with its cause and what to do.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::{Response, StatusCode};

use crate::mapper::MapError;
use crate::source::{Receipt, Refused};

/// An answer.
pub(super) type Answer = Response<Full<Bytes>>;

/// An answer without a body.
pub(super) fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::new()));
    *answer.status_mut() = status;
    answer
}

/// An answer that says what is wrong, as `{"error":…,"hint":…}`.
pub(super) fn problem(status: StatusCode, error: &str, hint: &str) -> Answer {
    let mut body = String::from("{\"error\":");
    quote(error, &mut body);
    body.push_str(",\"hint\":");
    quote(hint, &mut body);
    body.push('}');
    json(status, body)
}

fn json(status: StatusCode, body: String) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// No path of this port is this one.
pub(super) fn not_found(path: &str) -> Answer {
    problem(
        StatusCode::NOT_FOUND,
        &format!("no source listens at `{path}`"),
        "compare the path with `receiver.url` of the source, and see that its app runs",
    )
}

/// Only POST is taken.
pub(super) fn wrong_method(method: &str) -> Answer {
    let error = format!("a source takes POST, not {method}");
    let mut answer =
        problem(StatusCode::BAD_REQUEST, &error, "send the events as the body of a POST");
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static("POST, OPTIONS"));
    answer
}

/// The request did not say who it is from, or not rightly.
pub(super) fn unauthorized() -> Answer {
    let mut answer = problem(
        StatusCode::UNAUTHORIZED,
        "a user and a password of this server are needed",
        "send them as basic authentication",
    );
    let realm = HeaderValue::from_static("Basic realm=\"weir\"");
    answer.headers_mut().insert(WWW_AUTHENTICATE, realm);
    answer
}

/// The body is larger than the source takes.
pub(super) fn too_large(limit_bytes: u64) -> Answer {
    problem(
        StatusCode::PAYLOAD_TOO_LARGE,
        &format!("the body is larger than {limit_bytes} bytes"),
        "send fewer events at a time, or raise `max.body.bytes` of the source",
    )
}

/// The host did not take the events.
pub(super) fn refused(refused: &Refused) -> Answer {
    let (status, hint) = match refused {
        Refused::NotActive => {
            (StatusCode::SERVICE_UNAVAILABLE, "send to the active node, or again later")
        }
        Refused::Busy { .. } => (StatusCode::SERVICE_UNAVAILABLE, "send again later"),
        Refused::Invalid { .. } => {
            (StatusCode::BAD_REQUEST, "change the events; sending them again cannot help")
        }
    };
    let mut answer = problem(status, &refused.to_string(), hint);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    answer
}

/// The host took the request: 200 for good events, 400 if there was none.
pub(super) fn taken(receipt: &Receipt) -> Answer {
    if receipt.failures.is_empty() {
        return empty(StatusCode::OK);
    }
    let mut body = String::from("{\"error\":");
    let (status, hint) = if receipt.events == 0 {
        quote("no event of the message could be read", &mut body);
        (StatusCode::BAD_REQUEST, "correct what is named, and send the message again")
    } else {
        quote("some events of the message could not be read", &mut body);
        (StatusCode::OK, "the others were taken: correct these, and send them alone")
    };
    body.push_str(&format!(",\"taken\":{},\"failures\":[", receipt.events));
    for (nth, failure) in receipt.failures.iter().take(FAILURES_SHOWN_MAX).enumerate() {
        if nth > 0 {
            body.push(',');
        }
        write_failure(failure, &mut body);
    }
    body.push_str("],\"hint\":");
    quote(hint, &mut body);
    body.push('}');
    json(status, body)
}

/// Failures of one message that its answer names.
const FAILURES_SHOWN_MAX: usize = 20;

fn write_failure(failure: &MapError, body: &mut String) {
    body.push_str("{\"reason\":");
    quote(&failure.to_string(), body);
    match failure {
        MapError::Malformed { at: Some((line, column)), .. } => {
            body.push_str(&format!(",\"line\":{line},\"column\":{column}"));
        }
        MapError::Unfit { event: Some(event), .. } => {
            body.push_str(&format!(",\"event\":{event}"));
        }
        MapError::Malformed { at: None, .. } | MapError::Unfit { event: None, .. } => {}
    }
    body.push('}');
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\0'..='\u{1f}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            _ => out.push(c),
        }
    }
    out.push('"');
}
