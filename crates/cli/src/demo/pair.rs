//! The pair at work: it is fed, and its nodes are killed meanwhile.

use std::cell::RefCell;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::sync::watch;

use super::actives::{Lookout, Seen};
use super::client::Client;
use super::flights::Flights;
use super::homes::{self, Ports};
use super::listener::Listener;
use super::node::{self, Node};
use super::progress::Progress;
use super::table::{seconds, thousands};
use super::tally::Received;

/// How many requests are acknowledged between a pair that is whole again and the next kill.
const BETWEEN_KILLS: usize = 20;

/// What is done to the pair.
#[derive(Debug, Clone, Copy)]
pub(super) struct Harm {
    /// How often the active is killed.
    pub(super) active: usize,
    /// How often both nodes are killed at once, after that.
    pub(super) both: usize,
}

/// A kill that was survived.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kill {
    pub(super) at: Instant,
    pub(super) both: bool,
}

/// What became of the pair.
pub(super) struct Story {
    /// How many requests were acknowledged.
    pub(super) requests: usize,
    /// How many of them the client sent more than once.
    pub(super) resent: u64,
    /// When each was acknowledged.
    pub(super) acknowledged: Vec<Instant>,
    pub(super) kills: Vec<Kill>,
    pub(super) received: Vec<Received>,
    pub(super) actives: Seen,
}

impl Story {
    /// The longest gap between acknowledgements around each kill.
    pub(super) fn without_service(&self) -> Vec<(Kill, Duration)> {
        let gap = |(nth, kill): (usize, &Kill)| {
            let end = self.kills.get(nth + 1).map(|it| it.at);
            let until = end.or(self.acknowledged.last().copied()).unwrap_or(kill.at);
            let around = self.acknowledged.iter().zip(self.acknowledged.iter().skip(1));
            let gaps = around
                .filter(|(before, after)| **after >= kill.at && **before <= until)
                .map(|(before, after)| *after - *before);
            (*kill, gaps.max().unwrap_or_default())
        };
        self.kills.iter().enumerate().map(gap).collect()
    }
}

/// Feeds a pair in `folder` one round at least, and as long as it is harmed.
pub(super) async fn play(
    folder: &Path,
    ports: &mut Ports,
    flights: &Flights,
    (harm, rate): (Harm, u64),
) -> anyhow::Result<Story> {
    let plans = homes::pair(folder, ports)?;
    let [first, second] = &plans[..] else { anyhow::bail!("a pair has two nodes") };
    let listener = Listener::open(first.sink).await?;
    let lookout = Lookout::at(first.http, second.http);
    let client = Client::of(plans.iter().map(|it| it.source).collect());
    let mut nodes = Vec::new();
    for plan in plans.iter().cloned() {
        let mut node = Node::new(plan)?;
        node.start()?;
        node.until("/health/live").await?;
        nodes.push(node);
    }
    let total = flights.events(1 + flights.round());
    let bar = RefCell::new(Progress::new("pair  ", total));
    let (count, counted) = watch::channel(0);
    let (harmed, is_harmed) = watch::channel(false);
    let mut pair = Pair { nodes, counted, bar: &bar, kills: Vec::new() };
    pair.whole().await?;
    let feeding = feed(client, flights, (rate, &bar), (count, is_harmed));
    let harming = async {
        pair.harm(harm, flights.round()).await?;
        // The feed ends before this only by an error of its own.
        harmed.send(true).ok();
        Ok(())
    };
    let (fed, ()) = tokio::try_join!(feeding, harming)?;
    let kills = std::mem::take(&mut pair.kills);
    listener.quiet().await;
    let actives = lookout.end().await?;
    pair.stop().await?;
    drop(pair);
    bar.into_inner().end();
    Ok(Story {
        requests: fed.acknowledged.len(),
        resent: fed.resent,
        acknowledged: fed.acknowledged,
        kills,
        received: listener.close(),
        actives,
    })
}

/// What the client did.
struct Fed {
    acknowledged: Vec<Instant>,
    resent: u64,
}

