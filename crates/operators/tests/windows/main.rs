//! Windows, asked for by name as the user does, against what the reference emits.

mod batches;
mod parameters;
mod player;
mod properties;
mod sessions;
mod sliding;
