//! Groups: each (partition key, group-by values) has a number.

use std::fmt::Write;
use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Key, Kind, StoredColumn, StoredValues, Text};
use weir_expr::{Expr, Fault, Input, Scope, Source, Vals, Vector};

use crate::flow::Flow;

/// The tag of a row whose group is not known.
const NO_TAG: u32 = u32::MAX;

/// The numbers of groups, found by partition key and group-by values.
///
/// Values are told apart as the original does, by their text: null and `'null'` are one group, and
/// so are `1` and `'1'` in one attribute.
#[derive(Debug, Default)]
pub(super) struct Groups {
    by: Vec<Expr>,
    table: HashTable<u32>,
    entries: Vec<Entry>,
    free: Vec<u32>,
    /// The groups of each partition key; kept only with a group-by.
    of_key: Vec<Vec<u32>>,
    /// By row number of the window's store: the group its row was found in when it arrived.
    tags: Vec<u32>,
    hasher: FixedState,
}

#[derive(Debug, Clone, Default)]
struct Entry {
    key: Key,
    text: Text,
    used: bool,
}

impl Groups {
    pub(super) fn new(by: Vec<Expr>) -> Self {
        Self { by, ..Self::default() }
    }

    /// Whether the query has a group-by.
    pub(super) fn by_value(&self) -> bool {
        !self.by.is_empty()
    }

    /// The group of every place, added to `groups`; 0 for a reset.
    pub(super) fn number(
        &mut self,
        scope: &Scope<'_>,
        flow: &Flow,
        groups: &mut Vec<u32>,
    ) -> Result<(), Fault> {
        groups.clear();
        groups.reserve(flow.len());
        if self.by.is_empty() {
            for (range, chunk) in flow.chunk_ranges() {
                groups.extend(range.map(|_| chunk.key.0));
            }
            return Ok(());
        }
        if let [Expr::Attribute { slot: 0, column, .. }] = self.by[..]
            && let [Input { source: Source::Store(store), .. }] = scope.inputs
            && let StoredColumn::Str(texts) = &store.columns()[column as usize]
        {
            self.number_stored(texts, flow, groups);
            return Ok(());
        }
        let values: Vec<_> = self.by.iter().map(|by| by.eval(scope)).collect::<Result<_, _>>()?;
        let mut composed = String::new();
        for (range, chunk) in flow.chunk_ranges() {
            for place in range {
                if flow.kinds[place] == Kind::Reset {
                    groups.push(0);
                    continue;
                }
                let number = match &values[..] {
                    [Vector::Str(texts)] => match text_at(texts, place) {
                        Some(text) => self.find(chunk.key, text),
                        None => self.find(chunk.key, &Text::inline("null")),
                    },
                    values => {
                        composed.clear();
                        for value in values {
                            // Writing to a `String` cannot fail.
                            let written = write!(composed, "{}:-:", value.value(place));
                            debug_assert!(written.is_ok());
                        }
                        self.find(chunk.key, &Text::from(composed.as_str()))
                    }
                };
                groups.push(number);
            }
        }
        Ok(())
    }

    /// As [`Self::number`], for rows of a window grouped by one text: a row that leaves is in the
    /// group it was in when it came.
    fn number_stored(&mut self, texts: &StoredValues<Text>, flow: &Flow, groups: &mut Vec<u32>) {
        for (range, chunk) in flow.chunk_ranges() {
            for place in range {
                let row = flow.rows[place];
                let number = match flow.kinds[place] {
                    Kind::Reset => 0,
                    Kind::Expired
                        if self.tags.get(row as usize).is_some_and(|it| *it != NO_TAG) =>
                    {
                        self.tags[row as usize]
                    }
                    Kind::Current | Kind::Expired | Kind::Timer => {
                        let number = match texts.get(row) {
                            Some(text) => self.find(chunk.key, text),
                            None => self.find(chunk.key, &Text::inline("null")),
                        };
                        if self.tags.len() <= row as usize {
                            self.tags.resize(row as usize + 1, NO_TAG);
                        }
                        self.tags[row as usize] = number;
                        number
                    }
                };
                groups.push(number);
            }
        }
    }