/// Sends one request after another; the next one once the last was acknowledged.
async fn feed(
    mut client: Client,
    flights: &Flights,
    (rate, bar): (u64, &RefCell<Progress>),
    (count, harmed): (watch::Sender<usize>, watch::Receiver<bool>),
) -> anyhow::Result<Fed> {
    let mut acknowledged = Vec::new();
    let mut events = 0;
    let mut due = Instant::now();
    while acknowledged.len() <= flights.round() || !*harmed.borrow() {
        let request = flights.request(acknowledged.len());
        client.send(&request).await?;
        acknowledged.push(Instant::now());
        events += request.events;
        count.send_replace(acknowledged.len());
        bar.borrow_mut().at(events);
        if let Some(pause) = (request.events * 1_000_000).checked_div(rate) {
            // What an outage held up is not made up for.
            due = (due + Duration::from_micros(pause)).max(Instant::now());
            tokio::time::sleep_until(due.into()).await;
        }
    }
    Ok(Fed { acknowledged, resent: client.resent })
}

/// Both nodes, and the one who kills them.
struct Pair<'a> {
    nodes: Vec<Node>,
    /// How many requests were acknowledged.
    counted: watch::Receiver<usize>,
    bar: &'a RefCell<Progress>,
    kills: Vec<Kill>,
}

impl Pair<'_> {
    async fn harm(&mut self, harm: Harm, round: usize) -> anyhow::Result<()> {
        let times = harm.active + harm.both;
        for nth in 0..times {
            let spread = round * (nth + 1) / (times + 1);
            let soon = *self.counted.borrow() + BETWEEN_KILLS;
            self.acknowledged(spread.max(soon)).await?;
            if nth < harm.active {
                self.kill_active().await?;
            } else {
                self.kill_both().await?;
            }
            self.whole().await?;
        }
        Ok(())
    }

    async fn acknowledged(&mut self, requests: usize) -> anyhow::Result<()> {
        self.counted.wait_for(|it| *it >= requests).await.context("the client has stopped")?;
        Ok(())
    }

    fn say(&self, text: &str) {
        self.bar.borrow_mut().say(text);
    }

    async fn active(&mut self) -> anyhow::Result<usize> {
        let began = Instant::now();
        while began.elapsed() < node::WAIT_MAX {
            for nth in 0..self.nodes.len() {
                if self.nodes[nth].is_ready().await {
                    return Ok(nth);
                }
            }
            tokio::time::sleep(node::LOOK).await;
        }
        anyhow::bail!("no node is active; see {}", self.logs())
    }

    async fn kill_active(&mut self) -> anyhow::Result<()> {
        let nth = self.active().await?;
        let node = &mut self.nodes[nth];
        let (name, pid) = (node.plan.name.clone(), node.pid().unwrap_or(0));
        let at = Instant::now();
        node.kill().await?;
        self.kills.push(Kill { at, both: false });
        let sent = thousands(*self.counted.borrow() as u64);
        self.say(&format!("SIGKILL of the active, {name} (pid {pid}), after {sent} requests"));
        let active = self.active().await?;
        let took = seconds(at.elapsed());
        let other = self.nodes[active].plan.name.clone();
        self.say(&format!("  {other} is active after {took}; {name} is started again"));
        self.nodes[nth].start()
    }

    async fn kill_both(&mut self) -> anyhow::Result<()> {
        let at = Instant::now();
        for node in &mut self.nodes {
            node.kill().await?;
        }
        self.kills.push(Kill { at, both: true });
        let sent = thousands(*self.counted.borrow() as u64);
        self.say(&format!("SIGKILL of both nodes, after {sent} requests; both are started again"));
        for node in &mut self.nodes {
            node.start()?;
        }
        let active = self.active().await?;
        let (took, name) = (seconds(at.elapsed()), self.nodes[active].plan.name.clone());
        self.say(&format!("  {name} is active after {took}"));
        Ok(())
    }

    /// Waits until one node is active and both hold every acknowledged event.
    async fn whole(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        while began.elapsed() < node::WAIT_MAX {
            let active = self.active().await?;
            if self.nodes[active].logs_in_sync().await == Some(2) {
                return Ok(());
            }
            tokio::time::sleep(node::LOOK).await;
        }
        let logs = self.logs();
        anyhow::bail!("the pair has not been whole again for {:?}; see {logs}", node::WAIT_MAX)
    }

    fn logs(&self) -> String {
        let logs = self.nodes.iter().map(|it| format!("`{}`", it.log().display()));
        logs.collect::<Vec<_>>().join(" and ")
    }

    /// Stops both cleanly, the active one last, so that nothing is taken over.
    async fn stop(&mut self) -> anyhow::Result<()> {
        let active = self.active().await?;
        self.nodes.swap(0, active);
        for node in self.nodes.iter_mut().rev() {
            node.stop().await?;
        }
        Ok(())
    }
}
