//! From the lease to open ports: carries out what the takeover asks for, step by step.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use weir_cluster::{
    LoggedMarks, Marks, NodeInput, RestoredApp, SinkId, Takeover, TakeoverAction, TakeoverInput,
};
use weir_codec::{Answered, Concerns, EntryId, RawEntry, Snapshot, What};
use weir_event::{Epoch, OutputNo, Seq, Text, Time};

use super::active::{ActiveApp, BuiltApp, Logged, Shared};
use super::app::{Committed, Job, Resume};
use super::door::{Shelf, ShelfError};
use super::feed::kib_of;
use super::follow::{Followed, Follower};
use super::lane::Lane;
use super::machine::{AppText, At};
use super::saved::Saved;

/// How many entries of the log are handed from the disk to the apps at a time.
const REPLAY_AHEAD: usize = 1_024;

/// What a takeover starts from.
pub(crate) struct Office {
    pub(crate) epoch: Epoch,
    pub(crate) base: EntryId,
    pub(crate) last: EntryId,
    /// What is left of an earlier term of this node.
    pub(crate) leaving: Option<JoinHandle<()>>,
    pub(crate) shelf: Arc<dyn Shelf>,
    pub(crate) input: mpsc::UnboundedSender<NodeInput>,
    pub(crate) committed: watch::Receiver<EntryId>,
    pub(crate) texts: Vec<AppText>,
    pub(crate) shared: Shared,
    /// Apps that have executed the log so far.
    pub(crate) following: Option<Follower>,
}

/// The apps, restored and up to the end of the log, and what their sources go on from.
pub(crate) struct TakenOver {
    pub(crate) apps: Vec<ActiveApp>,
    pub(crate) resume: BTreeMap<Text, Resume>,
    /// Marks that stood above what replay produced.
    pub(crate) clamped: Marks,
    /// The entry that new ones are numbered above, where that is not the log's last.
    pub(crate) at: EntryId,
    /// The time of the last entry: the log's time goes on from it.
    pub(crate) time: Time,
    /// Apps that could not be built or restored, with the reason.
    pub(crate) failed: Vec<(Text, String)>,
}

/// What is gathered between the steps.
#[derive(Default)]
struct Gathered {
    /// Apps that need no snapshot.
    followed: Vec<Followed>,
    built: Vec<BuiltApp>,
    failed: Vec<(Text, String)>,
    snapshots: BTreeMap<Text, Snapshot>,
    apps: Vec<ActiveApp>,
    resume: BTreeMap<Text, Resume>,
    clamped: Marks,
    at: EntryId,
    time: Time,
}

/// Takes over up to, and without, opening ports.
pub(crate) async fn take_over(mut office: Office) -> Result<TakenOver, ShelfError> {
    if let Some(leaving) = office.leaving.take() {
        // A panic has been logged where it happened.
        drop(leaving.await);
    }
    let mut gathered = Gathered::default();
    if let Some(following) = office.following.take() {
        gathered.followed = following.stop().await;
        // What it has not executed may have gone with a snapshot that it does not have.
        gathered.followed.retain(|it| it.at.seq >= office.base.seq);
    }
    // What the log holds may leave the engine only once it is committed.
    let last = office.last;
    if office.committed.wait_for(|it| *it >= last).await.is_err() {
        return Err(ShelfError("the node has stopped".to_owned()));
    }
    let after = gathered.unknown_after(&office);
    let logged = on_disk(&office, move |disk| logged_marks(disk, after)).await?;
    let mut takeover = Takeover::new(office.epoch, office.base, office.last, logged);
    let mut todo = takeover.step(TakeoverInput::Begin);
    loop {
        let mut next = None;
        for action in todo {
            match action {
                TakeoverAction::StartApps => {
                    build(&office, &mut gathered);
                    next = Some(TakeoverInput::AppsStarted);
                }
                TakeoverAction::RaiseFence(epoch) => {
                    on_disk(&office, move |disk| disk.shelf.raise_fence(epoch)).await?;
                }
                TakeoverAction::RestoreLast => {
                    let restored = restore(&office, &mut gathered).await?;
                    next = Some(TakeoverInput::Restored(restored));
                }
                TakeoverAction::Outdated(later) => return Err(overtaken(office.epoch, later)),
                TakeoverAction::Missing { app, from, through } => tracing::error!(
                    %app,
                    "entries {}..={} are in no snapshot and not in the log: they are lost",
                    from.0,
                    through.0
                ),
                TakeoverAction::Replay { after, through } => {
                    let asks = gathered.built.iter().any(BuiltApp::asks);
                    let answers =
                        if asks { logged_answers(&office, after).await? } else { BTreeMap::new() };
                    start(&office, &mut gathered, takeover.marks(), answers);
                    let last = replay(&office, &takeover, (after, through), &gathered.apps).await?;
                    gathered.time = gathered.time.max(last);
                    let made = replayed(&mut gathered).await;
                    next = Some(TakeoverInput::Replayed(made));
                }
                TakeoverAction::NumberAbove { at, time } => {
                    gathered.at = at;
                    // The node's loop has gone when nobody listens.
                    drop(office.input.send(NodeInput::Restored { at, time }));
                }
                TakeoverAction::ClampMarks(marks) => gathered.clamped = marks,
                TakeoverAction::OpenPorts => {
                    let Gathered { apps, resume, clamped, at, time, failed, .. } = gathered;
                    return Ok(TakenOver { apps, resume, clamped, at, time, failed });
                }
                TakeoverAction::AwaitPort(_) | TakeoverAction::Done | TakeoverAction::StopApps => {}
            }
        }
        let no_end = || ShelfError("the takeover came to no end".to_owned());
        todo = takeover.step(next.ok_or_else(no_end)?);
    }
}

