//! Timers are values: what is due when, in the order in which it was asked for.

use std::collections::BTreeMap;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::Key;

/// Who asked to be woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Target {
    /// The window, pattern or side of a query; the number tells which.
    Query(u32, u8),
    /// A query's rate limiter.
    Rate(u32),
    /// A named window.
    Window(u32),
    /// A trigger.
    Trigger(u32),
    /// The purge of a partition.
    Purge(u32),
    /// The purge of an aggregation.
    Retention(u32),
    /// The playback clock, which moves by itself when no events come.
    Idle,
}

/// A wake-up that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timer {
    pub due: i64,
    pub target: Target,
    pub key: Key,
}

/// Wake-ups in the order in which they fall due, and among those in the order asked for.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    pending: BTreeMap<(i64, u64), (Target, Key)>,
    asked: u64,
}

impl Timers {
    pub(crate) fn ask(&mut self, due: i64, target: Target, key: Key) {
        self.asked += 1;
        self.pending.insert((due, self.asked), (target, key));
    }

    /// When the first one falls due.
    pub(crate) fn next_due(&self) -> Option<i64> {
        self.pending.first_key_value().map(|((due, _), _)| *due)
    }

    /// Takes the first one that is due at `now`.
    pub(crate) fn take_due(&mut self, now: i64) -> Option<Timer> {
        let entry = self.pending.first_entry()?;
        let (due, _) = *entry.key();
        if due > now {
            return None;
        }
        let (target, key) = entry.remove();
        Some(Timer { due, target, key })
    }

    /// Forgets what these keys, which are in order, asked for.
    pub(crate) fn drop_keys(&mut self, keys: &[Key], mut of: impl FnMut(Target) -> bool) {
        self.pending.retain(|_, (target, held)| keys.binary_search(held).is_err() || !of(*target));
    }

    pub(crate) fn save(&self, w: &mut Writer) {
        w.len(self.pending.len());
        for ((due, _), (target, key)) in &self.pending {
            w.i64(*due);
            let (tag, number, part) = match target {
                Target::Query(query, part) => (0, *query, *part),
                Target::Rate(query) => (1, *query, 0),
                Target::Window(window) => (2, *window, 0),
                Target::Trigger(trigger) => (3, *trigger, 0),
                Target::Purge(partition) => (4, *partition, 0),
                Target::Idle => (5, 0, 0),
                Target::Retention(aggregation) => (6, *aggregation, 0),
            };
            w.u8(tag);
            w.u32(number);
            w.u8(part);
            w.u32(key.0);
        }
    }

    pub(crate) fn load(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut timers = Self::default();
        for _ in 0..r.len()? {
            let due = r.i64()?;
            let (tag, number, part) = (r.u8()?, r.u32()?, r.u8()?);
            let target = match tag {
                0 => Target::Query(number, part),
                1 => Target::Rate(number),
                2 => Target::Window(number),
                3 => Target::Trigger(number),
                4 => Target::Purge(number),
                5 => Target::Idle,
                6 => Target::Retention(number),
                tag => {
                    return Err(DecodeError::UnknownTag { what: "timer", tag: u64::from(tag) });
                }
            };
            timers.ask(due, target, Key(r.u32()?));
        }
        Ok(timers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_fire_by_due_time_then_by_order_asked_also_after_a_restore() {
        let mut timers = Timers::default();
        timers.ask(20, Target::Window(1), Key(0));
        timers.ask(10, Target::Window(2), Key(7));
        timers.ask(20, Target::Window(3), Key(0));
        let mut w = Writer::new();
        timers.save(&mut w);
        let bytes = w.into_bytes();
        let mut timers = Timers::load(&mut Reader::new(&bytes)).unwrap();
        assert_eq!(timers.next_due(), Some(10));
        let mut fired = Vec::new();
        while let Some(timer) = timers.take_due(25) {
            fired.push((timer.due, timer.target, timer.key));
        }
        assert_eq!(
            fired,
            [
                (10, Target::Window(2), Key(7)),
                (20, Target::Window(1), Key(0)),
                (20, Target::Window(3), Key(0)),
            ]
        );
    }
}
