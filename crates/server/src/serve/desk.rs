//! The Unix socket in a node's home: what `weir status` and other commands ask the node.
//!
//! One line of JSON in, `{"ask":"status"}`, one line of JSON out. Whoever may open the socket,
//! which is its owner alone, may ask.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};

use crate::node::{Command, NodeView, Undelivered};

use super::errors;
use super::report;

/// How long a node may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// The longest question.
const QUESTION_BYTES_MAX: u64 = 4_096;

/// Only its owner may open the socket.
const OWNER_ONLY: u32 = 0o600;

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
#[error("could not open the socket `{}`: {why}", path.display())]
pub(crate) struct DeskError {
    path: PathBuf,
    why: std::io::Error,
}

/// The socket, removed when the node ends.
#[derive(Debug)]
pub(crate) struct Desk {
    path: PathBuf,
    listener: UnixListener,
}

impl Desk {
    /// Opens the socket; one that a crashed node left behind is replaced, as the caller holds
    /// the home's log.
    pub(crate) fn open(path: &Path) -> Result<Self, DeskError> {
        let wrong = |why| DeskError { path: path.to_owned(), why };
        if let Err(error) = std::fs::remove_file(path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(wrong(error));
        }
        let listener = UnixListener::bind(path).map_err(wrong)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(OWNER_ONLY))
            .map_err(wrong)?;
        Ok(Self { path: path.to_owned(), listener })
    }

    /// Answers until the task is ended.
    pub(crate) async fn serve(self, commands: mpsc::Sender<Command>, undelivered: Undelivered) {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let (commands, undelivered) = (commands.clone(), undelivered.clone());
                    tokio::spawn(async move {
                        // Whoever asked may have gone.
                        drop(
                            tokio::time::timeout(
                                ANSWER_MAX,
                                answer(stream, commands, &undelivered),
                            )
                            .await,
                        );
                    });
                }
                Err(error) => {
                    tracing::warn!("could not take a question for the node: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // It may have been removed already.
        drop(std::fs::remove_file(&self.path));
    }
}

async fn answer(
    stream: UnixStream,
    commands: mpsc::Sender<Command>,
    undelivered: &Undelivered,
) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut question = String::new();
    BufReader::new(reader.take(QUESTION_BYTES_MAX)).read_line(&mut question).await?;
    let question: Json = serde_json::from_str(&question).unwrap_or_default();
    let answer = match question["ask"].as_str() {
        Some("status") => match look(&commands).await {
            Some(view) => report::json(&view),
            None => json!({ "error": "the node is about to end" }),
        },
        Some("accept-loss") => match commands.send(Command::AcceptLoss).await {
            Ok(()) => json!({ "done": "accept-loss" }),
            Err(_) => json!({ "error": "the node is about to end" }),
        },
        Some(ask) => errors::answer(ask, &question, undelivered, &commands)
            .await
            .unwrap_or_else(|| json!({ "error": format!("nothing is known of `{ask}`") })),
        None => json!({ "error": "ask for `status` or `accept-loss`" }),
    };
    writer.write_all(format!("{answer}\n").as_bytes()).await?;
    writer.shutdown().await
}

async fn look(commands: &mpsc::Sender<Command>) -> Option<NodeView> {
    let (reply, answer) = oneshot::channel();
    commands.send(Command::View(reply)).await.ok()?;
    answer.await.ok()
}
