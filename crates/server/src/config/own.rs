//! `weir`: keys of our own, beside those of the original.

use std::path::PathBuf;
use std::time::Duration;

use weir_tls::StoreFile;

use super::keys::{Keys, Reading, Written};
use super::problem::{ConfigProblem, Place};
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
    alone_log: Option<Written<String>>,
    tls: Option<RawTls>,
}

/// `eventSyncTls` as written.
#[derive(Debug)]
struct RawTls {
    certificate: Option<Written<String>>,
    key: Option<Written<String>>,
    password: Option<Written<String>>,
    ca: Option<Written<String>>,
    path: String,
    place: Place,
}

/// What the nodes of a pair show each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncFiles {
    /// A certificate, with its key or without.
    pub certificate: StoreFile,
    /// Its key, where that is in a file of its own.
    pub key: Option<PathBuf>,
    /// Who signs for the nodes of the group.
    pub ca: StoreFile,
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
    /// What they show each other, where event sync is encrypted.
    pub event_sync_tls: Option<SyncFiles>,
    /// What a passive node does with the log.
    pub standby: Standby,
    /// Whether a node alone keeps its log in the database, or on its disk only.
    pub alone_log_in_database: bool,
}

impl std::fmt::Debug for Own {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Own")
            .field("snapshot_every", &self.snapshot_every)
            .field("log_max_bytes", &self.log_max_bytes)
            .field("event_sync_secret", &self.event_sync_secret.as_ref().map(|_| ".."))
            .field("event_sync_tls", &self.event_sync_tls)
            .field("alone_log_in_database", &self.alone_log_in_database)
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
        let alone_log = keys.text("aloneLog");
        let tls = keys.section("eventSyncTls").map(RawTls::read);
        keys.finish();
        Self { snapshot_ms, log_max_bytes, event_sync_secret, standby, alone_log, tls }
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
        let alone_log = self.alone_log.map(|it| match it.value.as_str() {
            "database" => true,
            "disk" => false,
            other => {
                let problem = it.problem(&format!("must be `disk` or `database`, not `{other}`"));
                cx.problem(problem.hint(
                    "`database`: a node alone acknowledges what the persistence database has, so \
                     that the loss of its disk loses nothing",
                ));
                false
            }
        });
        Own {
            alone_log_in_database: alone_log.unwrap_or_default(),
            standby: standby.unwrap_or_default(),
            snapshot_every: self
                .snapshot_ms
                .map(|it| Duration::from_millis(it.value.unsigned_abs())),
            event_sync_tls: self.tls.and_then(|it| it.check(cx)),
            event_sync_secret: self.event_sync_secret.map(|it| it.value),
            log_max_bytes: self.log_max_bytes.map_or(LOG_MAX_BYTES, |it| it.value.unsigned_abs()),
        }
    }
}

impl RawTls {
    fn read(mut keys: Keys<'_>) -> Self {
        let (path, place) = (keys.path.clone(), keys.place);
        let (certificate, key) = (keys.text("certificate"), keys.text("key"));
        let (password, ca) = (keys.text("password"), keys.text("ca"));
        keys.finish();
        Self { certificate, key, password, ca, path, place }
    }

    fn check(self, cx: &Reading<'_>) -> Option<SyncFiles> {
        let (Some(certificate), Some(ca)) = (self.certificate, self.ca) else {
            let message = format!("`{}` needs `certificate` and `ca`", self.path);
            cx.problem(ConfigProblem::new(Some(self.place), message).hint(
                "`certificate`: what this node shows, with `key` where its key is in another \
                 file; `ca`: who signs for the nodes of the group",
            ));
            return None;
        };
        let password = self.password.map(|it| it.value);
        Some(SyncFiles {
            certificate: StoreFile { path: certificate.value.into(), password },
            key: self.key.map(|it| it.value.into()),
            ca: StoreFile::pem(ca.value),
        })
    }
}
