//! A statement to a store with what its parameters are computed from.

use weir_event::Value;
use weir_expr::{Expr, Fault, Scope};

use super::compile::{Compiler, Uncompiled};
use super::words::{Store, StoreExpr, StoreFailure, StoreStatement};

/// A statement that a store has ready, and what its parameters are computed from.
#[derive(Debug, Clone)]
pub struct StoreAsk {
    /// Its number at the store.
    pub statement: usize,
    params: Vec<Expr>,
}

impl StoreAsk {
    /// Readies what finds the rows that meet a condition, whose row is in `slot`.
    ///
    /// # Errors
    ///
    /// The store cannot compute it.
    pub fn find(store: &mut dyn Store, condition: &Expr, slot: u16) -> Result<Self, StoreFailure> {
        let mut compiler = Compiler { slot, ..Compiler::default() };
        let condition = compiled(&mut compiler, condition)?;
        Self::ready(store, &StoreStatement::Find(condition), compiler)
    }

    /// Readies what looks whether some row meets a condition, whose row is in `slot`.
    ///
    /// # Errors
    ///
    /// The store cannot compute it.
    pub fn contains(
        store: &mut dyn Store,
        condition: &Expr,
        slot: u16,
    ) -> Result<Self, StoreFailure> {
        let mut compiler = Compiler { slot, ..Compiler::default() };
        let condition = compiled(&mut compiler, condition)?;
        Self::ready(store, &StoreStatement::Contains(condition), compiler)
    }

    /// Readies what finds any rows, so many at most.
    ///
    /// # Errors
    ///
    /// The store cannot do this.
    pub fn first(store: &mut dyn Store, most: u64) -> Result<Self, StoreFailure> {
        Self::ready(store, &StoreStatement::First(most), Compiler::default())
    }

    /// Readies what counts the rows.
    ///
    /// # Errors
    ///
    /// The store cannot do this.
    pub fn count(store: &mut dyn Store) -> Result<Self, StoreFailure> {
        Self::ready(store, &StoreStatement::Count, Compiler::default())
    }

    /// Readies what adds rows.
    ///
    /// # Errors
    ///
    /// The store takes none.
    pub fn insert(store: &mut dyn Store) -> Result<Self, StoreFailure> {
        Self::ready(store, &StoreStatement::Insert, Compiler::default())
    }

    /// Readies what removes the rows that meet a condition, whose row is in `slot`.
    ///
    /// # Errors
    ///
    /// The store cannot compute it.
    pub fn delete(
        store: &mut dyn Store,
        condition: &Expr,
        slot: u16,
    ) -> Result<Self, StoreFailure> {
        let mut compiler = Compiler { slot, ..Compiler::default() };
        let condition = compiled(&mut compiler, condition)?;
        Self::ready(store, &StoreStatement::Delete(condition), compiler)
    }

    /// Readies what changes the rows that meet a condition, whose row is in `slot`, and adds
    /// one where none does and `inserts` says so.
    ///
    /// # Errors
    ///
    /// The store cannot compute it.
    pub fn update(
        store: &mut dyn Store,
        condition: &Expr,
        set: &[(usize, Expr)],
        slot: u16,
        inserts: Inserts,
    ) -> Result<Self, StoreFailure> {
        let mut compiler = Compiler { slot, ..Compiler::default() };
        let condition = compiled(&mut compiler, condition)?;
        let set = set.iter().map(|(at, value)| Ok((*at, compiled(&mut compiler, value)?)));
        let set = set.collect::<Result<Vec<_>, StoreFailure>>()?;
        let statement = match inserts {
            Inserts::No => StoreStatement::Update(condition, set),
            Inserts::WhereNone => StoreStatement::UpdateOrInsert(condition, set),
        };
        Self::ready(store, &statement, compiler)
    }

    fn ready(
        store: &mut dyn Store,
        statement: &StoreStatement,
        compiler: Compiler,
    ) -> Result<Self, StoreFailure> {
        Ok(Self { statement: store.prepare(statement)?, params: compiler.params })
    }

    /// The values of the parameters, for one place of `scope`.
    ///
    /// # Errors
    ///
    /// One cannot be computed.
    pub fn params(&self, scope: &Scope<'_>, place: usize) -> Result<Vec<Value>, Fault> {
        self.params.iter().map(|it| it.value_at(scope, place)).collect()
    }
}

/// Whether an update adds a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserts {
    /// It does not.
    No,
    /// Where no row meets its condition.
    WhereNone,
}

fn compiled(compiler: &mut Compiler, expr: &Expr) -> Result<StoreExpr, StoreFailure> {
    compiler.compile(expr).map_err(|Uncompiled(what)| {
        StoreFailure::new(format!(
            "a store does not compute {what}\n\
             hint: compute it in the query before, or keep the table in memory"
        ))
    })
}
