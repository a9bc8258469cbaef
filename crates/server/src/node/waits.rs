//! How long things took, counted in fixed steps.

use std::time::Duration;

/// The upper ends of the steps, in microseconds; what takes longer is counted behind the last.
pub(crate) const STEPS_US: [u64; 14] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 5_000_000, 10_000_000,
];

/// Durations of one kind since the node started.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Waits {
    /// How many were at most as long as each of `STEPS_US` and longer than the one before.
    pub steps: [u64; STEPS_US.len()],
    /// How many there were.
    pub count: u64,
    /// How long all of them took together.
    pub total: Duration,
}

impl Waits {
    /// Counts one.
    pub(crate) fn note(&mut self, wait: Duration) {
        let step = STEPS_US.iter().position(|end| wait <= Duration::from_micros(*end));
        if let Some(count) = step.and_then(|step| self.steps.get_mut(step)) {
            *count += 1;
        }
        self.count += 1;
        self.total = self.total.saturating_add(wait);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_counted_in_its_step_and_in_all() {
        let mut waits = Waits::default();
        for us in [1, 500, 501, 2_500_000, 60_000_000] {
            waits.note(Duration::from_micros(us));
        }
        assert_eq!((waits.steps[0], waits.steps[1], waits.steps[11]), (2, 1, 1));
        assert_eq!((waits.count, waits.steps.iter().sum::<u64>()), (5, 4));
        assert_eq!(waits.total, Duration::from_micros(62_501_002));
    }
}
