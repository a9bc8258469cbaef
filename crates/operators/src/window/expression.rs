//! `expression(text)`: holds the newest events for which a condition holds.

use std::collections::VecDeque;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, DataType, Key, Kind, RowStore};
use weir_expr::{Env, Fault};

use super::Window;
use super::condition::{About, Judge, Seen, Wanted};
use super::rows::{Keyed, Rows};
use crate::cx::Cx;
use crate::flow::Flow;
use crate::saved;

/// `expression(text)`: holds the newest events for which a condition holds.
///
/// After each arrival the oldest rows leave until the condition holds or none is left, the arrival
/// itself being the last; they come out before it, stamped with the clock. Where the text is
/// another than that of the event before, all rows held are taken anew under the new one first.
#[derive(Debug)]
pub(super) struct ExpressionWindow {
    wanted: Wanted,
    rows: Rows,
    keys: Keyed<State>,
    /// Rows to be taken anew.
    again: Vec<u32>,
}

#[derive(Debug, Default)]
struct State {
    held: VecDeque<u32>,
    judge: Option<Judge>,
}

impl State {
    /// Takes a row in; rows leave until the condition holds. A row that fails is not held.
    fn take(
        &mut self,
        env: &Env<'_>,
        rows: &mut Rows,
        row: u32,
        out: &mut Flow,
    ) -> Result<(), Fault> {
        let Some(judge) = &mut self.judge else { return Ok(()) };
        let own = |rows: &Rows, row| Seen { row, time: rows.store.timestamp(row) };
        self.held.push_back(row);
        let last = own(rows, row);
        let first = own(rows, self.held.front().copied().unwrap_or(row));
        let about = About { row: last, first, last };
        let mut holds = match judge.holds(env, &rows.store, &about, Kind::Current) {
            Ok(holds) => holds,
            Err(fault) => {
                self.held.pop_back();
                return Err(fault);
            }
        };
        while !holds {
            let Some(gone) = self.held.pop_front() else { break };
            out.push(gone, Kind::Expired, env.now);
            let left = Seen { row: gone, time: env.now };
            let first = self.held.front().map_or(left, |row| own(rows, *row));
            let last = if gone == row { left } else { last };
            let about = About { row: left, first, last };
            let answer = judge.holds(env, &rows.store, &about, Kind::Expired);
            if gone != row {
                rows.leave(gone);
            }
            holds = match answer {
                Ok(holds) => holds,
                Err(fault) => {
                    self.held.retain(|held| *held != row);
                    return Err(fault);
                }
            };
            if gone == row {
                rows.leave(row);
            }
        }
        Ok(())
    }
}

impl ExpressionWindow {
    /// A window over rows of these types.
    pub(super) fn new(wanted: Wanted, types: &[DataType]) -> Self {
        let (rows, keys) = (Rows::new(types), Keyed::new());
        Self { wanted, rows, keys, again: Vec::new() }
    }

    /// Takes an arriving row in, after those held where its text is a new one.
    fn arrive(&mut self, env: &Env<'_>, key: Key, row: Seen, out: &mut Flow) -> Result<(), Fault> {
        let state = self.keys.at(key);
        if self.wanted.ready(&mut state.judge, env, &self.rows.store, row)? {
            self.again.clear();
            self.again.extend(state.held.drain(..));
            for at in 0..self.again.len() {
                if let Err(fault) = state.take(env, &mut self.rows, self.again[at], out) {
                    self.rows.leave_all(&self.again[at..]);
                    return Err(fault);
                }
            }
        }
        state.take(env, &mut self.rows, row.row, out)
    }
}

impl Window for ExpressionWindow {
    fn receive(&mut self, cx: &mut Cx<'_>, batch: &Batch, input: &Flow, out: &mut Flow) {
        self.rows.take(batch, input);
        for (range, chunk) in input.chunk_ranges() {
            for i in range {
                let row = Seen { row: self.rows.arrived[i], time: input.times[i] };
                match self.arrive(&cx.env(chunk.now), chunk.key, row, out) {
                    Ok(()) => out.push(row.row, Kind::Current, row.time),
                    Err(fault) => {
                        cx.faults.push(fault);
                        self.rows.leave(row.row);
                    }
                }
            }
            out.end_chunk(chunk.now, chunk.key);
        }
    }

    fn on_timer(&mut self, _cx: &mut Cx<'_>, _now: i64, _key: Key, _out: &mut Flow) {
        self.rows.begin();
    }

    fn store(&self) -> &RowStore {
        &self.rows.store
    }

    fn find(&self, key: Key, rows: &mut Vec<u32>) {
        if let Some(state) = self.keys.get(key) {
            rows.extend(&state.held);
        }
    }

    fn drop_key(&mut self, key: Key) {
        if let Some(state) = self.keys.remove(key) {
            state.held.iter().for_each(|row| self.rows.leave(*row));
        }
    }

    fn save(&self, w: &mut Writer) {
        w.u8(1);
        w.len(self.keys.all().len());
        for state in self.keys.all() {
            saved::write_rows(w, &self.rows.store, state.held.iter().copied());
            self.wanted.save(state.judge.as_ref(), w);
        }
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        saved::version(r, 1)?;
        self.rows.clear();
        self.keys.clear();
        for _ in 0..r.len()? {
            let held = saved::read_rows(r, &mut self.rows.store)?.into();
            let judge = self.wanted.load(r)?;
            self.keys.push(State { held, judge });
        }
        Ok(())
    }
}
