//! The sessions of one partition key, found by session key and by when they end.

use std::collections::{BTreeMap, BTreeSet};

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Key, RowStore, Text};

use crate::cx::Cx;
use crate::saved;

/// What became of an arriving event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It is in a session.
    Stored,
    /// It passes, but belongs to no session.
    NotStored,
    /// Its session has left: it does not even pass.
    TooLate,
}

/// The rows of one session.
#[derive(Debug, Clone, Default)]
struct Session {
    rows: Vec<u32>,
    start: i64,
    end: i64,
    /// Where the next late row goes; the original walks on through its list with each of them.
    cursor: Option<u32>,
}

impl Session {
    fn new(row: u32, time: i64, gap_ms: i64) -> Self {
        let end = time.saturating_add(gap_ms);
        Self { rows: vec![row], start: time, end, cursor: None }
    }

    /// Puts late rows in.
    fn insert(&mut self, late: &[u32]) {
        let last = self.rows.len().saturating_sub(1);
        let place = self.cursor.map_or(0, |it| it as usize + 1).min(last);
        self.rows.splice(place..place, late.iter().copied());
        self.cursor = Some((place + late.len()) as u32);
    }

    fn save(&self, w: &mut Writer, store: &RowStore) {
        saved::write_rows(w, store, self.rows.iter().copied());
        w.i64(self.start);
        w.i64(self.end);
        w.option(self.cursor, Writer::u32);
    }

    fn load(r: &mut Reader<'_>, store: &mut RowStore) -> Result<Self, DecodeError> {
        Ok(Self {
            rows: saved::read_rows(r, store)?,
            start: r.i64()?,
            end: r.i64()?,
            cursor: r.option(Reader::u32)?,
        })
    }
}

/// The session that is open for one session key, and the one before while late events may come.
#[derive(Debug, Clone, Default)]
struct Pair {
    current: Session,
    previous: Session,
}

/// The sessions of one partition key.
#[derive(Debug, Clone, Default)]
pub(super) struct Sessions {
    /// By number, in the order in which their keys came.
    pairs: BTreeMap<u64, (Text, Pair)>,
    numbers: BTreeMap<Text, u64>,
    next_number: u64,
    /// When the current sessions end, those that hold rows alone.
    ends: BTreeSet<(i64, u64)>,
    /// The same of the previous ones.
    previous_ends: BTreeSet<(i64, u64)>,
    /// When the earliest pending wake-up is due.
    awaited: Option<i64>,
}

impl Sessions {
    /// Puts an arriving event in its session; rows of a session it pushes out go to `expired`.
    pub(super) fn add(
        &mut self,
        key: Text,
        row: u32,
        time: i64,
        gap_ms: i64,
        latency_ms: i64,
        expired: &mut Vec<u32>,
    ) -> Place {
        let number = *self.numbers.entry(key.clone()).or_insert_with(|| {
            self.next_number += 1;
            self.next_number
        });
        let (_, pair) = self.pairs.entry(number).or_insert_with(|| (key, Pair::default()));
        self.ends.remove(&(pair.current.end, number));
        self.previous_ends.remove(&(pair.previous.end, number));
        let place = pair.add(row, time, gap_ms, latency_ms, expired);
        self.note_ends(number);
        place
    }

    /// Keeps the order of ends after a pair has changed; a pair without rows is forgotten.
    fn note_ends(&mut self, number: u64) {
        let Some((key, pair)) = self.pairs.get(&number) else { return };
        if !pair.current.rows.is_empty() {
            self.ends.insert((pair.current.end, number));
        }
        if !pair.previous.rows.is_empty() {
            self.previous_ends.insert((pair.previous.end, number));
        }
        if pair.current.rows.is_empty() && pair.previous.rows.is_empty() {
            self.numbers.remove(key);
            self.pairs.remove(&number);
        }
    }

    /// Ends the sessions that are due; rows that leave go to `expired`.
    pub(super) fn leave_due(&mut self, now: i64, latency_ms: i64, expired: &mut Vec<u32>) {
        while let Some((end, number)) = self.ends.first().copied()
            && end <= now
        {
            self.ends.pop_first();
            if let Some((_, pair)) = self.pairs.get_mut(&number) {
                let ended = std::mem::take(&mut pair.current);
                if latency_ms > 0 {
                    self.previous_ends.remove(&(pair.previous.end, number));
                    let mut rows = std::mem::take(&mut pair.previous.rows);
                    rows.extend(ended.rows);
                    pair.previous = Session { rows, cursor: pair.previous.cursor, ..ended };
                } else {
                    expired.extend(ended.rows);
                }
            }
            self.note_ends(number);
        }
        while let Some((end, number)) = self.previous_ends.first().copied()
            && end.saturating_add(latency_ms) <= now
        {
            self.previous_ends.pop_first();
            if let Some((_, pair)) = self.pairs.get_mut(&number) {
                expired.extend(std::mem::take(&mut pair.previous).rows);
            }
            self.note_ends(number);
        }
        self.awaited = self.awaited.filter(|due| *due > now);
    }

