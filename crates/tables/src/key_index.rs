//! The primary key: rows found by hash, without a copy of their keys.

use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use weir_event::{Key, PackedText, RowStore, StoredColumn, Text, TextTable, Value};

/// Row numbers by the values of the key's attributes.
#[derive(Debug, Default)]
pub(crate) struct KeyIndex {
    columns: Vec<usize>,
    /// Rows whose key is one text.
    texts: TextTable,
    /// All others.
    rows: HashTable<u32>,
    hasher: FixedState,
}

/// A key that is looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Probe<'a> {
    /// One text.
    Text(&'a Text),
    /// One whole number, of either width.
    Whole(i64),
    /// Any values, one for each attribute of the key.
    Values(&'a [Value]),
}

impl KeyIndex {
    pub(crate) fn new(columns: Vec<usize>) -> Self {
        Self { columns, ..Self::default() }
    }

    fn hash_probe(&self, probe: Probe<'_>) -> u64 {
        let mut state = self.hasher.build_hasher();
        match probe {
            Probe::Text(text) => hash_text(text, &mut state),
            Probe::Whole(number) => hash_whole(number, &mut state),
            Probe::Values(values) => values.iter().for_each(|it| hash_value(it, &mut state)),
        }
        state.finish()
    }

    fn hash_row(columns: &[usize], hasher: &FixedState, store: &RowStore, row: u32) -> u64 {
        let mut state = hasher.build_hasher();
        for column in columns {
            let stored = &store.columns()[*column];
            if let StoredColumn::Str(texts) = stored
                && !texts.is_null(row)
            {
                hash_text(texts.data(row), &mut state);
            } else {
                hash_value(&stored.value(row), &mut state);
            }
        }
        state.finish()
    }

    /// The key of a row, where it is one text.
    fn text_of<'s>(&self, store: &'s RowStore, row: u32) -> Option<&'s Text> {
        let [column] = self.columns[..] else { return None };
        match &store.columns()[column] {
            StoredColumn::Str(texts) => texts.get(row),
            StoredColumn::Object(values) => values.data(row).as_text(),
            StoredColumn::Bool(_)
            | StoredColumn::Int(_)
            | StoredColumn::Long(_)
            | StoredColumn::Float(_)
            | StoredColumn::Double(_) => None,
        }
    }

    fn find_text(&self, store: &RowStore, text: &Text) -> Option<u32> {
        let packed = PackedText::of(text);
        let is_it = |row| packed.is_short() || self.text_of(store, row) == Some(text);
        self.texts.find(packed, Key(0), is_it)
    }

    fn is_row(&self, store: &RowStore, row: u32, probe: Probe<'_>) -> bool {
        match probe {
            Probe::Text(text) => self.text_of(store, row) == Some(text),
            Probe::Whole(number) => store.value(row, self.columns[0]).as_i64() == Some(number),
            Probe::Values(values) => self
                .columns
                .iter()
                .zip(values)
                .all(|(column, value)| same(&store.value(row, *column), value)),
        }
    }

    /// The row with the key.
    pub(crate) fn find(&self, store: &RowStore, probe: Probe<'_>) -> Option<u32> {
        match probe {
            Probe::Text(text) | Probe::Values([Value::Str(text)]) => {
                return self.find_text(store, text);
            }
            Probe::Whole(_) | Probe::Values(_) => {}
        }
        let hash = self.hash_probe(probe);
        self.rows.find(hash, |row| self.is_row(store, *row, probe)).copied()
    }

    pub(crate) fn insert(&mut self, store: &RowStore, row: u32) {
        if let Some(text) = self.text_of(store, row) {
            self.texts.insert(PackedText::of(text), Key(0), row);
            return;
        }
        let (columns, hasher) = (&self.columns, &self.hasher);
        let hash = Self::hash_row(columns, hasher, store, row);
        self.rows.insert_unique(hash, row, |it| Self::hash_row(columns, hasher, store, *it));
    }

    pub(crate) fn remove(&mut self, store: &RowStore, row: u32) {
        if let Some(text) = self.text_of(store, row) {
            self.texts.remove(PackedText::of(text), Key(0), row);
            return;
        }
        let hash = Self::hash_row(&self.columns, &self.hasher, store, row);
        if let Ok(found) = self.rows.find_entry(hash, |it| *it == row) {
            found.remove();
        }
    }
}

fn hash_text(text: &Text, state: &mut impl Hasher) {
    state.write_u64(PackedText::of(text).hash_with(0));
}

fn hash_whole(number: i64, state: &mut impl Hasher) {
    state.write_i64(number);
}

/// Whole numbers of both widths are one key.
fn hash_value(value: &Value, state: &mut impl Hasher) {
    match value {
        Value::Str(text) => hash_text(text, state),
        Value::Int(v) => hash_whole(i64::from(*v), state),
        Value::Long(v) => hash_whole(*v, state),
        other @ (Value::Null
        | Value::Bool(_)
        | Value::Float(_)
        | Value::Double(_)
        | Value::Object(_)) => other.hash(state),
    }
}

fn same(a: &Value, b: &Value) -> bool {
    a == b || a.as_i64().is_some() && a.as_i64() == b.as_i64()
}
