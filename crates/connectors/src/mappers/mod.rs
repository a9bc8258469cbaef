//! Mappers: what turns messages into events and back, a folder or file each.

pub(crate) mod pass_through;
