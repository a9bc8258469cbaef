//! The log as a whole: one writer, entries in order without a gap.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use weir_codec::{EntryId, LogId, LogRecord, RawEntry, SegmentHeader, Writer};
use weir_event::Seq;

use super::error::LogError;
use super::options::LogOptions;
use super::recovery::{Recovered, Recovery, push_run};
use super::segment::{Segment, sync_folder};
use super::sync::{PendingSync, Synced};

/// The log of a node, in a folder of its own.
///
/// Entries are numbered without a gap, and epochs never fall. What was appended survives the
/// death of the process; what was synced survives the death of the machine. One process at a
/// time has it open.
#[derive(Debug)]
pub struct FileLog {
    folder: PathBuf,
    options: LogOptions,
    /// Held for as long as the log is open.
    _lock: File,
    /// Invariant: never empty; each follows the one before.
    segments: Vec<Segment>,
    /// The first entry of each epoch.
    runs: Vec<EntryId>,
    /// How many bytes of the log are known to be on disk.
    durable: u64,
    durable_last: EntryId,
    cuts: u64,
    broken: Arc<AtomicBool>,
}

impl FileLog {
    /// Opens the log in `folder`, or makes one there with a new random id.
    ///
    /// An end that a crash tore is cut. What is opened counts as synced.
    ///
    /// # Errors
    ///
    /// [`LogError::InUse`] when another process has it; [`LogError::Damaged`] when something is
    /// missing that was once known to be on disk.
    pub fn open(folder: &Path, options: LogOptions) -> Result<(Self, Recovered), LogError> {
        fs::create_dir_all(folder).map_err(LogError::io("make the folder", folder))?;
        let lock = lock(folder)?;
        let Recovery { segments, runs, recovered, .. } = Recovery::run(folder)?;
        let mut log = Self {
            folder: folder.to_owned(),
            options,
            _lock: lock,
            segments,
            runs,
            durable: 0,
            durable_last: EntryId::NONE,
            cuts: 0,
            broken: Arc::default(),
        };
        for segment in &mut log.segments {
            segment.dirty = true;
        }
        log.sync()?;
        Ok((log, recovered))
    }

    /// The name of the log.
    #[must_use]
    pub fn id(&self) -> LogId {
        self.newest().header.log
    }

    /// The entry before the first one held.
    #[must_use]
    pub fn base(&self) -> EntryId {
        self.segments.first().map_or(EntryId::NONE, |segment| segment.header.base)
    }

    /// The last entry held; the base when there is none.
    #[must_use]
    pub fn last(&self) -> EntryId {
        self.newest().last
    }

    /// The last entry that is known to be on disk.
    #[must_use]
    pub fn durable_last(&self) -> EntryId {
        self.durable_last
    }

    /// The first entry held of each epoch, in order.
    #[must_use]
    pub fn runs(&self) -> &[EntryId] {
        &self.runs
    }

