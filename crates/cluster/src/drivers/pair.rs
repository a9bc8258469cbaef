//! A node of the pair at work: what the rooms above hold in their hands.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use weir_codec::{Build, EntryId, RawEntry};

use super::drive::{Drive, Inner};
use super::error::PairError;
use super::listen::listen;
use super::outside::{EntryLog, LeaseStore, LogTrouble};
use super::secret::Secret;
use super::tls::SyncTls;
use crate::coordinator::Timing;
use crate::ids::NodeId;
use crate::node::{NodeEvent, NodeInput, PeerAddress};

/// How many things that happened may wait for the node; connections wait when there are more.
const INBOX_MAX: usize = 1_024;

/// How much of the log is read at a time.
const READ_BYTES: usize = 1 << 20;

/// What a node of the pair is told once.
#[derive(Debug, Clone)]
pub struct PairConfig {
    pub group: String,
    pub node: NodeId,
    /// What it says of its release.
    pub build: Build,
    /// A node without a group listens nowhere and looks for nobody.
    pub alone: bool,
    /// Where to listen for event sync; port 0 takes a free one.
    pub listen_host: String,
    pub listen_port: u16,
    /// Where others reach it, when that is somewhere else.
    pub advertised_host: Option<String>,
    pub advertised_port: Option<u16>,
    pub timing: Timing,
    /// A named log that has not been heard for this long is struck off.
    pub strike_after: Duration,
    /// How often the node says that it is there.
    pub announce_every: Duration,
    /// A passive node's log grows to about this size, then the active one must wait. Leave the
    /// log room for a frame above it.
    pub log_bytes_max: u64,
    /// What the nodes of the group show each other; without it they talk in the clear.
    pub tls: Option<SyncTls>,
    /// What the nodes of the group must prove to know.
    pub secret: Option<Secret>,
}

/// A running node; it dies when this is dropped, as by a crash.
#[derive(Debug)]
pub struct Pair<L> {
    /// What happens on this side. The node ends when every sender is gone.
    pub input: mpsc::UnboundedSender<NodeInput>,
    /// What the node decides; closed when it has ended.
    pub events: mpsc::UnboundedReceiver<NodeEvent>,
    /// Where it listens; `None` when it is alone.
    pub address: Option<SocketAddr>,
    pub log: LogReader<L>,
    pub running: Running,
}

/// A node's task: it is ended when this is dropped.
#[derive(Debug)]
pub struct Running(JoinHandle<Result<(), PairError>>);

/// Reads the log of a running node.
#[derive(Debug)]
pub struct LogReader<L>(Arc<Mutex<L>>);

impl<L: EntryLog> Pair<L> {
    /// Starts a node over its log and its group's database.
    ///
    /// # Errors
    ///
    /// When the port is not to be had or the log cannot be read.
    pub async fn start<S: LeaseStore>(
        config: PairConfig,
        store: Arc<S>,
        log: L,
    ) -> Result<Self, PairError> {
        let listener = if config.alone { None } else { Some(bind(&config).await?) };
        let (input, commands) = mpsc::unbounded_channel();
        let (events, heard) = mpsc::unbounded_channel();
        let (inbox, happened) = mpsc::channel(INBOX_MAX);
        let log = Arc::new(Mutex::new(log));
        let shields = (config.tls.clone(), config.secret.clone());
        let me = listener.as_ref().map(|(_, address)| PeerAddress {
            node: config.node.clone(),
            host: config.advertised_host.clone().unwrap_or(config.listen_host.clone()),
            port: config.advertised_port.unwrap_or(address.port()),
        });
        let mut drive = Drive::new(config, store, Arc::clone(&log), (events, inbox.clone()))?;
        let address = listener.as_ref().map(|(_, address)| *address);
        if let (Some((listener, _)), Some(me)) = (listener, me) {
            drive.spawn(listen(listener, shields, move |guest| {
                let inbox = inbox.clone();
                async move {
                    // The node has ended when nobody listens.
                    drop(inbox.send(Inner::Accepted(guest)).await);
                }
            }));
            drive.spawn_announcements(me);
        }
        let running = Running(tokio::spawn(drive.run(commands, happened)));
        Ok(Self { input, events: heard, address, log: LogReader(log), running })
    }
}

async fn bind(config: &PairConfig) -> Result<(TcpListener, SocketAddr), PairError> {
    let wanted = (config.listen_host.as_str(), config.listen_port);
    let refused = |source| PairError::Listen {
        address: format!("{}:{}", config.listen_host, config.listen_port),
        source,
    };
    let listener = TcpListener::bind(wanted).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    Ok((listener, address))
}

impl Running {
    /// Waits until the node has ended.
    ///
    /// # Errors
    ///
    /// When it could not go on.
    pub async fn ended(&mut self) -> Result<(), PairError> {
        match (&mut self.0).await {
            Ok(ended) => ended,
            Err(_) => Ok(()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<L> Clone for LogReader<L> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<L: EntryLog> LogReader<L> {
    /// The entry before the first one held.
    pub fn base(&self) -> EntryId {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).base()
    }

    /// Hands over the entries after one and up to another, in order; false from `each` ends it.
    /// The call blocks.
    ///
    /// # Errors
    ///
    /// When the log cannot be read, or no longer holds `after`.
    pub fn read(
        &self,
        after: EntryId,
        through: EntryId,
        mut each: impl FnMut(RawEntry) -> bool,
    ) -> Result<(), LogTrouble> {
        let mut after = after;
        while after < through {
            let entries = {
                let log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                log.read_after(after, READ_BYTES)?
            };
            let Some(last) = entries.last().map(|entry| entry.id) else { return Ok(()) };
            for entry in entries {
                if entry.id > through || !each(entry) {
                    return Ok(());
                }
            }
            after = last;
        }
        Ok(())
    }
}
