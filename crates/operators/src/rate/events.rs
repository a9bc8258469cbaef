//! Rounds counted in rows.

use std::collections::BTreeMap;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::Kind;

use super::row::{Arrival, ByGroup, Limit, Row, load_rows, save_rows};

/// `output all every n events`: rows wait until there are `n`.
#[derive(Debug)]
pub(super) struct AllEvents {
    count: u64,
    waiting: Vec<Row>,
}

impl AllEvents {
    pub(super) fn new(count: u64) -> Self {
        Self { count, waiting: Vec::new() }
    }
}

impl Limit for AllEvents {
    fn receive(&mut self, _now: i64, rows: Vec<Arrival>, out: &mut Vec<Row>) {
        for arrival in rows {
            self.waiting.push(arrival.row);
            if self.waiting.len() as u64 >= self.count {
                out.append(&mut self.waiting);
            }
        }
    }

    fn tick(&mut self, _out: &mut Vec<Row>) {}

    fn save(&self, w: &mut Writer) {
        save_rows(w, &self.waiting);
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.waiting = load_rows(r)?;
        Ok(())
    }
}

/// `output first every n events`: the first of each `n`, of each group where there are groups.
///
/// With `n` = 1 every row leaves. Without groups a reset among the rows counts as one (told by
/// 5.1.30).
#[derive(Debug)]
pub(super) struct FirstEvents {
    count: u64,
    grouped: bool,
    seen: BTreeMap<u32, u64>,
}

impl FirstEvents {
    pub(super) fn new(count: u64, grouped: bool) -> Self {
        Self { count, grouped, seen: BTreeMap::new() }
    }

    fn is_first(&mut self, group: u32) -> bool {
        let group = if self.grouped { group } else { 0 };
        let seen = self.seen.get(&group).copied().unwrap_or(0);
        if seen + 1 >= self.count {
            self.seen.remove(&group);
        } else {
            self.seen.insert(group, seen + 1);
        }
        seen == 0
    }
}

impl Limit for FirstEvents {
    fn receive(&mut self, _now: i64, rows: Vec<Arrival>, out: &mut Vec<Row>) {
        for arrival in rows {
            let reset = arrival.row.kind == Kind::Reset;
            if self.is_first(arrival.group) && !reset {
                out.push(arrival.row);
            }
        }
    }

    fn tick(&mut self, _out: &mut Vec<Row>) {}

    fn save(&self, w: &mut Writer) {
        w.len(self.seen.len());
        for (group, seen) in &self.seen {
            w.u32(*group);
            w.u64(*seen);
        }
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.seen.clear();
        for _ in 0..r.len()? {
            let group = r.u32()?;
            self.seen.insert(group, r.u64()?);
        }
        Ok(())
    }
}

/// `output last every n events`: at the n-th row the newest row, of each group that came.
#[derive(Debug)]
pub(super) struct LastEvents {
    count: u64,
    seen: u64,
    newest: ByGroup,
}

impl LastEvents {
    pub(super) fn new(count: u64) -> Self {
        Self { count, seen: 0, newest: ByGroup::default() }
    }
}

impl Limit for LastEvents {
    fn receive(&mut self, _now: i64, rows: Vec<Arrival>, out: &mut Vec<Row>) {
        for arrival in rows {
            self.newest.put(arrival.group, arrival.row);
            self.seen += 1;
            if self.seen >= self.count {
                self.seen = 0;
                out.append(&mut self.newest.take());
            }
        }
    }

    fn tick(&mut self, _out: &mut Vec<Row>) {}

    fn save(&self, w: &mut Writer) {
        w.u64(self.seen);
        self.newest.save(w);
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.seen = r.u64()?;
        self.newest = ByGroup::load(r)?;
        Ok(())
    }
}
