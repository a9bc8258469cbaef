//! Absent elements: what happens when nothing came in time.

use super::arm::Run;
use super::list::NONE;
use super::partial::{SILENCE, UNSTAMPED};
use super::wiring::{Step, Waits};

impl Run<'_> {
    /// The time of an absent element, `due`, is over.
    pub(super) fn silence(&mut self, step: usize, due: i64) {
        if self.waiting(step).over {
            return;
        }
        match self.step(step).waits {
            Waits::Absent { for_ms } => self.silent(step, for_ms, due),
            Waits::AbsentOperand { and, partner, for_ms } => {
                self.silent_operand(step, (and, partner, for_ms.unwrap_or(-1)), due);
            }
            Waits::One | Waits::Count { .. } | Waits::Operand { .. } => {}
        }
    }

    fn silent(&mut self, step: usize, for_ms: i64, due: i64) {
        let it = *self.step(step);
        let sequence = self.machine.sequence;
        let waiting = *self.waiting(step);
        let mut empty = it.starts && waiting.fresh.is_empty() && waiting.pending.is_empty();
        let was_empty = empty;
        if empty && sequence && it.next_every.is_none() && waiting.last_time > 0 {
            // An event came before, and a sequence begins once only.
            empty = false;
        }
        if empty {
            let partial = self.state.partials.fresh();
            self.state.partials.hold(partial);
            self.add(step, partial);
            self.release(partial);
        } else if sequence && !waiting.fresh.is_empty() {
            debug_assert!(!was_empty);
            self.reset(step);
        }
        self.update(step);
        let spoken = self.spoken(step, &it, for_ms, due);
        if let Some(every) = it.within_every {
            self.update(every);
        }
        let nothing = spoken.is_empty();
        for partial in spoken {
            self.speak(step, &it, partial);
        }
        let now = self.now;
        let waiting = self.waiting(step);
        if now > for_ms.saturating_add(due) {
            waiting.last_time = now.saturating_add(for_ms);
        }
        if nothing && waiting.last_time < due {
            waiting.last_time = due.saturating_add(for_ms);
            let next = waiting.last_time;
            self.wake(step, next);
        }
    }

    /// The partial matches of an absent element whose time is over, each held.
    fn spoken(&mut self, step: usize, it: &Step, for_ms: i64, due: i64) -> Vec<u32> {
        let mut spoken = Vec::new();
        // What is too old begins its `every` again, wherever it stands.
        let begun_again = self.machine.within_ms.is_some() && it.within_every.is_some();
        let ordered = self.machine.steady && self.waiting(step).pending.timely && !begun_again;
        let mut entry = self.waiting(step).pending.head;
        while entry != NONE {
            let found = *self.state.entries.at(entry);
            let partial = found.partial;
            if self.is_too_old(partial, due) {
                self.state.partials.hold(partial);
                self.remove_pending(step, entry);
                if it.within_every.is_some()
                    && let Some(every) = it.next_every
                    && every != step
                {
                    self.add_every(every, partial);
                }
                self.release(partial);
            } else {
                let last_time = self.waiting(step).last_time;
                let over = match self.state.partials.head(partial).time {
                    UNSTAMPED => due >= last_time,
                    time => due >= time.saturating_add(for_ms),
                };
                if over {
                    self.state.partials.hold(partial);
                    self.remove_pending(step, entry);
                    self.state.partials.head_mut(partial).time = due;
                    spoken.push(partial);
                } else if ordered {
                    // Those behind it took their events later.
                    break;
                }
            }
            entry = found.after;
        }
        spoken
    }

    /// A partial match that nothing disturbed goes on; the caller's hold on it ends.
    fn speak(&mut self, step: usize, it: &Step, partial: u32) {
        if it.completes {
            self.emit(partial, false);
        }
        self.follow(it, partial);
        let last = self.machine.wiring.last;
        if last != step && std::mem::take(&mut self.state.complete[last]) {
            // All that follows may be left out.
            self.emit(partial, false);
        }
        if it.next_every.is_none() && it.starts {
            self.waiting(step).over = true;
            if let Waits::AbsentOperand { and: false, partner, .. } = it.waits
                && self.step(partner).waits.is_absent()
            {
                self.waiting(partner).over = true;
            }
        }
        self.release(partial);
    }

    fn silent_operand(
        &mut self,
        step: usize,
        (and, partner, for_ms): (bool, usize, i64),
        due: i64,
    ) {
        let it = *self.step(step);
        let mut nothing = true;
        if due >= self.waiting(step).last_time.saturating_add(for_ms) {
            let spoken = self.silent_operands(step, &it, (and, partner, for_ms), due);
            nothing = spoken.is_empty();
            for partial in spoken {
                self.state.partials.head_mut(partial).time = due;
                self.speak(step, &it, partial);
            }
            self.waiting(step).last_time = 0;
        }
        if it.next_every.is_some() || nothing && it.starts {
            let next = match self.waiting(step).last_time {
                0 => self.now.saturating_add(for_ms),
                last => last.saturating_add(for_ms),
            };
            self.wake(step, next);
        }
    }

    /// The partial matches that go on, each held.
    fn silent_operands(
        &mut self,
        step: usize,
        it: &Step,
        (and, partner, for_ms): (bool, usize, i64),
        due: i64,
    ) -> Vec<u32> {
        let sequence = self.machine.sequence;
        let waiting = *self.waiting(step);
        if it.starts && sequence && waiting.fresh.is_empty() && waiting.pending.is_empty() {
            let partial = self.state.partials.fresh();
            self.state.partials.hold(partial);
            self.add(step, partial);
            self.release(partial);
        } else if sequence && !waiting.fresh.is_empty() {
            self.reset(step);
        }
        self.update(step);
        let (mut spoken, mut expired) = (Vec::new(), NONE);
        let mut entry = self.waiting(step).pending.head;
        while entry != NONE {
            let found = *self.state.entries.at(entry);
            let partial = found.partial;
            let old = self.is_too_old(partial, due);
            if old || self.was_silent(step, partial, for_ms, due) {
                self.state.partials.hold(partial);
                self.remove_pending(step, entry);
                let came = self.state.partials.has(partial, partner);
                if old {
                    if expired != NONE {
                        self.release(expired);
                    }
                    expired = partial;
                } else {
                    if !came && !self.state.partials.has(partial, step) {
                        let kept = &mut self.state.kept;
                        self.state.partials.set(partial, step, SILENCE, kept);
                        self.state.keys[self.key as usize].next_expiry = i64::MIN;
                        self.unsort();
                    }
                    // Without its partner, `and` goes on when that comes.
                    if and == came { spoken.push(partial) } else { self.release(partial) }
                }
            }
            entry = found.after;
        }
        if expired != NONE {
            if let Some(every) = it.within_every {
                self.add_every(every, expired);
                self.update(every);
            }
            self.release(expired);
        }
        spoken
    }

    fn was_silent(&self, step: usize, partial: u32, for_ms: i64, due: i64) -> bool {
        let taken = self.state.partials.time_of(partial, step, &self.state.kept);
        let since = taken.unwrap_or(self.state.partials.head(partial).time);
        due >= since.saturating_add(for_ms)
    }
}
