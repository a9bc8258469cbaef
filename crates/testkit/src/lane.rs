//! The way from a source's thread to the engine's: entries wait on the source's side until the
//! engine has nothing left to do.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use weir_engine::{Segment, SegmentBuilder};

/// How many rows may wait handed over; a source that has more waits itself.
const WAITING_ROWS_MAX: usize = 65_536;

/// A source hands over what it has by then, also to an engine that is at work.
const HANDED_ROWS: usize = 8_192;

/// More than this the engine does not leave to the source to give back.
const SPENT_MAX: usize = 256;

/// How often the engine's thread looks again before it goes to sleep.
const LOOKS_BEFORE_SLEEP: u32 = 2_000;

/// What waits between the source's thread and the engine's.
#[derive(Default)]
pub(crate) struct Lane {
    handed: Mutex<Handed>,
    changed: Condvar,
    /// Whether the engine has nothing to do; looked at without the lock.
    idle: AtomicBool,
}

#[derive(Default)]
struct Handed {
    segments: Vec<Segment>,
    rows: usize,
    /// What the engine is done with; whoever waits for the other gives its memory back.
    spent: Vec<Segment>,
    done: bool,
    engine_sleeps: bool,
}

/// The source's end.
pub(crate) struct Sender<'a> {
    lane: &'a Lane,
    open: SegmentBuilder,
}

impl Sender<'_> {
    /// One send: an entry is added. It is the engine's at once if that waits for it; else it is
    /// with those that follow.
    #[inline]
    pub(crate) fn send(&mut self, add: impl FnOnce(&mut SegmentBuilder)) {
        add(&mut self.open);
        if self.lane.idle.load(Ordering::Acquire) || self.open.rows() >= HANDED_ROWS {
            self.hand_over();
        }
    }

    /// Hands over all there is, as a source does before it waits for its next message.
    pub(crate) fn hand_over(&mut self) {
        if self.open.rows() == 0 {
            return;
        }
        let rows = self.open.rows();
        let segments = self.open.take();
        let mut handed = self.lane.lock();
        // The engine is behind: its memory is given back here, while there is time.
        while handed.rows >= WAITING_ROWS_MAX / 2 && !handed.spent.is_empty() {
            let spent = std::mem::take(&mut handed.spent);
            drop(handed);
            drop(spent);
            handed = self.lane.lock();
        }
        while handed.rows >= WAITING_ROWS_MAX {
            handed = self.lane.changed.wait(handed).unwrap_or_else(PoisonError::into_inner);
        }
        handed.segments.extend(segments);
        handed.rows += rows;
        self.lane.wake(handed);
    }
}

impl Drop for Sender<'_> {
    fn drop(&mut self) {
        self.hand_over();
        let mut handed = self.lane.lock();
        handed.done = true;
        self.lane.wake(handed);
    }
}

impl Lane {
    /// The source's end; when it is dropped nothing more comes.
    pub(crate) fn sender(&self, open: SegmentBuilder) -> Sender<'_> {
        Sender { lane: self, open }
    }

    fn lock(&self) -> MutexGuard<'_, Handed> {
        self.handed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The engine has something to look at.
    fn wake(&self, mut handed: MutexGuard<'_, Handed>) {
        self.idle.store(false, Ordering::Release);
        let asleep = std::mem::take(&mut handed.engine_sleeps);
        drop(handed);
        if asleep {
            self.changed.notify_all();
        }
    }

    /// Gives back what was taken before and takes all that waits; `None` when nothing more comes.
    pub(crate) fn take(&self, spent: &mut Vec<Segment>) -> Option<Vec<Segment>> {
        let mut handed = self.lock();
        if handed.segments.is_empty() {
            // Nothing to do: memory is given back here, while there is time.
            let before = std::mem::take(&mut handed.spent);
            drop(handed);
            drop(before);
            spent.clear();
            handed = self.lock();
        } else if handed.spent.len() < SPENT_MAX {
            handed.spent.append(spent);
        }
        if let Some(taken) = self.take_handed(handed) {
            spent.clear();
            return taken;
        }
        for _ in 0..LOOKS_BEFORE_SLEEP {
            if !self.idle.load(Ordering::Acquire) {
                break;
            }
            std::hint::spin_loop();
        }
        loop {
            let mut handed = self.lock();
            if handed.segments.is_empty() && !handed.done {
                handed.engine_sleeps = true;
                handed = self.changed.wait(handed).unwrap_or_else(PoisonError::into_inner);
            }
            if let Some(taken) = self.take_handed(handed) {
                return taken;
            }
        }
    }

    /// What there is, if any, or the end; else the engine counts as idle.
    fn take_handed(&self, mut handed: MutexGuard<'_, Handed>) -> Option<Option<Vec<Segment>>> {
        if !handed.segments.is_empty() {
            let full = std::mem::take(&mut handed.rows) >= WAITING_ROWS_MAX;
            let segments = std::mem::take(&mut handed.segments);
            drop(handed);
            if full {
                self.changed.notify_all();
            }
            return Some(Some(segments));
        }
        if handed.done {
            return Some(None);
        }
        self.idle.store(true, Ordering::Release);
        None
    }
}
