//! The node's loop: feeds it what happens, and carries out what it decides, in order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use weir_codec::{EntryId, Message, RawEntry, Refusal};
use weir_event::{Seq, Time};

use super::clock::BootClock;
use super::conn::{self, Link, LinkError, Outgoing};
use super::dial::dial;
use super::error::PairError;
use super::lease::{LeaseDesk, announce};
use super::listen::Guest;
use super::outside::{EntryLog, LeaseStore, LogTrouble};
use super::pair::PairConfig;
use super::tail::Tail;
use crate::coordinator::{Identity, Lease, Unavailable, Written};
use crate::ids::{ConnId, NodeId};
use crate::node::{Found, Node, NodeAction, NodeConfig, NodeEvent, NodeInput, PeerAddress};
use crate::sync::{Fill, Packet, SenderLimits, Shape, reason};

/// The loop looks at the time at most this often.
const TICK_MIN: Duration = Duration::from_millis(1);

/// How long to wait before a write that failed is tried again.
const RETRY_AFTER: Duration = Duration::from_millis(250);

/// What an entry takes in the log beside its content, rounded up.
const ENTRY_OVERHEAD_BYTES: u64 = 64;

/// What the loop's tasks tell it.
pub(super) enum Inner<T> {
    Accepted(Guest),
    Dialled(NodeId, Result<Link, LinkError>),
    Heard(ConnId, Packet),
    Ended(ConnId, LinkError),
    LeaseRead(u64, Result<Option<Lease>, Unavailable>),
    LeaseWritten(u64, Written),
    Peers(Vec<PeerAddress>),
    Synced(Result<T, LogTrouble>),
    SyncAgain,
}

/// Why the loop cannot go on with its node.
enum Halt {
    /// The log is behind what the node believes: it must start again from the log.
    Behind(String),
    Failed(PairError),
}

impl From<LogTrouble> for Halt {
    fn from(trouble: LogTrouble) -> Self {
        Self::Failed(PairError::Log(trouble))
    }
}

/// A node with its hands and ears.
pub(super) struct Drive<S, L: EntryLog> {
    config: PairConfig,
    node: Node,
    desk: LeaseDesk<S>,
    log: Arc<Mutex<L>>,
    tail: Tail,
    clock: BootClock,
    events: mpsc::UnboundedSender<NodeEvent>,
    inbox: mpsc::Sender<Inner<L::Synced>>,
    conns: BTreeMap<ConnId, mpsc::UnboundedSender<Outgoing>>,
    next_conn: u64,
    tasks: JoinSet<()>,
    active: bool,
    full: bool,
    /// Why nodes could not be reached the last time, so that each reason is said once.
    unreached: BTreeMap<NodeId, String>,
    /// Appends that wait for room in the log.
    held: VecDeque<NodeInput>,
    /// Entries that the disk has not taken yet.
    unwritten: Vec<RawEntry>,
    /// Why the log could not be made safe the last time.
    sync_trouble: Option<String>,
    /// Peers that wait for entries that the disk has not taken yet.
    stalled: Vec<(ConnId, Seq)>,
}

impl<S: LeaseStore, L: EntryLog> Drive<S, L> {
    pub(super) fn new(
        config: PairConfig,
        store: Arc<S>,
        log: Arc<Mutex<L>>,
        (events, inbox): (mpsc::UnboundedSender<NodeEvent>, mpsc::Sender<Inner<L::Synced>>),
    ) -> Result<Self, PairError> {
        let node = open_node(&config, &*lock(&log))?;
        let desk = LeaseDesk::new(store, config.timing.renew_every);
        Ok(Self {
            config,
            node,
            desk,
            log,
            tail: Tail::default(),
            clock: BootClock,
            events,
            inbox,
            conns: BTreeMap::new(),
            next_conn: 0,
            tasks: JoinSet::new(),
            active: false,
            full: false,
            unreached: BTreeMap::new(),
            held: VecDeque::new(),
            unwritten: Vec::new(),
            sync_trouble: None,
            stalled: Vec::new(),
        })
    }

