//! Incremental aggregations: totals by second, minute … year, their roll-up, purge and retrieval.

mod period;

mod within;

mod distinct;

mod cells;

mod groups;

mod rows;

mod open;

mod spec;
mod stored;

mod aggregation;

mod java_order;

mod read;

mod purge;

mod saved;

pub use aggregation::Aggregation;
pub use java_order::put as hash_map_order;
pub use period::{Calendar, Period};
pub use purge::Purged;
pub use spec::{ItemSpec, Spec, What};
pub use stored::PeriodRow;
pub use within::{Bounds, time_of_text};
