//! The cases told by the reference, on a pair whose active node is killed in the middle: what
//! comes out, each id once, is what the reference told.
//!
//! The nodes are real but for the group, which commits at once: entries and snapshots are kept
//! where both find them. The passive one executes the log with its outputs held back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use weir_cluster::{Moment, NodeEvent, NodeInput, Term, Waiting};
use weir_codec::RawEntry;
use weir_connectors::{Delivery, Event, Payload, Site};
use weir_engine::{App, Options};
use weir_event::Epoch;
use weir_testkit::{Done, Told, read_row, told, write_row};

use super::conductor::{Conductor, Settings};
use super::door::{Group, Shelf};
use super::engine::machine;
use super::machine::{AppText, Maker};
use super::standby::Standby;
use super::stores::StorePlaces;
use super::tests::Disk;
use super::view::Role;

const FILES: [&str; 4] = [
    include_str!("../../../engine/tests/cases/told/aggregations.told"),
    include_str!("../../../engine/tests/cases/told/joins.told"),
    include_str!("../../../engine/tests/cases/told/patterns.told"),
    include_str!("../../../engine/tests/cases/told/windows.told"),
];

/// What comes out within this time, or never.
const PATIENCE: Duration = Duration::from_secs(60);

/// The group as its nodes see it.
struct Both {
    disk: Arc<Disk>,
    office: Mutex<Office>,
}

#[derive(Default)]
struct Office {
    epoch: u64,
    active: usize,
    members: Vec<mpsc::UnboundedSender<NodeEvent>>,
}

impl Both {
    fn office(&self) -> MutexGuard<'_, Office> {
        self.office.lock().unwrap()
    }

    /// Serves one node until it is killed.
    async fn serve(self: Arc<Self>, me: usize, mut input: mpsc::UnboundedReceiver<NodeInput>) {
        while let Some(input) = input.recv().await {
            let office = self.office();
            if let NodeInput::SnapshotCommitted { app, revision, seq } = input {
                self.disk.trim(seq);
                let others = office.members.iter().enumerate().filter(|(at, _)| *at != me);
                for (_, member) in others {
                    let (app, revision) = (app.clone(), revision.clone());
                    drop(member.send(NodeEvent::Trimmed { app, revision, seq }));
                }
            } else if let NodeInput::Append(items) = input {
                if office.active != me {
                    drop(office.members[me].send(NodeEvent::NotActive));
                    continue;
                }
                let epoch = Epoch(office.epoch);
                let entries: Vec<RawEntry> = items
                    .into_iter()
                    .map(|(time, payload)| self.disk.append(epoch, time, payload))
                    .collect();
                let Some(last) = entries.last().map(|it| it.id) else { continue };
                drop(office.members[me].send(NodeEvent::Appended(entries)));
                for (at, member) in office.members.iter().enumerate() {
                    if at != me {
                        drop(member.send(NodeEvent::Received(last)));
                    }
                    drop(member.send(NodeEvent::Committed(last)));
                }
            } else if input == NodeInput::Report {
                drop(office.members[me].send(NodeEvent::Report(Vec::new())));
            }
        }
    }

    /// A node takes the lease.
    fn promote(&self, me: usize) {
        let mut office = self.office();
        office.epoch += 1;
        office.active = me;
        let deadline = Moment(Duration::from_secs(3_600));
        let term = Term { epoch: Epoch(office.epoch), deadline, loss: None };
        let (base, last) = self.disk.range();
        drop(office.members[me].send(NodeEvent::BecameActive { term, base, last }));
        drop(office.members[me].send(NodeEvent::Committed(last)));
    }
}

/// A node of the pair.
struct Node {
    me: usize,
    role: watch::Receiver<Role>,
    tasks: [JoinHandle<()>; 2],
}

