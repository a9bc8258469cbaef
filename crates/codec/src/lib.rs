//! Shapes on the wire and on disk, versioned and checksummed.

mod entry;
mod values;
mod wire;

pub use entry::{
    Answer, Answered, Concerns, ENTRY_BYTES_MAX, EntryId, Events, LogId, RawEntry, What,
};
pub use values::VALUE_DEPTH_MAX;
pub use wire::{DecodeError, Reader, TEXT_BYTES_MAX, Writer};
