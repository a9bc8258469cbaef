//! One app on its own thread: committed entries in, numbered outputs out.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};
use weir_cluster::{Marks, SinkId};
use weir_codec::{EntryId, Events, What};
use weir_engine::Level;
use weir_event::{OutputNo, Text, Time};

use super::answers::Answers;
use super::keys::Keys;
use super::lane::Lane;
use super::machine::{At, LoadFailure, Machine, Output, Outputs, Step};
use super::past::{Past, told};
use super::request::Asker;
use super::saved::{Saved, SavedSource};

/// An entry that may be executed: every log that must hold it does.
#[derive(Debug)]
pub(crate) struct Committed {
    pub(crate) at: At,
    pub(crate) what: What,
    /// Held until the entry is executed, so that a slow app pushes its sources back.
    pub(crate) room: Option<OwnedSemaphorePermit>,
    /// Who waits for what an on-demand query answers.
    pub(crate) asker: Option<Asker>,
}

/// What an app's thread is asked to do, in this order.
#[derive(Debug)]
pub(crate) enum Job {
    /// Execute an entry.
    Entry(Committed),
    /// Answer with the state as it is now.
    Save(oneshot::Sender<Saved>),
    /// Replay is over: bring marks back to what it made.
    Replayed(oneshot::Sender<Resume>),
}

/// Where an app's sources go on after a replay.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Resume {
    /// The last position of each source that has one.
    pub(crate) positions: BTreeMap<Text, Vec<u8>>,
    /// The last output that replay made of each sink.
    pub(crate) made: Marks,
}

/// How an app is, for status and for the ticker.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Progress {
    /// The last entry executed.
    pub(crate) applied: EntryId,
    /// When a tick is needed next.
    pub(crate) due: Option<Time>,
    /// Events taken, those of a repeated key apart.
    pub(crate) events: u64,
    /// Events left out because their key was known.
    pub(crate) repeated: u64,
    /// How long it has executed entries in all.
    pub(crate) busy: Duration,
    /// About how many bytes of state it holds.
    pub(crate) held_bytes: u64,
    /// For how long it executed nothing because of its last snapshot.
    pub(crate) pause: Duration,
    /// Why it stopped.
    pub(crate) failed: Option<String>,
    /// Why it takes no events for now.
    pub(crate) too_much: Option<String>,
}

/// About how much an idempotency key, and an output that waits, add to a snapshot.
const KEY_BYTES: usize = 40;
const ROW_BYTES: usize = 200;

/// The keys that an app's sources have taken, by source; the thread writes, feeds read.
#[derive(Debug, Default)]
pub(crate) struct KnownKeys(Mutex<BTreeMap<Text, Keys>>);

impl KnownKeys {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Text, Keys>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.lock().values().map(|it| it.iter().len()).sum()
    }

    /// Whether the source has taken this key before.
    pub(crate) fn knows(&self, source: &Text, key: &Text) -> bool {
        self.lock().get(source).is_some_and(|keys| keys.knows(key))
    }

    fn take(&self, source: &Text, key: &Text) -> bool {
        self.lock().entry(source.clone()).or_default().take(key)
    }
}

/// The thread's own half of an app.
pub(crate) struct AppThread {
    pub(super) machine: Box<dyn Machine>,
    text: Text,
    lanes: Vec<Arc<Lane>>,
    /// The number of the last output of each sink.
    made: Vec<OutputNo>,
    keys: Arc<KnownKeys>,
    pub(super) positions: BTreeMap<Text, Vec<u8>>,
    busy: Duration,
    /// Whether an output was let go because its lane is closed: a snapshot would miss it.
    cut_off: bool,
    progress: watch::Sender<Progress>,
    /// What the stores behind its tables answer, set once the machine is restored.
    answers: Arc<OnceLock<Arc<Answers>>>,
    /// Where what it has executed is found again.
    pub(super) past: Option<Past>,
}

