//! Mappers: what turns messages into events and back, a folder or file each.

#[cfg(feature = "json")]
pub(crate) mod json;
pub(crate) mod pass_through;
#[cfg(feature = "json")]
mod payload;
