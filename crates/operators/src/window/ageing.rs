//! What windows whose rows grow too old hold for one key.

use std::collections::VecDeque;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Key, Kind, RowStore};

use super::rows::Rows;
use crate::cx::Cx;
use crate::flow::Flow;
use crate::saved;

/// Rows in order of arrival, and the one wake-up that is pending for them.
#[derive(Debug, Clone)]
pub(super) struct Ageing {
    pub(super) held: VecDeque<u32>,
    /// The newest timestamp so far.
    newest: i64,
    /// When the pending wake-up is due: that of the oldest row held, or of one that has left.
    awaited: Option<i64>,
}

impl Default for Ageing {
    fn default() -> Self {
        Self { held: VecDeque::new(), newest: i64::MIN, awaited: None }
    }
}

impl Ageing {
    /// Emits the rows at the front that are `time_ms` old or more.
    #[inline]
    pub(super) fn leave_due(
        &mut self,
        rows: &mut Rows,
        time_ms: i64,
        kind: Kind,
        now: i64,
        out: &mut Flow,
    ) {
        while let Some(oldest) = self.held.front().copied()
            && rows.store.timestamp(oldest).saturating_add(time_ms) <= now
        {
            self.held.pop_front();
            out.push(oldest, kind, now);
            rows.leave(oldest);
        }
    }

    /// Whether a row is newer than all before it.
    #[inline]
    pub(super) fn is_newest(&mut self, time: i64) -> bool {
        let newest = self.newest < time;
        if newest {
            self.newest = time;
        }
        newest
    }

    /// Asks for a wake-up, if none is pending, for when a row of this timestamp is too old.
    #[inline]
    pub(super) fn await_row(&mut self, cx: &mut Cx<'_>, time: i64, time_ms: i64, key: Key) {
        if self.awaited.is_none() {
            let due = time.saturating_add(time_ms);
            self.awaited = Some(due);
            cx.wake_at(due, key);
        }
    }

    /// A wake-up came: asks for the next one, for the oldest row held.
    pub(super) fn woken(
        &mut self,
        cx: &mut Cx<'_>,
        store: &RowStore,
        time_ms: i64,
        now: i64,
        key: Key,
    ) {
        self.awaited = self.awaited.filter(|due| *due > now);
        if let Some(oldest) = self.held.front() {
            self.await_row(cx, store.timestamp(*oldest), time_ms, key);
        }
    }

    pub(super) fn forget(self, rows: &mut Rows) {
        self.held.iter().for_each(|row| rows.leave(*row));
    }

    pub(super) fn save(&self, w: &mut Writer, store: &RowStore) {
        saved::write_rows(w, store, self.held.iter().copied());
        w.i64(self.newest);
        w.option(self.awaited, Writer::i64);
    }

    pub(super) fn load(r: &mut Reader<'_>, store: &mut RowStore) -> Result<Self, DecodeError> {
        Ok(Self {
            held: saved::read_rows(r, store)?.into(),
            newest: r.i64()?,
            awaited: r.option(Reader::i64)?,
        })
    }
}
