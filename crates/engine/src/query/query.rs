//! A query at run time: its input, its selector, its rate limit.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::Key;
use weir_expr::Fault;
use weir_operators::Cx;
use weir_operators::cron::Cron;
use weir_operators::rate::RateLimit;
use weir_operators::select::{Selected, Selector};
use weir_plan::OutputPlan;
use weir_tables::{StoreFailure, Table};

use super::change::Change;
use super::checks::{Check, Checks, ready_checks};
use super::delivery::{Delivery, Port};
use super::join::Join;
use super::single::Single;
use super::state::State;
use crate::aggregation::NamedAggregation;
use crate::named_window::NamedWindow;

/// What a query may read besides its own state.
#[derive(Clone, Copy)]
pub(crate) struct World<'a> {
    pub tables: &'a [Table],
    pub windows: &'a [NamedWindow],
    pub aggregations: &'a [NamedAggregation],
}

/// What a query reads, at run time.
pub(crate) enum QueryInput {
    Single(Box<Single>),
    Join(Box<Join>),
    State(Box<State>),
}

impl QueryInput {
    /// About how many bytes the events it holds take.
    pub(crate) fn held_bytes(&self) -> u64 {
        match self {
            Self::Single(single) => single.held_bytes(),
            Self::Join(join) => join.single(0).held_bytes() + join.single(1).held_bytes(),
            Self::State(state) => state.held_bytes(),
        }
    }
}

/// A query at run time.
pub(crate) struct Query {
    pub name: String,
    pub input: QueryInput,
    pub selector: Selector,
    pub rate: Option<RateLimit>,
    pub output: OutputPlan,
    pub change: Option<Change>,
    pub checks: Vec<Check>,
    /// Who listens to the query itself.
    pub taps: Vec<u32>,
}

/// What a query asks of the engine besides its output.
#[derive(Default)]
pub(crate) struct Asked {
    pub wakes: Vec<(i64, Key, u8)>,
    pub faults: Vec<Fault>,
    pub notes: Vec<String>,
}

impl Query {
    /// The aggregation it reads, if it reads one.
    pub(crate) fn aggregation(&self) -> Option<usize> {
        match &self.input {
            QueryInput::Single(_) | QueryInput::State(_) => None,
            QueryInput::Join(join) => join.aggregation(),
        }
    }

    /// Readies at their stores what it asks of tables.
    ///
    /// # Errors
    ///
    /// A store cannot compute it.
    pub(crate) fn ready(&mut self, tables: &[Table]) -> Result<(), StoreFailure> {
        if let QueryInput::Join(join) = &mut self.input {
            join.ready(tables)?;
        }
        ready_checks(&mut self.checks, tables)?;
        self.change.as_mut().map_or(Ok(()), |change| change.ready(tables))
    }

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
                asked.wakes.append(&mut single.wakes);
                asked.wakes.extend(wakes.into_iter().map(|(due, key)| (due, key, 0)));
                selected
            }
            QueryInput::Join(join) => {
                join.receive(port, &mut cx, delivery, world, &mut self.selector, asked)
            }
            QueryInput::State(state) => {
                state.receive(port, &cx, delivery, &mut self.selector, asked)
            }
        };
        asked.faults.append(&mut faults);
        self.limited(selected)
    }

    /// The app starts, or a key comes into being; the wake-ups asked for because of it.
    pub(crate) fn start(&mut self, now: i64, key: Key) -> Vec<(i64, Key, u8)> {
        match &mut self.input {
            QueryInput::Single(single) => single.start(now, key),
            QueryInput::Join(join) => join.start(now, key),
            QueryInput::State(state) => state.start(now, key),
        }
    }

    /// A wake-up that part `part` of the query asked for.
    pub(crate) fn on_timer(
        &mut self,
        (part, now, key): (u8, i64, Key),
        world: World<'_>,
        random: &std::cell::Cell<u64>,
        asked: &mut Asked,
    ) -> Result<Selected, Fault> {
        let checks = Checks { tables: world.tables, checks: &self.checks };
        let (mut wakes, mut faults) = (Vec::new(), Vec::new());
        let mut cx = Cx { wakes: &mut wakes, faults: &mut faults, random, tables: Some(&checks) };
        let selected = match &mut self.input {
            QueryInput::Single(single) => {
                let selected = single.on_timer(
                    &mut cx,
                    (part, now, key),
                    &mut self.selector,
                    &mut asked.notes,
                );
                asked.wakes.append(&mut single.wakes);
                asked.wakes.extend(wakes.into_iter().map(|(due, key)| (due, key, 0)));
                selected
            }
            QueryInput::Join(join) => {
                join.on_timer((part, now, key), &mut cx, world, &mut self.selector, asked)
            }
            QueryInput::State(state) => state.on_timer(&cx, now, &mut self.selector, asked),
        };
        asked.faults.append(&mut faults);
        self.limited(selected)
    }

    fn limited(&mut self, selected: Result<Selected, Fault>) -> Result<Selected, Fault> {
        match &mut self.rate {
            Some(rate) => selected.map(|selected| rate.receive(&selected.gathered())),
            None => selected,
        }
    }

    /// The round of the rate limit is over for a key; what leaves.
    pub(crate) fn on_round(&mut self, now: i64, key: Key) -> Selected {
        self.rate.as_mut().map_or_else(Selected::default, |rate| rate.on_timer(now, key))
    }

    /// The cron expression of a window: of the only input, or of a side of a join.
    pub(crate) fn cron(&self, part: u8) -> Option<&Cron> {
        let single = match &self.input {
            QueryInput::Single(single) if part == 0 => single,
            QueryInput::Join(join) if part < 2 => join.single(part),
            QueryInput::Single(_) | QueryInput::Join(_) | QueryInput::State(_) => return None,
        };
        single.window.as_ref()?.cron()
    }

    /// The least time between an event and a wake-up because of it.
    pub(crate) fn min_wait_ms(&self) -> Option<i64> {
        match &self.input {
            QueryInput::Single(single) => single.min_wait_ms(),
            QueryInput::Join(join) => join.min_wait_ms(),
            QueryInput::State(_) => None,
        }
    }

    /// Forgets all about these partition keys, which are in order.
    pub(crate) fn drop_keys(&mut self, keys: &[Key]) {
        for key in keys {
            self.selector.drop_key(*key);
            if let Some(rate) = &mut self.rate {
                rate.drop_key(*key);
            }
        }
        match &mut self.input {
            QueryInput::Single(single) => keys.iter().for_each(|key| single.drop_key(*key)),
            QueryInput::Join(join) => join.drop_keys(keys),
            QueryInput::State(state) => keys.iter().for_each(|key| state.drop_key(*key)),
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
            QueryInput::State(state) => state.save(w),
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
            QueryInput::State(state) => state.load(r),
        }
    }
}
