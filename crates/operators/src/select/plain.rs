//! Selection without state: every row that arrived leaves as it is computed, by itself.

use std::sync::Arc;

use weir_event::{Batch, Chunk, Column, Kind};
use weir_expr::{Changes, Env, Expr, Fault, Input, Rows, Scope, Source};

use super::selector::{Selected, Selector};

/// Rows of a batch on their way through a selection without state.
#[derive(Debug, Clone, Copy)]
pub struct Plain<'a> {
    /// Where they are.
    pub batch: &'a Batch,
    /// The first of the rows, side by side, or these rows in order.
    pub rows: Rows<'a>,
    /// How many there are.
    pub len: usize,
}

impl Plain<'_> {
    /// Whether they are all rows of the batch.
    fn is_whole(&self) -> bool {
        matches!(self.rows, Rows::From(0)) && self.len == self.batch.len()
    }

    fn timestamps(&self) -> Arc<Vec<i64>> {
        if self.is_whole() {
            return Arc::clone(&self.batch.timestamps);
        }
        Arc::new(match self.rows {
            Rows::From(start) => {
                let start = start as usize;
                self.batch.timestamps[start..start + self.len].to_vec()
            }
            Rows::List(rows) => {
                rows.iter().map(|row| self.batch.timestamps[*row as usize]).collect()
            }
            Rows::Same(row) => vec![self.batch.timestamps[row as usize]; self.len],
        })
    }
}

impl Selector {
    /// Whether [`Self::select_plain`] gives what [`Self::select`] would for rows that arrived.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.is_rowwise() && self.spec().having.is_none() && self.spec().types.current
    }

    /// How many of the output attributes are computed; the others are passed on. `None` where
    /// computing one for more rows than leave could fail or show.
    #[must_use]
    pub fn computed(&self) -> Option<usize> {
        let items = &self.spec().items;
        if !self.is_plain() || items.iter().any(Expr::needs_care) {
            return None;
        }
        let passed = |item: &&Expr| matches!(item, Expr::Attribute { slot: 0, .. });
        Some(items.len() - items.iter().filter(passed).count())
    }

    /// Takes rows that arrived and gives them as they leave; `chunks` are those that have rows.
    ///
    /// # Errors
    ///
    /// An expression could not be computed; nothing leaves.
    pub fn select_plain(
        &self,
        env: &Env<'_>,
        plain: Plain<'_>,
        chunks: Vec<Chunk>,
    ) -> Result<Selected, Fault> {
        let Batch { columns, timestamps } = plain.batch;
        let inputs = [Input::new(Source::Batch { columns, timestamps }, plain.rows)];
        let changes = Changes::default();
        let env = Env { changes: Some(&changes), ..*env };
        let scope = Scope { inputs: &inputs, len: plain.len, env: &env };
        let whole = plain.is_whole();
        let column = |item: &Expr| -> Result<Arc<Column>, Fault> {
            if let Expr::Attribute { slot: 0, column, .. } = item
                && whole
            {
                return Ok(Arc::clone(&columns[*column as usize]));
            }
            item.eval_column(&scope).map(Arc::new)
        };
        let mut columns: Vec<_> = self.spec().items.iter().map(column).collect::<Result<_, _>>()?;
        if !changes.is_empty() {
            columns.iter_mut().for_each(|column| changes.apply(Arc::make_mut(column)));
        }
        Ok(Selected {
            picked: None,
            batch: Batch { timestamps: plain.timestamps(), columns },
            kinds: vec![Kind::Current; plain.len],
            chunks,
            groups: Vec::new(),
        })
    }
}
