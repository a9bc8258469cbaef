//! The node's side of a source: events become entries, and are answered for once committed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Semaphore, watch};
use weir_codec::{EntryId, Events, What};
use weir_connectors::{Ack, Feed, Later, OnError, Received, Refused, SourceState};
use weir_event::{Batch, Text};

use super::app::{KnownKeys, Progress};
use super::request::Requests;
use super::view::SourceLook;

/// How many KiB of entries an app may have between its sources and its engine.
pub(crate) const APP_QUEUE_KIB: usize = 64 * 1024;

/// One source's way into the log.
pub(crate) struct AppFeed {
    pub(crate) app: Text,
    pub(crate) source: Text,
    pub(crate) stream: Text,
    pub(crate) on_error: OnError,
    pub(crate) keys: Arc<KnownKeys>,
    pub(crate) progress: watch::Receiver<Progress>,
    pub(crate) room: Arc<Semaphore>,
    pub(crate) requests: Requests,
    pub(crate) state: Arc<SourceView>,
}

/// How a source is, for status.
#[derive(Debug)]
pub(crate) struct SourceView {
    stream: Text,
    state: watch::Sender<Option<SourceState>>,
    taken: AtomicU64,
    unread: AtomicU64,
}

impl SourceView {
    /// A source of this stream that has not said anything.
    pub(crate) fn new(stream: Text) -> Self {
        let (taken, unread) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { stream, state: watch::Sender::default(), taken, unread }
    }

    /// How the source named `name` is.
    pub(crate) fn look(&self, name: &Text) -> SourceLook {
        SourceLook {
            name: name.to_string(),
            stream: self.stream.to_string(),
            state: self.state.borrow().clone(),
            taken: self.taken(),
            unread: self.unread.load(Ordering::Relaxed),
        }
    }

    /// Events that are in the log.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Resolves once the source has said anything: it is open, or has named what is in its way.
    pub(crate) async fn spoken(&self) {
        // The sender is ours, so that this cannot fail.
        drop(self.state.subscribe().wait_for(Option::is_some).await);
    }

    /// The source has said how it is, or has ended.
    pub(crate) fn set(&self, state: SourceState) {
        self.state.send_replace(Some(state));
    }
}

impl Feed for AppFeed {
    fn send(&self, received: Received) -> Later<'_, Result<Ack, Refused>> {
        Box::pin(self.take(received))
    }

    fn state(&self, state: SourceState) {
        let (app, source) = (&self.app, &self.source);
        match &state {
            SourceState::Open { at } => tracing::info!(%app, %source, "open at {at}"),
            SourceState::Retrying { cause, after } => {
                tracing::warn!(%app, %source, "{cause}; trying again in {after:?}");
            }
            SourceState::Closed => tracing::info!(%app, %source, "closed"),
        }
        self.state.set(state);
    }
}

impl AppFeed {
    async fn take(&self, received: Received) -> Result<Ack, Refused> {
        self.state.unread.fetch_add(received.failures.len() as u64, Ordering::Relaxed);
        for failure in &received.failures {
            let (app, source, on_error) = (&self.app, &self.source, self.on_error);
            tracing::error!(%app, %source, ?on_error, "a message could not be read: {failure}");
        }
        if received.batch.is_empty() && received.position.is_none() {
            return Ok(Ack::Taken);
        }
        if let Some(reason) = self.progress.borrow().too_much.clone() {
            return Err(Refused::Busy { reason });
        }
        if let Some(why) = &self.progress.borrow().failed {
            // What it cannot execute it must not be said to have.
            return Err(Refused::Busy { reason: format!("the app {why}") });
        }
        let chunks = chunks(&received.batch, &received.chunk_ends);
        let last = chunks.len() - 1;
        let mut answers = Vec::with_capacity(chunks.len());
        let (mut taken_before, mut rows) = (0, 0);
        for (nth, batch) in chunks.into_iter().enumerate() {
            let key = received.idempotency_key.as_ref().map(|key| match nth {
                0 => key.clone(),
                // One message is several entries when it holds several chunks.
                _ => Text::from(format!("{key}\u{1f}{nth}")),
            });
            if key.as_ref().is_some_and(|key| self.keys.knows(&self.source, key)) {
                taken_before += 1;
                continue;
            }
            rows += batch.len() as u64;
            let position = received.position.as_ref().filter(|_| nth == last);
            let what = What::Events(Events {
                app: self.app.clone(),
                source: self.source.clone(),
                stream: self.stream.clone(),
                batch,
                position: position.map(|it| it.0.to_vec()),
                idempotency_key: key,
            });
            answers.push(self.append(what).await?);
        }
        for answer in &mut answers {
            // The node drops its answers when it stops being the active one.
            let committed: Result<EntryId, Refused> =
                answer.await.unwrap_or(Err(Refused::NotActive));
            committed?;
        }
        self.state.taken.fetch_add(rows, Ordering::Relaxed);
        Ok(if taken_before > 0 && answers.is_empty() { Ack::TakenBefore } else { Ack::Taken })
    }

    async fn append(
        &self,
        what: What,
    ) -> Result<tokio::sync::oneshot::Receiver<Result<EntryId, Refused>>, Refused> {
        let bytes = what.encode();
        let kib = kib_of(bytes.len());
        let room = Arc::clone(&self.room);
        let room = room.acquire_many_owned(kib).await.map_err(|_| Refused::NotActive)?;
        self.requests.append(what, bytes, Some(room)).await
    }
}

/// How much room an entry takes in its app's queue.
pub(crate) fn kib_of(bytes: usize) -> u32 {
    u32::try_from((bytes / 1024 + 1).min(APP_QUEUE_KIB)).expect("the limit is small")
}

/// The batch cut where its chunks end; never empty.
fn chunks(batch: &Batch, ends: &[u32]) -> Vec<Batch> {
    if ends.len() <= 1 {
        return vec![batch.clone()];
    }
    let mut start = 0;
    let mut cut = Vec::with_capacity(ends.len());
    for end in ends {
        let rows: Vec<u32> = (start..*end).collect();
        start = *end;
        cut.push(batch.gather(&rows));
    }
    cut
}
