//! Sinks that are a file each; larger ones have a folder shared with their source.

#[cfg(feature = "log")]
pub(crate) mod log;
