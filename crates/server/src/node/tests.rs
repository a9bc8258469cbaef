//! A node over a group of one that keeps its log in memory: cut off, restarted, handed over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use weir_cluster::{Moment, NodeEvent, NodeInput, Term};
use weir_codec::{EntryId, Events, RawEntry, Snapshot, What};
use weir_connectors::{Annotation, Event, Payload, Position, Site};
use weir_datasource::{Database, DatabaseOptions, Statement};
use weir_event::{
    Attribute, Batch, BatchBuilder, DataType, Epoch, OutputNo, Schema, Seq, Text, Time, Value,
};

use super::app::{AppThread, Committed, Job};
use super::conductor::{Command, Conductor, Settings};
use super::door::{Group, Shelf, ShelfError};
use super::engine::machine;
use super::lane::Lane;
use super::machine::{AppText, At, LoadFailure, Machine, Maker, Output, Outputs, Port, Step};
use super::standby::Standby;
use super::stores::StorePlaces;
use super::view::{NodeView, Role};

/// What survives a crash.
#[derive(Default)]
pub(super) struct Disk(Mutex<OnDisk>);

impl Disk {
    /// A log of these entries.
    pub(super) fn holding(entries: Vec<RawEntry>) -> Arc<Self> {
        let on_disk = OnDisk { entries, ..OnDisk::default() };
        Arc::new(Self(Mutex::new(on_disk)))
    }

    /// The entry before the first one, and the last one.
    pub(super) fn range(&self) -> (EntryId, EntryId) {
        let disk = self.0.lock().unwrap();
        (disk.base, disk.entries.last().map_or(disk.base, |it| it.id))
    }

    /// Adds an entry.
    pub(super) fn append(&self, epoch: Epoch, time: Time, payload: Bytes) -> RawEntry {
        let (_, last) = self.range();
        let entry = RawEntry { id: EntryId { epoch, seq: last.seq.next() }, time, payload };
        self.0.lock().unwrap().entries.push(entry.clone());
        entry
    }

    /// Lets go of entries up to this one.
    pub(super) fn trim(&self, seq: Seq) {
        let mut disk = self.0.lock().unwrap();
        if let Some(base) = disk.entries.iter().find(|it| it.id.seq == seq).map(|it| it.id) {
            disk.base = base;
            disk.entries.retain(|it| it.id > base);
        }
    }

    /// Other entries take the place of these.
    pub(super) fn rewrite(&self, entries: Vec<RawEntry>) {
        self.0.lock().unwrap().entries = entries;
    }
}

#[derive(Default, Clone)]
struct OnDisk {
    epoch: u64,
    base: EntryId,
    entries: Vec<RawEntry>,
    snapshots: BTreeMap<Text, Snapshot>,
    fence: Epoch,
}

impl Shelf for Disk {
    fn base(&self) -> EntryId {
        self.0.lock().unwrap().base
    }

    fn read(
        &self,
        after: EntryId,
        through: EntryId,
        each: &mut dyn FnMut(RawEntry) -> bool,
    ) -> Result<(), ShelfError> {
        let OnDisk { base, entries, .. } = self.0.lock().unwrap().clone();
        if after != base && !entries.iter().any(|it| it.id == after) {
            return Err(ShelfError(format!("the log does not hold {after}")));
        }
        entries.into_iter().filter(|it| it.id > after && it.id <= through).all(each);
        Ok(())
    }

    fn raise_fence(&self, epoch: Epoch) -> Result<(), ShelfError> {
        self.0.lock().unwrap().fence = epoch;
        Ok(())
    }

    fn last_snapshot(&self, app: &str) -> Result<Option<Snapshot>, ShelfError> {
        Ok(self.0.lock().unwrap().snapshots.get(app).cloned())
    }

    fn newest_snapshot(&self, app: &str) -> Result<Option<(EntryId, Text)>, ShelfError> {
        let disk = self.0.lock().unwrap();
        Ok(disk.snapshots.get(app).map(|it| (it.at, it.revision.clone())))
    }

    fn save_snapshot(&self, epoch: Epoch, snapshot: &Snapshot) -> Result<(), ShelfError> {
        let mut disk = self.0.lock().unwrap();
        if epoch < disk.fence {
            return Err(ShelfError("fenced".into()));
        }
        disk.snapshots.insert(snapshot.app.clone(), snapshot.clone());
        Ok(())
    }

