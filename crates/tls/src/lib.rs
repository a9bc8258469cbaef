//! TLS: whom a connection trusts and what it shows, from files as users have them.

mod client;
mod error;
mod server;
mod stores;
#[cfg(test)]
mod tests;

pub use client::{Trust, client};
pub use error::TlsError;
pub use server::server;
pub use stores::{Identity, StoreFile, identity, roots};
