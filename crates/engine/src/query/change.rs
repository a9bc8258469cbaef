//! How a query's output changes the rows of a table.

use weir_event::Batch;
use weir_expr::{Expr, Fault, Scope};
use weir_tables::{Refused, Table, TableCondition};

/// How a query's output changes the rows of a table.
pub(crate) struct Change {
    pub condition: TableCondition,
    pub set: Vec<(usize, Expr)>,
    /// Whether the row with the key is replaced by the output as a whole (gotcha 50).
    pub overwrites: bool,
}

impl Change {
    /// Replaces or adds one row of the table for each row of the output, by its key; whether the
    /// condition allows it.
    pub(crate) fn overwrite_each(
        &self,
        table: &mut Table,
        batch: &Batch,
        scope: &Scope<'_>,
        refused: &mut Vec<Refused>,
    ) -> Result<bool, Fault> {
        let Some(key) = table.single_key(&self.condition).filter(|_| self.overwrites) else {
            return Ok(false);
        };
        let keys = key.eval(scope)?;
        for place in 0..batch.len() {
            match table.find_one(&keys, place) {
                Some(row) => table.overwrite(row, batch, place),
                None => {
                    refused.extend(table.insert(batch.timestamps[place], batch.row(place)).err())
                }
            }
        }
        Ok(true)
    }

    /// Changes the rows that one output row means; how many there are.
    pub(crate) fn update(
        &self,
        table: &mut Table,
        scope: &Scope<'_>,
        place: usize,
    ) -> Result<usize, Fault> {
        let mut rows = Vec::new();
        table.find(&self.condition, scope, place, &mut rows)?;
        for row in &rows {
            let values = if self.overwrites {
                let columns = table.spec().types.len() as u16;
                (0..columns).map(|at| (at as usize, scope.value(0, at, place))).collect()
            } else {
                table.assigned(&self.set, 1, scope, place, *row)?
            };
            // A key that another row has is refused; the row stays as it was.
            let _changed = table.update(*row, &values);
        }
        Ok(rows.len())
    }
}