impl Node {
    fn start(both: &Arc<Both>, site: &Site, app: &str, every: Duration) -> Self {
        let (input, heard) = mpsc::unbounded_channel();
        let (member, events) = mpsc::unbounded_channel();
        let (_, last) = both.disk.range();
        for event in [
            NodeEvent::Waiting(Waiting::Held),
            NodeEvent::Received(last),
            NodeEvent::Committed(last),
        ] {
            drop(member.send(event));
        }
        let me = {
            let mut office = both.office();
            office.members.push(member);
            office.members.len() - 1
        };
        let maker: Maker =
            Arc::new(|app: &AppText| machine("app", &app.text, &StorePlaces::default()));
        let settings = Settings {
            node: if me % 2 == 0 { "a" } else { "b" }.into(),
            build: super::tests::build(),
            group: Some("pair".into()),
            texts: vec![AppText { name: "app".into(), text: app.to_owned() }],
            broken: Vec::new(),
            maker,
            site: site.clone(),
            snapshot_every: every,
            under_way_max: 100,
            standby: Standby::Hot,
            undelivered: None,
        };
        // Nobody gives it orders.
        let (_, orders) = mpsc::channel(1);
        let shelf: Arc<dyn Shelf> = Arc::clone(&both.disk) as Arc<dyn Shelf>;
        let (conductor, role) = Conductor::new(settings, Group { input, events, shelf }, orders);
        let serve = tokio::spawn(Arc::clone(both).serve(me, heard));
        Self { me, role, tasks: [serve, tokio::spawn(conductor.run())] }
    }

    async fn active(&mut self, both: &Both) {
        both.promote(self.me);
        self.role.wait_for(|it| *it == Role::Active).await.unwrap();
    }

    /// As a SIGKILL: nothing is said to anyone, and nothing is written any more.
    async fn kill(self) {
        for task in self.tasks {
            task.abort();
            drop(task.await);
        }
    }
}

/// The app with a source before each stream that is sent to, and a sink at what is listened to.
fn connected(case: &Told<'_>) -> String {
    let alone = App::create(case.app, &Options::named("app")).unwrap();
    let mut text = case.app.to_owned();
    let mut sent: Vec<&str> = Vec::new();
    for step in case.steps() {
        if let Done::Sent { stream, .. } = step.done
            && !sent.contains(&stream)
        {
            sent.push(stream);
            let source = format!("@source(type='inMemory', topic='In.{stream}') ");
            put_before(&mut text, &format!("define stream {stream} "), &source);
        }
    }
    for stream in case.listened() {
        let sink = format!("@sink(type='inMemory', topic='Out.{stream}', on.error='WAIT') ");
        let definition = format!("define stream {stream} ");
        if text.contains(&definition) {
            put_before(&mut text, &definition, &sink);
            continue;
        }
        let schema = alone.schema(alone.stream(stream).unwrap());
        let attributes: Vec<String> =
            schema.iter().map(|it| format!("{} {}", it.name, it.data_type)).collect();
        let whole = format!("\n{sink}{definition}({});", attributes.join(", "));
        let (before, last) = text.rsplit_once("define ").unwrap();
        let (last, after) = last.split_once(';').unwrap();
        text = format!("{before}define {last};{whole}{after}");
    }
    text
}

fn put_before(text: &mut String, what: &str, put: &str) {
    let at = text.find(what).unwrap_or_else(|| panic!("no `{what}` in {text}"));
    text.insert_str(at, put);
}

/// What came out at a topic, by number; a number that comes again brings the same.
#[derive(Debug, Default)]
struct Came(BTreeMap<u64, String>);

impl Came {
    fn take(&mut self, delivery: Delivery) {
        let position = delivery.position.clone().unwrap();
        let id = String::from_utf8(position.0.to_vec()).unwrap();
        let first: u64 = id.rsplit('-').next().unwrap().parse().unwrap();
        let events = if let Payload::Event(event) = delivery.payload {
            vec![event]
        } else if let Payload::Events(events) = delivery.payload {
            events
        } else {
            panic!("{:?}", delivery.payload)
        };
        for (number, event) in (first..).zip(events) {
            let row = write_row(&event.data);
            let before = self.0.entry(number).or_insert_with(|| row.clone());
            assert_eq!(*before, row, "{id}: another output under the same number");
        }
        delivery.done.send(true).unwrap_or_default();
    }
}

