//! The node's one loop: hears its group, its sources and its operator, and keeps them in step.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use weir_cluster::{NodeEvent, NodeId, NodeInput, Waiting};
use weir_codec::{Build, EntryId, Refusal, What};
use weir_connectors::Site;
use weir_datasource::StoredError;
use weir_event::{Epoch, Text};

use super::active::Shared;
use super::door::{Group, ShelfError};
use super::entries::{Uncommitted, refuse};
use super::follow::Follower;
use super::machine::{AppText, Maker};
use super::pump::Gate;
use super::request::{QueryAnswer, Request, Requests};
use super::saving::{BEAT, Kept};
use super::standby::{Shadow, Standby, Standing};
use super::takeover::TakenOver;
use super::term::Term;
use super::undelivered::Undelivered;
use super::view::{NodeView, Role};
use super::waits::Waits;

/// How long after a mark has moved it is written to the log.
const MARKS_WITHIN: Duration = Duration::from_millis(10);

/// How long a node that shall end may take to hand over: orchestrators kill it soon after.
const STOP_MAX: Duration = Duration::from_secs(20);

/// What a node is told once.
pub(crate) struct Settings {
    /// Its name.
    pub(crate) node: String,
    /// The release it runs.
    pub(crate) build: Build,
    /// Its group; `None` when it runs alone.
    pub(crate) group: Option<String>,
    /// Its apps.
    pub(crate) texts: Vec<AppText>,
    /// Apps that cannot be built, with the reason.
    pub(crate) broken: Vec<(Text, String)>,
    /// Makes the engine's part of an app.
    pub(crate) maker: Maker,
    /// What sources and sinks of this process share.
    pub(crate) site: Site,
    /// How often snapshots are taken.
    pub(crate) snapshot_every: Duration,
    /// How many entries may be under way to the logs.
    pub(crate) under_way_max: usize,
    /// What it does with the log while another node is active.
    pub(crate) standby: Standby,
    /// Where undelivered messages are kept.
    pub(crate) undelivered: Option<Undelivered>,
}

/// What an operator may ask of a running node.
#[derive(Debug)]
pub(crate) enum Command {
    /// How it is.
    View(oneshot::Sender<NodeView>),
    /// The text of an app that there is.
    Text { app: Text, reply: oneshot::Sender<Option<String>> },
    /// Ask an app, or change what it holds, by an on-demand query.
    Query { app: Text, text: Text, reply: oneshot::Sender<Asked> },
    /// Give the lease back and end.
    Stop,
    /// Send a message again that could not be delivered.
    SendAgain(StoredError, oneshot::Sender<Result<(), String>>),
    /// Take the lease although acknowledged events may be lost.
    AcceptLoss,
}

/// What comes of an on-demand query.
#[derive(Debug)]
pub(crate) enum Asked {
    /// It is an entry of the log, or will be; this is who gets the answer.
    Coming(oneshot::Receiver<QueryAnswer>),
    /// No app of that name runs here.
    NoApp,
    /// This node is not the active one.
    NotActive,
    /// It takes more bytes than an entry of the log may.
    TooLong,
}

/// What tasks of the loop tell it.
pub(super) enum Notice {
    TookOver(Epoch, Result<TakenOver, ShelfError>),
    Snapshot {
        epoch: Epoch,
        app: Text,
        done: Result<Kept, ShelfError>,
    },
    /// The last snapshot that there is of an app, whoever took it.
    Newest {
        epoch: Epoch,
        app: Text,
        found: Result<Option<(EntryId, Text)>, ShelfError>,
    },
    /// A snapshot on a node that stands by.
    Stood {
        app: Text,
        done: Result<Option<Kept>, ShelfError>,
    },
    /// Every source is open, or has named what is in its way.
    SourcesOpen(Epoch),
    SourcesEnded(Epoch),
    /// A takeover failed a while ago.
    GiveUp(Epoch),
}

