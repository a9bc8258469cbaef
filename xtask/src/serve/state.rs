//! How large states are kept and handed over: what a snapshot holds up, a killed node's absence.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::client::post;
use super::home::Layout;
use super::node::{Node, pause};
use super::sink::Sink;
use super::throughput::request;

/// The app: a window that holds what was fed, and a way through it that shows when it stands still.
const APP: &str = "@app:name('Load')
@source(type='http', receiver.url='http://127.0.0.1:${LOAD_SOURCE_PORT}/In', @map(type='json'))
define stream In (k string, n long, v int, p double);
@source(type='http', receiver.url='http://127.0.0.1:${LOAD_SOURCE_PORT}/Probe', @map(type='json'))
define stream Probe (n long);
@sink(type='http', publisher.url='http://127.0.0.1:${LOAD_SINK_PORT}/out', @map(type='json'))
define stream Out (n long);
@sink(type='inMemory', topic='sums')
define stream Sums (k string, total long);
from In#window.length(ROWS) select k, sum(n) as total group by k having total < 0 insert into Sums;
from Probe select n insert into Out;
";

/// Sizes of the state: rows of about 32 bytes in a snapshot, so 1, 10 and 100 MB.
const ROWS: [usize; 3] = [31_000, 310_000, 3_100_000];

/// How often a probe is sent, and for how long.
const PROBE_EVERY: Duration = Duration::from_millis(5);
const PROBED: Duration = Duration::from_secs(12);

fn layout<'a>(folder: &'a Path, app: &'a str, sink: &Sink, own: &'a str) -> Layout<'a> {
    Layout { folder, app, sink: sink.port, own }
}

/// Fills the window.
fn fill(node: &Node, rows: usize) -> Result<()> {
    let requests: Vec<Vec<u8>> = (0..16).map(|seed| request(1_000, seed)).collect();
    let mut connection = node.connect()?;
    for nth in 0..rows / 1_000 {
        let status = connection.send(&requests[nth % requests.len()])?;
        anyhow::ensure!(status == 200, "the node answered {status}");
    }
    Ok(())
}

/// How long an event takes from its request to the sink, in ms: median, 99 of 100, longest.
fn probe(node: &Node, sink: &Sink) -> Result<[f64; 3]> {
    let mut connection = node.connect()?;
    let (mut sent, began) = (Vec::new(), Instant::now());
    let mut background = node.connect()?;
    let load = request(10, 1);
    sink.arrived();
    while began.elapsed() < PROBED {
        let now = Instant::now();
        let body = format!("{{\"event\":{{\"n\":{}}}}}", sent.len());
        sent.push(now);
        connection.send(&post("/Probe", &body))?;
        background.send(&load)?;
        pause(PROBE_EVERY.saturating_sub(now.elapsed()));
    }
    pause(Duration::from_millis(500));
    let mut took: Vec<f64> = sink
        .arrived()
        .into_iter()
        .filter_map(|(n, at)| Some((at - *sent.get(usize::try_from(n).ok()?)?).as_secs_f64() * 1e3))
        .collect();
    took.sort_by(f64::total_cmp);
    let at = |share: f64| took.get((took.len() as f64 * share) as usize).copied().unwrap_or(0.0);
    Ok([at(0.5), at(0.99), took.last().copied().unwrap_or(0.0)])
}

/// What snapshots cost a node that is alone, by size.
pub(crate) fn snapshots(root: &Path, binary: Option<&str>) -> Result<bool> {
    let ours = root.join("target/release/weir");
    let binary = binary.map_or(ours.as_path(), Path::new);
    println!(
        "| rows | snapshot, MB | app held up, ms | event to sink, ms: p50, p99, max \
              | without snapshots | memory, MB | start to active, ms |"
    );
    println!("|--:|--:|--:|--:|--:|--:|--:|");
    for rows in ROWS {
        let folder = std::env::temp_dir().join(format!("weir-state-{}", std::process::id()));
        let (app, sink) = (APP.replace("ROWS", &rows.to_string()), Sink::open()?);
        let rare = layout(&folder, &app, &sink, "snapshotIntervalMillis: 3600000").alone()?;
        let mut node = Node::start(binary, &rare)?;
        node.until_active()?;
        fill(&node, rows)?;
        let without = probe(&node, &sink)?;
        node.kill()?;
        let often = layout(&folder, &app, &sink, "snapshotIntervalMillis: 2000").alone()?;
        let mut node = Node::start(binary, &often)?;
        node.until_active()?;
        pause(Duration::from_secs(6));
        let with = probe(&node, &sink)?;
        let (status, memory) = (node.status(binary)?, node.resident_mb()?);
        let last = &status["apps"][0]["snapshot"];
        node.kill()?;
        let began = Instant::now();
        let node = Node::start(binary, &often)?;
        node.until_active()?;
        let start = began.elapsed().as_millis();
        let ms = |it: [f64; 3]| format!("{:.1}, {:.1}, {:.1}", it[0], it[1], it[2]);
        println!(
            "| {rows} | {:.1} | {:.2} | {} | {} | {memory:.0} | {start} |",
            last["bytes"].as_f64().unwrap_or(f64::NAN) / 1e6,
            last["pauseUs"].as_f64().unwrap_or(f64::NAN) / 1e3,
            ms(with),
            ms(without)
        );
        drop(node);
        std::fs::remove_dir_all(&folder).context("could not remove the homes")?;
    }
    Ok(true)
}

