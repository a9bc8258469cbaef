//! The end of the log, kept in memory for peers that are up to date.

use std::collections::VecDeque;

use weir_codec::{EntryId, RawEntry};

/// How much of the log's end is kept in memory: 8 MiB.
const TAIL_BYTES_MAX: usize = 8 << 20;

/// The entries written last.
#[derive(Debug, Default)]
pub(super) struct Tail {
    entries: VecDeque<RawEntry>,
    bytes: usize,
}

impl Tail {
    pub(super) fn extend(&mut self, entries: &[RawEntry]) {
        for entry in entries {
            self.bytes += entry.bytes();
            self.entries.push_back(entry.clone());
        }
        while self.bytes > TAIL_BYTES_MAX
            && let Some(oldest) = self.entries.pop_front()
        {
            self.bytes -= oldest.bytes();
        }
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.bytes = 0;
    }

    /// The entries after `after`, if the tail reaches back so far.
    pub(super) fn opt_after(&self, after: EntryId, bytes_max: usize) -> Option<Vec<RawEntry>> {
        let first = self.entries.front()?.id.seq.0;
        let skip = usize::try_from((after.seq.0 + 1).checked_sub(first)?).ok()?;
        let mut bytes = 0;
        let mut found = Vec::new();
        for entry in self.entries.iter().skip(skip) {
            bytes += entry.bytes();
            if bytes > bytes_max && !found.is_empty() {
                break;
            }
            found.push(entry.clone());
        }
        (!found.is_empty()).then_some(found)
    }
}
