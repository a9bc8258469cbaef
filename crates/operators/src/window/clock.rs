//! The attribute from which a window takes the time.

use weir_event::{RowStore, StoredColumn, Value};
use weir_expr::Fault;

/// The attribute from which a window takes the time, by its place in the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    pub(super) column: usize,
}

impl Clock {
    /// The time a row tells.
    ///
    /// # Errors
    ///
    /// The attribute is null, or holds a value that is not a `long`.
    #[inline]
    pub(super) fn time(self, store: &RowStore, row: u32) -> Result<i64, Fault> {
        if let StoredColumn::Long(times) = &store.columns()[self.column]
            && let Some(time) = times.get(row)
        {
            return Ok(*time);
        }
        let value = store.value(row, self.column);
        if let Value::Long(time) = value { Ok(time) } else { Err(not_a_time(&value)) }
    }

    /// The time of a row that told one when it arrived.
    #[inline]
    pub(super) fn known_time(self, store: &RowStore, row: u32) -> i64 {
        self.time(store, row).unwrap_or(i64::MIN)
    }
}

/// A value that tells no time.
pub(super) fn not_a_time(value: &Value) -> Fault {
    if value.is_null() {
        Fault::null("the attribute that tells a window the time")
    } else {
        Fault::wrong_type(value, "long")
    }
}
