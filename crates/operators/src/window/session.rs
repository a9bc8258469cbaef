//! `session(gap, key, latency)`: groups events that follow each other closely.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, DataType, Key, Kind, RowStore, Text};
use weir_expr::Fault;

use super::Window;
use super::rows::{Keyed, Rows};
use super::sessions::{Place, Sessions};
use crate::cx::Cx;
use crate::flow::Flow;
use crate::saved;

/// The key of all events where none is named.
const DEFAULT_KEY: &str = "default-key";

/// `session(gap, key, latency)`: groups events that follow each other closely.
///
/// Every event passes at once. A session ends `gap` after its newest event, and stays for late
/// ones `latency` longer; then all of it leaves in one chunk, with its own timestamps and without
/// a reset. An event that is later than any session that is still there is neither stored nor
/// passed. Without `latency`, one that comes after the end but before the wake-up for it passes
/// and is not stored. Nobody finds anything here.
#[derive(Debug)]
pub(super) struct SessionWindow {
    gap_ms: i64,
    latency_ms: i64,
    /// The attribute that tells sessions apart.
    column: Option<usize>,
    rows: Rows,
    keys: Keyed<Sessions>,
    expired: Vec<u32>,
}

impl SessionWindow {
    /// A window over rows of these types.
    pub(super) fn new(
        gap_ms: i64,
        column: Option<usize>,
        latency_ms: i64,
        types: &[DataType],
    ) -> Self {
        let (rows, keys) = (Rows::new(types), Keyed::new());
        Self { gap_ms, latency_ms, column, rows, keys, expired: Vec::new() }
    }

    fn session_key(&self, row: u32) -> Result<Text, Fault> {
        let Some(column) = self.column else { return Ok(DEFAULT_KEY.into()) };
        let value = self.rows.store.value(row, column);
        match value.as_text() {
            Some(text) => Ok(text.clone()),
            None if value.is_null() => Err(Fault::null("the key of a session")),
            None => Err(Fault::wrong_type(&value, "string")),
        }
    }

    /// Emits the sessions that have ended, behind whatever the chunk holds.
    fn emit_expired(&mut self, out: &mut Flow) {
        self.rows.emit_own(out, &self.expired, Kind::Expired);
        self.rows.leave_all(&self.expired);
        self.expired.clear();
    }
}

impl Window for SessionWindow {
    fn receive(&mut self, cx: &mut Cx<'_>, batch: &Batch, input: &Flow, out: &mut Flow) {
        self.rows.take(batch, input);
        for (range, chunk) in input.chunk_ranges() {
            for i in range {
                let (row, time) = (self.rows.arrived[i], input.times[i]);
                let key = match self.session_key(row) {
                    Ok(key) => key,
                    Err(fault) => {
                        cx.faults.push(fault);
                        self.rows.leave(row);
                        continue;
                    }
                };
                let sessions = self.keys.at(chunk.key);
                let (gap, latency) = (self.gap_ms, self.latency_ms);
                let place = sessions.add(key, row, time, gap, latency, &mut self.expired);
                match place {
                    Place::Stored => out.push(row, Kind::Current, time),
                    Place::NotStored => {
                        out.push(row, Kind::Current, time);
                        self.rows.leave(row);
                    }
                    Place::TooLate => self.rows.leave(row),
                }
            }
            self.emit_expired(out);
            out.end_chunk(chunk.now, chunk.key);
            self.keys.at(chunk.key).await_next(cx, self.latency_ms, chunk.key);
        }
    }

    fn on_timer(&mut self, cx: &mut Cx<'_>, now: i64, key: Key, out: &mut Flow) {
        self.rows.begin();
        let Some(sessions) = self.keys.get_mut(key) else { return };
        // Each end is a moment of its own, also where the clock has jumped over several.
        let moment = sessions.moment(now);
        sessions.leave_due(moment, self.latency_ms, &mut self.expired);
        sessions.await_next(cx, self.latency_ms, key);
        self.emit_expired(out);
        out.end_chunk(now, key);
    }

    fn min_wait_ms(&self) -> Option<i64> {
        Some(self.gap_ms)
    }

    fn store(&self) -> &RowStore {
        &self.rows.store
    }

    fn find(&self, _key: Key, _rows: &mut Vec<u32>) {}

    fn drop_key(&mut self, key: Key) {
        if let Some(sessions) = self.keys.remove(key) {
            sessions.rows().for_each(|row| self.rows.leave(row));
        }
    }

    fn save(&self, w: &mut Writer) {
        w.u8(1);
        w.len(self.keys.all().len());
        for sessions in self.keys.all() {
            sessions.save(w, &self.rows.store);
        }
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        saved::version(r, 1)?;
        self.rows.clear();
        self.keys.clear();
        for _ in 0..r.len()? {
            self.keys.push(Sessions::load(r, &mut self.rows.store)?);
        }
        Ok(())
    }
}
