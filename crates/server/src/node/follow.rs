//! Apps that execute the log beside an active node, their outputs held back: what they have done
//! a takeover finds done.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use weir_cluster::{Marks, NodeInput};
use weir_codec::{Concerns, EntryId, Mark, RawEntry, What};
use weir_event::{Epoch, Text, Time};

use super::active::{ActiveApp, BuiltApp, Logged, Shared};
use super::app::{Committed, Job, Progress};
use super::door::{Shelf, ShelfError};
use super::feed::kib_of;
use super::machine::{AppText, At};
use super::saved::Saved;

/// How many entries are handed from the disk to the apps at a time.
const AHEAD: usize = 1_024;

/// How long after a failure it is tried again, from the last snapshots.
const AGAIN: Duration = Duration::from_millis(250);

/// What is followed, and with what.
#[derive(Clone)]
pub(crate) struct Course {
    pub(crate) texts: Vec<AppText>,
    pub(crate) shared: Shared,
    pub(crate) shelf: Arc<dyn Shelf>,
    /// Entries up to here may be executed.
    pub(crate) committed: watch::Receiver<EntryId>,
    /// Told which entries may not go yet.
    pub(crate) input: mpsc::UnboundedSender<NodeInput>,
}

/// Where the apps are, for whoever looks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reached {
    /// The last entry that was handed to the apps.
    pub(crate) at: EntryId,
    /// How many entries that was since it began.
    pub(crate) entries: u64,
    /// The apps that follow, and how each is.
    pub(crate) apps: Vec<(Text, watch::Receiver<Progress>)>,
}

impl Reached {
    /// How long the entries up to `last` may still take.
    pub(crate) fn left(&self, last: EntryId) -> Duration {
        let busy: Duration = self.apps.iter().map(|(_, it)| it.borrow().busy).sum();
        let left = last.seq.0.saturating_sub(self.at.seq.0);
        let each = busy.checked_div(u32::try_from(self.entries).unwrap_or(u32::MAX));
        each.unwrap_or_default().saturating_mul(u32::try_from(left).unwrap_or(u32::MAX))
    }

    /// How an app is that follows.
    pub(crate) fn progress(&self, app: &str) -> Option<Progress> {
        let found = self.apps.iter().find(|(name, _)| name == app);
        found.map(|(_, progress)| progress.borrow().clone())
    }

    /// The last entry that an app was handed.
    pub(crate) fn of(&self, app: &str) -> EntryId {
        if self.progress(app).is_some() { self.at } else { EntryId::NONE }
    }
}

/// Apps that follow the log; they end when it is dropped.
pub(crate) struct Follower {
    asks: mpsc::Sender<Ask>,
    input: mpsc::UnboundedSender<NodeInput>,
    task: JoinHandle<Vec<Followed>>,
    reached: watch::Receiver<Reached>,
}

/// Asks for the states of apps that follow.
#[derive(Clone)]
pub(crate) struct Saver(mpsc::Sender<Ask>);

impl Saver {
    /// The state of an app and the entry it is of; `None` when it does not follow.
    pub(crate) async fn save(&self, app: Text) -> Option<(EntryId, Saved)> {
        let (reply, answer) = oneshot::channel();
        self.0.send(Ask::Save(app, reply)).await.ok()?;
        answer.await.ok()
    }
}

/// What a follower is asked in between two entries.
enum Ask {
    /// The state of an app.
    Save(Text, oneshot::Sender<(EntryId, Saved)>),
    /// Come to an end where it is.
    Stop,
}

/// An app that has followed the log.
pub(crate) struct Followed {
    pub(crate) app: ActiveApp,
    /// The last entry that its state includes, or will once what it was given is executed.
    pub(crate) at: EntryId,
    /// The time of that entry.
    pub(crate) time: Time,
}

/// Why an attempt at following is over.
enum Ended {
    Stopped(Vec<Followed>),
    Failed(ShelfError),
}

