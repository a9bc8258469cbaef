//! What a snapshot of one app holds besides the engine's state, as bytes and back.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Epoch, OutputNo, Text, Time};

use super::machine::Output;

/// The newest shape of a snapshot.
const VERSION: u8 = 1;

/// The form of snapshots as other nodes are told it: it rises with every change to what a
/// snapshot holds, here or in a room below, that an earlier release cannot read.
pub(crate) const SNAPSHOT_FORMAT: u16 = 1;

/// An app at one entry of the log: all that is needed to go on from there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Saved {
    /// The time of the entry: the log's time goes on from it.
    pub(crate) time: Time,
    /// The text it ran.
    pub(crate) text: Text,
    /// The engine's state.
    pub(crate) state: Vec<u8>,
    /// One a source.
    pub(crate) sources: Vec<SavedSource>,
    /// One a sink.
    pub(crate) sinks: Vec<SavedSink>,
}

/// Where a source stood.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SavedSource {
    /// Its name within the app.
    pub(crate) element: Text,
    /// Its position in what it reads.
    pub(crate) position: Option<Vec<u8>>,
    /// The keys it had taken, oldest first.
    pub(crate) keys: Vec<Text>,
}

/// How far a sink was.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SavedSink {
    /// Its name within the app.
    pub(crate) element: Text,
    /// The number up to which all is confirmed or given up.
    pub(crate) mark: OutputNo,
    /// What was made and not yet confirmed.
    pub(crate) waiting: Vec<Output>,
}

impl Saved {
    /// The snapshot as bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.u8(VERSION);
        w.i64(self.time.0);
        w.str(&self.text);
        w.bytes(&self.state);
        w.len(self.sources.len());
        for source in &self.sources {
            w.str(&source.element);
            w.bool(source.position.is_some());
            if let Some(position) = &source.position {
                w.bytes(position);
            }
            w.len(source.keys.len());
            for key in &source.keys {
                w.str(key);
            }
        }
        w.len(self.sinks.len());
        for sink in &self.sinks {
            w.str(&sink.element);
            w.u64(sink.mark.0);
            w.len(sink.waiting.len());
            for output in &sink.waiting {
                w.u64(output.epoch.0);
                w.u64(output.first.0);
                w.batch(&output.batch);
            }
        }
        w.into_bytes()
    }

    /// What [`Self::encode`] wrote.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        let version = r.u8()?;
        if version != VERSION {
            return Err(DecodeError::UnknownVersion {
                what: "snapshot",
                version: u64::from(version),
                newest: u64::from(VERSION),
            });
        }
        let time = Time(r.i64()?);
        let text = r.text()?;
        let state = r.bytes()?.to_vec();
        let sources =
            (0..r.len_of(3)?).map(|_| SavedSource::decode(&mut r)).collect::<Result<_, _>>()?;
        let sinks =
            (0..r.len_of(10)?).map(|_| SavedSink::decode(&mut r)).collect::<Result<_, _>>()?;
        r.finish()?;
        Ok(Self { time, text, state, sources, sinks })
    }
}

impl SavedSource {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let element = r.text()?;
        let position = if r.bool()? { Some(r.bytes()?.to_vec()) } else { None };
        let keys = (0..r.len_of(1)?).map(|_| r.text()).collect::<Result<_, _>>()?;
        Ok(Self { element, position, keys })
    }
}

impl SavedSink {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let element = r.text()?;
        let mark = OutputNo(r.u64()?);
        let waiting = (0..r.len_of(17)?)
            .map(|_| {
                Ok(Output { epoch: Epoch(r.u64()?), first: OutputNo(r.u64()?), batch: r.batch()? })
            })
            .collect::<Result<_, DecodeError>>()?;
        Ok(Self { element, mark, waiting })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_event::{Attribute, BatchBuilder, DataType, Value};

    fn saved() -> Saved {
        let mut rows =
            BatchBuilder::new(&[Attribute { name: "n".into(), data_type: DataType::Int }]);
        rows.push_row(5, [Value::Int(7)]);
        let output = Output { epoch: Epoch(2), first: OutputNo(9), batch: rows.finish() };
        Saved {
            time: Time(77),
            text: "define stream In (n int);".into(),
            state: vec![1, 2, 3],
            sources: vec![SavedSource {
                element: "In.1".into(),
                position: Some(vec![0, 9]),
                keys: vec!["a".into(), "b".into()],
            }],
            sinks: vec![SavedSink {
                element: "Out.1".into(),
                mark: OutputNo(8),
                waiting: vec![output],
            }],
        }
    }

    #[test]
    fn a_snapshot_comes_back() {
        assert_eq!(Saved::decode(&saved().encode()), Ok(saved()));
    }

    #[test]
    fn a_cut_or_newer_snapshot_is_refused() {
        let whole = saved().encode();
        for at in 0..whole.len() {
            assert!(Saved::decode(&whole[..at]).is_err(), "cut at {at}");
        }
        let mut newer = whole;
        newer[0] = 9;
        assert!(matches!(Saved::decode(&newer), Err(DecodeError::UnknownVersion { .. })));
    }
}
