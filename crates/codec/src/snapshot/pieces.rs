//! Cuts a snapshot into numbered, checksummed pieces and puts them together again.

use weir_event::Text;

use crate::entry::EntryId;
use crate::wire::{DecodeError, Reader, Writer};

/// How many bytes of state a piece holds at most: 1 MiB.
pub const SNAPSHOT_PIECE_BYTES: usize = 1 << 20;

/// The largest state of one app: 16 GiB.
pub const SNAPSHOT_BYTES_MAX: u64 = 16 << 30;

const MAGIC: [u8; 4] = *b"WSNP";
const VERSION: u16 = 1;
const SNAPSHOT: &str = "snapshot";

/// The state of an app at an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The app.
    pub app: Text,
    /// Its name among the app's snapshots.
    pub revision: Text,
    /// The last entry in it.
    pub at: EntryId,
    /// The state, as the engine writes it.
    pub payload: Vec<u8>,
}

impl Snapshot {
    /// The pieces, of which there is at least one.
    #[must_use]
    pub fn pieces(&self) -> SnapshotPieces<'_> {
        SnapshotPieces { snapshot: self, crc: crc32fast::hash(&self.payload), next: 0 }
    }

    /// How many pieces there are.
    #[must_use]
    pub fn piece_count(&self) -> u32 {
        self.payload.len().div_ceil(SNAPSHOT_PIECE_BYTES).max(1) as u32
    }
}

/// The pieces of a snapshot, one after the other.
#[derive(Debug, Clone)]
pub struct SnapshotPieces<'a> {
    snapshot: &'a Snapshot,
    crc: u32,
    next: u32,
}

impl Iterator for SnapshotPieces<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        if self.next == self.snapshot.piece_count() {
            return None;
        }
        let at = self.next as usize * SNAPSHOT_PIECE_BYTES;
        let rest = self.snapshot.payload.get(at..).unwrap_or_default();
        let data = rest.get(..SNAPSHOT_PIECE_BYTES).unwrap_or(rest);
        let mut w = Writer::with_capacity(data.len() + 128);
        w.raw(&MAGIC);
        w.u16(VERSION);
        w.u32(self.next);
        w.str(&self.snapshot.app);
        w.str(&self.snapshot.revision);
        w.entry_id(self.snapshot.at);
        w.u64(self.snapshot.payload.len() as u64);
        w.u32(self.crc);
        w.bytes(data);
        w.u32(crc32fast::hash(w.as_bytes()));
        self.next += 1;
        Some(w.into_bytes())
    }
}

/// What every piece says about the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Whole {
    app: Text,
    revision: Text,
    at: EntryId,
    payload_bytes: u64,
    crc: u32,
}

/// A snapshot being put together out of its pieces.
///
/// Memory grows with the pieces that came, never ahead of them.
#[derive(Debug, Clone, Default)]
pub struct SnapshotAssembly {
    whole: Option<Whole>,
    payload: Vec<u8>,
    next: u32,
}

impl SnapshotAssembly {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next piece.
    ///
    /// # Errors
    ///
    /// When it is not a piece, a damaged one, not the next, not of the same snapshot, or
    /// written by a newer build.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), DecodeError> {
        let (whole, number, data) = read(piece)?;
        if number != self.next {
            return Err(malformed("a piece is missing or comes twice"));
        }
        if self.whole.get_or_insert_with(|| whole.clone()) != &whole {
            return Err(malformed("a piece of another snapshot is among its pieces"));
        }
        let so_far = (self.payload.len() + data.len()) as u64;
        if data.len() > SNAPSHOT_PIECE_BYTES || so_far > whole.payload_bytes {
            return Err(malformed("a piece is longer than the whole says"));
        }
        self.payload.extend_from_slice(data);
        self.next += 1;
        Ok(())
    }

    /// The snapshot, whole and checked.
    ///
    /// # Errors
    ///
    /// When pieces are missing, or the whole is not what was written.
    pub fn finish(self) -> Result<Snapshot, DecodeError> {
        let whole = self.whole.ok_or(malformed("it has no pieces"))?;
        if self.payload.len() as u64 != whole.payload_bytes {
            return Err(malformed("its last pieces are missing"));
        }
        let found = crc32fast::hash(&self.payload);
        if found != whole.crc {
            return Err(DecodeError::Damaged { what: SNAPSHOT, stated: whole.crc, found });
        }
        let Whole { app, revision, at, .. } = whole;
        Ok(Snapshot { app, revision, at, payload: self.payload })
    }
}

fn malformed(why: &'static str) -> DecodeError {
    DecodeError::Malformed { what: SNAPSHOT, why }
}

fn read(piece: &[u8]) -> Result<(Whole, u32, &[u8]), DecodeError> {
    let mut r = Reader::new(piece);
    if r.raw(MAGIC.len())? != MAGIC {
        return Err(DecodeError::WrongMagic { what: SNAPSHOT });
    }
    let version = r.u16()?;
    if version != VERSION {
        let (version, newest) = (u64::from(version), u64::from(VERSION));
        return Err(DecodeError::UnknownVersion { what: SNAPSHOT, version, newest });
    }
    let (signed, crc) = piece.split_at(piece.len().saturating_sub(4));
    let (stated, found) = (Reader::new(crc).u32()?, crc32fast::hash(signed));
    if stated != found {
        return Err(DecodeError::Damaged { what: "piece of a snapshot", stated, found });
    }
    let number = r.u32()?;
    let whole = Whole {
        app: r.text()?,
        revision: r.text()?,
        at: r.entry_id()?,
        payload_bytes: r.u64()?,
        crc: r.u32()?,
    };
    if whole.payload_bytes > SNAPSHOT_BYTES_MAX {
        let (len, max) = (whole.payload_bytes, SNAPSHOT_BYTES_MAX);
        return Err(DecodeError::TooLong { what: SNAPSHOT, len, max });
    }
    let data = r.bytes()?;
    r.u32()?;
    r.finish()?;
    Ok((whole, number, data))
}
