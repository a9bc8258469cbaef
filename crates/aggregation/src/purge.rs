//! Retention: closed periods go once they are old enough and the longer period has them.

use crate::aggregation::{Aggregation, Level};
use crate::cells::retain;

/// So many groups are never worth a clean-up.
const GROUPS_MIN: usize = 1_024;

/// What a purge came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purged {
    /// Everything too old is gone.
    Done,
    /// Nothing more is purged, now and later: the longer period lacks what would go.
    Halted,
}

impl Aggregation {
    /// Lets go of closed periods that are kept no longer. `wall` is the entries' time; periods
    /// have been closed up to the app's clock.
    pub fn purge(&mut self, wall: i64) -> Purged {
        if self.purge_halted {
            return Purged::Halted;
        }
        // The last period has no longer one to ask: the answer for the one before stands.
        let mut due = false;
        for level in 0..self.levels.len() {
            let Some(kept) = self.spec.kept.get(level).copied().flatten() else { continue };
            let before = wall.saturating_sub(kept);
            if level + 1 < self.levels.len() {
                due = false;
                if let Some(newest) = self.newest_until(level, before) {
                    due = true;
                    if !self.is_held_above(level, newest) {
                        self.purge_halted = true;
                        return Purged::Halted;
                    }
                }
            }
            if due {
                let timed = self.shape.timed;
                self.purged.push((level, before));
                let Level { closed, closed_at, handed_out, .. } = &mut self.levels[level];
                let times = if timed { &closed.times } else { &*closed_at };
                let keep: Vec<bool> = times.iter().map(|time| *time >= before).collect();
                *handed_out -= keep[..*handed_out].iter().filter(|keep| !**keep).count();
                retain(closed_at, &keep);
                closed.retain(&keep);
            }
        }
        self.forget_groups();
        Purged::Done
    }

    fn closed_times(&self, level: usize) -> &[i64] {
        let level = &self.levels[level];
        if self.shape.timed { &level.closed.times } else { &level.closed_at }
    }

    /// The newest closed period that began at or before a time.
    fn newest_until(&self, level: usize, time: i64) -> Option<i64> {
        self.closed_times(level).iter().copied().filter(|it| *it <= time).max()
    }

    /// Whether the next longer period has a row for the time.
    fn is_held_above(&self, level: usize, time: i64) -> bool {
        let Some(longer) = self.spec.periods[level].longer() else { return false };
        let calendar = &self.spec.calendar;
        let held = calendar.start_of(time, longer)..=calendar.next_after(time, longer);
        self.closed_times(level + 1).iter().any(|it| held.contains(it))
    }

    /// Forgets groups that no row names any more, when there are many.
    fn forget_groups(&mut self) {
        let count = self.groups.len();
        if count < GROUPS_MIN {
            return;
        }
        let mut used = vec![false; count];
        for level in &self.levels {
            for group in level.open.rows.groups.iter().chain(&level.closed.groups) {
                used[*group as usize] = true;
            }
        }
        if used.iter().filter(|used| **used).count() * 2 > count {
            return;
        }
        let renamed = self.groups.compact(&used);
        for level in &mut self.levels {
            let groups = level.open.rows.groups.iter_mut().chain(&mut level.closed.groups);
            groups.for_each(|group| *group = renamed[*group as usize]);
            level.open.index();
        }
    }
}
