//! `inMemory`: topics within this process, from one app's sink to another's source.

use std::sync::Arc;

use bytes::Bytes;
use weir_event::{Text, Value};

use crate::annotation::StreamInfo;
use crate::broker::{Broker, Delivery, Published};
use crate::extension::{Build, Extension, Param};
use crate::payload::Message;
use crate::problem::Problem;
use crate::sink::{DeliverError, Outgoing, Setting, Sink, SinkSpec, Undelivered, output_id};
use crate::source::{Intake, Later, Position, Source, SourceError, SourceSpec, SourceState, Stop};

/// The source.
pub(crate) const SOURCE: Extension = Extension {
    name: "inMemory",
    about: "Takes what is published to a topic of this process.",
    params: &[Param::new("topic", "string", "The topic, exactly.").mandatory()],
    build: Build::Source(source),
};

/// The sink.
pub(crate) const SINK: Extension = Extension {
    name: "inMemory",
    about: "Publishes to a topic of this process.",
    params: &[Param::new("topic", "string", "The topic, exactly.").mandatory().dynamic()],
    build: Build::Sink(sink),
};

fn source(spec: &SourceSpec<'_>) -> Result<Box<dyn Source>, Problem> {
    Ok(Box::new(InMemorySource {
        topic: spec.options.require("topic")?.to_owned(),
        broker: Arc::clone(&spec.site.broker),
        properties: spec.properties.len(),
    }))
}

fn sink(spec: &SinkSpec<'_>) -> Result<Box<dyn Sink>, Problem> {
    let Some(topic) = spec.setting("topic") else {
        return Err(Problem::new("the `inMemory` sink needs the option `topic`"));
    };
    let broker = Arc::clone(&spec.site.broker);
    Ok(Box::new(InMemorySink { topic, broker, stream: spec.stream.clone() }))
}

struct InMemorySource {
    topic: String,
    broker: Arc<Broker>,
    properties: usize,
}

impl Source for InMemorySource {
    fn run<'a>(
        &'a self,
        intake: Intake,
        _from: Option<Position>,
        mut stop: Stop,
    ) -> Later<'a, Result<(), SourceError>> {
        Box::pin(async move {
            let mut deliveries = self.broker.subscribe(&self.topic);
            intake.state(SourceState::Open { at: format!("topic `{}`", self.topic) });
            loop {
                tokio::select! {
                    () = stop.wait() => break,
                    delivery = deliveries.recv() => match delivery {
                        Some(delivery) => self.take(&intake, delivery).await,
                        None => break,
                    },
                }
            }
            intake.state(SourceState::Closed);
            Ok(())
        })
    }
}

impl InMemorySource {
    async fn take(&self, intake: &Intake, delivery: Delivery) {
        let properties: Vec<Option<Value>> = vec![None; self.properties];
        let message = Message { payload: delivery.payload, properties };
        // The publisher's number is the events' name: a replay that publishes again adds nothing.
        let key = delivery.position.map(|it| Text::from(String::from_utf8_lossy(&it.0).as_ref()));
        let taken = intake.take(message, None, key).await;
        // The publisher may have stopped waiting.
        delivery.done.send(taken.is_ok()).ok();
    }
}

struct InMemorySink {
    topic: Setting,
    broker: Arc<Broker>,
    stream: StreamInfo,
}

impl Sink for InMemorySink {
    fn deliver<'a>(&'a mut self, messages: &'a [Outgoing]) -> Later<'a, Result<(), Undelivered>> {
        Box::pin(async move {
            for (delivered, message) in messages.iter().enumerate() {
                let topic = self.topic.value(message);
                let position = Position(Bytes::from(output_id(&self.stream, message)));
                let published = self.broker.publish(topic, &message.payload, Some(&position)).await;
                if let Some(error) = failure(topic, published) {
                    return Err(Undelivered { delivered, error });
                }
            }
            Ok(())
        })
    }
}

