//! One app while its node is active: its thread, its sinks at work, its sources once opened.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinSet;
use weir_codec::{Answered, EntryId, Snapshot};
use weir_connectors::{
    Inlet, Intake, OnError, Outlet, Position, Site, SourceState, Stopper, StreamInfo, stopper,
};
use weir_event::{Epoch, Text};
use weir_plan::StatisticsPlan;

use super::app::{AppHandle, AppThread};
use super::door::Shelf;
use super::feed::{APP_QUEUE_KIB, AppFeed, SourceView};
use super::lane::Lane;
use super::machine::{AppText, LoadFailure, Machine, Maker, Port};
use super::past::Past;
use super::pump::{self, Gate};
use super::request::Requests;
use super::saved::Saved;
use super::statistics::{self, Counted};
use super::ticker;
use super::undelivered::Undelivered;
use weir_cluster::Marks;

/// How long the sources of a node that is no longer active may take to give up their ports.
const LEAVE_MAX: Duration = Duration::from_secs(5);

/// What all apps of a node share.
#[derive(Clone)]
pub(crate) struct Shared {
    /// Makes the engine's part of an app.
    pub(crate) maker: Maker,
    /// What sources and sinks of this process share.
    pub(crate) site: Site,
    /// Writes entries.
    pub(crate) requests: Requests,
    /// Whether outputs may leave.
    pub(crate) gate: watch::Receiver<Gate>,
    /// Where messages go that a sink with `on.error='STORE'` could not deliver.
    pub(crate) undelivered: Option<Undelivered>,
    /// Told when a delivered mark has moved.
    pub(crate) moved: Arc<Notify>,
}

/// An app that is built and not yet restored; nothing of it is open.
pub(crate) struct BuiltApp {
    text: AppText,
    machine: Box<dyn Machine>,
    inlets: Vec<(Port, Inlet)>,
    outlets: Vec<(Port, Outlet)>,
}

/// What the log holds for an app that starts, beside its entries.
pub(crate) struct Logged {
    /// The epoch of the term.
    pub(crate) epoch: Epoch,
    /// What stores answered, by number.
    pub(crate) answers: BTreeMap<u64, Answered>,
    /// The log itself and the snapshots.
    pub(crate) shelf: Arc<dyn Shelf>,
    /// Where the log begins.
    pub(crate) base: EntryId,
}

/// An app at work.
pub(crate) struct ActiveApp {
    /// Its thread.
    pub(crate) handle: AppHandle,
    /// Room between its sources and its engine.
    pub(crate) room: Arc<Semaphore>,
    /// How each of its sources is.
    pub(crate) sources: Vec<(Text, Arc<SourceView>)>,
    inlets: Vec<(Port, Inlet)>,
    /// Those of its sinks that are not at work yet, in the order of its lanes.
    outlets: Mutex<Vec<Outlet>>,
    statistics: Option<StatisticsPlan>,
    stopper: Stopper,
    stop: weir_connectors::Stop,
    running: JoinSet<()>,
    pumps: JoinSet<()>,
}

impl BuiltApp {
    /// Builds the app; the error is for the person who wrote it.
    pub(crate) fn new(text: &AppText, shared: &Shared) -> Result<Self, String> {
        let machine = (shared.maker)(text)?;
        let app = Text::from(machine.name());
        let info = |port: &Port| StreamInfo {
            app: app.clone(),
            stream: port.stream.clone(),
            element: port.element.clone(),
            schema: port.schema.clone(),
        };
        let wrong = |port: &Port, why: weir_connectors::Problem| {
            format!("error: `@{}` of `{}`: {why}", port.annotation.name, port.stream)
        };
        let mut inlets = Vec::new();
        for port in machine.sources() {
            let inlet = Inlet::new(&port.annotation, &info(port), &shared.site)
                .map_err(|why| wrong(port, why))?;
            only_supported(port, inlet.on_error)?;
            warn(&app, port, &inlet.warnings);
            inlets.push((port.clone(), inlet));
        }
        let mut outlets = Vec::new();
        for port in machine.sinks() {
            let outlet = Outlet::new(&port.annotation, &info(port), &shared.site)
                .map_err(|why| wrong(port, why))?;
            if outlet.on_error != OnError::Store || shared.undelivered.is_none() {
                only_supported(port, outlet.on_error)?;
            }
            warn(&app, port, &outlet.warnings);
            outlets.push((port.clone(), outlet));
        }
        Ok(Self { text: text.clone(), machine, inlets, outlets })
    }