/// The loop's own state.
pub(crate) struct Conductor {
    pub(super) settings: Settings,
    pub(super) group: Group,
    pub(super) shared: Shared,
    pub(super) incoming: mpsc::Receiver<Request>,
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) notices: (mpsc::UnboundedSender<Notice>, mpsc::UnboundedReceiver<Notice>),
    /// Groups of requests that the log was asked to take, in order.
    pub(super) appending: VecDeque<(Instant, Vec<Request>)>,
    pub(super) uncommitted: VecDeque<Uncommitted>,
    pub(super) under_way: usize,
    pub(super) gate: watch::Sender<Gate>,
    pub(super) committed: watch::Sender<EntryId>,
    pub(super) role: watch::Sender<Role>,
    pub(super) in_sync: usize,
    /// How long entries took to be acknowledged.
    pub(super) waits: Waits,
    /// The last entry of the log.
    pub(super) last: EntryId,
    /// Who waits for a view of the node.
    pub(super) lookers: Vec<oneshot::Sender<NodeView>>,
    /// How the last connection of event sync ended.
    pub(super) peer_ended: Option<(Option<NodeId>, Refusal)>,
    /// The nodes that were met, and what they run; on a passive node the active one alone.
    pub(super) met: BTreeMap<NodeId, Build>,
    pub(super) term: Option<Term>,
    /// Apps that execute what the active node commits.
    pub(super) following: Option<Follower>,
    pub(super) standing: Standing,
    /// Apps that execute the log beside large ones of this active node.
    pub(super) shadow: Option<Shadow>,
    /// What is left of the term before: sources that give up their ports.
    pub(super) leaving: Option<JoinHandle<()>>,
    pub(super) stopping: bool,
    /// When a node that shall end does so, whatever is in its way.
    pub(super) stop_by: Option<tokio::time::Instant>,
}

impl Conductor {
    /// A node that is about to hear from its group.
    pub(crate) fn new(
        settings: Settings,
        group: Group,
        commands: mpsc::Receiver<Command>,
    ) -> (Self, watch::Receiver<Role>) {
        let (requests, incoming) = Requests::channel();
        let (gate, gate_seen) = watch::channel(Gate::Shut);
        let (role, role_seen) = watch::channel(Role::Starting);
        let shared = Shared {
            maker: Arc::clone(&settings.maker),
            site: settings.site.clone(),
            requests,
            gate: gate_seen,
            undelivered: settings.undelivered.clone(),
            moved: Arc::new(Notify::new()),
        };
        let this = Self {
            settings,
            group,
            shared,
            incoming,
            commands,
            notices: mpsc::unbounded_channel(),
            appending: VecDeque::new(),
            uncommitted: VecDeque::new(),
            under_way: 0,
            gate,
            committed: watch::channel(EntryId::NONE).0,
            role,
            in_sync: 0,
            waits: Waits::default(),
            last: EntryId::NONE,
            lookers: Vec::new(),
            peer_ended: None,
            met: BTreeMap::new(),
            term: None,
            following: None,
            standing: Standing::default(),
            shadow: None,
            leaving: None,
            stopping: false,
            stop_by: None,
        };
        (this, role_seen)
    }

    /// What apps are built with.
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Takes the apps that were found good, and those that were not.
    pub(crate) fn set_apps(&mut self, texts: Vec<AppText>, broken: Vec<(Text, String)>) {
        self.settings.texts = texts;
        self.settings.broken = broken;
    }

