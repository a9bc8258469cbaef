//! The parts of large snapshots in a database: written where they are new, and removed when no
//! snapshot of the app has them any more.

use std::collections::{BTreeMap, BTreeSet};

use weir_codec::{DecodeError, Snapshot};
use weir_event::Epoch;

use super::parts::{PartList, PartName, cut};
use super::tables::{APP_CHARS, SqlSnapshots};
use crate::door::StoreError;
use crate::session::{Cell, Dialect, Session};

/// How many bytes of parts a transaction writes, about.
const WRITE_BYTES: usize = 1 << 20;

/// How many names are read or removed at once.
const NAMES_AT_ONCE: usize = 512;

/// The longest name of a part.
const NAME_CHARS: u32 = 64;

/// How often parts are written again that went before the snapshot that has them was there:
/// another node may remove what no snapshot has yet.
const TRIES: usize = 8;

pub(super) fn parts_table(dialect: Dialect, table: &str) -> String {
    let (bytes, end) = (dialect.bytes(), dialect.table_end());
    let (app, name) = (dialect.key(APP_CHARS), dialect.key(NAME_CHARS));
    format!(
        "CREATE TABLE {table} (
            siddhiAppName {app} NOT NULL,
            part {name} NOT NULL,
            content {bytes} NOT NULL,
            PRIMARY KEY (siddhiAppName, part)
        ){end}"
    )
}

/// A state in parts, on its way into the database.
pub(super) struct Parted<'s> {
    list: PartList,
    by_name: BTreeMap<PartName, &'s [u8]>,
}

impl<'s> Parted<'s> {
    pub(super) fn new(state: &'s [u8]) -> Self {
        let cuts = cut(state);
        let list = PartList::of(state, &cuts);
        let bytes = cuts.into_iter().map(|range| state.get(range).unwrap_or_default());
        let by_name = list.parts.iter().map(|(name, _)| name.clone()).zip(bytes).collect();
        Self { list, by_name }
    }

    /// The snapshot that stands for the one whose state this is.
    pub(super) fn listed(&self, snapshot: &Snapshot) -> Snapshot {
        Snapshot { payload: self.list.encode(), ..snapshot.clone() }
    }
}

/// The names of the parts that an app has.
pub(super) fn names(
    session: &mut dyn Session,
    table: &str,
    app: &str,
) -> Result<BTreeSet<PartName>, StoreError> {
    let text = format!(
        "SELECT part FROM {table}_PART WHERE siddhiAppName = ? AND part > ?
         ORDER BY part LIMIT {NAMES_AT_ONCE}"
    );
    let mut all = BTreeSet::new();
    loop {
        let after: PartName = all.last().cloned().unwrap_or_default();
        let found = session.read(&text, &[app.into(), after.as_str().into()])?.rows;
        let count = found.len();
        all.extend(found.iter().filter_map(|row| row[0].as_text().map(str::to_owned)));
        if count < NAMES_AT_ONCE {
            return Ok(all);
        }
    }
}

fn content(
    session: &mut dyn Session,
    table: &str,
    app: &str,
    part: &str,
) -> Result<Option<Vec<u8>>, StoreError> {
    let text = format!("SELECT content FROM {table}_PART WHERE siddhiAppName = ? AND part = ?");
    let row = session.read(&text, &[app.into(), part.into()])?.rows.pop();
    Ok(row.and_then(|mut row| match row.pop() {
        Some(Cell::Bytes(bytes)) => Some(bytes),
        Some(Cell::Null | Cell::Bool(_) | Cell::Int(_) | Cell::Real(_) | Cell::Text(_)) | None => {
            None
        }
    }))
}

/// The state that a list names.
pub(super) fn put_together(
    session: &mut dyn Session,
    table: &str,
    app: &str,
    list: &PartList,
) -> Result<Result<Vec<u8>, DecodeError>, StoreError> {
    let mut state = Vec::new();
    for (name, _) in &list.parts {
        let Some(part) = content(session, table, app, name)? else {
            let why = "a part of it is missing";
            return Ok(Err(DecodeError::Malformed { what: "snapshot", why }));
        };
        state.extend_from_slice(&part);
    }
    Ok(list.check(&state).map(|()| state))
}

impl SqlSnapshots {
    /// Saves a large snapshot: its new parts, then the list of all.
    pub(super) fn save_parted(
        &mut self,
        under: Epoch,
        snapshot: &Snapshot,
        parted: &Parted<'_>,
    ) -> Result<(), StoreError> {
        let (app, table) = (snapshot.app.as_str(), self.place.table.clone());
        let listed = parted.listed(snapshot);
        for _ in 0..TRIES {
            let known = names(&mut *self.session, &table, app)?;
            let new: Vec<_> =
                parted.by_name.iter().filter(|(name, _)| !known.contains(*name)).collect();
            self.write_parts(under, app, &new)?;
            self.check_parts(app, &new)?;
            if self.write_list(under, &listed, parted)? {
                return self.check_saved(&listed);
            }
        }
        let why = format!("parts of revision `{}` went while it was saved", snapshot.revision);
        Err(StoreError::Conflict { why })
    }

