//! An aggregation at run time: events in, periods closed and rolled up.

use weir_expr::{Fault, Scope, Vals, Vector};

use crate::groups::Groups;
use crate::open::Open;
use crate::rows::{Rows, Shape};
use crate::spec::{PartSpec, Shown, Spec, parts};
use crate::within::time_of_text;

/// The periods of one length: the one going on and those that are over.
#[derive(Debug)]
pub(crate) struct Level {
    /// When the present period began; `None` before the first event.
    pub start: Option<i64>,
    /// When it is over.
    pub next: i64,
    pub open: Open,
    /// By closed row: when its period began.
    pub closed_at: Vec<i64>,
    pub closed: Rows,
    /// How many of these were handed out to whoever keeps them outside.
    pub handed_out: usize,
}

impl Level {
    pub(crate) fn new(shape: &Shape) -> Self {
        Self {
            start: None,
            next: i64::MIN,
            open: Open::new(shape),
            closed_at: Vec::new(),
            closed: Rows::new(shape),
            handed_out: 0,
        }
    }
}

/// A `define aggregation` at run time.
///
/// Only the finest period is touched when an event arrives; when it is over, its rows go into the
/// next longer one. Periods close by the time that callers bring, never by a clock.
#[derive(Debug)]
pub struct Aggregation {
    pub(crate) spec: Spec,
    pub(crate) shape: Shape,
    pub(crate) parts: Vec<PartSpec>,
    pub(crate) shown: Vec<Shown>,
    pub(crate) groups: Groups,
    /// Finest first.
    pub(crate) levels: Vec<Level>,
    /// Set when a purge found that a longer period lacks what would go.
    pub(crate) purge_halted: bool,
    /// What purges let go of, to be told to whoever keeps it outside.
    pub(crate) purged: Vec<(usize, i64)>,
    /// Rows on their way up.
    moving: Rows,
    numbers: Vec<u32>,
    targets: Vec<u32>,
}

impl Aggregation {
    /// An aggregation that has seen nothing.
    #[must_use]
    pub fn new(spec: Spec) -> Self {
        let (parts, shown) = parts(&spec.items);
        let shape = Shape {
            parts: parts.iter().map(|it| it.part).collect(),
            timed: spec.by.is_some(),
            newest_by_time: spec.newest_by_time && spec.by.is_some(),
        };
        Self {
            groups: Groups::new(spec.group_by.len()),
            levels: spec.periods.iter().map(|_| Level::new(&shape)).collect(),
            purge_halted: false,
            purged: Vec::new(),
            moving: Rows::new(&shape),
            numbers: Vec::new(),
            targets: Vec::new(),
            spec,
            shape,
            parts,
            shown,
        }
    }

    /// Takes the events of a scope. Each chunk is given by the place after its last event and the
    /// app's clock; clocks never go back.
    ///
    /// # Errors
    ///
    /// An event could not be computed, or has no time; none was taken.
    pub fn receive(
        &mut self,
        scope: &Scope<'_>,
        chunks: impl Iterator<Item = (usize, i64)>,
    ) -> Result<(), Fault> {
        let times = self.times(scope)?;
        let keys: Vec<_> =
            self.spec.group_by.iter().map(|by| by.eval(scope)).collect::<Result<_, _>>()?;
        let args: Vec<_> = self
            .parts
            .iter()
            .map(|part| part.arg.as_ref().map_or(Ok(Vector::Null), |arg| arg.eval(scope)))
            .collect::<Result<_, _>>()?;
        let mut numbers = std::mem::take(&mut self.numbers);
        numbers.clear();
        self.groups.number(&keys, scope.len, &mut numbers);
        let (mut from, mut to) = (0, 0);
        let mut taken = Ok(());
        for (end, now) in chunks {
            if now >= self.levels[0].next {
                taken = taken.and(self.take(from..to, &numbers, &times, &args));
                from = to;
                self.enter(0, now);
            }
            to = end;
        }
        taken = taken.and(self.take(from..to, &numbers, &times, &args));
        self.numbers = numbers;
        taken
    }

