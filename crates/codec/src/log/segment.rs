//! The start of a segment: whose log it is part of, and where in that log it begins.

use crate::entry::{EntryId, LogId};
use crate::wire::{DecodeError, Reader, Writer};

/// How many bytes a segment starts with, before its first record.
pub const SEGMENT_HEADER_BYTES: usize = 60;

const MAGIC: [u8; 4] = *b"WLOG";
const VERSION: u16 = 1;

/// What a segment starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentHeader {
    /// The log it is part of.
    pub log: LogId,
    /// The entry before its first one.
    pub base: EntryId,
    /// How many bytes of the log stand before this segment, those trimmed since included.
    pub start: u64,
    /// How many bytes of the log were known to be on disk when it was made.
    pub durable: u64,
}

impl SegmentHeader {
    /// The header as bytes, [`SEGMENT_HEADER_BYTES`] of them.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(SEGMENT_HEADER_BYTES);
        w.raw(&MAGIC);
        w.u16(VERSION);
        w.u16(0);
        w.log_id(self.log);
        w.entry_id(self.base);
        w.u64(self.start);
        w.u64(self.durable);
        w.u32(crc32fast::hash(w.as_bytes()));
        debug_assert_eq!(w.written(), SEGMENT_HEADER_BYTES);
        w.into_bytes()
    }

    /// The header at the start of `bytes`.
    ///
    /// # Errors
    ///
    /// When there is none, a damaged one, or one of a newer build.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        if r.raw(MAGIC.len())? != MAGIC {
            return Err(DecodeError::WrongMagic { what: "log segment" });
        }
        let version = r.u16()?;
        if version != VERSION {
            let (version, newest) = (u64::from(version), u64::from(VERSION));
            return Err(DecodeError::UnknownVersion { what: "log segment", version, newest });
        }
        r.u16()?;
        let header =
            Self { log: r.log_id()?, base: r.entry_id()?, start: r.u64()?, durable: r.u64()? };
        let found = crc32fast::hash(bytes.get(..r.at()).unwrap_or_default());
        let stated = r.u32()?;
        if stated != found {
            return Err(DecodeError::Damaged { what: "start of a log segment", stated, found });
        }
        Ok(header)
    }
}
