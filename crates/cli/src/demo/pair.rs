//! The pair at work: it is fed, and disturbed meanwhile.

use std::cell::RefCell;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::sync::watch;

use super::actives::{Lookout, Seen};
use super::client::Client;
use super::flights::Flights;
use super::harm::{self, Blow, Kind};
use super::homes::{self, Manner, Ports, Shared};
use super::listener::Listener;
use super::node::{self, Node};
use super::progress::Progress;
use super::tally::Received;
use super::wire::Wire;
use crate::io;

/// How many requests are acknowledged between a pair that is whole again and the next disturbance.
const BETWEEN: usize = 20;
/// And for how long it is left alone at least.
const CALM: Duration = Duration::from_secs(1);

/// How a pair is set up, fed and disturbed.
pub(super) struct Setup<'a> {
    /// The database that the nodes share; a file without it.
    pub(super) database: Option<&'a str>,
    pub(super) manner: &'a Manner,
    pub(super) harm: &'a harm::Plan,
    /// Events a second.
    pub(super) rate: u64,
}

/// A request that was acknowledged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Acked {
    pub(super) at: Instant,
    /// After so long.
    pub(super) took: Duration,
}

/// What became of the pair.
pub(super) struct Story {
    /// How many requests were acknowledged.
    pub(super) requests: usize,
    /// How many of them the client sent more than once.
    pub(super) resent: u64,
    pub(super) acknowledged: Vec<Acked>,
    pub(super) blows: Vec<Blow>,
    pub(super) received: Vec<Received>,
    pub(super) actives: Seen,
    /// How large the app's last snapshot was; 0 when no node knows.
    pub(super) state_bytes: u64,
}

impl Story {
    /// The longest gap between acknowledgements around each disturbance.
    pub(super) fn without_service(&self) -> Vec<(Kind, Duration)> {
        let gap = |(nth, blow): (usize, &Blow)| {
            // The pair was whole before the next one: what goes on beyond that is the next one's.
            let next = self.blows.get(nth + 1).map(|it| it.at);
            let around = self.acknowledged.iter().zip(self.acknowledged.iter().skip(1));
            let gaps = around
                .filter(|(_, after)| after.at >= blow.at && next.is_none_or(|next| after.at < next))
                .map(|(before, after)| after.at - before.at);
            (blow.kind, gaps.max().unwrap_or_default())
        };
        self.blows.iter().enumerate().map(gap).collect()
    }
}

/// Feeds a pair in `folder` one round at least, and as long as it is harmed.
pub(super) async fn play(
    folder: &Path,
    ports: &mut Ports,
    flights: &Flights,
    setup: &Setup<'_>,
) -> anyhow::Result<Story> {
    let Setup { database, manner, harm, rate } = *setup;
    let shared = Shared::of(database, folder)?;
    let plans = homes::pair(folder, ports, (&shared, harm.cuts > 0), manner)?;
    if database.is_some() {
        let name = shared.name();
        io::say(&format!(
            "the nodes are the group `{name}`; tables whose names begin so are theirs"
        ));
    }
    let [first, second] = &plans[..] else { anyhow::bail!("a pair has two nodes") };
    let listener = Listener::open(first.sink).await?;
    let lookout = Lookout::at(first.http, second.http);
    let client = Client::of(plans.iter().map(|it| it.source).collect());
    let (mut nodes, mut wires) = (Vec::new(), Vec::new());
    for plan in plans.iter().cloned() {
        if plan.dialled != plan.sync {
            wires.push(Wire::open(plan.dialled, plan.sync).await?);
        }
        let mut node = Node::new(plan)?;
        node.start()?;
        node.until("/health/live").await?;
        nodes.push(node);
    }
    let total = flights.events(1 + flights.round());
    let bar = RefCell::new(Progress::new("pair  ", total));
    let (count, counted) = watch::channel(0);
    let (harmed, is_harmed) = watch::channel(false);
    let restart_command = harm.restart_command.clone();
    let (calm, blows) = (Instant::now(), Vec::new());
    let mut pair = Pair { nodes, wires, restart_command, counted, bar: &bar, calm, blows };
    pair.whole().await?;
    let feeding = feed(client, flights, (rate, &bar), (count, is_harmed));
    let harming = async {
        pair.harm(&harm.kinds(), flights.round()).await?;
        // The feed ends before this only by an error of its own.
        harmed.send(true).ok();
        Ok(())
    };
    let (fed, ()) = tokio::try_join!(feeding, harming)?;
    let blows = std::mem::take(&mut pair.blows);
    listener.quiet().await;
    let actives = lookout.end().await?;
    let mut state_bytes = 0;
    for node in &pair.nodes {
        state_bytes = node.snapshot_bytes().await.max(state_bytes);
    }
    pair.stop().await?;
    drop(pair);
    bar.into_inner().end();
    Ok(Story {
        requests: fed.acknowledged.len(),
        resent: fed.resent,
        acknowledged: fed.acknowledged,
        blows,
        received: listener.close(),
        actives,
        state_bytes,
    })
}

/// What the client did.
struct Fed {
    acknowledged: Vec<Acked>,
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
        let sent = Instant::now();
        client.send(&request).await?;
        acknowledged.push(Acked { at: Instant::now(), took: sent.elapsed() });
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

/// Both nodes, and the one who disturbs them.
pub(super) struct Pair<'a> {
    pub(super) nodes: Vec<Node>,
    /// What can be cut between them.
    pub(super) wires: Vec<Wire>,
    pub(super) restart_command: Option<String>,
    /// How many requests were acknowledged.
    pub(super) counted: watch::Receiver<usize>,
    bar: &'a RefCell<Progress>,
    /// Since when the pair is whole.
    pub(super) calm: Instant,
    pub(super) blows: Vec<Blow>,
}

impl Pair<'_> {
    async fn harm(&mut self, kinds: &[Kind], round: usize) -> anyhow::Result<()> {
        for (nth, kind) in kinds.iter().enumerate() {
            let spread = round * (nth + 1) / (kinds.len() + 1);
            let soon = *self.counted.borrow() + BETWEEN;
            self.calm = Instant::now();
            self.acknowledged(spread.max(soon)).await?;
            tokio::time::sleep_until((self.calm + CALM).into()).await;
            self.strike(*kind).await?;
            self.whole().await?;
        }
        Ok(())
    }

    async fn acknowledged(&mut self, requests: usize) -> anyhow::Result<()> {
        self.counted.wait_for(|it| *it >= requests).await.context("the client has stopped")?;
        Ok(())
    }

    pub(super) fn say(&self, text: &str) {
        self.bar.borrow_mut().say(text);
    }

    pub(super) async fn active(&mut self) -> anyhow::Result<usize> {
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

    /// Waits until one node is active and both hold every acknowledged event.
    async fn whole(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        while began.elapsed() < node::WAIT_MAX {
            let active = self.active().await?;
            let named = self.nodes[active].logs_in_sync().await;
            // One that was stopped may say what was so before.
            let alone = !self.nodes[1 - active].is_ready().await;
            if named == Some(2) && alone && self.nodes[active].is_ready().await {
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
