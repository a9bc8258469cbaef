//! What tests of several connectors share: a host that writes down what it is fed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::sync::{Notify, watch};
use weir_event::{Attribute, Batch, BatchBuilder, DataType, Epoch, OutputNo, Value};

use crate::source::{Ack, Feed, Later, Received, Refused, SourceState};
use crate::{Numbered, Outgoing, Outlet, StreamInfo};

/// `(symbol string, price float, volume long)`, as the original's own samples have it.
pub(crate) fn stocks() -> StreamInfo {
    stream(&[("symbol", DataType::String), ("price", DataType::Float), ("volume", DataType::Long)])
}

/// A stream of these attributes.
pub(crate) fn stream(attributes: &[(&str, DataType)]) -> StreamInfo {
    let attribute = |(name, data_type): &(&str, DataType)| Attribute {
        name: (*name).to_owned(),
        data_type: *data_type,
    };
    StreamInfo {
        app: "app".into(),
        stream: "Stocks".into(),
        element: "Stocks.1".into(),
        schema: attributes.iter().map(attribute).collect(),
    }
}

/// A batch of stocks.
pub(crate) fn stock_batch(rows: &[(&str, f32, i64)]) -> Batch {
    let mut batch = BatchBuilder::new(&stocks().schema);
    for (symbol, price, volume) in rows {
        batch.push_row(1, [Value::from(*symbol), (*price).into(), (*volume).into()]);
    }
    batch.finish()
}

/// The messages a sink makes of stocks, each a chunk of its own; epoch 7, numbers from 100.
pub(crate) fn encoded(outlet: &Outlet, rows: &[(&str, f32, i64)]) -> Vec<Outgoing> {
    let batch = stock_batch(rows);
    let mut out = Vec::new();
    for row in 0..batch.len() {
        let numbered = Numbered { epoch: Epoch(7), first: OutputNo(100 + row as u64) };
        let row = u32::try_from(row).unwrap();
        assert_eq!(outlet.encoder.encode(&batch, &[row], numbered, &mut out), []);
    }
    out
}

/// A host that writes down what it is fed, and answers as it is told.
#[derive(Debug)]
pub(crate) struct FeedBook {
    received: Mutex<Vec<Received>>,
    answers: Mutex<VecDeque<Refused>>,
    refusal: Mutex<Option<Refused>>,
    states: watch::Sender<Vec<SourceState>>,
    count: watch::Sender<usize>,
    /// While set, nothing is acknowledged until it is notified.
    held: Mutex<Option<Arc<Notify>>>,
}

impl Default for FeedBook {
    fn default() -> Self {
        Self {
            received: Mutex::default(),
            answers: Mutex::default(),
            refusal: Mutex::default(),
            states: watch::Sender::new(Vec::new()),
            count: watch::Sender::new(0),
            held: Mutex::default(),
        }
    }
}

impl Feed for FeedBook {
    fn send(&self, received: Received) -> Later<'_, Result<Ack, Refused>> {
        Box::pin(async move {
            let refusal = self.answers.lock().unwrap().pop_front();
            if let Some(refusal) = refusal.or_else(|| self.refusal.lock().unwrap().clone()) {
                return Err(refusal);
            }
            let known = received.idempotency_key.is_some()
                && self
                    .received
                    .lock()
                    .unwrap()
                    .iter()
                    .any(|it| it.idempotency_key == received.idempotency_key);
            if known {
                return Ok(Ack::TakenBefore);
            }
            self.received.lock().unwrap().push(received);
            self.count.send_modify(|it| *it += 1);
            let held = self.held.lock().unwrap().clone();
            if let Some(held) = held {
                held.notified().await;
            }
            Ok(Ack::Taken)
        })
    }

    fn state(&self, state: SourceState) {
        self.states.send_modify(|it| it.push(state));
    }
}

impl FeedBook {
    /// Refuses everything from now on, or nothing.
    pub(crate) fn refuse(&self, refusal: Option<Refused>) {
        *self.refusal.lock().unwrap() = refusal;
    }

    /// Refuses the next hand-over only.
    pub(crate) fn refuse_once(&self, refusal: Refused) {
        self.answers.lock().unwrap().push_back(refusal);
    }

    /// Acknowledges nothing until the answer is notified.
    pub(crate) fn hold(&self) -> Arc<Notify> {
        let notify = Arc::new(Notify::new());
        *self.held.lock().unwrap() = Some(Arc::clone(&notify));
        notify
    }

    /// All that was received.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// All rows received.
    pub(crate) fn rows(&self) -> Vec<Vec<Value>> {
        let received = self.received();
        let rows = |it: &Received| (0..it.batch.len()).map(|row| it.batch.row(row)).collect();
        received.iter().flat_map(|it: &Received| -> Vec<Vec<Value>> { rows(it) }).collect()
    }

    /// The first attribute of all rows, as text.
    pub(crate) fn firsts(&self) -> Vec<String> {
        self.rows().iter().map(|it| it[0].to_string()).collect()
    }

    /// The first idempotency key received.
    pub(crate) fn keys(&self) -> Vec<String> {
        let text = |it: Received| it.idempotency_key.map(|key| key.to_string());
        self.received().into_iter().filter_map(text).take(1).collect()
    }

    /// All states told so far.
    pub(crate) fn states(&self) -> Vec<SourceState> {
        self.states.borrow().clone()
    }

    /// Waits until the source says that it is open, and where.
    pub(crate) async fn opened(&self) -> String {
        let mut states = self.states.subscribe();
        let is_open = |it: &SourceState| matches!(it, SourceState::Open { .. });
        let seen = states.wait_for(|it| it.iter().any(is_open)).await.unwrap();
        let open = seen.iter().find_map(|it| match it {
            SourceState::Open { at } => Some(at.clone()),
            SourceState::Retrying { .. } | SourceState::Closed => None,
        });
        open.unwrap()
    }

    /// Waits until a state satisfies `wanted`.
    pub(crate) async fn until(&self, wanted: impl Fn(&SourceState) -> bool) {
        let mut states = self.states.subscribe();
        drop(states.wait_for(|it| it.iter().any(&wanted)).await.unwrap());
    }

    /// Waits until `count` hand-overs were received.
    pub(crate) async fn until_received(&self, count: usize) {
        drop(self.count.subscribe().wait_for(|it| *it >= count).await.unwrap());
    }
}
