//! What sinks could not deliver and `on.error='STORE'` keeps.

mod tables;

pub use tables::{ErrorStore, StoredError};
