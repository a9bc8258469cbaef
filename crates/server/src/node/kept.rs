//! The log of a node alone in the database: what it acknowledges is there first.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use weir_cluster::{Lease, LeaseStore, LeaseWrite, LogTrouble, NodeId};
use weir_codec::{EntryId, LogId, RawEntry};
use weir_datasource::{FileLog, KeptLog, StoreError};
use weir_event::{Epoch, Seq};

/// About how many bytes go into the database at a time.
const BATCH_BYTES: usize = 4 << 20;

/// The log of this node in the database, as its lease, its log and its start see it.
#[derive(Debug)]
pub(crate) struct Kept {
    log: LogId,
    /// The epoch of the lease, which the database is written under; 0 before the first.
    epoch: AtomicU64,
    /// What is in the database; a write may take long.
    table: Mutex<KeptLog>,
    /// What is known of it; held for a moment only, as the node's loop and its lease look here.
    place: Mutex<Place>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Place {
    /// Up to where the database holds the log without a gap from its base on; `None` before it
    /// is begun anew.
    through: Option<EntryId>,
    /// Once it is held up to here, all that is acknowledged is in the database.
    whole_from: Option<EntryId>,
    /// Whether another log is in sync, or may be: then events are acknowledged that do not get
    /// here.
    shared: bool,
    /// Raised whenever what is under way to the database is no longer the log.
    turn: u64,
}

/// Entries on their way into the database.
pub(crate) struct Batch {
    turn: u64,
    from: Option<EntryId>,
    base: EntryId,
    entries: Vec<RawEntry>,
    last: EntryId,
}

impl Kept {
    /// The log of this id.
    pub(crate) fn new(log: LogId, table: KeptLog) -> Self {
        let (table, place) = (Mutex::new(table), Mutex::default());
        Self { log, epoch: AtomicU64::new(0), table, place }
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn table(&self) -> MutexGuard<'_, KeptLog> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Up to where the database has the log.
    pub(crate) fn through(&self) -> Option<EntryId> {
        self.place().through
    }

    /// The log was cut or begins elsewhere: what the database has of it is written anew.
    pub(crate) fn forget(&self) {
        let mut place = self.place();
        place.through = None;
        place.turn += 1;
    }

    /// What the database lacks of the log, or some of it.
    pub(crate) fn batch(&self, log: &FileLog) -> Result<Batch, LogTrouble> {
        let (base, last) = (log.base(), log.last());
        let Place { through, turn, .. } = *self.place();
        // What a trim has taken away in the meantime cannot be read any more.
        let from = through.filter(|it| *it >= base && *it <= last);
        let entries = match from.unwrap_or(base) {
            after if after < last => log.read_after(after, BATCH_BYTES),
            _ => Ok(Vec::new()),
        };
        let entries = entries.map_err(|why| LogTrouble::Broken(why.to_string()))?;
        Ok(Batch { turn, from, base, entries, last })
    }

    /// Writes a batch.
    pub(crate) fn write(&self, batch: Batch) -> Result<(), LogTrouble> {
        let mut table = self.table();
        let Place { turn, whole_from, shared, .. } = *self.place();
        if turn != batch.turn {
            // It is not the log any more; the next batch is made of what there is then.
            return Ok(());
        }
        let under = Epoch(self.epoch.load(Ordering::Acquire));
        let Batch { from, base, entries, last, .. } = batch;
        let whole_from = if from.is_some() { whole_from.unwrap_or(last) } else { last };
        let through = entries.last().map_or_else(|| from.unwrap_or(base), |it| it.id);
        let is_whole = !shared && through >= whole_from;
        let written = match from {
            Some(_) => Ok(()),
            None => table.begin(under, self.log, base),
        };
        let written =
            written.and_then(|()| table.add((under, self.log), entries, base.seq, is_whole));
        let mut place = self.place();
        if place.turn == turn {
            // What became of a write without an answer is not known: then it begins anew.
            place.through = written.is_ok().then_some(through);
            place.whole_from = Some(whole_from);
        }
        written.map_err(|why| {
            LogTrouble::Passing(format!("the log could not be kept in the database: {why}"))
        })
    }

    /// Another log is about to be named: from then on this one is no longer all there is.
    fn share(&self) -> Result<(), StoreError> {
        {
            let mut place = self.place();
            if place.shared {
                return Ok(());
            }
            // A write that is under way may still say that it is whole: the table is held by it.
            (place.shared, place.through) = (true, None);
            place.turn += 1;
        }
        let stopped = self.table().stop(self.log);
        if stopped.is_err() {
            self.place().shared = false;
        }
        stopped
    }

    /// No other log is named.
    fn alone(&self) {
        self.place().shared = false;
    }
}

/// The lease of a node that keeps its log in the database while it is alone.
pub(crate) struct KeepingStore<S> {
    store: S,
    kept: std::sync::Arc<Kept>,
}

impl<S> KeepingStore<S> {
    /// The lease behind `store`.
    pub(crate) fn new(store: S, kept: std::sync::Arc<Kept>) -> Self {
        Self { store, kept }
    }
}

impl<S: LeaseStore> LeaseStore for KeepingStore<S> {
    fn read(&self) -> Result<Option<Lease>, weir_cluster::StoreTrouble> {
        let lease = self.store.read()?;
        if let Some(lease) = lease.as_ref().filter(|it| it.log == self.kept.log) {
            self.kept.epoch.fetch_max(lease.epoch.0, Ordering::AcqRel);
        }
        Ok(lease)
    }