/// The node's half of an app.
#[derive(Debug)]
pub(crate) struct AppHandle {
    /// The app's name.
    pub(crate) name: Text,
    jobs: Sender<Job>,
    /// Its sinks' lanes.
    pub(crate) lanes: Vec<Arc<Lane>>,
    /// What its sources have taken.
    pub(crate) keys: Arc<KnownKeys>,
    /// How it is.
    pub(crate) progress: watch::Receiver<Progress>,
    answers: Arc<OnceLock<Arc<Answers>>>,
}

impl AppHandle {
    /// Whether stores are asked for it.
    pub(crate) fn asks(&self) -> bool {
        self.answers.get().is_some()
    }

    /// About how many bytes a snapshot of it would take.
    pub(crate) fn weight_bytes(&self) -> u64 {
        let rows: usize = self.lanes.iter().map(|it| it.counts().waiting_rows).sum();
        let beside = self.keys.count() * KEY_BYTES + rows * ROW_BYTES;
        self.progress.borrow().held_bytes + beside as u64
    }

    /// Queues a job; false when the thread has ended.
    pub(crate) fn ask(&self, job: Job) -> bool {
        self.jobs.send(job).is_ok()
    }

    /// Closes the lanes, so that a thread that waits for room ends too.
    pub(crate) fn close(&self) {
        for lane in &self.lanes {
            lane.close();
        }
        if let Some(answers) = self.answers.get() {
            answers.end();
        }
    }
}

impl AppThread {
    /// An app before its first entry, and the handle to it.
    pub(crate) fn new(
        machine: Box<dyn Machine>,
        text: &str,
        lanes: Vec<Arc<Lane>>,
    ) -> (Self, impl FnOnce(Sender<Job>) -> AppHandle + use<>) {
        let (progress, watched) = watch::channel(Progress::default());
        let keys = Arc::new(KnownKeys::default());
        let name = Text::from(machine.name());
        let made = vec![OutputNo(0); lanes.len()];
        let answers = Arc::new(OnceLock::new());
        let handle = {
            let (keys, lanes) = (Arc::clone(&keys), lanes.clone());
            let answers = Arc::clone(&answers);
            move |jobs| AppHandle { name, jobs, lanes, keys, progress: watched, answers }
        };
        let text = Text::from(text);
        let positions = BTreeMap::new();
        let this = Self {
            machine,
            text,
            lanes,
            made,
            keys,
            positions,
            busy: Duration::ZERO,
            cut_off: false,
            progress,
            answers,
            past: None,
        };
        (this, handle)
    }

    /// Puts a snapshot's content in place; `marks` are those that snapshot and log hold.
    ///
    /// After a failure the sources' positions and keys are in place and nothing else is.
    pub(crate) fn restore(
        &mut self,
        saved: Option<Saved>,
        marks: &Marks,
    ) -> Result<(), LoadFailure> {
        let mut sinks = Vec::new();
        if let Some(saved) = saved {
            for source in saved.sources {
                for key in &source.keys {
                    self.keys.take(&source.element, key);
                }
                if let Some(position) = source.position {
                    self.positions.insert(source.element, position);
                }
            }
            if saved.text != self.text {
                let app = self.machine.name();
                tracing::info!(%app, "the snapshot was taken of another text of the app");
            }
            self.machine.load(&saved.state)?;
            sinks = saved.sinks;
        }
        for (lane, made) in self.lanes.iter().zip(&mut self.made) {
            let at = sinks.iter().position(|it| it.element == lane.element);
            let saved = at.map(|at| sinks.swap_remove(at));
            let waiting = saved.iter().flat_map(|it| it.waiting.last()).map(Output::last);
            *made = waiting.chain(saved.iter().map(|it| it.mark)).max().unwrap_or_default();
            let sink = SinkId { app: self.machine.name().into(), sink: lane.element.clone() };
            lane.restore(saved, marks.get(&sink).copied().unwrap_or_default());
        }
        for gone in sinks.iter().filter(|it| !it.waiting.is_empty()) {
            let (app, rows) = (self.machine.name(), gone.waiting.len());
            tracing::error!(%app, "{rows} outputs of `{}`, which is gone, are lost", gone.element);
        }
        self.publish(EntryId::NONE);
        Ok(())
    }

