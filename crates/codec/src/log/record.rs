//! A record of the log: mark, version, kind, length, how much was durable, checksum, entry.

use bytes::Bytes;
use weir_event::Time;

use crate::entry::{ENTRY_BYTES_MAX, EntryId, RawEntry};
use crate::wire::{DecodeError, Reader, Writer};

/// How many bytes a record takes before its entry.
pub const RECORD_HEAD_BYTES: usize = 20;

const MAGIC: [u8; 2] = *b"WR";
const VERSION: u8 = 1;
const ENTRY: u8 = 1;

/// The entry's name and time.
const ENTRY_HEAD_BYTES: usize = 24;

const RECORD: &str = "log record";

/// An entry as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRecord {
    /// How many bytes of the log were known to be on disk when the entry was written.
    pub durable: u64,
    /// The entry.
    pub entry: RawEntry,
}

impl LogRecord {
    /// How many bytes the record of `entry` takes.
    #[must_use]
    pub fn bytes_of(entry: &RawEntry) -> usize {
        RECORD_HEAD_BYTES + ENTRY_HEAD_BYTES + entry.payload.len()
    }

    /// Writes the record of `entry`.
    ///
    /// # Errors
    ///
    /// [`DecodeError::TooLong`] when its content is above [`ENTRY_BYTES_MAX`]; nothing is
    /// written.
    pub fn write(w: &mut Writer, entry: &RawEntry, durable: u64) -> Result<(), DecodeError> {
        check_len(entry.payload.len())?;
        let start = w.written();
        w.raw(&MAGIC);
        w.u8(VERSION);
        w.u8(ENTRY);
        w.u32((ENTRY_HEAD_BYTES + entry.payload.len()) as u32);
        w.u64(durable);
        let mut crc = crc32fast::Hasher::new();
        crc.update(w.as_bytes().get(start..).unwrap_or_default());
        let mut head = Writer::with_capacity(ENTRY_HEAD_BYTES);
        head.entry_id(entry.id);
        head.i64(entry.time.0);
        crc.update(head.as_bytes());
        crc.update(&entry.payload);
        w.u32(crc.finalize());
        w.raw(head.as_bytes());
        w.raw(&entry.payload);
        Ok(())
    }

    /// The record at the start of `bytes`, and how many of them it takes.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Truncated`] when it is not whole; others as [`RecordHead::read`].
    pub fn read(bytes: &[u8]) -> Result<(Self, usize), DecodeError> {
        let mut r = Reader::new(bytes);
        let head = RecordHead::read(r.raw(RECORD_HEAD_BYTES)?)?;
        let record = head.record(&Bytes::copy_from_slice(r.raw(head.body_bytes)?))?;
        Ok((record, r.at()))
    }
}

fn check_len(len: usize) -> Result<(), DecodeError> {
    if len <= ENTRY_BYTES_MAX {
        return Ok(());
    }
    Err(DecodeError::TooLong { what: "entry", len: len as u64, max: ENTRY_BYTES_MAX as u64 })
}

/// The start of a record, from which it is known how many bytes follow.
#[derive(Debug, Clone, Copy)]
pub struct RecordHead {
    /// How many bytes of the record follow.
    pub body_bytes: usize,
    /// How many bytes of the log were known to be on disk when it was written.
    pub durable: u64,
    version: u8,
    kind: u8,
    crc: u32,
    fields: [u8; RECORD_HEAD_BYTES - 4],
}

impl RecordHead {
    /// Reads the first [`RECORD_HEAD_BYTES`] of a record.
    ///
    /// # Errors
    ///
    /// When they do not start one, or one too long.
    pub fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        let mut fields = [0; RECORD_HEAD_BYTES - 4];
        fields.copy_from_slice(r.clone().raw(RECORD_HEAD_BYTES - 4)?);
        if r.raw(MAGIC.len())? != MAGIC {
            return Err(DecodeError::WrongMagic { what: RECORD });
        }
        let (version, kind) = (r.u8()?, r.u8()?);
        let (body_bytes, durable, crc) = (r.u32()? as usize, r.u64()?, r.u32()?);
        check_len(body_bytes.saturating_sub(ENTRY_HEAD_BYTES))?;
        Ok(Self { body_bytes, durable, version, kind, crc, fields })
    }

    /// The whole record, of this head and the bytes that followed it.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Damaged`] when it is not as it was written; a version or kind is refused
    /// only where the checksum says that it was written so.
    pub fn record(&self, body: &Bytes) -> Result<LogRecord, DecodeError> {
        let mut crc = crc32fast::Hasher::new();
        crc.update(&self.fields);
        crc.update(body);
        let found = crc.finalize();
        if found != self.crc {
            return Err(DecodeError::Damaged { what: RECORD, stated: self.crc, found });
        }
        if self.version != VERSION {
            let (version, newest) = (u64::from(self.version), u64::from(VERSION));
            return Err(DecodeError::UnknownVersion { what: RECORD, version, newest });
        }
        if self.kind != ENTRY {
            return Err(DecodeError::UnknownTag { what: RECORD, tag: u64::from(self.kind) });
        }
        let mut r = Reader::new(body);
        let id: EntryId = r.entry_id()?;
        let time = Time(r.i64()?);
        let entry = RawEntry { id, time, payload: body.slice(r.at()..) };
        Ok(LogRecord { durable: self.durable, entry })
    }
}

/// The first whole record at or after `from`, and where it starts: tells what a bad place in
/// the middle of a log cut off.
#[must_use]
pub fn find_record(bytes: &[u8], from: usize) -> Option<(usize, LogRecord)> {
    let mut at = from;
    while let Some(rest) = bytes.get(at..) {
        let found = rest.windows(MAGIC.len()).position(|it| it == MAGIC)?;
        at += found;
        if let Ok((record, _)) = LogRecord::read(bytes.get(at..)?) {
            return Some((at, record));
        }
        at += 1;
    }
    None
}
