//! What a reader gets: closed periods, and those going on, put together.

use std::fmt::Write as _;
use std::sync::Arc;

use weir_event::{Batch, Column, DataType, Value};
use weir_expr::Fault;

use crate::aggregation::Aggregation;
use crate::groups::AFTER_VALUE;
use crate::java_order;
use crate::open::Open;
use crate::period::Period;
use crate::rows::Rows;
use crate::spec::Shown;
use crate::within::Bounds;

/// Rows that were found, with when their periods began.
struct Found {
    at: Vec<i64>,
    rows: Rows,
}

impl Aggregation {
    /// The rows of the periods of one length within the bounds: when each period began, then the
    /// selected values. Periods have been closed up to the present, see [`Self::advance`].
    ///
    /// # Errors
    ///
    /// Periods of that length are not aggregated.
    pub fn read(&self, per: Period, bounds: Bounds) -> Result<Batch, Fault> {
        let Some(level) = self.spec.periods.iter().position(|it| *it == per) else {
            return Err(Fault::runtime(format!(
                "{} are not aggregated, only {}",
                per.plural(),
                self.spec.periods.iter().map(|it| it.plural()).collect::<Vec<_>>().join(", ")
            )));
        };
        let found = if self.shape.timed {
            self.by_event_time(level, bounds)
        } else {
            self.by_clock(level, bounds)
        };
        Ok(self.shown(&found))
    }

    /// Periods of the app's clock: those closed, then the one going on with what the finer ones
    /// still hold.
    fn by_clock(&self, level: usize, bounds: Bounds) -> Found {
        let mut found = self.closed_within(level, bounds, |at, _| at);
        let Some(start) = self.levels[level].start.filter(|start| bounds.end > *start) else {
            return found;
        };
        let mut merged = Open::new(&self.shape);
        for finer in self.levels[..=level].iter().rev() {
            merge(&mut merged, &finer.open.rows, |_| 0);
        }
        if merged.rows.is_empty() && self.spec.group_by.is_empty() && bounds.contains(0) {
            // The original shows an empty row of time 0 here (told by 5.1.30).
            merged.row(0, 0);
            merged.rows.fit();
            found.at.push(0);
            found.rows.extend(&merged.rows);
        } else if bounds.contains(start) {
            let keys = self.keys(&merged.rows, |_, key| key, |key| write!(key, "-{start}"));
            found.rows.extend(&merged.rows.gather(&java_order::order(&keys)));
            found.at.resize(found.rows.len(), start);
        }
        found
    }

    /// Periods of the events' own time: rows of late events are merged with the others.
    fn by_event_time(&self, level: usize, bounds: Bounds) -> Found {
        let (calendar, per) = (&self.spec.calendar, self.spec.periods[level]);
        let period_start = |time| calendar.start_of(time, per);
        let closed = self.closed_within(level, bounds, |_, time| time);
        let mut going_on = Open::new(&self.shape);
        let mut longest = 0;
        for finer in self.levels[..=level].iter().rev() {
            merge(&mut going_on, &finer.open.rows, |time| time);
            longest = longest.max(finer.start.map_or(0, period_start));
        }
        let held: Vec<u32> = (0..going_on.rows.len() as u32)
            .filter(|row| bounds.contains(going_on.rows.time(*row as usize)))
            .collect();
        let held = going_on.rows.gather(&held);
        let keys = self.keys(&held, |_, key| key, |key| write!(key, "-{longest}"));
        let mut merged = Open::new(&self.shape);
        merge(&mut merged, &closed.rows, period_start);
        merge(&mut merged, &held.gather(&java_order::order(&keys)), period_start);
        let keys = self.keys(&merged.rows, |_, key| key, |_| Ok(()));
        let rows = merged.rows.gather(&java_order::order(&keys));
        Found { at: rows.times.clone(), rows }
    }

    /// Closed rows in the order of the original's table.
    fn closed_within(
        &self,
        level: usize,
        bounds: Bounds,
        time_of: impl Fn(i64, i64) -> i64,
    ) -> Found {
        let level = &self.levels[level];
        let rows: Vec<u32> = (0..level.closed.len())
            .filter(|row| bounds.contains(time_of(level.closed_at[*row], level.closed.time(*row))))
            .map(|row| row as u32)
            .collect();
        let at: Vec<i64> = rows.iter().map(|row| level.closed_at[*row as usize]).collect();
        let rows = level.closed.gather(&rows);
        if self.spec.group_by.is_empty() && !self.shape.timed {
            return Found { at, rows };
        }
        let keys =
            self.keys(&rows, |row, key| format!("{}{AFTER_VALUE}{key}", at[row]), |_| Ok(()));
        let order = java_order::order(&keys);
        Found { at: order.iter().map(|row| at[*row as usize]).collect(), rows: rows.gather(&order) }
    }

    /// The keys under which the original holds rows.
    fn keys(
        &self,
        rows: &Rows,
        before: impl Fn(usize, String) -> String,
        after: impl Fn(&mut String) -> std::fmt::Result,
    ) -> Vec<String> {
        (0..rows.len())
            .map(|row| {
                let mut key = String::new();
                if self.shape.timed {
                    key = format!("{}{AFTER_VALUE}", rows.times[row]);
                }
                self.groups.key_text(rows.groups[row], &mut key);
                let mut key = before(row, key);
                // Writing to a `String` cannot fail.
                let written = after(&mut key);
                debug_assert!(written.is_ok());
                key
            })
            .collect()
    }

    fn shown(&self, found: &Found) -> Batch {
        let len = found.rows.len();
        let mut at = Column::with_capacity(DataType::Long, len);
        found.at.iter().for_each(|time| at.push(Value::Long(*time)));
        let mut columns = vec![Arc::new(at)];
        for (item, shown) in self.spec.items.iter().zip(&self.shown) {
            let mut column = Column::with_capacity(item.data_type, len);
            for row in 0..len {
                column.push(self.value(&found.rows, row, *shown));
            }
            columns.push(Arc::new(column));
        }
        Batch { timestamps: found.at.clone(), columns }
    }

    fn value(&self, rows: &Rows, row: usize, shown: Shown) -> Value {
        match shown {
            Shown::Group(at) => self.groups.value(rows.groups[row], at).clone(),
            Shown::Part(part) => rows.part(row, part),
            Shown::Int(part) => match rows.part(row, part) {
                Value::Long(number) => Value::Int(number as i32),
                other => other,
            },
            Shown::Float(part) => match rows.part(row, part) {
                Value::Double(number) => Value::Float(number as f32),
                other => other,
            },
            Shown::Ratio(sum, count) => match (rows.part(row, sum), rows.part(row, count)) {
                // Whole numbers divide as such: the original shows a cut-off average.
                (Value::Long(sum), Value::Long(count)) if count != 0 => Value::Long(sum / count),
                (Value::Double(sum), Value::Long(count)) if count != 0 => {
                    Value::Double(sum / count as f64)
                }
                _ => Value::Null,
            },
        }
    }
}

/// Puts rows together under the times that `time_of` gives.
fn merge(into: &mut Open, from: &Rows, time_of: impl Fn(i64) -> i64) {
    let targets: Vec<u32> = from
        .groups
        .iter()
        .enumerate()
        .map(|(row, group)| into.row(*group, time_of(from.time(row))))
        .collect();
    into.rows.merge(from, &targets);
}
