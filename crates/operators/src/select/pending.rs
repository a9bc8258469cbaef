//! The output rows of batches that are not complete yet: the last one a group.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, Chunk, DataType, Key, RowStore};

use crate::saved;

/// The number of a row that a group does not have.
const NOBODY: u32 = u32::MAX;

/// A row that will leave when the batch is complete.
#[derive(Debug, Clone, Copy)]
struct Entry {
    group: u32,
    /// Where the row is held, once it is.
    row: u32,
    /// Where among the rows of this call the newest row of the group is.
    place: u32,
}

/// The last output row of each group, in order of the groups' first ones, until it leaves.
#[derive(Debug)]
pub(super) struct Pending {
    types: Vec<DataType>,
    rows: RowStore,
    entries: Vec<Entry>,
    free: Vec<u32>,
    /// By group: its entry.
    of_group: Vec<u32>,
    /// By partition key: its entries in order.
    of_key: Vec<Vec<u32>>,
    /// Entries that got a row in this call.
    fresh: Vec<u32>,
    /// Entries that leave in this call, and where their chunks end.
    leaving: Vec<u32>,
    chunks: Vec<Chunk>,
}

impl Pending {
    /// None yet, of rows of these types.
    pub(super) fn new(types: &[DataType]) -> Self {
        Self {
            types: types.to_vec(),
            rows: RowStore::new(types.iter().copied()),
            entries: Vec::new(),
            free: Vec::new(),
            of_group: Vec::new(),
            of_key: Vec::new(),
            fresh: Vec::new(),
            leaving: Vec::new(),
            chunks: Vec::new(),
        }
    }

    /// Whether a group has a row that has not left.
    pub(super) fn holds(&self, group: u32) -> bool {
        self.of_group.get(group as usize).is_some_and(|entry| *entry != NOBODY)
    }

    pub(super) fn held_bytes(&self) -> u64 {
        self.rows.held_bytes()
    }

    /// Makes room for groups below `top`.
    pub(super) fn fit(&mut self, top: usize) {
        if self.of_group.len() < top {
            self.of_group.resize(top, NOBODY);
        }
    }

    /// A row of a group, for which there is room, is its last one so far.
    #[inline]
    pub(super) fn offer(&mut self, key: Key, group: u32, place: u32) {
        let entry = match self.of_group[group as usize] {
            NOBODY => self.enter(key, Entry { group, row: NOBODY, place: NOBODY }),
            entry => entry,
        };
        let held = &mut self.entries[entry as usize];
        if held.place == NOBODY {
            self.fresh.push(entry);
        }
        held.place = place;
    }

    fn enter(&mut self, key: Key, new: Entry) -> u32 {
        let entry = match self.free.pop() {
            Some(entry) => {
                self.entries[entry as usize] = new;
                entry
            }
            None => {
                self.entries.push(new);
                self.entries.len() as u32 - 1
            }
        };
        self.of_group[new.group as usize] = entry;
        let key = key.0 as usize;
        if self.of_key.len() <= key {
            self.of_key.resize_with(key + 1, Vec::new);
        }
        self.of_key[key].push(entry);
        entry
    }

    /// The batch of a key is complete.
    pub(super) fn complete(&mut self, key: Key, now: i64) {
        let Some(entries) = self.of_key.get_mut(key.0 as usize) else { return };
        if entries.is_empty() {
            return;
        }
        for entry in &*entries {
            self.of_group[self.entries[*entry as usize].group as usize] = NOBODY;
        }
        self.leaving.append(entries);
        self.chunks.push(Chunk { end: self.leaving.len() as u32, now, key });
    }

    /// The places whose rows were offered last, of all groups that were offered any.
    pub(super) fn places(&self) -> Vec<u32> {
        self.fresh.iter().map(|entry| self.entries[*entry as usize].place).collect()
    }

    /// Takes the rows at [`Self::places`].
    pub(super) fn settle(&mut self, rows: &Batch) {
        let mut numbers = Vec::with_capacity(rows.len());
        for entry in &self.fresh {
            let before = self.entries[*entry as usize].row;
            if before != NOBODY {
                self.rows.remove(before);
            }
        }
        self.rows.insert_batch(rows, 0, rows.len(), &mut numbers);
        for (entry, row) in self.fresh.drain(..).zip(numbers) {
            let entry = &mut self.entries[entry as usize];
            (entry.row, entry.place) = (row, NOBODY);
        }
    }

    /// The rows that leave, and their chunks.
    pub(super) fn leave(&mut self) -> (Batch, Vec<Chunk>) {
        let leaving = self.leaving.iter().map(|entry| self.entries[*entry as usize].row);
        let rows: Vec<u32> = leaving.collect();
        let batch = self.rows.gather(&rows);
        rows.iter().for_each(|row| self.rows.remove(*row));
        self.free.append(&mut self.leaving);
        (batch, std::mem::take(&mut self.chunks))
    }

    /// Forgets what a key has.
    pub(super) fn drop_key(&mut self, key: Key) {
        let Some(entries) = self.of_key.get_mut(key.0 as usize) else { return };
        for entry in std::mem::take(entries) {
            let Entry { group, row, .. } = self.entries[entry as usize];
            self.of_group[group as usize] = NOBODY;
            self.rows.remove(row);
            self.free.push(entry);
        }
    }

    /// Writes the rows by key; groups are written as their places in `groups`.
    pub(super) fn save(&self, w: &mut Writer, groups: &[u32]) {
        let top = groups.iter().max().map_or(0, |group| *group as usize + 1);
        let mut place_of = vec![0; top];
        for (place, group) in groups.iter().enumerate() {
            place_of[*group as usize] = place as u32;
        }
        let keys = || self.of_key.iter().enumerate().filter(|(_, entries)| !entries.is_empty());
        w.len(keys().count());
        for (key, entries) in keys() {
            w.u32(key as u32);
            let held = entries.iter().map(|entry| &self.entries[*entry as usize]);
            saved::write_rows(w, &self.rows, held.clone().map(|it| it.row));
            held.for_each(|it| w.u32(place_of.get(it.group as usize).copied().unwrap_or(0)));
        }
    }

    /// Reads what [`Self::save`] wrote; there are so many groups.
    pub(super) fn load(&mut self, r: &mut Reader<'_>, groups: usize) -> Result<(), DecodeError> {
        *self = Self::new(&std::mem::take(&mut self.types));
        self.of_group.resize(groups, NOBODY);
        for _ in 0..r.len()? {
            let key = Key(r.u32()?);
            let rows = saved::read_rows(r, &mut self.rows)?;
            for row in rows {
                let group = r.u32()?;
                if group as usize >= groups {
                    let (what, why) = ("the rows of a batch", "a group that is not there");
                    return Err(DecodeError::Malformed { what, why });
                }
                self.enter(key, Entry { group, row, place: NOBODY });
            }
        }
        Ok(())
    }
}
