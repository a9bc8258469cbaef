//! Rows of a store that are kept at hand: `@cache` of `@store`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, Value};
use weir_expr::{Fault, Scope};

use crate::condition::TableCondition;
use crate::store::{Store, StoreAsk, StoreFailure};
use crate::table::{Table, TableSpec};

/// How often the size of the store is looked at, as the original does.
const LOOK_EVERY_MS: i64 = 10_000;

/// After so many purges it is, where rows are purged.
const PURGES_PER_LOOK: i64 = 5;

/// Which row goes when there are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CachePolicy {
    /// The one that came first.
    Fifo,
    /// The one that was not used for the longest time.
    Lru,
    /// The one that was used least often.
    Lfu,
}

/// What `@cache` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheSpec {
    /// How many rows it holds at most.
    pub size: usize,
    /// Which row goes when there are too many.
    pub policy: CachePolicy,
    /// How long a row is kept after it was fetched or written, in milliseconds; `None` for ever.
    pub retention_ms: Option<i64>,
    /// How often rows that were kept long enough are taken out, in milliseconds.
    pub purge_every_ms: i64,
}

/// What the cache asks of its store.
#[derive(Debug)]
pub(crate) struct CacheAsks {
    /// How many rows there are.
    pub(crate) count: StoreAsk,
    /// As many as it holds, and one more to see whether there are.
    pub(crate) first: StoreAsk,
}

/// Rows of a store. All of it is state of the app: what it asks and answers follows from the log.
#[derive(Debug)]
pub(crate) struct Cache {
    pub(crate) spec: CacheSpec,
    rows: Table,
    /// Whether all rows of the store are here, as far as is known.
    whole: bool,
    /// When the size of the store is looked at next; `None` before it was filled.
    next_look: Option<i64>,
    next_purge: i64,
    /// By arrival of a row: its rank; the one with the least goes first.
    ranks: BTreeMap<u64, u64>,
    /// The same by rank.
    order: BTreeSet<(u64, u64)>,
    uses: u64,
}

/// What the cache wants of its store before it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    /// Nothing.
    Nothing,
    /// To be filled.
    Rows,
    /// To know how many rows there are.
    Count,
}

impl Cache {
    pub(crate) fn new(spec: CacheSpec, table: TableSpec) -> Self {
        Self {
            spec,
            rows: Table::new(table),
            whole: false,
            next_look: None,
            next_purge: 0,
            ranks: BTreeMap::new(),
            order: BTreeSet::new(),
            uses: 0,
        }
    }

    /// Readies what it asks.
    pub(crate) fn asks(&self, store: &mut dyn Store) -> Result<CacheAsks, StoreFailure> {
        let most = self.spec.size as u64 + 1;
        Ok(CacheAsks { count: StoreAsk::count(store)?, first: StoreAsk::first(store, most)? })
    }

    pub(crate) fn held_bytes(&self) -> u64 {
        self.rows.held_bytes()
    }

    /// The clock shows `now`: rows that were kept long enough go.
    pub(crate) fn wants(&mut self, now: i64) -> Wants {
        let Some(next_look) = self.next_look else { return Wants::Rows };
        if let Some(retention) = self.spec.retention_ms
            && now >= self.next_purge
        {
            self.next_purge = now + self.spec.purge_every_ms;
            let old = self.rows.older_than(now - retention);
            if !old.is_empty() {
                self.rows.delete(&old);
                if self.whole {
                    return Wants::Rows;
                }
            }
        }
        if now >= next_look { Wants::Count } else { Wants::Nothing }
    }

    /// So many rows are in the store; whether it wants to be filled.
    pub(crate) fn counted(&mut self, count: u64, now: i64) -> bool {
        self.look_again(now);
        let fits = count <= self.spec.size as u64;
        let as_known = self.whole && count == self.rows.len() as u64;
        self.whole &= fits;
        fits && !as_known
    }

    fn look_again(&mut self, now: i64) {
        let every = match self.spec.retention_ms {
            Some(_) => PURGES_PER_LOOK * self.spec.purge_every_ms,
            None => LOOK_EVERY_MS,
        };
        self.next_look = Some(now + every);
    }

    /// Takes what the store answered instead of what it has.
    pub(crate) fn fill(&mut self, answered: Vec<Vec<Value>>, now: i64) {
        if self.next_look.is_none() {
            self.next_purge = now + self.spec.purge_every_ms;
        }
        self.look_again(now);
        self.forget_rows();
        self.whole = answered.len() <= self.spec.size;
        for row in answered.into_iter().take(self.spec.size) {
            self.add(row, now);
        }
    }

    fn forget_rows(&mut self) {
        self.rows = Table::new(self.rows.spec().clone());
        self.ranks.clear();
        self.order.clear();
        self.whole = false;
    }

