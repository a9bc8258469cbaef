//! Queries that read and write tables by their keys, many chunks at once.
//!
//! Filters, keys and output are computed for all rows together; only the rows of the tables are
//! looked up and changed chunk by chunk, so that each chunk finds what those before it left.

use std::cell::Cell;

use weir_event::{Chunk, Column, Kind};
use weir_expr::{Expr, Fault, Input, Rows, Scope, Source};
use weir_operators::select::{Selected, Selector};
use weir_operators::{Cx, Flow};
use weir_tables::{Refused, Table};

use super::handler::batch_source;
use super::join::Join;
use super::plain::Kept;
use super::query::{Query, QueryInput};
use super::{Delivery, Port};

/// A query's part in taking many chunks at once.
pub(crate) enum Part {
    Reads(Reader),
    Writes(Writer),
}

/// A join that looks up one row of a table by its key for each row that arrives.
pub(crate) struct Reader {
    query: usize,
    side: usize,
    table: usize,
    /// Whether rows without a partner go on alone.
    outer: bool,
    kept: Kept,
    keys: Column,
    /// The attributes of the table that the query selects.
    reads: Vec<bool>,
    /// How many of the kept rows have been looked up.
    done: usize,
    flow: Flow,
    partners: Vec<Column>,
}

/// A query whose output goes to a table: each row replaces the one with its key, or is added.
pub(crate) struct Writer {
    pub query: usize,
    pub selected: Selected,
    table: usize,
    kept: Kept,
    /// The keys of the rows to replace; without them rows are added.
    keys: Option<Column>,
    done: usize,
}

impl Join {
    /// Whether what arrives at the port is only joined with the row of a table that has its key.
    pub(crate) fn reads_by_key(&self, port: Port, selector: &Selector, tables: &[Table]) -> bool {
        let Some((side, table, condition)) = self.table_beside(port) else { return false };
        let slot = 1 - side as u16;
        let mut plain = true;
        selector.each_item(|item| {
            item.walk(&mut |expr| match expr {
                Expr::Timestamp { slot: at }
                | Expr::Event { slot: at, .. }
                | Expr::IsAbsent { slot: at }
                | Expr::Chain { slot: at, .. } => plain &= *at != slot,
                Expr::Const(..)
                | Expr::Attribute { .. }
                | Expr::Arithmetic { .. }
                | Expr::Compare { .. }
                | Expr::And(_)
                | Expr::Or(_)
                | Expr::Not(_)
                | Expr::IsNull(_)
                | Expr::IfElse(_)
                | Expr::In { .. }
                | Expr::Call { .. } => {}
            });
        });
        plain && selector.is_plain() && tables[table].single_key(condition).is_some()
    }
}

impl Query {
    /// Whether its output goes to a table row by row, by key.
    pub(crate) fn writes_by_key(&self, tables: &[Table]) -> bool {
        let QueryInput::Single(single) = &self.input else { return false };
        let change = self.change.as_ref();
        change.is_some_and(|change| change.by_key(tables).is_some())
            && self.selector.is_plain()
            && single.only_filters()
    }

    /// Its part in taking a delivery: all that does not depend on the tables is computed.
    ///
    /// # Errors
    ///
    /// An expression could not be computed.
    pub(crate) fn part(
        &self,
        query: usize,
        port: Port,
        delivery: &Delivery<'_>,
        tables: &[Table],
        random: &Cell<u64>,
    ) -> Result<Option<Part>, Fault> {
        let (mut wakes, mut faults) = (Vec::new(), Vec::new());
        let cx = Cx { wakes: &mut wakes, faults: &mut faults, random, tables: None };
        match &self.input {
            QueryInput::State(_) => Ok(None),
            QueryInput::Join(join) => {
                let part = reader(join, query, port, &self.selector, &cx, delivery, tables)?;
                Ok(part.map(Part::Reads))
            }
            QueryInput::Single(single) => {
                let kept = single.passing(&cx, delivery)?;
                let selected = kept.select(&cx, delivery, &self.selector)?;
                let env = cx.env(delivery.now());
                let inputs = [Input::new(batch_source(&selected.batch), Rows::From(0))];
                let scope = Scope { inputs: &inputs, len: selected.batch.len(), env: &env };
                let change = self.change.as_ref().and_then(|change| change.by_key(tables));
                let Some((table, key)) = change else { return Ok(None) };
                let keys = key.map(|key| key.eval_column(&scope)).transpose()?;
                Ok(Some(Part::Writes(Writer { query, selected, table, kept, keys, done: 0 })))
            }
        }
    }
}