fn failure(topic: &str, published: Published) -> Option<DeliverError> {
    let endpoint = format!("topic {topic}");
    if published.subscribers == 0 {
        let reason = "no source takes it".to_owned();
        return Some(DeliverError::Refused { endpoint, reason });
    }
    if published.taken == published.subscribers {
        return None;
    }
    let missing = published.subscribers - published.taken;
    let reason = format!("{missing} of {} sources did not take it", published.subscribers);
    Some(DeliverError::Unreachable { endpoint, reason, retry_after: None })
}

#[cfg(test)]
mod tests {
    use crate::annotation::Annotation;
    use crate::payload::Payload;
    use crate::testing::{FeedBook, stocks};
    use crate::{Inlet, Outlet, Site, Stopper, stopper};
    use weir_event::Value;

    use super::*;

    async fn running(
        site: &Site,
        topic: &str,
    ) -> (Arc<FeedBook>, Stopper, tokio::task::JoinHandle<()>) {
        let annotation = Annotation::new("source", &[("type", "inMemory"), ("topic", topic)]);
        let inlet = Inlet::new(&annotation, &stocks(), site).unwrap();
        let book = Arc::new(FeedBook::default());
        let (stopper, stop) = stopper();
        let intake = Intake::new(Arc::clone(&inlet.decoder), Arc::clone(&book) as _);
        let task = tokio::spawn(async move {
            inlet.source.run(intake, None, stop).await.unwrap();
        });
        book.opened().await;
        (book, stopper, task)
    }

    fn outlet(site: &Site) -> Outlet {
        let options = [("type", "inMemory"), ("topic", "{{symbol}}")];
        Outlet::new(&Annotation::new("sink", &options), &stocks(), site).unwrap()
    }

    #[tokio::test]
    async fn what_a_sink_publishes_each_source_of_its_topic_takes() {
        let site = Site::default();
        let (ibm, stop_ibm, ibm_task) = running(&site, "IBM").await;
        let (also, stop_also, also_task) = running(&site, "IBM").await;
        let (other, stop_other, other_task) = running(&site, "WSO2").await;
        let mut outlet = outlet(&site);
        let messages =
            crate::testing::encoded(&outlet, &[("IBM", 5.5, 1), ("WSO2", 6.5, 2), ("IBM", 7.5, 3)]);
        outlet.sink.deliver(&messages).await.unwrap();
        for book in [&ibm, &also] {
            let rows = book.rows();
            assert_eq!(rows, [stock("IBM", 5.5, 1), stock("IBM", 7.5, 3)]);
        }
        assert_eq!(other.rows(), [stock("WSO2", 6.5, 2)]);
        assert_eq!(ibm.keys(), ["7-app-Stocks.1-100"]);
        for (stop, task) in [(stop_ibm, ibm_task), (stop_also, also_task), (stop_other, other_task)]
        {
            stop.stop();
            task.await.unwrap();
        }
    }

    fn stock(symbol: &str, price: f32, volume: i64) -> Vec<Value> {
        vec![symbol.into(), price.into(), volume.into()]
    }

    #[tokio::test]
    async fn a_topic_without_sources_refuses_and_one_that_cannot_take_is_away() {
        let site = Site::default();
        let mut outlet = outlet(&site);
        let messages = crate::testing::encoded(&outlet, &[("IBM", 5.5, 1)]);
        let none = outlet.sink.deliver(&messages).await.unwrap_err();
        assert!(matches!(none.error, DeliverError::Refused { .. }), "{none}");
        let (book, stop, task) = running(&site, "IBM").await;
        book.refuse(Some(crate::Refused::NotActive));
        let away = outlet.sink.deliver(&messages).await.unwrap_err();
        assert!(matches!(away.error, DeliverError::Unreachable { .. }), "{away}");
        assert!(matches!(messages[0].payload, Payload::Event(_)));
        stop.stop();
        task.await.unwrap();
    }
}