    fn write_parts(
        &mut self,
        under: Epoch,
        app: &str,
        new: &[(&PartName, &&[u8])],
    ) -> Result<(), StoreError> {
        let table = &self.place.table;
        let insert =
            format!("INSERT INTO {table}_PART (siddhiAppName, part, content) VALUES (?, ?, ?)");
        let known = format!("SELECT 1 FROM {table}_PART WHERE siddhiAppName = ? AND part = ?");
        let mut rest = new;
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = rest.iter().take_while(|(_, part)| {
                let room = bytes < WRITE_BYTES;
                bytes += part.len();
                room
            });
            let (now, later) = rest.split_at(fits.count());
            self.fenced(under, |session| {
                for (name, part) in now {
                    let key = [Cell::from(app), Cell::from(name.as_str())];
                    // Another save may have written it meanwhile.
                    if session.read(&known, &key)?.rows.is_empty() {
                        let [app, name] = key;
                        session.write(&insert, &[app, name, Cell::Bytes(part.to_vec())])?;
                    }
                }
                Ok(())
            })?;
            rest = later;
        }
        Ok(())
    }

    /// Reads new parts over another connection than they were written over.
    fn check_parts(&mut self, app: &str, new: &[(&PartName, &&[u8])]) -> Result<(), StoreError> {
        let table = self.place.table.clone();
        let as_written = self.read_back(|session| {
            for (name, part) in new {
                // One that is gone is missed when the list is written.
                let read = content(session, &table, app, name)?;
                if read.is_some_and(|read| read != **part) {
                    return Ok(false);
                }
            }
            Ok(true)
        })?;
        if as_written {
            return Ok(());
        }
        let why = "a part of a snapshot is not as it was written".to_owned();
        Err(StoreError::Damaged { database: self.session.name().to_owned(), why })
    }

    /// Writes the list of parts, with which the snapshot counts; false where one of them is gone.
    fn write_list(
        &mut self,
        under: Epoch,
        listed: &Snapshot,
        parted: &Parted<'_>,
    ) -> Result<bool, StoreError> {
        let table = self.place.table.clone();
        let (last, app) = (listed.piece_count() - 1, listed.app.as_str());
        for (number, piece) in (0..last).zip(listed.pieces()) {
            self.write_piece(under, listed, number, piece)?;
        }
        let Some(piece) = listed.pieces().last() else { return Ok(false) };
        let (insert, values) = self.piece_row(listed, last, piece)?;
        self.fenced(under, |session| {
            // Removals hold the fence too: what is there now stays.
            let known = names(session, &table, app)?;
            let all_there = parted.by_name.keys().all(|name| known.contains(name));
            if all_there {
                session.write(&insert, &values)?;
            }
            Ok(all_there)
        })
    }

    /// Removes parts that no snapshot of the app has, nor one that is on its way there.
    pub(super) fn remove_unused(&mut self, under: Epoch, app: &str) -> Result<(), StoreError> {
        let table = self.place.table.clone();
        let delete = format!("DELETE FROM {table}_PART WHERE siddhiAppName = ? AND part = ?");
        self.fenced(under, |session| {
            let mut unused = names(session, &table, app)?;
            if unused.is_empty() {
                return Ok(());
            }
            for payload in payloads(session, &table, app)? {
                // What cannot be read names nothing, and is not restored either.
                let Ok(Some(list)) = PartList::decode(&payload) else { continue };
                for (name, _) in &list.parts {
                    unused.remove(name);
                }
            }
            for name in &unused {
                session.write(&delete, &[app.into(), name.as_str().into()])?;
            }
            Ok(())
        })
    }
}

/// What the snapshots of an app hold, whole ones or not, as far as it can be read.
fn payloads(session: &mut dyn Session, table: &str, app: &str) -> Result<Vec<Vec<u8>>, StoreError> {
    let text = format!("SELECT DISTINCT revision FROM {table} WHERE siddhiAppName = ?");
    let revisions = session.read(&text, &[app.into()])?.rows;
    let mut all = Vec::new();
    for revision in revisions.iter().filter_map(|row| row[0].as_text()) {
        if let Some(payload) = super::tables::payload(session, table, app, revision)? {
            all.push(payload);
        }
    }
    Ok(all)
}
