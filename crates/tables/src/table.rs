//! A table in memory: rows in order of arrival, found by primary key, by index, or one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound as Range;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, Column, DataType, NO_ROW, RowStore, Schema, Value};
use weir_expr::{CompareOp, Expr, Fault, Rows, Scope, Source, Vector};

use crate::cache::{Cache, CacheSpec};
use crate::condition::{TableCondition, beside};
use crate::key_index::{KeyIndex, Probe};
use crate::outside::Outside;
use crate::scan_order::Scan;
use crate::store::{Store, StoreFailure};

const SAVED_VERSION: u8 = 1;

/// About how many bytes an index, or the order of arrival, takes for a row.
const INDEX_ROW_BYTES: usize = 32;

/// How a table's rows can be found.
#[derive(Debug, Clone, Default)]
pub struct TableSpec {
    /// The types of its attributes.
    pub types: Vec<DataType>,
    /// The places of the primary key's attributes; empty without one.
    pub primary_key: Vec<usize>,
    /// The places of indexed attributes.
    pub indexes: Vec<usize>,
}

/// Why a row was not put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// A row with its primary key is there already; the row is dropped.
    DuplicateKey(Vec<Value>),
    /// A value that has to be there is null.
    NullKey,
}

/// A value in the order of an index; whole numbers of both widths are one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ordered(Value);

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.order(&other.0)
    }
}

/// A table in memory.
#[derive(Debug)]
pub struct Table {
    spec: TableSpec,
    store: RowStore,
    /// Rows by arrival.
    order: BTreeMap<u64, u32>,
    /// The arrival number of each row.
    arrivals: Vec<u64>,
    next_arrival: u64,
    primary: KeyIndex,
    /// One for each of `spec.indexes`: the arrivals of the rows with each value.
    indexes: Vec<BTreeMap<Ordered, BTreeSet<u64>>>,
    scan: Scan,
    /// Where its rows are instead.
    pub(crate) outside: Option<Box<Outside>>,
}

impl Table {
    /// An empty table.
    #[must_use]
    pub fn new(spec: TableSpec) -> Self {
        let mut spec = spec;
        // Ranges over a key of one attribute are served by an index of it.
        if let [column] = spec.primary_key[..]
            && !spec.indexes.contains(&column)
            && spec.types[column].is_numeric()
        {
            spec.indexes.push(column);
        }
        Self {
            store: RowStore::new(spec.types.iter().copied()),
            order: BTreeMap::new(),
            arrivals: Vec::new(),
            next_arrival: 0,
            primary: KeyIndex::new(spec.primary_key.clone()),
            indexes: spec.indexes.iter().map(|_| BTreeMap::new()).collect(),
            outside: None,
            scan: Scan::new(&spec.types, &spec.primary_key, &spec.indexes),
            spec,
        }
    }

