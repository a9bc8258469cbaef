//! The rows of a sliding window by the value of one attribute, oldest first.

use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use weir_event::{Key, NO_ROW, RowStore, StoredColumn, Text, Value};

/// The rows of a sliding window by the value of the attribute that the other side asks for.
///
/// Rows with one value are a chain through their numbers, so that coming and going allocate
/// nothing. Rows without a value are in no chain: nothing equals null.
pub(crate) struct Index {
    pub column: usize,
    chains: HashTable<Chain>,
    /// By row number.
    links: Vec<Link>,
}

#[derive(Clone, Copy)]
struct Chain {
    hash: u64,
    first: u32,
    last: u32,
}

#[derive(Clone, Copy)]
struct Link {
    hash: u64,
    key: Key,
    next: u32,
    held: bool,
}

/// How many places there are for each chain: chains that come and go in a table with little room
/// leave marks behind, and the table is then made anew again and again.
const ROOM: usize = 3;

const NO_LINK: Link = Link { hash: 0, key: Key(0), next: NO_ROW, held: false };

/// A value that is looked for.
#[derive(Clone, Copy)]
pub(crate) struct Probe<'a> {
    key: Key,
    hash: u64,
    wanted: Wanted<'a>,
}

#[derive(Clone, Copy)]
enum Wanted<'a> {
    Text(&'a Text),
    Whole(i64),
    Other(&'a Value),
}

impl Index {
    pub(crate) fn new(column: usize) -> Self {
        Self { column, chains: HashTable::new(), links: Vec::new() }
    }

    pub(crate) fn clear(&mut self) {
        self.chains.clear();
        self.links.clear();
    }

    /// The highest partition key of a row, plus one.
    pub(super) fn keys(&self) -> u32 {
        self.links.iter().filter(|link| link.held).map(|link| link.key.0 + 1).max().unwrap_or(0)
    }

    /// Forgets the rows of these keys, which are in order.
    pub(super) fn drop_keys(&mut self, keys: &[Key]) {
        let links = &mut self.links;
        let gone = |key: Key| keys.binary_search(&key).is_ok();
        self.chains.retain(|chain| !gone(links[chain.first as usize].key));
        links.iter_mut().filter(|link| gone(link.key)).for_each(|link| *link = NO_LINK);
    }

    fn hash_of(key: Key, wanted: Wanted<'_>) -> u64 {
        let mut state = FixedState::default().build_hasher();
        state.write_u32(key.0);
        match wanted {
            Wanted::Text(text) => state.write(text.as_bytes()),
            Wanted::Whole(number) => state.write_i64(number),
            Wanted::Other(value) => value.hash(&mut state),
        }
        state.finish()
    }

    /// What to look for to find the partners of a row of this side on the other.
    pub(super) fn probe<'a>(&self, store: &'a RowStore, key: Key, row: u32) -> Option<Probe<'a>> {
        let link = self.links.get(row as usize).filter(|link| link.held)?;
        let wanted = wanted(store, self.column, row)?;
        Some(Probe { key, hash: link.hash, wanted })
    }

    /// What to look for to find rows with a value; `None` for null.
    pub(super) fn probe_value(key: Key, value: &Value) -> Option<Probe<'_>> {
        let wanted = match value {
            Value::Null => return None,
            Value::Str(text) => Wanted::Text(text),
            Value::Int(v) => Wanted::Whole(i64::from(*v)),
            Value::Long(v) => Wanted::Whole(*v),
            other @ (Value::Bool(_) | Value::Float(_) | Value::Double(_) | Value::Object(_)) => {
                Wanted::Other(other)
            }
        };
        Some(Probe { key, hash: Self::hash_of(key, wanted), wanted })
    }

    /// The rows with the value, oldest first.
    pub(super) fn find<'s>(
        &'s self,
        store: &'s RowStore,
        probe: Probe<'_>,
    ) -> impl Iterator<Item = u32> + 's {
        let found = self.chains.find(probe.hash, |chain| self.is(store, chain, probe));
        let mut next = found.map_or(NO_ROW, |chain| chain.first);
        std::iter::from_fn(move || {
            let row = next;
            next = self.links.get(row as usize)?.next;
            Some(row)
        })
    }

    fn is(&self, store: &RowStore, chain: &Chain, probe: Probe<'_>) -> bool {
        chain.hash == probe.hash
            && self.links[chain.first as usize].key == probe.key
            && equals(store, self.column, chain.first, probe.wanted)
    }

    /// A row came.
    pub(crate) fn add(&mut self, store: &RowStore, key: Key, row: u32) {
        if self.links.len() <= row as usize {
            self.links.resize(row as usize + 1, NO_LINK);
        }
        let value: Value;
        let stored = &store.columns()[self.column];
        let wanted = if let StoredColumn::Str(texts) = stored {
            let Some(text) = texts.get(row) else { return };
            Wanted::Text(text)
        } else {
            value = stored.value(row);
            let Some(probe) = Self::probe_value(key, &value) else { return };
            probe.wanted
        };
        let hash = Self::hash_of(key, wanted);
        self.links[row as usize] = Link { hash, key, next: NO_ROW, held: true };
        let (links, column) = (&self.links, self.column);
        let same = |chain: &Chain| {
            chain.hash == hash
                && links[chain.first as usize].key == key
                && equals(store, column, chain.first, wanted)
        };
        match self.chains.find_mut(hash, same) {
            Some(chain) => {
                let last = std::mem::replace(&mut chain.last, row);
                self.links[last as usize].next = row;
            }
            None => {
                let chain = Chain { hash, first: row, last: row };
                if self.chains.len() * ROOM >= self.chains.capacity() {
                    self.chains.reserve(self.chains.len() * ROOM + ROOM, |chain| chain.hash);
                }
                self.chains.insert_unique(hash, chain, |chain| chain.hash);
            }
        }
    }

    /// A row left.
    pub(crate) fn remove(&mut self, row: u32) {
        let Some(link) = self.links.get(row as usize).copied().filter(|link| link.held) else {
            return;
        };
        self.links[row as usize] = NO_LINK;
        let links = &mut self.links;
        if let Ok(mut found) = self.chains.find_entry(link.hash, |chain| chain.first == row) {
            if link.next == NO_ROW {
                found.remove();
            } else {
                found.get_mut().first = link.next;
            }
            return;
        }
        // Not the oldest of its chain: the rows before it have to be walked.
        let holds = |chain: &Chain| chain.hash == link.hash && walk(links, chain, row).is_some();
        if let Some(chain) = self.chains.find_mut(link.hash, holds)
            && let Some(before) = walk(links, chain, row)
        {
            links[before as usize].next = link.next;
            if chain.last == row {
                chain.last = before;
            }
        }
    }
}

