//! One node that nobody disturbs: what it says is what the pair must say.

use std::path::Path;
use std::time::{Duration, Instant};

use super::client::Client;
use super::flights::Flights;
use super::homes::{self, Manner, Ports};
use super::listener::Listener;
use super::node::Node;
use super::progress::Progress;
use super::tally::Received;

/// Feeds a node in `folder` so many requests; what came out, and how long it took.
pub(super) async fn play(
    folder: &Path,
    ports: &mut Ports,
    manner: &Manner,
    (flights, requests): (&Flights, usize),
) -> anyhow::Result<(Vec<Received>, Duration)> {
    let plan = homes::alone(folder, ports, manner)?;
    let listener = Listener::open(plan.sink).await?;
    let mut client = Client::of(vec![plan.source]);
    let mut node = Node::new(plan)?;
    node.start()?;
    node.until("/health/ready").await?;
    let mut bar = Progress::new("alone ", flights.events(requests));
    let (began, mut events) = (Instant::now(), 0);
    for nth in 0..requests {
        let request = flights.request(nth);
        client.send(&request).await?;
        events += request.events;
        bar.at(events);
    }
    let took = began.elapsed();
    listener.quiet().await;
    node.stop().await?;
    bar.end();
    Ok((listener.close(), took))
}
