//! Events held back until none earlier is to be expected.

use std::collections::BTreeMap;
use std::ops::Bound;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Kind, RowStore};

use super::super::rows::Rows;
use crate::flow::Flow;
use crate::saved;

/// Rows by the time they tell, those of one time in order of arrival.
#[derive(Debug, Clone, Default)]
pub(super) struct ByTime(BTreeMap<i64, Vec<u32>>);

impl ByTime {
    pub(super) fn add(&mut self, time: i64, row: u32) {
        self.0.entry(time).or_default().push(row);
    }

    /// The earliest time.
    pub(super) fn first(&self) -> Option<i64> {
        self.0.first_key_value().map(|(time, _)| *time)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes all rows of another.
    pub(super) fn take_all(&mut self, other: &mut Self) {
        for (time, rows) in std::mem::take(&mut other.0) {
            self.0.entry(time).or_default().extend(rows);
        }
    }

    /// Emits rows, earliest first, as long as their time is at most `last`; the last time emitted.
    pub(super) fn emit_up_to(&mut self, last: i64, rows: &mut Rows, out: &mut Flow) -> Option<i64> {
        let after = self.0.range((Bound::Excluded(last), Bound::Unbounded)).next();
        let kept = match after.map(|(time, _)| *time) {
            Some(time) => self.0.split_off(&time),
            None => BTreeMap::new(),
        };
        let due = std::mem::replace(&mut self.0, kept);
        for row in due.values().flatten() {
            out.push(*row, Kind::Current, rows.store.timestamp(*row));
            rows.leave(*row);
        }
        due.last_key_value().map(|(time, _)| *time)
    }

    pub(super) fn forget(&self, rows: &mut Rows) {
        self.0.values().for_each(|held| rows.leave_all(held));
    }

    pub(super) fn save(&self, w: &mut Writer, store: &RowStore) {
        w.len(self.0.len());
        for (time, rows) in &self.0 {
            w.i64(*time);
            saved::write_rows(w, store, rows.iter().copied());
        }
    }

    pub(super) fn load(r: &mut Reader<'_>, store: &mut RowStore) -> Result<Self, DecodeError> {
        let mut all = BTreeMap::new();
        for _ in 0..r.len()? {
            let time = r.i64()?;
            all.insert(time, saved::read_rows(r, store)?);
        }
        Ok(Self(all))
    }
}

/// The rounds in which events that waited too long are let go: every second, while there are any.
#[derive(Debug, Clone, Default)]
pub(super) struct Rounds {
    /// When the last round asked for is or was due; `None` before the app started.
    at: Option<i64>,
    /// Whether no round is pending.
    idle: bool,
}

impl Rounds {
    /// The first round, when the app starts.
    pub(super) fn start(&mut self, now: i64, timeout_ms: i64) -> Option<i64> {
        if self.at.is_some() {
            return None;
        }
        self.at = Some(now.saturating_add(timeout_ms));
        self.at
    }

    /// An event came: the next round, if none is pending.
    pub(super) fn event(&mut self, now: i64) -> Option<i64> {
        let at = self.at.filter(|_| self.idle)?;
        self.idle = false;
        let late = now.saturating_sub(at);
        // Whole seconds after the last one, not before now.
        let seconds = late.div_euclid(1000) + i64::from(late.rem_euclid(1000) > 0);
        self.at = Some(at.saturating_add(seconds.saturating_mul(1000)));
        self.at
    }

    /// A round is over: the next one, if events are left.
    pub(super) fn next(&mut self, left: bool) -> Option<i64> {
        self.idle = !left;
        if left {
            self.at = self.at.map(|at| at.saturating_add(1000));
        }
        self.at.filter(|_| left)
    }

    pub(super) fn save(&self, w: &mut Writer) {
        w.option(self.at, Writer::i64);
        w.bool(self.idle);
    }

    pub(super) fn load(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { at: r.option(Reader::i64)?, idle: r.bool()? })
    }
}
