//! Snapshots in a database of any kind: a row a piece, a row for the fence, and for large ones a
//! row a part, which snapshots share.

use weir_codec::{DecodeError, EntryId, Snapshot, SnapshotAssembly};
use weir_event::Epoch;

use super::parted::{Parted, parts_table, put_together};
use super::parts::{PARTED_BYTES_MIN, PartList};
use super::place::{SnapshotPlace, SnapshotRow, Snapshots};
use crate::door::{DatabaseOptions, StoreError};
use crate::session::{Cell, Dialect, Link, Session, Wanted, make_missing, transact};

/// How many pieces a transaction removes at most.
const REMOVE_PIECES: i64 = 16;

/// The longest names of apps and of revisions, which have the app's in them: together they fit
/// into a key of each database.
pub(super) const APP_CHARS: u32 = 255;
const REVISION_CHARS: u32 = 380;

const COLUMNS: &str = "siddhiAppName, revision, epoch, seq, piece, pieces, snapshot";

const PART_COLUMNS: &str = "siddhiAppName, part, content";

const HINT: &str = "the original's snapshots cannot be read: name another table in \
                    `state.persistence.config.table`";

/// Snapshots in a database.
pub(crate) struct SqlSnapshots {
    pub(super) session: Box<dyn Session>,
    /// Reads back what was saved.
    reader: Option<Box<dyn Session>>,
    link: Link,
    options: DatabaseOptions,
    pub(super) place: SnapshotPlace,
}

/// All rows of one save, whole or not.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Save {
    row: SnapshotRow,
    is_whole: bool,
}