    fn hash(hasher: &FixedState, key: Key, text: &Text) -> u64 {
        hasher.hash_one((key.0, text.as_bytes()))
    }

    fn find(&mut self, key: Key, text: &Text) -> u32 {
        let hash = Self::hash(&self.hasher, key, text);
        let entries = &self.entries;
        let same = |number: &u32| {
            let entry = &entries[*number as usize];
            entry.key == key && entry.text == *text
        };
        if let Some(number) = self.table.find(hash, same) {
            return *number;
        }
        let entry = Entry { key, text: text.clone(), used: true };
        let number = match self.free.pop() {
            Some(number) => {
                self.entries[number as usize] = entry;
                number
            }
            None => {
                self.entries.push(entry);
                self.entries.len() as u32 - 1
            }
        };
        let (entries, hasher) = (&self.entries, &self.hasher);
        self.table.insert_unique(hash, number, |number| {
            let entry = &entries[*number as usize];
            Self::hash(hasher, entry.key, &entry.text)
        });
        if self.of_key.len() <= key.0 as usize {
            self.of_key.resize_with(key.0 as usize + 1, Vec::new);
        }
        self.of_key[key.0 as usize].push(number);
        number
    }

    /// Forgets all groups of a partition key; `forgotten` is told each.
    pub(super) fn forget_key(&mut self, key: Key, mut forgotten: impl FnMut(u32)) {
        if self.by.is_empty() {
            forgotten(key.0);
            return;
        }
        let Some(groups) = self.of_key.get_mut(key.0 as usize) else { return };
        self.tags.fill(NO_TAG);
        for number in std::mem::take(groups) {
            let entry = &mut self.entries[number as usize];
            entry.used = false;
            let hash = Self::hash(&self.hasher, entry.key, &entry.text);
            if let Ok(found) = self.table.find_entry(hash, |it| *it == number) {
                found.remove();
            }
            self.free.push(number);
            forgotten(number);
        }
    }

    /// Tells each group of a partition key.
    pub(super) fn each_of_key(&self, key: Key, mut told: impl FnMut(u32)) {
        if self.by.is_empty() {
            told(key.0);
        } else if let Some(groups) = self.of_key.get(key.0 as usize) {
            groups.iter().for_each(|group| told(*group));
        }
    }

    /// Forgets all groups of all keys.
    pub(super) fn clear(&mut self) {
        self.table.clear();
        self.entries.clear();
        self.free.clear();
        self.of_key.clear();
        self.tags.clear();
    }

    /// Writes the groups; their numbers, in the order in which they were written.
    pub(super) fn save(&self, w: &mut Writer, keys: u32) -> Vec<u32> {
        if self.by.is_empty() {
            w.len(keys as usize);
            return (0..keys).collect();
        }
        let used: Vec<u32> =
            (0..self.entries.len() as u32).filter(|n| self.entries[*n as usize].used).collect();
        w.len(used.len());
        for number in &used {
            let entry = &self.entries[*number as usize];
            w.u32(entry.key.0);
            w.str(&entry.text);
        }
        used
    }

    /// Reads what `save` wrote; the number of groups, which are then `0..count`.
    pub(super) fn load(&mut self, r: &mut Reader<'_>) -> Result<usize, DecodeError> {
        self.clear();
        let count = r.len()?;
        if !self.by.is_empty() {
            for _ in 0..count {
                let key = Key(r.u32()?);
                self.find(key, &Text::from(r.str()?));
            }
        }
        Ok(count)
    }
}

fn text_at<'v>(texts: &'v Vals<'_, Text>, place: usize) -> Option<&'v Text> {
    texts.get(place)
}
