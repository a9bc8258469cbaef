//! How far each sink has confirmed its outputs, as the log says: the last word counts.

use std::collections::BTreeMap;

use weir_codec::{DecodeError, RawEntry};
use weir_event::{OutputNo, Seq, Text};

/// A sink of an app, as outputs are numbered by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SinkId {
    pub app: Text,
    pub sink: Text,
}

/// Delivered marks: of each sink, the highest output number at or below which all is confirmed
/// or given up by its `on.error`. A sink that is absent has confirmed nothing.
pub type Marks = BTreeMap<SinkId, OutputNo>;

/// The marks that a log holds: of each sink the last one, and the entry that said it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoggedMarks(BTreeMap<SinkId, (Seq, OutputNo)>);

impl LoggedMarks {
    /// Takes in an entry; those that bring no marks change nothing.
    ///
    /// # Errors
    ///
    /// When the entry cannot be read.
    pub fn note(&mut self, entry: &RawEntry) -> Result<(), DecodeError> {
        for mark in entry.marks()?.unwrap_or_default() {
            let sink = SinkId { app: mark.app, sink: mark.sink };
            self.0.insert(sink, (entry.id.seq, mark.through));
        }
        Ok(())
    }

    /// Each sink with its last mark and the number of the entry that said it.
    pub fn iter(&self) -> impl Iterator<Item = (&SinkId, Seq, OutputNo)> {
        self.0.iter().map(|(sink, (seq, mark))| (sink, *seq, *mark))
    }
}
