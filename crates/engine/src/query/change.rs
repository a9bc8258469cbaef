//! What rows of a batch do to a table.

use std::cell::Cell;

use weir_event::{Batch, Value};
use weir_expr::{Env, Expr, Fault, Input, Rows, Scope, Source};
use weir_plan::TableChange;
use weir_tables::{ChangedRow, Inserts, Refused, StoreFailure, Table, TableCondition};

use super::checks::{Check, Checks, check, ready_checks};

/// What rows of a batch do to a table, one after the other.
pub(crate) enum Change {
    /// They are added to the table of that number.
    Insert(usize),
    /// Rows of the table go.
    Delete(Meant),
    /// Rows of the table change.
    Update(Meant),
    /// Rows of the table change, or the row is added.
    UpdateOrInsert(Meant),
}

/// Which rows of a table are meant, and what becomes of them.
pub(crate) struct Meant {
    table: usize,
    condition: TableCondition,
    set: Vec<(usize, Expr)>,
    checks: Vec<Check>,
    /// Whether the row with the key is replaced by the output as a whole (gotcha 50).
    overwrites: bool,
}

/// Rows that are written to a table.
pub(crate) struct Written<'a> {
    pub batch: &'a Batch,
    pub now: i64,
    pub random: &'a Cell<u64>,
}

impl Change {
    /// Readies it at the store of its table, where that has one.
    ///
    /// # Errors
    ///
    /// The store cannot compute it.
    pub(crate) fn ready(&mut self, tables: &[Table]) -> Result<(), StoreFailure> {
        match self {
            Self::Insert(_) => Ok(()),
            Self::Delete(meant) => {
                ready_checks(&mut meant.checks, tables)?;
                tables[meant.table].ready_delete(&mut meant.condition)
            }
            Self::Update(meant) => meant.ready(tables, Inserts::No),
            Self::UpdateOrInsert(meant) => meant.ready(tables, Inserts::WhereNone),
        }
    }

    fn table(&self) -> usize {
        match self {
            Self::Insert(table) => *table,
            Self::Delete(meant) | Self::Update(meant) | Self::UpdateOrInsert(meant) => meant.table,
        }
    }

    /// Hands the rows to the store of the table.
    fn hand_over(&self, tables: &mut [Table], written: &Written<'_>) -> Result<(), Fault> {
        let batch = written.batch;
        let row = |place: usize| match self {
            Self::Insert(_) | Self::UpdateOrInsert(_) => batch.row(place),
            Self::Delete(_) | Self::Update(_) => Vec::new(),
        };
        let (ask, rows) = match self {
            Self::Insert(_) => {
                let changed = |place| ChangedRow { params: Vec::new(), row: row(place) };
                (None, (0..batch.len()).map(changed).collect())
            }
            Self::Delete(meant) | Self::Update(meant) | Self::UpdateOrInsert(meant) => {
                let Some(ask) = meant.condition.ask() else {
                    return Err(Fault::runtime("nothing was readied for the store"));
                };
                let changed = |scope: &Scope<'_>, place: usize| {
                    Ok(ChangedRow { params: ask.params(scope, place)?, row: row(place) })
                };
                let rows = meant.with_scope(tables, written, |_, scope| {
                    (0..batch.len()).map(|place| changed(scope, place)).collect()
                })?;
                (Some(ask), rows)
            }
        };
        tables[self.table()].hand_over(ask, rows)
    }

    /// Writes the rows; those that the table refused.
    ///
    /// # Errors
    ///
    /// Something could not be computed for a row; those before it are written.
    pub(crate) fn apply(
        &self,
        tables: &mut [Table],
        written: &Written<'_>,
    ) -> Result<Vec<Refused>, Fault> {
        if tables[self.table()].is_outside() {
            self.hand_over(tables, written)?;
            self.keep_up(tables, written);
            return Ok(Vec::new());
        }
        self.apply_here(tables, written)
    }

    /// The rows that are kept at hand of a store change as it did; where that is not sure they
    /// are fetched again.
    fn keep_up(&self, tables: &mut [Table], written: &Written<'_>) {
        let at = self.table();
        let Some(mut lent) = tables[at].lend() else { return };
        std::mem::swap(&mut tables[at], &mut lent.rows);
        let done = match self {
            // Whether the store had the row is not known.
            Self::UpdateOrInsert(meant) if !lent.whole => meant.delete_each(tables, written),
            Self::Delete(meant) | Self::Update(meant) | Self::UpdateOrInsert(meant)
                if !meant.checks.is_empty() =>
            {
                Err(Fault::runtime("what `in` finds here may not be what the store found"))
            }
            Self::Insert(_) | Self::Delete(_) | Self::Update(_) | Self::UpdateOrInsert(_) => {
                self.apply_here(tables, written).map(|refused| refused.is_empty())
            }
        };
        std::mem::swap(&mut tables[at], &mut lent.rows);
        tables[at].keep(matches!(done, Ok(true)).then_some(lent));
    }

    fn apply_here(
        &self,
        tables: &mut [Table],
        written: &Written<'_>,
    ) -> Result<Vec<Refused>, Fault> {
        let batch = written.batch;
        let mut refused = Vec::new();
        let mut insert = |table: &mut Table, place: usize| {
            refused.extend(table.insert(batch.timestamps[place], batch.row(place)).err());
        };
        match self {
            Self::Insert(table) => {
                (0..batch.len()).for_each(|place| insert(&mut tables[*table], place));
            }
            Self::Delete(meant) => {
                meant.delete_each(tables, written)?;
            }
            Self::Update(meant) => {
                for place in 0..batch.len() {
                    meant.update(tables, written, place)?;
                }
            }
            Self::UpdateOrInsert(meant) if meant.by_key(&tables[meant.table]).is_some() => {
                meant.overwrite_each(tables, written, &mut insert)?;
            }
            Self::UpdateOrInsert(meant) => {
                for place in 0..batch.len() {
                    if meant.update(tables, written, place)? == 0 {
                        insert(&mut tables[meant.table], place);
                    }
                }
            }
        }
        Ok(refused)
    }
}