impl SqlSnapshots {
    pub(crate) fn open(
        link: &Link,
        place: &SnapshotPlace,
        options: DatabaseOptions,
    ) -> Result<Self, StoreError> {
        place.check()?;
        let mut session = link.session(options, options.answer_within())?;
        let (dialect, table, scope) = (session.dialect(), &place.table, &place.scope);
        let (fence, parts) = (format!("{table}_FENCE"), format!("{table}_PART"));
        for (name, columns, made_by) in [
            (table, COLUMNS, pieces_table(dialect, table)),
            (&parts, PART_COLUMNS, parts_table(dialect, &parts)),
            (&fence, "scope, epoch", fence_table(dialect, &fence)),
        ] {
            let wanted = Wanted { name, columns, made_by: &made_by, hint: HINT };
            make_missing(&mut *session, &wanted)?;
        }
        // With a row to hold on to, a save and a raised fence wait for each other.
        let known = format!("SELECT epoch FROM {fence} WHERE scope = ?");
        if session.read(&known, &[scope.into()])?.rows.is_empty() {
            let first = format!("INSERT INTO {fence} (scope, epoch) VALUES (?, 0)");
            match session.write(&first, &[scope.into()]) {
                Ok(_) | Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let (link, place) = (link.clone(), place.clone());
        Ok(Self { session, reader: None, link, options, place })
    }

    /// Runs `work` in a transaction that finds no epoch above `under` at the fence.
    pub(super) fn fenced<T>(
        &mut self,
        under: Epoch,
        work: impl FnOnce(&mut dyn Session) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let SnapshotPlace { table, scope } = &self.place;
        let hold = self.session.dialect().for_update();
        let fence = format!("SELECT epoch FROM {table}_FENCE WHERE scope = ?{hold}");
        transact(&mut *self.session, |session| {
            let rows = session.read(&fence, &[scope.into()])?.rows;
            let found = rows.first().map_or(Epoch(0), |row| row[0].as_epoch());
            if found > under {
                return Err(StoreError::Fenced { ours: under, found });
            }
            work(session)
        })
    }

    fn saves(&mut self, of: Option<&str>) -> Result<Vec<Save>, StoreError> {
        let condition = if of.is_some() { "WHERE siddhiAppName = ?" } else { "" };
        let text = format!(
            "SELECT siddhiAppName, revision, max(epoch), max(seq),
                    max(CASE WHEN piece = pieces - 1 THEN 1 ELSE 0 END)
             FROM {} {condition} GROUP BY siddhiAppName, revision
             ORDER BY max(epoch) DESC, max(seq) DESC, max(id) DESC",
            self.place.table
        );
        let values: Vec<Cell> = of.into_iter().map(Cell::from).collect();
        let save = |row: Vec<Cell>| {
            let text = |at: usize| row[at].as_text().unwrap_or_default().to_owned();
            let at = EntryId { epoch: row[2].as_epoch(), seq: row[3].as_seq() };
            let row_of = SnapshotRow { app: text(0), revision: text(1), at };
            Save { row: row_of, is_whole: row[4].as_int() == Some(1) }
        };
        Ok(self.session.read(&text, &values)?.rows.into_iter().map(save).collect())
    }

    pub(super) fn write_piece(
        &mut self,
        under: Epoch,
        snapshot: &Snapshot,
        number: u32,
        piece: Vec<u8>,
    ) -> Result<(), StoreError> {
        let (insert, values) = self.piece_row(snapshot, number, piece)?;
        self.fenced(under, |session| session.write(&insert, &values).map(drop))
    }

    /// What writes a piece.
    pub(super) fn piece_row(
        &self,
        snapshot: &Snapshot,
        number: u32,
        piece: Vec<u8>,
    ) -> Result<(String, [Cell; 7]), StoreError> {
        let insert =
            format!("INSERT INTO {} ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", self.place.table);
        let values = [
            snapshot.app.as_str().into(),
            snapshot.revision.as_str().into(),
            Cell::number(snapshot.at.epoch.0)?,
            Cell::number(snapshot.at.seq.0)?,
            Cell::Int(i64::from(number)),
            Cell::Int(i64::from(snapshot.piece_count())),
            Cell::Bytes(piece),
        ];
        Ok((insert, values))
    }

    /// Reads the pieces over another connection than they were written over.
    pub(super) fn check_saved(&mut self, snapshot: &Snapshot) -> Result<(), StoreError> {
        let table = self.place.table.clone();
        if self.read_back(|session| is_saved(session, &table, snapshot))? {
            return Ok(());
        }
        let why = format!("revision `{}` is not as it was written", snapshot.revision);
        Err(StoreError::Damaged { database: self.session.name().to_owned(), why })
    }

    /// Runs `read` over another connection than what it reads was written over.
    pub(super) fn read_back(
        &mut self,
        read: impl Fn(&mut dyn Session) -> Result<bool, StoreError>,
    ) -> Result<bool, StoreError> {
        let kept = self.reader.take().map(|mut it| (read(&mut *it), it));
        let (answer, reader) = match kept {
            Some((Ok(answer), reader)) => (answer, reader),
            // The server may have ended a connection that was kept.
            Some((Err(_), _)) | None => {
                let within = self.options.answer_within();
                let mut reader = self.link.session(self.options, within)?;
                (read(&mut *reader)?, reader)
            }
        };
        // To log in to a server takes longer than all else of a small snapshot.
        self.reader = Some(reader).filter(|it| it.dialect() != Dialect::Sqlite);
        Ok(answer)
    }

    /// Removes a save, its last piece first, so that it no longer counts from then on.
    fn remove(&mut self, under: Epoch, row: &SnapshotRow) -> Result<(), StoreError> {
        let of = format!("FROM {} WHERE siddhiAppName = ? AND revision = ?", self.place.table);
        let last = format!("SELECT max(piece) {of}");
        let delete = format!("DELETE {of} AND piece > ?");
        loop {
            let is_empty = self.fenced(under, |session| {
                let names = [Cell::from(&row.app), Cell::from(&row.revision)];
                let rows = session.read(&last, &names)?.rows;
                let last = rows.first().and_then(|row| row[0].as_int()).unwrap_or(-1);
                let [app, revision] = names;
                let keep = last - REMOVE_PIECES;
                session.write(&delete, &[app, revision, Cell::Int(keep)])?;
                Ok(keep < 0)
            })?;
            if is_empty {
                return Ok(());
            }
        }
    }
}

fn pieces_table(dialect: Dialect, table: &str) -> String {
    let (id, bytes, end) = (dialect.counter(), dialect.bytes(), dialect.table_end());
    let (app, revision) = (dialect.key(APP_CHARS), dialect.key(REVISION_CHARS));
    format!(
        "CREATE TABLE {table} (
            id {id},
            siddhiAppName {app} NOT NULL,
            revision {revision} NOT NULL,
            epoch BIGINT NOT NULL,
            seq BIGINT NOT NULL,
            piece INTEGER NOT NULL,
            pieces INTEGER NOT NULL,
            snapshot {bytes} NOT NULL,
            UNIQUE (siddhiAppName, revision, piece)
        ){end}"
    )
}

fn fence_table(dialect: Dialect, table: &str) -> String {
    let (scope, end) = (dialect.key(APP_CHARS), dialect.table_end());
    format!(
        "CREATE TABLE {table} (
            scope {scope} NOT NULL PRIMARY KEY,
            epoch BIGINT NOT NULL
        ){end}"
    )
}

/// Whether the pieces of a snapshot are there as they were written.
fn is_saved(
    session: &mut dyn Session,
    table: &str,
    snapshot: &Snapshot,
) -> Result<bool, StoreError> {
    let mut written = snapshot.pieces();
    let mut all_same = true;
    let mut compare = |piece: &[u8]| {
        all_same &= written.next().as_deref() == Some(piece);
        Ok(())
    };
    let (app, revision) = (snapshot.app.as_str(), snapshot.revision.as_str());
    let count = each_piece(session, table, app, revision, &mut compare)?;
    Ok(all_same && count == snapshot.piece_count())
}

/// What a snapshot holds, as far as its pieces are there and can be read.
pub(super) fn payload(
    session: &mut dyn Session,
    table: &str,
    app: &str,
    revision: &str,
) -> Result<Option<Vec<u8>>, StoreError> {
    let mut assembly = SnapshotAssembly::new();
    let mut all_read = true;
    let mut take = |piece: &[u8]| {
        all_read &= assembly.push(piece).is_ok();
        Ok(())
    };
    each_piece(session, table, app, revision, &mut take)?;
    Ok(if all_read { assembly.finish().ok().map(|it| it.payload) } else { None })
}