    /// The moment that a wake-up at `now` was asked for.
    pub(super) fn moment(&self, now: i64) -> i64 {
        self.awaited.map_or(now, |due| due.min(now))
    }

    /// Asks for a wake-up for what ends first, unless one is pending before that.
    pub(super) fn await_next(&mut self, cx: &mut Cx<'_>, latency_ms: i64, key: Key) {
        let current = self.ends.first().map(|(end, _)| *end);
        let previous = self.previous_ends.first().map(|(end, _)| end.saturating_add(latency_ms));
        let Some(due) = current.into_iter().chain(previous).min() else { return };
        if self.awaited.is_none_or(|awaited| due < awaited) {
            self.awaited = Some(due);
            cx.wake_at(due, key);
        }
    }

    /// All rows held.
    pub(super) fn rows(&self) -> impl Iterator<Item = u32> + '_ {
        let rows = |pair: &'_ Pair| [pair.previous.rows.clone(), pair.current.rows.clone()];
        self.pairs.values().flat_map(move |(_, pair)| rows(pair)).flatten()
    }

    pub(super) fn save(&self, w: &mut Writer, store: &RowStore) {
        w.option(self.awaited, Writer::i64);
        w.len(self.pairs.len());
        for (key, pair) in self.pairs.values() {
            w.str(key);
            pair.current.save(w, store);
            pair.previous.save(w, store);
        }
    }

    pub(super) fn load(r: &mut Reader<'_>, store: &mut RowStore) -> Result<Self, DecodeError> {
        let mut sessions = Self { awaited: r.option(Reader::i64)?, ..Self::default() };
        for _ in 0..r.len()? {
            let key = Text::from(r.str()?);
            let current = Session::load(r, store)?;
            let pair = Pair { current, previous: Session::load(r, store)? };
            sessions.next_number += 1;
            let number = sessions.next_number;
            sessions.numbers.insert(key.clone(), number);
            sessions.pairs.insert(number, (key, pair));
            sessions.note_ends(number);
        }
        Ok(sessions)
    }
}

impl Pair {
    fn add(
        &mut self,
        row: u32,
        time: i64,
        gap_ms: i64,
        latency_ms: i64,
        expired: &mut Vec<u32>,
    ) -> Place {
        let current = &mut self.current;
        if current.rows.is_empty() {
            *current = Session::new(row, time, gap_ms);
            return Place::Stored;
        }
        if time < current.start {
            return self.add_late(row, time, gap_ms, latency_ms);
        }
        if time <= current.end {
            current.end = time.saturating_add(gap_ms);
            current.rows.push(row);
            return Place::Stored;
        }
        if latency_ms <= 0 {
            return Place::NotStored;
        }
        let ended = std::mem::replace(current, Session::new(row, time, gap_ms));
        expired.append(&mut self.previous.rows);
        self.previous = Session { cursor: None, ..ended };
        Place::Stored
    }

    /// Puts an event in that is older than the current session.
    fn add_late(&mut self, row: u32, time: i64, gap_ms: i64, latency_ms: i64) -> Place {
        let (current, previous) = (&mut self.current, &mut self.previous);
        if time >= current.start.saturating_sub(gap_ms) {
            current.insert(&[row]);
            current.start = time;
            if latency_ms > 0 {
                self.merge(gap_ms);
            }
            return Place::Stored;
        }
        if latency_ms <= 0
            || previous.rows.is_empty()
            || time < previous.start.saturating_sub(gap_ms)
        {
            return Place::TooLate;
        }
        previous.rows.push(row);
        if time <= previous.end.saturating_sub(gap_ms) && time < previous.start {
            previous.start = time;
        } else {
            previous.end = time.saturating_add(gap_ms);
            self.merge(gap_ms);
        }
        Place::Stored
    }

    /// Joins the two sessions where they have come close enough.
    fn merge(&mut self, gap_ms: i64) {
        let (current, previous) = (&mut self.current, &mut self.previous);
        if !previous.rows.is_empty() && previous.end >= current.start.saturating_sub(gap_ms) {
            let joined = std::mem::take(previous);
            current.insert(&joined.rows);
            current.start = joined.start;
        }
    }
}