    /// Whether the store has nothing else.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// Whether it can answer without all rows of the store.
    pub(crate) fn serves(&self, condition: &TableCondition) -> bool {
        self.whole || condition.is_key_lookup(&self.rows.spec().primary_key)
    }

    /// The rows here that meet a condition, as the store would answer now.
    pub(crate) fn find(
        &mut self,
        condition: &TableCondition,
        scope: &Scope<'_>,
        place: usize,
    ) -> Result<Batch, Fault> {
        let mut rows = Vec::new();
        self.rows.find(condition, scope, place, &mut rows)?;
        if !self.whole {
            rows.iter().for_each(|row| self.touch(self.rows.arrival(*row)));
        }
        let mut batch = self.rows.store().gather(&rows);
        batch.timestamps = Arc::new(vec![scope.env.now; rows.len()]);
        Ok(batch)
    }

    /// Whether a row here meets a condition.
    pub(crate) fn contains(
        &mut self,
        condition: &TableCondition,
        scope: &Scope<'_>,
        place: usize,
    ) -> Result<bool, Fault> {
        Ok(!self.find(condition, scope, place)?.is_empty())
    }

    /// Takes rows that the store answered and that are not here.
    pub(crate) fn fetched(&mut self, answered: &Batch) {
        self.evict(answered.len());
        for row in 0..answered.len().min(self.spec.size) {
            self.add(answered.row(row), answered.timestamps[row]);
        }
    }

    fn add(&mut self, row: Vec<Value>, now: i64) {
        match self.rows.insert(now, row) {
            Ok(row) => self.rank_new(self.rows.arrival(row)),
            // A row that a table in memory does not take is asked for each time.
            Err(_) => self.whole = false,
        }
    }

    fn rank_new(&mut self, arrival: u64) {
        let rank = match self.spec.policy {
            CachePolicy::Fifo | CachePolicy::Lfu => 0,
            CachePolicy::Lru => {
                self.uses += 1;
                self.uses
            }
        };
        self.ranks.insert(arrival, rank);
        self.order.insert((rank, arrival));
    }

    fn touch(&mut self, arrival: u64) {
        let Some(rank) = self.ranks.get_mut(&arrival) else { return };
        let before = *rank;
        self.uses += 1;
        *rank = match self.spec.policy {
            CachePolicy::Fifo => return,
            CachePolicy::Lru => self.uses,
            CachePolicy::Lfu => before + 1,
        };
        self.order.remove(&(before, arrival));
        self.order.insert((*rank, arrival));
    }

    /// Takes rows out until there is room for so many more.
    fn evict(&mut self, coming: usize) {
        while self.rows.len() + coming.min(self.spec.size) > self.spec.size {
            self.whole = false;
            let Some((_, arrival)) = self.order.pop_first() else { return };
            self.ranks.remove(&arrival);
            // Its row may have gone by itself.
            if let Some(row) = self.rows.row_of(arrival) {
                self.rows.delete(&[row]);
            }
        }
    }

    /// Its rows as a table in memory, to be changed as the store was; `None` before it was filled.
    pub(crate) fn lend(&mut self) -> Option<Table> {
        self.next_look?;
        let spec = self.rows.spec().clone();
        Some(std::mem::replace(&mut self.rows, Table::new(spec)))
    }

    /// Takes its rows back after they were changed.
    pub(crate) fn take_back(&mut self, rows: Table, before: u64) {
        self.rows = rows;
        for arrival in self.rows.arrivals_from(before) {
            self.rank_new(arrival);
        }
        if self.order.len() > 2 * self.rows.len() + self.spec.size {
            let rows = &self.rows;
            self.order.retain(|(_, arrival)| rows.row_of(*arrival).is_some());
            self.ranks.retain(|arrival, _| rows.row_of(*arrival).is_some());
        }
        self.evict(0);
    }

    /// What it has may not be what the store has any more.
    pub(crate) fn drop_all(&mut self) {
        self.forget_rows();
        self.next_look = None;
    }

    pub(crate) fn save(&self, w: &mut Writer) {
        w.bool(self.whole);
        w.option(self.next_look, Writer::i64);
        w.i64(self.next_purge);
        w.u64(self.uses);
        self.rows.save(w);
        for arrival in self.rows.arrivals_from(0) {
            w.u64(self.ranks.get(&arrival).copied().unwrap_or(0));
        }
    }

    pub(crate) fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.forget_rows();
        self.whole = r.bool()?;
        self.next_look = r.option(|r| r.i64())?;
        self.next_purge = r.i64()?;
        self.uses = r.u64()?;
        self.rows.load(r)?;
        for arrival in self.rows.arrivals_from(0) {
            let rank = r.u64()?;
            self.ranks.insert(arrival, rank);
            self.order.insert((rank, arrival));
        }
        Ok(())
    }
}
