//! Events that could not be processed, kept where `@OnError(action='STORE')` says so.

use std::collections::VecDeque;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, BatchBuilder, Chunk, Key};
use weir_expr::Fault;
use weir_plan::StreamId;

use crate::app::{App, EntryHead};
use crate::outputs::{Level, Outputs};
use crate::query::Delivery;

/// So many events are kept at most; further ones are logged and dropped.
pub const STORED_EVENTS_MAX: usize = 10_000;

/// Events of one chunk that could not be processed.
#[derive(Debug, Clone)]
pub struct StoredError {
    /// Its number within the app; it is never given again.
    pub id: u64,
    /// The stream that the events came to.
    pub stream: StreamId,
    /// The app's clock at that time, in epoch milliseconds.
    pub time: i64,
    /// The kind of error, as the original names it (a Java class name).
    pub class: String,
    /// What happened.
    pub message: String,
    /// The events.
    pub events: Batch,
}

/// The stored errors of an app, oldest first.
#[derive(Debug, Default)]
pub(crate) struct ErrorStore {
    kept: VecDeque<StoredError>,
    last_id: u64,
    events: usize,
}

impl ErrorStore {
    fn keep(&mut self, error: StoredError) -> bool {
        if self.events + error.events.len() > STORED_EVENTS_MAX {
            return false;
        }
        self.events += error.events.len();
        self.kept.push_back(error);
        true
    }

    fn take(&mut self, id: u64) -> Option<StoredError> {
        let at = self.kept.binary_search_by_key(&id, |error| error.id).ok()?;
        let error = self.kept.remove(at)?;
        self.events -= error.events.len();
        Some(error)
    }

    pub(crate) fn save(&self, w: &mut Writer) {
        w.u64(self.last_id);
        w.len(self.kept.len());
        for error in &self.kept {
            w.u64(error.id);
            w.u32(error.stream.0);
            w.i64(error.time);
            w.str(&error.class);
            w.str(&error.message);
            w.len(error.events.len());
            for row in 0..error.events.len() {
                w.i64(error.events.timestamps[row]);
                w.values(&error.events.row(row));
            }
        }
    }

    pub(crate) fn load(r: &mut Reader<'_>, plan: &weir_plan::Plan) -> Result<Self, DecodeError> {
        let mut store = Self { last_id: r.u64()?, ..Self::default() };
        for _ in 0..r.len()? {
            let (id, stream, time) = (r.u64()?, StreamId(r.u32()?), r.i64()?);
            let (class, message) = (r.str()?.to_owned(), r.str()?.to_owned());
            let Some(of) = plan.streams.get(stream.index()) else {
                let why = "a stored error is of no stream";
                return Err(DecodeError::Malformed { what: "app state", why });
            };
            let mut builder = BatchBuilder::new(&of.schema);
            for _ in 0..r.len()? {
                let timestamp = r.i64()?;
                builder.push_row(timestamp, r.values()?);
            }
            let events = builder.finish();
            store.events += events.len();
            store.kept.push_back(StoredError { id, stream, time, class, message, events });
        }
        Ok(store)
    }
}

impl App {
    /// The events that `@OnError(action='STORE')` kept, oldest first.
    pub fn stored_errors(&self) -> impl ExactSizeIterator<Item = &StoredError> {
        self.errors.kept.iter()
    }

    /// Sends the events of a stored error to their stream again; whether there is one of that
    /// number. What fails again is stored under a new number.
    pub fn replay_stored(&mut self, id: u64, head: EntryHead, out: &mut dyn Outputs) -> bool {
        let Some(error) = self.errors.take(id) else { return false };
        self.tick(head, out);
        let end = error.events.len() as u32;
        let chunks = [Chunk { end, now: self.clock, key: Key(0) }];
        self.feed(error.stream, &error.events, 0, &chunks, out);
        true
    }

    /// Forgets a stored error; whether there was one of that number.
    pub fn discard_stored(&mut self, id: u64) -> bool {
        self.errors.take(id).is_some()
    }

    /// Keeps events that could not be processed.
    pub(crate) fn store_error(
        &mut self,
        stream: StreamId,
        delivery: &Delivery<'_>,
        fault: &Fault,
        out: &mut dyn Outputs,
    ) {
        let rows = delivery.rows();
        self.errors.last_id += 1;
        let error = StoredError {
            id: self.errors.last_id,
            stream,
            time: self.clock,
            class: fault.class.to_owned(),
            message: fault.message.to_string(),
            events: delivery.batch.gather(&rows),
        };
        let name = &self.plan.streams[stream.index()].name;
        let (count, id) = (delivery.len(), error.id);
        let text = format!("{count} event(s) of `{name}` could not be processed");
        if self.errors.keep(error) {
            let text = format!("{text}; they are stored as error {id}: {}", fault.message);
            self.note(Level::Warn, &text, out);
        } else {
            let text = format!(
                "{text} and were dropped, as the error store holds its {STORED_EVENTS_MAX} events: \
                 {}\nhint: replay or discard stored errors",
                fault.message
            );
            self.note(Level::Error, &text, out);
        }
    }
}
