//! Many events of one stream at once: columns, timestamps, and where one chunk ends.

use std::sync::Arc;

use crate::column::Column;
use crate::value::{DataType, Value};

/// A named, typed attribute of a stream, window or table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name, as the user writes it.
    pub name: String,
    /// Its type.
    pub data_type: DataType,
}

/// The attributes of a stream, window or table, in order.
pub type Schema = Arc<[Attribute]>;

/// Events of one stream as columns, in order of arrival.
///
/// Columns and timestamps are shared, so that a query which passes them on copies nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Batch {
    /// When each event happened, in epoch milliseconds. Its length is the number of rows.
    pub timestamps: Arc<Vec<i64>>,
    /// One column an attribute. Invariant: each as long as `timestamps`.
    pub columns: Vec<Arc<Column>>,
}

impl Batch {
    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.timestamps.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.timestamps.is_empty()
    }

    /// The values of one row, in order of attributes.
    #[must_use]
    pub fn row(&self, row: usize) -> Vec<Value> {
        self.columns.iter().map(|column| column.value(row)).collect()
    }

    /// The rows of a range; shared where that is all of them.
    #[must_use]
    pub fn part(&self, range: std::ops::Range<usize>) -> Self {
        if range == (0..self.len()) {
            return self.clone();
        }
        let rows: Vec<u32> = range.map(|row| row as u32).collect();
        self.gather(&rows)
    }

    /// The rows named by `rows`, in that order.
    #[must_use]
    pub fn gather(&self, rows: &[u32]) -> Self {
        Self {
            timestamps: Arc::new(rows.iter().map(|row| self.timestamps[*row as usize]).collect()),
            columns: self.columns.iter().map(|it| Arc::new(it.gather(rows))).collect(),
        }
    }
}

/// A batch being filled, row by row or batch by batch.
#[derive(Debug, Clone)]
pub struct BatchBuilder {
    timestamps: Vec<i64>,
    columns: Vec<Column>,
}

impl BatchBuilder {
    /// An empty batch of these attributes.
    #[must_use]
    pub fn new(schema: &[Attribute]) -> Self {
        Self::with_capacity(schema, 0)
    }

    /// An empty batch of these attributes with room for `rows`.
    #[must_use]
    pub fn with_capacity(schema: &[Attribute], rows: usize) -> Self {
        Self {
            timestamps: Vec::with_capacity(rows),
            columns: schema
                .iter()
                .map(|attribute| Column::with_capacity(attribute.data_type, rows))
                .collect(),
        }
    }

    /// The number of rows so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.timestamps.len()
    }

    /// Whether there are no rows yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.timestamps.is_empty()
    }

    /// Adds one event; missing values are null, surplus ones are left out.
    pub fn push_row(&mut self, timestamp: i64, row: impl IntoIterator<Item = Value>) {
        let mut values = row.into_iter();
        for column in &mut self.columns {
            column.push(values.next().unwrap_or_default());
        }
        self.timestamps.push(timestamp);
    }

    /// Adds all rows of a batch of the same attributes.
    pub fn extend(&mut self, batch: &Batch) {
        self.extend_rows(batch, 0..batch.len());
    }

    /// Adds rows of a batch of the same attributes.
    pub fn extend_rows(&mut self, batch: &Batch, rows: std::ops::Range<usize>) {
        self.timestamps.extend_from_slice(&batch.timestamps[rows.clone()]);
        for (column, from) in self.columns.iter_mut().zip(&batch.columns) {
            column.extend_rows(from, rows.clone());
        }
    }

    /// The batch, done.
    #[must_use]
    pub fn finish(self) -> Batch {
        Batch {
            timestamps: Arc::new(self.timestamps),
            columns: self.columns.into_iter().map(Arc::new).collect(),
        }
    }
}

/// What an event in a chunk is to the operator that receives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// It arrived.
    Current,
    /// It left a window.
    Expired,
    /// The clock moved; never reaches the user.
    Timer,
    /// Aggregators start again.
    Reset,
}

/// The number of a partition key within its partition; 0 outside partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Key(pub u32);

/// The end of one chunk in a run of rows, and what holds for its rows alone.
///
/// What one send (or one flush of a window) delivers is one chunk, and its boundaries are
/// observable: a selector with aggregates gives one row a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk {
    /// The row after the chunk's last; the chunk starts where the one before ends.
    pub end: u32,
    /// The app's clock while the chunk is processed.
    pub now: i64,
    /// The partition key its rows belong to.
    pub key: Key,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_built_batch_gives_its_rows_back() {
        let schema = [
            Attribute { name: "symbol".into(), data_type: DataType::String },
            Attribute { name: "volume".into(), data_type: DataType::Int },
        ];
        let mut builder = BatchBuilder::new(&schema);
        builder.push_row(5, ["IBM".into(), 10.into()]);
        builder.push_row(6, ["WSO2".into()]);
        let mut twice = BatchBuilder::new(&schema);
        let batch = builder.finish();
        twice.extend(&batch);
        twice.extend(&batch.gather(&[1]));
        let twice = twice.finish();
        assert_eq!(*twice.timestamps, [5, 6, 6]);
        assert_eq!(twice.row(0), [Value::text("IBM"), Value::Int(10)]);
        assert_eq!(twice.row(2), [Value::text("WSO2"), Value::Null]);
    }
}
