//! One file of the log: made, read, appended to and cut.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use weir_codec::{
    DecodeError, EntryId, LogRecord, RECORD_HEAD_BYTES, RecordHead, SEGMENT_HEADER_BYTES,
    SegmentHeader,
};
use weir_event::Seq;

use super::error::LogError;

/// How many bytes of a segment lie between two places that are remembered.
const INDEX_EVERY_BYTES: u64 = 64 << 10;

const SUFFIX: &str = "log";

/// What the file of a segment is called before it is whole.
const UNFINISHED: &str = "new";

/// One file of the log.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) number: u64,
    pub(super) path: PathBuf,
    pub(super) header: SegmentHeader,
    /// How many bytes are good, the header included.
    pub(super) len: u64,
    /// The last entry; the base when there is none.
    pub(super) last: EntryId,
    /// Whether something was written since the last sync.
    pub(super) dirty: bool,
    /// Invariant: opened for appending, so that writes go to the end whatever was cut.
    file: File,
    /// Where some of the records start, in order.
    index: Vec<(Seq, u64)>,
}

impl Segment {
    /// Makes the file, so that after a crash it is there with its header or not at all.
    pub(super) fn create(
        folder: &Path,
        number: u64,
        header: SegmentHeader,
    ) -> Result<Self, LogError> {
        let path = folder.join(format!("{number:020}.{SUFFIX}"));
        let unfinished = path.with_extension(UNFINISHED);
        let written = File::create(&unfinished).and_then(|mut file| {
            file.write_all(&header.encode())?;
            file.sync_all()
        });
        written.map_err(LogError::io("write", &unfinished))?;
        fs::rename(&unfinished, &path).map_err(LogError::io("make", &path))?;
        sync_folder(folder).map_err(LogError::not_passing)?;
        Self::of_file(path, number, header)
    }

    fn of_file(path: PathBuf, number: u64, header: SegmentHeader) -> Result<Self, LogError> {
        let file = OpenOptions::new().append(true).open(&path);
        let file = file.map_err(LogError::io("open", &path))?;
        Ok(Self {
            number,
            path,
            header,
            len: SEGMENT_HEADER_BYTES as u64,
            last: header.base,
            dirty: false,
            file,
            index: Vec::new(),
        })
    }

    /// Opens a file that is there and reads its header, not yet its records.
    pub(super) fn open(path: PathBuf, number: u64) -> Result<Self, LogError> {
        let mut head = Vec::new();
        File::open(&path)
            .and_then(|file| file.take(SEGMENT_HEADER_BYTES as u64).read_to_end(&mut head))
            .map_err(LogError::io("read", &path))?;
        match SegmentHeader::decode(&head) {
            Ok(header) => Self::of_file(path, number, header),
            Err(source @ DecodeError::UnknownVersion { .. }) => {
                Err(LogError::Newer { path, source })
            }
            Err(why) => Err(LogError::Damaged { path, offset: 0, why: why.to_string() }),
        }
    }

    /// The segments in a folder, by number; leaves no unfinished one behind.
    pub(super) fn open_all(folder: &Path) -> Result<Vec<Self>, LogError> {
        let reading = || LogError::io("read", folder);
        let mut found = Vec::new();
        for file in fs::read_dir(folder).map_err(reading())? {
            let path = file.map_err(reading())?.path();
            let extension = path.extension().and_then(|it| it.to_str());
            if extension == Some(UNFINISHED) {
                fs::remove_file(&path).map_err(LogError::io("remove", &path))?;
            } else if extension == Some(SUFFIX)
                && let Some(number) = path.file_stem().and_then(|it| it.to_str()?.parse().ok())
            {
                found.push(Self::open(path, number)?);
            }
        }
        found.sort_by_key(|segment| segment.number);
        Ok(found)
    }

    /// How many bytes of the log end with this segment.
    pub(super) fn end(&self) -> u64 {
        self.header.start + self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.last == self.header.base
    }

    /// Takes note of a record that stands at the end of what is good.
    pub(super) fn note(&mut self, id: EntryId, record_bytes: u64) {
        let far = self.index.last().is_none_or(|(_, at)| self.len - at >= INDEX_EVERY_BYTES);
        if far {
            self.index.push((id.seq, self.len));
        }
        self.len += record_bytes;
        self.last = id;
    }

    /// Writes whole records at the end; when that fails, the file is as it was before.
    pub(super) fn append(&mut self, records: &[u8]) -> Result<(), AppendFault> {
        let Err(error) = self.file.write_all(records) else {
            self.dirty = true;
            return Ok(());
        };
        let whole = self.file.set_len(self.len).is_ok();
        Err(AppendFault { error: LogError::io("write", &self.path)(error), whole })
    }

