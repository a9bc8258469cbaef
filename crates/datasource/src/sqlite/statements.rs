//! Statements of the user's own tables, on SQLite.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::connection::{Sqlite, Stopped, epoch_of, stored};
use super::fault::store_error;
use crate::door::{
    Once, QUERY_ROWS_MAX, Rows, Sql, Statement, StoreError, WriteMark, bound, value_of,
};

/// The number of the last write of each store, beside the user's tables.
const MARKS: &str = "
    CREATE TABLE IF NOT EXISTS WEIR_WRITE_MARK (
        app TEXT NOT NULL,
        store TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        number INTEGER NOT NULL,
        PRIMARY KEY (app, store)
    )";

const MARK: &str = "SELECT epoch, number FROM WEIR_WRITE_MARK WHERE app = ? AND store = ?";

const NEXT_MARK: &str = "
    INSERT INTO WEIR_WRITE_MARK (app, store, epoch, number) VALUES (?, ?, ?, ?)
    ON CONFLICT (app, store) DO UPDATE SET epoch = excluded.epoch, number = excluded.number";

fn execute(connection: &Connection, statement: &Statement) -> Result<u64, Stopped> {
    let values = statement.values.iter().map(bound).collect::<Result<Vec<_>, _>>()?;
    let mut prepared = connection.prepare_cached(&statement.text)?;
    Ok(prepared.execute(rusqlite::params_from_iter(values))? as u64)
}

fn run_all(
    transaction: &Transaction<'_>,
    statements: &[Statement],
    name: &str,
) -> Result<Vec<u64>, Stopped> {
    let mut changed = Vec::with_capacity(statements.len());
    for statement in statements {
        changed.push(execute(transaction, statement).map_err(|stopped| match stopped {
            Stopped::ByDatabase(error) => {
                Stopped::ByUs(store_error(&error, "write", name, &statement.text))
            }
            Stopped::ByUs(error) => Stopped::ByUs(error),
        })?);
    }
    Ok(changed)
}

impl Sqlite {
    fn told(&self, stopped: Stopped, doing: &'static str, statement: &str) -> StoreError {
        match stopped {
            Stopped::ByDatabase(error) => store_error(&error, doing, self.name(), statement),
            Stopped::ByUs(error) => error,
        }
    }
}

impl Sql for Sqlite {
    fn execute(&mut self, statement: &Statement) -> Result<u64, StoreError> {
        execute(&self.connection, statement)
            .map_err(|stopped| self.told(stopped, "write", &statement.text))
    }

    fn execute_all(&mut self, statements: &[Statement]) -> Result<Vec<u64>, StoreError> {
        let name = self.name().to_owned();
        self.transact(|transaction| run_all(transaction, statements, &name))
    }

    fn execute_once(
        &mut self,
        mark: &WriteMark,
        statements: &[Statement],
    ) -> Result<Once, StoreError> {
        let (epoch, number) = (stored(mark.epoch.0)?, stored(mark.number.0)?);
        let name = self.name().to_owned();
        self.transact(|transaction| {
            transaction.execute_batch(MARKS)?;
            let found: Option<(i64, i64)> = transaction
                .prepare_cached(MARK)?
                .query_row(params![mark.app, mark.store], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            if let Some((found, done)) = found {
                if found > epoch {
                    let (ours, found) = (mark.epoch, epoch_of(found));
                    return Err(StoreError::Fenced { ours, found }.into());
                }
                if done >= number {
                    // From the first replayed write on, the node before writes no more.
                    let values = params![mark.app, mark.store, epoch, done];
                    transaction.prepare_cached(NEXT_MARK)?.execute(values)?;
                    return Ok(Once::Before);
                }
            }
            let changed = run_all(transaction, statements, &name)?;
            let values = params![mark.app, mark.store, epoch, number];
            transaction.prepare_cached(NEXT_MARK)?.execute(values)?;
            Ok(Once::Done(changed))
        })
    }

    fn query(&mut self, statement: &Statement) -> Result<Rows, StoreError> {
        query(&self.connection, statement)
            .map_err(|stopped| self.told(stopped, "read", &statement.text))
    }
}

fn query(connection: &Connection, statement: &Statement) -> Result<Rows, Stopped> {
    let values = statement.values.iter().map(bound).collect::<Result<Vec<_>, _>>()?;
    let mut prepared = connection.prepare_cached(&statement.text)?;
    let columns: Vec<_> = prepared.column_names().map(str::to_owned).collect();
    let mut found = prepared.query(rusqlite::params_from_iter(values))?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        if rows.len() == QUERY_ROWS_MAX {
            let why = format!("it finds more than {QUERY_ROWS_MAX} rows");
            return Err(StoreError::Statement { statement: statement.text.clone(), why }.into());
        }
        let values = (0..columns.len()).map(|i| row.get_ref(i).map(value_of));
        rows.push(values.collect::<Result<_, _>>()?);
    }
    Ok(Rows { columns, rows })
}
