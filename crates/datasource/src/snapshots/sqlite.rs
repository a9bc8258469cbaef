//! Snapshots in a SQLite file: a row a piece, a row for the fence.

use std::path::{Path, PathBuf};

use rusqlite::{OptionalExtension, Row, Transaction, params};
use weir_codec::{DecodeError, EntryId, Snapshot, SnapshotAssembly};
use weir_event::Epoch;

use super::place::{SnapshotPlace, SnapshotRow, Snapshots};
use crate::door::{DatabaseOptions, StoreError};
use crate::sqlite::{Sqlite, Stopped, epoch_of, seq_of, stored};

/// How many pieces a transaction removes at most.
const REMOVE_PIECES: i64 = 16;

/// Snapshots in a SQLite file.
#[derive(Debug)]
pub(crate) struct SqliteSnapshots {
    sqlite: Sqlite,
    file: PathBuf,
    options: DatabaseOptions,
    place: SnapshotPlace,
}

/// All rows of one save, whole or not.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Save {
    row: SnapshotRow,
    is_whole: bool,
}

impl SqliteSnapshots {
    pub(crate) fn open(
        file: &Path,
        place: &SnapshotPlace,
        options: DatabaseOptions,
    ) -> Result<Self, StoreError> {
        place.check()?;
        let sqlite = Sqlite::open(file, options)?;
        let table = &place.table;
        sqlite.batch(&format!(
            "CREATE TABLE IF NOT EXISTS {table} (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                siddhiAppName TEXT NOT NULL,
                revision TEXT NOT NULL,
                epoch INTEGER NOT NULL,
                seq INTEGER NOT NULL,
                piece INTEGER NOT NULL,
                pieces INTEGER NOT NULL,
                snapshot BLOB NOT NULL,
                UNIQUE (siddhiAppName, revision, piece)
            );
            CREATE TABLE IF NOT EXISTS {table}_FENCE (
                scope TEXT NOT NULL PRIMARY KEY,
                epoch INTEGER NOT NULL
            );"
        ))?;
        Ok(Self { sqlite, file: file.to_owned(), options, place: place.clone() })
    }

    /// Runs `work` in a transaction that finds no epoch above `under` at the fence.
    fn fenced<T>(
        &mut self,
        under: Epoch,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Stopped>,
    ) -> Result<T, StoreError> {
        let SnapshotPlace { table, scope } = &self.place;
        let fence = format!("SELECT epoch FROM {table}_FENCE WHERE scope = ?");
        self.sqlite.transact(|transaction| {
            let mut fence = transaction.prepare_cached(&fence)?;
            let found: Option<i64> = fence.query_row([scope], |row| row.get(0)).optional()?;
            let found = epoch_of(found.unwrap_or_default());
            if found > under {
                return Err(StoreError::Fenced { ours: under, found }.into());
            }
            work(transaction)
        })
    }

    fn saves(&self, condition: &str, app: &str) -> Result<Vec<Save>, StoreError> {
        let table = &self.place.table;
        let text = format!(
            "SELECT siddhiAppName, revision, max(epoch), max(seq), max(piece = pieces - 1)
             FROM {table} WHERE {condition} GROUP BY siddhiAppName, revision
             ORDER BY max(epoch) DESC, max(seq) DESC, max(id) DESC"
        );
        let save = |row: &Row<'_>| {
            let (epoch, seq) = (epoch_of(row.get(2)?), seq_of(row.get(3)?));
            let at = EntryId { epoch, seq };
            let row_of = SnapshotRow { app: row.get(0)?, revision: row.get(1)?, at };
            Ok(Save { row: row_of, is_whole: row.get(4)? })
        };
        self.sqlite.read(&text, params![app], save)
    }

    fn saves_of(&self, app: &str) -> Result<Vec<Save>, StoreError> {
        self.saves("siddhiAppName = ?", app)
    }

    fn write_piece(
        &mut self,
        under: Epoch,
        snapshot: &Snapshot,
        number: u32,
        piece: &[u8],
    ) -> Result<(), StoreError> {
        let (epoch, seq) = (stored(snapshot.at.epoch.0)?, stored(snapshot.at.seq.0)?);
        let table = self.place.table.clone();
        let (app, revision) = (snapshot.app.as_str(), snapshot.revision.as_str());
        let pieces = snapshot.piece_count();
        self.fenced(under, |transaction| {
            let insert = format!(
                "INSERT INTO {table}
                 (siddhiAppName, revision, epoch, seq, piece, pieces, snapshot)
                 VALUES (?, ?, ?, ?, ?, ?, ?)"
            );
            let values = params![app, revision, epoch, seq, number, pieces, piece];
            transaction.prepare_cached(&insert)?.execute(values)?;
            Ok(())
        })
    }

    /// Reads the pieces over a connection that has none of them in its cache.
    fn check_saved(&self, snapshot: &Snapshot) -> Result<(), StoreError> {
        let other = Self::open(&self.file, &self.place, self.options)?;
        let mut written = snapshot.pieces();
        let mut all_same = true;
        let mut compare = |piece: &[u8]| {
            all_same &= written.next().as_deref() == Some(piece);
            Ok(())
        };
        let count = other.each_piece(&snapshot.app, &snapshot.revision, &mut compare)?;
        if all_same && count == snapshot.piece_count() {
            return Ok(());
        }
        let why = format!("revision `{}` is not as it was written", snapshot.revision);
        Err(StoreError::Damaged { database: self.sqlite.name().to_owned(), why })
    }

    /// Gives the pieces of a whole snapshot to `take`, one at a time, and answers how many.
    fn each_piece(
        &self,
        app: &str,
        revision: &str,
        take: &mut dyn FnMut(&[u8]) -> Result<(), StoreError>,
    ) -> Result<u32, StoreError> {
        let text = format!(
            "SELECT snapshot FROM {} WHERE siddhiAppName = ? AND revision = ? AND piece = ?",
            self.place.table
        );
        for number in 0.. {
            let read = |row: &Row<'_>| row.get::<_, Vec<u8>>(0);
            match self.sqlite.read(&text, params![app, revision, number], read)?.pop() {
                Some(piece) => take(&piece)?,
                None => return Ok(number),
            }
        }
        Ok(u32::MAX)
    }

    /// Removes a save, its last piece first, so that it no longer counts from then on.
    fn remove(&mut self, under: Epoch, row: &SnapshotRow) -> Result<(), StoreError> {
        let table = self.place.table.clone();
        let text = format!(
            "DELETE FROM {table} WHERE id IN (
                SELECT id FROM {table} WHERE siddhiAppName = ? AND revision = ?
                ORDER BY piece DESC LIMIT ?)"
        );
        loop {
            let removed = self.fenced(under, |transaction| {
                let values = params![row.app, row.revision, REMOVE_PIECES];
                Ok(transaction.prepare_cached(&text)?.execute(values)?)
            })?;
            if (removed as i64) < REMOVE_PIECES {
                return Ok(());
            }
        }
    }
}

