//! What operators write to a snapshot, and how it is read back.
//!
//! Every operator's state starts with its version; a shape that has shipped is never changed, the
//! next one gets the next version and `load` lifts the older ones.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::RowStore;

/// Reads the version a state starts with; it must be one this build knows.
pub fn version(r: &mut Reader<'_>, newest: u8) -> Result<u8, DecodeError> {
    let version = r.u8()?;
    if version == 0 || version > newest {
        return Err(DecodeError::UnknownVersion {
            what: "operator state",
            version: u64::from(version),
            newest: u64::from(newest),
        });
    }
    Ok(version)
}

/// Writes rows of a store, in this order.
pub fn write_rows(w: &mut Writer, store: &RowStore, rows: impl ExactSizeIterator<Item = u32>) {
    w.len(rows.len());
    for row in rows {
        w.i64(store.timestamp(row));
        w.values(&store.row(row));
    }
}

/// Puts the rows that [`write_rows`] wrote into `store`; their new numbers, in order.
pub fn read_rows(r: &mut Reader<'_>, store: &mut RowStore) -> Result<Vec<u32>, DecodeError> {
    let mut rows = Vec::new();
    for _ in 0..r.len()? {
        let timestamp = r.i64()?;
        let values = r.values()?;
        rows.push(store.insert_row(timestamp, values));
    }
    Ok(rows)
}
