//! Partial matches: which events each element has taken so far.

use weir_event::NO_ROW;

use super::kept::Kept;

/// Stands for the event that an absent element takes when nothing came.
pub(super) const SILENCE: u32 = NO_ROW - 1;

/// The timestamp of a partial match that has taken nothing yet.
pub(super) const UNSTAMPED: i64 = -1;

/// How the slot of an element is to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub(super) stream: usize,
    /// Whether it holds a chain of events.
    pub(super) counted: bool,
    /// Whether a partial match begins with it.
    pub(super) starts: bool,
}

/// What a partial match is besides its slots.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    /// When it took its last event.
    pub(super) time: i64,
    /// When it began; `i64::MAX` before that.
    pub(super) start: i64,
    /// In how many lists it is, and who else holds on to it.
    pub(super) holders: u32,
    /// Set once it grew too old.
    pub(super) expired: bool,
}

/// The events of a counted element. Copies of a partial match share it.
#[derive(Debug, Clone, Default)]
struct Chain {
    rows: Vec<u32>,
    holders: u32,
}

/// The partial matches of all keys.
#[derive(Debug)]
pub(super) struct Partials {
    layout: Vec<Slot>,
    slots: Vec<u32>,
    heads: Vec<Head>,
    free: Vec<u32>,
    chains: Vec<Chain>,
    free_chains: Vec<u32>,
    starts: Vec<usize>,
}

impl Partials {
    /// About how many bytes they take.
    pub(super) fn held_bytes(&self) -> u64 {
        let held = self.heads.len() - self.free.len();
        let each = size_of::<Head>() + self.layout.len() * size_of::<u32>();
        (held * each) as u64
    }

    pub(super) fn new(layout: Vec<Slot>) -> Self {
        let starts = (0..layout.len()).filter(|at| layout[*at].starts).collect();
        Self {
            layout,
            slots: Vec::new(),
            heads: Vec::new(),
            free: Vec::new(),
            chains: Vec::new(),
            free_chains: Vec::new(),
            starts,
        }
    }

    /// One that has taken nothing; nobody holds it yet.
    pub(super) fn fresh(&mut self) -> u32 {
        let head = Head { time: UNSTAMPED, start: i64::MAX, holders: 0, expired: false };
        self.place(head)
    }

    fn place(&mut self, head: Head) -> u32 {
        if let Some(partial) = self.free.pop() {
            self.heads[partial as usize] = head;
            return partial;
        }
        self.heads.push(head);
        self.slots.resize(self.heads.len() * self.layout.len(), NO_ROW);
        self.heads.len() as u32 - 1
    }

    /// A copy that holds the same events, those of elements `from..` left out.
    pub(super) fn copy(&mut self, partial: u32, from: usize, kept: &mut [Kept]) -> u32 {
        let head = Head { holders: 0, expired: false, ..self.heads[partial as usize] };
        let copy = self.place(head);
        let width = self.layout.len();
        for element in 0..from.min(width) {
            let held = self.slots[partial as usize * width + element];
            self.slots[copy as usize * width + element] = held;
            if held < SILENCE {
                if self.layout[element].counted {
                    self.chains[held as usize].holders += 1;
                } else {
                    kept[self.layout[element].stream].hold(held);
                }
            }
        }
        if from <= self.starts.last().copied().unwrap_or(0) {
            self.restart(copy, kept);
        }
        copy
    }

    #[inline]
    pub(super) fn head(&self, partial: u32) -> &Head {
        &self.heads[partial as usize]
    }

    #[inline]
    pub(super) fn head_mut(&mut self, partial: u32) -> &mut Head {
        &mut self.heads[partial as usize]
    }

    #[inline]
    pub(super) fn hold(&mut self, partial: u32) {
        self.heads[partial as usize].holders += 1;
    }

    /// Lets go of it; when nobody holds it, it goes with its events.
    #[inline]
    pub(super) fn release(&mut self, partial: u32, kept: &mut [Kept]) {
        let head = &mut self.heads[partial as usize];
        head.holders -= 1;
        if head.holders == 0 {
            self.discard(partial, kept);
        }
    }

    /// Discards one that nobody holds.
    pub(super) fn discard(&mut self, partial: u32, kept: &mut [Kept]) {
        let width = self.layout.len();
        for element in 0..width {
            let held =
                std::mem::replace(&mut self.slots[partial as usize * width + element], NO_ROW);
            self.let_go(element, held, kept);
        }
        self.free.push(partial);
    }

    #[inline]
    fn let_go(&mut self, element: usize, held: u32, kept: &mut [Kept]) {
        if held >= SILENCE {
            return;
        }
        let Slot { stream, counted, .. } = self.layout[element];
        if !counted {
            kept[stream].release(held);
            return;
        }
        let chain = &mut self.chains[held as usize];
        chain.holders -= 1;
        if chain.holders == 0 {
            for row in chain.rows.drain(..) {
                kept[stream].release(row);
            }
            self.free_chains.push(held);
        }
    }