/// What snapshots cost the active node of a pair, by size: the passive one takes them.
pub(crate) fn snapshots_of_pair(root: &Path) -> Result<bool> {
    let binary = root.join("target/release/weir");
    println!("| rows | event to sink, ms: p50, p99, max | without snapshots |");
    println!("|--:|--:|--:|");
    for rows in ROWS {
        let with = probed_in_pair(&binary, rows, "snapshotIntervalMillis: 2000")?;
        let without = probed_in_pair(&binary, rows, "snapshotIntervalMillis: 3600000")?;
        let ms = |it: [f64; 3]| format!("{:.1}, {:.1}, {:.1}", it[0], it[1], it[2]);
        println!("| {rows} | {} | {} |", ms(with), ms(without));
    }
    Ok(true)
}

fn probed_in_pair(binary: &Path, rows: usize, own: &str) -> Result<[f64; 3]> {
    let folder = std::env::temp_dir().join(format!("weir-pair-{}", std::process::id()));
    let (app, sink) = (APP.replace("ROWS", &rows.to_string()), Sink::open()?);
    let homes = layout(&folder, &app, &sink, own).pair()?;
    let active = Node::start(binary, &homes[0])?;
    active.until_active()?;
    let passive = Node::start(binary, &homes[1])?;
    passive.until_alive()?;
    fill(&active, rows)?;
    stands_by(&active, &passive, binary)?;
    let probed = probe(&active, &sink)?;
    drop((active, passive));
    std::fs::remove_dir_all(&folder).context("could not remove the homes")?;
    Ok(probed)
}

/// How long nobody answers after the active node of a pair was killed, by size of the state.
pub(crate) fn takeovers(root: &Path, kills: usize, own: &str) -> Result<bool> {
    let binary = root.join("target/release/weir");
    println!("| rows | kills | nobody answers, ms: p50, p90, max |");
    println!("|--:|--:|--:|");
    for rows in ROWS {
        let folder = std::env::temp_dir().join(format!("weir-pair-{}", std::process::id()));
        let (app, sink) = (APP.replace("ROWS", &rows.to_string()), Sink::open()?);
        let homes = layout(&folder, &app, &sink, own).pair()?;
        let mut active = Node::start(&binary, &homes[0])?;
        active.until_active()?;
        let mut passive = Node::start(&binary, &homes[1])?;
        passive.until_alive()?;
        fill(&active, rows)?;
        let mut away = Vec::new();
        for _ in 0..kills {
            stands_by(&active, &passive, &binary)?;
            away.push(replaced(&mut active, &passive)?);
            let home = active.home.clone();
            active = passive;
            passive = Node::start(&binary, &home)?;
            passive.until_alive()?;
        }
        away.sort_unstable();
        let at = |share: f64| away[((away.len() as f64 * share) as usize).min(away.len() - 1)];
        println!("| {rows} | {kills} | {}, {}, {} |", at(0.5), at(0.9), at(1.0));
        drop((active, passive));
        std::fs::remove_dir_all(&folder).context("could not remove the homes")?;
    }
    Ok(true)
}

/// Waits until both logs are in sync and the passive node has done what the active one has.
fn stands_by(active: &Node, passive: &Node, binary: &Path) -> Result<()> {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(120) {
        let (a, b) = (active.status(binary)?, passive.status(binary)?);
        let applied = |it: &serde_json::Value| it["apps"][0]["applied"].as_u64();
        let queue = b["takeoverMs"].is_null();
        if a["inSync"] == 2 && (queue || applied(&b) >= applied(&a)) {
            // So that it is seen at work, not in its first moments.
            pause(Duration::from_secs(2));
            return Ok(());
        }
        pause(Duration::from_millis(100));
    }
    anyhow::bail!("the passive node does not come along")
}

/// Kills the active node while events come, and counts the ms until the other one takes them.
fn replaced(active: &mut Node, passive: &Node) -> Result<u128> {
    let load = request(100, 3);
    let mut connection = active.connect()?;
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(300) {
        connection.send(&load)?;
    }
    let last = Instant::now();
    active.kill()?;
    loop {
        let sent = passive.connect().and_then(|mut it| it.send(&load));
        if sent.is_ok_and(|status| status == 200) {
            return Ok(last.elapsed().as_millis());
        }
        anyhow::ensure!(last.elapsed() < Duration::from_secs(60), "nobody takes over");
        pause(Duration::from_millis(1));
    }
}