    fn instant_of(&self, moment: Moment) -> Instant {
        Instant::now() + moment.0
    }
}

/// Plays the group: always active, commits at once.
async fn play(
    disk: Arc<Disk>,
    mut input: mpsc::UnboundedReceiver<NodeInput>,
    events: mpsc::UnboundedSender<NodeEvent>,
) {
    let hour = Moment(Duration::from_secs(3600));
    let (epoch, base, last) = {
        let mut disk = disk.0.lock().unwrap();
        disk.epoch += 1;
        (Epoch(disk.epoch), disk.base, disk.entries.last().map_or(disk.base, |it| it.id))
    };
    let term = Term { epoch, deadline: hour, loss: None };
    let tell = |event| drop(events.send(event));
    tell(NodeEvent::BecameActive { term, base, last });
    tell(NodeEvent::Committed(last));
    while let Some(input) = input.recv().await {
        if let NodeInput::SnapshotCommitted { seq, .. } = input {
            disk.trim(seq);
        } else if input == NodeInput::HandOver {
            tell(NodeEvent::Drain);
        } else if input == NodeInput::Drained {
            tell(NodeEvent::Released);
        } else if input == NodeInput::Report {
            tell(NodeEvent::Report(Vec::new()));
        } else if let NodeInput::Append(items) = input {
            let items = items.into_iter();
            let entries: Vec<_> =
                items.map(|(time, payload)| disk.append(epoch, time, payload)).collect();
            let last = entries.last().unwrap().id;
            tell(NodeEvent::Appended(entries));
            tell(NodeEvent::Committed(last));
        }
    }
}

/// An app that adds up what comes in, and says the sum at each event and each tick.
pub(super) struct Tally {
    name: String,
    sources: Vec<Port>,
    sinks: Vec<Port>,
    sum: i64,
    made: u64,
    due: Option<Time>,
}

/// What a node of the tests says of itself.
pub(super) fn build() -> weir_codec::Build {
    let protocols = weir_codec::Protocols::OURS;
    weir_codec::Build { release: "1".into(), protocols, snapshots: 1 }
}

pub(super) fn schema() -> Schema {
    [Attribute { name: "n".into(), data_type: DataType::Long }].into()
}

pub(super) fn tally(name: &str) -> Tally {
    let port = |kind: &str, stream: &str, element: &str| Port {
        element: element.into(),
        stream: stream.into(),
        schema: schema(),
        annotation: Annotation::new(
            kind,
            &[
                ("type", "inMemory"),
                ("topic", &format!("{name}.{stream}")),
                // The test's own subscriber may be gone for a moment, while a node is cut off.
                ("on.error", "WAIT"),
            ],
        ),
    };
    Tally {
        name: name.to_owned(),
        sources: vec![port("source", "In", "In.1")],
        sinks: vec![port("sink", "Out", "Out.1")],
        sum: 0,
        made: 0,
        due: None,
    }
}

impl Machine for Tally {
    fn name(&self) -> &str {
        &self.name
    }
    fn sources(&self) -> &[Port] {
        &self.sources
    }
    fn sinks(&self) -> &[Port] {
        &self.sinks
    }
    fn apply(&mut self, at: At, step: Step<'_>, out: &mut dyn Outputs) {
        let mut rows = BatchBuilder::new(&schema());
        match step {
            Step::Events { batch, .. } => {
                for row in 0..batch.len() {
                    let Value::Long(n) = batch.row(row)[0] else { panic!("not a long") };
                    assert!(n != -13, "minus thirteen");
                    if n == 60 {
                        self.due = Some(at.time.plus_ms(60));
                    }
                    self.sum += n;
                    rows.push_row(at.time.0, [Value::Long(self.sum)]);
                }
            }
            Step::Tick => {
                if self.due.is_some_and(|due| due <= at.time) {
                    self.due = None;
                    rows.push_row(at.time.0, [Value::Long(-self.sum)]);
                }
            }
        }
        let batch = rows.finish();
        let first = OutputNo(self.made + 1);
        self.made += batch.len() as u64;
        out.sink(0, Output { epoch: at.epoch, first, batch });
    }
    fn joins(&self, _stream: &str, _events: &Batch) -> bool {
        true
    }
    fn next_due(&self) -> Option<Time> {
        self.due
    }
    fn save(&self) -> Vec<u8> {
        let due = self.due.map_or(i64::MIN, |it| it.0);
        [self.sum.to_le_bytes(), self.made.to_le_bytes(), due.to_le_bytes()].concat()
    }
    fn load(&mut self, state: &[u8]) -> Result<(), LoadFailure> {
        let numbers: Vec<i64> =
            state.chunks(8).map(|it| i64::from_le_bytes(it.try_into().unwrap())).collect();
        let [sum, made, due] = numbers[..] else {
            return Err(LoadFailure::Unreadable("not three numbers".into()));
        };
        (self.sum, self.made) = (sum, made as u64);
        self.due = (due != i64::MIN).then_some(Time(due));
        Ok(())
    }
}

