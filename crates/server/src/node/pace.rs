//! When the next snapshot of an app is due.

use std::time::{Duration, Instant};

/// How long replaying the log since the last snapshot may take before one is taken early.
const REPLAY_MAX: Duration = Duration::from_millis(200);

/// Snapshots that are taken early are at least so far apart.
const EARLY_MIN: Duration = Duration::from_millis(500);

/// No more than this share of the time is spent on snapshots that are taken early.
const EARLY_SHARE: u32 = 10;

/// How an app has come along since its last snapshot.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    since: Instant,
    asked: Instant,
    busy: Duration,
    cost: Duration,
}

impl Pace {
    /// Nothing was taken yet: the first one is due as if there had been one now.
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self { since: now, asked: now, busy: Duration::ZERO, cost: Duration::ZERO }
    }

    /// One was begun at `begun`, when the app had executed for `busy` in all, and took `cost`.
    pub(super) fn after(begun: Instant, busy: Duration, cost: Duration) -> Self {
        Self { since: begun, asked: Instant::now(), busy, cost }
    }

    /// How long ago the last one was begun.
    pub(super) fn age(&self) -> Duration {
        self.since.elapsed()
    }

    /// How long the entries since then have taken to execute.
    pub(super) fn unsaved(&self, busy: Duration) -> Duration {
        busy.saturating_sub(self.busy)
    }

    /// Whether one is due that is wanted every so often, or would take too long to replay.
    pub(super) fn is_due(&self, every: Duration, busy: Duration) -> bool {
        let age = self.age();
        let may_be_early = age >= EARLY_MIN && age >= self.cost * EARLY_SHARE;
        age >= every || may_be_early && self.unsaved(busy) > REPLAY_MAX
    }

    /// Whether it may be looked again whether another node has taken one.
    pub(super) fn may_ask(&mut self, every: Duration) -> bool {
        let may = self.asked.elapsed() >= every / 20;
        if may {
            self.asked = Instant::now();
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn ago(time: Duration) -> Instant {
        Instant::now().checked_sub(time).unwrap()
    }

    #[test]
    fn one_is_due_when_its_time_has_come_or_replay_would_take_long() {
        let ms = Duration::from_millis;
        let pace = Pace::after(ago(ms(900)), ms(1_000), ms(50));
        assert!(!pace.is_due(HOUR, ms(1_150)));
        assert!(pace.is_due(HOUR, ms(1_250)));
        assert!(pace.is_due(ms(800), ms(1_000)));
    }

    #[test]
    fn early_ones_do_not_come_one_on_the_other() {
        let ms = Duration::from_millis;
        assert!(!Pace::after(ago(ms(100)), ms(0), ms(1)).is_due(HOUR, ms(9_000)));
        assert!(!Pace::after(ago(ms(900)), ms(0), ms(300)).is_due(HOUR, ms(9_000)));
    }
}