fn overtaken(ours: Epoch, later: Epoch) -> ShelfError {
    let (ours, later) = (ours.0, later.0);
    ShelfError(format!(
        "another node has taken the lease since: there is a snapshot of epoch {later}, and this \
         node's is {ours}"
    ))
}

/// Runs what blocks beside the other tasks.
async fn on_disk<T: Send + 'static>(
    office: &Office,
    deed: impl FnOnce(&Disk) -> Result<T, ShelfError> + Send + 'static,
) -> Result<T, ShelfError> {
    let disk = Disk { shelf: Arc::clone(&office.shelf), base: office.base, last: office.last };
    match tokio::task::spawn_blocking(move || deed(&disk)).await {
        Ok(done) => done,
        Err(error) => Err(ShelfError(format!("a task on disk ended: {error}"))),
    }
}

/// The part of an office that tasks on disk need.
struct Disk {
    shelf: Arc<dyn Shelf>,
    base: EntryId,
    last: EntryId,
}

fn logged_marks(disk: &Disk, after: EntryId) -> Result<LoggedMarks, ShelfError> {
    let mut marks = LoggedMarks::default();
    let mut wrong = None;
    disk.shelf.read(after, disk.last, &mut |entry| match marks.note(&entry) {
        Ok(()) => true,
        Err(error) => {
            wrong = Some(ShelfError(format!("entry {} cannot be read: {error}", entry.id)));
            false
        }
    })?;
    wrong.map_or(Ok(marks), Err)
}

/// What stores answered to apps whose entries are replayed: asked for before they come in the
/// log, so they are looked for beforehand.
async fn logged_answers(
    office: &Office,
    after: Seq,
) -> Result<BTreeMap<Text, BTreeMap<u64, Answered>>, ShelfError> {
    let mut answers = BTreeMap::<Text, BTreeMap<u64, Answered>>::new();
    on_disk(office, move |disk| {
        let mut wrong = None;
        disk.shelf.read(disk.base, disk.last, &mut |entry| {
            if entry.id.seq <= after {
                return true;
            }
            match entry.what() {
                Ok(What::Answer(it)) => {
                    answers.entry(it.app).or_default().insert(it.call, it.answered);
                    true
                }
                Ok(_) => true,
                Err(error) => {
                    wrong = Some(format!("entry {} cannot be read: {error}", entry.id));
                    false
                }
            }
        })?;
        wrong.map_or(Ok(answers), |why| Err(ShelfError(why)))
    })
    .await
}

impl Gathered {
    /// The entry up to which the log brings nothing that is not known.
    fn unknown_after(&self, office: &Office) -> EntryId {
        if !office.texts.iter().all(|it| self.follows(&it.name)) {
            return office.base;
        }
        self.followed.iter().map(|it| it.at).min().unwrap_or(office.base).max(office.base)
    }

    fn follows(&self, app: &str) -> bool {
        self.followed.iter().any(|it| it.app.handle.name == app)
    }
}

fn build(office: &Office, gathered: &mut Gathered) {
    for app in &office.texts {
        if gathered.follows(&app.name) {
            continue;
        }
        match BuiltApp::new(app, &office.shared) {
            Ok(built) => gathered.built.push(built),
            Err(why) => gathered.failed.push((app.name.clone(), why)),
        }
    }
}

