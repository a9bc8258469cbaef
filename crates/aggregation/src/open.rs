//! The period that is going on: its rows are found by group, and by time where that matters.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::rows::{Rows, Shape};

const NO_SLOT: u32 = u32::MAX;

/// Rows that still change, under their keys.
#[derive(Debug)]
pub(crate) struct Open {
    pub rows: Rows,
    timed: bool,
    /// By group, where rows are not told apart by time: the row.
    slots: Vec<u32>,
    /// By time and group, where they are.
    keyed: HashTable<u32>,
    hasher: FixedState,
}

impl Open {
    pub(crate) fn new(shape: &Shape) -> Self {
        Self::of(Rows::new(shape), shape.timed)
    }

    /// The same rows, to be found again.
    pub(crate) fn of(rows: Rows, timed: bool) -> Self {
        let mut open = Self {
            rows,
            timed,
            slots: Vec::new(),
            keyed: HashTable::new(),
            hasher: FixedState::default(),
        };
        open.index();
        open
    }

    /// Makes the keys again, after rows or groups were renumbered.
    pub(crate) fn index(&mut self) {
        self.slots.clear();
        self.keyed.clear();
        for row in 0..self.rows.len() as u32 {
            let (group, time) = (self.rows.groups[row as usize], self.rows.time(row as usize));
            self.note(group, time, row);
        }
    }

    /// The row of a key; a new one needs [`Rows::fit`] before its cells are touched.
    #[inline]
    pub(crate) fn row(&mut self, group: u32, time: i64) -> u32 {
        if !self.timed {
            if let Some(row) = self.slots.get(group as usize)
                && *row != NO_SLOT
            {
                return *row;
            }
        } else {
            let rows = &self.rows;
            let same = |row: &u32| {
                rows.groups[*row as usize] == group && rows.times[*row as usize] == time
            };
            if let Some(row) = self.keyed.find(self.hasher.hash_one((time, group)), same) {
                return *row;
            }
        }
        let row = self.rows.push(group, time);
        self.note(group, time, row);
        row
    }

    fn note(&mut self, group: u32, time: i64, row: u32) {
        if self.timed {
            let (rows, hasher) = (&self.rows, &self.hasher);
            self.keyed.insert_unique(hasher.hash_one((time, group)), row, |row| {
                hasher.hash_one((rows.times[*row as usize], rows.groups[*row as usize]))
            });
            return;
        }
        if self.slots.len() <= group as usize {
            self.slots.resize(group as usize + 1, NO_SLOT);
        }
        self.slots[group as usize] = row;
    }

    /// Takes all rows out; `into` gets them, and its own place is used on.
    pub(crate) fn take(&mut self, into: &mut Rows) {
        for group in &self.rows.groups {
            if let Some(slot) = self.slots.get_mut(*group as usize) {
                *slot = NO_SLOT;
            }
        }
        self.keyed.clear();
        into.clear();
        std::mem::swap(&mut self.rows, into);
    }
}