    /// Runs until the node has stopped or its group's driver has ended.
    pub(crate) async fn run(mut self) {
        let apps = self.settings.texts.iter().map(|it| it.name.to_string()).collect();
        self.tell(NodeInput::Apps(apps));
        let mut snapshots = tokio::time::interval(self.settings.snapshot_every.min(BEAT));
        snapshots.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let moved = Arc::clone(&self.shared.moved);
        let mut marks_due = None;
        let mut drain_check = tokio::time::interval(MARKS_WITHIN);
        drain_check.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let draining = self.term.as_ref().is_some_and(|it| it.draining.is_some());
            tokio::select! {
                biased;
                event = self.group.events.recv() => match event {
                    Some(event) => if self.event(event) { return },
                    None => return self.leave_office(),
                },
                Some(notice) = self.notices.1.recv() => self.notice(notice),
                Some(command) = self.commands.recv() => if self.command(command) { return },
                () = moved.notified() => if self.marks_are_many() {
                    marks_due = None;
                    self.log_marks();
                } else if marks_due.is_none() {
                    marks_due = Some(tokio::time::Instant::now() + MARKS_WITHIN);
                },
                () = until(marks_due), if marks_due.is_some() => {
                    marks_due = None;
                    self.log_marks();
                }
                () = until(self.stop_by), if self.stop_by.is_some() => {
                    tracing::warn!("could not hand over in time: ends as by a crash");
                    return self.leave_office();
                }
                _ = snapshots.tick() => self.snapshots(false),
                _ = drain_check.tick(), if draining => self.drain_on(),
                Some(request) = self.incoming.recv(),
                    if self.under_way < self.settings.under_way_max => self.append(request),
            }
        }
    }

    pub(super) fn tell(&self, input: NodeInput) {
        // The driver has gone when nobody listens; the loop hears of it by its events.
        drop(self.group.input.send(input));
    }

    pub(super) fn set_role(&self, role: Role) {
        self.role.send_if_modified(|it| {
            let changed = *it != role;
            *it = role;
            changed
        });
    }

    /// True when the node has stopped.
    fn event(&mut self, event: NodeEvent) -> bool {
        match event {
            NodeEvent::BecameActive { term, base, last } => {
                if let Some(lost) = &term.loss {
                    tracing::error!("took over without {} logs that were in sync", lost.len());
                }
                self.open_gate(term.deadline);
                self.last = last;
                self.become_active(term.epoch, base, last);
            }
            NodeEvent::Deadline(deadline) => {
                self.open_gate(deadline);
                if *self.role.borrow() == Role::Suspended {
                    self.set_role(Role::Active);
                }
            }
            NodeEvent::OnPromise(true) => tracing::warn!(
                "the cluster database does not answer: the nodes in sync keep this one active"
            ),
            NodeEvent::OnPromise(false) => {
                tracing::info!("the cluster database answers again");
            }
            NodeEvent::Suspended => {
                self.gate.send_replace(Gate::Shut);
                if *self.role.borrow() == Role::Active {
                    tracing::warn!("the lease could not be renewed in time: outputs wait");
                    self.set_role(Role::Suspended);
                }
            }
            NodeEvent::LostLease(lost) => {
                tracing::warn!("this node is no longer active: {lost:?}");
                self.leave_office();
                self.set_role(Role::Passive("another node holds the lease"));
                return self.stopping;
            }
            NodeEvent::Drain => self.drain(),
            NodeEvent::Released => {
                self.leave_office();
                self.set_role(Role::Released);
                tracing::info!("the lease has been given back");
                return self.stopping;
            }
            NodeEvent::Waiting(waiting) => self.waiting(waiting),
            NodeEvent::Appended(entries) => self.appended(entries),
            NodeEvent::NotActive => {
                for request in self.appending.pop_front().into_iter().flat_map(|it| it.1) {
                    self.under_way -= 1;
                    refuse(request);
                }
            }
            NodeEvent::Committed(at) => {
                self.commit(at);
                self.stand_by();
            }
            NodeEvent::Received(at) => self.last = at,
            NodeEvent::Report(peers) => self.reported(&peers),
            NodeEvent::InSync(logs) => self.synced(logs.len()),
            NodeEvent::Trimmed { app, revision, .. } => {
                tracing::debug!(%app, "the active node has committed snapshot {revision}");
            }
            NodeEvent::Met { peer, build } => self.met(peer, build),
            NodeEvent::PeerEnded { peer, why, detail } => self.peer_ended(peer, why, &detail),
            NodeEvent::Outdated(epoch) => {
                tracing::warn!("somebody knows of epoch {}, which is higher than ours", epoch.0);
            }
        }
        false
    }

    /// The logs that hold every acknowledged event have changed.
    fn synced(&mut self, logs: usize) {
        if self.in_sync != logs {
            tracing::info!("in sync: {logs} logs");
        }
        if logs > self.in_sync && logs > 1 {
            tracing::info!("Active node retrieved node details of passive node");
        }
        self.in_sync = logs;
        self.peer_ended = None;
    }

    /// Says why a connection ended; a peer that is tried again and again is named once.
    fn peer_ended(&mut self, peer: Option<NodeId>, why: Refusal, detail: &str) {
        let ended = Some((peer, why));
        if self.peer_ended == ended {
            return;
        }
        match &ended {
            Some((Some(peer), _)) => tracing::info!("event sync with {peer} ended: {detail}"),
            _ => tracing::info!("a connection of event sync ended: {detail}"),
        }
        self.peer_ended = ended;
    }

    fn waiting(&mut self, waiting: Waiting) {
        let why = match waiting {
            Waiting::Held => "another node holds the lease",
            Waiting::NotInSync => "this node's log is not in sync: it waits for one that is",
            Waiting::Unavailable => "the cluster database does not answer",
            Waiting::Promised => "this node has promised to leave the lease to its holder for now",
            Waiting::Resting => "this node has just handed over",
            Waiting::Taking => "the lease is being taken",
        };
        if self.term.is_some() {
            return;
        }
        if matches!(*self.role.borrow(), Role::Starting) && waiting == Waiting::Held {
            tracing::info!("HA Deployment: Starting up as Passive Node");
        }
        if waiting == Waiting::Taking {
            return;
        }
        if *self.role.borrow() != Role::Passive(why) {
            tracing::info!("not active: {why}");
            self.set_role(Role::Passive(why));
        }
    }

    /// True when the node has stopped.
    fn command(&mut self, command: Command) -> bool {
        match command {
            Command::View(reply) => {
                self.look(reply);
                false
            }
            Command::Text { app, reply } => {
                let text = self.settings.texts.iter().find(|it| it.name == app);
                drop(reply.send(text.map(|it| it.text.clone())));
                false
            }
            Command::Query { app, text, reply } => {
                let asked = self.query(app, text);
                // Whoever asked may have gone.
                drop(reply.send(asked));
                false
            }
            Command::SendAgain(entry, reply) => {
                self.send_again(entry, reply);
                false
            }
            Command::AcceptLoss => {
                tracing::warn!("an operator accepts the loss of what only absent logs hold");
                self.tell(NodeInput::AcceptLoss);
                false
            }
            Command::Stop => {
                self.stopping = true;
                self.stop_by = Some(tokio::time::Instant::now() + STOP_MAX);
                if self.term.is_none() {
                    return true;
                }
                self.tell(NodeInput::HandOver);
                false
            }
        }
    }
}

impl Conductor {
    /// Writes an on-demand query to the log: it is executed where events are, in their order.
    fn query(&mut self, app: Text, text: Text) -> Asked {
        let Some(term) = self.term.as_ref().filter(|_| self.role.borrow().is_ready()) else {
            return Asked::NotActive;
        };
        if term.apps.iter().all(|it| it.handle.name != app) {
            return Asked::NoApp;
        }
        let what = What::Query { app, text };
        let bytes = what.encode();
        if bytes.len() > weir_codec::ENTRY_BYTES_MAX {
            return Asked::TooLong;
        }
        let ((reply, _), (asker, coming)) = (oneshot::channel(), oneshot::channel());
        self.append(Request { what, bytes, reply, room: None, asker: Some(asker) });
        Asked::Coming(coming)
    }
}

async fn until(due: Option<tokio::time::Instant>) {
    if let Some(due) = due {
        tokio::time::sleep_until(due).await;
    }
}