impl Change {
    /// The table whose rows are added, or replaced by their key where there is an expression for
    /// it; `None` where rows are found in another way.
    pub(super) fn by_key(&self, tables: &[Table]) -> Option<(usize, Option<&Expr>)> {
        match self {
            Self::Insert(table) => Some((*table, None)),
            Self::UpdateOrInsert(meant) => {
                meant.by_key(&tables[meant.table]).map(|key| (meant.table, Some(key)))
            }
            Self::Delete(_) | Self::Update(_) => None,
        }
    }
}

impl Meant {
    fn ready(&mut self, tables: &[Table], inserts: Inserts) -> Result<(), StoreFailure> {
        ready_checks(&mut self.checks, tables)?;
        tables[self.table].ready_update(&mut self.condition, &self.set, inserts)
    }

    /// The rows that a change of the plan means; with the key of a row given, `set` may be left
    /// out where `may_overwrite` says so.
    pub(crate) fn new(to: &TableChange, key: &[usize], may_overwrite: bool) -> Self {
        let condition = TableCondition::new(to.condition.clone(), 1);
        Self {
            table: to.table.index(),
            overwrites: may_overwrite && condition.is_key_lookup(key),
            condition,
            set: to.set.clone(),
            checks: to.checks.iter().map(check).collect(),
        }
    }

    /// Runs `body` with the written rows in slot 0, and the tables to search.
    fn with_scope<R>(
        &self,
        tables: &[Table],
        written: &Written<'_>,
        body: impl FnOnce(&Table, &Scope<'_>) -> Result<R, Fault>,
    ) -> Result<R, Fault> {
        let checks = Checks { tables, checks: &self.checks };
        let env =
            Env { now: written.now, random: written.random, tables: Some(&checks), changes: None };
        let batch = written.batch;
        let source = Source::Batch { columns: &batch.columns, timestamps: &batch.timestamps };
        let inputs = [Input::new(source, Rows::From(0))];
        let scope = Scope { inputs: &inputs, len: batch.len(), env: &env };
        body(&tables[self.table], &scope)
    }

    /// The rows of the table that one written row means.
    fn rows(
        &self,
        tables: &[Table],
        written: &Written<'_>,
        place: usize,
    ) -> Result<Vec<u32>, Fault> {
        self.with_scope(tables, written, |table, scope| {
            let mut rows = Vec::new();
            table.find(&self.condition, scope, place, &mut rows)?;
            Ok(rows)
        })
    }

    /// Takes out the rows that each written row means; true, for all of them went.
    fn delete_each(&self, tables: &mut [Table], written: &Written<'_>) -> Result<bool, Fault> {
        for place in 0..written.batch.len() {
            let rows = self.rows(tables, written, place)?;
            tables[self.table].delete(&rows);
        }
        Ok(true)
    }

    /// The expression whose value is the key of the one row that is meant.
    fn by_key(&self, table: &Table) -> Option<&Expr> {
        table.single_key(&self.condition).filter(|_| self.overwrites)
    }

    /// Replaces or adds one row of the table for each written row, by its key.
    fn overwrite_each(
        &self,
        tables: &mut [Table],
        written: &Written<'_>,
        insert: &mut dyn FnMut(&mut Table, usize),
    ) -> Result<(), Fault> {
        let batch = written.batch;
        let env = Env { now: written.now, random: written.random, tables: None, changes: None };
        let source = Source::Batch { columns: &batch.columns, timestamps: &batch.timestamps };
        let inputs = [Input::new(source, Rows::From(0))];
        let scope = Scope { inputs: &inputs, len: batch.len(), env: &env };
        let table = &mut tables[self.table];
        let Some(key) = self.by_key(table) else { return Ok(()) };
        let keys = key.eval(&scope)?;
        // Rows keep their keys, so that it makes no difference to later ones when they are written.
        let (mut rows, mut places) = (Vec::new(), Vec::new());
        for place in 0..batch.len() {
            match table.find_one(&keys, place) {
                Some(row) => {
                    rows.push(row);
                    places.push(place as u32);
                }
                None => insert(table, place),
            }
        }
        table.overwrite_all(&rows, batch, &places);
        Ok(())
    }

    /// Changes the rows that one written row means; how many there are.
    fn update(
        &self,
        tables: &mut [Table],
        written: &Written<'_>,
        place: usize,
    ) -> Result<usize, Fault> {
        let changes: Vec<(u32, Vec<(usize, Value)>)> =
            self.with_scope(tables, written, |table, scope| {
                let mut rows = Vec::new();
                table.find(&self.condition, scope, place, &mut rows)?;
                let values = |row: u32| {
                    if self.overwrites {
                        let columns = table.spec().types.len() as u16;
                        return Ok((0..columns)
                            .map(|at| (at as usize, scope.value(0, at, place)))
                            .collect());
                    }
                    table.assigned(&self.set, 1, scope, place, row)
                };
                rows.into_iter().map(|row| Ok((row, values(row)?))).collect()
            })?;
        let table = &mut tables[self.table];
        if table.allows(&changes) {
            for (row, values) in &changes {
                // A key that another row has is refused; the row stays as it was.
                let _changed = table.update(*row, values);
            }
        }
        Ok(changes.len())
    }
}
