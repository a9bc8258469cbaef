//! Where the sinks of the demo send to: every message is kept, with the moment it came.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value as Json;
use tokio::net::{TcpListener, TcpStream};

use super::tally::{Received, digest};

/// How long nothing comes when all has come.
const QUIET: Duration = Duration::from_millis(500);

/// A port that takes everything, for as long as it is kept.
pub(super) struct Listener {
    kept: Arc<Mutex<Vec<Received>>>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Listener {
    /// Opens the port.
    pub(super) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("could not listen at {address} for what the sinks send"))?;
        let kept = Arc::new(Mutex::new(Vec::new()));
        let accepting = tokio::spawn(accept(listener, Arc::clone(&kept)));
        Ok(Self { kept, accepting })
    }

    /// Waits until nothing has come for a while.
    pub(super) async fn quiet(&self) {
        let count = || self.kept.lock().unwrap_or_else(PoisonError::into_inner).len();
        let mut before = count();
        loop {
            tokio::time::sleep(QUIET).await;
            let now = count();
            if now == before {
                return;
            }
            before = now;
        }
    }

    /// What came, in the order in which it came; the port is closed.
    pub(super) fn close(self) -> Vec<Received> {
        self.accepting.abort();
        std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn accept(listener: TcpListener, kept: Arc<Mutex<Vec<Received>>>) {
    let mut connection = 0;
    // An error is one of the connection, or of this process that is out of descriptors.
    while let Ok((stream, _)) = listener.accept().await {
        connection += 1;
        tokio::spawn(serve(stream, connection, Arc::clone(&kept)));
    }
}

async fn serve(stream: TcpStream, connection: u64, kept: Arc<Mutex<Vec<Received>>>) {
    stream.set_nodelay(true).ok();
    let service = service_fn(|request| {
        let kept = Arc::clone(&kept);
        async move { Ok::<_, Infallible>(take(request, connection, &kept).await) }
    });
    // A connection that ends in the middle is what the demo is about.
    http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
}

async fn take(
    request: Request<Incoming>,
    connection: u64,
    kept: &Mutex<Vec<Received>>,
) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    let header = request.headers().get("weir-output-id").and_then(|it| it.to_str().ok());
    let id = header.unwrap_or_default().to_owned();
    let answer = match request.into_body().collect().await {
        Ok(body) => match rows(&body.to_bytes()) {
            Ok(rows) => {
                let received = Received { path, id, rows, connection, at: Instant::now() };
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(received);
                StatusCode::OK
            }
            Err(_) => StatusCode::BAD_REQUEST,
        },
        Err(_) => StatusCode::BAD_REQUEST,
    };
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = answer;
    response
}

/// What the events of a message say: one, or an array of them.
fn rows(body: &[u8]) -> serde_json::Result<Vec<u64>> {
    let message: Json = serde_json::from_slice(body)?;
    let rows = message.as_array().map_or(std::slice::from_ref(&message), Vec::as_slice);
    Ok(rows.iter().map(|it| digest(&it.to_string())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_event_or_an_array() {
        let one = digest(r#"{"event":{"a":1}}"#);
        assert_eq!(rows(br#"{"event": {"a":1}}"#).unwrap(), [one]);
        assert_eq!(rows(br#"[{"event":1}, {"event":2}]"#).unwrap().len(), 2);
        assert!(rows(b"{").is_err());
    }
}
