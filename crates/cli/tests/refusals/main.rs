//! What a node cannot take: each is told with place, cause and what to do, and nothing is lost.

#[cfg(test)]
mod apps;
#[cfg(test)]
mod config;
#[cfg(test)]
mod database;
#[cfg(test)]
mod disk;
#[cfg(test)]
mod home;
#[cfg(test)]
mod http;
#[cfg(test)]
mod process;
#[cfg(test)]
mod receiver;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod sync_frames;
#[cfg(test)]
mod undelivered;
