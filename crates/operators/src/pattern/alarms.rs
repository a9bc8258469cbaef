//! When absent elements want to be woken: a queue for each element and key.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use weir_codec::{DecodeError, Reader, Writer};

/// The deadlines of absent elements.
///
/// Each element of a key has a queue, first come, first served: a deadline that is asked for late
/// waits behind a later one that was asked for before, as the original's do. When time moves, the
/// elements are served in order, each of them up to the new time.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    /// By the element's rank and key.
    queues: BTreeMap<(u32, u32), VecDeque<i64>>,
    /// The first deadline of each queue: rank, due, key.
    heads: BTreeSet<(u32, i64, u32)>,
}

impl Alarms {
    /// Adds a deadline; whether it is the first of its queue.
    pub(super) fn ask(&mut self, rank: u32, key: u32, due: i64) -> bool {
        let queue = self.queues.entry((rank, key)).or_default();
        queue.push_back(due);
        let first = queue.len() == 1;
        if first {
            self.heads.insert((rank, due, key));
        }
        first
    }

    /// The keys whose first deadline for an element is over, the longest over first.
    pub(super) fn due(&self, rank: u32, now: i64) -> Vec<u32> {
        let range = (rank, i64::MIN, 0)..=(rank, now, u32::MAX);
        self.heads.range(range).map(|(_, _, key)| *key).collect()
    }

    /// Takes the first deadline of a queue if it is over.
    pub(super) fn take(&mut self, rank: u32, key: u32, now: i64) -> Option<i64> {
        let queue = self.queues.get_mut(&(rank, key))?;
        let due = *queue.front()?;
        if due > now {
            return None;
        }
        queue.pop_front();
        self.heads.remove(&(rank, due, key));
        match queue.front() {
            Some(next) => {
                self.heads.insert((rank, *next, key));
            }
            None => {
                self.queues.remove(&(rank, key));
            }
        }
        Some(due)
    }

    /// The first deadline of a queue.
    pub(super) fn next(&self, rank: u32, key: u32) -> Option<i64> {
        self.queues.get(&(rank, key))?.front().copied()
    }

    pub(super) fn drop_key(&mut self, ranks: u32, key: u32) {
        for rank in 0..ranks {
            if let Some(queue) = self.queues.remove(&(rank, key))
                && let Some(due) = queue.front()
            {
                self.heads.remove(&(rank, *due, key));
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.queues.clear();
        self.heads.clear();
    }

    pub(super) fn save(&self, w: &mut Writer) {
        w.len(self.queues.len());
        for ((rank, key), queue) in &self.queues {
            w.u32(*rank);
            w.u32(*key);
            w.len(queue.len());
            queue.iter().for_each(|due| w.i64(*due));
        }
    }

    pub(super) fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.clear();
        for _ in 0..r.len()? {
            let (rank, key) = (r.u32()?, r.u32()?);
            for _ in 0..r.len()? {
                let due = r.i64()?;
                self.ask(rank, key, due);
            }
        }
        Ok(())
    }
}
