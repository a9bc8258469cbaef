//! What the desk says of messages that could not be delivered.

use serde_json::{Value as Json, json};
use tokio::sync::{mpsc, oneshot};
use weir_datasource::{StoreError, StoredError};

use crate::node::{Command, Undelivered, shown};

/// How many are told in one answer.
const LIST_MAX: u32 = 200;

/// The answer to a question about them; `None` where it is none.
pub(super) async fn answer(
    ask: &str,
    question: &Json,
    undelivered: &Undelivered,
    commands: &mpsc::Sender<Command>,
) -> Option<Json> {
    let id = question["id"].as_i64();
    let answer = match (ask, id) {
        ("errors", _) => {
            let app = question["app"].as_str().map(str::to_owned);
            let after = question["after"].as_i64().unwrap_or_default();
            list(undelivered, app, after).await
        }
        ("discard-error", Some(id)) => {
            let removed = asked(undelivered, move |it| it.ask(|store| store.remove(id))).await;
            removed.and_then(|was| if was { Ok(json!({ "done": id })) } else { Err(gone(id)) })
        }
        ("replay-error", Some(id)) => replay(undelivered, commands, id).await,
        ("discard-error" | "replay-error", None) => Err("say which: `id`".to_owned()),
        _ => return None,
    };
    Some(answer.unwrap_or_else(|why| json!({ "error": why })))
}

fn gone(id: i64) -> String {
    format!("there is no undelivered message {id}")
}

async fn asked<T: Send + 'static>(
    undelivered: &Undelivered,
    ask: impl FnOnce(&Undelivered) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, String> {
    let undelivered = undelivered.clone();
    let answer = tokio::task::spawn_blocking(move || ask(&undelivered)).await;
    answer.map_err(|why| why.to_string())?.map_err(|why| why.to_string())
}

async fn list(undelivered: &Undelivered, app: Option<String>, after: i64) -> Result<Json, String> {
    let list = move |it: &Undelivered| it.ask(|store| store.list(app.as_deref(), after, LIST_MAX));
    let entries = asked(undelivered, list).await?;
    Ok(json!({ "errors": entries.iter().map(entry).collect::<Vec<_>>() }))
}

fn entry(it: &StoredError) -> Json {
    json!({
        "id": it.id, "atMs": it.at, "app": it.app, "sink": it.element, "cause": it.cause,
        "output": it.key, "message": shown(it),
    })
}

async fn replay(
    undelivered: &Undelivered,
    commands: &mpsc::Sender<Command>,
    id: i64,
) -> Result<Json, String> {
    let find = move |it: &Undelivered| it.ask(|store| store.list(None, id - 1, 1));
    let found = asked(undelivered, find).await?.into_iter().find(|it| it.id == id);
    let entry = found.ok_or_else(|| gone(id))?;
    let (reply, sent) = oneshot::channel();
    let ending = |_| "the node is about to end".to_owned();
    commands.send(Command::SendAgain(entry, reply)).await.map_err(|_| ending(()))?;
    sent.await.map_err(|_| ending(()))??;
    asked(undelivered, move |it| it.ask(|store| store.remove(id))).await?;
    Ok(json!({ "done": id }))
}
