//! Queries at run time: rows in, selected rows out.

mod handler;
mod join;
mod join_index;
mod single;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, Chunk, Key, Kind};
use weir_expr::{Expr, Fault, InTable, Scope};
use weir_operators::rate::RateLimit;
use weir_operators::select::{Selected, Selector};
use weir_operators::{Cx, Flow};
use weir_plan::OutputPlan;
use weir_tables::{Refused, Table, TableCondition};

use crate::named_window::NamedWindow;

pub(crate) use handler::{Handler, Seat};
pub(crate) use join::{Join, JoinSide, SideOrigin};
pub(crate) use single::Single;

/// Rows that arrive: part of a batch, cut into chunks whose ends are counted as rows of the batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delivery<'a> {
    pub batch: &'a Batch,
    pub start: u32,
    /// What each row of the batch is; `None` when all are current.
    pub kinds: Option<&'a [Kind]>,
    pub chunks: &'a [Chunk],
}

impl Delivery<'_> {
    /// The row after the last one.
    pub(crate) fn end(&self) -> u32 {
        self.chunks.last().map_or(self.start, |chunk| chunk.end)
    }

    pub(crate) fn len(&self) -> usize {
        (self.end() - self.start) as usize
    }

    /// Whether it is all of its batch.
    pub(crate) fn is_whole(&self) -> bool {
        self.start == 0 && self.end() as usize == self.batch.len()
    }

    pub(crate) fn now(&self) -> i64 {
        self.chunks.last().map_or(0, |chunk| chunk.now)
    }

    /// The rows as a flow over the batch.
    pub(crate) fn fill(&self, flow: &mut Flow) {
        flow.clear();
        let (start, end) = (self.start as usize, self.end() as usize);
        flow.rows.extend(self.start..self.end());
        match self.kinds {
            Some(kinds) => flow.kinds.extend_from_slice(&kinds[start..end]),
            None => flow.kinds.resize(end - start, Kind::Current),
        }
        flow.times.extend_from_slice(&self.batch.timestamps[start..end]);
        flow.chunks.extend(self.chunks.iter().map(|it| Chunk { end: it.end - self.start, ..*it }));
    }
}

/// What a query may read besides its own state.
#[derive(Clone, Copy)]
pub(crate) struct World<'a> {
    pub tables: &'a [Table],
    pub windows: &'a [NamedWindow],
}

/// The `in` checks of one query.
struct Checks<'a> {
    tables: &'a [Table],
    checks: &'a [(usize, TableCondition)],
}

impl InTable for Checks<'_> {
    fn contains(&self, check: usize, scope: &Scope<'_>, place: usize) -> Result<bool, Fault> {
        match self.checks.get(check) {
            Some((table, condition)) => self.tables[*table].contains(condition, scope, place),
            None => Err(Fault::runtime("no such table check")),
        }
    }
}

/// What a query reads, at run time.
pub(crate) enum QueryInput {
    Single(Single),
    Join(Box<Join>),
}

/// A query at run time.
pub(crate) struct Query {
    pub name: String,
    pub input: QueryInput,
    pub selector: Selector,
    pub rate: Option<RateLimit>,
    pub output: OutputPlan,
    pub change: Option<Change>,
    pub checks: Vec<(usize, TableCondition)>,
    /// Who listens to the query itself.
    pub taps: Vec<u32>,
}

/// How a query's output changes the rows of a table.
pub(crate) struct Change {
    pub condition: TableCondition,
    pub set: Vec<(usize, Expr)>,
    /// Whether the row with the key is replaced by the output as a whole (gotcha 50).
    pub overwrites: bool,
}

impl Change {
    /// Replaces or adds one row of the table for each row of the output, by its key; whether the
    /// condition allows it.
    pub(crate) fn overwrite_each(
        &self,
        table: &mut Table,
        batch: &Batch,
        scope: &Scope<'_>,
        refused: &mut Vec<Refused>,
    ) -> Result<bool, Fault> {
        let Some(key) = table.single_key(&self.condition).filter(|_| self.overwrites) else {
            return Ok(false);
        };
        let keys = key.eval(scope)?;
        for place in 0..batch.len() {
            match table.find_one(&keys, place) {
                Some(row) => table.overwrite(row, batch, place),
                None => {
                    refused.extend(table.insert(batch.timestamps[place], batch.row(place)).err())
                }
            }
        }
        Ok(true)
    }

