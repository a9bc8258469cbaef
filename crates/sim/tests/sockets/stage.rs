//! A group of nodes to try things on, and the patience to see what comes of it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::timeout;
use weir_cluster::{
    Moment, NodeEvent, NodeId, NodeInput, Pair, PairConfig, Secret, SyncTls, Timing,
};
use weir_codec::{Build, EntryId, LogId, Protocols, What};
use weir_datasource::LogOptions;
use weir_event::{Epoch, Time};

use crate::outside::{DiskLog, Tables};

/// Nothing here takes so long; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const LEASE: Duration = Duration::from_millis(800);

/// A folder with the group's database and its nodes' logs.
pub(crate) struct Stage {
    folder: TempDir,
}

/// What may differ from node to node.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) secret: Option<&'static str>,
    pub(crate) tls: Option<SyncTls>,
    pub(crate) build: Build,
    pub(crate) log: LogOptions,
    pub(crate) log_bytes_max: u64,
}

impl Default for Options {
    fn default() -> Self {
        let build = Build { release: "1".to_owned(), protocols: Protocols::OURS, snapshots: 1 };
        Self { secret: None, tls: None, build, log: LogOptions::default(), log_bytes_max: 1 << 30 }
    }
}

/// A node, and what it has said.
pub(crate) struct TestNode {
    pub(crate) pair: Pair<DiskLog>,
    pub(crate) tables: Arc<Tables>,
    pub(crate) epoch: Option<Epoch>,
    pub(crate) deadline: Moment,
    pub(crate) committed: EntryId,
    pub(crate) in_sync: Vec<LogId>,
    next: u64,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    pub(crate) fn log_of(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) async fn start(&self, name: &str) -> TestNode {
        self.start_with(name, Options::default()).await
    }

    pub(crate) async fn start_with(&self, name: &str, options: Options) -> TestNode {
        let tables = Arc::new(Tables::open(&self.folder.path().join("cluster.db")));
        let log = DiskLog::open(&self.log_of(name), options.log).await;
        let config = PairConfig {
            group: "group".to_owned(),
            node: NodeId::new(name),
            build: options.build,
            alone: false,
            listen_host: "127.0.0.1".to_owned(),
            listen_port: 0,
            advertised_host: None,
            advertised_port: None,
            timing: Timing::new(LEASE, Duration::from_millis(150)),
            strike_after: Duration::from_millis(600),
            announce_every: Duration::from_millis(100),
            log_bytes_max: options.log_bytes_max,
            tls: options.tls,
            secret: options.secret.map(Secret::new),
        };
        let pair = Pair::start(config, Arc::clone(&tables), log).await.unwrap();
        TestNode {
            pair,
            tables,
            epoch: None,
            deadline: Moment::default(),
            committed: EntryId::NONE,
            in_sync: Vec::new(),
            next: 0,
        }
    }

    /// An active node `a` and a passive node `b` that is in sync.
    pub(crate) async fn pair(&self) -> (TestNode, TestNode) {
        let mut a = self.start("a").await;
        a.until_active().await;
        let b = self.start("b").await;
        a.until_in_sync(2).await;
        (a, b)
    }
}

impl TestNode {
    /// Takes in what the node says until `enough` answers.
    pub(crate) async fn until<T>(
        &mut self,
        mut enough: impl FnMut(&Self, &NodeEvent) -> Option<T>,
    ) -> T {
        let heard = timeout(PATIENCE, async {
            loop {
                let event = self.pair.events.recv().await.expect("the node goes on");
                self.note(&event);
                if let Some(answer) = enough(self, &event) {
                    return answer;
                }
            }
        });
        heard.await.expect("what is waited for comes about")
    }

    fn note(&mut self, event: &NodeEvent) {
        match event {
            NodeEvent::BecameActive { term, .. } => {
                self.epoch = Some(term.epoch);
                self.deadline = term.deadline;
            }
            NodeEvent::Deadline(deadline) => self.deadline = *deadline,
            NodeEvent::LostLease(_) | NodeEvent::Released => self.epoch = None,
            NodeEvent::Committed(at) => self.committed = *at,
            NodeEvent::InSync(logs) => self.in_sync = logs.iter().copied().collect(),
            NodeEvent::Suspended
            | NodeEvent::Drain
            | NodeEvent::Waiting(_)
            | NodeEvent::Appended(_)
            | NodeEvent::NotActive
            | NodeEvent::Received(_)
            | NodeEvent::Trimmed { .. }
            | NodeEvent::Met { .. }
            | NodeEvent::PeerEnded { .. }
            | NodeEvent::OnPromise(_)
            | NodeEvent::Outdated(_)
            | NodeEvent::Report(_) => {}
        }
    }

    pub(crate) async fn until_active(&mut self) -> Epoch {
        if let Some(epoch) = self.epoch {
            return epoch;
        }
        self.until(|it, _| it.epoch).await
    }

    pub(crate) async fn until_in_sync(&mut self, count: usize) {
        if self.in_sync.len() != count {
            self.until(|it, _| (it.in_sync.len() == count).then_some(())).await;
        }
    }

    pub(crate) async fn until_committed(&mut self, at: EntryId) {
        if self.committed < at {
            self.until(|it, _| (it.committed >= at).then_some(())).await;
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.pair.address.expect("it is not alone")
    }

    pub(crate) fn tell(&self, input: NodeInput) {
        self.pair.input.send(input).expect("the node goes on");
    }

    /// Asks for `count` entries of about `bytes` bytes; their content is their own number.
    pub(crate) fn ask_append(&mut self, count: u64, bytes: usize) {
        let item = |n: u64| {
            let text = format!("{n} {}", " ".repeat(bytes)).as_str().into();
            (Time(n as i64), What::Query { app: "App".into(), text }.encode().into())
        };
        let items = (self.next..self.next + count).map(item).collect();
        self.next += count;
        self.tell(NodeInput::Append(items));
    }

    /// Appends entries, and answers the last one's name once the log has it.
    pub(crate) async fn append(&mut self, count: u64) -> EntryId {
        self.ask_append(count, 8);
        self.until(|_, event| {
            assert!(*event != NodeEvent::NotActive, "the node is active");
            let NodeEvent::Appended(entries) = event else { return None };
            entries.last().map(|entry| entry.id)
        })
        .await
    }

    /// The contents of the node's log, in order.
    pub(crate) fn contents(&self, through: EntryId) -> Vec<u64> {
        let mut found = Vec::new();
        let read = self.pair.log.read(EntryId::NONE, through, |entry| {
            let Ok(What::Query { text, .. }) = entry.what() else { return false };
            found.push(text.trim().parse().expect("it was written here"));
            true
        });
        read.expect("the log can be read");
        found
    }

    /// Ends the node as a crash does: no word to anybody.
    pub(crate) fn kill(self) {
        drop(self.pair);
    }
}
