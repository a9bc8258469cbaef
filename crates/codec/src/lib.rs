//! Shapes on the wire and on disk, versioned and checksummed.

mod wire;

pub use wire::{DecodeError, Reader, TEXT_BYTES_MAX, Writer};
