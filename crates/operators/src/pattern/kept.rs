//! The events of one stream that partial matches have taken.

use std::sync::Arc;

use weir_event::{Column, DataType, NO_ROW, RowStore};

/// The events of one stream that partial matches have taken, counted by who holds them.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) store: RowStore,
    holders: Vec<u32>,
    /// The number that the event now being tried has got; [`NO_ROW`] as long as nobody took it.
    here: u32,
}

impl Kept {
    pub(super) fn new(types: &[DataType]) -> Self {
        let store = RowStore::new(types.iter().copied());
        Self { store, holders: Vec::new(), here: NO_ROW }
    }

    #[inline]
    pub(super) fn hold(&mut self, row: u32) {
        self.holders[row as usize] += 1;
    }

    #[inline]
    pub(super) fn release(&mut self, row: u32) {
        let holders = &mut self.holders[row as usize];
        *holders -= 1;
        if *holders == 0 {
            self.store.remove(row);
        }
    }

    /// The number of the event being tried, which is put in when it is first asked for.
    #[inline]
    pub(super) fn take(&mut self, columns: &[Arc<Column>], timestamp: i64, row: usize) -> u32 {
        if self.here == NO_ROW {
            self.here = self.store.insert_from(timestamp, columns, row);
            self.note(self.here);
        }
        self.here
    }

    /// Notes a row that was put in, held once.
    pub(super) fn note(&mut self, row: u32) {
        if self.holders.len() <= row as usize {
            self.holders.resize(row as usize + 1, 0);
        }
        self.holders[row as usize] = 1;
    }

    /// The event was tried everywhere.
    #[inline]
    pub(super) fn done(&mut self) {
        if self.here != NO_ROW {
            let here = std::mem::replace(&mut self.here, NO_ROW);
            self.release(here);
        }
    }

    pub(super) fn clear(&mut self) {
        self.store.clear();
        self.holders.clear();
        self.here = NO_ROW;
    }
}