    /// How many bytes it takes on disk.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.len).sum()
    }

    /// Whether entries of about so many bytes fit below the limit.
    #[must_use]
    pub fn has_room(&self, bytes: u64) -> bool {
        self.bytes() + bytes <= self.options.total_bytes_max
    }

    /// The name of the entry numbered `seq`, if it is held or the base.
    #[must_use]
    pub fn position(&self, seq: Seq) -> Option<EntryId> {
        let base = self.base();
        if seq == base.seq {
            return Some(base);
        }
        if seq < base.seq || seq > self.last().seq {
            return None;
        }
        let run = self.runs.iter().rev().find(|run| run.seq <= seq)?;
        Some(EntryId { epoch: run.epoch, seq })
    }

    /// Writes entries at the end, without waiting for the disk.
    ///
    /// # Errors
    ///
    /// Nothing is written when there is one. [`LogError::Full`] and [`LogError::DiskFull`] pass;
    /// see [`LogError::is_passing`].
    pub fn append(&mut self, entries: &[RawEntry]) -> Result<(), LogError> {
        self.check_sound()?;
        let mut w = Writer::new();
        let mut last = self.last();
        for entry in entries {
            let id = entry.id;
            if id.seq.0.checked_sub(1) != Some(last.seq.0) || id.epoch < last.epoch {
                return Err(LogError::OutOfTurn { last, found: id });
            }
            LogRecord::write(&mut w, entry, self.durable)
                .map_err(|source| LogError::TooLarge { id, source })?;
            last = id;
        }
        if !self.has_room(w.written() as u64) {
            let (bytes, bytes_max) = (self.bytes(), self.options.total_bytes_max);
            return Err(LogError::Full { bytes, bytes_max });
        }
        if self.newest().len >= self.options.segment_bytes && !self.newest().is_empty() {
            self.begin_segment(self.last())?;
        }
        if let Err(fault) = self.newest_mut().append(w.as_bytes()) {
            if !fault.whole {
                self.broken.store(true, Ordering::Release);
            }
            return Err(fault.error);
        }
        for entry in entries {
            push_run(&mut self.runs, entry.id);
            self.newest_mut().note(entry.id, LogRecord::bytes_of(entry) as u64);
        }
        Ok(())
    }

    /// Waits until everything appended so far is on disk.
    ///
    /// # Errors
    ///
    /// As [`PendingSync::run`].
    pub fn sync(&mut self) -> Result<(), LogError> {
        let synced = self.start_sync()?.run()?;
        self.confirm(synced);
        Ok(())
    }

    /// What is to be brought to disk now; it may run on another thread.
    ///
    /// # Errors
    ///
    /// [`LogError::Broken`] after an earlier failure.
    pub fn start_sync(&self) -> Result<PendingSync, LogError> {
        self.check_sound()?;
        let dirty = self.segments.iter().filter(|segment| segment.dirty);
        let files = dirty.map(|it| Ok((it.path.clone(), it.handle()?)));
        Ok(PendingSync {
            files: files.collect::<Result<_, LogError>>()?,
            synced: Synced { through: self.newest().end(), last: self.last(), cuts: self.cuts },
            broken: Arc::clone(&self.broken),
        })
    }

    /// Takes note of a sync that has run.
    pub fn confirm(&mut self, synced: Synced) {
        if synced.cuts != self.cuts || synced.through < self.durable {
            return;
        }
        self.durable = synced.through;
        self.durable_last = synced.last;
        for segment in &mut self.segments {
            segment.dirty &= segment.end() > synced.through;
        }
    }

    /// The entries after `after`: as many as take about `bytes_max`, and at least one if there
    /// is one.
    ///
    /// # Errors
    ///
    /// [`LogError::NotHeld`] when `after` is neither held nor the base.
    pub fn read_after(&self, after: EntryId, bytes_max: usize) -> Result<Vec<RawEntry>, LogError> {
        let first = self.holding(after)?;
        let mut entries = Vec::new();
        let mut bytes = 0;
        for segment in self.segments.iter().skip(first) {
            let mut records = segment.records(segment.offset_after(after.seq)?)?;
            while let Some(record) = segment.next_of(&mut records)? {
                bytes += record.entry.bytes();
                if bytes > bytes_max && !entries.is_empty() {
                    return Ok(entries);
                }
                entries.push(record.entry);
            }
        }
        Ok(entries)
    }

    /// Drops what stands after `keep`, durably.
    ///
    /// # Errors
    ///
    /// [`LogError::NotHeld`] when `keep` is neither held nor the base. After any other the log
    /// takes no more.
    pub fn cut_after(&mut self, keep: EntryId) -> Result<(), LogError> {
        self.check_sound()?;
        let at = self.holding(keep)?;
        let cut = self.cut_segments(at, keep);
        self.break_on(cut)?;
        self.runs.retain(|run| run.seq <= keep.seq);
        self.cuts += 1;
        self.durable = self.durable.min(self.newest().end());
        self.durable_last = self.durable_last.min(keep);
        Ok(())
    }

    fn cut_segments(&mut self, at: usize, keep: EntryId) -> Result<(), LogError> {
        while self.segments.len() > at + 1
            && let Some(later) = self.segments.pop()
        {
            later.remove()?;
        }
        sync_folder(&self.folder)?;
        self.newest_mut().cut_after(keep)
    }

    /// Drops everything; the next entry will follow `base`.
    ///
    /// # Errors
    ///
    /// After a failure the log takes no more.
    pub fn reset_to(&mut self, base: EntryId) -> Result<(), LogError> {
        self.check_sound()?;
        let reset = self.begin_segment(base).and_then(|()| {
            let old = self.segments.len() - 1;
            self.drop_oldest(old)
        });
        self.break_on(reset)?;
        self.runs.clear();
        self.cuts += 1;
        self.durable = self.newest().end();
        self.durable_last = base;
        Ok(())
    }

    /// Drops whole segments whose entries all stand at or before `through`. What is left
    /// begins at or before the entry after it.
    ///
    /// # Errors
    ///
    /// After a failure the log takes no more.
    pub fn trim_through(&mut self, through: Seq) -> Result<(), LogError> {
        self.check_sound()?;
        let newest = self.newest();
        let all_done = newest.last.seq <= through && !newest.is_empty();
        if all_done && newest.len >= self.options.segment_bytes / 4 {
            self.begin_segment(self.last())?;
        }
        let done = |it: &&Segment| it.header.base.seq <= through;
        let old = self.segments.iter().skip(1).take_while(done).count();
        let trimmed = self.drop_oldest(old);
        self.break_on(trimmed)?;
        let first = self.base().seq.next();
        let over = self.runs.iter().skip(1).take_while(|run| run.seq <= first).count();
        self.runs.drain(..over);
        if let Some(run) = self.runs.first_mut() {
            run.seq = run.seq.max(first);
        }
        if self.last() == self.base() {
            self.runs.clear();
        }
        Ok(())
    }

    fn drop_oldest(&mut self, count: usize) -> Result<(), LogError> {
        for segment in self.segments.drain(..count) {
            segment.remove()?;
        }
        if count > 0 { sync_folder(&self.folder) } else { Ok(()) }
    }

    fn begin_segment(&mut self, base: EntryId) -> Result<(), LogError> {
        let newest = self.newest();
        let header = SegmentHeader {
            log: newest.header.log,
            base,
            start: newest.end(),
            durable: self.durable,
        };
        match Segment::create(&self.folder, newest.number + 1, header) {
            Ok(segment) => {
                self.segments.push(segment);
                Ok(())
            }
            // A full disk is noticed before the segment has its name.
            Err(passing) if passing.is_passing() => Err(passing),
            Err(failed) => self.break_on(Err(failed)),
        }
    }

    /// The segment after whose start or within which `id` stands.
    fn holding(&self, id: EntryId) -> Result<usize, LogError> {
        if self.position(id.seq) != Some(id) {
            let (base, last) = (self.base(), self.last());
            return Err(LogError::NotHeld { asked: id, base, last });
        }
        let later = self.segments.partition_point(|it| it.header.base.seq <= id.seq);
        Ok(later.saturating_sub(1))
    }

    fn check_sound(&self) -> Result<(), LogError> {
        if self.broken.load(Ordering::Acquire) {
            return Err(LogError::Broken { folder: self.folder.clone() });
        }
        Ok(())
    }

    fn break_on(&self, done: Result<(), LogError>) -> Result<(), LogError> {
        if done.is_err() {
            self.broken.store(true, Ordering::Release);
        }
        done
    }

    fn newest(&self) -> &Segment {
        self.segments.last().expect("a log has at least one segment")
    }

    fn newest_mut(&mut self) -> &mut Segment {
        self.segments.last_mut().expect("a log has at least one segment")
    }
}

fn lock(folder: &Path) -> Result<File, LogError> {
    let path = folder.join("lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(LogError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LogError::InUse { folder: folder.to_owned() }),
        Err(TryLockError::Error(error)) => Err(LogError::io("lock", &path)(error)),
    }
}
