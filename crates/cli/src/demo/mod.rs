//! `weir demo`: a pair on real flights, disturbed in the middle.

mod actives;
mod alone;
mod client;
mod command;
mod deeds;
mod flights;
mod harm;
mod homes;
mod listener;
mod node;
mod pair;
mod progress;
mod table;
mod tally;
mod verdict;
mod wire;

pub(crate) use command::Demo;