async fn restore(office: &Office, gathered: &mut Gathered) -> Result<Vec<RestoredApp>, ShelfError> {
    let mut restored = Vec::new();
    for Followed { app, at, time } in &gathered.followed {
        let name = app.handle.name.clone();
        let mark = |lane: &Arc<Lane>| {
            (SinkId { app: name.clone(), sink: lane.element.clone() }, lane.counts().mark)
        };
        let marks = app.handle.lanes.iter().map(mark).collect();
        tracing::info!("Siddhi App {name} has followed the log to entry {at}");
        gathered.time = gathered.time.max(*time);
        restored.push(RestoredApp { app: name.clone(), at: Some(*at), time: *time, marks });
    }
    for app in gathered.built.iter().map(|it| Text::from(it.name())).collect::<Vec<_>>() {
        let name = app;
        let asked = name.clone();
        let last = on_disk(office, move |disk| disk.shelf.last_snapshot(&asked)).await?;
        let (mut time, mut marks) = (Time(i64::MIN), Marks::new());
        if let Some(snapshot) = &last {
            let saved = Saved::decode(&snapshot.payload)
                .map_err(|it| ShelfError(format!("snapshot `{}`: {it}", snapshot.revision)))?;
            time = saved.time;
            gathered.time = gathered.time.max(time);
            for sink in saved.sinks {
                marks.insert(SinkId { app: name.clone(), sink: sink.element }, sink.mark);
            }
            tracing::info!("Siddhi App {name} restored to revision {}", snapshot.revision);
        }
        let at = last.as_ref().map(|it| it.at);
        restored.push(RestoredApp { app: name.clone(), at, time, marks });
        gathered.snapshots.extend(last.map(|it| (name, it)));
    }
    Ok(restored)
}

/// Starts the threads of the apps with their last state.
fn start(
    office: &Office,
    gathered: &mut Gathered,
    marks: &Marks,
    mut answers: BTreeMap<Text, BTreeMap<u64, Answered>>,
) {
    for Followed { mut app, .. } in std::mem::take(&mut gathered.followed) {
        let mut resumed = false;
        for lane in &app.handle.lanes {
            let sink = SinkId { app: app.handle.name.clone(), sink: lane.element.clone() };
            let mark = marks.get(&sink).copied().unwrap_or_default();
            resumed |= mark > OutputNo(0);
            lane.note_mark(mark);
        }
        app.let_out(resumed, &office.shared);
        gathered.apps.push(app);
    }
    for app in std::mem::take(&mut gathered.built) {
        let name = Text::from(app.name());
        let answers = answers.remove(&name).unwrap_or_default();
        let shelf = Arc::clone(&office.shelf);
        let logged = Logged { epoch: office.epoch, answers, shelf, base: office.base };
        match app.start(gathered.snapshots.get(&name), marks, logged, &office.shared) {
            Ok(app) => gathered.apps.push(app),
            Err(why) => gathered.failed.push((name, why)),
        }
    }
}

async fn replay(
    office: &Office,
    takeover: &Takeover,
    (after, through): (Seq, Seq),
    apps: &[ActiveApp],
) -> Result<Time, ShelfError> {
    let mut last = Time::default();
    if through <= after {
        return Ok(last);
    }
    let (sender, mut entries) = mpsc::channel::<RawEntry>(REPLAY_AHEAD);
    let reading = tokio::task::spawn_blocking({
        let (shelf, base, last) = (Arc::clone(&office.shelf), office.base, office.last);
        move || shelf.read(base, last, &mut |entry| sender.blocking_send(entry).is_ok())
    });
    let mut count: u64 = 0;
    while let Some(entry) = entries.recv().await {
        if entry.id.seq <= after || entry.id.seq > through {
            continue;
        }
        count += 1;
        last = entry.time;
        replay_one(&entry, takeover, apps).await?;
    }
    match reading.await {
        Ok(read) => read?,
        Err(error) => return Err(ShelfError(format!("reading the log ended: {error}"))),
    }
    tracing::info!("Successfully playback all the events: {count} entries");
    Ok(last)
}

async fn replay_one(
    entry: &RawEntry,
    takeover: &Takeover,
    apps: &[ActiveApp],
) -> Result<(), ShelfError> {
    let wrong = |error| ShelfError(format!("entry {} cannot be read: {error}", entry.id));
    let concerns = entry.concerns().map_err(wrong)?;
    let at = At { epoch: entry.id.epoch, seq: entry.id.seq, time: entry.time };
    for app in apps {
        let name = &app.handle.name;
        let concerned = match &concerns {
            Concerns::Every => true,
            Concerns::App(app) => app == name,
        };
        if !concerned || !takeover.is_for(name, entry.id.seq) {
            continue;
        }
        let what = entry.what().map_err(wrong)?;
        let kib = kib_of(entry.payload.len());
        let room = Arc::clone(&app.room).acquire_many_owned(kib).await.ok();
        app.handle.ask(Job::Entry(Committed { at, what, room, asker: None }));
    }
    Ok(())
}

/// Waits until every app has executed what it was given.
async fn replayed(gathered: &mut Gathered) -> Marks {
    let mut made = Marks::new();
    for app in &gathered.apps {
        let (reply, answer) = oneshot::channel();
        app.handle.ask(Job::Replayed(reply));
        let Ok(resume) = answer.await else { continue };
        made.extend(resume.made.iter().map(|(sink, no)| (sink.clone(), *no)));
        gathered.resume.insert(app.handle.name.clone(), resume);
    }
    made
}
