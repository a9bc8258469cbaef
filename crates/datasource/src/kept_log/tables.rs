//! A group's log in a database of any kind: a row a batch of entries, and a row that says whose
//! they are, whether they are all, and which epoch may write.

use weir_codec::{EntryId, FRAME_BYTES_MAX, FrameStream, LogId, Message, RawEntry};
use weir_event::{Epoch, Seq};

use crate::door::StoreError;
use crate::session::{Cell, Dialect, Session, Wanted, make_missing, transact};

/// The longest name of a group.
const GROUP_CHARS: u32 = 200;

/// A log's id as text.
const LOG_CHARS: u32 = 32;

const ROWS: &str = "WEIR_LOG";
const HEADS: &str = "WEIR_LOG_HEAD";
const COLUMNS: &str = "clusterGroup, firstSeq, lastSeq, content";
const HEAD_COLUMNS: &str = "clusterGroup, logId, epoch, isWhole, lastEpoch, lastSeq";
const HINT: &str = "another program's tables are in the way: use another database or schema";

/// What is known of the log that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptHead {
    /// Whose log it is.
    pub log: LogId,
    /// No lower epoch may write.
    pub fence: Epoch,
    /// Whether every acknowledged event that no snapshot has is in it, as long as that log alone
    /// is in sync.
    pub is_whole: bool,
    /// The last entry that it holds; where it holds none, the one before the first to come.
    pub last: EntryId,
}

/// The log of one group in a database.
pub struct KeptLog {
    session: Box<dyn Session>,
    group: String,
}

impl std::fmt::Debug for KeptLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("KeptLog").field(&self.group).finish()
    }
}