/// A node of one process.
struct Node {
    commands: mpsc::Sender<Command>,
    role: watch::Receiver<Role>,
    tasks: Vec<JoinHandle<()>>,
}

impl Node {
    fn start(disk: &Arc<Disk>, site: &Site, apps: &[&str], every: Duration) -> Self {
        let (input, heard) = mpsc::unbounded_channel();
        let (told, events) = mpsc::unbounded_channel();
        let maker: Maker = Arc::new(|app: &AppText| match app.text.as_str() {
            "broken" => Err("error: broken".into()),
            text if text.contains("define") => machine("app", text, &StorePlaces::default()),
            name => Ok(Box::new(tally(name)) as Box<dyn Machine>),
        });
        let text = |name: &&str| AppText { name: (*name).into(), text: (*name).to_owned() };
        let settings = Settings {
            node: "a".into(),
            build: build(),
            group: None,
            texts: apps.iter().map(text).collect(),
            broken: Vec::new(),
            maker,
            site: site.clone(),
            snapshot_every: every,
            under_way_max: 100,
            standby: Standby::Hot,
            undelivered: None,
        };
        let (commands, orders) = mpsc::channel(4);
        let shelf: Arc<dyn Shelf> = Arc::clone(disk) as Arc<dyn Shelf>;
        let (conductor, role) = Conductor::new(settings, Group { input, events, shelf }, orders);
        let tasks =
            vec![tokio::spawn(play(Arc::clone(disk), heard, told)), tokio::spawn(conductor.run())];
        Self { commands, role, tasks }
    }

    async fn active(mut self) -> Self {
        self.role.wait_for(|it| *it == Role::Active).await.unwrap();
        self
    }

    async fn view(&self) -> NodeView {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::View(reply)).await.unwrap();
        answer.await.unwrap()
    }

    /// As a SIGKILL: nothing is said to anyone, and nothing is written any more.
    async fn kill(self) {
        for task in self.tasks {
            task.abort();
            // It may have ended by itself, as the other one had.
            drop(task.await);
        }
    }

    async fn stop(mut self) {
        self.commands.send(Command::Stop).await.unwrap();
        self.tasks.pop().unwrap().await.unwrap();
    }
}

/// Takes what comes out, with its ids, in order.
struct Taker {
    seen: Arc<Mutex<Vec<(Position, i64)>>>,
    grew: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

impl Taker {
    fn of(site: &Site, topic: &str) -> Self {
        let mut deliveries = site.broker.subscribe(topic);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (grown, grew) = watch::channel(0);
        let taken = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Some(delivery) = deliveries.recv().await {
                let kind = delivery.payload.kind();
                let events = if let Payload::Event(event) = delivery.payload {
                    vec![event]
                } else if let Payload::Events(events) = delivery.payload {
                    events
                } else {
                    panic!("{kind}")
                };
                for event in events {
                    let Value::Long(n) = event.data[0] else { panic!("{event:?}") };
                    taken.lock().unwrap().push((delivery.position.clone().unwrap(), n));
                }
                delivery.done.send(true).unwrap_or_default();
                grown.send_modify(|it| *it += 1);
            }
        });
        Self { seen, grew, task }
    }

    /// The values, each id once.
    fn by_id(&self) -> Vec<i64> {
        let mut ids = BTreeSet::new();
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|(id, _)| ids.insert(id.0.clone())).map(|it| it.1).collect()
    }

    async fn until(&mut self, count: usize) -> Vec<i64> {
        while self.by_id().len() < count {
            self.grew.changed().await.unwrap();
        }
        self.by_id()
    }
}

