//! Partial matches on their way into lists: begun, passed on, begun again, grown too old.

use weir_event::Key;

use super::index::{stored, stored_at};
use super::list::{List, NONE};
use super::machine::Machine;
use super::partial::UNSTAMPED;
use super::state::{State, Waiting, dirty_bit};
use super::wiring::{Step, Waits};

/// One key of a pattern at work.
pub(super) struct Run<'a> {
    pub(super) machine: &'a Machine,
    pub(super) state: &'a mut State,
    pub(super) key: u32,
    /// The clock of the chunk.
    pub(super) now: i64,
}

impl Run<'_> {
    #[inline]
    pub(super) fn step(&self, step: usize) -> &Step {
        &self.machine.wiring.steps[step]
    }

    #[inline]
    pub(super) fn waiting(&mut self, step: usize) -> &mut Waiting {
        &mut self.state.waiting[self.key as usize * self.machine.wiring.steps.len() + step]
    }

    /// The key comes into being: starts are armed, and absent starts begin to wait.
    pub(super) fn begin(&mut self) {
        let steps = self.machine.wiring.steps.len();
        let keys = self.key as usize + 1;
        if self.state.keys.len() < keys {
            self.state.keys.resize_with(keys, Default::default);
            self.state.waiting.resize_with(keys * steps, Default::default);
            if self.machine.straight {
                self.state.straight.resize(keys * steps, NONE);
            }
        }
        if std::mem::replace(&mut self.state.keys[self.key as usize].begun, true) {
            return;
        }
        if self.machine.straight {
            return;
        }
        for at in 0..self.machine.wiring.begin.len() {
            self.init(self.machine.wiring.begin[at]);
        }
        for step in 0..steps {
            let Step { waits, starts, .. } = *self.step(step);
            let (Waits::Absent { for_ms } | Waits::AbsentOperand { for_ms: Some(for_ms), .. }) =
                waits
            else {
                continue;
            };
            let now = self.now;
            let waiting = self.waiting(step);
            if std::mem::replace(&mut waiting.started, true) || !starts || waiting.over {
                continue;
            }
            if matches!(waits, Waits::Absent { .. }) {
                waiting.last_time = now.saturating_add(for_ms);
            }
            self.wake(step, now.saturating_add(for_ms));
        }
    }

    pub(super) fn wake(&mut self, step: usize, due: i64) {
        let rank = self.machine.wiring.alarms.iter().position(|it| *it == step);
        let Some(rank) = rank else { return };
        if self.state.alarms.ask(rank as u32, self.key, due) {
            self.state.wakes.push((due, Key(self.key)));
        }
    }

    /// Arms a start with an empty partial match; without `every` only once.
    pub(super) fn init(&mut self, step: usize) {
        let it = *self.step(step);
        let absent_next = it.next.is_some_and(|next| self.step(next).waits.is_absent());
        let again = it.next_every.is_some() || self.machine.sequence && absent_next;
        if !it.starts || self.waiting(step).initialized && !again {
            return;
        }
        let partial = self.state.partials.fresh();
        self.state.partials.hold(partial);
        self.add(step, partial);
        self.release(partial);
        self.waiting(step).initialized = true;
    }

    #[inline]
    pub(super) fn release(&mut self, partial: u32) {
        self.state.partials.release(partial, &mut self.state.kept);
    }

    /// A partial match is handed to an element.
    pub(super) fn add(&mut self, step: usize, partial: u32) {
        let Step { waits, starts, .. } = *self.step(step);
        let sequence = self.machine.sequence;
        match waits {
            Waits::One => {
                if !sequence || self.waiting(step).fresh.is_empty() {
                    self.push_fresh(step, partial);
                }
            }
            Waits::Count { min, .. } => {
                if !sequence || self.waiting(step).fresh.is_empty() {
                    self.push_fresh(step, partial);
                }
                if min == 0 && !self.state.partials.has(partial, step) {
                    self.reach_min(step, partial);
                }
            }
            Waits::Operand { partner, .. } => self.add_operand(step, partner, partial),
            Waits::Absent { for_ms } => {
                if self.waiting(step).over {
                    return;
                }
                if sequence {
                    self.clear_fresh(step);
                }
                self.push_fresh(step, partial);
                if !starts {
                    let due = self.state.partials.head(partial).time.saturating_add(for_ms);
                    self.waiting(step).last_time = due;
                    self.wake(step, due);
                }
            }
            Waits::AbsentOperand { partner, for_ms, .. } => {
                if self.waiting(step).over {
                    return;
                }
                self.add_operand(step, partner, partial);
                let (false, Some(for_ms)) = (starts, for_ms) else { return };
                let time = self.state.partials.head(partial).time;
                self.wake(step, time.saturating_add(for_ms));
                if let Waits::AbsentOperand { for_ms, .. } = self.step(partner).waits {
                    self.wake(partner, time.saturating_add(for_ms.unwrap_or(-1)));
                }
            }
        }
    }

    fn add_operand(&mut self, step: usize, partner: usize, partial: u32) {
        let single = self.step(step).starts || self.machine.sequence;
        for step in [step, partner] {
            if !single || self.waiting(step).fresh.is_empty() {
                self.push_fresh(step, partial);
            }
        }
    }

    /// A copy of a partial match begins an `every` again, without what it took from there on.
    pub(super) fn add_every(&mut self, step: usize, partial: u32) {
        let State { partials, kept, .. } = &mut *self.state;
        match self.machine.wiring.steps[step].waits {
            Waits::One | Waits::Count { .. } => {
                let copy = partials.copy(partial, step, kept);
                self.push_fresh(step, copy);
            }
            Waits::Operand { partner, .. } => {
                let copy = partials.copy(partial, step, kept);
                partials.empty(copy, partner, kept);
                self.push_fresh(step, copy);
                self.push_fresh(partner, copy);
            }
            Waits::Absent { for_ms } => {
                let copy = partials.copy(partial, step, kept);
                let due = partials.head(partial).time.saturating_add(for_ms);
                self.push_fresh(step, copy);
                self.waiting(step).last_time = due;
                self.wake(step, due);
            }
            Waits::AbsentOperand { partner, .. } => {
                let copy = partials.copy(partial, partials.width(), kept);
                if let Some(time) = partials.time_of(copy, step, kept) {
                    partials.head_mut(copy).time = time;
                }
                partials.empty(copy, step, kept);
                partials.empty(copy, partner, kept);
                self.push_fresh(step, copy);
                self.push_fresh(partner, copy);
            }
        }
    }

    /// A counted element has enough events: the partial match goes on.
    pub(super) fn reach_min(&mut self, step: usize, partial: u32) -> bool {
        let Step { next, next_every, completes, .. } = *self.step(step);
        if completes {
            self.state.complete[step] = true;
        }
        if let Some(next) = next {
            self.add(next, partial);
        }
        if let Some(next) = next_every {
            self.add_every(next, partial);
        }
        completes
    }

    fn push_fresh(&mut self, step: usize, partial: u32) {
        let start = self.state.partials.head(partial).start;
        let steps = self.machine.wiring.steps.len();
        let State { partials, entries, waiting, keys, .. } = &mut *self.state;
        let list = &mut waiting[self.key as usize * steps + step].fresh;
        if list.sorted && list.tail != NONE {
            list.sorted = partials.head(entries.at(list.tail).partial).start <= start;
        }
        entries.push(list, partial);
        partials.hold(partial);
        let key = &mut keys[self.key as usize];
        key.dirty |= dirty_bit(self.machine.wiring.steps[step].stream);
        if let Some(within) = self.machine.within_ms {
            key.next_expiry = key.next_expiry.min(start.saturating_add(within));
        }
    }

    pub(super) fn clear_fresh(&mut self, step: usize) {
        let mut list = std::mem::take(&mut self.waiting(step).fresh);
        while list.head != NONE {
            let entry = list.head;
            let partial = self.state.entries.at(entry).partial;
            self.state.entries.remove(&mut list, entry);
            self.release(partial);
        }
    }

    pub(super) fn clear_pending(&mut self, step: usize) {
        loop {
            let entry = self.waiting(step).pending.head;
            if entry == NONE {
                return;
            }
            self.remove_pending(step, entry);
        }
    }

    /// Takes an entry out of the pending list of an element.
    #[inline]
    pub(super) fn remove_pending(&mut self, step: usize, entry: u32) {
        let steps = self.machine.wiring.steps.len();
        let State { entries, indexes, waiting, partials, kept, .. } = &mut *self.state;
        if let Some(index) = &mut indexes[step] {
            index.remove(entries, entry);
        }
        let partial = entries.at(entry).partial;
        entries.remove(&mut waiting[self.key as usize * steps + step].pending, entry);
        partials.release(partial, kept);
    }

    /// An event of a sequence clears what waited for the one before.
    pub(super) fn reset(&mut self, step: usize) {
        let Step { waits, starts, next, next_every, .. } = *self.step(step);
        if let Some((and, partner)) = waits.partner() {
            if and && self.pending_count(step) != self.pending_count(partner) {
                return;
            }
            self.clear_pending(partner);
        }
        self.clear_pending(step);
        let absent = matches!(waits, Waits::Absent { .. });
        if !starts || !absent && !self.waiting(step).fresh.is_empty() {
            return;
        }
        let goes_on = next.is_some_and(|next| !self.waiting(next).pending.is_empty());
        if next_every.is_none() && goes_on {
            return;
        }
        self.init(step);
    }

    fn pending_count(&mut self, step: usize) -> usize {
        let list = self.waiting(step).pending;
        self.state.entries.partials(&list).count()
    }

    /// New partial matches of an element begin to wait, in the order of their events.
    pub(super) fn update(&mut self, step: usize) {
        if std::mem::take(&mut self.waiting(step).rearm) {
            self.init(step);
        }
        self.move_fresh(step);
        if let Some((_, partner)) = self.step(step).waits.partner() {
            self.move_fresh(partner);
        }
    }

    fn move_fresh(&mut self, step: usize) {
        let mut fresh = std::mem::take(&mut self.waiting(step).fresh);
        if fresh.is_empty() {
            return;
        }
        if fresh.is_several() {
            self.sort_by_time(&mut fresh);
        }
        self.enter_index(step, &fresh);
        let steps = self.machine.wiring.steps.len();
        let State { entries, partials, waiting, .. } = &mut *self.state;
        let pending = &mut waiting[self.key as usize * steps + step].pending;
        if pending.tail == NONE {
            pending.sorted = fresh.sorted;
        } else {
            let head = |entry: u32| partials.head(entries.at(entry).partial);
            let (last, first) = (head(pending.tail), head(fresh.head));
            pending.sorted &= fresh.sorted && last.start <= first.start;
            pending.timely &= when(last.time) <= when(first.time);
        }
        entries.append(pending, &mut fresh);
    }

    pub(super) fn enter_index(&mut self, step: usize, fresh: &List) {
        let State { entries, partials, indexes, kept, .. } = &mut *self.state;
        let (Some(index), Some(on)) = (&mut indexes[step], &self.machine.conditions[step].keyed)
        else {
            return;
        };
        let column = &kept[self.machine.wiring.steps[on.step].stream].store.columns()[on.column];
        let mut entry = fresh.head;
        while entry != NONE {
            let row = partials.first(entries.at(entry).partial, on.step);
            if let Some(value) = stored_at(column, row, on.by) {
                let hash = value.hash(self.key, &self.machine.hasher);
                let same = index.holder(hash, self.key, |head| {
                    let row = partials.first(entries.at(head).partial, on.step);
                    stored(column, row, on.by) == Some(value)
                });
                index.add(entries, entry, hash, self.key, same);
            }
            entry = entries.at(entry).after;
        }
    }

    /// Sorts a list by the time of each last event; those without one go last.
    fn sort_by_time(&mut self, list: &mut List) {
        let State { entries, partials, .. } = &mut *self.state;
        let time = |partial: u32| when(partials.head(partial).time);
        if entries.partials(list).map(time).is_sorted() {
            return;
        }
        let mut held: Vec<u32> = entries.partials(list).collect();
        held.sort_by_key(|partial| time(*partial));
        let mut entry = list.head;
        for partial in &held {
            entries.at_mut(entry).partial = *partial;
            entry = entries.at(entry).after;
        }
        list.sorted = held.iter().map(|it| partials.head(*it).start).is_sorted();
    }
}

/// The time of a last event to sort by: those without one go last.
pub(super) fn when(time: i64) -> i64 {
    if time == UNSTAMPED { i64::MAX } else { time }
}
