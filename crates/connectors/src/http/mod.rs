//! `http`: events by HTTP, posted to a port of this node or sent to a server.

mod listener;
mod pairs;
mod params;
mod request;
mod respond;
mod sink;
mod source;
#[cfg(test)]
mod tests;
mod tls;
#[cfg(test)]
mod tls_tests;

pub use listener::Listeners;
pub(crate) use params::{SINK, SOURCE};
