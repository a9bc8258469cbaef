//! A node at work: its apps on their threads, its sources and sinks, and its place in the group.

mod active;
mod app;
mod conductor;
mod door;
mod feed;
mod keys;
mod lane;
mod machine;
mod pump;
mod request;
mod saved;
mod takeover;
#[cfg(test)]
mod tests;
mod ticker;
mod view;

pub use view::{AppView, NodeView, Role, SinkView};
