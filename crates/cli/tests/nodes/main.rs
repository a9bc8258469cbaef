//! `weir serve` as real processes over real files and sockets: alone, as a pair, killed.

#[cfg(test)]
mod alone;
#[cfg(test)]
mod node;
#[cfg(test)]
mod pair;
#[cfg(test)]
mod stage;
mod stores;