impl Follower {
    /// Starts to follow.
    pub(crate) fn start(course: Course) -> Self {
        let (asks, asked) = mpsc::channel(16);
        let input = course.input.clone();
        let (reach, reached) = watch::channel(Reached::default());
        let task = tokio::spawn(run(course, asked, reach));
        Self { asks, input, task, reached }
    }

    /// Where the apps are.
    pub(crate) fn reached(&self) -> Reached {
        self.reached.borrow().clone()
    }

    /// What its apps' states are asked of.
    pub(crate) fn saver(&self) -> Saver {
        Saver(self.asks.clone())
    }

    /// Ends following: the apps with all they were given.
    pub(crate) async fn stop(mut self) -> Vec<Followed> {
        if self.asks.send(Ask::Stop).await.is_err() {
            return Vec::new();
        }
        // A panic has been logged where it happened.
        (&mut self.task).await.unwrap_or_default()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.task.abort();
        // The node's driver has gone when nobody listens.
        drop(self.input.send(NodeInput::KeepAfter(None)));
    }
}

async fn run(
    mut course: Course,
    mut asks: mpsc::Receiver<Ask>,
    reach: watch::Sender<Reached>,
) -> Vec<Followed> {
    loop {
        match follow(&mut course, &mut asks, &reach).await {
            Ended::Stopped(apps) => return apps,
            Ended::Failed(why) => {
                reach.send_replace(Reached::default());
                drop(course.input.send(NodeInput::KeepAfter(None)));
                tracing::warn!("the apps do not follow the log for now: {why}");
            }
        }
        let pause = tokio::time::sleep(AGAIN);
        tokio::pin!(pause);
        loop {
            tokio::select! {
                () = &mut pause => break,
                ask = asks.recv() => match ask {
                    Some(Ask::Save(..)) => {}
                    Some(Ask::Stop) | None => return Vec::new(),
                },
            }
        }
    }
}

async fn follow(
    course: &mut Course,
    asks: &mut mpsc::Receiver<Ask>,
    reach: &watch::Sender<Reached>,
) -> Ended {
    let mut walk = match Walk::begin(course).await {
        Ok(walk) => walk,
        Err(why) => return Ended::Failed(why),
    };
    loop {
        reach.send_replace(walk.reached());
        // The node's driver has gone when nobody listens.
        drop(course.input.send(NodeInput::KeepAfter(Some(walk.at.seq))));
        let through = *course.committed.borrow_and_update();
        let done = if through > walk.at {
            walk.execute(&course.shelf, through, asks).await
        } else {
            tokio::select! {
                changed = course.committed.changed() => Ok(changed.is_ok()),
                ask = asks.recv() => Ok(walk.asked(ask)),
            }
        };
        match done {
            Ok(true) => {}
            Ok(false) => return Ended::Stopped(walk.end()),
            Err(why) => return Ended::Failed(why),
        }
    }
}

/// The apps on their way.
struct Walk {
    apps: Vec<Followed>,
    /// The last entry that was read.
    at: EntryId,
    entries: u64,
    time: Time,
}

impl Walk {
    /// Starts the apps with their last states.
    async fn begin(course: &Course) -> Result<Self, ShelfError> {
        let (shelf, texts) = (Arc::clone(&course.shelf), course.texts.clone());
        let read = tokio::task::spawn_blocking(move || read_states(&*shelf, texts));
        let (base, found) = read.await.map_err(|error| ShelfError(error.to_string()))??;
        let mut apps = Vec::new();
        for (text, from, saved) in found {
            let name = text.name.clone();
            match start(&text, from, saved, course, base) {
                Ok(Some(app)) => apps.push(app),
                Ok(None) => tracing::info!(
                    app = %name,
                    "does not follow the log: its stores are asked by the active node alone"
                ),
                Err(why) => tracing::warn!(app = %name, "does not follow the log: {why}"),
            }
        }
        let first = apps.iter().map(|it| it.at).min().unwrap_or(base);
        Ok(Self { apps, at: first.max(base), entries: 0, time: Time::default() })
    }