    /// Goes on with another machine, after [`Self::restore`] has failed.
    pub(crate) fn begin_anew(&mut self, machine: Box<dyn Machine>) {
        self.machine = machine;
        self.publish(EntryId::NONE);
    }

    /// What the stores behind its tables answer, where it has such; the handle ends it too.
    pub(crate) fn answers(&self) -> Option<&Arc<Answers>> {
        let answers = self.machine.answers()?;
        Some(self.answers.get_or_init(|| Arc::clone(answers)))
    }

    /// Starts the thread; it ends when the handle is dropped and all lanes are closed.
    pub(crate) fn start(
        self,
        handle: impl FnOnce(Sender<Job>) -> AppHandle,
    ) -> std::io::Result<AppHandle> {
        let (jobs, todo) = channel();
        let name = format!("app {}", self.machine.name());
        std::thread::Builder::new().name(name).spawn(move || self.run(&todo))?;
        Ok(handle(jobs))
    }

    fn run(mut self, todo: &Receiver<Job>) {
        let mut next = None;
        while let Some(job) = next.take().or_else(|| todo.recv().ok()) {
            match job {
                // What stores did not answer any more is missing in the state from then on.
                Job::Entry(_) | Job::Save(_) if self.is_over() => {}
                Job::Entry(entry) => {
                    let begun = Instant::now();
                    next = self.entries(entry, todo);
                    self.busy += begun.elapsed();
                }
                Job::Save(reply) => {
                    if !self.has_failed() && !self.cut_off {
                        let begun = Instant::now();
                        let saved = self.save();
                        self.progress.send_modify(|it| it.pause = begun.elapsed());
                        // Whoever asked may have gone.
                        drop(reply.send(saved));
                    }
                }
                Job::Replayed(reply) => {
                    if let Some(answers) = self.machine.answers() {
                        answers.replayed();
                    }
                    for (lane, made) in self.lanes.iter().zip(&self.made) {
                        lane.clamp(*made);
                    }
                    drop(reply.send(self.resume()));
                }
            }
        }
    }

    fn is_over(&self) -> bool {
        self.machine.answers().is_some_and(|it| it.may_act().is_err())
    }

    fn resume(&self) -> Resume {
        let app = Text::from(self.machine.name());
        let made =
            self.lanes.iter().zip(&self.made).map(|(lane, made)| {
                (SinkId { app: app.clone(), sink: lane.element.clone() }, *made)
            });
        Resume { positions: self.positions.clone(), made: made.collect() }
    }

    fn save(&self) -> Saved {
        let keys = self.keys.lock();
        let mut names: Vec<&Text> = keys.keys().chain(self.positions.keys()).collect();
        names.sort();
        names.dedup();
        let source = |name: &&Text| SavedSource {
            element: (*name).clone(),
            position: self.positions.get(*name).cloned(),
            keys: keys.get(*name).map(|it| it.iter().cloned().collect()).unwrap_or_default(),
        };
        Saved {
            time: Time(0),
            text: self.text.clone(),
            state: self.machine.save(),
            sources: names.iter().map(source).collect(),
            sinks: self.lanes.iter().map(|it| it.save()).collect(),
        }
    }

    pub(super) fn publish(&mut self, applied: EntryId) {
        let due = self.machine.next_due();
        let too_much = self.machine.too_much();
        let (busy, held_bytes) = (self.busy, self.machine.held_bytes());
        let name = self.machine.name();
        match (&self.progress.borrow().too_much, &too_much) {
            (None, Some(why)) => tracing::error!(app = name, "takes no events for now: {why}"),
            (Some(_), None) => tracing::info!(app = name, "takes events again"),
            (None, None) | (Some(_), Some(_)) => {}
        }
        self.progress.send_modify(|it| {
            it.applied = it.applied.max(applied);
            it.due = due;
            it.too_much = too_much;
            it.busy = busy;
            it.held_bytes = held_bytes;
        });
    }

    /// Whether it has stopped at an entry.
    pub(super) fn has_failed(&self) -> bool {
        self.progress.borrow().failed.is_some()
    }

