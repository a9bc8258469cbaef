//! The node's own clock: it never jumps, and runs on while the machine is suspended.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::ids::Moment;

/// The time since the machine started, suspends included.
#[derive(Debug, Clone, Copy, Default)]
pub struct BootClock;

impl BootClock {
    /// Now.
    #[must_use]
    pub fn now(self) -> Moment {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let clock = ClockId::Boottime;
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let clock = ClockId::Monotonic;
        let now = clock_gettime(clock);
        let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
        let nanos = u32::try_from(now.tv_nsec).unwrap_or_default();
        Moment(Duration::new(seconds, nanos))
    }

    /// The moment on the clock of this process, which stands still in suspend: right as long as
    /// the machine is not suspended before it.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "a driver waits on the clock of its process")]
    pub fn instant_of(self, moment: Moment) -> Instant {
        Instant::now() + moment.since(self.now())
    }
}