    fn reached(&self) -> Reached {
        let handles = self.apps.iter().map(|it| &it.app.handle);
        let apps = handles.map(|it| (it.name.clone(), it.progress.clone())).collect();
        Reached { at: self.at, entries: self.entries, apps }
    }

    /// Executes the entries up to `through`; false when it was asked to end.
    async fn execute(
        &mut self,
        shelf: &Arc<dyn Shelf>,
        through: EntryId,
        asks: &mut mpsc::Receiver<Ask>,
    ) -> Result<bool, ShelfError> {
        let (sender, mut entries) = mpsc::channel::<RawEntry>(AHEAD);
        let reading = tokio::task::spawn_blocking({
            let (shelf, after) = (Arc::clone(shelf), self.at);
            move || shelf.read(after, through, &mut |entry| sender.blocking_send(entry).is_ok())
        });
        loop {
            tokio::select! {
                biased;
                ask = asks.recv() => if !self.asked(ask) {
                    return Ok(false);
                },
                entry = entries.recv() => match entry {
                    Some(entry) => self.entry(&entry).await?,
                    None => break,
                },
            }
        }
        reading.await.map_err(|error| ShelfError(error.to_string()))??;
        Ok(true)
    }

    async fn entry(&mut self, entry: &RawEntry) -> Result<(), ShelfError> {
        let wrong = |error| ShelfError(format!("entry {} cannot be read: {error}", entry.id));
        if let Some(marks) = entry.marks().map_err(wrong)? {
            self.note_marks(entry.id, &marks);
        } else {
            let concerns = entry.concerns().map_err(wrong)?;
            let at = At { epoch: entry.id.epoch, seq: entry.id.seq, time: entry.time };
            for followed in &self.apps {
                let name = &followed.app.handle.name;
                let concerned = match &concerns {
                    Concerns::Every => true,
                    Concerns::App(app) => app == name,
                };
                if !concerned || entry.id <= followed.at {
                    continue;
                }
                let what = entry.what().map_err(wrong)?;
                let kib = kib_of(entry.payload.len());
                let room = Arc::clone(&followed.app.room).acquire_many_owned(kib).await.ok();
                followed.app.handle.ask(Job::Entry(Committed { at, what, room, asker: None }));
            }
            self.left_by(entry)?;
        }
        (self.at, self.time) = (entry.id, entry.time);
        self.entries += 1;
        Ok(())
    }

    /// An app that gets another text here goes on by a snapshot.
    fn left_by(&mut self, entry: &RawEntry) -> Result<(), ShelfError> {
        let what =
            entry.changes_apps().then(|| entry.what()).transpose().map_err(|error| {
                ShelfError(format!("entry {} cannot be read: {error}", entry.id))
            })?;
        if let Some(What::Deploy { app, .. } | What::Undeploy { app }) = what {
            self.apps.retain(|it| it.app.handle.name != app || it.at >= entry.id);
        }
        Ok(())
    }

    /// What is confirmed does not leave again.
    fn note_marks(&self, at: EntryId, marks: &[Mark]) {
        for mark in marks {
            let app = self.apps.iter().find(|it| it.app.handle.name == mark.app);
            // What an app's snapshot says is newer than what the log says before it.
            let app = app.filter(|it| it.at < at);
            let mut lanes = app.into_iter().flat_map(|it| &it.app.handle.lanes);
            if let Some(lane) = lanes.find(|it| it.element == mark.sink) {
                lane.note_mark(mark.through);
            }
        }
    }

    /// False when it shall end.
    fn asked(&self, ask: Option<Ask>) -> bool {
        match ask {
            Some(Ask::Save(name, reply)) => {
                let followed = self.apps.iter().find(|it| it.app.handle.name == name);
                if let Some(followed) = followed.filter(|it| it.at <= self.at) {
                    let (at, time) = (self.at, self.time);
                    let (saved, state) = oneshot::channel();
                    followed.app.handle.ask(Job::Save(saved));
                    tokio::spawn(async move {
                        if let Ok(mut saved) = state.await {
                            saved.time = time;
                            // Whoever asked may have gone.
                            drop(reply.send((at, saved)));
                        }
                    });
                }
                true
            }
            Some(Ask::Stop) | None => false,
        }
    }