    /// Something that goes on for as long as the node lives.
    pub(super) fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Says that the node is there, and looks who else is.
    pub(super) fn spawn_announcements(&mut self, me: PeerAddress) {
        let (store, every) = (self.desk.store(), self.config.announce_every);
        let inbox = self.inbox.clone();
        let tell = move |peers| {
            let inbox = inbox.clone();
            async move { inbox.send(Inner::Peers(peers)).await.is_ok() }
        };
        self.spawn(announce(store, me, every, tell));
    }

    /// Runs until nobody has a use for the node any more, or its log fails.
    pub(super) async fn run(
        mut self,
        mut commands: mpsc::UnboundedReceiver<NodeInput>,
        mut happened: mpsc::Receiver<Inner<L::Synced>>,
    ) -> Result<(), PairError> {
        let mut next = self.feed(NodeInput::Tick);
        loop {
            match next {
                Ok(()) => {}
                Err(Halt::Failed(error)) => return Err(error),
                Err(Halt::Behind(why)) => self.start_again(&why)?,
            }
            while self.tasks.try_join_next().is_some() {}
            let mut wait = self.node.wake_at().since(self.clock.now()).max(TICK_MIN);
            if !self.unwritten.is_empty() {
                wait = wait.min(RETRY_AFTER);
            }
            next = tokio::select! {
                Some(inner) = happened.recv() => self.happen(inner),
                command = commands.recv() => match command {
                    Some(input) => self.command(input),
                    None => return Ok(()),
                },
                () = tokio::time::sleep(wait) => self.tick(),
            };
        }
    }

    fn tick(&mut self) -> Result<(), Halt> {
        self.retry()?;
        self.feed(NodeInput::Tick)
    }

    /// The node has lost touch with its log: it starts again from it, as after a crash.
    fn start_again(&mut self, why: &str) -> Result<(), PairError> {
        tracing::error!("the node starts again from its log: {why}");
        for (_, conn) in std::mem::take(&mut self.conns) {
            drop(conn.send(Outgoing::Close));
        }
        self.tail.clear();
        self.unwritten.clear();
        self.stalled.clear();
        self.active = false;
        self.full = false;
        self.desk.forget();
        self.node = open_node(&self.config, &*lock(&self.log))?;
        Ok(())
    }

    fn happen(&mut self, inner: Inner<L::Synced>) -> Result<(), Halt> {
        match inner {
            Inner::Accepted(Guest { link, place }) => {
                self.connect(link, Some(place));
                Ok(())
            }
            Inner::Dialled(node, Ok(link)) => {
                // As the original says it, which runbooks look for.
                self.unreached.remove(&node);
                tracing::info!("memberAdded event received for node id : {node}");
                let conn = self.connect(link, None);
                self.feed(NodeInput::Connected(node, conn))
            }
            Inner::Dialled(node, Err(why)) => {
                let known = self.unreached.insert(node.clone(), why.to_string());
                let shut = matches!(why, LinkError::Tls(_) | LinkError::NotProven(_));
                if shut && known.as_ref() != Some(&why.to_string()) {
                    tracing::warn!("event sync with `{node}` cannot begin: {why}");
                }
                tracing::debug!("could not reach `{node}` for event sync: {why}");
                self.feed(NodeInput::ConnectFailed(node))
            }
            Inner::Heard(conn, packet) => {
                if !self.conns.contains_key(&conn) {
                    return Ok(());
                }
                if let Message::Refused { detail, .. } = &packet.message {
                    tracing::debug!("the peer refused event sync: {detail}");
                }
                self.feed(NodeInput::Heard(conn, packet))
            }
            Inner::Ended(conn, why) => {
                if self.conns.remove(&conn).is_none() {
                    return Ok(());
                }
                tracing::warn!("a connection of event sync ended: {why}");
                self.feed(NodeInput::Closed(conn))
            }
            Inner::LeaseRead(op, row) => match self.desk.is_awaited(op) {
                true => self.feed(NodeInput::LeaseRead(row)),
                false => Ok(()),
            },
            Inner::LeaseWritten(op, written) => match self.desk.is_awaited(op) {
                true => self.feed(NodeInput::LeaseWritten(written)),
                false => Ok(()),
            },
            Inner::Peers(peers) => self.feed(NodeInput::Peers(peers)),
            Inner::Synced(Err(LogTrouble::Passing(why))) => {
                self.sync_later(why);
                Ok(())
            }
            Inner::SyncAgain if self.active => self.sync(),
            Inner::SyncAgain => {
                let durable = lock(&self.log).durable_last();
                self.feed(NodeInput::Synced(durable))
            }
            Inner::Synced(synced) => {
                if self.sync_trouble.take().is_some() {
                    tracing::info!("the log is safe again");
                }
                let durable = {
                    let mut log = lock(&self.log);
                    log.confirm(synced?);
                    log.durable_last()
                };
                self.feed(NodeInput::Synced(durable))
            }
        }
    }

