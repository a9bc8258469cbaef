//! Statements on a SQLite file.

use rusqlite::types::{Value as Stored, ValueRef};
use rusqlite::{Connection, params_from_iter};

use super::connection::Sqlite;
use crate::door::{QUERY_ROWS_MAX, StoreError};
use crate::session::{Cell, Dialect, Found, Session};

impl Session for Sqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn batch(&mut self, text: &str) -> Result<(), StoreError> {
        self.run("write", text, |c| c.execute_batch(text))
    }

    fn write(&mut self, text: &str, values: &[Cell]) -> Result<u64, StoreError> {
        let values = values.iter().map(stored);
        self.run("write", text, |c| {
            Ok(c.prepare_cached(text)?.execute(params_from_iter(values))? as u64)
        })
    }

    fn read(&mut self, text: &str, values: &[Cell]) -> Result<Found, StoreError> {
        let found = self.run("read", text, |c| query(c, text, values))?;
        if found.rows.len() > QUERY_ROWS_MAX {
            return Err(StoreError::too_many_rows(text));
        }
        Ok(found)
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        // With the right to write from its start: what it reads holds until it commits.
        self.run("write", "BEGIN", |c| c.execute_batch("BEGIN IMMEDIATE"))
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        let committed = self.run("write", "COMMIT", |c| c.execute_batch("COMMIT"));
        if committed.is_err() {
            self.rollback();
        }
        committed
    }

    fn rollback(&mut self) {
        // An error that ended the transaction by itself leaves nothing to roll back.
        drop(self.run("write", "ROLLBACK", |c| c.execute_batch("ROLLBACK")));
    }
}

/// The rows of a query, one more than are allowed at most.
fn query(connection: &Connection, text: &str, values: &[Cell]) -> rusqlite::Result<Found> {
    let mut prepared = connection.prepare_cached(text)?;
    let mut columns: Vec<_> = prepared.column_names().map(str::to_owned).collect();
    let mut found = prepared.query(params_from_iter(values.iter().map(stored)))?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()?
        && rows.len() <= QUERY_ROWS_MAX
    {
        if rows.is_empty() {
            // Running it may have found the table made anew.
            columns = row.as_ref().column_names().map(str::to_owned).collect();
        }
        let cells = (0..columns.len()).map(|i| row.get_ref(i).map(cell_of));
        rows.push(cells.collect::<Result<_, _>>()?);
    }
    Ok(Found { columns, rows })
}

fn stored(cell: &Cell) -> Stored {
    match cell {
        Cell::Null => Stored::Null,
        Cell::Bool(v) => Stored::Integer(i64::from(*v)),
        Cell::Int(v) => Stored::Integer(*v),
        Cell::Real(v) => Stored::Real(*v),
        Cell::Text(v) => Stored::Text(v.clone()),
        Cell::Bytes(v) => Stored::Blob(v.clone()),
    }
}

fn cell_of(stored: ValueRef<'_>) -> Cell {
    match stored {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(v) => Cell::Int(v),
        ValueRef::Real(v) => Cell::Real(v),
        ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
    }
}
