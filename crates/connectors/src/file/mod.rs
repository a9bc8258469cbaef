//! `file`: events from files and directories of this machine, and into files.

mod cut;
mod params;
mod place;
mod settings;
mod sink;
mod source;
mod tail;
#[cfg(test)]
mod tests;
mod uri;

pub(crate) use params::{SINK, SOURCE};
