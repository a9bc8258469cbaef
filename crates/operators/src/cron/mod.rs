//! Cron expressions as Quartz reads them: seconds first, moments in UTC.

mod calendar;
mod field;
mod parse;
mod schedule;

pub use schedule::Cron;