/// The row of a chain that stands before `row`.
fn walk(links: &[Link], chain: &Chain, row: u32) -> Option<u32> {
    let mut at = chain.first;
    while at != NO_ROW {
        let next = links[at as usize].next;
        if next == row {
            return Some(at);
        }
        at = next;
    }
    None
}

fn wanted(store: &RowStore, column: usize, row: u32) -> Option<Wanted<'_>> {
    match &store.columns()[column] {
        StoredColumn::Str(texts) => texts.get(row).map(Wanted::Text),
        StoredColumn::Int(v) => v.get(row).map(|v| Wanted::Whole(i64::from(*v))),
        StoredColumn::Long(v) => v.get(row).map(|v| Wanted::Whole(*v)),
        StoredColumn::Object(v) => match v.data(row) {
            Value::Null => None,
            Value::Str(text) => Some(Wanted::Text(text)),
            Value::Int(v) => Some(Wanted::Whole(i64::from(*v))),
            Value::Long(v) => Some(Wanted::Whole(*v)),
            other @ (Value::Bool(_) | Value::Float(_) | Value::Double(_) | Value::Object(_)) => {
                Some(Wanted::Other(other))
            }
        },
        StoredColumn::Bool(_) | StoredColumn::Float(_) | StoredColumn::Double(_) => None,
    }
}

fn equals(store: &RowStore, column: usize, row: u32, wanted: Wanted<'_>) -> bool {
    match (&store.columns()[column], wanted) {
        (StoredColumn::Str(texts), Wanted::Text(text)) => texts.get(row) == Some(text),
        (stored, Wanted::Text(text)) => stored.value(row).as_text() == Some(text),
        (stored, Wanted::Whole(number)) => stored.value(row).as_i64() == Some(number),
        (stored, Wanted::Other(value)) => stored.value(row) == *value,
    }
}
