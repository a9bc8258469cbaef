//! What a passive node that acknowledges every event costs the active one.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::home::{Home, Layout};
use super::node::{Node, pause};
use super::throughput::{APP, request};

/// Events a request, clients, and how long it goes on before and while it is measured.
const ARRAY: usize = 1_000;
const CLIENTS: usize = 8;
const WARM_UP: Duration = Duration::from_secs(2);
const MEASURED: Duration = Duration::from_secs(10);

/// How often each is measured, in turn: the machine is not the same all the time.
const ROUNDS: usize = 3;

/// What one feeding came to.
struct Fed {
    events_per_s: f64,
    cpu_us: f64,
    /// From a request to its answer, in ms, sorted.
    answered_ms: Vec<f64>,
}

impl Fed {
    fn at(&self, share: f64) -> f64 {
        let place = (self.answered_ms.len() as f64 * share) as usize;
        self.answered_ms.get(place).copied().unwrap_or(f64::NAN)
    }
}

/// Offers `rate` events a second to a node alone, and to one with a passive node in sync, in
/// turn, and prints a table.
pub(crate) fn replication(root: &Path, rate: f64) -> Result<bool> {
    let binary = root.join("target/release/weir");
    println!(
        "| round | node | events/s | CPU of the active, us an event | answered, ms: p50, p99 |"
    );
    println!("|--:|---|--:|--:|--:|");
    for round in 1..=ROUNDS {
        let folder = std::env::temp_dir().join(format!("weir-load-{}", std::process::id()));
        let of = |own: &'static str| Layout { folder: &folder, app: APP, sink: 0, own };
        let alone = of("snapshotIntervalMillis: 60000").alone()?;
        row(round, "alone", &fed_alone(&binary, &alone, rate)?);
        for (standby, own) in [
            ("passive, `hot`", "snapshotIntervalMillis: 60000"),
            ("passive, `queue`", "standby: queue\nsnapshotIntervalMillis: 60000"),
        ] {
            row(round, standby, &fed_in_pair(&binary, &of(own).pair()?, rate)?);
            std::fs::remove_dir_all(&folder).context("could not remove the homes")?;
        }
    }
    Ok(true)
}

fn row(round: usize, node: &str, fed: &Fed) {
    let Fed { events_per_s, cpu_us, .. } = fed;
    let (p50, p99) = (fed.at(0.5), fed.at(0.99));
    println!("| {round} | {node} | {events_per_s:.0} | {cpu_us:.3} | {p50:.1}, {p99:.1} |");
}

fn fed_alone(binary: &Path, home: &Home, rate: f64) -> Result<Fed> {
    let node = Node::start(binary, home)?;
    node.until_active()?;
    fed(&node, rate)
}

fn fed_in_pair(binary: &Path, homes: &[Home; 2], rate: f64) -> Result<Fed> {
    let active = Node::start(binary, &homes[0])?;
    active.until_active()?;
    let passive = Node::start(binary, &homes[1])?;
    passive.until_alive()?;
    let in_sync = || active.status(binary).is_ok_and(|it| it["inSync"] == 2);
    active.until(in_sync)?;
    let fed = fed(&active, rate)?;
    anyhow::ensure!(in_sync(), "the passive node fell out of sync");
    Ok(fed)
}

/// Each client sends a request when its turn has come, or at once where it is late.
fn fed(node: &Node, rate: f64) -> Result<Fed> {
    let requests: Vec<Vec<u8>> = (0..16).map(|seed| request(ARRAY, seed)).collect();
    let (measured, over) = (AtomicBool::new(false), AtomicBool::new(false));
    let every = Duration::from_secs_f64(ARRAY as f64 * CLIENTS as f64 / rate);
    let began = Instant::now();
    let (requests, measured, over) = (&requests, &measured, &over);
    std::thread::scope(|scope| {
        let feed = move |client: usize| -> Result<Vec<f64>> {
            let mut connection = node.connect()?;
            let mut answered = Vec::new();
            let mut due = began + every.mul_f64(client as f64 / CLIENTS as f64);
            for request in requests.iter().cycle() {
                pause(due.saturating_duration_since(Instant::now()));
                due += every;
                if over.load(Ordering::Relaxed) {
                    break;
                }
                let sent = Instant::now();
                let status = connection.send(request)?;
                anyhow::ensure!(status == 200, "the node answered {status}");
                if measured.load(Ordering::Relaxed) {
                    answered.push(sent.elapsed().as_secs_f64() * 1e3);
                }
            }
            Ok(answered)
        };
        let feeding: Vec<_> =
            (0..CLIENTS).map(|client| scope.spawn(move || feed(client))).collect();
        pause(WARM_UP);
        let (cpu, began) = (node.cpu_s()?, Instant::now());
        measured.store(true, Ordering::Relaxed);
        pause(MEASURED);
        measured.store(false, Ordering::Relaxed);
        let (cpu, took) = (node.cpu_s()? - cpu, began.elapsed().as_secs_f64());
        over.store(true, Ordering::Relaxed);
        let mut answered_ms = Vec::new();
        for client in feeding {
            let of_one = client.join().map_err(|_| anyhow::anyhow!("a client ended"))??;
            answered_ms.extend(of_one);
        }
        answered_ms.sort_by(f64::total_cmp);
        let events = (answered_ms.len() * ARRAY) as f64;
        Ok(Fed { events_per_s: events / took, cpu_us: cpu * 1e6 / events, answered_ms })
    })
}
