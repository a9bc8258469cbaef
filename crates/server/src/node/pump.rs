//! Sends what waits in a lane through its sink, while outputs may leave.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;
use weir_connectors::{Courier, Encoder, Numbered, OnError, Outgoing, Outlet, stopper};
use weir_event::{OutputNo, Text};

use super::lane::Lane;
use super::machine::Output;
use super::undelivered::Undelivered;

/// How many rows are encoded and delivered in one go: what may come again after a crash.
const DELIVER_ROWS_MAX: usize = 500;

/// Whether outputs may leave now: only while the lease is certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gate {
    /// Until then, on the clock of this process.
    OpenUntil(Instant),
    /// Not now.
    Shut,
}

impl Gate {
    /// Whether outputs may leave now.
    pub(crate) fn is_open(self) -> bool {
        match self {
            Self::OpenUntil(deadline) => Instant::now() < deadline,
            Self::Shut => false,
        }
    }
}

/// Waits until outputs may leave; false when the node has gone.
async fn opened(gate: &mut watch::Receiver<Gate>) -> bool {
    loop {
        let now = *gate.borrow_and_update();
        if now.is_open() {
            return true;
        }
        if gate.changed().await.is_err() {
            return false;
        }
    }
}

/// Resolves once outputs may no longer leave.
async fn shut(gate: &mut watch::Receiver<Gate>) {
    loop {
        let now = *gate.borrow_and_update();
        let deadline = match now {
            Gate::Shut => return,
            Gate::OpenUntil(deadline) => deadline,
        };
        tokio::select! {
            () = tokio::time::sleep_until(deadline.into()) => return,
            changed = gate.changed() => if changed.is_err() {
                return;
            },
        }
    }
}

/// Runs until the lane is closed.
pub(crate) async fn run(
    lane: Arc<Lane>,
    outlet: Outlet,
    mut gate: watch::Receiver<Gate>,
    keep: (Text, Option<Undelivered>),
) {
    let Outlet { sink, encoder, on_error, .. } = outlet;
    let mut courier = Courier::new(sink, on_error);
    while let Some(outputs) = lane.front(DELIVER_ROWS_MAX).await {
        let Some(last) = outputs.last().map(Output::last) else { continue };
        let messages = encode(&encoder, &outputs, &lane);
        let mut left: &[Outgoing] = &messages;
        while !left.is_empty() {
            if !opened(&mut gate).await || lane.is_closed() {
                return;
            }
            let (done, given_up) = carry(&mut courier, left, &lane, (&mut gate, &keep)).await;
            left = left.get(done..).unwrap_or_default();
            lane.confirm(done_below(left).unwrap_or(last), given_up);
        }
        lane.trouble(None);
        lane.confirm(last, 0);
    }
}

/// Carries messages until all are done with or outputs may no longer leave; answers how many
/// messages are done with, and how many rows of them were given up.
async fn carry(
    courier: &mut Courier,
    left: &[Outgoing],
    lane: &Lane,
    (gate, (app, undelivered)): (&mut watch::Receiver<Gate>, &(Text, Option<Undelivered>)),
) -> (usize, u64) {
    let (stopper, mut stop) = stopper();
    let carrying = courier.carry(left, &mut stop, |error, wait| {
        tracing::warn!(sink = %lane.element, "{error}; trying again in {wait:?}");
        lane.trouble(Some(error.to_string()));
    });
    tokio::pin!(carrying);
    let carried = tokio::select! {
        carried = &mut carrying => carried,
        () = async { tokio::select! { () = shut(gate) => {}, () = lane.closed() => {} } } => {
            stopper.stop();
            carrying.await
        }
    };
    let mut given_up = 0;
    for failed in &carried.failed {
        let Some(message) = left.get(failed.index) else { continue };
        if let (OnError::Store, Some(undelivered)) = (failed.then, undelivered) {
            let cause = failed.error.to_string();
            tracing::error!(%app, sink = %lane.element, "kept, as `on.error` says: {cause}");
            if !undelivered.keep(app, lane, message, cause).await {
                return (failed.index, given_up);
            }
            given_up += message.last.0.saturating_sub(message.no.0) + 1;
            continue;
        }
        given_up += message.last.0.saturating_sub(message.no.0) + 1;
        tracing::error!(
            sink = %lane.element,
            outputs = %format_args!("{}..={}", message.no.0, message.last.0),
            "dropped, as `on.error` says: {}",
            failed.error
        );
    }
    (carried.done, given_up)
}

fn encode(encoder: &Encoder, outputs: &[Output], lane: &Lane) -> Vec<Outgoing> {
    let mut messages = Vec::new();
    for output in outputs {
        let rows: Vec<u32> = (0u32..).take(output.batch.len()).collect();
        let numbered = Numbered { epoch: output.epoch, first: output.first };
        for failure in encoder.encode(&output.batch, &rows, numbered, &mut messages) {
            tracing::error!(sink = %lane.element, "an output could not be encoded: {failure}");
        }
    }
    messages
}

/// Everything up to here is done when only `left` is not.
fn done_below(left: &[Outgoing]) -> Option<OutputNo> {
    left.iter().map(|it| OutputNo(it.no.0.saturating_sub(1))).min()
}
