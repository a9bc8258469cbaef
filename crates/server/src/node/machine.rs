//! The engine as the node sees it: one thin door, so that its details can change behind it.

use std::sync::Arc;

use weir_codec::EntryId;
use weir_connectors::Annotation;
use weir_engine::Level;
use weir_event::{Batch, Epoch, OutputNo, Schema, Seq, Text, Time};
use weir_plan::StatisticsPlan;

use super::answers::Answers;
use super::request::QueryAnswer;

/// A `@source` or `@sink` of an app.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Port {
    /// Its name within the app, the same for each deploy of the same text.
    pub(crate) element: Text,
    /// The stream it fills or drains.
    pub(crate) stream: Text,
    /// The stream's attributes.
    pub(crate) schema: Schema,
    /// What the app's text says about it.
    pub(crate) annotation: Annotation,
}

/// What an entry brings to one app.
#[derive(Debug)]
pub(crate) enum Step<'a> {
    /// Events of one receive, which are one chunk, into a stream; those stamped
    /// [`weir_connectors::ENTRY_TIME`] happen now.
    Events { stream: &'a str, batch: &'a Batch },
    /// Time moves on.
    Tick,
}

/// The entry a step comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct At {
    pub(crate) epoch: Epoch,
    pub(crate) seq: Seq,
    pub(crate) time: Time,
}

impl At {
    /// The entry's place in the log.
    pub(crate) fn id(self) -> EntryId {
        EntryId { epoch: self.epoch, seq: self.seq }
    }
}

/// Rows that leave through a sink, numbered one by one from `first`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Output {
    /// The epoch of the entry they come from.
    pub(crate) epoch: Epoch,
    /// The number of the first row.
    pub(crate) first: OutputNo,
    /// The rows, one chunk.
    pub(crate) batch: Batch,
}

impl Output {
    /// The number of the last row.
    pub(crate) fn last(&self) -> OutputNo {
        OutputNo(self.first.0 + (self.batch.len() as u64).saturating_sub(1))
    }

    /// What of it has numbers above `mark`.
    pub(crate) fn above(self, mark: OutputNo) -> Option<Self> {
        if self.first > mark {
            return Some(self);
        }
        if self.last() <= mark {
            return None;
        }
        let skipped = mark.0 + 1 - self.first.0;
        let rows: Vec<u32> = (skipped..self.batch.len() as u64)
            .map(|row| u32::try_from(row).expect("a batch has fewer rows than 2^32"))
            .collect();
        Some(Self { first: OutputNo(mark.0 + 1), batch: self.batch.gather(&rows), ..self })
    }
}

/// Takes what an app sends out.
pub(crate) trait Outputs {
    /// Rows for the sink at this place of [`Machine::sinks`].
    fn sink(&mut self, sink: usize, output: Output);
    /// A line for the log.
    fn line(&mut self, level: Level, line: &str);
}

/// One app as a deterministic machine: the same entries give the same state and outputs.
pub(crate) trait Machine: Send {
    /// The app's name.
    fn name(&self) -> &str;
    /// Its sources, in the order of the text.
    fn sources(&self) -> &[Port];
    /// Its sinks, in the order of the text.
    fn sinks(&self) -> &[Port];
    /// Executes one entry.
    fn apply(&mut self, at: At, step: Step<'_>, out: &mut dyn Outputs);
    /// Executes an on-demand query: what it answers, or why it cannot.
    fn query(&mut self, _at: At, _text: &str, _out: &mut dyn Outputs) -> QueryAnswer {
        Err("this app takes no on-demand queries".to_owned())
    }
    /// Whether an entry of these events may be executed together with others of the stream.
    fn joins(&self, _stream: &str, _events: &Batch) -> bool {
        false
    }
    /// Executes entries of one stream and epoch that [`Self::joins`] allows; the answer is that of
    /// one after the other.
    fn apply_together(&mut self, stream: &str, entries: Vec<(At, Batch)>, out: &mut dyn Outputs) {
        for (at, batch) in &entries {
            self.apply(*at, Step::Events { stream, batch }, out);
        }
    }
    /// Why it may take no more events for now: it holds too much.
    fn too_much(&mut self) -> Option<String> {
        None
    }
    /// About how many bytes of state it holds, as it was looked at last.
    fn held_bytes(&self) -> u64 {
        0
    }
    /// What the stores behind its tables answer, for a machine that has such.
    fn answers(&self) -> Option<&Arc<Answers>> {
        None
    }
    /// What `@app:statistics` asks for.
    fn statistics(&self) -> Option<StatisticsPlan> {
        None
    }
    /// When a tick is needed next.
    fn next_due(&self) -> Option<Time>;
    /// The whole state.
    fn save(&self) -> Vec<u8>;
    /// Puts a saved state in place of the present one; on an error nothing is certain.
    fn load(&mut self, state: &[u8]) -> Result<(), LoadFailure>;
}

/// Why a machine does not take a saved state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LoadFailure {
    /// It is the state of another text of the app.
    #[error("{0}")]
    OtherText(String),
    /// It is damaged, or of a build that this one cannot read.
    #[error("{0}")]
    Unreadable(String),
}

/// Makes a machine of an app's name and text; the error is the rendered list of problems.
pub(crate) type Maker = Arc<dyn Fn(&AppText) -> Result<Box<dyn Machine>, String> + Send + Sync>;

/// The text of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AppText {
    /// Its name.
    pub(crate) name: Text,
    /// The text itself.
    pub(crate) text: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_event::{Attribute, BatchBuilder, DataType, Value};

    fn output(first: u64, values: &[i32]) -> Output {
        let mut rows =
            BatchBuilder::new(&[Attribute { name: "n".into(), data_type: DataType::Int }]);
        for value in values {
            rows.push_row(0, [Value::Int(*value)]);
        }
        Output { epoch: Epoch(1), first: OutputNo(first), batch: rows.finish() }
    }

    #[test]
    fn only_what_is_above_the_mark_is_left() {
        let whole = output(5, &[10, 11, 12]);
        assert_eq!(whole.clone().above(OutputNo(4)), Some(whole.clone()));
        assert_eq!(whole.clone().above(OutputNo(7)), None);
        assert_eq!(whole.above(OutputNo(5)), Some(output(6, &[11, 12])));
    }
}