/// Gives the pieces of a whole snapshot to `take`, one at a time, and answers how many.
fn each_piece(
    session: &mut dyn Session,
    table: &str,
    app: &str,
    revision: &str,
    take: &mut dyn FnMut(&[u8]) -> Result<(), StoreError>,
) -> Result<u32, StoreError> {
    let text = format!(
        "SELECT snapshot FROM {table} WHERE siddhiAppName = ? AND revision = ? AND piece = ?"
    );
    for number in 0.. {
        let place = [app.into(), revision.into(), Cell::Int(i64::from(number))];
        let Some(mut row) = session.read(&text, &place)?.rows.pop() else { return Ok(number) };
        let Some(Cell::Bytes(piece)) = row.pop() else { return Ok(number) };
        take(&piece)?;
    }
    Ok(u32::MAX)
}

/// Refuses names that would not fit rather than have them cut.
fn fits(snapshot: &Snapshot) -> Result<(), StoreError> {
    for (what, name, chars) in
        [("app", &snapshot.app, APP_CHARS), ("revision", &snapshot.revision, REVISION_CHARS)]
    {
        if name.chars().count() > chars as usize {
            let why = format!("the name of {what} has more than {chars} characters");
            return Err(StoreError::refused(name, why, "give the app a shorter name"));
        }
    }
    Ok(())
}

impl Snapshots for SqlSnapshots {
    fn raise_fence(&mut self, epoch: Epoch) -> Result<(), StoreError> {
        let SnapshotPlace { table, scope } = self.place.clone();
        let raised = Cell::number(epoch.0)?;
        self.fenced(epoch, |session| {
            let text = format!("UPDATE {table}_FENCE SET epoch = ? WHERE scope = ?");
            if session.write(&text, &[raised.clone(), (&scope).into()])? == 0 {
                let text = format!("INSERT INTO {table}_FENCE (epoch, scope) VALUES (?, ?)");
                session.write(&text, &[raised, (&scope).into()])?;
            }
            Ok(())
        })
    }

    fn save(&mut self, under: Epoch, snapshot: &Snapshot) -> Result<(), StoreError> {
        fits(snapshot)?;
        let parted =
            (snapshot.payload.len() > PARTED_BYTES_MIN).then(|| Parted::new(&snapshot.payload));
        let same = |save: &Save| save.row.revision == snapshot.revision;
        if let Some(earlier) = self.saves(Some(&snapshot.app))?.into_iter().find(same) {
            if earlier.is_whole && earlier.row.at == snapshot.at {
                let listed = parted.as_ref().map(|parted| parted.listed(snapshot));
                return self.check_saved(listed.as_ref().unwrap_or(snapshot));
            }
            if earlier.is_whole {
                let why = format!("revision `{}` is there, at another entry", snapshot.revision);
                return Err(StoreError::Conflict { why });
            }
            self.remove(under, &earlier.row)?;
        }
        if let Some(parted) = &parted {
            return self.save_parted(under, snapshot, parted);
        }
        for (number, piece) in (0..).zip(snapshot.pieces()) {
            self.write_piece(under, snapshot, number, piece)?;
        }
        self.check_saved(snapshot)
    }

    fn last(&mut self, app: &str) -> Result<Option<SnapshotRow>, StoreError> {
        Ok(self.revisions(app)?.into_iter().next())
    }

    fn revisions(&mut self, app: &str) -> Result<Vec<SnapshotRow>, StoreError> {
        let saves = self.saves(Some(app))?.into_iter();
        Ok(saves.filter(|save| save.is_whole).map(|save| save.row).collect())
    }

    fn last_of_all(&mut self) -> Result<Vec<SnapshotRow>, StoreError> {
        let mut last: Vec<SnapshotRow> = Vec::new();
        for save in self.saves(None)?.into_iter().filter(|save| save.is_whole) {
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
        each_piece(&mut *self.session, &self.place.table, &app, &revision, &mut take)?;
        let mut snapshot = assembly.finish().map_err(unreadable)?;
        if let Some(list) = PartList::decode(&snapshot.payload).map_err(unreadable)? {
            let (session, table) = (&mut *self.session, &self.place.table);
            snapshot.payload = put_together(session, table, &app, &list)?.map_err(unreadable)?;
        }
        if snapshot.app != app || snapshot.revision != revision {
            let why = "it is the content of another revision";
            return Err(unreadable(DecodeError::Malformed { what: "snapshot", why }));
        }
        Ok(snapshot)
    }

    fn keep_newest(&mut self, under: Epoch, app: &str, keep: usize) -> Result<usize, StoreError> {
        let saves = self.saves(Some(app))?;
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
        if removed > 0 {
            self.remove_unused(under, app)?;
        }
        Ok(removed)
    }

    fn clear(&mut self, under: Epoch, app: &str) -> Result<(), StoreError> {
        for save in self.saves(Some(app))? {
            self.remove(under, &save.row)?;
        }
        self.remove_unused(under, app)
    }
}
