//! `within`: partial matches that began too long ago go.

use super::arm::Run;
use super::list::NONE;

impl Run<'_> {
    /// Whether a partial match may have grown too old by `time`.
    #[inline]
    pub(super) fn may_expire(&self, time: i64) -> bool {
        let key = &self.state.keys[self.key as usize];
        time > key.next_expiry || time < key.newest
    }

    #[inline]
    pub(super) fn is_too_old(&self, partial: u32, time: i64) -> bool {
        self.machine.within_ms.is_some_and(|within| {
            self.state.partials.is_too_old(partial, time, within, &self.state.kept)
        })
    }

    /// A partial match that waits at an element began at another time than when it was put there.
    pub(super) fn note_start(&mut self, entry: u32, before: i64) {
        let Some(within) = self.machine.within_ms else { return };
        let it = *self.state.entries.at(entry);
        let start = self.state.partials.head(it.partial).start;
        if start == before {
            return;
        }
        let state = &*self.state;
        let of = |entry: u32| state.partials.head(state.entries.at(entry).partial).start;
        let in_place = start >= state.keys[self.key as usize].newest
            && (it.before == NONE || of(it.before) <= start)
            && (it.after == NONE || start <= of(it.after));
        let key = &mut self.state.keys[self.key as usize];
        key.next_expiry = key.next_expiry.min(start.saturating_add(within));
        if !in_place || start == i64::MAX {
            self.unsort();
        }
    }

    /// A partial match that is in lists began at a time that does not suit its place there.
    pub(super) fn unsort(&mut self) {
        for step in 0..self.machine.wiring.steps.len() {
            let waiting = self.waiting(step);
            waiting.pending.sorted &= waiting.pending.is_empty();
            waiting.fresh.sorted &= waiting.fresh.is_empty();
        }
    }

    /// All elements drop what began too long before `time`.
    pub(super) fn expire(&mut self, time: i64) {
        for at in 0..self.machine.wiring.ages.len() {
            let step = self.machine.wiring.ages[at];
            let mut last = NONE;
            self.expire_pending(step, time, &mut last);
            self.expire_fresh(step, time, &mut last);
            if last == NONE {
                continue;
            }
            if let Some(every) = self.step(step).within_every {
                self.add_every(every, last);
                self.update(every);
            }
            self.release(last);
        }
        self.set_next_expiry();
    }

    /// Notes one that has just grown too old; the newest noted one is held.
    fn note_expired(&mut self, partial: u32, last: &mut u32) {
        if std::mem::replace(&mut self.state.partials.head_mut(partial).expired, true) {
            return;
        }
        self.state.partials.hold(partial);
        if *last != NONE {
            self.release(*last);
        }
        *last = partial;
    }

    /// From the oldest on, up to the first that is not too old.
    fn expire_pending(&mut self, step: usize, time: i64, last: &mut u32) {
        loop {
            let entry = self.waiting(step).pending.head;
            if entry == NONE {
                return;
            }
            let partial = self.state.entries.at(entry).partial;
            if !self.is_too_old(partial, time) {
                return;
            }
            self.note_expired(partial, last);
            self.remove_pending(step, entry);
        }
    }

    fn expire_fresh(&mut self, step: usize, time: i64, last: &mut u32) {
        let list = self.waiting(step).fresh;
        let in_order = list.sorted && !self.state.partials.starts_at_several();
        let mut entry = list.head;
        while entry != NONE {
            let (partial, after) = {
                let it = self.state.entries.at(entry);
                (it.partial, it.after)
            };
            if self.is_too_old(partial, time) {
                self.note_expired(partial, last);
                self.remove_fresh(step, entry);
            } else if in_order {
                let newest = self.newest_fresh(step);
                if !self.is_too_old(newest, time) {
                    // What lies between two that are not too old is not too old.
                    return;
                }
            }
            entry = after;
        }
    }

    fn newest_fresh(&mut self, step: usize) -> u32 {
        let tail = self.waiting(step).fresh.tail;
        self.state.entries.at(tail).partial
    }

    pub(super) fn remove_fresh(&mut self, step: usize, entry: u32) {
        let partial = self.state.entries.at(entry).partial;
        let mut list = self.waiting(step).fresh;
        self.state.entries.remove(&mut list, entry);
        self.waiting(step).fresh = list;
        self.release(partial);
    }

    fn set_next_expiry(&mut self) {
        let Some(within) = self.machine.within_ms else { return };
        let mut first = i64::MAX;
        for step in 0..self.machine.wiring.steps.len() {
            let (pending, fresh) = {
                let waiting = self.waiting(step);
                (waiting.pending, waiting.fresh)
            };
            let state = &*self.state;
            let start = |partial: u32| state.partials.head(partial).start;
            if !pending.is_empty() {
                // Of a list that is not in order the oldest shows once it gets to the front.
                let head = start(state.entries.at(pending.head).partial);
                first = first.min(if pending.sorted { head } else { i64::MIN });
            }
            if !fresh.is_empty() {
                let head = start(state.entries.at(fresh.head).partial);
                let oldest = if fresh.sorted {
                    head
                } else {
                    state.entries.partials(&fresh).map(start).min().unwrap_or(head)
                };
                first = first.min(oldest);
            }
        }
        self.state.keys[self.key as usize].next_expiry = first.saturating_add(within);
    }
}
