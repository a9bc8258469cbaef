//! A frame: mark, version, kind, epoch, length, two checksums, then its content.

use bytes::{Bytes, BytesMut};
use weir_event::Epoch;

use crate::entry::ENTRY_BYTES_MAX;
use crate::wire::{DecodeError, Reader, Writer};

/// The largest content of a frame: 32 MiB, enough for the largest entry.
pub const FRAME_BYTES_MAX: usize = 32 << 20;

/// The largest content of a frame before the other side has said who it is: 64 KiB.
pub const HANDSHAKE_BYTES_MAX: usize = 64 << 10;

const _: () = assert!(FRAME_BYTES_MAX > ENTRY_BYTES_MAX + 1024, "an entry fits into a frame");

const MAGIC: [u8; 4] = *b"WEIR";
const VERSION: u8 = 1;

/// Mark 4, version 1, kind 1, nothing 2, epoch 8, length 4, checksum of the content 4, of
/// these 4.
pub(super) const HEADER_BYTES: usize = 28;

/// One frame of event sync, its content still as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Which message it holds.
    pub kind: u8,
    /// The epoch of the sender.
    pub epoch: Epoch,
    /// The message.
    pub payload: Bytes,
}

/// The checked start of a frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    kind: u8,
    epoch: Epoch,
    pub(super) len: usize,
    crc: u32,
}

impl Frame {
    /// The frame as it travels.
    ///
    /// # Errors
    ///
    /// [`DecodeError::TooLong`] when the content is above [`FRAME_BYTES_MAX`]: nobody would
    /// read it.
    pub fn encode(&self) -> Result<Vec<u8>, DecodeError> {
        check_len(self.payload.len(), FRAME_BYTES_MAX)?;
        let mut w = Writer::with_capacity(HEADER_BYTES + self.payload.len());
        w.raw(&MAGIC);
        w.u8(VERSION);
        w.u8(self.kind);
        w.u16(0);
        w.u64(self.epoch.0);
        w.u32(self.payload.len() as u32);
        w.u32(crc32fast::hash(&self.payload));
        w.u32(crc32fast::hash(w.as_bytes()));
        w.raw(&self.payload);
        Ok(w.into_bytes())
    }
}

fn check_len(len: usize, max: usize) -> Result<(), DecodeError> {
    if len <= max {
        return Ok(());
    }
    Err(DecodeError::TooLong { what: "frame", len: len as u64, max: max as u64 })
}

impl Header {
    /// Reads the start of a frame. A wrong mark or version is seen from its first bytes, so
    /// that another protocol is refused before it has sent a whole header.
    pub(super) fn opt_read(bytes: &[u8], max: usize) -> Result<Option<Self>, DecodeError> {
        let known = bytes.len().min(MAGIC.len());
        if bytes.get(..known) != MAGIC.get(..known) {
            return Err(DecodeError::WrongMagic { what: "frame" });
        }
        if let Some(version) = bytes.get(MAGIC.len()).filter(|version| **version != VERSION) {
            let (version, newest) = (u64::from(*version), u64::from(VERSION));
            return Err(DecodeError::UnknownVersion { what: "frame", version, newest });
        }
        let Some((fields, crc)) = bytes.get(..HEADER_BYTES).map(|it| it.split_at(HEADER_BYTES - 4))
        else {
            return Ok(None);
        };
        let (stated, found) = (Reader::new(crc).u32()?, crc32fast::hash(fields));
        if stated != found {
            return Err(DecodeError::Damaged { what: "start of a frame", stated, found });
        }
        let mut r = Reader::new(fields);
        r.raw(MAGIC.len() + 1)?;
        let kind = r.u8()?;
        r.u16()?;
        let epoch = Epoch(r.u64()?);
        let len = r.u32()? as usize;
        check_len(len, max)?;
        Ok(Some(Self { kind, epoch, len, crc: r.u32()? }))
    }

    /// Takes the frame, which is whole, off the front of `bytes`.
    pub(super) fn take(self, bytes: &mut BytesMut) -> Result<Frame, DecodeError> {
        let mut whole = bytes.split_to((HEADER_BYTES + self.len).min(bytes.len())).freeze();
        let payload = whole.split_off(HEADER_BYTES.min(whole.len()));
        let found = crc32fast::hash(&payload);
        if found != self.crc {
            return Err(DecodeError::Damaged { what: "frame", stated: self.crc, found });
        }
        Ok(Frame { kind: self.kind, epoch: self.epoch, payload })
    }
}