    /// A table whose rows are in a store; with a cache, the second part says how rows are found
    /// in that.
    ///
    /// # Errors
    ///
    /// The store takes no rows.
    pub fn in_store(
        store: Box<dyn Store>,
        schema: Schema,
        cache: Option<(CacheSpec, TableSpec)>,
    ) -> Result<Self, StoreFailure> {
        let types = schema.iter().map(|it| it.data_type).collect();
        let mut table = Self::new(TableSpec { types, ..TableSpec::default() });
        let cache = cache.map(|(cache, table)| Cache::new(cache, table));
        table.outside = Some(Box::new(Outside::new(store, schema, cache)?));
        Ok(table)
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// About how many bytes the rows and their indexes take.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        if let Some(outside) = &self.outside {
            return outside.held_bytes();
        }
        let indexes = 1 + self.indexes.len();
        self.store.held_bytes() + (self.len() * indexes * INDEX_ROW_BYTES) as u64
    }

    /// Where the rows are.
    #[must_use]
    pub fn store(&self) -> &RowStore {
        &self.store
    }

    /// How rows can be found.
    #[must_use]
    pub fn spec(&self) -> &TableSpec {
        &self.spec
    }

    /// All rows, added to `rows`: in order of arrival, or where there is a primary key in the order
    /// of the map by which the original holds them.
    pub fn all(&self, rows: &mut Vec<u32>) {
        match &self.scan {
            Scan::Arrival => rows.extend(self.order.values()),
            Scan::Index(at) => {
                let arrivals = self.indexes[*at].values().flatten();
                rows.extend(arrivals.filter_map(|arrival| self.order.get(arrival)));
            }
            Scan::Hash(order) => {
                rows.extend(order.sorted(&self.store, self.order.values().copied()));
            }
        }
    }

    fn key_of(&self, row: &[Value]) -> Vec<Value> {
        self.spec.primary_key.iter().map(|column| row[*column].clone()).collect()
    }

    /// Puts a row in.
    ///
    /// # Errors
    ///
    /// The row is refused and nothing has changed.
    pub fn insert(&mut self, timestamp: i64, row: Vec<Value>) -> Result<u32, Refused> {
        let key = self.key_of(&row);
        if !key.is_empty() && self.primary.find(&self.store, Probe::Values(&key)).is_some() {
            return Err(Refused::DuplicateKey(key));
        }
        let null_index = self.spec.indexes.iter().any(|column| row[*column].is_null());
        let single_null =
            self.spec.primary_key.len() == 1 && key.first().is_some_and(Value::is_null);
        if null_index || single_null && self.spec.types[self.spec.primary_key[0]].is_numeric() {
            return Err(Refused::NullKey);
        }
        let number = self.store.insert_row(timestamp, row);
        self.enter(number, self.next_arrival);
        self.next_arrival += 1;
        Ok(number)
    }

    fn enter(&mut self, number: u32, arrival: u64) {
        if self.arrivals.len() <= number as usize {
            self.arrivals.resize(number as usize + 1, 0);
        }
        self.arrivals[number as usize] = arrival;
        self.order.insert(arrival, number);
        if !self.spec.primary_key.is_empty() {
            self.primary.insert(&self.store, number);
        }
        for (index, column) in self.indexes.iter_mut().zip(&self.spec.indexes) {
            let value = Ordered(self.store.value(number, *column));
            index.entry(value).or_default().insert(arrival);
        }
        self.scan.changed(self.order.len());
    }

    fn leave(&mut self, number: u32) {
        let arrival = self.arrivals[number as usize];
        self.order.remove(&arrival);
        if !self.spec.primary_key.is_empty() {
            self.primary.remove(&self.store, number);
        }
        for (index, column) in self.indexes.iter_mut().zip(&self.spec.indexes) {
            let value = Ordered(self.store.value(number, *column));
            if let Some(arrivals) = index.get_mut(&value) {
                arrivals.remove(&arrival);
                if arrivals.is_empty() {
                    index.remove(&value);
                }
            }
        }
        self.scan.changed(self.order.len());
    }

    /// Takes rows out.
    pub fn delete(&mut self, rows: &[u32]) {
        for row in rows {
            self.leave(*row);
            self.store.remove(*row);
        }
    }

    /// Whether rows may get new values, one after the other: where a row would get the key that
    /// another one has at that time, none may.
    #[must_use]
    pub fn allows(&self, changes: &[(u32, Vec<(usize, Value)>)]) -> bool {
        let [key] = self.spec.primary_key[..] else { return true };
        let mut keys: BTreeMap<Ordered, bool> = BTreeMap::new();
        for (row, set) in changes {
            let Some((_, new)) = set.iter().find(|(column, _)| *column == key) else { continue };
            let old = self.store.value(*row, key);
            if new.is_null() || old.is_null() || *new == old {
                continue;
            }
            keys.insert(Ordered(old), false);
            let held = self.primary.find(&self.store, Probe::Values(std::slice::from_ref(new)));
            let taken = keys.insert(Ordered(new.clone()), true);
            if taken.unwrap_or(held.is_some()) {
                return false;
            }
        }
        true
    }

    /// Gives attributes of a row new values; whether it could be done: a key that another row has
    /// is refused, and nothing changes then.
    pub fn update(&mut self, row: u32, set: &[(usize, Value)]) -> bool {
        let touches = |column: &usize| {
            self.spec.primary_key.contains(column) || self.spec.indexes.contains(column)
        };
        let moved = set
            .iter()
            .any(|(column, value)| touches(column) && self.store.value(row, *column) != *value);
        if !moved {
            for (column, value) in set {
                self.store.set_value(row, *column, value.clone());
            }
            return true;
        }
        let mut values = self.store.row(row);
        for (column, value) in set {
            values[*column] = value.clone();
        }
        let key = self.key_of(&values);
        let holder = self.primary.find(&self.store, Probe::Values(&key));
        let taken = holder.is_some_and(|other| other != row);
        let null = self.spec.indexes.iter().any(|column| values[*column].is_null());
        if !key.is_empty() && taken || null {
            return false;
        }
        let arrival = self.arrivals[row as usize];
        self.leave(row);
        for (column, value) in set {
            self.store.set_value(row, *column, value.clone());
        }
        self.enter(row, arrival);
        true
    }

    /// The rows that meet the condition for one place of `scope`, in order of arrival.
    ///
    /// # Errors
    ///
    /// The condition could not be computed.
    pub fn find(
        &self,
        condition: &TableCondition,
        scope: &Scope<'_>,
        place: usize,
        found: &mut Vec<u32>,
    ) -> Result<(), Fault> {
        let mut rows = Vec::new();
        let served = self.by_key(condition, scope, place, &mut rows)?
            || self.by_index(condition, scope, place, &mut rows)?;
        if served {
            if rows.is_empty() || condition.exact && condition.bounds.len() == 1 {
                found.extend(rows);
                return Ok(());
            }
        } else {
            self.all(&mut rows);
        }
        condition.keep(Source::Store(&self.store), scope, place, &mut rows)?;
        found.extend(rows);
        Ok(())
    }

    /// The expression whose value is the key of the one row that a condition can mean, where the
    /// key is one text or whole number: then [`Self::find_each`] serves it.
    #[must_use]
    pub fn single_key<'c>(&self, condition: &'c TableCondition) -> Option<&'c Expr> {
        let [column] = self.spec.primary_key[..] else { return None };
        let plain = |it| matches!(it, DataType::String | DataType::Int | DataType::Long);
        let value = condition.equal_to(column)?;
        let served = condition.is_key_lookup(&[column])
            && plain(self.spec.types[column])
            && plain(value.data_type());
        served.then_some(value)
    }

    /// For each of `len` keys the row that has it, or [`NO_ROW`].
    pub fn find_each(&self, keys: &Vector<'_>, len: usize, rows: &mut Vec<u32>) {
        rows.extend((0..len).map(|place| self.find_one(keys, place).unwrap_or(NO_ROW)));
    }

    /// The row that has the key at one place.
    #[must_use]
    pub fn find_one(&self, keys: &Vector<'_>, place: usize) -> Option<u32> {
        let probe = if let Vector::Str(texts) = keys {
            Probe::Text(texts.get(place)?)
        } else {
            Probe::Whole(keys.value(place).as_i64()?)
        };
        self.primary.find(&self.store, probe)
    }

    /// As [`Self::find_one`], for keys in a column.
    #[must_use]
    pub fn find_in(&self, keys: &Column, place: usize) -> Option<u32> {
        let probe = if let Column::Str(texts) = keys {
            Probe::Text(texts.get(place)?)
        } else {
            Probe::Whole(keys.value(place).as_i64()?)
        };
        self.primary.find(&self.store, probe)
    }

    /// Replaces a row by a row of a batch that has its key.
    pub fn overwrite(&mut self, row: u32, batch: &Batch, from: usize) {
        if self.indexes.is_empty() {
            self.store.overwrite(row, batch, from);
            return;
        }
        let arrival = self.arrivals[row as usize];
        self.leave(row);
        self.store.overwrite(row, batch, from);
        self.enter(row, arrival);
    }

    /// As [`Self::overwrite`], for many rows in this order.
    pub fn overwrite_all(&mut self, rows: &[u32], batch: &Batch, from: &[u32]) {
        if self.indexes.is_empty() {
            self.store.overwrite_all(rows, batch, from);
            return;
        }
        for (row, from) in rows.iter().zip(from) {
            self.overwrite(*row, batch, *from as usize);
        }
    }

    /// Whether some row meets the condition.
    ///
    /// # Errors
    ///
    /// The condition could not be computed.
    pub fn contains(
        &self,
        condition: &TableCondition,
        scope: &Scope<'_>,
        place: usize,
    ) -> Result<bool, Fault> {
        if let Some(outside) = &self.outside {
            return outside.contains(condition, scope, place);
        }
        let mut rows = Vec::new();
        self.find(condition, scope, place, &mut rows)?;
        Ok(!rows.is_empty())
    }

    /// When a row arrived among the others.
    pub(crate) fn arrival(&self, row: u32) -> u64 {
        self.arrivals[row as usize]
    }

    /// The row that arrived then, if it is here.
    pub(crate) fn row_of(&self, arrival: u64) -> Option<u32> {
        self.order.get(&arrival).copied()
    }

    /// The arrival that the next row gets.
    pub(crate) fn next_arrival(&self) -> u64 {
        self.next_arrival
    }

    /// The rows that arrived from then on.
    pub(crate) fn arrivals_from(&self, first: u64) -> Vec<u64> {
        self.order.range(first..).map(|(arrival, _)| *arrival).collect()
    }

    /// The rows whose timestamp is not after `time`, where later ones arrived later.
    pub(crate) fn older_than(&self, time: i64) -> Vec<u32> {
        let old = |row: &&u32| self.store.timestamp(**row) <= time;
        self.order.values().take_while(old).copied().collect()
    }

    fn by_key(
        &self,
        condition: &TableCondition,
        scope: &Scope<'_>,
        place: usize,
        rows: &mut Vec<u32>,
    ) -> Result<bool, Fault> {
        if self.spec.primary_key.is_empty() {
            return Ok(false);
        }
        let mut key = Vec::with_capacity(self.spec.primary_key.len());
        for column in &self.spec.primary_key {
            let Some(value) = condition.equal_to(*column) else { return Ok(false) };
            let value = value.value_at(scope, place)?;
            if value.is_null() {
                // A comparison with null holds for no row.
                return Ok(true);
            }
            key.push(value);
        }
        rows.extend(self.primary.find(&self.store, Probe::Values(&key)));
        Ok(true)
    }

    fn by_index(
        &self,
        condition: &TableCondition,
        scope: &Scope<'_>,
        place: usize,
        rows: &mut Vec<u32>,
    ) -> Result<bool, Fault> {
        let mut best: Option<(&crate::condition::Bound, usize)> = None;
        for bound in &condition.bounds {
            let Some(at) = self.spec.indexes.iter().position(|it| *it == bound.column) else {
                continue;
            };
            let equal = bound.op == CompareOp::Equal;
            if bound.op != CompareOp::NotEqual && (best.is_none() || equal) {
                best = Some((bound, at));
            }
        }
        let Some((bound, at)) = best else { return Ok(false) };
        let value = bound.value.value_at(scope, place)?;
        if value.is_null() {
            return Ok(true);
        }
        let value = Ordered(value);
        let (from, to) = match bound.op {
            CompareOp::Less => (Range::Unbounded, Range::Excluded(value)),
            CompareOp::LessOrEqual => (Range::Unbounded, Range::Included(value)),
            CompareOp::Greater => (Range::Excluded(value), Range::Unbounded),
            CompareOp::GreaterOrEqual => (Range::Included(value), Range::Unbounded),
            CompareOp::Equal | CompareOp::NotEqual => {
                (Range::Included(value.clone()), Range::Included(value))
            }
        };
        let mut arrivals: Vec<u64> =
            self.indexes[at].range((from, to)).flat_map(|(_, rows)| rows).copied().collect();
        if !matches!(self.scan, Scan::Index(scanned) if scanned == at) {
            arrivals.sort_unstable();
        }
        rows.extend(arrivals.iter().filter_map(|arrival| self.order.get(arrival)));
        Ok(true)
    }

    /// The new values that `set` gives a row, for one place of `scope`; the row is in `slot`.
    ///
    /// # Errors
    ///
    /// A value could not be computed.
    pub fn assigned(
        &self,
        set: &[(usize, Expr)],
        slot: u16,
        scope: &Scope<'_>,
        place: usize,
        row: u32,
    ) -> Result<Vec<(usize, Value)>, Fault> {
        beside(slot, Source::Store(&self.store), scope, place, Rows::Same(row), 1, |scope| {
            set.iter().map(|(column, value)| Ok((*column, value.value_at(scope, 0)?))).collect()
        })
    }

    /// Writes the rows.
    pub fn save(&self, w: &mut Writer) {
        if let Some(outside) = &self.outside {
            return outside.save(w);
        }
        w.u8(SAVED_VERSION);
        w.u64(self.scan.most() as u64);
        w.len(self.order.len());
        for row in self.order.values() {
            w.i64(self.store.timestamp(*row));
            w.values(&self.store.row(*row));
        }
    }

    /// Replaces the rows by those that [`Self::save`] wrote.
    ///
    /// # Errors
    ///
    /// The bytes are not such rows.
    pub fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        if let Some(outside) = &mut self.outside {
            return outside.load(r);
        }
        let version = r.u8()?;
        if version != SAVED_VERSION {
            return Err(DecodeError::UnknownVersion {
                what: "table",
                version: u64::from(version),
                newest: u64::from(SAVED_VERSION),
            });
        }
        *self = Self::new(std::mem::take(&mut self.spec));
        let most = r.u64()?.min(u64::from(u32::MAX)) as usize;
        self.scan.held_at_most(most);
        for _ in 0..r.len()? {
            let timestamp = r.i64()?;
            let row = r.values()?;
            if row.len() != self.spec.types.len() || self.insert(timestamp, row).is_err() {
                return Err(DecodeError::Malformed { what: "table", why: "a row does not fit" });
            }
        }
        Ok(())
    }
}
