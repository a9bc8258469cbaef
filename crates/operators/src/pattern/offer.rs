//! An event is tried with what waits at one element.

use weir_event::{Key, NO_ROW};
use weir_expr::{Env, Fault, Vector};

use super::arm::Run;
use super::condition::{Arriving, Sight};
use super::index::{arriving, stored};
use super::list::NONE;
use super::partial::SILENCE;
use super::state::State;
use super::wiring::{Step, Waits};

/// An event on its way through the elements of its stream.
#[derive(Clone, Copy)]
pub(super) struct Trial<'a> {
    pub(super) arriving: Arriving<'a>,
    pub(super) env: &'a Env<'a>,
    /// Whether what the event alone has to meet is met.
    pub(super) alone: bool,
    /// The value that waiting partial matches are found by.
    pub(super) value: Option<&'a Vector<'a>>,
    /// Where the event stands among the values.
    pub(super) place: usize,
    /// Whether complete matches leave.
    pub(super) emits: bool,
    /// Whether complete matches of one event and element leave together.
    pub(super) together: bool,
    /// The last match of this event and element that was put out.
    pub(super) emitted: u32,
}

impl Run<'_> {
    /// Tries an event with everything that waits at an element.
    pub(super) fn offer(&mut self, step: usize, mut trial: Trial<'_>) -> Result<(), Fault> {
        match self.step(step).waits {
            Waits::One | Waits::Absent { .. } => self.offer_one(step, &mut trial),
            Waits::Count { min, max } => self.offer_counted(step, (min, max), &mut trial),
            Waits::Operand { and, partner } => self.offer_operand(step, and, partner, &mut trial),
            Waits::AbsentOperand { and, partner, for_ms } => {
                self.offer_absent_operand(step, (and, partner, for_ms), &mut trial)
            }
        }
    }

    #[inline]
    pub(super) fn holds(
        &mut self,
        step: usize,
        partial: u32,
        trial: &Trial<'_>,
    ) -> Result<bool, Fault> {
        if !trial.alone {
            return Ok(false);
        }
        let State { partials, kept, totals, .. } = &mut *self.state;
        let sight = Sight { partials, kept, arriving: trial.arriving, partial, step };
        self.machine.conditions[step].holds(&sight, trial.env, totals, Key(self.key))
    }

    /// The number of the event being tried, which is kept from now on.
    #[inline]
    pub(super) fn take(&mut self, step: usize, trial: &Trial<'_>) -> u32 {
        let Arriving { columns, row, .. } = trial.arriving;
        let stream = self.step(step).stream;
        self.state.kept[stream].take(columns, trial.arriving.time(), row)
    }

    /// A complete match is put out where the original looks for one.
    #[inline]
    pub(super) fn look(&mut self, step: usize, partial: u32, trial: &mut Trial<'_>) -> bool {
        let looks_at = self.step(step).looks_at;
        if !std::mem::take(&mut self.state.complete[looks_at]) {
            return false;
        }
        // What an absent element completes leaves when its time is over, not when an event comes.
        // One that waits twice at an element leaves once.
        let again = trial.emitted == partial;
        if trial.emits && !again && !self.step(step).waits.is_absent() {
            let joins = trial.together && trial.emitted != NONE;
            self.emit_in_chunk(partial, joins, !trial.together);
            trial.emitted = partial;
        }
        true
    }

    /// The next entry to try: of those with the event's value, or of all.
    fn first_entry(&mut self, step: usize, trial: &Trial<'_>) -> u32 {
        let (Some(index), Some(on)) =
            (&self.state.indexes[step], &self.machine.conditions[step].keyed)
        else {
            return self.waiting(step).pending.head;
        };
        let Some(value) = trial.value.and_then(|it| arriving(it, trial.place, on.by)) else {
            return NONE;
        };
        let hash = value.hash(self.key, &self.machine.hasher);
        let column = &self.state.kept[self.step(on.step).stream].store.columns()[on.column];
        index.find(hash, self.key, |head| {
            let partial = self.state.entries.at(head).partial;
            stored(column, self.state.partials.first(partial, on.step), on.by) == Some(value)
        })
    }

    fn offer_one(&mut self, step: usize, trial: &mut Trial<'_>) -> Result<(), Fault> {
        let Step { waits, rearms, .. } = *self.step(step);
        let absent = waits.is_absent();
        if absent && self.waiting(step).over {
            return Ok(());
        }
        let sequence = self.machine.sequence;
        if !sequence && !trial.alone && self.machine.skips[step] {
            return Ok(());
        }
        let keyed = self.machine.conditions[step].keyed.is_some();
        let mut entry = self.first_entry(step, trial);
        while entry != NONE {
            let it = *self.state.entries.at(entry);
            let after = if keyed { it.bucket_after } else { it.after };
            let holds = self.holds(step, it.partial, trial)?;
            if holds {
                let row = self.take(step, trial);
                self.state.partials.set(it.partial, step, row, &mut self.state.kept);
                self.state.partials.hold(it.partial);
                self.taken(step, it.partial, trial.arriving.time());
                self.look(step, it.partial, trial);
                self.remove_pending(step, entry);
                self.release(it.partial);
            } else {
                self.look(step, it.partial, trial);
                if self.state.partials.has(it.partial, step) {
                    self.state.partials.set(it.partial, step, NO_ROW, &mut self.state.kept);
                }
                if sequence && !absent {
                    self.remove_pending(step, entry);
                }
                if sequence && let Some(start) = rearms {
                    self.waiting(start).rearm = true;
                }
            }
            entry = after;
        }
        Ok(())
    }

    /// An element has taken an event.
    fn taken(&mut self, step: usize, partial: u32, time: i64) {
        let it = *self.step(step);
        match it.waits {
            Waits::Absent { for_ms } => {
                self.state.partials.head_mut(partial).time = time;
                self.state.complete[step] = true;
                if it.starts && it.next_every == Some(step) {
                    self.add_every(step, partial);
                }
                let due = time.saturating_add(for_ms);
                self.waiting(step).last_time = due;
                self.wake(step, due);
            }
            Waits::One | Waits::Count { .. } | Waits::Operand { .. } => {
                self.pass_on(&it, step, partial, time);
            }
            Waits::AbsentOperand { .. } => {
                self.state.complete[step] = true;
                self.waiting(step).last_time = time;
            }
        }
    }

    /// A partial match goes on to what follows its element.
    fn pass_on(&mut self, it: &Step, step: usize, partial: u32, time: i64) {
        self.state.partials.head_mut(partial).time = time;
        if it.completes {
            self.state.complete[step] = true;
        }
        self.follow(it, partial);
    }

    /// A partial match goes to the next element and begins its `every` again.
    pub(super) fn follow(&mut self, it: &Step, partial: u32) {
        if let Some(next) = it.next {
            self.add(next, partial);
        }
        if let Some(every) = it.next_every {
            self.add_every(every, partial);
        }
        if let Some(start) = it.rearms {
            self.waiting(start).rearm = true;
        }
    }

    fn offer_counted(
        &mut self,
        step: usize,
        (min, max): (u32, u32),
        trial: &mut Trial<'_>,
    ) -> Result<(), Fault> {
        let steps = self.machine.wiring.steps.len();
        let sequence = self.machine.sequence;
        let mut entry = self.waiting(step).pending.head;
        while entry != NONE {
            let it = *self.state.entries.at(entry);
            let went_on = |step: usize| step < steps && self.state.partials.has(it.partial, step);
            if went_on(step + 1) || went_on(step + 2) {
                self.remove_pending(step, entry);
                entry = it.after;
                continue;
            }
            let holds = self.holds(step, it.partial, trial)?;
            self.state.partials.hold(it.partial);
            let start = self.state.partials.head(it.partial).start;
            let mut done = !holds && sequence;
            if holds {
                let row = self.take(step, trial);
                self.state.partials.add(it.partial, step, row, &mut self.state.kept);
                let count = self.state.partials.chain(it.partial, step).len() as u32;
                self.state.partials.head_mut(it.partial).time = trial.arriving.time();
                self.note_start(entry, start);
                done = self.counted(step, it.partial, count, (min, max));
            }
            self.look(step, it.partial, trial);
            if done {
                self.remove_pending(step, entry);
            }
            self.release(it.partial);
            entry = it.after;
        }
        Ok(())
    }

    /// A counted element has taken its `count`-th event; whether it takes no more.
    ///
    /// In the original's sequences one that needs two or more events, or that stands last, never
    /// has enough.
    fn counted(&mut self, step: usize, partial: u32, count: u32, (min, max): (u32, u32)) -> bool {
        let mut done = count == max;
        if self.machine.sequence {
            let Step { next, completes, .. } = *self.step(step);
            if count >= min
                && let Some(next) = next
            {
                self.add(next, partial);
            }
            if completes && count == min {
                self.state.complete[step] = true;
                done = true;
            } else if count != max {
                self.add(step, partial);
            }
        } else if count == min {
            done |= self.reach_min(step, partial);
        }
        done
    }

    fn offer_operand(
        &mut self,
        step: usize,
        and: bool,
        partner: usize,
        trial: &mut Trial<'_>,
    ) -> Result<(), Fault> {
        let mut entry = self.waiting(step).pending.head;
        while entry != NONE {
            let it = *self.state.entries.at(entry);
            if !and && self.state.partials.has(it.partial, partner) {
                self.remove_pending(step, entry);
                entry = it.after;
                continue;
            }
            let holds = self.holds(step, it.partial, trial)?;
            self.state.partials.hold(it.partial);
            let start = self.state.partials.head(it.partial).start;
            if holds {
                let row = self.take(step, trial);
                self.state.partials.set(it.partial, step, row, &mut self.state.kept);
                self.note_start(entry, start);
                self.taken_operand(step, it.partial, (and, partner), trial.arriving.time());
            }
            self.look(step, it.partial, trial);
            if !holds && self.state.partials.has(it.partial, step) {
                self.state.partials.set(it.partial, step, NO_ROW, &mut self.state.kept);
                self.note_start(entry, start);
            }
            if holds || self.machine.sequence {
                self.remove_pending(step, entry);
            }
            self.release(it.partial);
            entry = it.after;
        }
        Ok(())
    }

    fn taken_operand(
        &mut self,
        step: usize,
        partial: u32,
        (and, partner): (bool, usize),
        time: i64,
    ) {
        let it = *self.step(step);
        let Step { waits, .. } = *self.step(partner);
        let complete = match waits {
            _ if !and => true,
            Waits::AbsentOperand { for_ms, .. } => self.may_proceed(partner, partial, for_ms),
            Waits::One | Waits::Count { .. } | Waits::Operand { .. } | Waits::Absent { .. } => {
                self.state.partials.has(partial, partner)
            }
        };
        if complete {
            self.pass_on(&it, step, partial, time);
        }
    }

    fn offer_absent_operand(
        &mut self,
        step: usize,
        (and, partner, for_ms): (bool, usize, Option<i64>),
        trial: &mut Trial<'_>,
    ) -> Result<(), Fault> {
        if self.waiting(step).over {
            return Ok(());
        }
        let sequence = self.machine.sequence;
        let every = self.step(step).next_every.is_some();
        let mut entry = self.waiting(step).pending.head;
        while entry != NONE {
            let it = *self.state.entries.at(entry);
            if !and && self.state.partials.has(it.partial, partner) {
                self.remove_pending(step, entry);
                entry = it.after;
                continue;
            }
            let holds = self.holds(step, it.partial, trial)?;
            self.state.partials.hold(it.partial);
            if holds {
                let stays = for_ms.is_some() || sequence && and && every;
                if !stays {
                    let start = self.state.partials.head(it.partial).start;
                    let row = self.take(step, trial);
                    self.state.partials.set(it.partial, step, row, &mut self.state.kept);
                    self.note_start(entry, start);
                }
                self.taken(step, it.partial, trial.arriving.time());
            }
            let mut there = true;
            if self.look(step, it.partial, trial) {
                self.remove_pending(step, entry);
                there = false;
                if sequence {
                    self.remove_from(partner, it.partial);
                }
            }
            if !holds && sequence && there {
                self.remove_pending(step, entry);
            }
            self.release(it.partial);
            entry = it.after;
        }
        Ok(())
    }

    /// Takes the first entry of a partial match out of a pending list.
    fn remove_from(&mut self, step: usize, partial: u32) {
        let mut entry = self.waiting(step).pending.head;
        while entry != NONE {
            let it = *self.state.entries.at(entry);
            if it.partial == partial {
                self.remove_pending(step, entry);
                return;
            }
            entry = it.after;
        }
    }

    /// Whether an operand that must not happen lets its partner complete the match.
    fn may_proceed(&mut self, absent: usize, partial: u32, for_ms: Option<i64>) -> bool {
        let every = self.step(absent).next_every.is_some();
        let came = self.waiting(absent).last_time > 0;
        if self.machine.sequence && !every && came {
            return false;
        }
        let held = self.state.partials.slot(partial, absent);
        if for_ms.is_some() {
            debug_assert!(held == NO_ROW || held == SILENCE);
            return held != NO_ROW;
        }
        if !every {
            return held == NO_ROW;
        }
        if came {
            self.waiting(absent).last_time = 0;
            self.init(absent);
            return false;
        }
        true
    }

    /// Puts a complete match out.
    pub(super) fn emit(&mut self, partial: u32, joins: bool) {
        let State { partials, kept, matches, .. } = &mut *self.state;
        matches.add(partial, partials, kept, (self.now, Key(self.key), joins));
    }

    /// Puts a complete match out at the end of the chunk: what it takes until then is seen, if it
    /// is `late`; when it last took something in any case, as in the original.
    fn emit_in_chunk(&mut self, partial: u32, joins: bool, late: bool) {
        let State { partials, kept, matches, unsettled, .. } = &mut *self.state;
        partials.hold(partial);
        if late {
            matches.reserve(partials.head(partial), (self.now, Key(self.key), joins));
        } else {
            matches.add(partial, partials, kept, (self.now, Key(self.key), joins));
        }
        unsettled.push((partial, matches.len() as u32 - 1, late));
    }

    /// The chunk is over: what its matches have taken is settled.
    pub(super) fn end_chunk(&mut self) {
        let State { partials, kept, matches, unsettled, .. } = &mut *self.state;
        for (partial, place, late) in unsettled.drain(..) {
            matches.settle(place, partials.head(partial).time);
            if late {
                matches.add_views(partial, partials, kept);
            }
            partials.release(partial, kept);
        }
    }
}