    /// Entries wait while the log has no room for them: sources are pushed back.
    fn command(&mut self, input: NodeInput) -> Result<(), Halt> {
        if matches!(input, NodeInput::Append(_)) && self.active {
            self.held.push_back(input);
            return self.release_held();
        }
        self.feed(input)
    }

    fn release_held(&mut self) -> Result<(), Halt> {
        while let Some(NodeInput::Append(items)) = self.held.front() {
            let content: u64 = items.iter().map(|(_, payload)| payload.len() as u64).sum();
            let bytes = content + ENTRY_OVERHEAD_BYTES * items.len() as u64;
            if self.active && (!self.unwritten.is_empty() || !lock(&self.log).has_room(bytes)) {
                break;
            }
            if let Some(input) = self.held.pop_front() {
                self.feed(input)?;
            }
        }
        Ok(())
    }

    /// Steps the node, carries out its actions in order, and then what these lead to.
    fn feed(&mut self, input: NodeInput) -> Result<(), Halt> {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let actions = self.node.step(self.clock.now(), input);
            for action in actions {
                self.carry(action, &mut inputs)?;
            }
        }
        Ok(())
    }

    fn carry(&mut self, action: NodeAction, inputs: &mut VecDeque<NodeInput>) -> Result<(), Halt> {
        match action {
            NodeAction::ReadLease => {
                let reply = self.inbox.clone();
                let tell = |op, row| async move {
                    drop(reply.send(Inner::LeaseRead(op, row)).await);
                };
                let task = self.desk.read(tell);
                self.spawn(task);
            }
            NodeAction::WriteLease(write) => {
                let reply = self.inbox.clone();
                let tell = |op, written| async move {
                    drop(reply.send(Inner::LeaseWritten(op, written)).await);
                };
                let task = self.desk.write(write, tell);
                self.spawn(task);
            }
            NodeAction::Connect(peer) => self.dial(peer),
            NodeAction::Send(conn, packet) => self.send(conn, &packet),
            NodeAction::Fill(conn, fill) => inputs.extend(self.fill(conn, &fill)?),
            NodeAction::Close(conn, why) => self.close(conn, why),
            NodeAction::Append(entries) => self.append(entries, inputs)?,
            NodeAction::SyncLog(_) => self.sync()?,
            NodeAction::CutAfter(keep) => {
                self.tail.clear();
                lock(&self.log).cut_after(keep)?;
            }
            NodeAction::ResetTo(base) => {
                self.tail.clear();
                lock(&self.log).reset_to(base)?;
                self.measure(inputs);
            }
            NodeAction::TrimThrough(seq) => {
                lock(&self.log).trim_through(seq)?;
                self.measure(inputs);
            }
            NodeAction::Tell(event) => self.tell(event)?,
        }
        Ok(())
    }

    fn sync_later(&mut self, why: String) {
        if self.sync_trouble.as_ref() != Some(&why) {
            tracing::error!("acknowledgements wait for the log: {why}");
            self.sync_trouble = Some(why);
        }
        let reply = self.inbox.clone();
        self.spawn(async move {
            tokio::time::sleep(RETRY_AFTER).await;
            drop(reply.send(Inner::SyncAgain).await);
        });
    }

    fn sync(&mut self) -> Result<(), Halt> {
        let work = lock(&self.log).start_sync()?;
        let reply = self.inbox.clone();
        self.spawn(async move {
            if let Ok(synced) = tokio::task::spawn_blocking(work).await {
                drop(reply.send(Inner::Synced(synced)).await);
            }
        });
        Ok(())
    }

    fn tell(&mut self, event: NodeEvent) -> Result<(), Halt> {
        match &event {
            NodeEvent::BecameActive { .. } => self.active = true,
            NodeEvent::LostLease(_) | NodeEvent::Released => self.active = false,
            NodeEvent::Deadline(_)
            | NodeEvent::OnPromise(_)
            | NodeEvent::Suspended
            | NodeEvent::Drain
            | NodeEvent::Waiting(_)
            | NodeEvent::Appended(_)
            | NodeEvent::NotActive
            | NodeEvent::Committed(_)
            | NodeEvent::Received(_)
            | NodeEvent::InSync(_)
            | NodeEvent::Trimmed { .. }
            | NodeEvent::Met { .. }
            | NodeEvent::PeerEnded { .. }
            | NodeEvent::Outdated(_)
            | NodeEvent::Report(_) => {}
        }
        // Nobody listens once the rooms above have gone; the loop ends with their last command.
        drop(self.events.send(event));
        if !self.active && !self.unwritten.is_empty() {
            return Err(Halt::Behind("the lease went before the disk had room".to_owned()));
        }
        Ok(())
    }

    fn append(
        &mut self,
        entries: Vec<RawEntry>,
        inputs: &mut VecDeque<NodeInput>,
    ) -> Result<(), Halt> {
        if !self.unwritten.is_empty() {
            self.unwritten.extend(entries);
            return Ok(());
        }
        let appended = lock(&self.log).append(&entries);
        match appended {
            Ok(()) => {
                self.tail.extend(&entries);
                self.measure(inputs);
                Ok(())
            }
            Err(LogTrouble::Passing(why)) if self.active => {
                tracing::error!("entries wait for the log: {why}");
                self.unwritten = entries;
                Ok(())
            }
            Err(LogTrouble::Passing(why)) => Err(Halt::Behind(why)),
            Err(broken @ LogTrouble::Broken(_)) => Err(broken.into()),
        }
    }

    /// Tries again what the disk would not take.
    fn retry(&mut self) -> Result<(), Halt> {
        if !self.unwritten.is_empty() {
            let written = lock(&self.log).append(&self.unwritten);
            match written {
                Ok(()) => {
                    tracing::info!("the log takes entries again");
                    self.tail.extend(&std::mem::take(&mut self.unwritten));
                    for (conn, through) in std::mem::take(&mut self.stalled) {
                        self.feed(NodeInput::Filled { conn, through, bytes: 0 })?;
                    }
                    // What was asked to be synced in the meantime was not there yet.
                    let durable = lock(&self.log).durable_last();
                    self.feed(NodeInput::Synced(durable))?;
                }
                Err(LogTrouble::Passing(_)) => {}
                Err(broken @ LogTrouble::Broken(_)) => return Err(broken.into()),
            }
        }
        self.release_held()
    }

    /// Lets the node know when the log reaches its limit, and when it has room again.
    fn measure(&mut self, inputs: &mut VecDeque<NodeInput>) {
        let bytes = lock(&self.log).bytes();
        let full = bytes >= self.config.log_bytes_max;
        if full != self.full {
            self.full = full;
            inputs.push_back(NodeInput::LogBytes(bytes));
        }
    }

    fn fill(&mut self, conn: ConnId, fill: &Fill) -> Result<Option<NodeInput>, Halt> {
        let entries = match self.tail.opt_after(fill.after, fill.bytes_max) {
            Some(entries) => entries,
            None => lock(&self.log).read_after(fill.after, fill.bytes_max)?,
        };
        let Some(through) = entries.last().map(|entry| entry.id.seq) else {
            self.stalled.push((conn, fill.after.seq));
            return Ok(None);
        };
        let bytes = entries.iter().map(RawEntry::bytes).sum();
        let Fill { epoch, after, committed, .. } = *fill;
        self.send(conn, &Packet::new(epoch, Message::Entries { after, committed, entries }));
        Ok(Some(NodeInput::Filled { conn, through, bytes }))
    }

    fn dial(&mut self, peer: PeerAddress) {
        let (tls, secret) = (self.config.tls.clone(), self.config.secret.clone());
        let reply = self.inbox.clone();
        self.spawn(async move {
            let link = dial(&peer, tls.as_ref(), secret.as_ref()).await;
            drop(reply.send(Inner::Dialled(peer.node, link)).await);
        });
    }

    fn connect(&mut self, link: Link, place: Option<tokio::sync::OwnedSemaphorePermit>) -> ConnId {
        self.next_conn += 1;
        let id = ConnId(self.next_conn);
        let (queue, outgoing) = mpsc::unbounded_channel();
        self.conns.insert(id, queue.clone());
        let inbox = self.inbox.clone();
        self.spawn(async move {
            let hear = |packet| {
                let inbox = inbox.clone();
                async move { inbox.send(Inner::Heard(id, packet)).await.is_ok() }
            };
            let why = conn::run(link, (queue, outgoing), hear).await;
            drop(place);
            drop(inbox.send(Inner::Ended(id, why)).await);
        });
        id
    }

    fn send(&mut self, conn: ConnId, packet: &Packet) {
        let Some(queue) = self.conns.get(&conn) else { return };
        match conn::encode(packet) {
            // A connection that has ended says so itself.
            Ok(frame) => drop(queue.send(Outgoing::Frame(frame))),
            Err(why) => {
                tracing::error!("could not send a message of event sync: {why}");
                drop(queue.send(Outgoing::Close));
            }
        }
    }

    fn close(&mut self, conn: ConnId, why: Refusal) {
        if let Some(queue) = self.conns.remove(&conn) {
            tracing::debug!("closes a connection of event sync: {}", reason(why));
            drop(queue.send(Outgoing::Close));
        }
    }
}

