//! A node's disk: the log, and how much of it would survive a power cut.

use weir_cluster::{Found, LoggedMarks, Shape};
use weir_codec::{EntryId, LogId, RawEntry};
use weir_event::{Seq, Time};

#[derive(Debug, Clone)]
pub(crate) struct Disk {
    pub(crate) log: LogId,
    pub(crate) base: EntryId,
    pub(crate) entries: Vec<RawEntry>,
    pub(crate) synced: Seq,
}

/// How long forcing the log to disk may take at most.
pub(crate) const SYNC_MAX_MS: u64 = 20;

impl Disk {
    pub(crate) fn empty(log: LogId) -> Self {
        Self { log, base: EntryId::NONE, entries: Vec::new(), synced: Seq(0) }
    }

    pub(crate) fn found(&self) -> Found {
        let mut shape = Shape::after(self.base);
        for entry in &self.entries {
            assert!(shape.push(entry.id), "a log has no gap at {}", entry.id);
        }
        Found { shape, last_time: self.entries.last().map_or(Time(0), |entry| entry.time) }
    }

    pub(crate) fn marks(&self) -> LoggedMarks {
        let mut marks = LoggedMarks::default();
        for entry in &self.entries {
            marks.note(entry).expect("the simulator wrote it");
        }
        marks
    }

    pub(crate) fn last(&self) -> EntryId {
        self.entries.last().map_or(self.base, |entry| entry.id)
    }

    /// Whether the entry is held, or was trimmed away behind a snapshot.
    pub(crate) fn covers(&self, id: EntryId) -> bool {
        id.seq <= self.base.seq || self.at(id.seq).is_some_and(|entry| entry.id == id)
    }

    fn at(&self, seq: Seq) -> Option<&RawEntry> {
        let index = seq.0.checked_sub(self.base.seq.0 + 1)?;
        self.entries.get(index as usize)
    }

    pub(crate) fn after(&self, seq: Seq) -> &[RawEntry] {
        let skip = seq.0.saturating_sub(self.base.seq.0) as usize;
        self.entries.get(skip..).unwrap_or_default()
    }

    pub(crate) fn append(&mut self, entries: Vec<RawEntry>) {
        for entry in entries {
            let last = self.entries.last();
            assert_eq!(entry.id.seq, self.last().seq.next(), "an append leaves no gap");
            assert!(last.is_none_or(|it| it.time <= entry.time), "an entry's time never falls");
            self.entries.push(entry);
        }
    }

    pub(crate) fn cut_after(&mut self, keep: EntryId) {
        self.entries.retain(|entry| entry.id.seq <= keep.seq);
        assert_eq!(self.last(), keep, "a cut keeps what is held");
        self.synced = self.synced.min(keep.seq);
    }

    pub(crate) fn reset_to(&mut self, base: EntryId) {
        self.base = base;
        self.entries.clear();
        self.synced = base.seq;
    }

    pub(crate) fn trim_through(&mut self, through: Seq) {
        if let Some(entry) = self.at(through) {
            self.base = entry.id;
        }
        self.entries.retain(|entry| entry.id.seq > through);
    }

    /// A power cut: what was not forced to disk is gone. Says whether anything was.
    pub(crate) fn lose_unsynced(&mut self) -> bool {
        let before = self.entries.len();
        let synced = self.synced;
        self.entries.retain(|entry| entry.id.seq <= synced);
        self.entries.len() < before
    }
}
