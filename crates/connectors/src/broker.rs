//! The topics of `inMemory`: what one app publishes, others of the same process take.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot};

use crate::payload::Payload;
use crate::source::Position;

/// The topics of one process.
#[derive(Debug, Default)]
pub struct Broker {
    topics: Mutex<BTreeMap<String, Vec<mpsc::Sender<Delivery>>>>,
}

/// Messages a subscriber may leave waiting before its publishers wait.
const WAITING_MAX: usize = 1024;

/// A message on its way to one subscriber.
#[derive(Debug)]
pub struct Delivery {
    /// The content.
    pub payload: Payload,
    /// The publisher's own number for it, so that a replay doubles nothing.
    pub position: Option<Position>,
    /// Resolves the publisher's wait: true once the events are acknowledged.
    pub done: oneshot::Sender<bool>,
}

impl Broker {
    /// All messages published to `topic` from now on.
    #[must_use]
    pub fn subscribe(&self, topic: &str) -> mpsc::Receiver<Delivery> {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        self.topics().entry(topic.to_owned()).or_default().push(sender);
        receiver
    }

    /// Hands a message to every subscriber of `topic`, and waits until each has it safe.
    ///
    /// Returns how many took it; 0 means that nobody listens.
    pub async fn publish(
        &self,
        topic: &str,
        payload: &Payload,
        position: Option<&Position>,
    ) -> usize {
        let subscribers = self.subscribers(topic);
        let mut waits = Vec::with_capacity(subscribers.len());
        for subscriber in subscribers {
            let (done, wait) = oneshot::channel();
            let delivery = Delivery { payload: payload.clone(), position: position.cloned(), done };
            if subscriber.send(delivery).await.is_ok() {
                waits.push(wait);
            }
        }
        let mut taken = 0;
        for wait in waits {
            taken += usize::from(wait.await == Ok(true));
        }
        taken
    }

    fn subscribers(&self, topic: &str) -> Vec<mpsc::Sender<Delivery>> {
        let mut topics = self.topics();
        let Some(subscribers) = topics.get_mut(topic) else { return Vec::new() };
        subscribers.retain(|it| !it.is_closed());
        subscribers.clone()
    }

    fn topics(&self) -> MutexGuard<'_, BTreeMap<String, Vec<mpsc::Sender<Delivery>>>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
