//! A pattern or sequence: events of its streams in, complete matches out.

use std::sync::Arc;

use weir_event::{Chunk, Column, Key};
use weir_expr::{Fault, Input, Rows, Scope, Source, Vector};

use super::arm::Run;
use super::condition::{Arriving, seen};
use super::index::Index;
use super::kept::Kept;
use super::list::NONE;
use super::machine::Machine;
use super::matches::Matches;
use super::offer::Trial;
use super::partial::{Partials, Slot};
use super::spec::PatternSpec;
use super::state::{State, dirty_bit};
use super::wiring::Waits;
use crate::cx::Cx;
use crate::select::{Selected, Selector};

/// Events that arrive at one stream of a pattern.
#[derive(Debug, Clone, Copy)]
pub struct Events<'a> {
    /// The attributes named by [`PatternSpec::streams`].
    pub columns: &'a [Arc<Column>],
    /// When each event happened.
    pub timestamps: &'a [i64],
    /// The first row.
    pub start: u32,
    /// The chunks; their ends are counted as rows.
    pub chunks: &'a [Chunk],
}

/// A pattern or sequence: holds partial matches of all partition keys.
///
/// Each element has partial matches that wait for its next event. An event is tried with the last
/// element first, so that it cannot be taken twice in a row; partial matches that come about while
/// an event is tried wait for the next one.
#[derive(Debug)]
pub struct Pattern {
    pub(super) machine: Machine,
    pub(super) state: State,
    /// By row and feed element: whether what the event alone has to meet is met.
    marks: Vec<u64>,
    places: Vec<u32>,
}

impl Pattern {
    /// A pattern that has seen nothing.
    #[must_use]
    pub fn new(spec: &PatternSpec) -> Self {
        let (machine, totals) = Machine::new(spec);
        let steps = &machine.wiring.steps;
        let layout: Vec<Slot> = steps
            .iter()
            .map(|step| Slot {
                stream: step.stream,
                counted: matches!(step.waits, Waits::Count { .. }),
                starts: step.starts,
            })
            .collect();
        let views = (0..spec.views.len() as u16).filter_map(|slot| {
            let seen = seen(spec, &machine.wiring.numbers, slot)?;
            let Slot { stream, counted, .. } = layout[seen.step];
            Some((seen, stream, counted, spec.selected[slot as usize]))
        });
        let matches = Matches::new(views);
        let indexes =
            machine.conditions.iter().map(|it| it.keyed.is_some().then(Index::default)).collect();
        let mut partials = Partials::new(layout);
        let blank = if machine.straight {
            let blank = partials.fresh();
            partials.hold(blank);
            blank
        } else {
            NONE
        };
        let state = State {
            kept: spec.streams.iter().map(|types| Kept::new(types)).collect(),
            complete: vec![false; steps.len()],
            totals,
            partials,
            entries: Default::default(),
            indexes,
            waiting: Vec::new(),
            keys: Vec::new(),
            straight: Vec::new(),
            trying: vec![NONE; steps.len()],
            blank,
            matches,
            unsettled: Vec::new(),
            alarms: Default::default(),
            wakes: Vec::new(),
        };
        Self { machine, state, marks: Vec::new(), places: Vec::new() }
    }

    /// A partition key, or the app, comes into being at `now`.
    pub fn begin(&mut self, key: Key, now: i64) {
        self.run(key, now).begin();
    }