fn lock<L>(log: &Mutex<L>) -> MutexGuard<'_, L> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The node as its log says it was.
fn open_node<L: EntryLog>(config: &PairConfig, log: &L) -> Result<Node, PairError> {
    let shape = Shape::opt_of(log.base(), &log.runs(), log.last()).ok_or(PairError::LogShape)?;
    let last_time = last_time(log, &shape).map_err(PairError::Log)?;
    let config = NodeConfig {
        group: config.group.clone(),
        me: Identity { node: config.node.clone(), log: log.id(), build: config.build.clone() },
        timing: config.timing,
        limits: SenderLimits {
            ping_every: config.timing.renew_every / 2,
            silence_max: config.strike_after,
            ..SenderLimits::default()
        },
        strike_after: config.strike_after,
        log_bytes_max: config.log_bytes_max,
    };
    Ok(Node::new(config, Found { shape, last_time }, BootClock.now()))
}

fn last_time<L: EntryLog>(log: &L, shape: &Shape) -> Result<Time, LogTrouble> {
    let last: EntryId = shape.last();
    let before = last.seq.0.checked_sub(1).and_then(|seq| shape.position(Seq(seq)));
    let Some(before) = before else { return Ok(Time(i64::MIN)) };
    let entries = log.read_after(before, 1)?;
    Ok(entries.last().map_or(Time(i64::MIN), |entry| entry.time))
}
