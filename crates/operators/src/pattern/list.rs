//! Lists of partial matches: in order, with an end on both sides, and any member may leave.

/// No entry.
pub(super) const NONE: u32 = u32::MAX;

/// A partial match in a list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) partial: u32,
    pub(super) before: u32,
    pub(super) after: u32,
    /// The bucket of equal values it is in, and its neighbours there.
    pub(super) bucket: u32,
    pub(super) bucket_before: u32,
    pub(super) bucket_after: u32,
}

/// The ends of a list.
#[derive(Debug, Clone, Copy)]
pub(super) struct List {
    pub(super) head: u32,
    pub(super) tail: u32,
    /// Whether the partial matches began in this order, as far as is known.
    pub(super) sorted: bool,
    /// Whether they took their last events in this order, as far as is known.
    pub(super) timely: bool,
}

impl Default for List {
    fn default() -> Self {
        Self { head: NONE, tail: NONE, sorted: true, timely: true }
    }
}

impl List {
    pub(super) fn is_empty(&self) -> bool {
        self.head == NONE
    }

    /// Whether it has more than one entry.
    pub(super) fn is_several(&self) -> bool {
        self.head != self.tail
    }
}

/// The entries of all lists.
#[derive(Debug, Default)]
pub(super) struct Entries {
    entries: Vec<Entry>,
    free: Vec<u32>,
}

impl Entries {
    #[inline]
    pub(super) fn at(&self, entry: u32) -> &Entry {
        &self.entries[entry as usize]
    }

    #[inline]
    pub(super) fn at_mut(&mut self, entry: u32) -> &mut Entry {
        &mut self.entries[entry as usize]
    }

    /// Adds a partial match at the end.
    #[inline]
    pub(super) fn push(&mut self, list: &mut List, partial: u32) -> u32 {
        let made = Entry {
            partial,
            before: list.tail,
            after: NONE,
            bucket: NONE,
            bucket_before: NONE,
            bucket_after: NONE,
        };
        let entry = match self.free.pop() {
            Some(entry) => {
                self.entries[entry as usize] = made;
                entry
            }
            None => {
                self.entries.push(made);
                self.entries.len() as u32 - 1
            }
        };
        if list.tail == NONE {
            list.head = entry;
        } else {
            self.entries[list.tail as usize].after = entry;
        }
        list.tail = entry;
        entry
    }

    /// Takes an entry out and gives its number back.
    #[inline]
    pub(super) fn remove(&mut self, list: &mut List, entry: u32) {
        let Entry { before, after, .. } = self.entries[entry as usize];
        if before == NONE {
            list.head = after;
        } else {
            self.entries[before as usize].after = after;
        }
        if after == NONE {
            list.tail = before;
        } else {
            self.entries[after as usize].before = before;
        }
        if list.head == NONE {
            list.sorted = true;
            list.timely = true;
        }
        self.free.push(entry);
    }

    /// Adds all entries of `from`, which is empty then.
    #[inline]
    pub(super) fn append(&mut self, list: &mut List, from: &mut List) {
        if from.head == NONE {
            return;
        }
        if list.tail == NONE {
            list.head = from.head;
        } else {
            self.entries[list.tail as usize].after = from.head;
            self.entries[from.head as usize].before = list.tail;
        }
        list.tail = from.tail;
        *from = List::default();
    }

    /// The partial matches of a list, in order.
    pub(super) fn partials(&self, list: &List) -> impl Iterator<Item = u32> + '_ {
        let mut at = list.head;
        std::iter::from_fn(move || {
            if at == NONE {
                return None;
            }
            let entry = self.at(at);
            at = entry.after;
            Some(entry.partial)
        })
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.free.clear();
    }
}