impl KeptLog {
    pub(crate) fn open(mut session: Box<dyn Session>, group: &str) -> Result<Self, StoreError> {
        let dialect = session.dialect();
        for (name, columns, made_by) in
            [(ROWS, COLUMNS, rows_table(dialect)), (HEADS, HEAD_COLUMNS, heads_table(dialect))]
        {
            let wanted = Wanted { name, columns, made_by: &made_by, hint: HINT };
            make_missing(&mut *session, &wanted)?;
        }
        // With a row to hold on to, writers wait for each other.
        let known = format!("SELECT epoch FROM {HEADS} WHERE clusterGroup = ?");
        if session.read(&known, &[group.into()])?.rows.is_empty() {
            let first = format!("INSERT INTO {HEADS} ({HEAD_COLUMNS}) VALUES (?, ?, 0, 0, 0, 0)");
            let nobody = LogId(0).to_string();
            match session.write(&first, &[group.into(), nobody.as_str().into()]) {
                Ok(_) | Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self { session, group: group.to_owned() })
    }

    /// What is known of it.
    ///
    /// # Errors
    ///
    /// When the database does not do as asked; so with every method below.
    pub fn head(&mut self) -> Result<KeptHead, StoreError> {
        head(&mut *self.session, &self.group, "")
    }

    /// Lets no epoch below this one write any more.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] when a higher one has been raised.
    pub fn raise_fence(&mut self, epoch: Epoch) -> Result<KeptHead, StoreError> {
        self.fenced(epoch, |_, _, _| Ok(()))
    }

    /// Begins anew with the log of this id, behind this entry: it is not whole.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] when a higher epoch has written.
    pub fn begin(&mut self, under: Epoch, log: LogId, base: EntryId) -> Result<(), StoreError> {
        self.fenced(under, |session, group, head| {
            session
                .write(&format!("DELETE FROM {ROWS} WHERE clusterGroup = ?"), &[group.into()])?;
            *head = KeptHead { log, is_whole: false, last: base, ..*head };
            Ok(())
        })?;
        Ok(())
    }

    /// Adds entries behind the last one, drops those up to `base`, and says whether it is whole.
    ///
    /// # Errors
    ///
    /// [`StoreError::Fenced`] when a higher epoch has written, [`StoreError::Damaged`] when the
    /// entries do not follow, or another log is kept.
    pub fn add(
        &mut self,
        (under, log): (Epoch, LogId),
        entries: Vec<RawEntry>,
        base: Seq,
        is_whole: bool,
    ) -> Result<(), StoreError> {
        let name = self.session.name().to_owned();
        self.fenced(under, |session, group, head| {
            let follows = entries.first().is_none_or(|it| it.id.seq == head.last.seq.next());
            if head.log != log || !follows {
                let why = "the kept log is another one".to_owned();
                return Err(StoreError::Damaged { database: name, why });
            }
            let ends = entries.first().zip(entries.last()).map(|(a, b)| (a.id.seq, b.id));
            if let Some((first, last)) = ends {
                let message = Message::Entries { after: head.last, committed: head.last, entries };
                let bytes = message.into_frame(under).encode().map_err(|why| {
                    StoreError::Damaged { database: name.clone(), why: why.to_string() }
                })?;
                let insert = format!("INSERT INTO {ROWS} ({COLUMNS}) VALUES (?, ?, ?, ?)");
                let (from, to) = (Cell::number(first.0)?, Cell::number(last.seq.0)?);
                session.write(&insert, &[group.into(), from, to, Cell::Bytes(bytes)])?;
                head.last = last;
            }
            let drop = format!("DELETE FROM {ROWS} WHERE clusterGroup = ? AND lastSeq <= ?");
            session.write(&drop, &[group.into(), Cell::number(base.0)?])?;
            head.is_whole = is_whole;
            Ok(())
        })?;
        Ok(())
    }

    /// Says that events are acknowledged which this log does not get.
    ///
    /// # Errors
    ///
    /// When the database does not do as asked.
    pub fn stop(&mut self, log: LogId) -> Result<(), StoreError> {
        let text = format!("UPDATE {HEADS} SET isWhole = 0 WHERE clusterGroup = ? AND logId = ?");
        let log = log.to_string();
        self.session.write(&text, &[self.group.as_str().into(), log.as_str().into()]).map(drop)
    }

    /// The batch that begins behind `after`: the entry before its first, and its entries.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] when it is not as it was written.
    pub fn read(&mut self, after: Seq) -> Result<Option<(EntryId, Vec<RawEntry>)>, StoreError> {
        let text = format!(
            "SELECT content FROM {ROWS} WHERE clusterGroup = ? AND firstSeq > ?
             ORDER BY firstSeq LIMIT 1"
        );
        let values = [self.group.as_str().into(), Cell::number(after.0)?];
        let Some(row) = self.session.read(&text, &values)?.rows.into_iter().next() else {
            return Ok(None);
        };
        let damaged = |why: String| StoreError::Damaged {
            database: self.session.name().to_owned(),
            why: format!("a batch of the kept log: {why}"),
        };
        let Some(Cell::Bytes(bytes)) = row.into_iter().next() else {
            return Err(damaged("it has no content".to_owned()));
        };
        let mut frames = FrameStream::new();
        frames.set_limit(FRAME_BYTES_MAX);
        frames.push(&bytes);
        let frame = frames.next_frame().map_err(|why| damaged(why.to_string()))?;
        let Some(frame) = frame else { return Err(damaged("it is cut off".to_owned())) };
        let message = Message::of_frame(&frame).map_err(|why| damaged(why.to_string()))?;
        let Message::Entries { after, entries, .. } = message else {
            return Err(damaged("it holds no entries".to_owned()));
        };
        Ok(Some((after, entries)))
    }

    /// Runs `work` in a transaction that finds no epoch above `under`, and writes the head as it
    /// leaves it, under that epoch.
    fn fenced(
        &mut self,
        under: Epoch,
        work: impl FnOnce(&mut dyn Session, &str, &mut KeptHead) -> Result<(), StoreError>,
    ) -> Result<KeptHead, StoreError> {
        let group = self.group.as_str();
        let hold = self.session.dialect().for_update();
        transact(&mut *self.session, |session| {
            let mut found = head(session, group, hold)?;
            if found.fence > under {
                return Err(StoreError::Fenced { ours: under, found: found.fence });
            }
            found.fence = under;
            work(session, group, &mut found)?;
            let text = format!(
                "UPDATE {HEADS} SET logId = ?, epoch = ?, isWhole = ?, lastEpoch = ?, lastSeq = ?
                 WHERE clusterGroup = ?"
            );
            let values = [
                found.log.to_string().as_str().into(),
                Cell::number(found.fence.0)?,
                Cell::Int(i64::from(found.is_whole)),
                Cell::number(found.last.epoch.0)?,
                Cell::number(found.last.seq.0)?,
                group.into(),
            ];
            session.write(&text, &values)?;
            Ok(found)
        })
    }
}

fn head(session: &mut dyn Session, group: &str, hold: &str) -> Result<KeptHead, StoreError> {
    let text = format!(
        "SELECT logId, epoch, isWhole, lastEpoch, lastSeq FROM {HEADS}
         WHERE clusterGroup = ?{hold}"
    );
    let rows = session.read(&text, &[group.into()])?.rows;
    let damaged = || StoreError::Damaged {
        database: session.name().to_owned(),
        why: format!("{HEADS} has no row for `{group}` that makes sense"),
    };
    let row = rows.first().ok_or_else(damaged)?;
    let log = row[0].as_text().and_then(|it| it.trim().parse().ok()).ok_or_else(damaged)?;
    Ok(KeptHead {
        log,
        fence: row[1].as_epoch(),
        is_whole: row[2].as_int() == Some(1),
        last: EntryId { epoch: row[3].as_epoch(), seq: row[4].as_seq() },
    })
}

fn rows_table(dialect: Dialect) -> String {
    let (group, bytes, end) = (dialect.key(GROUP_CHARS), dialect.bytes(), dialect.table_end());
    format!(
        "CREATE TABLE {ROWS} (
            clusterGroup {group} NOT NULL,
            firstSeq BIGINT NOT NULL,
            lastSeq BIGINT NOT NULL,
            content {bytes} NOT NULL,
            PRIMARY KEY (clusterGroup, firstSeq)
        ){end}"
    )
}

fn heads_table(dialect: Dialect) -> String {
    let (group, log) = (dialect.key(GROUP_CHARS), dialect.key(LOG_CHARS));
    let end = dialect.table_end();
    format!(
        "CREATE TABLE {HEADS} (
            clusterGroup {group} NOT NULL PRIMARY KEY,
            logId {log} NOT NULL,
            epoch BIGINT NOT NULL,
            isWhole INTEGER NOT NULL,
            lastEpoch BIGINT NOT NULL,
            lastSeq BIGINT NOT NULL
        ){end}"
    )
}
