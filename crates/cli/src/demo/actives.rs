//! Looks at both nodes all the time: are there ever two that are active?

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::client::says_yes;

/// How often both are looked at.
const EVERY: Duration = Duration::from_millis(50);

/// What was seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// How often both were looked at.
    pub(super) looks: u64,
    /// How often one was active before and after the other was.
    pub(super) two: u64,
}

/// A task that looks at the nodes until it is asked what it saw.
pub(super) struct Lookout {
    over: Arc<AtomicBool>,
    looking: tokio::task::JoinHandle<Seen>,
}

impl Lookout {
    pub(super) fn at(first: SocketAddr, second: SocketAddr) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let looking = tokio::spawn(look(first, second, Arc::clone(&over)));
        Self { over, looking }
    }

    pub(super) async fn end(self) -> anyhow::Result<Seen> {
        self.over.store(true, Ordering::Relaxed);
        Ok(self.looking.await?)
    }
}

async fn look(mut first: SocketAddr, mut second: SocketAddr, over: Arc<AtomicBool>) -> Seen {
    let mut seen = Seen::default();
    let mut pace = tokio::time::interval(EVERY);
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !over.load(Ordering::Relaxed) {
        pace.tick().await;
        // The lease may change hands between two questions; one that says yes on both sides of
        // the other's yes had it all the time.
        let before = says_yes(first, "/health/ready").await;
        let between = before && says_yes(second, "/health/ready").await;
        seen.two += u64::from(between && says_yes(first, "/health/ready").await);
        seen.looks += 1;
        std::mem::swap(&mut first, &mut second);
    }
    seen
}