    pub(super) fn run(&mut self, key: Key, now: i64) -> Run<'_> {
        Run { machine: &self.machine, state: &mut self.state, key: key.0, now }
    }

    /// About how many bytes the events that partial matches hold take.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        self.state.partials.held_bytes()
            + self.state.kept.iter().map(|kept| kept.store.held_bytes()).sum::<u64>()
    }

    /// Takes events of one stream; complete matches are kept for [`Self::select`].
    ///
    /// # Errors
    ///
    /// A condition could not be computed; what was taken before stays.
    pub fn receive(
        &mut self,
        cx: &Cx<'_>,
        stream: usize,
        events: &Events<'_>,
    ) -> Result<(), Fault> {
        self.state.matches.begin(&mut self.state.kept);
        let end = events.chunks.last().map_or(events.start, |chunk| chunk.end);
        let Events { columns, timestamps, .. } = *events;
        let env = cx.env(events.chunks.last().map_or(0, |chunk| chunk.now));
        let source = Source::Batch { columns, timestamps };
        let inputs = [Input::new(source, Rows::From(events.start))];
        let scope = Scope { inputs: &inputs, len: (end - events.start) as usize, env: &env };
        self.mark(stream, &scope)?;
        let values = self.values(stream, &scope)?;
        let mut start = events.start;
        for chunk in events.chunks {
            let env = cx.env(chunk.now);
            let marks = &self.marks;
            let machine = &self.machine;
            let mut run = Run { machine, state: &mut self.state, key: chunk.key.0, now: chunk.now };
            run.begin();
            for row in start..chunk.end {
                let place = (row - events.start) as usize;
                if marks[place] == 0 && run.is_idle(stream, timestamps[row as usize]) {
                    continue;
                }
                let arriving = Arriving { columns, timestamps, row: row as usize };
                let offered =
                    Offered { marks: marks[place], values: &values, place, arriving, env: &env };
                let taken = if machine.straight {
                    run.straight_event(stream, &offered)
                } else {
                    run.event(stream, &offered)
                };
                if let Err(fault) = taken {
                    run.end_chunk();
                    return Err(fault);
                }
            }
            run.end_chunk();
            run.forget_tried();
            start = chunk.end;
        }
        Ok(())
    }

    /// Notes for each event which elements may take it as far as it alone is concerned.
    fn mark(&mut self, stream: usize, scope: &Scope<'_>) -> Result<(), Fault> {
        self.marks.clear();
        self.marks.resize(scope.len, 0);
        for (at, step) in self.machine.wiring.feeds[stream].elements.iter().enumerate() {
            let bit = 1u64 << at;
            match &self.machine.conditions[*step].alone {
                None => self.marks.iter_mut().for_each(|mark| *mark |= bit),
                Some(alone) => {
                    self.places.clear();
                    alone.select(scope, &mut self.places)?;
                    self.places.iter().for_each(|place| self.marks[*place as usize] |= bit);
                }
            }
        }
        Ok(())
    }

    /// The values that waiting partial matches are found by, for each element of a stream.
    fn values<'a>(
        &self,
        stream: usize,
        scope: &Scope<'a>,
    ) -> Result<Vec<Option<Vector<'a>>>, Fault> {
        let elements = &self.machine.wiring.feeds[stream].elements;
        let keyed = |step: &usize| self.machine.conditions[*step].keyed.as_ref();
        elements.iter().map(|step| keyed(step).map(|on| on.value.eval(scope)).transpose()).collect()
    }

    /// A wake-up came that was asked for: absent elements whose time is over speak.
    pub fn on_timer(&mut self, now: i64) {
        self.state.matches.begin(&mut self.state.kept);
        for rank in 0..self.machine.wiring.alarms.len() as u32 {
            for key in self.state.alarms.due(rank, now) {
                let mut run = self.run(Key(key), now);
                while let Some(due) = run.state.alarms.take(rank, key, now) {
                    run.silence(run.machine.wiring.alarms[rank as usize], due);
                }
                if let Some(next) = self.state.alarms.next(rank, key) {
                    self.state.wakes.push((next, Key(key)));
                }
            }
        }
    }

    /// What a selector makes of the matches of the last call, each of them a chunk.
    ///
    /// # Errors
    ///
    /// An expression could not be computed.
    pub fn select(&self, cx: &Cx<'_>, selector: &mut Selector) -> Result<Selected, Fault> {
        self.state.matches.select(cx, &self.state.kept, selector)
    }

    /// Takes the wake-ups asked for: when, and for which key.
    pub fn take_wakes(&mut self) -> std::vec::Drain<'_, (i64, Key)> {
        self.state.wakes.drain(..)
    }

    /// Whether wake-ups are ever asked for.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        self.machine.wiring.steps.iter().any(|step| step.waits.is_absent())
    }

    /// Forgets everything of one key.
    pub fn drop_key(&mut self, key: Key) {
        let steps = self.machine.wiring.steps.len();
        if key.0 as usize >= self.state.keys.len() {
            return;
        }
        if self.machine.straight {
            for partial in &mut self.state.straight[key.0 as usize * steps..][..steps] {
                let partial = std::mem::replace(partial, NONE);
                if partial != NONE {
                    self.state.partials.release(partial, &mut self.state.kept);
                }
            }
        }
        let mut run = self.run(key, 0);
        for step in 0..steps {
            run.clear_pending(step);
            run.clear_fresh(step);
            *run.waiting(step) = Default::default();
        }
        self.state.keys[key.0 as usize] = Default::default();
        self.state.totals.iter_mut().for_each(|it| it.drop_key(key));
        self.state.alarms.drop_key(steps as u32, key.0);
    }
}

