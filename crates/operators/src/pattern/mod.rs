//! Patterns and sequences: events that belong together in time.

mod age;
mod alarms;
mod arm;
mod condition;
mod index;
mod kept;
mod list;
mod machine;
mod matches;
mod offer;
mod partial;
#[expect(clippy::module_inception, reason = "the pattern itself, among its parts")]
mod pattern;
mod save;
mod silence;
mod spec;
mod state;
mod straight;
mod wiring;

pub use pattern::{Events, Pattern};
pub use spec::{
    AbsentSpec, CountSpec, ElementSpec, FilterSpec, PatternSpec, StateSpec, ViewOf, ViewSpec,
};
