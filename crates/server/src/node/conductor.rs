//! The node's one loop: hears its group, its sources and its operator, and keeps them in step.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, OwnedSemaphorePermit, mpsc, oneshot, watch};
use weir_cluster::{Marks, NodeEvent, NodeInput, SinkId, Waiting};
use weir_codec::{Concerns, EntryId, Mark, RawEntry, Snapshot, What};
use weir_connectors::{Refused, Site};
use weir_event::{Epoch, Text, Time};

use super::active::{ActiveApp, AppText, BuiltApp, Shared};
use super::app::{Committed, Job};
use super::door::{Group, ShelfError};
use super::machine::{At, Maker};
use super::pump::Gate;
use super::request::{Request, Requests};
use super::takeover::{Office, TakenOver, take_over};
use super::ticker;
use super::view::{AppView, NodeView, Role, SinkView};

/// How long after a mark has moved it is written to the log.
const MARKS_WITHIN: Duration = Duration::from_millis(10);
/// How long a hand-over waits for sinks before what they have not confirmed goes into the
/// snapshot.
const DRAIN_MAX: Duration = Duration::from_secs(5);
/// The most entries that are given to the log in one go.
const APPEND_MAX: usize = 256;

/// What a node is told once.
pub(crate) struct Settings {
    /// Its name.
    pub(crate) node: String,
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
}

/// What an operator may ask of a running node.
#[derive(Debug)]
pub(crate) enum Command {
    /// How it is.
    View(oneshot::Sender<NodeView>),
    /// Give the lease back and end.
    Stop,
    /// Take the lease although acknowledged events may be lost.
    AcceptLoss,
}

/// What tasks of the loop tell it.
enum Notice {
    TookOver(Epoch, Result<TakenOver, ShelfError>),
    Snapshot {
        epoch: Epoch,
        app: Text,
        done: Result<Snapshot, ShelfError>,
    },
    /// Every source is open, or has named what is in its way.
    SourcesOpen(Epoch),
    SourcesEnded(Epoch),
}

/// An entry that the log has and not every named log yet.
struct Uncommitted {
    id: EntryId,
    time: Time,
    request: Request,
}

/// A term in office.
struct Term {
    epoch: Epoch,
    /// Empty until the takeover is done, and while sources end.
    apps: Vec<ActiveApp>,
    failed: Vec<(Text, String)>,
    /// The last entry that was handed to the apps, and its time.
    dispatched: (EntryId, Time),
    /// Snapshots under way and the entries of the last ones.
    saving: BTreeMap<Text, EntryId>,
    saved: BTreeMap<Text, EntryId>,
    /// Whether the takeover has come to its end, good or bad.
    taken_over: bool,
    draining: Option<Draining>,
}

/// How far a hand-over is.
struct Draining {
    since: tokio::time::Instant,
    sources_ended: bool,
    /// Whether the last snapshots have been asked for.
    saved: bool,
    /// Whether the group has been told.
    told: bool,
}