    fn end(self) -> Vec<Followed> {
        let Self { mut apps, at, time, .. } = self;
        for followed in apps.iter_mut().filter(|it| it.at < at) {
            (followed.at, followed.time) = (at, time);
        }
        apps
    }
}

type Found = Vec<(AppText, EntryId, Option<Saved>)>;

/// The log's base, and each app with the entry that its last state is of.
fn read_states(shelf: &dyn Shelf, texts: Vec<AppText>) -> Result<(EntryId, Found), ShelfError> {
    let base = shelf.base();
    let mut found = Vec::new();
    for app in texts {
        let Some(snapshot) = shelf.last_snapshot(&app.name)? else {
            found.push((app, base, None));
            continue;
        };
        let saved = Saved::decode(&snapshot.payload)
            .map_err(|it| ShelfError(format!("snapshot `{}`: {it}", snapshot.revision)))?;
        if saved.text != app.text {
            tracing::info!(
                app = %app.name,
                "does not follow the log: the last snapshot is of another text of the app; \
                 this node's text takes over from the snapshot"
            );
            continue;
        }
        found.push((app, snapshot.at, Some(saved)));
    }
    Ok((base, found))
}

/// Starts an app with its outputs held back; `None` when its state cannot be had by replay alone.
fn start(
    text: &AppText,
    from: EntryId,
    saved: Option<Saved>,
    course: &Course,
    base: EntryId,
) -> Result<Option<Followed>, String> {
    let built = BuiltApp::new(text, &course.shared)?;
    if built.asks() {
        return Ok(None);
    }
    let mut marks = Marks::new();
    for sink in saved.iter().flat_map(|it| &it.sinks) {
        let app = text.name.clone();
        marks.insert(weir_cluster::SinkId { app, sink: sink.element.clone() }, sink.mark);
    }
    let time = saved.as_ref().map_or_else(Time::default, |it| it.time);
    let (answers, shelf) = (BTreeMap::new(), Arc::clone(&course.shelf));
    let logged = Logged { epoch: Epoch(0), answers, shelf, base };
    let app = built.start_muted(saved, &marks, logged, &course.shared)?;
    Ok(Some(Followed { app, at: from, time }))
}

#[cfg(test)]
mod tests {
    use weir_codec::{Events, Snapshot};
    use weir_connectors::Site;
    use weir_event::{BatchBuilder, OutputNo, Seq, Value};

    use super::super::machine::{AppText, Machine, Output};
    use super::super::pump::Gate;
    use super::super::request::Requests;
    use super::super::tests::{Disk, schema, tally};
    use super::*;

    fn entry(seq: u64, what: &What) -> RawEntry {
        let id = EntryId { epoch: Epoch(1), seq: Seq(seq) };
        RawEntry { id, time: Time(1_000 + seq as i64), payload: what.encode().into() }
    }

    fn events(n: i64) -> What {
        let mut rows = BatchBuilder::new(&schema());
        rows.push_row(-1, [Value::Long(n)]);
        What::Events(Events {
            app: "T".into(),
            source: "In.1".into(),
            stream: "In".into(),
            batch: rows.finish(),
            position: None,
            idempotency_key: None,
        })
    }

    fn marks(through: u64) -> What {
        let (app, sink) = ("T".into(), "Out.1".into());
        What::Marks(vec![Mark { app, sink, through: OutputNo(through) }])
    }