    /// The time of each event; empty where the app's clock counts.
    fn times(&self, scope: &Scope<'_>) -> Result<Vec<i64>, Fault> {
        let Some(by) = &self.spec.by else { return Ok(Vec::new()) };
        let values = by.eval(scope)?;
        if let Vector::Long(Vals::Each { data, nulls: None }) = &values {
            return Ok(data.to_vec());
        }
        let time = |place| {
            let value = values.value(place);
            match (value.as_i64(), value.as_text()) {
                (Some(time), _) => Ok(time),
                (None, Some(text)) => time_of_text(text),
                (None, None) => Err(Fault::runtime("the event has no time to aggregate by")),
            }
        };
        (0..scope.len).map(time).collect()
    }

    /// Adds events to the present finest period.
    fn take(
        &mut self,
        range: std::ops::Range<usize>,
        numbers: &[u32],
        times: &[i64],
        args: &[Vector<'_>],
    ) -> Result<(), Fault> {
        if range.is_empty() {
            return Ok(());
        }
        let (calendar, period) = (&self.spec.calendar, self.spec.periods[0]);
        let open = &mut self.levels[0].open;
        self.targets.clear();
        let (mut start, mut next) = (0, 0);
        let began = |place: usize| {
            let time = times[range.start + place];
            if time < start || time >= next {
                start = calendar.start_of(time, period);
                next = calendar.next_after(time, period);
            }
            start
        };
        open.rows_of(&numbers[range.clone()], began, &mut self.targets);
        open.rows.fit();
        let fresh = match times.get(range.clone()) {
            Some(times) => open.rows.fresh(&self.targets, times),
            None => None,
        };
        for (cells, arg) in open.rows.cells.iter_mut().zip(args) {
            cells.take(&self.targets, arg, range.start, fresh.as_deref())?;
        }
        Ok(())
    }

    /// About how many bytes its groups and periods take.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        let rows = |level: &Level| level.open.rows.held_bytes() + level.closed.held_bytes();
        self.groups.held_bytes() + self.levels.iter().map(rows).sum::<u64>()
    }

    /// The clock shows `now`: periods that are over by then close.
    pub fn advance(&mut self, now: i64) {
        if self.levels[0].start.is_some() && now >= self.levels[0].next {
            self.enter(0, now);
        }
    }

    /// Something of time `time` reaches a level: a period that is over closes first.
    pub(crate) fn enter(&mut self, level: usize, time: i64) {
        let period = self.spec.periods[level];
        let before = self.levels[level].start;
        let start = self.spec.calendar.start_of(time, period);
        let over = time >= self.levels[level].next;
        self.levels[level].start = Some(start);
        if over {
            self.levels[level].next = self.spec.calendar.next_after(time, period);
            if let Some(before) = before {
                self.close(level, before);
            }
            if level + 1 < self.levels.len() {
                self.enter(level + 1, start);
            }
        }
    }

    /// The rows of a level, whose period began at `start`, are kept and go into the next longer
    /// one.
    fn close(&mut self, level: usize, start: i64) {
        if self.levels[level].open.rows.is_empty() {
            return;
        }
        let mut moving = std::mem::replace(&mut self.moving, Rows::new(&self.shape));
        let closing = &mut self.levels[level];
        closing.open.take(&mut moving);
        closing.closed_at.resize(closing.closed_at.len() + moving.len(), start);
        closing.closed.extend(&moving);
        if level + 1 < self.levels.len() {
            self.enter(level + 1, start);
            self.merge_into(level + 1, &moving);
        }
        self.moving = moving;
    }

    /// Rows of a finer level go into the period of this one that is going on.
    pub(crate) fn merge_into(&mut self, level: usize, rows: &Rows) {
        let period = self.spec.periods[level];
        let open = &mut self.levels[level].open;
        self.targets.clear();
        let began = |row: usize| self.spec.calendar.start_of(rows.times[row], period);
        open.rows_of(&rows.groups, began, &mut self.targets);
        open.rows.merge(rows, &self.targets);
    }
}
