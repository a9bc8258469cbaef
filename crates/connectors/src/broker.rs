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

/// How a message that was published fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// How many subscribe to its topic.
    pub subscribers: usize,
    /// How many of them have its events safe.
    pub taken: usize,
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
    /// A subscriber that took it before, known by its position, takes it again as nothing.
    pub async fn publish(
        &self,
        topic: &str,
        payload: &Payload,
        position: Option<&Position>,
    ) -> Published {
        let subscribers = self.subscribers(topic);
        let mut published = Published { subscribers: subscribers.len(), taken: 0 };
        let mut waits = Vec::with_capacity(subscribers.len());
        for subscriber in subscribers {
            let (done, wait) = oneshot::channel();
            let delivery = Delivery { payload: payload.clone(), position: position.cloned(), done };
            if subscriber.send(delivery).await.is_ok() {
                waits.push(wait);
            }
        }
        for wait in waits {
            published.taken += usize::from(wait.await == Ok(true));
        }
        published
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