    fn follower(disk: &Arc<Disk>, committed: watch::Receiver<EntryId>) -> Follower {
        let (requests, _) = Requests::channel();
        let (input, _) = mpsc::unbounded_channel();
        Follower::start(Course {
            texts: vec![AppText { name: "T".into(), text: "T".to_owned() }],
            shared: Shared {
                undelivered: None,
                maker: Arc::new(|_: &AppText| Ok(Box::new(tally("T")) as Box<dyn Machine>)),
                site: Site::default(),
                requests,
                gate: watch::channel(Gate::Shut).1,
                moved: Arc::default(),
            },
            shelf: Arc::clone(disk) as Arc<dyn Shelf>,
            committed,
            input,
        })
    }

    async fn until(follower: &mut Follower, seq: u64) {
        follower.reached.wait_for(|it| it.at.seq == Seq(seq)).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_committed_is_executed_and_what_is_confirmed_does_not_wait() {
        let log = [events(1), events(2), marks(1), events(3), marks(2), events(4)];
        let log = log.iter().zip(1..).map(|(what, seq)| entry(seq, what)).collect();
        let disk = Disk::holding(log);
        let at = |seq| EntryId { epoch: Epoch(1), seq: Seq(seq) };
        let (commit, committed) = watch::channel(at(2));
        let mut follower = follower(&disk, committed);
        until(&mut follower, 2).await;
        commit.send_replace(at(5));
        until(&mut follower, 5).await;
        let followed = follower.stop().await.pop().unwrap();
        assert_eq!((followed.at, followed.time), (at(5), Time(1_005)));
        let (reply, resume) = oneshot::channel();
        followed.app.handle.ask(Job::Replayed(reply));
        let made = resume.await.unwrap().made;
        assert_eq!(made.values().copied().collect::<Vec<_>>(), [OutputNo(3)]);
        let saved = followed.app.handle.lanes[0].save();
        assert_eq!(saved.mark, OutputNo(2));
        let sum = |it: &Output| it.batch.row(0)[0].clone();
        assert_eq!(saved.waiting.iter().map(sum).collect::<Vec<_>>(), [Value::Long(6)]);
    }

    #[test]
    fn an_app_whose_snapshot_is_of_another_text_does_not_follow() {
        let disk = Disk::holding(Vec::new());
        let mine = || vec![AppText { name: "T".into(), text: "mine".to_owned() }];
        for (theirs, follows) in [("mine", 1), ("theirs", 0)] {
            let saved = Saved {
                time: Time(1),
                text: theirs.into(),
                state: Vec::new(),
                sources: Vec::new(),
                sinks: Vec::new(),
            };
            let at = EntryId { epoch: Epoch(1), seq: Seq(1) };
            let (app, revision) = ("T".into(), "r1".into());
            let snapshot = Snapshot { app, revision, at, payload: saved.encode() };
            disk.save_snapshot(Epoch(1), &snapshot).unwrap();
            assert_eq!(read_states(&*disk, mine()).unwrap().1.len(), follows, "{theirs}");
        }
    }

    #[tokio::test]
    async fn a_log_that_was_cut_below_them_makes_them_begin_again() {
        let log: Vec<RawEntry> = (1..=3).map(|seq| entry(seq, &events(1))).collect();
        let disk = Disk::holding(log);
        let at = |epoch, seq| EntryId { epoch: Epoch(epoch), seq: Seq(seq) };
        let (commit, committed) = watch::channel(at(1, 3));
        let mut follower = follower(&disk, committed);
        until(&mut follower, 3).await;
        let later = RawEntry { id: at(2, 3), ..entry(3, &events(5)) };
        disk.rewrite(vec![entry(1, &events(1)), entry(2, &events(1)), later]);
        commit.send_replace(at(2, 3));
        follower.reached.wait_for(|it| it.at == at(2, 3)).await.unwrap();
        let followed = follower.stop().await.pop().unwrap();
        let (reply, state) = oneshot::channel();
        followed.app.handle.ask(Job::Save(reply));
        let sums = state.await.unwrap().sinks.pop().unwrap().waiting;
        assert_eq!(sums.last().unwrap().batch.row(0), [Value::Long(7)]);
    }
}
