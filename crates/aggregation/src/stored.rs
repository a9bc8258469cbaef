//! Closed periods as rows of tables outside: handed out once, and taken back by one that starts
//! anew.

use weir_event::Value;

use crate::aggregation::Aggregation;
use crate::period::Period;
use crate::rows::Rows;

/// A closed period of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct PeriodRow {
    /// When the period began.
    pub at: i64,
    /// When the period of its events began, where they are told apart by a time of their own.
    pub event_time: Option<i64>,
    /// The time of its latest event, where that matters.
    pub latest: Option<i64>,
    /// The values of the group-by attributes.
    pub group: Vec<Value>,
    /// The parts, in the order in which the items need them.
    pub parts: Vec<Value>,
}

impl Aggregation {
    /// The periods, finest first.
    pub fn periods(&self) -> impl Iterator<Item = Period> + '_ {
        self.spec.periods.iter().copied()
    }

    /// Whether nothing was ever aggregated.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.levels.iter().all(|level| level.start.is_none() && level.closed_at.is_empty())
    }

    /// The rows of a level that closed since this was asked last.
    pub fn take_closed(&mut self, level: usize) -> Vec<PeriodRow> {
        let count = self.levels[level].closed_at.len();
        let first = std::mem::replace(&mut self.levels[level].handed_out, count);
        let level = &self.levels[level];
        (first..count).map(|row| self.row(&level.closed, level.closed_at[row], row)).collect()
    }

    fn row(&self, rows: &Rows, at: i64, row: usize) -> PeriodRow {
        let group = rows.groups[row];
        let value = |attribute| self.groups.value(group, attribute).clone();
        PeriodRow {
            at,
            event_time: self.shape.timed.then(|| rows.time(row)),
            latest: rows.latest(row),
            group: (0..self.spec.group_by.len()).map(value).collect(),
            parts: (0..rows.cells.len()).map(|part| rows.part(row, part)).collect(),
        }
    }

    /// Which rows a purge let go of since this was asked last: of which level, and before when
    /// their periods, or those of their events, began.
    pub fn take_purged(&mut self) -> Vec<(usize, i64)> {
        std::mem::take(&mut self.purged)
    }

    /// Takes back rows of a level that were handed out before it began anew.
    pub fn take_back(&mut self, level: usize, mut rows: Vec<PeriodRow>) {
        rows.sort_by_key(|row| row.at);
        for row in rows {
            let group = self.groups.of_values(row.group);
            let level = &mut self.levels[level];
            level.closed_at.push(row.at);
            level.closed.push_row(group, row.event_time, row.latest, &row.parts);
        }
        self.levels[level].handed_out = self.levels[level].closed_at.len();
    }

    /// What rows that were taken back say of the longer periods going on, each of which goes on
    /// from the last one of its length.
    pub fn go_on(&mut self) {
        // Longest first: what closes on the way up is newer than what is there.
        for level in (1..self.levels.len()).rev() {
            let until = match self.levels[level].closed_at.last() {
                Some(last) => self.spec.calendar.next_after(*last, self.spec.periods[level]),
                None => i64::MIN,
            };
            let finer = &self.levels[level - 1];
            let first = finer.closed_at.partition_point(|at| *at < until);
            let times = finer.closed_at[first..].to_vec();
            let rows: Vec<u32> = (first as u32..finer.closed_at.len() as u32).collect();
            let rows = finer.closed.gather(&rows);
            let mut done = 0;
            while let Some(at) = times.get(done) {
                let end = done + times[done..].partition_point(|it| it <= at);
                self.enter(level, *at);
                let batch: Vec<u32> = (done as u32..end as u32).collect();
                self.merge_into(level, &rows.gather(&batch));
                done = end;
            }
        }
    }
}
