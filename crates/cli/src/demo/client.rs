//! The client of the demo: sends in order over one connection, and to the other node if it must.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::bail;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::flights::Request;

/// How long an answer may take before the client tries the other node.
const ANSWER_MAX: Duration = Duration::from_secs(1);
/// How long the client waits before it tries again, so that it does not spin.
const AGAIN: Duration = Duration::from_millis(10);
/// How long the service may be away before the demo gives up.
const AWAY_MAX: Duration = Duration::from_secs(120);

type Connection = SendRequest<Full<Bytes>>;

/// A client of a pair.
pub(super) struct Client {
    nodes: Vec<SocketAddr>,
    /// The node it sends to now.
    at: usize,
    connection: Option<Connection>,
    /// How many requests it sent more than once.
    pub(super) resent: u64,
}

impl Client {
    /// A client that knows these nodes' sources.
    pub(super) fn of(nodes: Vec<SocketAddr>) -> Self {
        Self { nodes, at: 0, connection: None, resent: 0 }
    }

    /// Sends a request until a node acknowledges it.
    pub(super) async fn send(&mut self, request: &Request) -> anyhow::Result<()> {
        let began = Instant::now();
        let mut tries = 0_u64;
        loop {
            let answered = tokio::time::timeout(ANSWER_MAX, self.once(request)).await;
            let why = match answered {
                Ok(Ok((StatusCode::OK, body))) if body.is_empty() => break,
                Ok(Ok((StatusCode::SERVICE_UNAVAILABLE, body))) => body,
                Ok(Ok((status, body))) => {
                    bail!("the node answered {status} to {}: {body}", request.path)
                }
                Ok(Err(error)) => error.to_string(),
                Err(_) => "there was no answer in time".to_owned(),
            };
            if began.elapsed() > AWAY_MAX {
                bail!("no node has taken {} for {AWAY_MAX:?}: {why}", request.path);
            }
            tries += 1;
            self.connection = None;
            self.at = (self.at + 1) % self.nodes.len();
            if tries.is_multiple_of(self.nodes.len() as u64) {
                tokio::time::sleep(AGAIN).await;
            }
        }
        self.resent += u64::from(tries > 0);
        Ok(())
    }

    async fn once(&mut self, request: &Request) -> anyhow::Result<(StatusCode, String)> {
        let node = self.nodes[self.at];
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(node).await?,
        };
        let asked = hyper::Request::builder()
            .method(Method::POST)
            .uri(request.path)
            .header(HOST, node.to_string())
            .header(CONTENT_TYPE, "application/json")
            .header("idempotency-key", &request.key)
            .body(Full::new(Bytes::copy_from_slice(request.body.as_bytes())))?;
        let answer = ask(&mut connection, asked).await?;
        self.connection = Some(connection);
        Ok(answer)
    }
}

async fn connect(node: SocketAddr) -> anyhow::Result<Connection> {
    let stream = TcpStream::connect(node).await?;
    stream.set_nodelay(true).ok();
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // How it ends is told by the next request.
    tokio::spawn(async { connection.await.ok() });
    Ok(sender)
}

async fn ask(
    connection: &mut Connection,
    request: hyper::Request<Full<Bytes>>,
) -> anyhow::Result<(StatusCode, String)> {
    connection.ready().await?;
    let answer = connection.send_request(request).await?;
    let status = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

/// Asks a node a question that it answers without a body: is the status 200?
pub(super) async fn says_yes(node: SocketAddr, path: &str) -> bool {
    let asked = async {
        let mut connection = connect(node).await?;
        let request = hyper::Request::get(path)
            .header(HOST, node.to_string())
            .body(Full::new(Bytes::new()))?;
        ask(&mut connection, request).await
    };
    match tokio::time::timeout(ANSWER_MAX, asked).await {
        Ok(Ok((status, _))) => status == StatusCode::OK,
        Ok(Err(_)) | Err(_) => false,
    }
}
