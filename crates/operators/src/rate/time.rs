//! Rounds counted in time.

use std::collections::BTreeMap;

use weir_codec::{DecodeError, Reader, Writer};

use super::row::{Arrival, ByGroup, Limit, Row, load_rows, save_rows};

/// `output all every t`: rows wait for the tick.
#[derive(Debug, Default)]
pub(super) struct AllInTime {
    waiting: Vec<Row>,
}

impl Limit for AllInTime {
    fn receive(&mut self, _now: i64, rows: Vec<Arrival>, _out: &mut Vec<Row>) {
        self.waiting.extend(rows.into_iter().map(|arrival| arrival.row));
    }

    fn tick(&mut self, out: &mut Vec<Row>) {
        out.append(&mut self.waiting);
    }

    fn save(&self, w: &mut Writer) {
        save_rows(w, &self.waiting);
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.waiting = load_rows(r)?;
        Ok(())
    }
}

/// `output first every t`: a row leaves when `t` has passed since the one before it left; without
/// groups only the first row of a chunk is looked at.
#[derive(Debug)]
pub(super) struct FirstInTime {
    every_ms: i64,
    grouped: bool,
    left_at: BTreeMap<u32, i64>,
}

impl FirstInTime {
    pub(super) fn new(every_ms: i64, grouped: bool) -> Self {
        Self { every_ms, grouped, left_at: BTreeMap::new() }
    }
}

impl Limit for FirstInTime {
    fn receive(&mut self, now: i64, rows: Vec<Arrival>, out: &mut Vec<Row>) {
        let looked_at = if self.grouped { rows.len() } else { 1 };
        for arrival in rows.into_iter().take(looked_at) {
            let left = self.left_at.get(&arrival.group);
            if left.is_none_or(|left| left.saturating_add(self.every_ms) <= now) {
                self.left_at.insert(arrival.group, now);
                out.push(arrival.row);
            }
        }
    }

    fn tick(&mut self, _out: &mut Vec<Row>) {}

    fn save(&self, w: &mut Writer) {
        w.len(self.left_at.len());
        for (group, left) in &self.left_at {
            w.u32(*group);
            w.i64(*left);
        }
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.left_at.clear();
        for _ in 0..r.len()? {
            let group = r.u32()?;
            self.left_at.insert(group, r.i64()?);
        }
        Ok(())
    }
}

/// `output last every t`: at the tick the newest row, of each group that came.
#[derive(Debug, Default)]
pub(super) struct LastInTime {
    newest: ByGroup,
}

impl Limit for LastInTime {
    fn receive(&mut self, _now: i64, rows: Vec<Arrival>, _out: &mut Vec<Row>) {
        for arrival in rows {
            self.newest.put(arrival.group, arrival.row);
        }
    }

    fn tick(&mut self, out: &mut Vec<Row>) {
        out.append(&mut self.newest.take());
    }

    fn save(&self, w: &mut Writer) {
        self.newest.save(w);
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.newest = ByGroup::load(r)?;
        Ok(())
    }
}
