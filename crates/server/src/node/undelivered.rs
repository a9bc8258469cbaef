//! Messages that a sink could not deliver: kept, and sent again when an operator asks.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use weir_codec::{DecodeError, Reader, Writer};
use weir_connectors::{Outgoing, Outlet, Payload, Site, StreamInfo};
use weir_datasource::{ErrorStore, StoreError, StoredError};
use weir_event::{Epoch, OutputNo, Text};

use super::conductor::Conductor;
use super::lane::Lane;
use super::machine::{AppText, Maker};
use super::ticker;

/// How long to wait before the database is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Where undelivered messages are kept; cheap to copy.
#[derive(Debug, Clone)]
pub(crate) struct Undelivered(Arc<Mutex<ErrorStore>>);

impl Undelivered {
    /// Kept there.
    pub(crate) fn new(store: ErrorStore) -> Self {
        Self(Arc::new(Mutex::new(store)))
    }

    /// Asks the store; blocks.
    pub(crate) fn ask<T>(
        &self,
        ask: impl FnOnce(&mut ErrorStore) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        ask(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps a message, as often as it takes; false when the lane is closed before.
    pub(super) async fn keep(
        &self,
        app: &Text,
        lane: &Lane,
        message: &Outgoing,
        cause: String,
    ) -> bool {
        let Some(content) = written(message) else {
            let (sink, kind) = (&lane.element, message.payload.kind());
            tracing::error!(%app, %sink, "`on.error='STORE'` cannot keep {kind}: it is lost");
            return true;
        };
        let entry = StoredError {
            id: 0,
            key: format!("{}-{app}-{}-{}", message.epoch.0, lane.element, message.no.0),
            at: ticker::now().0,
            app: app.to_string(),
            element: lane.element.to_string(),
            cause,
            content,
        };
        loop {
            let (this, entry) = (self.clone(), entry.clone());
            let kept = tokio::task::spawn_blocking(move || this.ask(|store| store.add(&entry)));
            let why = match kept.await {
                Ok(Ok(())) => return true,
                Ok(Err(why)) => why.to_string(),
                Err(why) => why.to_string(),
            };
            lane.trouble(Some(format!("an undelivered message could not be kept: {why}")));
            tokio::select! {
                () = tokio::time::sleep(RETRY) => {}
                () = lane.closed() => return false,
            }
        }
    }
}

impl Conductor {
    /// Sends a message that was kept again, through a sink of its own beside the app's.
    pub(super) fn send_again(
        &self,
        entry: StoredError,
        reply: oneshot::Sender<Result<(), String>>,
    ) {
        let open = self.gate.borrow().is_open() && self.term.is_some();
        let text = self.settings.texts.iter().find(|it| *it.name == *entry.app).cloned();
        let (maker, site) = (Arc::clone(&self.settings.maker), self.settings.site.clone());
        tokio::spawn(async move {
            let sent = match text {
                _ if !open => Err("this node is not active: ask the other one".to_owned()),
                None => Err(format!("there is no app `{}` any more", entry.app)),
                Some(text) => send(&entry, &text, &maker, &site).await,
            };
            // Whoever asked may have gone.
            drop(reply.send(sent));
        });
    }
}

async fn send(
    entry: &StoredError,
    text: &AppText,
    maker: &Maker,
    site: &Site,
) -> Result<(), String> {
    let gone = || format!("the app has no sink `{}` any more", entry.element);
    let mut outlet = {
        let machine = maker(text)?;
        let port = machine.sinks().iter().find(|it| *it.element == *entry.element);
        let port = port.ok_or_else(gone)?;
        let info = StreamInfo {
            app: Text::from(machine.name()),
            stream: port.stream.clone(),
            element: port.element.clone(),
            schema: port.schema.clone(),
        };
        Outlet::new(&port.annotation, &info, site).map_err(|why| why.to_string())?
    };
    let message = read(&entry.content).map_err(|why| format!("it cannot be read: {why}"))?;
    let sent = outlet.sink.deliver(std::slice::from_ref(&message)).await;
    sent.map_err(|why| why.error.to_string())
}

/// A message that was kept, for a person.
pub(crate) fn shown(entry: &StoredError) -> String {
    match read(&entry.content).map(|it| it.payload) {
        Ok(Payload::Text(text)) => text.to_string(),
        Ok(Payload::Bytes(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
        Ok(Payload::Value(value)) => value.to_string(),
        Ok(Payload::Map(entries)) => {
            entries.iter().map(|(name, value)| format!("{name}={value} ")).collect()
        }
        Ok(it @ (Payload::Event(_) | Payload::Events(_))) => it.kind().to_owned(),
        Err(why) => format!("cannot be read: {why}"),
    }
}

const VERSION: u8 = 1;
const TEXT: u8 = 1;
const BYTES: u8 = 2;
const MAP: u8 = 3;
const VALUE: u8 = 4;

/// The message as bytes, if it is one that can be.
fn written(message: &Outgoing) -> Option<Vec<u8>> {
    let mut w = Writer::new();
    w.u8(VERSION);
    w.u64(message.epoch.0);
    w.u64(message.no.0);
    w.u64(message.last.0);
    w.u64(message.destination as u64);
    w.len(message.options.len());
    message.options.iter().for_each(|it| w.str(it));
    match &message.payload {
        Payload::Text(text) => {
            w.u8(TEXT);
            w.str(text);
        }
        Payload::Bytes(bytes) => {
            w.u8(BYTES);
            w.bytes(bytes);
        }
        Payload::Map(entries) => {
            w.u8(MAP);
            w.len(entries.len());
            for (name, value) in entries {
                w.str(name);
                w.value(value);
            }
        }
        Payload::Value(value) => {
            w.u8(VALUE);
            w.value(value);
        }
        Payload::Event(_) | Payload::Events(_) => return None,
    }
    Some(w.into_bytes())
}

fn read(bytes: &[u8]) -> Result<Outgoing, DecodeError> {
    let mut r = Reader::new(bytes);
    let version = u64::from(r.u8()?);
    if version != u64::from(VERSION) {
        let newest = u64::from(VERSION);
        return Err(DecodeError::UnknownVersion { what: "kept message", version, newest });
    }
    let (epoch, no, last) = (Epoch(r.u64()?), OutputNo(r.u64()?), OutputNo(r.u64()?));
    let destination = usize::try_from(r.u64()?).unwrap_or_default();
    let count = r.len()?;
    let options = (0..count).map(|_| r.str().map(Text::from)).collect::<Result<_, _>>()?;
    let payload = match r.u8()? {
        TEXT => Payload::Text(r.str()?.into()),
        BYTES => Payload::Bytes(r.bytes()?.to_vec().into()),
        MAP => {
            let count = r.len()?;
            let entry = |r: &mut Reader<'_>| Ok((Text::from(r.str()?), r.value()?));
            Payload::Map((0..count).map(|_| entry(&mut r)).collect::<Result<_, DecodeError>>()?)
        }
        VALUE => Payload::Value(r.value()?),
        tag => return Err(DecodeError::UnknownTag { what: "kept message", tag: u64::from(tag) }),
    };
    r.finish()?;
    Ok(Outgoing { payload, options, epoch, no, last, destination })
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_event::Value;

    #[test]
    fn a_message_comes_back_as_it_was() {
        let payloads = [
            Payload::Text("{\"a\":1}".into()),
            Payload::Bytes(vec![0, 255].into()),
            Payload::Map(vec![("a".into(), Value::Int(1)), ("b".into(), Value::Null)]),
            Payload::Value(Value::Double(0.5)),
        ];
        for payload in payloads {
            let message = Outgoing {
                payload,
                options: vec!["x".into(), "".into()],
                epoch: Epoch(3),
                no: OutputNo(7),
                last: OutputNo(9),
                destination: 1,
            };
            let bytes = written(&message).unwrap();
            assert_eq!(read(&bytes), Ok(message));
            for cut in 0..bytes.len() {
                assert!(read(&bytes[..cut]).is_err());
            }
        }
    }
}
