//! A query over a pattern or sequence.

use std::sync::Arc;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Column, Key};
use weir_expr::Fault;
use weir_operators::Cx;
use weir_operators::pattern::{Events, Pattern};
use weir_operators::select::{Selected, Selector};

use super::delivery::{Delivery, Port};
use super::query::Asked;

/// A pattern and which attributes of its streams it keeps.
pub(crate) struct State {
    pattern: Pattern,
    /// By stream: the attributes; `None` when it is all of them.
    columns: Vec<Option<Vec<u16>>>,
}

impl State {
    /// `columns` are the attributes kept of each stream, `widths` how many each has.
    pub(crate) fn new(pattern: Pattern, columns: Vec<Vec<u16>>, widths: &[usize]) -> Self {
        let some = |(columns, width): (Vec<u16>, &usize)| {
            if columns.len() == *width { None } else { Some(columns) }
        };
        Self { pattern, columns: columns.into_iter().zip(widths).map(some).collect() }
    }

    pub(super) fn held_bytes(&self) -> u64 {
        self.pattern.held_bytes()
    }

    /// The app starts, or a key comes into being; the wake-ups asked for because of it.
    pub(super) fn start(&mut self, now: i64, key: Key) -> Vec<(i64, Key, u8)> {
        self.pattern.begin(key, now);
        self.wakes().collect()
    }

    fn wakes(&mut self) -> impl Iterator<Item = (i64, Key, u8)> {
        self.pattern.take_wakes().map(|(due, key)| (due, key, 0))
    }

    pub(super) fn receive(
        &mut self,
        port: Port,
        cx: &Cx<'_>,
        delivery: &Delivery<'_>,
        selector: &mut Selector,
        asked: &mut Asked,
    ) -> Result<Selected, Fault> {
        let Port::Stream(stream) = port else { return Ok(Selected::default()) };
        let stream = usize::from(stream);
        let batch = delivery.batch;
        let picked: Vec<Arc<Column>>;
        let columns = match &self.columns[stream] {
            None => &batch.columns,
            Some(columns) => {
                picked =
                    columns.iter().map(|at| Arc::clone(&batch.columns[*at as usize])).collect();
                &picked
            }
        };
        let events = Events {
            columns,
            timestamps: &batch.timestamps,
            start: delivery.start,
            chunks: delivery.chunks,
        };
        let received = self.pattern.receive(cx, stream, &events);
        asked.wakes.extend(self.wakes());
        received?;
        self.pattern.select(cx, selector)
    }

    pub(super) fn on_timer(
        &mut self,
        cx: &Cx<'_>,
        now: i64,
        selector: &mut Selector,
        asked: &mut Asked,
    ) -> Result<Selected, Fault> {
        self.pattern.on_timer(now);
        asked.wakes.extend(self.wakes());
        self.pattern.select(cx, selector)
    }

    pub(super) fn drop_key(&mut self, key: Key) {
        self.pattern.drop_key(key);
    }

    pub(super) fn save(&self, w: &mut Writer) {
        self.pattern.save(w);
    }

    pub(super) fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.pattern.load(r)
    }
}
