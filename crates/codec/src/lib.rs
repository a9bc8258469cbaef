//! Shapes on the wire and on disk, versioned and checksummed.
