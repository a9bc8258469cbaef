//! The node's log and its snapshots, on the files and databases of the `datasource` room.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use weir_cluster::{BootClock, EntryLog, LogReader, LogTrouble, Moment, SyncWork};
use weir_codec::{EntryId, LogId, RawEntry, Snapshot};
use weir_datasource::{FileLog, LogError, Snapshots, StoreError, Synced};
use weir_event::{Epoch, Seq, Text};

use super::door::{Shelf, ShelfError};
use super::kept::Kept;

/// A log on disk, as the pair's driver wants it.
#[derive(Debug)]
pub(crate) struct DiskLog {
    file: FileLog,
    /// Where it is kept too while this node is alone.
    kept: Option<Arc<Kept>>,
}

impl DiskLog {
    /// A log that is on disk, and in the database while this node is alone if there is `kept`.
    pub(crate) fn new(file: FileLog, kept: Option<Arc<Kept>>) -> Self {
        Self { file, kept }
    }

    fn forget(&self) {
        if let Some(kept) = &self.kept {
            kept.forget();
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
        self.file.id()
    }

    fn base(&self) -> EntryId {
        self.file.base()
    }

    fn last(&self) -> EntryId {
        self.file.last()
    }

    fn runs(&self) -> Vec<EntryId> {
        self.file.runs().to_vec()
    }

    fn durable_last(&self) -> EntryId {
        match &self.kept {
            None => self.file.durable_last(),
            // The disk may be lost at any moment: what is on it alone does not count.
            Some(kept) => {
                kept.through().map_or(self.file.base(), |it| it.min(self.file.durable_last()))
            }
        }
    }

    fn bytes(&self) -> u64 {
        self.file.bytes()
    }

    fn has_room(&self, bytes: u64) -> bool {
        self.file.has_room(bytes)
    }

    fn append(&mut self, entries: &[RawEntry]) -> Result<(), LogTrouble> {
        self.file.append(entries).map_err(trouble)
    }

    fn start_sync(&self) -> Result<SyncWork<Synced>, LogTrouble> {
        let pending = self.file.start_sync().map_err(trouble)?;
        let Some(kept) = &self.kept else {
            return Ok(Box::new(|| pending.run().map_err(trouble)));
        };
        let (kept, batch) = (Arc::clone(kept), kept.batch(&self.file)?);
        // On disk first: a node that comes back with its disk goes on from that.
        Ok(Box::new(move || {
            let synced = pending.run().map_err(trouble)?;
            kept.write(batch).map(|()| synced)
        }))
    }

    fn confirm(&mut self, synced: Synced) {
        self.file.confirm(synced);
    }

    fn read_after(&self, after: EntryId, bytes_max: usize) -> Result<Vec<RawEntry>, LogTrouble> {
        self.file.read_after(after, bytes_max).map_err(trouble)
    }

    fn cut_after(&mut self, keep: EntryId) -> Result<(), LogTrouble> {
        self.forget();
        self.file.cut_after(keep).map_err(trouble)
    }

    fn reset_to(&mut self, base: EntryId) -> Result<(), LogTrouble> {
        self.forget();
        self.file.reset_to(base).map_err(trouble)
    }

    fn trim_through(&mut self, through: Seq) -> Result<(), LogTrouble> {
        self.file.trim_through(through).map_err(trouble)
    }
}

/// The log of a running node, and the snapshots of its apps.
pub(crate) struct DiskShelf {
    log: LogReader<DiskLog>,
    /// What is read, and the fence.
    snapshots: Mutex<Box<dyn Snapshots>>,
    /// The way in of snapshots: a large one is long under way, and a takeover does not wait for it.
    keeper: Mutex<Box<dyn Snapshots>>,
    revisions: usize,
}

impl DiskShelf {
    /// A shelf that keeps the newest `revisions` snapshots of each app.
    pub(crate) fn new(
        log: LogReader<DiskLog>,
        snapshots: Box<dyn Snapshots>,
        keeper: Box<dyn Snapshots>,
        revisions: usize,
    ) -> Self {
        let (snapshots, keeper) = (Mutex::new(snapshots), Mutex::new(keeper));
        Self { log, snapshots, keeper, revisions }
    }

    fn snapshots(&self) -> MutexGuard<'_, Box<dyn Snapshots>> {
        self.snapshots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failed(error: StoreError) -> ShelfError {
    ShelfError(error.to_string())
}

impl Shelf for DiskShelf {
    fn base(&self) -> EntryId {
        self.log.base()
    }

    fn read(
        &self,
        after: EntryId,
        through: EntryId,
        each: &mut dyn FnMut(RawEntry) -> bool,
    ) -> Result<(), ShelfError> {
        self.log.read(after, through, each).map_err(|it| ShelfError(it.to_string()))
    }

    fn raise_fence(&self, epoch: Epoch) -> Result<(), ShelfError> {
        self.snapshots().raise_fence(epoch).map_err(failed)
    }

    fn last_snapshot(&self, app: &str) -> Result<Option<Snapshot>, ShelfError> {
        let mut snapshots = self.snapshots();
        let Some(row) = snapshots.last(app).map_err(failed)? else { return Ok(None) };
        snapshots.load(app, &row.revision).map(Some).map_err(failed)
    }

    fn newest_snapshot(&self, app: &str) -> Result<Option<(EntryId, Text)>, ShelfError> {
        let row = self.snapshots().last(app).map_err(failed)?;
        Ok(row.map(|it| (it.at, it.revision.into())))
    }

    fn save_snapshot(&self, epoch: Epoch, snapshot: &Snapshot) -> Result<(), ShelfError> {
        let mut snapshots = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        snapshots.save(epoch, snapshot).map_err(failed)?;
        snapshots.keep_newest(epoch, &snapshot.app, self.revisions).map_err(failed)?;
        Ok(())
    }

    fn instant_of(&self, moment: Moment) -> Instant {
        BootClock.instant_of(moment)
    }
}