/// An event as all elements of its stream see it.
pub(super) struct Offered<'a> {
    pub(super) marks: u64,
    pub(super) values: &'a [Option<Vector<'a>>],
    pub(super) place: usize,
    pub(super) arriving: Arriving<'a>,
    pub(super) env: &'a weir_expr::Env<'a>,
}

impl Run<'_> {
    /// Whether an event that no element may take changes nothing at all.
    #[inline]
    fn is_idle(&mut self, stream: usize, time: i64) -> bool {
        if !self.machine.idles[stream] {
            return false;
        }
        let key = &mut self.state.keys[self.key as usize];
        if key.dirty & dirty_bit(stream) != 0 {
            return false;
        }
        if self.machine.within_ms.is_some() {
            if time > key.next_expiry || time < key.newest {
                return false;
            }
            key.newest = time;
        }
        true
    }

    /// One event of a stream: what is too old goes, what is new begins to wait, and the event is
    /// tried with the last element first.
    fn event(&mut self, stream: usize, offered: &Offered<'_>) -> Result<(), Fault> {
        let time = offered.arriving.time();
        if self.machine.within_ms.is_some() {
            if self.may_expire(time) {
                self.expire(time);
            }
            let newest = &mut self.state.keys[self.key as usize].newest;
            *newest = time.max(*newest);
        }
        let machine = self.machine;
        let feed = &machine.wiring.feeds[stream];
        if machine.sequence {
            for step in &machine.wiring.resets {
                self.reset(*step);
            }
            for step in &machine.wiring.updates {
                self.update(*step);
            }
        } else {
            self.update_stream(stream);
        }
        let several = feed.elements.len() > 1;
        for (at, step) in feed.elements.iter().enumerate().rev() {
            let alone = offered.marks >> at & 1 == 1;
            if !alone && machine.skips[*step] {
                continue;
            }
            let trial = Trial {
                arriving: offered.arriving,
                env: offered.env,
                alone,
                value: offered.values[at].as_ref(),
                place: offered.place,
                emits: feed.emits,
                together: several,
                emitted: NONE,
            };
            self.offer(*step, trial)?;
        }
        self.state.kept[stream].done();
        Ok(())
    }

    /// New partial matches of a pattern's elements begin to wait at the next event of their stream.
    #[inline]
    fn update_stream(&mut self, stream: usize) {
        let bit = dirty_bit(stream);
        let dirty = &mut self.state.keys[self.key as usize].dirty;
        if *dirty & bit == 0 {
            return;
        }
        if stream < 63 {
            *dirty &= !bit;
        }
        for at in 0..self.machine.wiring.feeds[stream].elements.len() {
            self.update(self.machine.wiring.feeds[stream].elements[at]);
        }
    }
}
