//! The side of a table whose rows are in a store: it asks, and counts what it asked.

use std::cell::{Cell, RefCell, RefMut};
use std::fmt;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, BatchBuilder, OutputNo, Schema, Value};
use weir_expr::{Fault, Scope};

use crate::cache::{Cache, CacheAsks, Wants};
use crate::condition::TableCondition;
use crate::store::{ChangedRow, Inserts, Lookup, Store, StoreAsk, StoreFailure};
use crate::table::Table;

const SAVED_VERSION: u8 = 1;

/// Rows that are in a store.
pub(crate) struct Outside {
    /// Also asked while the app's tables are only read.
    store: RefCell<Box<dyn Store>>,
    schema: Schema,
    insert: StoreAsk,
    cache: Option<(RefCell<Cache>, CacheAsks)>,
    /// How many questions were asked.
    calls: Cell<u64>,
    /// How many changes were handed over.
    changes: u64,
}

impl fmt::Debug for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { calls, changes, .. } = self;
        f.debug_struct("Outside").field("calls", calls).field("changes", changes).finish()
    }
}

fn fault(failure: StoreFailure) -> Fault {
    Fault::runtime(failure.why)
}

impl Outside {
    pub(crate) fn new(
        mut store: Box<dyn Store>,
        schema: Schema,
        cache: Option<Cache>,
    ) -> Result<Self, StoreFailure> {
        let insert = StoreAsk::insert(&mut *store)?;
        let cache = match cache {
            Some(cache) => {
                let asks = cache.asks(&mut *store)?;
                Some((RefCell::new(cache), asks))
            }
            None => None,
        };
        let store = RefCell::new(store);
        Ok(Self { store, schema, insert, cache, calls: Cell::new(0), changes: 0 })
    }

    pub(crate) fn held_bytes(&self) -> u64 {
        self.cache.as_ref().map_or(0, |(cache, _)| cache.borrow().held_bytes())
    }

    fn next_call(&self) -> u64 {
        self.calls.set(self.calls.get() + 1);
        self.calls.get()
    }

    /// The cache, as fresh as it has to be at `now`.
    fn cache(&self, now: i64) -> Result<Option<RefMut<'_, Cache>>, Fault> {
        let Some((cache, asks)) = &self.cache else { return Ok(None) };
        let mut cache = cache.borrow_mut();
        let fill = match cache.wants(now) {
            Wants::Nothing => false,
            Wants::Rows => true,
            Wants::Count => {
                let asked = self.lookup(&asks.count, &[]);
                let count = self.store.borrow_mut().count(&asked).map_err(fault)?;
                cache.counted(count, now)
            }
        };
        if fill {
            let asked = self.lookup(&asks.first, &[]);
            let rows = self.store.borrow_mut().find(&asked).map_err(fault)?;
            cache.fill(rows, now);
        }
        Ok(Some(cache))
    }

    fn lookup<'a>(&self, ask: &StoreAsk, params: &'a [Value]) -> Lookup<'a> {
        Lookup { call: self.next_call(), statement: ask.statement, params }
    }

    pub(crate) fn contains(
        &self,
        condition: &TableCondition,
        scope: &Scope<'_>,
        place: usize,
    ) -> Result<bool, Fault> {
        let ask = readied(condition)?;
        if let Some(mut cache) = self.cache(scope.env.now)? {
            let here = cache.contains(condition, scope, place)?;
            if here || cache.is_whole() {
                return Ok(here);
            }
        }
        let params = ask.params(scope, place)?;
        let asked = self.lookup(ask, &params);
        self.store.borrow_mut().contains(&asked).map_err(fault)
    }

    fn find(
        &self,
        condition: &TableCondition,
        scope: &Scope<'_>,
        place: usize,
    ) -> Result<Batch, Fault> {
        let ask = readied(condition)?;
        let cache = self.cache(scope.env.now)?;
        let Some(mut cache) = cache.filter(|cache| cache.serves(condition)) else {
            return self.find_there(ask, scope, place);
        };
        let here = cache.find(condition, scope, place)?;
        if !here.is_empty() || cache.is_whole() {
            return Ok(here);
        }
        let there = self.find_there(ask, scope, place)?;
        cache.fetched(&there);
        Ok(there)
    }

    fn find_there(&self, ask: &StoreAsk, scope: &Scope<'_>, place: usize) -> Result<Batch, Fault> {
        let params = ask.params(scope, place)?;
        let asked = self.lookup(ask, &params);
        let rows = self.store.borrow_mut().find(&asked).map_err(fault)?;
        let mut builder = BatchBuilder::new(&self.schema);
        for row in rows {
            if row.len() != self.schema.len() {
                return Err(Fault::runtime("the store answered rows of another length"));
            }
            builder.push_row(scope.env.now, row);
        }
        Ok(builder.finish())
    }

    pub(crate) fn save(&self, w: &mut Writer) {
        w.u8(SAVED_VERSION);
        w.u64(self.calls.get());
        w.u64(self.changes);
        if let Some((cache, _)) = &self.cache {
            cache.borrow().save(w);
        }
    }

    pub(crate) fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        let version = r.u8()?;
        if version != SAVED_VERSION {
            return Err(DecodeError::UnknownVersion {
                what: "table in a store",
                version: u64::from(version),
                newest: u64::from(SAVED_VERSION),
            });
        }
        self.calls.set(r.u64()?);
        self.changes = r.u64()?;
        match &mut self.cache {
            Some((cache, _)) => cache.get_mut().load(r),
            None => Ok(()),
        }
    }
}

