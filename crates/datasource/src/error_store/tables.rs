//! Undelivered messages in a database of any kind, each once however often it failed.

use crate::door::StoreError;
use crate::session::{Cell, Dialect, Session, Wanted, make_missing};

const TABLE: &str = "WEIR_ERROR";
const COLUMNS: &str = "scope, entryKey, atMillis, app, element, cause, content";
const HINT: &str = "another program's table is in the way: use another database or schema";

/// The longest names of a group and of what an entry is known by.
const SCOPE_CHARS: u32 = 200;
const KEY_CHARS: u32 = 380;

/// A message that was not delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredError {
    /// Its number in the store; 0 before it is there.
    pub id: i64,
    /// What it is known by: the same when it fails again after a takeover.
    pub key: String,
    /// When it failed, in milliseconds since 1970.
    pub at: i64,
    /// The app.
    pub app: String,
    /// The sink within the app.
    pub element: String,
    /// Why.
    pub cause: String,
    /// The message.
    pub content: Vec<u8>,
}

/// The undelivered messages of one group.
pub struct ErrorStore {
    session: Box<dyn Session>,
    scope: String,
}

impl std::fmt::Debug for ErrorStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ErrorStore").field(&self.scope).finish()
    }
}

impl ErrorStore {
    pub(crate) fn open(mut session: Box<dyn Session>, scope: &str) -> Result<Self, StoreError> {
        let made_by = table(session.dialect());
        let wanted = Wanted { name: TABLE, columns: COLUMNS, made_by: &made_by, hint: HINT };
        make_missing(&mut *session, &wanted)?;
        Ok(Self { session, scope: scope.to_owned() })
    }

    /// Keeps an entry; one of that key that is there already stays as it is.
    ///
    /// # Errors
    ///
    /// When the database does not do as asked; so with every method below.
    pub fn add(&mut self, entry: &StoredError) -> Result<(), StoreError> {
        let text = format!("INSERT INTO {TABLE} ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)");
        let values = [
            self.scope.as_str().into(),
            entry.key.as_str().into(),
            Cell::Int(entry.at),
            entry.app.as_str().into(),
            entry.element.as_str().into(),
            entry.cause.as_str().into(),
            Cell::Bytes(entry.content.clone()),
        ];
        match self.session.write(&text, &values) {
            Ok(_) | Err(StoreError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// At most `limit` entries with a number above `after`, of one app or of all, by number.
    ///
    /// # Errors
    ///
    /// As [`Self::add`].
    pub fn list(
        &mut self,
        app: Option<&str>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StoredError>, StoreError> {
        let of = if app.is_some() { " AND app = ?" } else { "" };
        let text = format!(
            "SELECT id, entryKey, atMillis, app, element, cause, content FROM {TABLE}
             WHERE scope = ? AND id > ?{of} ORDER BY id LIMIT {limit}"
        );
        let mut values = vec![Cell::from(self.scope.as_str()), Cell::Int(after)];
        values.extend(app.map(Cell::from));
        let entry = |row: Vec<Cell>| {
            let text = |at: usize| row[at].as_text().unwrap_or_default().to_owned();
            let content = match &row[6] {
                Cell::Bytes(bytes) => bytes.clone(),
                Cell::Null | Cell::Bool(_) | Cell::Int(_) | Cell::Real(_) | Cell::Text(_) => {
                    Vec::new()
                }
            };
            StoredError {
                id: row[0].as_int().unwrap_or_default(),
                key: text(1),
                at: row[2].as_int().unwrap_or_default(),
                app: text(3),
                element: text(4),
                cause: text(5),
                content,
            }
        };
        Ok(self.session.read(&text, &values)?.rows.into_iter().map(entry).collect())
    }

    /// Removes an entry; says whether it was there.
    ///
    /// # Errors
    ///
    /// As [`Self::add`].
    pub fn remove(&mut self, id: i64) -> Result<bool, StoreError> {
        let text = format!("DELETE FROM {TABLE} WHERE scope = ? AND id = ?");
        Ok(self.session.write(&text, &[self.scope.as_str().into(), Cell::Int(id)])? > 0)
    }
}

fn table(dialect: Dialect) -> String {
    let (id, bytes, text) = (dialect.counter(), dialect.bytes(), dialect.text());
    let (scope, key) = (dialect.key(SCOPE_CHARS), dialect.key(KEY_CHARS));
    let end = dialect.table_end();
    format!(
        "CREATE TABLE {TABLE} (
            id {id},
            scope {scope} NOT NULL,
            entryKey {key} NOT NULL,
            atMillis BIGINT NOT NULL,
            app {text} NOT NULL,
            element {text} NOT NULL,
            cause {text} NOT NULL,
            content {bytes} NOT NULL,
            UNIQUE (scope, entryKey)
        ){end}"
    )
}
