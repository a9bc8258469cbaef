//! Shapes on the wire and on disk, versioned and checksummed.

mod entry;
mod frame;
mod log;
mod snapshot;
mod values;
mod wire;

pub use entry::{
    Answer, Answered, Concerns, ENTRY_BYTES_MAX, EntryId, Events, LogId, Mark, RawEntry, What,
};
pub use frame::{
    Build, FRAME_BYTES_MAX, Frame, FrameStream, HANDSHAKE_BYTES_MAX, Message, PROOF_BYTES,
    Protocols, Refusal,
};
pub use log::{
    LogRecord, RECORD_HEAD_BYTES, RecordHead, SEGMENT_HEADER_BYTES, SegmentHeader, find_record,
};
pub use snapshot::{
    SNAPSHOT_BYTES_MAX, SNAPSHOT_PIECE_BYTES, Snapshot, SnapshotAssembly, SnapshotPieces,
};
pub use values::VALUE_DEPTH_MAX;
pub use wire::{DecodeError, Reader, TEXT_BYTES_MAX, Writer};
