//! The mappers against recordings of the reference engine (its own mapper test suites).
//!
//! Only what lies between a transport and a stream is played: each app of these recordings
//! passes its events on unchanged, so that what a source mapper makes is what a listener hears,
//! and what is sent to a stream is what a sink mapper gets.

#[cfg(test)]
mod app;
#[cfg(test)]
mod play;
#[cfg(test)]
mod values;
