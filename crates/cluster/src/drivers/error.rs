//! Why a node of the pair cannot start or go on.

use std::io;

use super::outside::LogTrouble;

/// Why a node of the pair cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// The event sync port is not to be had.
    #[error(
        "could not listen for event sync on `{address}`\n\
         hint: see `deployment.config.eventSyncServer`: another process may hold the port, or \
         the host is not one of this machine"
    )]
    Listen { address: String, source: io::Error },
    /// The log cannot be read or written any more.
    #[error(
        "the node's log failed\n\
         hint: the other node takes over; move this node's log away if its disk is sound again"
    )]
    Log(#[source] LogTrouble),
    /// The log's own outline contradicts itself.
    #[error(
        "the log has entries that do not follow each other\n\
         hint: move the log's folder away; this node then gets its log from the other"
    )]
    LogShape,
    /// No random numbers, without which no secret can be proven.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
}
