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
    event_sync_secret: Option<Written<String>>,
}

/// The same, checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Own {
    /// How often a snapshot is taken, where `state.persistence.intervalInMin` is too coarse.
    pub snapshot_every: Option<Duration>,
    /// How many bytes of log are kept before sources wait.
    pub log_max_bytes: u64,
    /// What the nodes of the pair must prove to know before they listen to each other.
    pub event_sync_secret: Option<String>,
}

impl std::fmt::Debug for Own {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Own")
            .field("snapshot_every", &self.snapshot_every)
            .field("log_max_bytes", &self.log_max_bytes)
            .field("event_sync_secret", &self.event_sync_secret.as_ref().map(|_| ".."))
            .finish()
    }
}

impl RawOwn {
    pub(super) fn read(mut keys: Keys<'_>) -> Self {
        let snapshot_ms = keys.number("snapshotIntervalMillis", 10..=86_400_000);
        let log_max_bytes = keys.number("logMaxBytes", (1 << 20)..=i64::MAX);
        let event_sync_secret = keys.text("eventSyncSecret");
        keys.finish();
        Self { snapshot_ms, log_max_bytes, event_sync_secret }
    }

    pub(super) fn check(self) -> Own {
        Own {
            snapshot_every: self
                .snapshot_ms
                .map(|it| Duration::from_millis(it.value.unsigned_abs())),
            event_sync_secret: self.event_sync_secret.map(|it| it.value),
            log_max_bytes: self.log_max_bytes.map_or(LOG_MAX_BYTES, |it| it.value.unsigned_abs()),
        }
    }
}
