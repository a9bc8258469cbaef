//! Many chunks for queries that use tables by key: computed together, looked up one by one.

use weir_expr::Fault;
use weir_plan::{Origin, StreamId};

use crate::app::{App, Receiver};
use crate::outputs::Outputs;
use crate::query::{Delivery, Part};
use crate::together::{Together, uses_table_by_key};

impl App {
    /// Whether a delivery goes through [`Self::publish_beside_tables`].
    pub(crate) fn goes_beside_tables(&self, stream: StreamId, delivery: &Delivery<'_>) -> bool {
        self.together[stream.index()] == Together::BesideTables
            && delivery.chunks.len() > 1
            && delivery.kinds.is_none()
            && self.is_regular(stream, delivery.batch)
    }

    /// Hands chunks to all receivers of a stream; the answer is that of one chunk after the other.
    ///
    /// # Errors
    ///
    /// An event could not be computed.
    pub(crate) fn publish_beside_tables(
        &mut self,
        stream: StreamId,
        delivery: &Delivery<'_>,
        out: &mut dyn Outputs,
    ) -> Result<(), Fault> {
        let mut parts = Vec::new();
        for at in 0..self.receivers[stream.index()].len() {
            let receiver = self.receivers[stream.index()][at];
            let part = match receiver {
                Receiver::Query(query, port) if uses_table_by_key(self, query, port) => {
                    let query = query as usize;
                    let it = &self.queries[query];
                    it.part(query, port, delivery, &self.tables, &self.random)?
                }
                Receiver::Query(..)
                | Receiver::Partition(_)
                | Receiver::Aggregation(_)
                | Receiver::Tap(_) => None,
            };
            match part {
                Some(part) => parts.push(part),
                None => self.hand_to(receiver, Origin::Stream(stream), delivery, out)?,
            }
        }
        let mut refused = Vec::new();
        for chunk in delivery.chunks {
            for part in &mut parts {
                match part {
                    Part::Reads(reader) => reader.take(&self.tables, delivery, *chunk),
                    Part::Writes(writer) => writer.take(&mut self.tables, *chunk, &mut refused),
                }
            }
        }
        self.note_refused(refused, out);
        for part in parts {
            match part {
                Part::Reads(reader) => {
                    let found = reader.finish(&mut self.queries, delivery, &self.random)?;
                    self.emit(found.0, &found.1, out)?;
                }
                Part::Writes(writer) => self.emit_to_taps(writer.query, &writer.selected, out),
            }
        }
        Ok(())
    }
}
