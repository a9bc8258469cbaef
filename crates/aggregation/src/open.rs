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

    /// Adds the row of each event, or row, of a group to `rows`: `times` says when its period
    /// began, and is only asked where rows are told apart by time. New rows need [`Rows::fit`]
    /// before their cells are touched.
    #[inline]
    pub(crate) fn rows_of(
        &mut self,
        groups: &[u32],
        mut times: impl FnMut(usize) -> i64,
        rows: &mut Vec<u32>,
    ) {
        if self.timed {
            rows.extend(groups.iter().enumerate().map(|(i, group)| self.row(*group, times(i))));
            return;
        }
        rows.extend(groups.iter().map(|group| match self.slots.get(*group as usize) {
            Some(row) if *row != NO_SLOT => *row,
            Some(_) | None => {
                let row = self.rows.push(*group, 0);
                self.note_slot(*group, row);
                row
            }
        }));
    }

    /// The row of a group and time.
    fn row(&mut self, group: u32, time: i64) -> u32 {
        let rows = &self.rows;
        let same =
            |row: &u32| rows.groups[*row as usize] == group && rows.times[*row as usize] == time;
        if let Some(row) = self.keyed.find(self.hasher.hash_one((time, group)), same) {
            return *row;
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
        self.note_slot(group, row);
    }

    #[inline]
    fn note_slot(&mut self, group: u32, row: u32) {
        match self.slots.get_mut(group as usize) {
            Some(slot) => *slot = row,
            None => self.add_slot(group, row),
        }
    }

    #[cold]
    fn add_slot(&mut self, group: u32, row: u32) {
        self.slots.resize(group as usize + 1, NO_SLOT);
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
