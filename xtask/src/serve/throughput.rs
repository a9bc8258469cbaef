//! Events a second and CPU an event of one node, by how many events a request brings.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::client::post;
use super::home::Layout;
use super::node::{Node, pause};

/// The app that is fed.
pub(super) const APP: &str = "@app:name('Load')
@source(type='http', receiver.url='http://127.0.0.1:${LOAD_SOURCE_PORT}/In', @map(type='json'))
define stream In (k string, n long, v int, p double);
@sink(type='inMemory', topic='out')
define stream Out (k string, total long, mean double);
@info(name='sums')
from In#window.length(1000) select k, sum(n) as total, avg(p) as mean group by k
having total > 50000000 insert into Out;
";

/// How long each is fed before, and while, it is measured.
const WARM_UP: Duration = Duration::from_secs(1);
const MEASURED: Duration = Duration::from_secs(5);

/// How many clients feed at once, by events a request.
const CASES: [(usize, usize); 4] = [(1, 64), (10, 64), (100, 32), (1_000, 8)];

/// Measures and prints a table.
pub(crate) fn throughput(root: &Path, binary: Option<&str>) -> Result<bool> {
    let ours = root.join("target/release/weir");
    let binary = binary.map_or(ours.as_path(), Path::new);
    println!("| events a request | clients | events/s | CPU of the node, us an event |");
    println!("|--:|--:|--:|--:|");
    for (events, clients) in CASES {
        let folder = std::env::temp_dir().join(format!("weir-load-{}", std::process::id()));
        let own = "snapshotIntervalMillis: 60000";
        let layout = Layout { folder: &folder, app: APP, sink: 0, own };
        let home = layout.alone()?;
        let node = Node::start(binary, &home)?;
        node.until_active()?;
        let (rate, cpu) = fed(&node, events, clients)?;
        println!("| {events} | {clients} | {rate:.0} | {cpu:.2} |");
        drop(node);
        std::fs::remove_dir_all(&folder).context("could not remove the homes")?;
    }
    Ok(true)
}

/// Events a second, and microseconds of CPU an event.
fn fed(node: &Node, events: usize, clients: usize) -> Result<(f64, f64)> {
    let requests: Vec<Vec<u8>> = (0..16).map(|seed| request(events, seed)).collect();
    let (sent, over) = (AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let feed = || -> Result<()> {
            let mut connection = node.connect()?;
            for request in requests.iter().cycle() {
                if over.load(Ordering::Relaxed) {
                    return Ok(());
                }
                let status = connection.send(request)?;
                anyhow::ensure!(status == 200, "the node answered {status}");
                sent.fetch_add(events as u64, Ordering::Relaxed);
            }
            Ok(())
        };
        let feeding: Vec<_> = (0..clients).map(|_| scope.spawn(feed)).collect();
        pause(WARM_UP);
        let (before, cpu, began) = (sent.load(Ordering::Relaxed), node.cpu_s()?, Instant::now());
        pause(MEASURED);
        let count = (sent.load(Ordering::Relaxed) - before) as f64;
        let (cpu, took) = (node.cpu_s()? - cpu, began.elapsed().as_secs_f64());
        over.store(true, Ordering::Relaxed);
        for client in feeding {
            client.join().map_err(|_| anyhow::anyhow!("a client ended"))??;
        }
        Ok((count / took, cpu * 1e6 / count))
    })
}

/// A request of events that differ.
pub(super) fn request(events: usize, seed: usize) -> Vec<u8> {
    let one = |nth: usize| {
        let n = (seed * 7_919 + nth * 104_729) % 100_000;
        let (k, v, p) = (n % 97, n % 100, n as f64 / 8.0);
        format!("{{\"event\":{{\"k\":\"key-{k}\",\"n\":{n},\"v\":{v},\"p\":{p:?}}}}}")
    };
    let all: Vec<String> = (0..events).map(one).collect();
    post("/In", &format!("[{}]", all.join(",")))
}