fn reader(
    join: &Join,
    query: usize,
    port: Port,
    selector: &Selector,
    cx: &Cx<'_>,
    delivery: &Delivery<'_>,
    tables: &[Table],
) -> Result<Option<Reader>, Fault> {
    let Some((side, table, condition)) = join.table_beside(port) else { return Ok(None) };
    let Some(key) = tables[table].single_key(condition) else { return Ok(None) };
    let kept = join.single(side as u8).passing(cx, delivery)?;
    let env = cx.env(delivery.now());
    let mut inputs = [Input::NOTHING; 2];
    inputs[side] = Input::new(batch_source(delivery.batch), kept.rows());
    let keys = key.eval_column(&Scope { inputs: &inputs, len: kept.len(), env: &env })?;
    let types = &tables[table].spec().types;
    let mut reads = vec![false; types.len()];
    selector.each_item(|item| {
        item.walk(&mut |expr| {
            if let Expr::Attribute { slot, column, .. } = expr
                && usize::from(*slot) == 1 - side
            {
                reads[usize::from(*column)] = true;
            }
        });
    });
    let partners = types.iter().map(|it| Column::new(*it)).collect();
    let (outer, flow) = (join.keeps_alone(side), Flow::default());
    Ok(Some(Reader { query, side, table, outer, kept, keys, reads, done: 0, flow, partners }))
}

impl Reader {
    /// Looks up the rows of the next chunk.
    pub(crate) fn take(&mut self, tables: &[Table], delivery: &Delivery<'_>, chunk: Chunk) {
        let table = &tables[self.table];
        while let Some(row) = self.kept.row(self.done).filter(|row| *row < chunk.end) {
            let found = table.find_in(&self.keys, self.done);
            self.done += 1;
            if found.is_none() && !self.outer {
                continue;
            }
            let stored = table.store().columns();
            for (at, partner) in self.partners.iter_mut().enumerate() {
                if self.reads[at] {
                    stored[at].copy_to(found, partner);
                }
            }
            self.flow.push(row, Kind::Current, delivery.batch.timestamps[row as usize]);
        }
        self.flow.end_chunk(chunk.now, chunk.key);
    }

    /// The joined rows of all chunks.
    ///
    /// # Errors
    ///
    /// An expression could not be computed.
    pub(crate) fn finish(
        &self,
        queries: &mut [Query],
        delivery: &Delivery<'_>,
        random: &Cell<u64>,
    ) -> Result<(usize, Selected), Fault> {
        if self.flow.is_empty() {
            return Ok((self.query, Selected::default()));
        }
        let (mut wakes, mut faults) = (Vec::new(), Vec::new());
        let cx = Cx { wakes: &mut wakes, faults: &mut faults, random, tables: None };
        let mut inputs = [Input::NOTHING; 2];
        let rows = Rows::List(&self.flow.rows);
        inputs[self.side] = Input::new(batch_source(delivery.batch), rows);
        inputs[1 - self.side] = Input::new(Source::Columns(&self.partners), Rows::From(0));
        let selected = queries[self.query].selector.select(&cx, &inputs, &self.flow)?;
        Ok((self.query, selected))
    }
}

impl Writer {
    /// Writes the rows of the next chunk.
    pub(crate) fn take(&mut self, tables: &mut [Table], chunk: Chunk, refused: &mut Vec<Refused>) {
        let table = &mut tables[self.table];
        let batch = &self.selected.batch;
        while self.kept.row(self.done).is_some_and(|row| row < chunk.end) {
            let place = self.done;
            self.done += 1;
            match self.keys.as_ref().and_then(|keys| table.find_in(keys, place)) {
                Some(row) => table.overwrite(row, batch, place),
                None => {
                    refused.extend(table.insert(batch.timestamps[place], batch.row(place)).err());
                }
            }
        }
    }
}
