//! Mappers: what turns messages into events and back, a folder or file each.

#[cfg(feature = "binary")]
pub(crate) mod binary;
#[cfg(feature = "csv")]
pub(crate) mod csv;
#[cfg(feature = "json")]
pub(crate) mod json;
#[cfg(feature = "keyvalue")]
pub(crate) mod keyvalue;
pub(crate) mod pass_through;
mod payload;
#[cfg(feature = "text")]
pub(crate) mod text;
#[cfg(feature = "xml")]
pub(crate) mod xml;
