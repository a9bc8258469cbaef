//! An entry whose content stays as bytes: as logs hold it and peers exchange it.

use bytes::Bytes;
use weir_event::Time;

use super::{Concerns, EntryId, What};
use crate::wire::{DecodeError, Reader, Writer};

/// The largest content of an entry: 16 MiB. A source splits or refuses what is larger.
pub const ENTRY_BYTES_MAX: usize = 16 << 20;

/// An entry of the log with its content as bytes, cheap to copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEntry {
    /// Its name.
    pub id: EntryId,
    /// When: never less than the entry before.
    pub time: Time,
    /// What it brings, as [`What::encode`] wrote it.
    pub payload: Bytes,
}

impl RawEntry {
    /// The fewest bytes an entry takes.
    pub(crate) const BYTES_MIN: usize = 25;

    /// An entry of this content.
    #[must_use]
    pub fn new(id: EntryId, time: Time, what: &What) -> Self {
        Self { id, time, payload: what.encode().into() }
    }

    /// What it brings.
    ///
    /// # Errors
    ///
    /// When the content is not well formed, or was written by a newer build.
    pub fn what(&self) -> Result<What, DecodeError> {
        What::decode(&self.payload)
    }

    /// Which apps it concerns, without reading the rest.
    ///
    /// # Errors
    ///
    /// As [`Self::what`].
    pub fn concerns(&self) -> Result<Concerns, DecodeError> {
        Concerns::of(&self.payload)
    }

    /// How many bytes [`Writer::entry`] takes for it, or a few less.
    #[must_use]
    pub fn bytes(&self) -> usize {
        Self::BYTES_MIN + self.payload.len()
    }
}

impl Writer {
    /// An entry.
    pub fn entry(&mut self, entry: &RawEntry) {
        self.entry_id(entry.id);
        self.i64(entry.time.0);
        self.bytes(&entry.payload);
    }
}

impl Reader<'_> {
    /// An entry; its content is copied and not looked at.
    ///
    /// # Errors
    ///
    /// [`DecodeError::TooLong`] when its content is above [`ENTRY_BYTES_MAX`].
    pub fn entry(&mut self) -> Result<RawEntry, DecodeError> {
        let (id, time, payload) = self.entry_parts()?;
        Ok(RawEntry { id, time, payload: Bytes::copy_from_slice(payload) })
    }
}

impl<'a> Reader<'a> {
    /// An entry whose content shares the memory of `whole`, which this reader reads from.
    pub(crate) fn entry_of(&mut self, whole: &'a Bytes) -> Result<RawEntry, DecodeError> {
        let (id, time, payload) = self.entry_parts()?;
        Ok(RawEntry { id, time, payload: whole.slice_ref(payload) })
    }

    fn entry_parts(&mut self) -> Result<(EntryId, Time, &'a [u8]), DecodeError> {
        let id = self.entry_id()?;
        let time = Time(self.i64()?);
        let payload = self.bytes()?;
        if payload.len() > ENTRY_BYTES_MAX {
            let (len, max) = (payload.len() as u64, ENTRY_BYTES_MAX as u64);
            return Err(DecodeError::TooLong { what: "entry", len, max });
        }
        Ok((id, time, payload))
    }
}
