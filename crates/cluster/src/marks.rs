//! How far each sink has confirmed its outputs.

use std::collections::BTreeMap;

use weir_event::OutputNo;

/// A sink of an app, as outputs are numbered by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SinkId {
    pub app: String,
    /// The sink's place in the app's text.
    pub sink: u32,
}

/// Delivered marks: of each sink, the highest output number at or below which all is confirmed
/// or given up by its `on.error`. A sink that is absent has confirmed nothing.
pub type Marks = BTreeMap<SinkId, OutputNo>;
