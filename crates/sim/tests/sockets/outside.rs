//! The log and the database of the `datasource` room, as the pair's driver wants them.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex};

use weir_cluster::{
    EntryLog, Lease, LeaseStore, LeaseWrite, LogTrouble, NodeId, PeerAddress, StoreTrouble,
    SyncWork,
};
use weir_codec::{EntryId, LogId, RawEntry};
use weir_datasource::{
    ClusterTables, Database, DatabaseOptions, FileLog, LeaseRow, LeaseVersion, LogError,
    LogOptions, NodeRow, StoreError, Synced,
};
use weir_event::{Seq, Time};

/// A log on disk.
#[derive(Debug)]
pub(crate) struct DiskLog(FileLog);

impl DiskLog {
    /// Opens it; a node that was just killed may still hold it for a moment.
    pub(crate) async fn open(folder: &Path, options: LogOptions) -> Self {
        loop {
            match FileLog::open(folder, options) {
                Ok((log, _)) => return Self(log),
                Err(LogError::InUse { .. }) => tokio::task::yield_now().await,
                Err(other) => panic!("{other}"),
            }
        }
    }
}

fn trouble(error: LogError) -> LogTrouble {
    if error.is_passing() {
        LogTrouble::Passing(error.to_string())
    } else {
        LogTrouble::Broken(error.to_string())
    }
}

impl EntryLog for DiskLog {
    type Synced = Synced;

    fn id(&self) -> LogId {
        self.0.id()
    }

    fn base(&self) -> EntryId {
        self.0.base()
    }

    fn last(&self) -> EntryId {
        self.0.last()
    }

    fn runs(&self) -> Vec<EntryId> {
        self.0.runs().to_vec()
    }

    fn durable_last(&self) -> EntryId {
        self.0.durable_last()
    }

    fn bytes(&self) -> u64 {
        self.0.bytes()
    }

    fn has_room(&self, bytes: u64) -> bool {
        self.0.has_room(bytes)
    }

    fn append(&mut self, entries: &[RawEntry]) -> Result<(), LogTrouble> {
        self.0.append(entries).map_err(trouble)
    }

    fn start_sync(&self) -> Result<SyncWork<Synced>, LogTrouble> {
        let pending = self.0.start_sync().map_err(trouble)?;
        Ok(Box::new(|| pending.run().map_err(trouble)))
    }

    fn confirm(&mut self, synced: Synced) {
        self.0.confirm(synced);
    }

    fn read_after(&self, after: EntryId, bytes_max: usize) -> Result<Vec<RawEntry>, LogTrouble> {
        self.0.read_after(after, bytes_max).map_err(trouble)
    }

    fn cut_after(&mut self, keep: EntryId) -> Result<(), LogTrouble> {
        self.0.cut_after(keep).map_err(trouble)
    }

    fn reset_to(&mut self, base: EntryId) -> Result<(), LogTrouble> {
        self.0.reset_to(base).map_err(trouble)
    }

    fn trim_through(&mut self, through: Seq) -> Result<(), LogTrouble> {
        self.0.trim_through(through).map_err(trouble)
    }
}

/// The cluster tables of a SQLite file, and a switch that makes the database stop answering.
pub(crate) struct Tables {
    lease: Mutex<Box<dyn ClusterTables>>,
    nodes: Mutex<Box<dyn ClusterTables>>,
    away: AtomicBool,
    gate: (Mutex<()>, Condvar),
}

const GROUP: &str = "group";

impl Tables {
    pub(crate) fn open(file: &Path) -> Self {
        let url = format!("jdbc:sqlite:{}", file.display());
        let database = Database::open(&url, DatabaseOptions::default()).unwrap();
        Self {
            lease: Mutex::new(database.cluster().unwrap()),
            nodes: Mutex::new(database.cluster().unwrap()),
            away: AtomicBool::new(false),
            gate: (Mutex::new(()), Condvar::new()),
        }
    }

    /// From now on the database does not answer, or does so again.
    pub(crate) fn set_away(&self, away: bool) {
        let _waiting = self.gate.0.lock().unwrap();
        self.away.store(away, Ordering::SeqCst);
        self.gate.1.notify_all();
    }

    fn pass(&self) {
        let waiting = self.gate.0.lock().unwrap();
        drop(self.gate.1.wait_while(waiting, |()| self.away.load(Ordering::SeqCst)));
    }
}

fn unavailable(error: StoreError) -> StoreTrouble {
    StoreTrouble(error.to_string())
}

impl LeaseStore for Tables {
    fn read(&self) -> Result<Option<Lease>, StoreTrouble> {
        self.pass();
        let row = self.lease.lock().unwrap().lease(GROUP).map_err(unavailable)?;
        Ok(row.map(|row| Lease {
            holder: row.holder.as_deref().map(NodeId::new),
            log: row.log,
            epoch: row.epoch,
            renewals: row.renewals,
            in_sync: row.in_sync,
        }))
    }

    fn write(&self, write: &LeaseWrite) -> Result<bool, StoreTrouble> {
        self.pass();
        let LeaseWrite { expected, lease } = write;
        let expected =
            expected.map(|it| LeaseVersion { log: it.log, epoch: it.epoch, renewals: it.renewals });
        let row = LeaseRow {
            holder: lease.holder.as_ref().map(ToString::to_string),
            log: lease.log,
            epoch: lease.epoch,
            renewals: lease.renewals,
            in_sync: lease.in_sync.clone(),
        };
        self.lease.lock().unwrap().write_lease(GROUP, expected, &row).map_err(unavailable)
    }

    fn announce(&self, me: &PeerAddress) -> Result<(), StoreTrouble> {
        let properties = [("host", me.host.clone()), ("port", me.port.to_string())];
        let row = NodeRow {
            node: me.node.to_string(),
            properties: properties.map(|(key, value)| (key.to_owned(), value)).into(),
            heartbeat: Time(0),
        };
        self.nodes.lock().unwrap().heartbeat(GROUP, &row).map_err(unavailable)
    }

    fn peers(&self) -> Result<Vec<PeerAddress>, StoreTrouble> {
        let rows = self.nodes.lock().unwrap().nodes(GROUP).map_err(unavailable)?;
        let peer = |row: NodeRow| PeerAddress {
            node: NodeId::new(&row.node),
            host: row.properties["host"].clone(),
            port: row.properties["port"].parse().unwrap(),
        };
        Ok(rows.into_iter().map(peer).collect())
    }
}