/// Rows of a store that are changed in memory as the store was.
#[derive(Debug)]
pub struct Lent {
    /// The rows.
    pub rows: Table,
    /// Whether the store has no others.
    pub whole: bool,
    before: u64,
}

fn unready() -> Fault {
    Fault::runtime("nothing was readied for the store")
}

fn readied(condition: &TableCondition) -> Result<&StoreAsk, Fault> {
    condition.ask().ok_or_else(unready)
}

/// Tables whose rows are in a store. Nothing else of them works there: what reads or changes
/// such a table asks [`Table::is_outside`] first.
impl Table {
    /// Whether its rows are in a store.
    #[must_use]
    pub fn is_outside(&self) -> bool {
        self.outside.is_some()
    }

    /// Readies a condition for finding rows in the store, where the table has one.
    ///
    /// # Errors
    ///
    /// The store cannot compute it.
    pub fn ready_find(&self, condition: &mut TableCondition) -> Result<(), StoreFailure> {
        let slot = condition.slot;
        let Some(outside) = &self.outside else { return Ok(()) };
        let mut store = outside.store.borrow_mut();
        condition.ask = Some(StoreAsk::find(&mut **store, &condition.whole, slot)?);
        Ok(())
    }

    /// Readies a condition for looking whether some row meets it, where the table has a store.
    ///
    /// # Errors
    ///
    /// The store cannot compute it.
    pub fn ready_contains(&self, condition: &mut TableCondition) -> Result<(), StoreFailure> {
        let slot = condition.slot;
        let Some(outside) = &self.outside else { return Ok(()) };
        let mut store = outside.store.borrow_mut();
        condition.ask = Some(StoreAsk::contains(&mut **store, &condition.whole, slot)?);
        Ok(())
    }

    /// Readies a condition for removing the rows that meet it, where the table has a store.
    ///
    /// # Errors
    ///
    /// The store cannot compute it.
    pub fn ready_delete(&self, condition: &mut TableCondition) -> Result<(), StoreFailure> {
        let slot = condition.slot;
        let Some(outside) = &self.outside else { return Ok(()) };
        let mut store = outside.store.borrow_mut();
        condition.ask = Some(StoreAsk::delete(&mut **store, &condition.whole, slot)?);
        Ok(())
    }

    /// Readies a condition for changing the rows that meet it, where the table has a store.
    ///
    /// # Errors
    ///
    /// The store cannot compute it.
    pub fn ready_update(
        &self,
        condition: &mut TableCondition,
        set: &[(usize, weir_expr::Expr)],
        inserts: Inserts,
    ) -> Result<(), StoreFailure> {
        let slot = condition.slot;
        let Some(outside) = &self.outside else { return Ok(()) };
        let mut store = outside.store.borrow_mut();
        let ask = StoreAsk::update(&mut **store, &condition.whole, set, slot, inserts)?;
        condition.ask = Some(ask);
        Ok(())
    }

    /// The app starts.
    ///
    /// # Errors
    ///
    /// The store cannot be used.
    pub fn start(&mut self) -> Result<(), StoreFailure> {
        self.outside.as_mut().map_or(Ok(()), |it| it.store.get_mut().start())
    }

    /// The rows of the store that a condition means for one place of `scope`, at the entry's time.
    ///
    /// # Errors
    ///
    /// A parameter cannot be computed, or the store does not answer.
    pub fn draw(
        &self,
        condition: &TableCondition,
        scope: &Scope<'_>,
        place: usize,
    ) -> Result<Batch, Fault> {
        match &self.outside {
            Some(outside) => outside.find(condition, scope, place),
            None => Err(unready()),
        }
    }

    /// The rows that are kept at hand of the store, as a table in memory that is to be changed as
    /// the store was; `None` where none are. [`Self::keep`] takes it back.
    pub fn lend(&mut self) -> Option<Lent> {
        let (cache, _) = self.outside.as_mut()?.cache.as_mut()?;
        let cache = cache.get_mut();
        let (whole, rows) = (cache.is_whole(), cache.lend()?);
        Some(Lent { before: rows.next_arrival(), rows, whole })
    }

    /// Takes back what [`Self::lend`] lent; `None` where it may not be what the store has any more.
    pub fn keep(&mut self, lent: Option<Lent>) {
        let cache = self.outside.as_mut().and_then(|it| it.cache.as_mut());
        match (cache, lent) {
            (Some((cache, _)), Some(lent)) => cache.get_mut().take_back(lent.rows, lent.before),
            (Some((cache, _)), None) => cache.get_mut().drop_all(),
            (None, _) => {}
        }
    }

    /// Hands a change to the store: rows with the values that it needs for each.
    ///
    /// # Errors
    ///
    /// The store refuses it.
    pub fn hand_over(
        &mut self,
        ask: Option<&StoreAsk>,
        rows: Vec<ChangedRow>,
    ) -> Result<(), Fault> {
        let Some(outside) = &mut self.outside else {
            return Err(Fault::runtime("the table has no store"));
        };
        if rows.is_empty() {
            return Ok(());
        }
        outside.changes += 1;
        let statement = ask.unwrap_or(&outside.insert).statement;
        let number = OutputNo(outside.changes);
        outside.store.get_mut().change(number, statement, rows).map_err(fault)
    }
}
