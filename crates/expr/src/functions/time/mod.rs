//! `time:`, dates as text in formats of `java.text.SimpleDateFormat`, in UTC and English.

mod calendar;
mod format;
mod functions;
mod parse;
mod pattern;
mod zone;

pub(super) use functions::FUNCTIONS;
