//! Reads a log as a crash left it: keeps what is whole, and cuts a torn end.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use weir_codec::{DecodeError, LogId, Mark, SEGMENT_HEADER_BYTES, SegmentHeader, find_record};
use weir_event::Text;

use super::error::LogError;
use super::segment::{BadRecord, Records, Segment, sync_folder};
use weir_codec::EntryId;

/// What was found when the log was opened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recovered {
    /// Whether the log was made just now: to others, this is a new node.
    pub is_new: bool,
    /// How many entries it holds.
    pub entries: u64,
    /// How many bytes at its end were cut: they were never known to be on disk.
    pub cut_bytes: u64,
    /// The delivered marks among its entries, the newest for each sink.
    pub marks: Vec<Mark>,
}

/// Where the first bad record is, and what is wrong with it.
struct Bad {
    at: usize,
    offset: u64,
    why: DecodeError,
}

pub(super) struct Recovery {
    pub(super) segments: Vec<Segment>,
    /// The first entry of each epoch.
    pub(super) runs: Vec<EntryId>,
    pub(super) recovered: Recovered,
    marks: BTreeMap<(Text, Text), Mark>,
}

impl Recovery {
    /// Opens what is in the folder, or makes a new log there.
    pub(super) fn run(folder: &Path) -> Result<Self, LogError> {
        let mut it = Self {
            segments: Segment::open_all(folder)?,
            runs: Vec::new(),
            recovered: Recovered::default(),
            marks: BTreeMap::new(),
        };
        if it.segments.is_empty() {
            let log = random_id(folder)?;
            let header = SegmentHeader { log, base: EntryId::NONE, start: 0, durable: 0 };
            it.segments.push(Segment::create(folder, 1, header)?);
            it.recovered.is_new = true;
            return Ok(it);
        }
        it.read(folder)?;
        it.recovered.marks = std::mem::take(&mut it.marks).into_values().collect();
        Ok(it)
    }

    fn read(&mut self, folder: &Path) -> Result<(), LogError> {
        let mut at = 0;
        while at < self.segments.len() {
            if at > 0 {
                match self.joint(at)? {
                    Joint::Follows => {}
                    Joint::StartsAnew => {
                        for old in self.segments.drain(..at) {
                            old.remove()?;
                        }
                        self.runs.clear();
                        self.recovered.entries = 0;
                        at = 0;
                    }
                    Joint::TailLost => {
                        let why = "the segment after it begins later".to_owned();
                        return self.cut(folder, at - 1, why);
                    }
                }
            }
            if let Some(bad) = self.scan(at)? {
                let Some(segment) = self.segments.get_mut(bad.at) else { break };
                segment.len = bad.offset;
                return self.cut(folder, bad.at, bad.why.to_string());
            }
            at += 1;
        }
        Ok(())
    }

    /// How a segment follows the one before, which has been read.
    fn joint(&self, at: usize) -> Result<Joint, LogError> {
        let [Some(before), Some(segment)] = [at - 1, at].map(|at| self.segments.get(at)) else {
            return Ok(Joint::Follows);
        };
        let refused = |why: &str| Err(segment.damaged(0, why.to_owned()));
        if segment.header.log != before.header.log {
            return refused("it belongs to another log");
        }
        if segment.header.start < before.end() {
            return refused("it begins before the one before it ends");
        }
        if segment.header.start > before.end() {
            return Ok(Joint::TailLost);
        }
        let follows = segment.header.base == before.last;
        Ok(if follows { Joint::Follows } else { Joint::StartsAnew })
    }

    /// Reads the records of a segment up to the first bad one.
    fn scan(&mut self, at: usize) -> Result<Option<Bad>, LogError> {
        let Some(segment) = self.segments.get_mut(at) else { return Ok(None) };
        let path = segment.path.clone();
        let read = || LogError::io("read", &path);
        let size = fs::metadata(&path).map_err(read())?.len();
        let mut records = Records::open(&path, segment.len, size).map_err(read())?;
        loop {
            let offset = records.at;
            let entry = match records.next_record() {
                Ok(Some(record)) => record.entry,
                Ok(None) => return Ok(None),
                Err(BadRecord::Unread(error)) => return Err(read()(error)),
                Err(BadRecord::Unsound(
                    source @ (DecodeError::UnknownVersion { .. } | DecodeError::UnknownTag { .. }),
                )) => return Err(LogError::Newer { path, source }),
                Err(BadRecord::Unsound(why)) => return Ok(Some(Bad { at, offset, why })),
            };
            let last = segment.last;
            if entry.id.seq.0 != last.seq.0 + 1 || entry.id.epoch < last.epoch {
                let why = format!("entry {} does not follow {last}", entry.id);
                return Err(segment.damaged(offset, why));
            }
            segment.note(entry.id, records.at - offset);
            self.recovered.entries += 1;
            push_run(&mut self.runs, entry.id);
            let marks =
                entry.marks().map_err(|source| LogError::Newer { path: path.clone(), source });
            for mark in marks?.into_iter().flatten() {
                self.marks.insert((mark.app.clone(), mark.sink.clone()), mark);
            }
        }
    }

    /// Cuts everything after what is good of the segment `at`, unless some of it was once known
    /// to be on disk: then the log has lost what it promised to keep.
    fn cut(&mut self, folder: &Path, at: usize, why: String) -> Result<(), LogError> {
        let durable = self.durable_after(at)?;
        let Some(segment) = self.segments.get(at) else { return Ok(()) };
        let (len, end) = (segment.len, segment.end());
        if durable > end {
            return Err(segment.damaged(len, why));
        }
        while self.segments.len() > at + 1 {
            if let Some(later) = self.segments.pop() {
                self.recovered.cut_bytes += size_of(&later)?;
                later.remove()?;
            }
        }
        if let Some(segment) = self.segments.get_mut(at) {
            self.recovered.cut_bytes += size_of(segment)? - len;
            segment.cut_at(len)?;
        }
        sync_folder(folder)
    }

    /// How far the log was known to be on disk, as told by all that can be read after the good
    /// part of the segment `at`.
    fn durable_after(&self, at: usize) -> Result<u64, LogError> {
        let mut durable = 0;
        for (i, segment) in self.segments.iter().enumerate().skip(at) {
            let mut from = segment.len as usize;
            if i > at {
                durable = durable.max(segment.header.durable);
                from = SEGMENT_HEADER_BYTES;
            }
            let bytes = fs::read(&segment.path).map_err(LogError::io("read", &segment.path))?;
            while let Some((found, record)) = find_record(&bytes, from) {
                durable = durable.max(record.durable);
                from = found + weir_codec::LogRecord::bytes_of(&record.entry);
            }
        }
        Ok(durable)
    }
}

/// How a segment follows the one before.
enum Joint {
    Follows,
    /// The log was told to start anew here, and what stands before was to go.
    StartsAnew,
    /// The end of the one before is missing.
    TailLost,
}

/// Takes note of the first entry of each epoch.
pub(super) fn push_run(runs: &mut Vec<EntryId>, id: EntryId) {
    if runs.last().is_none_or(|run| run.epoch < id.epoch) {
        runs.push(id);
    }
}

fn size_of(segment: &Segment) -> Result<u64, LogError> {
    let size = fs::metadata(&segment.path).map_err(LogError::io("read", &segment.path))?;
    Ok(size.len().max(segment.len))
}

fn random_id(folder: &Path) -> Result<LogId, LogError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(std::io::Error::from)
        .map_err(LogError::io("find a random name for", folder))?;
    Ok(LogId(u128::from_le_bytes(bytes)))
}
