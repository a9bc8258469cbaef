//! `weir`: keys of our own, beside those of the original.

use std::time::Duration;

use super::keys::{Keys, Reading, Written};
use crate::node::Standby;

/// How many bytes of log a node keeps before it pushes its sources back.
const LOG_MAX_BYTES: u64 = 1 << 30;

/// The section as written.
#[derive(Debug, Default)]
pub(super) struct RawOwn {
    snapshot_ms: Option<Written<i64>>,
    log_max_bytes: Option<Written<i64>>,
    event_sync_secret: Option<Written<String>>,
    standby: Option<Written<String>>,
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
    /// What a passive node does with the log.
    pub standby: Standby,
}

impl std::fmt::Debug for Own {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Own")
            .field("snapshot_every", &self.snapshot_every)
            .field("log_max_bytes", &self.log_max_bytes)
            .field("event_sync_secret", &self.event_sync_secret.as_ref().map(|_| ".."))
            .field("standby", &self.standby)
            .finish()
    }
}

impl RawOwn {
    pub(super) fn read(mut keys: Keys<'_>) -> Self {
        let snapshot_ms = keys.number("snapshotIntervalMillis", 10..=86_400_000);
        let log_max_bytes = keys.number("logMaxBytes", (1 << 20)..=i64::MAX);
        let event_sync_secret = keys.text("eventSyncSecret");
        let standby = keys.text("standby");
        keys.finish();
        Self { snapshot_ms, log_max_bytes, event_sync_secret, standby }
    }

    pub(super) fn check(self, cx: &Reading<'_>) -> Own {
        let standby = self.standby.map(|it| match it.value.as_str() {
            "hot" => Standby::Hot,
            "queue" => Standby::Queue,
            other => {
                let problem = it.problem(&format!("must be `hot` or `queue`, not `{other}`"));
                cx.problem(problem.hint(
                    "`hot`: a passive node executes the log, and a takeover has little left to do",
                ));
                Standby::Hot
            }
        });
        Own {
            standby: standby.unwrap_or_default(),
            snapshot_every: self
                .snapshot_ms
                .map(|it| Duration::from_millis(it.value.unsigned_abs())),
            event_sync_secret: self.event_sync_secret.map(|it| it.value),
            log_max_bytes: self.log_max_bytes.map_or(LOG_MAX_BYTES, |it| it.value.unsigned_abs()),
        }
    }
}