    /// It stops: the entry, or what it led to, cannot be executed.
    pub(super) fn fail(&self, at: EntryId, why: &str) {
        let name = self.machine.name();
        tracing::error!(app = name, entry = %at, "the app stopped at this entry: {why}");
        self.progress.send_modify(|it| {
            it.failed = Some(format!("stopped at entry {at}: {why}"));
            it.due = None;
        });
    }

    pub(super) fn entry(&mut self, mut entry: Committed) {
        let room = entry.room.take();
        if !self.has_failed() {
            let Committed { at, what, asker, .. } = entry;
            self.guarded(at, |this| this.apply(at, &what, asker));
        }
        drop(room);
    }

    /// Executes an entry; a panic stops the app, and nothing else.
    pub(super) fn guarded(&mut self, at: At, deed: impl FnOnce(&mut Self)) {
        match catch_unwind(AssertUnwindSafe(|| deed(&mut *self))) {
            Ok(()) => self.publish(at.id()),
            Err(panic) => self.fail(at.id(), &told(&*panic)),
        }
    }

    fn apply(&mut self, at: At, what: &What, asker: Option<Asker>) {
        match what {
            What::Events(events) => {
                if self.is_fresh(events) {
                    self.events(at, events);
                }
            }
            What::Tick => {
                let (machine, mut out) = self.at_work();
                machine.apply(at, Step::Tick, &mut out);
            }
            What::Query { text, .. } => {
                let (machine, mut out) = self.at_work();
                let answer = machine.query(at, text, &mut out);
                // Nobody waits in a replay, and whoever asked may have gone.
                asker.map(|asker| asker.send(answer));
            }
            // Operators' entries come with their own commands; none is written yet.
            What::Deploy { .. }
            | What::Undeploy { .. }
            | What::Restore { .. }
            | What::Answer(_)
            | What::Marks(_) => {}
        }
    }

    /// Whether events are taken for the first time; from now on they are not.
    pub(super) fn is_fresh(&self, events: &Events) -> bool {
        let key = events.idempotency_key.as_ref();
        let fresh = key.is_none_or(|key| self.keys.take(&events.source, key));
        if !fresh {
            let count = events.batch.len() as u64;
            self.progress.send_modify(|it| it.repeated += count);
        }
        fresh
    }

    /// Executes events that are taken for the first time.
    pub(super) fn events(&mut self, at: At, events: &Events) {
        let (machine, mut out) = self.at_work();
        let step = Step::Events { stream: &events.stream, batch: &events.batch };
        machine.apply(at, step, &mut out);
        if let Some(position) = &events.position {
            self.positions.insert(events.source.clone(), position.clone());
        }
        self.took(events.batch.len() as u64);
    }

    pub(super) fn took(&self, events: u64) {
        self.progress.send_modify(|it| it.events += events);
    }

    /// The machine, and where what it makes goes.
    pub(super) fn at_work(&mut self) -> (&mut dyn Machine, ToLanes<'_>) {
        let out = ToLanes {
            app: self.machine.name().into(),
            lanes: &self.lanes,
            made: &mut self.made,
            cut_off: &mut self.cut_off,
        };
        (&mut *self.machine, out)
    }
}

/// Hands what the engine makes to the lanes.
pub(super) struct ToLanes<'a> {
    app: Text,
    lanes: &'a [Arc<Lane>],
    made: &'a mut [OutputNo],
    cut_off: &'a mut bool,
}

impl Outputs for ToLanes<'_> {
    fn sink(&mut self, sink: usize, output: Output) {
        if output.batch.is_empty() {
            return;
        }
        if let (Some(lane), Some(made)) = (self.lanes.get(sink), self.made.get_mut(sink)) {
            *made = (*made).max(output.last());
            // A closed lane means that the node is no longer active: nothing may leave.
            *self.cut_off |= !lane.push(output);
        }
    }

    fn line(&mut self, level: Level, line: &str) {
        let app = &self.app;
        match level {
            Level::Debug => tracing::debug!(%app, "{line}"),
            Level::Info => tracing::info!(%app, "{line}"),
            Level::Warn => tracing::warn!(%app, "{line}"),
            Level::Error => tracing::error!(%app, "{line}"),
        }
    }
}