impl Snapshots for SqliteSnapshots {
    fn raise_fence(&mut self, epoch: Epoch) -> Result<(), StoreError> {
        let SnapshotPlace { table, scope } = self.place.clone();
        let stored = stored(epoch.0)?;
        self.fenced(epoch, |transaction| {
            let text = format!(
                "INSERT INTO {table}_FENCE (scope, epoch) VALUES (?, ?)
                 ON CONFLICT (scope) DO UPDATE SET epoch = excluded.epoch"
            );
            transaction.execute(&text, params![scope, stored])?;
            Ok(())
        })
    }

    fn save(&mut self, under: Epoch, snapshot: &Snapshot) -> Result<(), StoreError> {
        let same = |save: &Save| save.row.revision == snapshot.revision;
        if let Some(earlier) = self.saves_of(&snapshot.app)?.into_iter().find(same) {
            if earlier.is_whole && earlier.row.at == snapshot.at {
                return self.check_saved(snapshot);
            }
            if earlier.is_whole {
                let why = format!("revision `{}` is there, at another entry", snapshot.revision);
                return Err(StoreError::Conflict { why });
            }
            self.remove(under, &earlier.row)?;
        }
        for (number, piece) in (0..).zip(snapshot.pieces()) {
            self.write_piece(under, snapshot, number, &piece)?;
        }
        self.check_saved(snapshot)
    }

    fn last(&mut self, app: &str) -> Result<Option<SnapshotRow>, StoreError> {
        Ok(self.revisions(app)?.into_iter().next())
    }

    fn revisions(&mut self, app: &str) -> Result<Vec<SnapshotRow>, StoreError> {
        let saves = self.saves_of(app)?.into_iter();
        Ok(saves.filter(|save| save.is_whole).map(|save| save.row).collect())
    }

    fn last_of_all(&mut self) -> Result<Vec<SnapshotRow>, StoreError> {
        let mut last: Vec<SnapshotRow> = Vec::new();
        for save in self.saves("?1 = ?1", "")?.into_iter().filter(|save| save.is_whole) {
            if last.iter().all(|row| row.app != save.row.app) {
                last.push(save.row);
            }
        }
        last.sort_by(|a, b| a.app.cmp(&b.app));
        Ok(last)
    }

    fn load(&mut self, app: &str, revision: &str) -> Result<Snapshot, StoreError> {
        let whole = self.revisions(app)?.into_iter().any(|row| row.revision == revision);
        let (app, revision) = (app.to_owned(), revision.to_owned());
        if !whole {
            return Err(StoreError::NoRevision { app, revision });
        }
        let unreadable = |source| StoreError::Unreadable {
            app: app.clone(),
            revision: revision.clone(),
            source,
        };
        let mut assembly = SnapshotAssembly::new();
        let mut take = |piece: &[u8]| assembly.push(piece).map_err(unreadable);
        self.each_piece(&app, &revision, &mut take)?;
        let snapshot = assembly.finish().map_err(unreadable)?;
        if snapshot.app != app || snapshot.revision != revision {
            let why = "it is the content of another revision";
            return Err(unreadable(DecodeError::Malformed { what: "snapshot", why }));
        }
        Ok(snapshot)
    }

    fn keep_newest(&mut self, under: Epoch, app: &str, keep: usize) -> Result<usize, StoreError> {
        let saves = self.saves_of(app)?;
        let Some(newest) = saves.iter().position(|save| save.is_whole) else { return Ok(0) };
        let mut kept = 0;
        let mut removed = 0;
        // Before the newest whole one may stand a save that is under way.
        for save in saves.iter().skip(newest) {
            if save.is_whole && kept < keep.max(1) {
                kept += 1;
            } else {
                self.remove(under, &save.row)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    fn clear(&mut self, under: Epoch, app: &str) -> Result<(), StoreError> {
        for save in self.saves_of(app)? {
            self.remove(under, &save.row)?;
        }
        Ok(())
    }
}
