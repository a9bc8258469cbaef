//! Statements of the user's own tables, each write numbered and done once.

use weir_event::Value;

use crate::door::{Once, Rows, Sql, Statement, StoreError, WriteMark};
use crate::session::{Cell, Dialect, Session, Wanted, make_missing, transact};

/// The longest names of apps and stores: two of them fit into a key of each database.
const NAME_CHARS: u32 = 255;

const COLUMNS: &str = "app, store, epoch, number";

/// The number of the last write of each store, beside the user's tables.
const TABLE: &str = "WEIR_WRITE_MARK";

/// A connection for statements of the user's own tables.
pub(crate) struct UserTables {
    session: Box<dyn Session>,
    /// Whether the table of marks is there.
    is_marked: bool,
}

impl UserTables {
    pub(crate) fn new(session: Box<dyn Session>) -> Self {
        Self { session, is_marked: false }
    }

    /// Makes the table of marks, before any transaction: making a table ends one on MySQL.
    fn make_marks(&mut self) -> Result<(), StoreError> {
        if !self.is_marked {
            let made_by = marks_table(self.session.dialect());
            let hint = "drop or rename it";
            let wanted = Wanted { name: TABLE, columns: COLUMNS, made_by: &made_by, hint };
            make_missing(&mut *self.session, &wanted)?;
            self.is_marked = true;
        }
        Ok(())
    }
}

fn marks_table(dialect: Dialect) -> String {
    let (key, end) = (dialect.key(NAME_CHARS), dialect.table_end());
    format!(
        "CREATE TABLE {TABLE} (
            app {key} NOT NULL,
            store {key} NOT NULL,
            epoch BIGINT NOT NULL,
            number BIGINT NOT NULL,
            PRIMARY KEY (app, store)
        ){end}"
    )
}

fn cells(values: &[Value]) -> Result<Vec<Cell>, StoreError> {
    values.iter().map(Cell::of).collect()
}

fn run_all(session: &mut dyn Session, all: &[Statement]) -> Result<Vec<u64>, StoreError> {
    let mut met = Vec::with_capacity(all.len());
    for it in all {
        let left_out = it.only_if_none && met.last().is_some_and(|before| *before > 0);
        met.push(if left_out { 0 } else { session.write(&it.text, &cells(&it.values)?)? });
    }
    Ok(met)
}

/// Another node wrote the first mark at the same moment; next time it is seen.
fn meanwhile(error: StoreError) -> StoreError {
    if let StoreError::Conflict { why } = error {
        return StoreError::RetryLater { doing: "write", database: TABLE.to_owned(), why };
    }
    error
}

impl Sql for UserTables {
    fn dialect(&self) -> Dialect {
        self.session.dialect()
    }

    fn execute(&mut self, statement: &Statement) -> Result<u64, StoreError> {
        self.session.write(&statement.text, &cells(&statement.values)?)
    }

    fn execute_all(&mut self, statements: &[Statement]) -> Result<Vec<u64>, StoreError> {
        transact(&mut *self.session, |session| run_all(session, statements))
    }

    fn execute_once(
        &mut self,
        mark: &WriteMark,
        statements: &[Statement],
    ) -> Result<Once, StoreError> {
        self.make_marks()?;
        let names = [Cell::from(&mark.app), Cell::from(&mark.store)];
        let (epoch, number) = (Cell::number(mark.epoch.0)?, Cell::number(mark.number.0)?);
        let hold = self.session.dialect().for_update();
        let find = format!("SELECT epoch, number FROM {TABLE} WHERE app = ? AND store = ?{hold}");
        let raise = format!("UPDATE {TABLE} SET epoch = ?, number = ? WHERE app = ? AND store = ?");
        let first = format!("INSERT INTO {TABLE} (epoch, number, app, store) VALUES (?, ?, ?, ?)");
        transact(&mut *self.session, |session| {
            let rows = session.read(&find, &names)?.rows;
            let [app, store] = names;
            let Some(row) = rows.first() else {
                session.write(&first, &[epoch, number, app, store]).map_err(meanwhile)?;
                return run_all(session, statements).map(Once::Done);
            };
            let (found, done) = (row[0].as_epoch(), row[1].clone());
            if found > mark.epoch {
                return Err(StoreError::Fenced { ours: mark.epoch, found });
            }
            if done.as_int() >= number.as_int() {
                // From the first replayed write on, the node before writes no more.
                session.write(&raise, &[epoch, done, app, store])?;
                return Ok(Once::Before);
            }
            let changed = run_all(session, statements)?;
            session.write(&raise, &[epoch, number, app, store])?;
            Ok(Once::Done(changed))
        })
    }

    fn query(&mut self, statement: &Statement) -> Result<Rows, StoreError> {
        let found = self.session.read(&statement.text, &cells(&statement.values)?)?;
        let row = |row: Vec<Cell>| row.into_iter().map(Cell::into_value).collect();
        let rows = found.rows.into_iter().map(row).collect();
        Ok(Rows { columns: found.columns, rows })
    }
}