/// The loop's own state.
pub(crate) struct Conductor {
    settings: Settings,
    group: Group,
    shared: Shared,
    incoming: mpsc::Receiver<Request>,
    commands: mpsc::Receiver<Command>,
    notices: (mpsc::UnboundedSender<Notice>, mpsc::UnboundedReceiver<Notice>),
    /// Groups of requests that the log was asked to take, in order.
    appending: VecDeque<Vec<Request>>,
    uncommitted: VecDeque<Uncommitted>,
    under_way: usize,
    gate: watch::Sender<Gate>,
    committed: watch::Sender<EntryId>,
    role: watch::Sender<Role>,
    in_sync: usize,
    term: Option<Term>,
    stopping: bool,
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
            term: None,
            stopping: false,
        };
        (this, role_seen)
    }

    /// Checks that an app can be built at all.
    pub(crate) fn check(&self, text: &str) -> Result<String, String> {
        BuiltApp::new(text, &self.shared).map(|it| it.name().to_owned())
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
        let mut snapshots = tokio::time::interval(self.settings.snapshot_every);
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
                () = moved.notified(), if marks_due.is_none() => {
                    marks_due = Some(tokio::time::Instant::now() + MARKS_WITHIN);
                }
                () = until(marks_due), if marks_due.is_some() => {
                    marks_due = None;
                    self.log_marks();
                }
                _ = snapshots.tick() => self.snapshots(false),
                _ = drain_check.tick(), if draining => self.drain_on(),
                Some(request) = self.incoming.recv(),
                    if self.under_way < self.settings.under_way_max => self.append(request),
            }
        }
    }

    fn tell(&self, input: NodeInput) {
        // The driver has gone when nobody listens; the loop hears of it by its events.
        drop(self.group.input.send(input));
    }

    fn set_role(&self, role: Role) {
        self.role.send_if_modified(|it| {
            let changed = *it != role;
            *it = role;
            changed
        });
    }

    /// Gives entries to the log: this one, and those that wait behind it.
    fn append(&mut self, first: Request) {
        let mut requests = vec![first];
        while requests.len() < APPEND_MAX
            && let Ok(next) = self.incoming.try_recv()
        {
            requests.push(next);
        }
        let now = ticker::now();
        let items = requests
            .iter_mut()
            .map(|it| (now, Bytes::from(std::mem::take(&mut it.bytes))))
            .collect();
        self.under_way += requests.len();
        self.appending.push_back(requests);
        self.tell(NodeInput::Append(items));
    }

    /// True when the node has stopped.
    fn event(&mut self, event: NodeEvent) -> bool {
        match event {
            NodeEvent::BecameActive { term, base, last } => {
                if let Some(lost) = &term.loss {
                    tracing::error!("took over without {} logs that were in sync", lost.len());
                }
                self.open_gate(term.deadline);
                self.become_active(term.epoch, base, last);
            }
            NodeEvent::Deadline(deadline) => {
                self.open_gate(deadline);
                if *self.role.borrow() == Role::Suspended {
                    self.set_role(Role::Active);
                }
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
                for request in self.appending.pop_front().into_iter().flatten() {
                    self.under_way -= 1;
                    refuse(request);
                }
            }
            NodeEvent::Committed(at) => self.commit(at),
            NodeEvent::Received(at) => tracing::trace!("holds the log up to {at}"),
            NodeEvent::InSync(logs) => {
                self.in_sync = logs.len();
                tracing::info!("in sync: {} logs", logs.len());
            }
            NodeEvent::Trimmed { app, revision, .. } => {
                tracing::debug!(%app, "the active node has committed snapshot {revision}");
            }
            NodeEvent::PeerEnded { peer, why } => match peer {
                Some(peer) => tracing::info!("event sync with {peer} ended: {why:?}"),
                None => tracing::info!("a connection of event sync ended: {why:?}"),
            },
            NodeEvent::Outdated(epoch) => {
                tracing::warn!("somebody knows of epoch {}, which is higher than ours", epoch.0);
            }
        }
        false
    }

    fn waiting(&mut self, waiting: Waiting) {
        let why = match waiting {
            Waiting::Held => "another node holds the lease",
            Waiting::NotInSync => "this node's log is not in sync: it waits for one that is",
            Waiting::Unavailable => "the cluster database does not answer",
            Waiting::Resting => "this node has just handed over",
            Waiting::Taking => "the lease is being taken",
        };
        if self.term.is_some() {
            return;
        }
        if matches!(*self.role.borrow(), Role::Starting) && waiting == Waiting::Held {
            tracing::info!("HA Deployment: Starting up as Passive Node");
        }
        tracing::info!("not active: {why}");
        self.set_role(Role::Passive(why));
    }

    fn open_gate(&self, deadline: weir_cluster::Moment) {
        let until = self.group.shelf.instant_of(deadline);
        self.gate.send_replace(Gate::OpenUntil(until));
    }

    fn become_active(&mut self, epoch: Epoch, base: EntryId, last: EntryId) {
        tracing::info!("This Node is now becoming the Active Node (epoch {})", epoch.0);
        self.set_role(Role::TakingOver);
        self.term = Some(Term {
            epoch,
            apps: Vec::new(),
            failed: self.settings.broken.clone(),
            dispatched: (last, Time(0)),
            saving: BTreeMap::new(),
            saved: BTreeMap::new(),
            taken_over: false,
            draining: None,
        });
        let office = Office {
            epoch,
            base,
            last,
            shelf: Arc::clone(&self.group.shelf),
            input: self.group.input.clone(),
            committed: self.committed.subscribe(),
            texts: self.settings.texts.clone(),
            shared: self.shared.clone(),
        };
        let notices = self.notices.0.clone();
        tokio::spawn(async move {
            let done = take_over(office).await;
            // The loop has ended when nobody listens.
            drop(notices.send(Notice::TookOver(epoch, done)));
        });
    }

    fn notice(&mut self, notice: Notice) {
        match notice {
            Notice::TookOver(epoch, done) => self.took_over(epoch, done),
            Notice::Snapshot { epoch, app, done } => self.snapshot_done(epoch, app, done),
            Notice::SourcesOpen(epoch) => {
                let term = self.term.as_ref();
                if term.is_some_and(|it| it.epoch == epoch && it.draining.is_none()) {
                    self.set_role(Role::Active);
                    tracing::info!("Successfully Changed to Active Mode");
                }
            }
            Notice::SourcesEnded(epoch) => {
                let term = self.term.as_mut().filter(|it| it.epoch == epoch);
                if let Some(draining) = term.and_then(|it| it.draining.as_mut()) {
                    draining.sources_ended = true;
                }
            }
        }
    }

    fn took_over(&mut self, epoch: Epoch, done: Result<TakenOver, ShelfError>) {
        let Some(term) = self.term.as_mut().filter(|it| it.epoch == epoch) else { return };
        term.taken_over = true;
        let mut taken = match done {
            Ok(taken) => taken,
            Err(why) => {
                tracing::error!("could not take over: {why}");
                tracing::error!("hint: see to the cause; this node gives the lease back");
                match term.draining {
                    Some(_) => self.close_sources(),
                    None => self.tell(NodeInput::HandOver),
                }
                return;
            }
        };
        let handing_over = term.draining.is_some();
        term.dispatched.1 = taken.time;
        for (app, why) in &taken.failed {
            tracing::error!(%app, "the app does not run:\n{why}");
        }
        term.failed.append(&mut taken.failed);
        for app in taken.apps.iter_mut().filter(|_| !handing_over) {
            let none = BTreeMap::new();
            let resume = taken.resume.get(&app.handle.name);
            app.open(resume.map_or(&none, |it| &it.positions), &self.shared);
            tracing::info!("Siddhi App {} deployed successfully", app.handle.name);
        }
        term.apps = taken.apps;
        let views =
            |app: &ActiveApp| app.sources.iter().map(|it| Arc::clone(&it.1)).collect::<Vec<_>>();
        let opening: Vec<_> = term.apps.iter().flat_map(views).collect();
        if !taken.clamped.is_empty() {
            self.write_marks(&taken.clamped);
        }
        if handing_over {
            self.close_sources();
        } else {
            let notices = self.notices.0.clone();
            tokio::spawn(async move {
                for view in opening {
                    view.spoken().await;
                }
                // The loop has ended when nobody listens.
                drop(notices.send(Notice::SourcesOpen(epoch)));
            });
        }
    }

    fn appended(&mut self, entries: Vec<RawEntry>) {
        let Some(requests) = self.appending.pop_front() else { return };
        for (request, entry) in requests.into_iter().zip(entries) {
            self.uncommitted.push_back(Uncommitted { id: entry.id, time: entry.time, request });
        }
    }

    fn commit(&mut self, at: EntryId) {
        self.committed.send_replace(at);
        while self.uncommitted.front().is_some_and(|it| it.id <= at) {
            let Some(Uncommitted { id, time, request }) = self.uncommitted.pop_front() else {
                break;
            };
            self.under_way -= 1;
            // Whoever asked may have gone; the event is safe all the same.
            let Request { what, reply, room, .. } = request;
            drop(reply.send(Ok(id)));
            if let Some(term) = &mut self.term {
                term.dispatched = (id, time);
                dispatch(&term.apps, At { epoch: id.epoch, seq: id.seq, time }, what, room);
            }
        }
    }

    fn log_marks(&mut self) {
        let Some(term) = &self.term else { return };
        let mut moved = Marks::new();
        for app in &term.apps {
            for lane in &app.handle.lanes {
                if let Some(mark) = lane.take_moved_mark() {
                    let sink = SinkId { app: app.handle.name.clone(), sink: lane.element.clone() };
                    moved.insert(sink, mark);
                }
            }
        }
        if !moved.is_empty() {
            self.write_marks(&moved);
        }
    }

    fn write_marks(&mut self, marks: &Marks) {
        let marks = marks.iter().map(|(sink, through)| Mark {
            app: sink.app.clone(),
            sink: sink.sink.clone(),
            through: *through,
        });
        let what = What::Marks(marks.collect());
        let bytes = what.encode();
        let (reply, _) = oneshot::channel();
        self.append(Request { what, bytes, reply, room: None });
    }

    /// Asks each app for its state; `all` also those that have nothing new.
    fn snapshots(&mut self, all: bool) {
        let Some(term) = &mut self.term else { return };
        let (at, time) = term.dispatched;
        for app in &term.apps {
            let name = app.handle.name.clone();
            let known = term.saved.get(&name).is_some_and(|saved| *saved >= at);
            if (known && !all) || term.saving.contains_key(&name) || at == EntryId::NONE {
                continue;
            }
            let (reply, answer) = oneshot::channel();
            if !app.handle.ask(Job::Save(reply)) {
                continue;
            }
            term.saving.insert(name.clone(), at);
            let (epoch, shelf) = (term.epoch, Arc::clone(&self.group.shelf));
            let notices = self.notices.0.clone();
            tokio::spawn(async move {
                let done = match answer.await {
                    Err(_) => Err(ShelfError("the app has stopped".to_owned())),
                    Ok(mut saved) => {
                        saved.time = time;
                        let revision = format!("{}__{name}", ticker::now().0).into();
                        let app = name.clone();
                        let keep = move || {
                            let payload = saved.encode();
                            let snapshot = Snapshot { app, revision, at, payload };
                            shelf.save_snapshot(epoch, &snapshot)?;
                            Ok(Snapshot { payload: Vec::new(), ..snapshot })
                        };
                        let kept = tokio::task::spawn_blocking(keep).await;
                        kept.unwrap_or_else(|error| Err(ShelfError(error.to_string())))
                    }
                };
                drop(notices.send(Notice::Snapshot { epoch, app: name, done }));
            });
        }
    }

    fn snapshot_done(&mut self, epoch: Epoch, app: Text, done: Result<Snapshot, ShelfError>) {
        let Some(term) = self.term.as_mut().filter(|it| it.epoch == epoch) else { return };
        term.saving.remove(&app);
        match done {
            Ok(snapshot) => {
                term.saved.insert(app.clone(), snapshot.at);
                tracing::debug!(%app, "snapshot {} at entry {}", snapshot.revision, snapshot.at);
                self.tell(NodeInput::SnapshotCommitted {
                    app: app.to_string(),
                    revision: snapshot.revision.to_string(),
                    seq: snapshot.at.seq,
                });
            }
            Err(why) => tracing::error!(%app, "could not keep a snapshot: {why}"),
        }
    }

    /// True when the node has stopped.
    fn command(&mut self, command: Command) -> bool {
        match command {
            Command::View(reply) => {
                // Whoever asked may have gone.
                drop(reply.send(self.view()));
                false
            }
            Command::AcceptLoss => {
                tracing::warn!("an operator accepts the loss of what only absent logs hold");
                self.tell(NodeInput::AcceptLoss);
                false
            }
            Command::Stop => {
                self.stopping = true;
                if self.term.is_none() {
                    return true;
                }
                self.tell(NodeInput::HandOver);
                false
            }
        }
    }

    fn drain(&mut self) {
        let Some(term) = &mut self.term else { return };
        let since = tokio::time::Instant::now();
        term.draining = Some(Draining { since, sources_ended: false, saved: false, told: false });
        let taken_over = term.taken_over;
        self.set_role(Role::Draining);
        tracing::info!("handing over: sources close, sinks drain, a snapshot is taken");
        if taken_over {
            self.close_sources();
        }
    }

    fn close_sources(&mut self) {
        let Some(term) = &mut self.term else { return };
        // The apps go on executing what is committed: only their sources are waited for.
        let (notices, epoch) = (self.notices.0.clone(), term.epoch);
        for app in &term.apps {
            app.stop_sources();
        }
        let ending: Vec<_> = term.apps.iter_mut().map(ActiveApp::take_running).collect();
        tokio::spawn(async move {
            for mut running in ending {
                let ended = async { while running.join_next().await.is_some() {} };
                if tokio::time::timeout(DRAIN_MAX, ended).await.is_err() {
                    tracing::warn!("a source did not end in time and was cut off");
                    running.abort_all();
                }
            }
            // The loop has ended when nobody listens.
            drop(notices.send(Notice::SourcesEnded(epoch)));
        });
    }

    /// Goes on with a hand-over as far as it can.
    fn drain_on(&mut self) {
        let Some(term) = &self.term else { return };
        let Some(draining) = &term.draining else { return };
        let late = draining.since.elapsed() > DRAIN_MAX;
        if !draining.sources_ended || self.under_way > 0 {
            return;
        }
        let drained = term.apps.iter().all(|it| it.is_caught_up() && it.is_drained());
        if !late && !drained {
            return;
        }
        let moved = term.apps.iter().any(|it| it.handle.lanes.iter().any(|it| it.has_moved()));
        if moved && !late {
            self.log_marks();
            return;
        }
        if !term.saving.is_empty() || draining.told {
            return;
        }
        if draining.saved {
            self.tell(NodeInput::Drained);
        } else {
            self.snapshots(true);
        }
        if let Some(draining) = self.term.as_mut().and_then(|it| it.draining.as_mut()) {
            draining.told = draining.saved;
            draining.saved = true;
        }
    }

    fn leave_office(&mut self) {
        self.gate.send_replace(Gate::Shut);
        if let Some(mut term) = self.term.take() {
            for app in &mut term.apps {
                app.stop_now();
            }
        }
        for it in self.uncommitted.drain(..) {
            self.under_way -= 1;
            refuse(it.request);
        }
    }

    fn view(&self) -> NodeView {
        let term = self.term.as_ref();
        let mut apps: Vec<AppView> = term
            .map(|term| term.apps.iter().map(|app| view_of(app, term.saved.get(&app.handle.name))))
            .into_iter()
            .flatten()
            .collect();
        let failed = term.map_or(&self.settings.broken, |it| &it.failed);
        apps.extend(failed.iter().map(|(name, why)| waiting_app(name, Some(why.clone()))));
        if term.is_none_or(|it| it.apps.is_empty()) {
            apps.extend(self.settings.texts.iter().map(|it| waiting_app(&it.name, None)));
        }
        NodeView {
            node: self.settings.node.clone(),
            group: self.settings.group.clone(),
            role: self.role.borrow().clone(),
            epoch: term.map(|it| it.epoch.0),
            committed: *self.committed.borrow(),
            in_sync: self.in_sync,
            apps,
        }
    }
}

