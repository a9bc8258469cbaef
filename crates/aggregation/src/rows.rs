//! Totals: one row for each group and time.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::Value;

use crate::cells::{Cells, Part, retain};

/// What is kept for each row.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    /// The parts, a column each.
    pub parts: Vec<Part>,
    /// Whether rows are told apart by the time of their events too.
    pub timed: bool,
    /// Whether the newest values are those of the latest event by that time.
    pub newest_by_time: bool,
}

/// About how many bytes a row takes without its parts: its group and its times.
const ROW_BYTES: usize = 20;

/// About how many bytes a part takes that is a number.
const PART_BYTES: usize = 9;

/// Totals of groups. Invariant: every column has a cell for each row.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    /// By row: the group.
    pub groups: Vec<u32>,
    /// By row: when the period of its events began; empty unless timed.
    pub times: Vec<i64>,
    /// By row: the time of its latest event; empty unless that matters.
    latest: Vec<i64>,
    /// The parts, a column each.
    pub cells: Vec<Cells>,
    timed: bool,
    newest_by_time: bool,
}

impl Rows {
    pub(crate) fn new(shape: &Shape) -> Self {
        Self {
            groups: Vec::new(),
            times: Vec::new(),
            latest: Vec::new(),
            cells: shape.parts.iter().map(|part| Cells::new(*part)).collect(),
            timed: shape.timed,
            newest_by_time: shape.newest_by_time,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.groups.len()
    }

    /// About how many bytes the rows take.
    pub(crate) fn held_bytes(&self) -> u64 {
        let row = ROW_BYTES + PART_BYTES * self.cells.len();
        (self.len() * row) as u64
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// When the period of a row's events began; 0 unless timed.
    pub(crate) fn time(&self, row: usize) -> i64 {
        if self.timed { self.times[row] } else { 0 }
    }

    /// Adds a row whose cells are filled by [`Self::fit`].
    pub(crate) fn push(&mut self, group: u32, time: i64) -> u32 {
        self.groups.push(group);
        if self.timed {
            self.times.push(time);
        }
        self.groups.len() as u32 - 1
    }

    /// The time of a row's latest event, where that matters.
    pub(crate) fn latest(&self, row: usize) -> Option<i64> {
        self.latest.get(row).copied()
    }

    /// Adds a row with its parts.
    pub(crate) fn push_row(
        &mut self,
        group: u32,
        event_time: Option<i64>,
        latest: Option<i64>,
        parts: &[Value],
    ) {
        self.push(group, event_time.unwrap_or_default());
        if self.newest_by_time {
            self.latest.push(latest.unwrap_or_default());
        }
        for (cells, part) in self.cells.iter_mut().zip(parts) {
            cells.push(part);
        }
    }

    /// Gives rows that were pushed their empty cells.
    pub(crate) fn fit(&mut self) {
        let len = self.groups.len();
        if self.newest_by_time {
            self.latest.resize(len, 0);
        }
        for cells in &mut self.cells {
            cells.resize(len);
        }
    }

    /// Which events, or rows, are not older than what their row has seen; `None` when all count.
    pub(crate) fn fresh(&mut self, rows: &[u32], times: &[i64]) -> Option<Vec<bool>> {
        if !self.newest_by_time {
            return None;
        }
        let fresh = rows.iter().zip(times).map(|(row, time)| {
            let latest = &mut self.latest[*row as usize];
            let fresh = *time >= *latest;
            if fresh {
                *latest = *time;
            }
            fresh
        });
        Some(fresh.collect())
    }

    /// Puts row `i` of `from` into row `rows[i]` of this one.
    pub(crate) fn merge(&mut self, from: &Self, rows: &[u32]) {
        self.fit();
        let fresh = self.fresh(rows, &from.latest);
        for (cells, from) in self.cells.iter_mut().zip(&from.cells) {
            cells.merge(from, rows, fresh.as_deref());
        }
    }

    pub(crate) fn extend(&mut self, other: &Self) {
        self.groups.extend_from_slice(&other.groups);
        self.times.extend_from_slice(&other.times);
        self.latest.extend_from_slice(&other.latest);
        for (cells, other) in self.cells.iter_mut().zip(&other.cells) {
            cells.extend(other);
        }
    }

    /// The rows named, in that order.
    pub(crate) fn gather(&self, rows: &[u32]) -> Self {
        fn picked<T: Copy>(items: &[T], rows: &[u32]) -> Vec<T> {
            if items.is_empty() {
                return Vec::new();
            }
            rows.iter().map(|row| items[*row as usize]).collect()
        }
        Self {
            groups: picked(&self.groups, rows),
            times: picked(&self.times, rows),
            latest: picked(&self.latest, rows),
            cells: self.cells.iter().map(|cells| cells.gather(rows)).collect(),
            timed: self.timed,
            newest_by_time: self.newest_by_time,
        }
    }

    pub(crate) fn retain(&mut self, keep: &[bool]) {
        retain(&mut self.groups, keep);
        retain(&mut self.times, keep);
        retain(&mut self.latest, keep);
        for cells in &mut self.cells {
            cells.retain(keep);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.groups.clear();
        self.times.clear();
        self.latest.clear();
        for cells in &mut self.cells {
            cells.resize(0);
        }
    }

    /// One part of one row.
    pub(crate) fn part(&self, row: usize, part: usize) -> Value {
        self.cells[part].value(row)
    }

    pub(crate) fn save(&self, w: &mut Writer) {
        w.len(self.groups.len());
        self.groups.iter().for_each(|group| w.u32(*group));
        for times in [&self.times, &self.latest] {
            w.len(times.len());
            times.iter().for_each(|time| w.i64(*time));
        }
        self.cells.iter().for_each(|cells| cells.save(w));
    }

    pub(crate) fn load(
        shape: &Shape,
        groups: usize,
        r: &mut Reader<'_>,
    ) -> Result<Self, DecodeError> {
        let mut rows = Self::new(shape);
        for _ in 0..r.len_of(4)? {
            rows.groups.push(r.u32()?);
        }
        for times in [&mut rows.times, &mut rows.latest] {
            for _ in 0..r.len_of(8)? {
                times.push(r.i64()?);
            }
        }
        for (cells, part) in rows.cells.iter_mut().zip(&shape.parts) {
            *cells = Cells::load(*part, r)?;
        }
        let len = rows.groups.len();
        let fits = |column: usize, wanted: bool| column == if wanted { len } else { 0 };
        let whole = fits(rows.times.len(), shape.timed)
            && fits(rows.latest.len(), shape.newest_by_time)
            && rows.cells.iter().all(|cells| cells.len() == len)
            && rows.groups.iter().all(|group| (*group as usize) < groups);
        if whole {
            Ok(rows)
        } else {
            Err(DecodeError::Malformed { what: "aggregation", why: "its columns do not fit" })
        }
    }
}
