//! Groups: each (partition key, group-by values) has a number.

use std::fmt::Write;

use hashbrown::HashTable;
use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Key, Kind, NO_ROW, PackedText, StoredColumn, StoredValues, Text};
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
    /// With how many groups it is next looked whether all are needed.
    crowded_at: usize,
}

/// With fewer groups than this it is not looked whether all are needed.
const CROWDED_MIN: usize = 4_096;

#[derive(Debug, Clone, Default)]
struct Entry {
    packed: PackedText,
    key: Key,
    used: bool,
    text: Text,
}

impl Entry {
    #[inline]
    fn hash(&self) -> u64 {
        self.packed.hash_with(self.key.0)
    }
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
        let rows = flow.rows.iter().filter(|row| **row != NO_ROW);
        let top = rows.max().map_or(0, |row| *row as usize + 1);
        if self.tags.len() < top {
            self.tags.resize(top, NO_TAG);
        }
        for (range, chunk) in flow.chunk_ranges() {
            for (row, kind) in flow.rows[range.clone()].iter().zip(&flow.kinds[range]) {
                let tag = match kind {
                    Kind::Reset => 0,
                    Kind::Expired => self.tags[*row as usize],
                    Kind::Current | Kind::Timer => NO_TAG,
                };
                if tag != NO_TAG {
                    groups.push(tag);
                    continue;
                }
                let number = match texts.get(*row) {
                    Some(text) => self.find(chunk.key, text),
                    None => self.find(chunk.key, &Text::inline("null")),
                };
                self.tags[*row as usize] = number;
                groups.push(number);
            }
        }
    }

    #[inline]
    fn find(&mut self, key: Key, text: &Text) -> u32 {
        let packed = PackedText::of(text);
        let entries = &self.entries;
        let same = |number: &u32| {
            let entry = &entries[*number as usize];
            entry.packed == packed && entry.key == key && (packed.is_short() || entry.text == *text)
        };
        match self.table.find(packed.hash_with(key.0), same) {
            Some(number) => *number,
            None => self.add(Entry { packed, key, used: true, text: text.clone() }),
        }
    }

    fn add(&mut self, entry: Entry) -> u32 {
        let (hash, key) = (entry.hash(), entry.key.0 as usize);
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
        let entries = &self.entries;
        self.table.insert_unique(hash, number, |number| entries[*number as usize].hash());
        if self.of_key.len() <= key {
            self.of_key.resize_with(key + 1, Vec::new);
        }
        self.of_key[key].push(number);
        number
    }

    /// Whether there are so many groups that those nobody needs should go.
    pub(super) fn is_crowded(&self) -> bool {
        self.entries.len() - self.free.len() >= self.crowded_at.max(CROWDED_MIN)
    }

    /// Forgets the groups whose state is as if they had never been.
    pub(super) fn sweep(&mut self, is_blank: impl Fn(u32) -> bool) {
        for (entry, number) in self.entries.iter_mut().zip(0..) {
            if !entry.used || !is_blank(number) {
                continue;
            }
            *entry = Entry { packed: entry.packed, key: entry.key, ..Entry::default() };
            if let Ok(found) = self.table.find_entry(entry.hash(), |it| *it == number) {
                found.remove();
            }
            self.free.push(number);
        }
        let entries = &self.entries;
        for groups in &mut self.of_key {
            groups.retain(|number| entries[*number as usize].used);
        }
        for tag in &mut self.tags {
            if *tag != NO_TAG && !entries[*tag as usize].used {
                *tag = NO_TAG;
            }
        }
        // The next sweep comes when there are twice as many, so that each new group pays a part.
        self.crowded_at = 2 * (self.entries.len() - self.free.len());
    }

    /// Forgets all groups of a partition key; `forgotten` is told each.
    pub(super) fn forget_key(&mut self, key: Key, mut forgotten: impl FnMut(u32)) {
        if self.by.is_empty() {
            forgotten(key.0);
            return;
        }
        let Some(groups) = self.of_key.get_mut(key.0 as usize) else { return };
        // Tags of its rows may stay: they have left the window, and a row that comes gets its own.
        for number in std::mem::take(groups) {
            let entry = &mut self.entries[number as usize];
            entry.used = false;
            let hash = entry.hash();
            if let Ok(found) = self.table.find_entry(hash, |it| *it == number) {
                found.remove();
            }
            self.free.push(number);
            forgotten(number);
        }
    }

    /// How many there are; without a group-by, one a partition key.
    pub(super) fn count(&self, keys: u32) -> usize {
        if self.by.is_empty() { keys as usize } else { self.entries.len() - self.free.len() }
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
