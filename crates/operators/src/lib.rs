//! Windows, joins, patterns, selection and rate limits as pure state machines.

pub mod cron;
mod cx;
mod flow;
pub mod pattern;
pub mod rate;
pub mod saved;
pub mod select;
pub mod window;

pub use cx::Cx;
pub use flow::{Flow, ends_among};
pub use window::Window;
