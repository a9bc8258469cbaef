//! How long to wait before the next try: the one retry rule of all connectors.

use std::time::Duration;

/// The waits in seconds before each try; the last one repeats for ever.
const WAITS_S: [u64; 8] = [5, 10, 15, 30, 60, 60, 120, 300];

/// Counts failed tries in a row.
#[derive(Debug, Clone, Default)]
pub struct Backoff {
    failed: usize,
}

impl Backoff {
    /// The wait before the next try, one step longer each time.
    #[must_use]
    pub fn next_wait(&mut self) -> Duration {
        let step = self.failed.min(WAITS_S.len() - 1);
        self.failed = self.failed.saturating_add(1);
        Duration::from_secs(WAITS_S[step])
    }

    /// A try worked: the next failure waits the shortest time again.
    pub fn reset(&mut self) {
        self.failed = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_five_minutes_and_start_again_after_success() {
        let mut backoff = Backoff::default();
        let waits: Vec<u64> = (0..10).map(|_| backoff.next_wait().as_secs()).collect();
        assert_eq!(waits, [5, 10, 15, 30, 60, 60, 120, 300, 300, 300]);
        backoff.reset();
        assert_eq!(backoff.next_wait().as_secs(), 5);
    }
}