    /// Changes the rows that one output row means; how many there are.
    pub(crate) fn update(
        &self,
        table: &mut Table,
        scope: &Scope<'_>,
        place: usize,
    ) -> Result<usize, Fault> {
        let mut rows = Vec::new();
        table.find(&self.condition, scope, place, &mut rows)?;
        for row in &rows {
            let values = if self.overwrites {
                let columns = table.spec().types.len() as u16;
                (0..columns).map(|at| (at as usize, scope.value(0, at, place))).collect()
            } else {
                table.assigned(&self.set, 1, scope, place, *row)?
            };
            // A key that another row has is refused; the row stays as it was.
            let _changed = table.update(*row, &values);
        }
        Ok(rows.len())
    }
}

/// What a query asks of the engine besides its output.
#[derive(Default)]
pub(crate) struct Asked {
    pub wakes: Vec<(i64, Key, u8)>,
    pub faults: Vec<Fault>,
    pub notes: Vec<String>,
}

impl Query {
    /// Takes rows that arrived at an input (a side of a join).
    pub(crate) fn receive(
        &mut self,
        port: Port,
        delivery: &Delivery<'_>,
        world: World<'_>,
        random: &std::cell::Cell<u64>,
        asked: &mut Asked,
    ) -> Result<Selected, Fault> {
        let checks = Checks { tables: world.tables, checks: &self.checks };
        let (mut wakes, mut faults) = (Vec::new(), Vec::new());
        let mut cx = Cx { wakes: &mut wakes, faults: &mut faults, random, tables: Some(&checks) };
        let selected = match &mut self.input {
            QueryInput::Single(single) => {
                let selected =
                    single.receive(&mut cx, delivery, &mut self.selector, &mut asked.notes);
                asked.wakes.extend(wakes.into_iter().map(|(due, key)| (due, key, 0)));
                selected
            }
            QueryInput::Join(join) => {
                join.receive(port, &mut cx, delivery, world, &mut self.selector, asked)
            }
        };
        asked.faults.append(&mut faults);
        self.limited(selected)
    }

    /// A wake-up that part `part` of the query asked for.
    pub(crate) fn on_timer(
        &mut self,
        part: u8,
        now: i64,
        key: Key,
        world: World<'_>,
        random: &std::cell::Cell<u64>,
        asked: &mut Asked,
    ) -> Result<Selected, Fault> {
        let checks = Checks { tables: world.tables, checks: &self.checks };
        let (mut wakes, mut faults) = (Vec::new(), Vec::new());
        let mut cx = Cx { wakes: &mut wakes, faults: &mut faults, random, tables: Some(&checks) };
        let selected = match &mut self.input {
            QueryInput::Single(single) => {
                let selected =
                    single.on_timer(&mut cx, now, key, &mut self.selector, &mut asked.notes);
                asked.wakes.extend(wakes.into_iter().map(|(due, key)| (due, key, 0)));
                selected
            }
            QueryInput::Join(join) => {
                join.on_timer(part, &mut cx, now, key, world, &mut self.selector, asked)
            }
        };
        asked.faults.append(&mut faults);
        self.limited(selected)
    }

    fn limited(&mut self, selected: Result<Selected, Fault>) -> Result<Selected, Fault> {
        match &mut self.rate {
            Some(rate) => selected.map(|selected| rate.receive(&selected)),
            None => selected,
        }
    }

    /// The round of the rate limit is over for a key; what leaves.
    pub(crate) fn on_round(&mut self, now: i64, key: Key) -> Selected {
        self.rate.as_mut().map_or_else(Selected::default, |rate| rate.on_timer(now, key))
    }

    /// The least time between an event and a wake-up because of it.
    pub(crate) fn min_wait_ms(&self) -> Option<i64> {
        match &self.input {
            QueryInput::Single(single) => single.min_wait_ms(),
            QueryInput::Join(join) => join.min_wait_ms(),
        }
    }

    pub(crate) fn drop_key(&mut self, key: Key) {
        self.selector.drop_key(key);
        if let Some(rate) = &mut self.rate {
            rate.drop_key(key);
        }
        match &mut self.input {
            QueryInput::Single(single) => single.drop_key(key),
            QueryInput::Join(join) => join.drop_key(key),
        }
    }

    pub(crate) fn save(&self, w: &mut Writer) {
        self.selector.save(w);
        if let Some(rate) = &self.rate {
            rate.save(w);
        }
        match &self.input {
            QueryInput::Single(single) => single.save(w),
            QueryInput::Join(join) => join.save(w),
        }
    }

    pub(crate) fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.selector.load(r)?;
        if let Some(rate) = &mut self.rate {
            rate.load(r)?;
        }
        match &mut self.input {
            QueryInput::Single(single) => single.load(r),
            QueryInput::Join(join) => join.load(r),
        }
    }
}

/// Which input of a query a stream feeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    /// The only one.
    Only,
    /// The left side of a join.
    Left,
    /// The right side of a join.
    Right,
    /// Both sides of a join of a stream with itself: each chunk goes to the left side first.
    Both,
}
