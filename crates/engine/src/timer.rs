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

/// A place in the order in which a jump of the playback clock wakes.
type Turn = (u8, u32, u16);

impl Target {
    /// Its place among those that a jump of the playback clock wakes: named windows, then queries
    /// in order of the text, of each its window before its rate limit.
    fn turn(self) -> Turn {
        match self {
            Self::Window(window) => (0, window, 0),
            Self::Query(query, part) => (1, query, u16::from(part)),
            Self::Rate(query) => (1, query, u16::MAX),
            Self::Trigger(trigger) => (2, trigger, 0),
            Self::Purge(partition) => (3, partition, 0),
            Self::Retention(aggregation) => (4, aggregation, 0),
            Self::Idle => (5, 0, 0),
        }
    }
}

/// One jump of the playback clock. The original wakes whoever has something due one after the
/// other, each for all of it; one whose turn is over waits for the next jump.
#[derive(Debug)]
pub(crate) struct Jump {
    to: i64,
    turn: Turn,
    /// By whose turn it is, when it was due, and the order in which it was asked for.
    waiting: BTreeMap<(Turn, i64, u64), Timer>,
}

impl Jump {
    pub(crate) fn new(to: i64) -> Self {
        Self { to, turn: (0, 0, 0), waiting: BTreeMap::new() }
    }

    /// What is woken next. After the last one, what came due too late is among `timers` again.
    pub(crate) fn next(&mut self, timers: &mut Timers) -> Option<Timer> {
        for (asked, timer) in timers.take_all_due(self.to) {
            self.waiting.insert((timer.target.turn(), timer.due, asked), timer);
        }
        let from = (self.turn, i64::MIN, 0);
        let Some(at) = self.waiting.range(from..).next().map(|(at, _)| *at) else {
            for ((_, due, asked), timer) in std::mem::take(&mut self.waiting) {
                timers.pending.insert((due, asked), (timer.target, timer.key));
            }
            return None;
        };
        self.turn = at.0;
        self.waiting.remove(&at)
    }
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

    /// Takes all that is due at `now`, in order.
    fn take_all_due(&mut self, now: i64) -> impl Iterator<Item = (u64, Timer)> + '_ {
        std::iter::from_fn(move || {
            let entry = self.pending.first_entry().filter(|it| it.key().0 <= now)?;
            let (due, asked) = *entry.key();
            let (target, key) = entry.remove();
            Some((asked, Timer { due, target, key }))
        })
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
    fn a_jump_wakes_one_after_the_other_and_what_comes_late_waits_for_the_next() {
        let mut timers = Timers::default();
        timers.ask(20, Target::Window(0), Key(0));
        timers.ask(10, Target::Query(1, 0), Key(0));
        timers.ask(15, Target::Query(0, 0), Key(0));
        let mut jump = Jump::new(30);
        let mut fired = Vec::new();
        while let Some(timer) = jump.next(&mut timers) {
            fired.push((timer.due, timer.target));
            if timer.target == Target::Query(0, 0) && timer.due < 30 {
                timers.ask(timer.due + 10, Target::Query(0, 0), Key(0));
                timers.ask(30, Target::Window(0), Key(0));
            }
        }
        let window = (20, Target::Window(0));
        let first = [15, 25].map(|due| (due, Target::Query(0, 0)));
        assert_eq!(fired, [window, first[0], first[1], (10, Target::Query(1, 0))]);
        assert_eq!(timers.next_due(), Some(30));
        assert_eq!(Jump::new(30).next(&mut timers).map(|it| it.due), Some(30));
    }

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