    /// The app's name.
    pub(crate) fn name(&self) -> &str {
        self.machine.name()
    }

    /// Whether it asks stores.
    pub(crate) fn asks(&self) -> bool {
        self.machine.answers().is_some()
    }

    /// Restores the app and starts its thread and sinks; sources stay closed.
    pub(crate) fn start(
        self,
        snapshot: Option<&Snapshot>,
        marks: &Marks,
        logged: Logged,
        shared: &Shared,
    ) -> Result<ActiveApp, String> {
        let saved = match snapshot {
            Some(snapshot) => Some(Saved::decode(&snapshot.payload).map_err(|it| it.to_string())?),
            None => None,
        };
        let resumed = saved.is_some();
        let mut app = self.start_muted(saved, marks, logged, shared)?;
        app.let_out(resumed, shared);
        Ok(app)
    }

    /// Restores the app and starts its thread; what it puts out stays with it.
    pub(crate) fn start_muted(
        self,
        saved: Option<Saved>,
        marks: &Marks,
        logged: Logged,
        shared: &Shared,
    ) -> Result<ActiveApp, String> {
        let lanes: Vec<Arc<Lane>> = self
            .outlets
            .iter()
            .map(|(port, _)| Arc::new(Lane::new(port.element.clone(), Arc::clone(&shared.moved))))
            .collect();
        let handle_name = self.machine.name().to_owned();
        let statistics = self.machine.statistics();
        let (mut thread, handle) = AppThread::new(self.machine, &self.text.text, lanes.clone());
        let mut recorded = logged.answers;
        match thread.restore(saved, marks) {
            Ok(()) => {}
            Err(LoadFailure::OtherText(why)) => {
                let name = &self.text.name;
                tracing::error!("Siddhi App {name} starts with an empty state: {why}");
                thread.begin_anew((shared.maker)(&self.text)?);
                // Another text asks other questions.
                recorded.clear();
            }
            Err(LoadFailure::Unreadable(why)) => return Err(why),
        }
        thread.past = Some(Past {
            maker: Arc::clone(&shared.maker),
            text: self.text.clone(),
            shelf: logged.shelf,
            base: logged.base,
        });
        if let Some(answers) = thread.answers() {
            let name = Text::from(handle_name);
            answers.begin(name, logged.epoch, recorded, shared.requests.clone());
        }
        let handle =
            thread.start(handle).map_err(|it| format!("could not start a thread: {it}"))?;
        let (stopper, stop) = stopper();
        Ok(ActiveApp {
            handle,
            room: Arc::new(Semaphore::new(APP_QUEUE_KIB)),
            sources: Vec::new(),
            inlets: self.inlets,
            outlets: Mutex::new(self.outlets.into_iter().map(|(_, outlet)| outlet).collect()),
            statistics,
            stopper,
            stop,
            running: JoinSet::new(),
            pumps: JoinSet::new(),
        })
    }
}

impl ActiveApp {
    /// Sets its sinks to work; `resumed` where outputs have left before.
    pub(crate) fn let_out(&mut self, resumed: bool, shared: &Shared) {
        let outlets = self.outlets.get_mut().unwrap_or_else(PoisonError::into_inner);
        for (lane, outlet) in self.handle.lanes.iter().zip(outlets.drain(..)) {
            if resumed {
                outlet.encoder.resume();
            }
            let keep = (self.handle.name.clone(), shared.undelivered.clone());
            let (lane, gate) = (Arc::clone(lane), shared.gate.clone());
            self.pumps.spawn(pump::run(lane, outlet, gate, keep));
        }
    }

