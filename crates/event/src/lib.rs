//! Values, columns, batches, row kinds, ids and time: what every other room speaks in.

mod batch;
mod bitmap;
mod column;
mod ids;
mod java_hash;
mod java_text;
mod packed;
mod store;
mod stored_values;
mod text_table;
mod value;

pub use batch::{Attribute, Batch, BatchBuilder, Chunk, Key, Kind, Schema};
pub use bitmap::Bitmap;
pub use column::{Column, Values};
pub use ids::{Epoch, OutputNo, Seq, Time};
pub use java_hash::{bucket, buckets, java_hash, sort_as_hashed};
pub use java_text::{double_text, float_text};
pub use packed::PackedText;
pub use store::{NO_ROW, RowStore, StoredColumn};
pub use stored_values::{StoredReader, StoredValues};
pub use text_table::TextTable;
pub use value::{DataType, Object, Text, Value};
