//! `deployment.config`: what makes the nodes of a group an active and a passive one.

use super::keys::{Keys, Reading, Written};

/// Where the passive listens for the active's log, as in the original.
const EVENT_SYNC_PORT: u16 = 9893;
/// How many entries the active may have under way, as in the original.
const QUEUE_CAPACITY: usize = 20_000;

/// The section as written.
#[derive(Debug)]
pub(super) struct RawHa {
    kind: Option<Written<String>>,
    host: Option<Written<String>>,
    port: Option<Written<i64>>,
    advertised_host: Option<Written<String>>,
    advertised_port: Option<Written<i64>>,
    queue_capacity: Option<Written<i64>>,
}

/// The same, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ha {
    /// The address the event-sync server binds.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The host the other node dials.
    pub advertised_host: String,
    /// The port the other node dials.
    pub advertised_port: u16,
    /// How many entries may wait for the passive before the sources do.
    pub queue_capacity: usize,
}

impl RawHa {
    pub(super) fn read(mut keys: Keys<'_>) -> Self {
        let kind = keys.text("type");
        let queue_capacity = keys.number("eventByteBufferQueueCapacity", 1..=10_000_000);
        keys.ignored(
            &["passiveNodeDetailsWaitTimeOutMillis", "passiveNodeDetailsRetrySleepTimeMillis"],
            "the active goes on while it looks for the passive",
        );
        keys.ignored(
            &["byteBufferExtractorThreadPoolSize", "eventSyncClientPool"],
            "one connection carries the log, in order",
        );
        let mut raw = Self {
            kind,
            queue_capacity,
            host: None,
            port: None,
            advertised_host: None,
            advertised_port: None,
        };
        if let Some(mut server) = keys.section("eventSyncServer") {
            raw.host = server.text("host");
            raw.port = server.number("port", 1..=65_535);
            raw.advertised_host = server.text("advertisedHost");
            raw.advertised_port = server.number("advertisedPort", 0..=65_535);
            server.ignored(&["bossThreads", "workerThreads"], "one connection needs no pool");
            server.finish();
        }
        keys.finish();
        raw
    }

    /// `None` when the section gives no type: then there is no pair.
    pub(super) fn check(self, port_offset: u16, cx: &Reading<'_>) -> Option<Ha> {
        let kind = self.kind?;
        if !kind.value.eq_ignore_ascii_case("ha") {
            let problem = kind.problem(&format!("must be `ha`, not `{}`", kind.value));
            cx.problem(problem.hint("two nodes, one active and one passive, are `type: ha`"));
        }
        let port_of = |it: Option<Written<i64>>| it.and_then(|it| u16::try_from(it.value).ok());
        let host = self.host.map_or_else(|| "0.0.0.0".to_owned(), |it| it.value);
        let port =
            port_of(self.port).unwrap_or_else(|| EVENT_SYNC_PORT.saturating_add(port_offset));
        if self.advertised_host.is_none() && matches!(host.as_str(), "0.0.0.0" | "::") {
            cx.note(format!(
                "`deployment.config.eventSyncServer.advertisedHost` is not given: the other node \
                 is told to dial `{host}`, which works on one machine only"
            ));
        }
        Some(Ha {
            advertised_host: self.advertised_host.map_or_else(|| host.clone(), |it| it.value),
            advertised_port: port_of(self.advertised_port).filter(|it| *it > 0).unwrap_or(port),
            host,
            port,
            queue_capacity: self
                .queue_capacity
                .and_then(|it| usize::try_from(it.value).ok())
                .unwrap_or(QUEUE_CAPACITY),
        })
    }
}