    /// Opens the sources, each behind its last position, and lets timers fire.
    pub(crate) fn open(&mut self, positions: &BTreeMap<Text, Vec<u8>>, shared: &Shared) {
        for (port, inlet) in self.inlets.drain(..) {
            let view = Arc::new(SourceView::new(port.stream.clone()));
            self.sources.push((port.element.clone(), Arc::clone(&view)));
            let ended = Arc::clone(&view);
            let feed = AppFeed {
                app: self.handle.name.clone(),
                source: port.element.clone(),
                stream: port.stream.clone(),
                on_error: inlet.on_error,
                keys: Arc::clone(&self.handle.keys),
                progress: self.handle.progress.clone(),
                room: Arc::clone(&self.room),
                requests: shared.requests.clone(),
                state: view,
            };
            let intake = Intake::new(Arc::clone(&inlet.decoder), Arc::new(feed));
            let from = positions.get(&port.element).map(|it| Position(Bytes::from(it.clone())));
            if from.is_some() {
                inlet.decoder.resume();
            }
            let (stop, app) = (self.stop.clone(), self.handle.name.clone());
            self.running.spawn(async move {
                if let Err(error) = inlet.source.run(intake, from, stop).await {
                    tracing::error!(%app, source = %port.element, "the source ended: {error}");
                }
                ended.set(SourceState::Closed);
            });
        }
        if let Some(statistics) = self.statistics.take() {
            let counted = Counted {
                app: self.handle.name.clone(),
                sources: self.sources.clone(),
                lanes: self.handle.lanes.clone(),
                progress: self.handle.progress.clone(),
            };
            let mut stop = self.stop.clone();
            self.running.spawn(async move {
                tokio::select! {
                    () = statistics::run(statistics, counted) => {}
                    () = stop.wait() => {}
                }
            });
        }
        self.running.spawn({
            let (progress, requests) = (self.handle.progress.clone(), shared.requests.clone());
            let mut stop = self.stop.clone();
            async move {
                tokio::select! {
                    () = ticker::run(progress, requests) => {}
                    () = stop.wait() => {}
                }
            }
        });
    }

    /// Asks the sources to end.
    pub(crate) fn stop_sources(&self) {
        self.stopper.stop();
    }

    /// The tasks of its sources and timers, to wait for their end.
    pub(crate) fn take_running(&mut self) -> JoinSet<()> {
        std::mem::take(&mut self.running)
    }

    /// Whether its engine has executed every event it was given.
    pub(crate) fn is_caught_up(&self) -> bool {
        let failed = self.handle.progress.borrow().failed.is_some();
        failed || self.room.available_permits() == APP_QUEUE_KIB
    }

    /// Whether all that its engine made is confirmed.
    pub(crate) fn is_drained(&self) -> bool {
        self.handle.lanes.iter().all(|it| it.is_drained())
    }

    /// Ends everything at once, as [`Self::stop_now`], but lets its sources give up their ports;
    /// the future resolves once they have.
    pub(crate) fn leave(mut self) -> impl Future<Output = ()> + Send {
        self.stopper.stop();
        let mut running = self.take_running();
        self.stop_now();
        async move {
            let ended = async { while running.join_next().await.is_some() {} };
            if tokio::time::timeout(LEAVE_MAX, ended).await.is_err() {
                tracing::warn!("a source did not end in time and was cut off");
            }
        }
    }

    /// Ends everything at once: nothing more comes in or leaves.
    pub(crate) fn stop_now(&mut self) {
        self.stopper.stop();
        self.running.abort_all();
        self.handle.close();
        self.pumps.abort_all();
    }
}

impl Drop for ActiveApp {
    fn drop(&mut self) {
        self.stop_now();
    }
}

fn only_supported(port: &Port, on_error: OnError) -> Result<(), String> {
    match on_error {
        OnError::Log | OnError::Wait => Ok(()),
        OnError::Stream | OnError::Store => Err(format!(
            "error: `@{}` of `{}`: `on.error` STREAM, and STORE of a source, is not supported yet\n\
             hint: write LOG or WAIT, or STORE at a sink",
            port.annotation.name, port.stream
        )),
    }
}

fn warn(app: &Text, port: &Port, warnings: &[String]) {
    for warning in warnings {
        tracing::warn!(%app, element = %port.element, "{warning}");
    }
}