    fn write(&self, write: &LeaseWrite) -> Result<bool, weir_cluster::StoreTrouble> {
        let alone = write.lease.in_sync.iter().all(|it| *it == self.kept.log);
        if !alone {
            self.kept.share().map_err(|why| weir_cluster::StoreTrouble(why.to_string()))?;
        }
        let done = self.store.write(write)?;
        if done {
            self.kept.epoch.fetch_max(write.lease.epoch.0, Ordering::AcqRel);
            if alone {
                self.kept.alone();
            }
        }
        Ok(done)
    }

    fn announce(&self, me: &weir_cluster::PeerAddress) -> Result<(), weir_cluster::StoreTrouble> {
        self.store.announce(me)
    }

    fn peers(&self) -> Result<Vec<weir_cluster::PeerAddress>, weir_cluster::StoreTrouble> {
        self.store.peers()
    }
}

/// Why a log was not taken over from the database.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdoptError {
    #[error("the lease: {0}")]
    Lease(#[from] weir_cluster::StoreTrouble),
    #[error("the log in the database: {0}")]
    Kept(#[from] StoreError),
    #[error("the log on disk: {0}")]
    Disk(#[from] weir_datasource::LogError),
}

/// What a start found of a log in the database.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Adopted {
    /// There is nothing to take over, or nobody's to take.
    Nothing,
    /// Its holder may be alive: look again after a whole lease.
    Wait,
    /// The log on disk is now that of the database, up to this entry, and in sync.
    Through(EntryId),
}

/// Takes over the log that a node alone has left in the database and has lost with its disk: every
/// acknowledged event that no snapshot has is in it. `seen` is the lease as it was one whole
/// lease ago.
///
/// The lease is claimed first, so that nobody else does the same, then the fence is raised, so
/// that its last holder writes no more; only then the log is read. The lease names this node's
/// log once that holds everything.
pub(crate) fn adopt(
    store: &dyn LeaseStore,
    table: &mut KeptLog,
    log: &mut FileLog,
    (node, seen): (&str, &mut Option<Lease>),
) -> Result<Adopted, AdoptError> {
    let Some(lease) = store.read()? else { return Ok(Adopted::Nothing) };
    let named = (lease.in_sync.len() == 1).then(|| lease.in_sync.first().copied()).flatten();
    let Some(named) = named.filter(|it| *it != log.id()) else { return Ok(Adopted::Nothing) };
    let head = table.head()?;
    if head.log != named || !head.is_whole {
        return Ok(Adopted::Nothing);
    }
    if lease.holder.is_some() && seen.as_ref() != Some(&lease) {
        let changed = seen.as_ref().is_some_and(|it| *it != lease);
        *seen = Some(lease);
        return Ok(if changed { Adopted::Nothing } else { Adopted::Wait });
    }
    let claim = Lease {
        holder: Some(NodeId::new(node)),
        log: log.id(),
        epoch: Epoch(lease.epoch.0.max(head.fence.0) + 1),
        renewals: 0,
        in_sync: lease.in_sync.clone(),
    };
    let write = LeaseWrite { expected: Some(lease.version()), lease: claim.clone() };
    if !store.write(&write)? {
        return Ok(Adopted::Nothing);
    }
    let head = table.raise_fence(claim.epoch)?;
    let whole = head.log == named && head.is_whole;
    let mut freed = Lease { holder: None, renewals: 1, ..claim.clone() };
    if whole {
        copy(table, log, head.last)?;
        freed.in_sync = [log.id()].into();
    }
    store.write(&LeaseWrite { expected: Some(claim.version()), lease: freed })?;
    Ok(if whole { Adopted::Through(head.last) } else { Adopted::Nothing })
}

/// Makes the log on disk that of the database.
fn copy(table: &mut KeptLog, log: &mut FileLog, last: EntryId) -> Result<(), AdoptError> {
    let mut after = Seq(0);
    let mut begun = false;
    while let Some((before, entries)) = table.read(after)? {
        if !begun {
            log.reset_to(before)?;
            begun = true;
        }
        let Some(end) = entries.last().map(|it| it.id.seq) else { break };
        log.append(&entries)?;
        after = end;
    }
    if !begun {
        log.reset_to(last)?;
    }
    log.sync()?;
    Ok(())
}

/// How long to wait before the lease is looked at again: its holder has not renewed it by then.
pub(crate) fn wait_of(lease: Duration) -> Duration {
    lease + lease / 10
}
