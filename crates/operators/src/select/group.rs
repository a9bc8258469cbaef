//! Groups: each (partition key, group-by values) has a number.

use std::fmt::Write;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{
    Chunk, Column, Key, Kind, PackedText, StoredColumn, StoredValues, Text, TextTable, Values,
};
use weir_expr::{Expr, Fault, Input, Rows, Scope, Source, Vals, Vector};

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
    rows_leave: bool,
    table: TextTable,
    entries: Vec<Entry>,
    free: Vec<u32>,
    /// The groups of each partition key; kept only with a group-by.
    of_key: Vec<Vec<u32>>,
    /// By row number of the window's store: the group its row was found in when it arrived, as
    /// far as that is known.
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

impl Groups {
    /// Groups by these expressions; `rows_leave` says whether rows that left will be asked for.
    pub(super) fn new(by: Vec<Expr>, rows_leave: bool) -> Self {
        Self { by, rows_leave, ..Self::default() }
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
        if let [Input { source: Source::Batch { .. }, .. }] = scope.inputs {
            // The rows of a window's store, if it has one, are others when it is used again.
            self.tags.clear();
        }
        if self.by.is_empty() {
            for (range, chunk) in flow.chunk_ranges() {
                groups.extend(range.map(|_| chunk.key.0));
            }
            return Ok(());
        }
        if let [Expr::Attribute { slot: 0, column, .. }] = self.by[..]
            && let [input] = scope.inputs
            && self.number_attribute(column as usize, input, flow, groups)
        {
            return Ok(());
        }
        let values: Vec<_> = self.by.iter().map(|by| by.eval(scope)).collect::<Result<_, _>>()?;
        if let [Vector::Str(Vals::Each { data, nulls: None })] = &values[..]
            && !flow.kinds.contains(&Kind::Reset)
        {
            for (range, chunk) in flow.chunk_ranges() {
                groups.extend(data[range].iter().map(|text| self.find(chunk.key, text)));
            }
            return Ok(());
        }
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

    /// As [`Self::number`], for groups by one text as it lies in rows; false where it does not.
    fn number_attribute(
        &mut self,
        column: usize,
        input: &Input<'_>,
        flow: &Flow,
        groups: &mut Vec<u32>,
    ) -> bool {
        match (input.source, input.rows) {
            (Source::Batch { columns, .. }, Rows::List(rows)) => {
                if let Column::Str(Values { data, nulls: None }) = &*columns[column]
                    && rows.len() > data.len()
                    && let [Chunk { key, .. }, others @ ..] = &flow.chunks[..]
                    && others.iter().all(|chunk| chunk.key == *key)
                {
                    self.number_through(data, *key, rows, groups);
                    return true;
                }
                false
            }
            (Source::Store(store), rows) => {
                let StoredColumn::Str(texts) = &store.columns()[column] else { return false };
                match rows {
                    Rows::List(rows) if !self.rows_leave && texts.has_all(rows) => {
                        for (range, chunk) in flow.chunk_ranges() {
                            let texts = texts.places(&rows[range]);
                            groups.extend(texts.into_iter().map(|text| self.find(chunk.key, text)));
                        }
                    }
                    Rows::List(_) | Rows::From(_) | Rows::Same(_) => {
                        self.number_stored((texts, store.top() as usize), flow, groups);
                    }
                }
                true
            }
            (Source::Nothing | Source::Columns(_) | Source::Batch { .. }, _) => false,
        }
    }

    /// As [`Self::number`], for rows of a window grouped by one text: a row that leaves is in the
    /// group it was in when it came.
    fn number_stored(
        &mut self,
        (texts, top): (&StoredValues<Text>, usize),
        flow: &Flow,
        groups: &mut Vec<u32>,
    ) {
        if self.tags.len() < top {
            self.tags.resize(top, NO_TAG);
        }
        let reader = texts.reader(flow.len());
        let whole = texts.never_null();
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
                let number = match reader.get(*row) {
                    Some(text) if whole || !texts.is_null(*row) => self.find(chunk.key, text),
                    Some(_) | None => self.find(chunk.key, &Text::inline("null")),
                };
                self.tags[*row as usize] = number;
                groups.push(number);
            }
        }
    }

    /// As [`Self::number`], for rows that mostly come and leave in one call: each is looked for
    /// once.
    fn number_through(&mut self, texts: &[Text], key: Key, rows: &[u32], groups: &mut Vec<u32>) {
        let of_row: Vec<u32> = texts.iter().map(|text| self.find(key, text)).collect();
        groups.extend(rows.iter().map(|row| of_row[*row as usize]));
    }

    #[inline(always)]
    fn find(&mut self, key: Key, text: &Text) -> u32 {
        let packed = PackedText::of(text);
        let entries = &self.entries;
        let same = |number: u32| packed.is_short() || entries[number as usize].text == *text;
        match self.table.find(packed, key, same) {
            Some(number) => number,
            None => self.add(Entry { packed, key, used: true, text: text.clone() }),
        }
    }

    #[cold]
    fn add(&mut self, entry: Entry) -> u32 {
        let (packed, key) = (entry.packed, entry.key);
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
        self.table.insert(packed, key, number);
        let key = key.0 as usize;
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
            self.table.remove(entry.packed, entry.key, number);
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

    /// Forgets all groups of a partition key and says which they were.
    pub(super) fn forget_key(&mut self, key: Key) -> Vec<u32> {
        if self.by.is_empty() {
            return vec![key.0];
        }
        let groups = self.of_key.get_mut(key.0 as usize).map(std::mem::take).unwrap_or_default();
        // Tags of its rows may stay: they have left the window, and a row that comes gets its own.
        for number in &groups {
            let entry = &mut self.entries[*number as usize];
            entry.used = false;
            self.table.remove(entry.packed, entry.key, *number);
            self.free.push(*number);
        }
        groups
    }

    /// All their numbers are below this.
    pub(super) fn top(&self, keys: u32) -> usize {
        if self.by.is_empty() { keys as usize } else { self.entries.len() }
    }

    /// How many there are; without a group-by, one a partition key.
    pub(super) fn count(&self, keys: u32) -> usize {
        if self.by.is_empty() { keys as usize } else { self.entries.len() - self.free.len() }
    }

    /// The groups of a partition key; none without a group-by.
    pub(super) fn of_key(&self, key: Key) -> &[u32] {
        self.of_key.get(key.0 as usize).map_or(&[], Vec::as_slice)
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
