//! Sequences of single and counted elements, one after the other: at most one partial match waits
//! at each element, so that no lists are needed.

use weir_expr::Fault;

use super::arm::Run;
use super::list::NONE;
use super::offer::Trial;
use super::pattern::Offered;
use super::spec::{PatternSpec, StateSpec};
use super::state::State;
use super::wiring::{Step, Waits};

/// Whether a pattern is such a sequence; a counted start that may be left out is not.
pub(super) fn is_straight(spec: &PatternSpec) -> bool {
    let plain = |element: u16| spec.elements[element as usize].absent.is_none();
    let StateSpec::Next(parts) = &spec.root else { return false };
    let mut parts = parts.iter();
    let first = match parts.next() {
        Some(StateSpec::Every(inner)) => &**inner,
        Some(first) => first,
        None => return false,
    };
    let StateSpec::Element(start) = first else { return false };
    let required = spec.elements[*start as usize].count.is_none_or(|count| count.min > 0);
    let rest = parts.all(|it| matches!(it, StateSpec::Element(element) if plain(*element)));
    spec.sequence && plain(*start) && required && rest
}

impl Run<'_> {
    /// The key's partial matches in the making.
    fn straight(&mut self) -> &mut [u32] {
        let steps = self.machine.wiring.steps.len();
        let start = self.key as usize * steps;
        &mut self.state.straight[start..start + steps]
    }

    /// One event of a straight sequence.
    pub(super) fn straight_event(
        &mut self,
        stream: usize,
        offered: &Offered<'_>,
    ) -> Result<(), Fault> {
        if let Some(within) = self.machine.within_ms {
            self.drop_old(offered.arriving.time(), within);
        }
        self.shift();
        let machine = self.machine;
        let feed = &machine.wiring.feeds[stream];
        let several = feed.elements.len() > 1;
        for (at, step) in feed.elements.iter().enumerate().rev() {
            let partial = std::mem::replace(&mut self.state.trying[*step], NONE);
            if partial == NONE {
                continue;
            }
            let mut trial = Trial {
                arriving: offered.arriving,
                env: offered.env,
                alone: offered.marks >> at & 1 == 1,
                value: None,
                place: offered.place,
                emits: feed.emits,
                together: several,
                emitted: NONE,
            };
            match machine.wiring.steps[*step].waits {
                Waits::Count { min, max } => {
                    self.straight_count(*step, partial, (min, max), &mut trial)?;
                }
                Waits::One
                | Waits::Operand { .. }
                | Waits::Absent { .. }
                | Waits::AbsentOperand { .. } => self.straight_one(*step, partial, &mut trial)?,
            }
        }
        self.state.kept[stream].done();
        Ok(())
    }

    fn drop_old(&mut self, time: i64, within: i64) {
        for step in 0..self.machine.wiring.steps.len() {
            let partial = self.straight()[step];
            if partial == NONE || partial == self.state.blank {
                continue;
            }
            if self.state.partials.is_too_old(partial, time, within, &self.state.kept) {
                self.straight()[step] = NONE;
                self.release(partial);
            }
        }
    }

    /// What the event before left waiting goes; what it made is tried with this one.
    fn shift(&mut self) {
        let steps = self.machine.wiring.steps.len();
        let State { straight, trying, partials, kept, .. } = &mut *self.state;
        let start = self.key as usize * steps;
        for (made, trying) in straight[start..start + steps].iter_mut().zip(trying.iter_mut()) {
            let left = std::mem::replace(trying, std::mem::replace(made, NONE));
            if left != NONE {
                partials.release(left, kept);
            }
        }
        if self.state.trying[0] == NONE {
            let every = self.machine.wiring.steps[0].next_every.is_some();
            let initialized = &mut self.state.waiting[start].initialized;
            if every || !*initialized {
                *initialized = true;
                let blank = self.state.blank;
                self.state.partials.hold(blank);
                self.state.trying[0] = blank;
            }
        }
    }

    /// What the last event of the chunk left waiting goes: other keys use the same places.
    pub(super) fn forget_tried(&mut self) {
        let State { trying, partials, kept, .. } = &mut *self.state;
        for partial in trying.iter_mut() {
            let partial = std::mem::replace(partial, NONE);
            if partial != NONE {
                partials.release(partial, kept);
            }
        }
    }

    /// A partial match that may be changed: what has taken nothing is shared by all.
    #[inline]
    fn own(&mut self, partial: u32) -> u32 {
        if partial != self.state.blank {
            return partial;
        }
        let own = self.state.partials.fresh();
        self.state.partials.hold(own);
        self.release(partial);
        own
    }

    fn straight_one(
        &mut self,
        step: usize,
        partial: u32,
        trial: &mut Trial<'_>,
    ) -> Result<(), Fault> {
        if !self.holds(step, partial, trial)? {
            self.look(step, partial, trial);
            self.release(partial);
            return Ok(());
        }
        let partial = self.own(partial);
        let row = self.take(step, trial);
        self.state.partials.set(partial, step, row, &mut self.state.kept);
        self.state.partials.head_mut(partial).time = trial.arriving.time();
        let Step { next, next_every, completes, .. } = *self.step(step);
        if completes {
            self.state.complete[step] = true;
        }
        if let Some(next) = next {
            self.pass(next, partial);
        }
        if next_every.is_some() && self.straight()[0] == NONE {
            let blank = self.state.blank;
            self.state.partials.hold(blank);
            self.straight()[0] = blank;
        }
        self.look(step, partial, trial);
        self.release(partial);
        Ok(())
    }

    fn straight_count(
        &mut self,
        step: usize,
        partial: u32,
        (min, max): (u32, u32),
        trial: &mut Trial<'_>,
    ) -> Result<(), Fault> {
        let steps = self.machine.wiring.steps.len();
        let went_on = |step: usize| step < steps && self.state.partials.has(partial, step);
        if went_on(step + 1) || went_on(step + 2) {
            self.release(partial);
            return Ok(());
        }
        if !self.holds(step, partial, trial)? {
            self.look(step, partial, trial);
            self.release(partial);
            return Ok(());
        }
        let partial = self.own(partial);
        let row = self.take(step, trial);
        self.state.partials.add(partial, step, row, &mut self.state.kept);
        self.state.partials.head_mut(partial).time = trial.arriving.time();
        let count = self.state.partials.chain(partial, step).len() as u32;
        let Step { next, completes, .. } = *self.step(step);
        if count >= min
            && let Some(next) = next
        {
            self.pass(next, partial);
        }
        if completes && count == min {
            self.state.complete[step] = true;
        } else if count != max {
            self.pass(step, partial);
        }
        self.look(step, partial, trial);
        self.release(partial);
        Ok(())
    }

    /// A partial match goes to an element, unless one is there already; one that needs no event
    /// there goes on at once.
    fn pass(&mut self, step: usize, partial: u32) {
        let mut step = step;
        loop {
            let place = &mut self.straight()[step];
            if *place == NONE {
                *place = partial;
                self.state.partials.hold(partial);
            }
            let Step { waits, next, completes, .. } = *self.step(step);
            if !matches!(waits, Waits::Count { min: 0, .. })
                || self.state.partials.has(partial, step)
            {
                return;
            }
            if completes {
                self.state.complete[step] = true;
            }
            let Some(next) = next else { return };
            step = next;
        }
    }
}
