//! Entries on their way into the log, and the answer to whoever brought them.

use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use weir_codec::{EntryId, What};
use weir_connectors::Refused;

/// How many entries may wait to be given their place in the log.
pub(crate) const REQUESTS_MAX: usize = 4_096;

/// An entry that shall be written.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) what: What,
    /// Its bytes, as the log holds them.
    pub(crate) bytes: Vec<u8>,
    /// Resolves once the entry is committed, with its place.
    pub(crate) reply: oneshot::Sender<Result<EntryId, Refused>>,
    /// Room in its app's queue.
    pub(crate) room: Option<OwnedSemaphorePermit>,
    /// Who waits for what an on-demand query answers.
    pub(crate) asker: Option<Asker>,
}

/// What an on-demand query answers, or why it cannot.
pub(crate) type QueryAnswer = Result<weir_engine::Rows, String>;

/// Who waits for it.
pub(crate) type Asker = oneshot::Sender<QueryAnswer>;

/// Writes entries; cheap to copy.
#[derive(Debug, Clone)]
pub(crate) struct Requests(mpsc::Sender<Request>);

impl Requests {
    /// The sending and the receiving end.
    pub(crate) fn channel() -> (Self, mpsc::Receiver<Request>) {
        let (sender, receiver) = mpsc::channel(REQUESTS_MAX);
        (Self(sender), receiver)
    }

    /// Writes an entry from a thread that may wait; comes back once it is committed.
    pub(crate) fn append_and_wait(&self, what: What) -> Result<EntryId, Refused> {
        let bytes = what.encode();
        if bytes.len() > weir_codec::ENTRY_BYTES_MAX {
            let (has, max) = (bytes.len(), weir_codec::ENTRY_BYTES_MAX);
            let reason = format!("it takes {has} bytes in the log, at most {max} are taken");
            return Err(Refused::Invalid { reason });
        }
        let (reply, answer) = oneshot::channel();
        let request = Request { what, bytes, reply, room: None, asker: None };
        self.0.blocking_send(request).map_err(|_| Refused::NotActive)?;
        answer.blocking_recv().unwrap_or(Err(Refused::NotActive))
    }

    /// Queues an entry with its bytes; what it gives resolves once the entry is committed.
    pub(crate) async fn append(
        &self,
        what: What,
        bytes: Vec<u8>,
        room: Option<OwnedSemaphorePermit>,
    ) -> Result<oneshot::Receiver<Result<EntryId, Refused>>, Refused> {
        if bytes.len() > weir_codec::ENTRY_BYTES_MAX {
            let (has, max) = (bytes.len(), weir_codec::ENTRY_BYTES_MAX);
            let reason = format!("they take {has} bytes in the log, at most {max} are taken");
            return Err(Refused::Invalid { reason });
        }
        let (reply, answer) = oneshot::channel();
        let request = Request { what, bytes, reply, room, asker: None };
        self.0.send(request).await.map_err(|_| Refused::NotActive)?;
        Ok(answer)
    }
}
