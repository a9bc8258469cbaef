//! Delivers a sink's messages the way its `on.error` asks, trying again where that may help.

use std::time::Duration;

use crate::retry::Backoff;
use crate::sink::{DeliverError, OnError, Outgoing, Sink};
use crate::source::Stop;

/// Carries messages to one sink, in order.
pub struct Courier {
    sink: Box<dyn Sink>,
    on_error: OnError,
    backoff: Backoff,
}

/// How far a call came.
#[derive(Debug, Default)]
pub struct Carried {
    /// The number of messages, from the first, that are done with: delivered or given up.
    pub done: usize,
    /// Those among them that the host has to hand on, as `on.error` says.
    pub failed: Vec<Failed>,
}

/// A message that was not delivered and will not be tried again.
#[derive(Debug)]
pub struct Failed {
    /// Its place among the messages of the call.
    pub index: usize,
    /// What becomes of it: [`OnError::Log`], [`OnError::Stream`] or [`OnError::Store`].
    pub then: OnError,
    /// Why.
    pub error: DeliverError,
}

impl Courier {
    /// A courier for a sink.
    #[must_use]
    pub fn new(sink: Box<dyn Sink>, on_error: OnError) -> Self {
        Self { sink, on_error, backoff: Backoff::default() }
    }

    /// Delivers messages in order and waits for a far side that is away as long as `on.error`
    /// says; `waits` hears of each wait before it starts.
    ///
    /// It returns early only when `stop` is set: then fewer than all are done.
    pub async fn carry(
        &mut self,
        messages: &[Outgoing],
        stop: &mut Stop,
        mut waits: impl FnMut(&DeliverError, Duration),
    ) -> Carried {
        let mut carried = Carried::default();
        while carried.done < messages.len() {
            let rest = messages.get(carried.done..).unwrap_or_default();
            let undelivered = tokio::select! {
                biased;
                answer = self.sink.deliver(rest) => match answer {
                    Ok(()) => {
                        self.backoff.reset();
                        carried.done = messages.len();
                        break;
                    }
                    Err(undelivered) => undelivered,
                },
                () = stop.wait() => break,
            };
            carried.done += undelivered.delivered;
            if undelivered.delivered > 0 {
                self.backoff.reset();
            }
            match (undelivered.error, self.on_error) {
                (error @ DeliverError::Unreachable { .. }, OnError::Wait) => {
                    if !self.wait(&error, stop, &mut waits).await {
                        break;
                    }
                }
                (error, then) => {
                    let then = if then == OnError::Wait { OnError::Log } else { then };
                    carried.failed.push(Failed { index: carried.done, then, error });
                    carried.done += 1;
                }
            }
        }
        carried
    }

    /// Waits before the next try; false when it was asked to stop.
    async fn wait(
        &mut self,
        error: &DeliverError,
        stop: &mut Stop,
        waits: &mut impl FnMut(&DeliverError, Duration),
    ) -> bool {
        let asked = match error {
            DeliverError::Unreachable { retry_after, .. } => *retry_after,
            DeliverError::Refused { .. } => None,
        };
        let step = self.backoff.next_wait();
        let wait = asked.unwrap_or(step);
        waits(error, wait);
        tokio::select! {
            () = tokio::time::sleep(wait) => true,
            () = stop.wait() => false,
        }
    }
}
