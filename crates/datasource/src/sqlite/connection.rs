//! A connection to a SQLite file: opened with care, transactions that wait their turn.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, Row, ToSql, Transaction, TransactionBehavior};
use weir_event::{Epoch, Seq};

use super::fault::store_error;
use crate::door::{DatabaseOptions, StoreError};

/// How often changing a new file to a write-ahead log gives way to another process that does
/// the same; each time it waits its turn first.
const WAL_TRIES: u32 = 20;

/// A connection to a SQLite file.
#[derive(Debug)]
pub(crate) struct Sqlite {
    pub(super) connection: Connection,
    name: String,
}

impl Sqlite {
    /// Opens the file, or makes it; with a write-ahead log, and every commit synced.
    pub(crate) fn open(file: &Path, options: DatabaseOptions) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Self::open_as(file, options, flags)
    }

    pub(crate) fn open_as(
        file: &Path,
        options: DatabaseOptions,
        flags: OpenFlags,
    ) -> Result<Self, StoreError> {
        let name = file.display().to_string();
        let doing = "open";
        let connection = Connection::open_with_flags(file, flags)
            .map_err(|error| store_error(&error, doing, &name, doing))?;
        let it = Self { connection, name };
        it.run("open", doing, |c| c.busy_timeout(options.busy_timeout))?;
        it.use_write_ahead_log()?;
        it.run("open", doing, |c| c.execute_batch("PRAGMA synchronous = FULL"))?;
        if it.run("open", doing, |c| c.is_readonly("main"))? {
            let hint = "let this user write the file and its folder";
            return Err(StoreError::refused(it.name, "it can only be read", hint));
        }
        Ok(it)
    }

    fn use_write_ahead_log(&self) -> Result<(), StoreError> {
        let text = "PRAGMA journal_mode = WAL";
        let change =
            || self.run("open", text, |c| c.query_row(text, [], |row| row.get::<_, String>(0)));
        let mut changed = change();
        for _ in 0..WAL_TRIES {
            let Err(StoreError::RetryLater { .. }) = changed else { break };
            // Unlike this change, a transaction waits until the other process is done.
            self.run("open", "BEGIN IMMEDIATE", |c| c.execute_batch("BEGIN IMMEDIATE; COMMIT"))?;
            changed = change();
        }
        if changed?.eq_ignore_ascii_case("wal") {
            return Ok(());
        }
        let why = "its file system does not carry a write-ahead log";
        Err(StoreError::refused(&self.name, why, "put it on a local disk"))
    }

    /// The file, for messages.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    fn run<T>(
        &self,
        doing: &'static str,
        statement: &str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        work(&self.connection).map_err(|it| store_error(&it, doing, &self.name, statement))
    }

    /// Runs statements without values, such as those that make tables.
    pub(crate) fn batch(&self, text: &str) -> Result<(), StoreError> {
        self.run("write", text, |c| c.execute_batch(text))
    }

    /// Runs one statement, a transaction of its own; answers how many rows it changed.
    pub(crate) fn write(&self, text: &str, values: &[&dyn ToSql]) -> Result<usize, StoreError> {
        self.run("write", text, |c| c.prepare_cached(text)?.execute(values))
    }

    /// The rows of a query, each as `row` reads it.
    pub(crate) fn read<T>(
        &self,
        text: &str,
        values: &[&dyn ToSql],
        mut row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.run("read", text, |c| {
            let mut prepared = c.prepare_cached(text)?;
            let rows = prepared.query_map(values, &mut row)?;
            rows.collect()
        })
    }

    /// Runs `work` in a transaction that has the right to write from its start: what it reads
    /// holds until it commits. It commits only when `work` succeeds.
    pub(crate) fn transact<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Stopped>,
    ) -> Result<T, StoreError> {
        let name = self.name.clone();
        let failed = |it: &rusqlite::Error| store_error(it, "write", &name, "a transaction");
        let begun = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let transaction = begun.map_err(|it| failed(&it))?;
        let done = work(&transaction).map_err(|stopped| match stopped {
            Stopped::ByDatabase(error) => failed(&error),
            Stopped::ByUs(error) => error,
        })?;
        transaction.commit().map_err(|it| failed(&it))?;
        Ok(done)
    }
}

/// Why a transaction was given up.
#[derive(Debug)]
pub(crate) enum Stopped {
    ByDatabase(rusqlite::Error),
    ByUs(StoreError),
}

impl From<rusqlite::Error> for Stopped {
    fn from(error: rusqlite::Error) -> Self {
        Self::ByDatabase(error)
    }
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::ByUs(error)
    }
}

/// A number as SQLite stores it: epochs and places stay below 2^63.
pub(crate) fn stored(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| {
        let hint = "such a number comes from a damaged log: look at the messages before this one";
        StoreError::refused(number, "it is above 2^63", hint)
    })
}

/// An epoch as stored; one that makes no sense counts as none.
pub(crate) fn epoch_of(number: i64) -> Epoch {
    Epoch(u64::try_from(number).unwrap_or_default())
}

/// A place in the log as stored; one that makes no sense counts as none.
pub(crate) fn seq_of(number: i64) -> Seq {
    Seq(u64::try_from(number).unwrap_or_default())
}
