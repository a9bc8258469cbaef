//! What a reader gets: closed periods, and those going on, put together.

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
    /// Whether a row of nulls, of time 0, stands behind them.
    ghost: bool,
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
            merge(&mut merged, &self.listed(&finer.open.rows), |_| 0);
        }
        // The original shows an empty row of time 0 here (told by 5.1.30).
        let ungrouped = self.spec.group_by.is_empty();
        found.ghost = merged.rows.is_empty() && ungrouped && bounds.contains(0);
        if bounds.contains(start) {
            let keys = self.keys(&merged.rows, |_| String::new(), |_| format!("-{start}"));
            found.rows.extend(
                &merged.rows.gather(&java_order::computed(keys.iter().map(String::as_str))),
            );
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
            merge(&mut going_on, &self.listed(&finer.open.rows), |time| time);
            longest = longest.max(finer.start.map_or(0, period_start));
        }
        let held: Vec<u32> = (0..going_on.rows.len() as u32)
            .filter(|row| bounds.contains(going_on.rows.time(*row as usize)))
            .collect();
        let held = going_on.rows.gather(&held);
        let keys = self.keys(&held, |_| String::new(), |_| format!("-{longest}"));
        let mut merged = Open::new(&self.shape);
        merge(&mut merged, &closed.rows, period_start);
        merge(
            &mut merged,
            &held.gather(&java_order::computed(keys.iter().map(String::as_str))),
            period_start,
        );
        let rows = self.listed(&merged.rows);
        Found { at: rows.times.clone(), rows, ghost: false }
    }

    /// Closed rows in the order of the original's table.
    fn closed_within(
        &self,
        level: usize,
        bounds: Bounds,
        time_of: impl Fn(i64, i64) -> i64,
    ) -> Found {
        let level = &self.levels[level];
        let wanted =
            |row: usize| bounds.contains(time_of(level.closed_at[row], level.closed.time(row)));
        let mut rows: Vec<u32> = Vec::new();
        let mut first = 0;
        while let Some(at) = level.closed_at.get(first) {
            // A period's rows went into the table together, in the order of a map.
            let end = first + level.closed_at[first..].partition_point(|it| it <= at);
            if (first..end).any(wanted) {
                let batch: Vec<u32> = (first as u32..end as u32).collect();
                let keys =
                    self.keys(&level.closed.gather(&batch), |_| String::new(), |_| String::new());
                let order = java_order::computed(keys.iter().map(String::as_str));
                let in_order = order.iter().map(|place| batch[*place as usize]);
                rows.extend(in_order.filter(|row| wanted(*row as usize)));
            }
            first = end;
        }
        let at: Vec<i64> = rows.iter().map(|row| level.closed_at[*row as usize]).collect();
        let rows = level.closed.gather(&rows);
        if self.spec.group_by.is_empty() && !self.shape.timed {
            return Found { at, rows, ghost: false };
        }
        let keys = self.keys(&rows, |row| format!("{}{AFTER_VALUE}", at[row]), |_| String::new());
        let order = java_order::put(keys.iter().map(String::as_str));
        Found {
            at: order.iter().map(|row| at[*row as usize]).collect(),
            rows: rows.gather(&order),
            ghost: false,
        }
    }

    /// Rows in the order of the original's map of groups.
    fn listed(&self, rows: &Rows) -> Rows {
        let keys = self.keys(rows, |_| String::new(), |_| String::new());
        rows.gather(&java_order::computed(keys.iter().map(String::as_str)))
    }

    /// The keys under which the original holds rows: what stands before and after their own.
    fn keys(
        &self,
        rows: &Rows,
        before: impl Fn(usize) -> String,
        after: impl Fn(usize) -> String,
    ) -> Vec<String> {
        (0..rows.len())
            .map(|row| {
                let mut key = before(row);
                if self.shape.timed {
                    key.push_str(&format!("{}{AFTER_VALUE}", rows.times[row]));
                }
                self.groups.key_text(rows.groups[row], &mut key);
                key.push_str(&after(row));
                key
            })
            .collect()
    }

    fn shown(&self, found: &Found) -> Batch {
        let len = found.rows.len();
        let mut times = found.at.clone();
        times.extend(found.ghost.then_some(0));
        let mut at = Column::with_capacity(DataType::Long, times.len());
        times.iter().for_each(|time| at.push(Value::Long(*time)));
        let mut columns = vec![Arc::new(at)];
        for (item, shown) in self.spec.items.iter().zip(&self.shown) {
            let mut column = Column::with_capacity(item.data_type, len);
            for row in 0..len {
                column.push(self.value(&found.rows, row, *shown));
            }
            if found.ghost {
                column.push_null();
            }
            columns.push(Arc::new(column));
        }
        Batch { timestamps: Arc::new(times), columns }
    }

    fn value(&self, rows: &Rows, row: usize, shown: Shown) -> Value {
        match shown {
            Shown::Group(at) => self.groups.value(rows.groups[row], at).clone(),
            Shown::Part(part) => rows.part(row, part),
            Shown::Int(part) => {
                let number = rows.part(row, part).as_i64();
                number.map_or(Value::Null, |number| Value::Int(number as i32))
            }
            Shown::Float(part) => {
                let number = rows.part(row, part).as_f64();
                number.map_or(Value::Null, |number| Value::Float(number as f32))
            }
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
    let mut targets = Vec::with_capacity(from.len());
    into.rows_of(&from.groups, |row| time_of(from.time(row)), &mut targets);
    into.rows.merge(from, &targets);
}