    /// What the slot of an element that is not counted holds, or whether a counted one holds
    /// anything: [`NO_ROW`] for nothing.
    #[inline]
    pub(super) fn slot(&self, partial: u32, element: usize) -> u32 {
        self.slots[partial as usize * self.layout.len() + element]
    }

    /// Whether an element has taken an event.
    #[inline]
    pub(super) fn has(&self, partial: u32, element: usize) -> bool {
        self.slot(partial, element) != NO_ROW
    }

    /// Puts an event, which is held on to, or nothing into a slot that is not counted.
    #[inline]
    pub(super) fn set(&mut self, partial: u32, element: usize, row: u32, kept: &mut [Kept]) {
        let at = partial as usize * self.layout.len() + element;
        let before = std::mem::replace(&mut self.slots[at], row);
        let Slot { stream, starts, .. } = self.layout[element];
        if row < SILENCE {
            kept[stream].hold(row);
        }
        self.let_go(element, before, kept);
        if starts {
            self.restart(partial, kept);
        }
    }

    /// Takes all events of an element away.
    pub(super) fn empty(&mut self, partial: u32, element: usize, kept: &mut [Kept]) {
        let at = partial as usize * self.layout.len() + element;
        let before = std::mem::replace(&mut self.slots[at], NO_ROW);
        self.let_go(element, before, kept);
        if self.layout[element].starts {
            self.restart(partial, kept);
        }
    }

    /// Adds an event, which is held on to, to the chain of a counted element.
    pub(super) fn add(&mut self, partial: u32, element: usize, row: u32, kept: &mut [Kept]) {
        let at = partial as usize * self.layout.len() + element;
        kept[self.layout[element].stream].hold(row);
        if self.slots[at] == NO_ROW {
            let chain = self.free_chains.pop().unwrap_or_else(|| {
                self.chains.push(Chain::default());
                self.chains.len() as u32 - 1
            });
            self.chains[chain as usize].holders = 1;
            self.chains[chain as usize].rows.push(row);
            self.slots[at] = chain;
            if self.layout[element].starts {
                self.restart(partial, kept);
            }
        } else {
            self.chains[self.slots[at] as usize].rows.push(row);
        }
    }

    /// The events of a counted element.
    #[inline]
    pub(super) fn chain(&self, partial: u32, element: usize) -> &[u32] {
        match self.slot(partial, element) {
            NO_ROW | SILENCE => &[],
            chain => &self.chains[chain as usize].rows,
        }
    }

    /// The first event of an element.
    #[inline]
    pub(super) fn first(&self, partial: u32, element: usize) -> u32 {
        if self.layout[element].counted {
            self.chain(partial, element).first().copied().unwrap_or(NO_ROW)
        } else {
            self.slot(partial, element)
        }
    }

    /// When the first event of an element happened.
    pub(super) fn time_of(&self, partial: u32, element: usize, kept: &[Kept]) -> Option<i64> {
        match self.first(partial, element) {
            NO_ROW => None,
            SILENCE => Some(UNSTAMPED),
            row => Some(kept[self.layout[element].stream].store.timestamp(row)),
        }
    }

    fn restart(&mut self, partial: u32, kept: &[Kept]) {
        let times = self.starts.iter().filter_map(|at| self.time_of(partial, *at, kept));
        self.heads[partial as usize].start = times.min().unwrap_or(i64::MAX);
    }

    /// Whether it began longer ago than `within_ms`, in either direction of time.
    pub(super) fn is_too_old(&self, partial: u32, now: i64, within_ms: i64, kept: &[Kept]) -> bool {
        let times = self.starts.iter().filter_map(|at| self.time_of(partial, *at, kept));
        let mut times = times.map(|time| time.abs_diff(now));
        times.any(|age| age > within_ms.unsigned_abs())
    }

    /// Whether several elements may begin a partial match.
    pub(super) fn starts_at_several(&self) -> bool {
        self.starts.len() > 1
    }

    pub(super) fn width(&self) -> usize {
        self.layout.len()
    }

    pub(super) fn layout(&self, element: usize) -> Slot {
        self.layout[element]
    }

    pub(super) fn clear(&mut self) {
        self.slots.clear();
        self.heads.clear();
        self.free.clear();
        self.chains.clear();
        self.free_chains.clear();
    }

    /// Makes two counted slots share one chain, as they did when they were saved.
    pub(super) fn share_chain(&mut self, partial: u32, element: usize, with: u32, kept: &[Kept]) {
        self.slots[partial as usize * self.layout.len() + element] = with;
        self.chains[with as usize].holders += 1;
        if self.layout[element].starts {
            self.restart(partial, kept);
        }
    }
}
