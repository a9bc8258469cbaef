//! A connection to a SQLite file, opened with care.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::fault::store_error;
use crate::door::{DatabaseOptions, StoreError};

/// How often changing a new file to a write-ahead log gives way to another process that does
/// the same; each time it waits its turn first.
const WAL_TRIES: u32 = 20;

/// A connection to a SQLite file.
#[derive(Debug)]
pub(crate) struct Sqlite {
    connection: Connection,
    pub(super) name: String,
    /// The file and what the system knows it by, once it is open.
    place: Option<(PathBuf, Inode)>,
}

/// Device and number of a file.
type Inode = (u64, u64);

fn inode(file: &Path) -> Option<Inode> {
    std::fs::metadata(file).ok().map(|it| (it.dev(), it.ino()))
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
        let mut it = Self { connection, name, place: None };
        it.run("open", doing, |c| c.busy_timeout(options.busy_timeout))?;
        it.use_write_ahead_log()?;
        it.run("open", doing, |c| c.execute_batch("PRAGMA synchronous = FULL"))?;
        if it.run("open", doing, |c| c.is_readonly("main"))? {
            let hint = "let this user write the file and its folder";
            return Err(StoreError::refused(it.name, "it can only be read", hint));
        }
        it.place = inode(file).map(|inode| (file.to_owned(), inode));
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

    pub(super) fn run<T>(
        &self,
        doing: &'static str,
        statement: &str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        self.check_place(doing)?;
        work(&self.connection).map_err(|it| store_error(&it, doing, &self.name, statement))
    }

    /// A file that was moved away stays open here, while other nodes would make a new one in its
    /// place: what is written to it then, nobody reads.
    fn check_place(&self, doing: &'static str) -> Result<(), StoreError> {
        match &self.place {
            Some((file, known)) if inode(file) != Some(*known) => Err(StoreError::RetryLater {
                doing,
                database: self.name.clone(),
                why: "the file was moved or deleted while in use\n\
                      hint: put it back; it is tried again"
                    .to_owned(),
            }),
            Some(_) | None => Ok(()),
        }
    }
}
