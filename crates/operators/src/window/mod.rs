//! Windows: what they hold, and the chunks of current, expired and reset rows they emit.

mod ageing;
mod batch;
mod build;
mod clock;
mod condition;
mod contract;
mod cron;
mod delay;
mod expression;
mod expression_batch;
mod external_time;
mod external_time_batch;
mod frequent;
mod length;
mod length_batch;
mod lossy_frequent;
mod processor;
mod rounds;
mod rows;
mod session;
mod sessions;
mod signature;
mod sort;
mod sorted_rows;
mod time;
mod time_batch;
mod time_length;
mod tumbling;
mod unique;

pub use build::{WindowSpec, build, window_names};
pub use condition::{Condition, Conditions};
pub use contract::{Param, Window};
pub use processor::{build_processor, processor_names};
pub use rounds::{Cut, Rounds};
