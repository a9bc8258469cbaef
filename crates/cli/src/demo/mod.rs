//! `weir demo`: a pair on real flights, one of its nodes killed in the middle.

mod actives;
mod alone;
mod client;
mod command;
mod flights;
mod homes;
mod listener;
mod node;
mod pair;
mod progress;
mod table;
mod tally;
mod verdict;

pub(crate) use command::Demo;
