//! `weir`: keys of our own, beside those of the original.

use std::time::Duration;

use super::keys::{Keys, Written};

/// How many bytes of log a node keeps before it pushes its sources back.
const LOG_MAX_BYTES: u64 = 1 << 30;

/// The section as written.
#[derive(Debug, Default)]
pub(super) struct RawOwn {
    snapshot_ms: Option<Written<i64>>,
    log_max_bytes: Option<Written<i64>>,
}

/// The same, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// How often a snapshot is taken, where `state.persistence.intervalInMin` is too coarse.
    pub snapshot_every: Option<Duration>,
    /// How many bytes of log are kept before sources wait.
    pub log_max_bytes: u64,
}

impl RawOwn {
    pub(super) fn read(mut keys: Keys<'_>) -> Self {
        let snapshot_ms = keys.number("snapshotIntervalMillis", 10..=86_400_000);
        let log_max_bytes = keys.number("logMaxBytes", (1 << 20)..=i64::MAX);
        keys.finish();
        Self { snapshot_ms, log_max_bytes }
    }

    pub(super) fn check(self) -> Own {
        Own {
            snapshot_every: self
                .snapshot_ms
                .map(|it| Duration::from_millis(it.value.unsigned_abs())),
            log_max_bytes: self.log_max_bytes.map_or(LOG_MAX_BYTES, |it| it.value.unsigned_abs()),
        }
    }
}
