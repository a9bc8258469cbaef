//! Names of entries and of logs.

use std::fmt;
use std::str::FromStr;

use weir_event::{Epoch, Seq};

use crate::wire::{DecodeError, Reader, Writer};

/// What an entry is known by. Later entries are greater; the least one stands before them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct EntryId {
    /// The lease's term in which it was written.
    pub epoch: Epoch,
    /// Its place in the log.
    pub seq: Seq,
}

impl EntryId {
    /// Before the first entry of any log.
    pub const NONE: Self = Self { epoch: Epoch(0), seq: Seq(0) };

    /// The entry of this term and place.
    #[must_use]
    pub fn new(epoch: u64, seq: u64) -> Self {
        Self { epoch: Epoch(epoch), seq: Seq(seq) }
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.epoch.0, self.seq.0)
    }
}

impl Writer {
    /// The name of an entry.
    pub fn entry_id(&mut self, id: EntryId) {
        self.u64(id.epoch.0);
        self.u64(id.seq.0);
    }

    /// The name of a log.
    pub fn log_id(&mut self, id: LogId) {
        self.raw(&id.0.to_le_bytes());
    }
}

impl Reader<'_> {
    /// The name of an entry.
    ///
    /// # Errors
    ///
    /// As [`Reader::raw`].
    pub fn entry_id(&mut self) -> Result<EntryId, DecodeError> {
        Ok(EntryId { epoch: Epoch(self.u64()?), seq: Seq(self.u64()?) })
    }

    /// The name of a log.
    ///
    /// # Errors
    ///
    /// As [`Reader::raw`].
    pub fn log_id(&mut self) -> Result<LogId, DecodeError> {
        let (low, high) = (self.u64()?, self.u64()?);
        Ok(LogId(u128::from(high) << 64 | u128::from(low)))
    }
}

/// The random name of a log, made with its file: an empty disk is a new node.
///
/// Written as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogId(pub u128);

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for LogId {
    type Err = DecodeError;

    fn from_str(text: &str) -> Result<Self, DecodeError> {
        let refused = DecodeError::Malformed { what: "log id", why: "it is 32 hexadecimal digits" };
        if text.len() != 32 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(refused);
        }
        u128::from_str_radix(text, 16).map(Self).map_err(|_| refused)
    }
}