async fn until(due: Option<tokio::time::Instant>) {
    if let Some(due) = due {
        tokio::time::sleep_until(due).await;
    }
}

fn refuse(request: Request) {
    // Whoever asked may have gone.
    drop(request.reply.send(Err(Refused::NotActive)));
}

/// Hands a committed entry to the apps it concerns.
fn dispatch(apps: &[ActiveApp], at: At, what: What, mut room: Option<OwnedSemaphorePermit>) {
    let concerns = match &what {
        What::Events(events) => Concerns::App(events.app.clone()),
        What::Query { app, .. } | What::Restore { app, .. } => Concerns::App(app.clone()),
        What::Answer(answer) => Concerns::App(answer.app.clone()),
        What::Tick | What::Deploy { .. } | What::Undeploy { .. } => Concerns::Every,
        What::Marks(_) => return,
    };
    match concerns {
        Concerns::App(name) => {
            if let Some(app) = apps.iter().find(|it| it.handle.name == name) {
                app.handle.ask(Job::Entry(Committed { at, what, room }));
            }
        }
        Concerns::Every => {
            for app in apps {
                let what = what.clone();
                app.handle.ask(Job::Entry(Committed { at, what, room: room.take() }));
            }
        }
    }
}

fn view_of(app: &ActiveApp, snapshot: Option<&EntryId>) -> AppView {
    let progress = app.handle.progress.borrow().clone();
    let sink = |lane: &Arc<super::lane::Lane>| {
        let counts = lane.counts();
        SinkView {
            name: lane.element.to_string(),
            mark: counts.mark.0,
            waiting_rows: counts.waiting_rows,
            delivered: counts.delivered,
            given_up: counts.given_up,
            trouble: counts.trouble,
        }
    };
    AppView {
        name: app.handle.name.to_string(),
        failed: progress.failed,
        applied: progress.applied,
        events: progress.events,
        repeated: progress.repeated,
        snapshot: snapshot.copied(),
        sources: app.sources.iter().map(|(name, it)| (name.to_string(), it.last())).collect(),
        sinks: app.handle.lanes.iter().map(sink).collect(),
    }
}

/// An app that has no thread: it is broken, or its node is passive.
fn waiting_app(name: &Text, failed: Option<String>) -> AppView {
    AppView {
        name: name.to_string(),
        failed,
        applied: EntryId::NONE,
        events: 0,
        repeated: 0,
        snapshot: None,
        sources: Vec::new(),
        sinks: Vec::new(),
    }
}
