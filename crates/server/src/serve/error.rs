//! Why a node cannot start, or could not go on.

use std::io;
use std::path::PathBuf;

use weir_cluster::PairError;
use weir_datasource::{LogError, StoreError};
use weir_tls::TlsError;

use crate::config::{ConfigError, DatabasePlace};

/// Why a node does not start. `Display` says what to do; what it was caused by is its source.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot be used.
    #[error("the configuration cannot be used\n{0}")]
    Config(ConfigError),
    /// An app's file or folder cannot be read.
    #[error(
        "could not read the apps in `{}`\nhint: name a folder with `.siddhi` files, or one file",
        place.display()
    )]
    Apps {
        /// The file or folder.
        place: PathBuf,
        /// What is in the way.
        source: io::Error,
    },
    /// A folder of the node's home cannot be made.
    #[error("could not make the folder `{}`\n\
         hint: check its permissions, and that no file stands in its place", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What is in the way.
        source: io::Error,
    },
    /// The node's log cannot be opened.
    #[error("could not open the node's log")]
    Log(#[source] Box<LogError>),
    /// A database cannot be opened.
    #[error("could not open the {what} database `{place}`")]
    Database {
        /// What it is for.
        what: &'static str,
        /// Where it is.
        place: DatabasePlace,
        /// What is in the way.
        source: Box<StoreError>,
    },
    /// What a node alone has left in the database could not be taken over.
    #[error(
        "could not take over the log that is kept in the database: {0}\n\
         hint: see `weir.aloneLog` in deployment.yaml; with `disk` the node starts without it"
    )]
    Adopt(String),
    /// A file of certificates or keys cannot be used.
    #[error(
        "could not encrypt event sync\n\
         hint: see `weir.eventSyncTls` in deployment.yaml: {}",
        .0.hint()
    )]
    Tls(#[source] TlsError),
    /// The node cannot take its place in its group.
    #[error(transparent)]
    Pair(Box<PairError>),
    /// The port of the node's own HTTP service is not to be had.
    #[error(
        "could not listen at `{address}`\n\
         hint: another process may hold the port; see `wso2.transport.http` and \
         `wso2.carbon.ports.offset` in deployment.yaml"
    )]
    Http {
        /// The address.
        address: String,
        /// What is in the way.
        source: io::Error,
    },
}