async fn send(site: &Site, topic: &str, n: i64) -> bool {
    let payload = Payload::Event(Event { timestamp: -1, data: vec![Value::Long(n)] });
    let published = site.broker.publish(topic, &payload, None).await;
    published.taken == 1
}

const RARELY: Duration = Duration::from_secs(3600);
const OFTEN: Duration = Duration::from_millis(3);

fn sums(values: impl Iterator<Item = i64>) -> Vec<i64> {
    values
        .scan(0, |sum, n| {
            *sum += n;
            Some(*sum)
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledged_event_comes_out_and_is_counted() {
    let (disk, site) = (Arc::new(Disk::default()), Site::default());
    let mut taker = Taker::of(&site, "T.Out");
    let node = Node::start(&disk, &site, &["T"], RARELY).active().await;
    for n in 1..=20 {
        assert!(send(&site, "T.In", n).await);
    }
    assert_eq!(taker.until(20).await, sums(1..=20));
    let view = node.view().await;
    assert_eq!((view.role.word(), view.apps[0].events), ("active", 20));
    node.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_being_cut_off_anywhere() {
    for (every, cut) in [(RARELY, 1), (RARELY, 17), (OFTEN, 5), (OFTEN, 30)] {
        let (disk, site) = (Arc::new(Disk::default()), Site::default());
        let mut taker = Taker::of(&site, "T.Out");
        let mut node = Node::start(&disk, &site, &["T"], every).active().await;
        let mut acknowledged = Vec::new();
        for n in 1..=90 {
            if n % cut == 0 {
                node.kill().await;
                node = Node::start(&disk, &site, &["T"], every).active().await;
            }
            assert!(send(&site, "T.In", n).await, "{n}");
            acknowledged.push(n);
        }
        // One tick more comes out, made by 60.
        let mut seen = taker.until(91).await;
        seen.retain(|it| *it > 0);
        assert_eq!(seen, sums(acknowledged.into_iter()), "every {every:?}, cut at {cut}");
        node.kill().await;
        taker.task.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hand_over_leaves_nothing_to_replay_and_nothing_repeated() {
    let (disk, site) = (Arc::new(Disk::default()), Site::default());
    let mut taker = Taker::of(&site, "T.Out");
    let node = Node::start(&disk, &site, &["T"], RARELY).active().await;
    for n in 1..=10 {
        assert!(send(&site, "T.In", n).await);
    }
    node.stop().await;
    assert!(disk.0.lock().unwrap().entries.is_empty(), "the snapshot covers the log");
    let node = Node::start(&disk, &site, &["T"], RARELY).active().await;
    assert!(send(&site, "T.In", 11).await);
    assert_eq!(taker.until(11).await, sums(1..=11));
    assert_eq!(taker.seen.lock().unwrap().len(), 11, "none came twice");
    node.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_stops_its_app_and_no_other() {
    let (disk, site) = (Arc::new(Disk::default()), Site::default());
    let mut good = Taker::of(&site, "Good.Out");
    let node = Node::start(&disk, &site, &["Bad", "Good", "broken"], OFTEN).active().await;
    assert!(send(&site, "Bad.In", -13).await, "it is in the log, whatever the app does with it");
    for n in 1..=5 {
        assert!(send(&site, "Good.In", n).await);
    }
    assert_eq!(good.until(5).await, sums(1..=5));
    let failed = |view: &NodeView, name: &str| {
        let app = view.apps.iter().find(|it| it.name == name).unwrap();
        app.failed.clone()
    };
    let view = loop {
        let view = node.view().await;
        if failed(&view, "Bad").is_some() {
            break view;
        }
        tokio::task::yield_now().await;
    };
    assert!(!send(&site, "Bad.In", 1).await, "what it cannot execute it does not take");
    assert!(send(&site, "Good.In", 6).await);
    assert_eq!(failed(&view, "Good"), None);
    assert_eq!(failed(&view, "broken").as_deref(), Some("error: broken"));
    assert!(
        failed(&view, "Bad").unwrap().ends_with("minus thirteen"),
        "{:?}",
        failed(&view, "Bad")
    );
    node.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_fires_by_an_entry_of_the_log() {
    let (disk, site) = (Arc::new(Disk::default()), Site::default());
    let mut taker = Taker::of(&site, "T.Out");
    let node = Node::start(&disk, &site, &["T"], RARELY).active().await;
    assert!(send(&site, "T.In", 60).await);
    assert_eq!(taker.until(2).await, [60, -60]);
    node.kill().await;
}

#[tokio::test]
async fn an_app_that_had_to_let_an_output_go_gives_no_snapshot() {
    let lane = Arc::new(Lane::new("Out.1".into(), Arc::default()));
    let (thread, handle) = AppThread::new(Box::new(tally("T")), "T", vec![lane]);
    let handle = thread.start(handle).unwrap();
    let mut rows = BatchBuilder::new(&schema());
    rows.push_row(-1, [Value::Long(5)]);
    let entry = |seq| {
        let at = At { epoch: Epoch(1), seq: Seq(seq), time: Time(1) };
        let batch = rows.clone().finish();
        let (app, source, stream) = ("T".into(), "In.1".into(), "In".into());
        let (position, idempotency_key) = (None, None);
        let events = Events { app, source, stream, batch, position, idempotency_key };
        Job::Entry(Committed { at, what: What::Events(events), room: None, asker: None })
    };
    let save = || {
        let (reply, answer) = oneshot::channel();
        assert!(handle.ask(Job::Save(reply)));
        answer
    };
    assert!(handle.ask(entry(1)));
    assert_eq!(save().await.unwrap().sinks[0].waiting.len(), 1);
    // The node is no longer the active one, and the entry had been committed before.
    handle.close();
    assert!(handle.ask(entry(2)));
    assert!(save().await.is_err(), "it would hold the entry and miss its output");
}

/// An app that adds up in a database, and says the sum that it finds there.
fn summing(file: &std::path::Path) -> String {
    let store = format!("@store(type='rdbms', jdbc.url='jdbc:sqlite:{}')", file.display());
    format!(
        "@app:name('T')
         @source(type='inMemory', topic='T.In', on.error='WAIT')
         define stream In (n long);
         @sink(type='inMemory', topic='T.Out', on.error='WAIT')
         define stream Out (n long);
         {store} define table Sums (id int, total long);
         {store} define table Seen (n long);
         from In select 1 as id, n as total
         update or insert into Sums set Sums.total = Sums.total + total on Sums.id == id;
         from In[not (Seen.n == n in Seen)] select n insert into Seen;
         from In join Sums on Sums.id == 1 select Sums.total as n insert into Out;"
    )
}

fn numbers(file: &std::path::Path, query: &str) -> Vec<Value> {
    let url = format!("jdbc:sqlite:{}", file.display());
    let database = Database::open(&url, DatabaseOptions::default()).unwrap();
    let found = database.sql().unwrap().query(&Statement::new(query, [])).unwrap();
    found.rows.into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_written_once_and_its_answers_are_the_same_in_a_replay() {
    for (every, cut) in [(RARELY, 1), (RARELY, 7), (OFTEN, 5)] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("shop.db");
        let app = summing(&file);
        let (disk, site) = (Arc::new(Disk::default()), Site::default());
        let mut taker = Taker::of(&site, "T.Out");
        let mut node = Node::start(&disk, &site, &[&app], every).active().await;
        for n in 1..=30 {
            if n % cut == 0 {
                node.kill().await;
                node = Node::start(&disk, &site, &[&app], every).active().await;
            }
            assert!(send(&site, "T.In", n).await, "{n}");
        }
        assert_eq!(taker.until(30).await, sums(1..=30), "every {every:?}, cut at {cut}");
        assert_eq!(numbers(&file, "SELECT total FROM Sums"), [Value::Long(465)]);
        assert_eq!(numbers(&file, "SELECT count(*), sum(n) FROM Seen"), [30, 465].map(Value::Long));
        node.stop().await;
        let node = Node::start(&disk, &site, &[&app], every).active().await;
        assert!(send(&site, "T.In", 1).await);
        assert_eq!(taker.until(31).await.last(), Some(&466));
        node.kill().await;
        taker.task.abort();
    }
}