/// Takes what comes out at a topic, and says so.
fn taken(site: &Site, stream: &str) -> watch::Receiver<Came> {
    let mut outlet = site.broker.subscribe(&format!("Out.{stream}"));
    let (came, seen) = watch::channel(Came::default());
    tokio::spawn(async move {
        while let Some(delivery) = outlet.recv().await {
            came.send_modify(|it| it.take(delivery));
        }
    });
    seen
}

async fn send(site: &Site, schema_of: &App, stream: &str, time: i64, rows: &str) {
    let schema = schema_of.schema(schema_of.stream(stream).unwrap());
    let event = |row: &str| {
        let data = read_row(row, schema.iter().map(|it| it.data_type));
        Event { timestamp: time, data }
    };
    let payload = Payload::Events(rows.split(';').map(event).collect());
    let topic = format!("In.{stream}");
    assert_eq!(site.broker.publish(&topic, &payload, None).await.taken, 1, "{topic}");
}

/// Plays a case on a pair; the active node is killed before each `cut`th step.
async fn play(case: Told<'_>, cut: usize, every: Duration) {
    let (text, alone) = (connected(&case), App::create(case.app, &Options::named("app")).unwrap());
    let both = Arc::new(Both { disk: Arc::default(), office: Mutex::default() });
    let site = Site::default();
    let streams = case.listened();
    let mut outlets: Vec<_> = streams.iter().map(|it| taken(&site, it)).collect();
    let mut active = Node::start(&both, &site, &text, every);
    active.active(&both).await;
    let mut passive = Node::start(&both, &site, &text, every);
    let steps = case.steps();
    for (at, step) in steps.iter().enumerate() {
        let Done::Sent { stream, time, rows } = step.done else { unreachable!() };
        if at % cut == cut - 1 {
            active.kill().await;
            active = passive;
            active.active(&both).await;
            passive = Node::start(&both, &site, &text, every);
        }
        send(&site, &alone, stream, time, rows).await;
    }
    for (stream, outlet) in streams.iter().zip(&mut outlets) {
        let told = steps.iter().map(|step| {
            let of_stream = step.came.iter().filter(|(name, _)| name == stream);
            let mut rows: Vec<&String> = of_stream.map(|(_, row)| row).collect();
            rows.sort();
            rows
        });
        let told: Vec<_> = told.collect();
        let count = told.iter().map(Vec::len).sum();
        let all = outlet.wait_for(|came| came.0.len() >= count);
        let Ok(came) = tokio::time::timeout(PATIENCE, all).await.map(Result::unwrap) else {
            panic!("{text}\n{stream}: {count} were told, came {:#?}", outlet.borrow().0);
        };
        let mut rows = came.0.values();
        for (step, told) in steps.iter().zip(told) {
            let mut came: Vec<&String> = rows.by_ref().take(told.len()).collect();
            came.sort();
            assert_eq!(came, told, "{text}\n{:?}, cut {cut}, {every:?}", step.done);
        }
    }
    active.kill().await;
    passive.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_is_followed_by_a_pair_whose_nodes_are_killed() {
    const RARELY: Duration = Duration::from_secs(3_600);
    const OFTEN: Duration = Duration::from_millis(3);
    let mut cases = 0;
    for case in FILES.into_iter().flat_map(told) {
        // Who asks has no place in the log: `cases` of the engine has those.
        if case.steps().iter().any(|step| matches!(step.done, Done::Asked(_))) {
            continue;
        }
        cases += 1;
        for (cut, every) in [(1, RARELY), (3, OFTEN)] {
            play(case, cut, every).await;
        }
    }
    assert!(cases > 100, "{cases}");
}
