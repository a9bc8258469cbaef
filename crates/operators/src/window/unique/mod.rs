//! Windows of the family `unique:`: of the events with one key, they hold one.

mod batch;
mod collected;
mod ever;
mod external_time_batch;
mod first;
mod key;
mod length;
mod length_batch;
mod list;
mod newest;
mod time;
mod time_batch;

pub(super) use key::UniqueKey;
pub(super) use list::{KEY_TYPES, WINDOWS};