    /// A handle for syncing on another thread.
    pub(super) fn handle(&self) -> Result<File, LogError> {
        self.file.try_clone().map_err(LogError::io("open", &self.path))
    }

    /// Drops what stands after the entry numbered `seq`, durably.
    pub(super) fn cut_after(&mut self, keep: EntryId) -> Result<(), LogError> {
        let len = self.offset_after(keep.seq)?;
        self.cut_at(len)?;
        self.last = keep;
        Ok(())
    }

    /// Drops what stands from `len` on, durably.
    pub(super) fn cut_at(&mut self, len: u64) -> Result<(), LogError> {
        let cut = self.file.set_len(len).and_then(|()| self.file.sync_all());
        cut.map_err(LogError::io("cut", &self.path))?;
        self.len = len;
        self.index.retain(|(_, at)| *at < len);
        self.dirty = false;
        Ok(())
    }

    /// Removes the file.
    pub(super) fn remove(self) -> Result<(), LogError> {
        fs::remove_file(&self.path).map_err(LogError::io("remove", &self.path))
    }

    /// Where the record after the entry numbered `seq` starts.
    pub(super) fn offset_after(&self, seq: Seq) -> Result<u64, LogError> {
        if seq <= self.header.base.seq {
            return Ok(SEGMENT_HEADER_BYTES as u64);
        }
        if seq >= self.last.seq {
            return Ok(self.len);
        }
        let known = self.index.partition_point(|(first, _)| *first <= seq).checked_sub(1);
        let from = known.and_then(|i| self.index.get(i)).map(|(_, at)| *at);
        let mut records = self.records(from.unwrap_or(SEGMENT_HEADER_BYTES as u64))?;
        while let Some(record) = self.next_of(&mut records)? {
            if record.entry.id.seq == seq {
                break;
            }
        }
        Ok(records.at)
    }

    /// The good records from a place on.
    pub(super) fn records(&self, from: u64) -> Result<Records, LogError> {
        Records::open(&self.path, from, self.len).map_err(LogError::io("read", &self.path))
    }

    /// The next of the good records, of which none may be bad.
    pub(super) fn next_of(&self, records: &mut Records) -> Result<Option<LogRecord>, LogError> {
        records.next_record().map_err(|bad| match bad {
            BadRecord::Unread(error) => LogError::io("read", &self.path)(error),
            BadRecord::Unsound(why) => self.damaged(records.at, why.to_string()),
        })
    }

    pub(super) fn damaged(&self, offset: u64, why: String) -> LogError {
        LogError::Damaged { path: self.path.clone(), offset, why }
    }
}

/// A write that failed.
#[derive(Debug)]
pub(super) struct AppendFault {
    pub(super) error: LogError,
    /// Whether the file is as it was before.
    pub(super) whole: bool,
}

/// Why there is no next record where there should be one.
#[derive(Debug)]
pub(super) enum BadRecord {
    /// The file system refused.
    Unread(io::Error),
    /// The bytes are not a whole record.
    Unsound(DecodeError),
}

/// Records of a segment, read one after the other.
#[derive(Debug)]
pub(super) struct Records {
    file: BufReader<File>,
    /// Where the next record starts.
    pub(super) at: u64,
    end: u64,
}

impl Records {
    pub(super) fn open(path: &Path, from: u64, end: u64) -> io::Result<Self> {
        let mut file = BufReader::with_capacity(256 << 10, File::open(path)?);
        file.seek(SeekFrom::Start(from))?;
        Ok(Self { file, at: from, end })
    }

    /// The next record; `None` at the end. After a bad one there is no next.
    pub(super) fn next_record(&mut self) -> Result<Option<LogRecord>, BadRecord> {
        if self.at >= self.end {
            return Ok(None);
        }
        let head = self.take(RECORD_HEAD_BYTES, self.at)?;
        let head = RecordHead::read(&head).map_err(BadRecord::Unsound)?;
        let body = self.take(head.body_bytes, self.at + RECORD_HEAD_BYTES as u64)?;
        let record = head.record(&body).map_err(BadRecord::Unsound)?;
        self.at += LogRecord::bytes_of(&record.entry) as u64;
        Ok(Some(record))
    }

    /// The next bytes of the file; memory is taken only for those that are there.
    fn take(&mut self, bytes: usize, at: u64) -> Result<Bytes, BadRecord> {
        let left = self.end.saturating_sub(at);
        if bytes as u64 > left {
            let (at, left) = (at as usize, left as usize);
            return Err(BadRecord::Unsound(DecodeError::Truncated { at, needed: bytes, left }));
        }
        let mut taken = vec![0; bytes];
        self.file.read_exact(&mut taken).map_err(BadRecord::Unread)?;
        Ok(taken.into())
    }
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> Result<(), LogError> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(LogError::io("sync", folder))
}
