//! The partial matches of a pattern as bytes, and back.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Key, NO_ROW, RowStore};

use super::arm::when;
use super::kept::Kept;
use super::list::{List, NONE};
use super::partial::{Head, SILENCE};
use super::pattern::Pattern;
use super::state::{KeyState, Waiting};
use crate::saved;

/// Which numbers things have in a snapshot.
struct Numbers {
    /// By number: the thing.
    things: Vec<u32>,
    /// By thing: its number.
    numbers: Vec<u32>,
}

impl Numbers {
    fn new() -> Self {
        Self { things: Vec::new(), numbers: Vec::new() }
    }

    /// The number of a thing, given when it is first asked for; whether it was.
    fn of(&mut self, thing: u32) -> (u32, bool) {
        let at = thing as usize;
        if self.numbers.len() <= at {
            self.numbers.resize(at + 1, NONE);
        }
        let fresh = self.numbers[at] == NONE;
        if fresh {
            self.numbers[at] = self.things.len() as u32;
            self.things.push(thing);
        }
        (self.numbers[at], fresh)
    }
}

impl Pattern {
    /// Writes the state of all keys.
    pub fn save(&self, w: &mut Writer) {
        w.u8(1);
        let state = &self.state;
        let mut partials = Numbers::new();
        for waiting in &state.waiting {
            for list in [&waiting.pending, &waiting.fresh] {
                state.entries.partials(list).for_each(|it| {
                    partials.of(it);
                });
            }
        }
        let own = |partial: u32| partial != NONE && partial != state.blank;
        state.straight.iter().filter(|it| own(**it)).for_each(|it| {
            partials.of(*it);
        });
        let mut rows: Vec<Numbers> = state.kept.iter().map(|_| Numbers::new()).collect();
        let mut chains = Numbers::new();
        let mut body = Writer::new();
        body.len(partials.things.len());
        for partial in &partials.things {
            self.save_partial(&mut body, *partial, &mut rows, &mut chains);
        }
        for (kept, rows) in state.kept.iter().zip(&rows) {
            saved::write_rows(w, &kept.store, rows.things.iter().copied());
        }
        w.bytes(body.as_bytes());
        w.len(state.keys.len());
        for key in &state.keys {
            w.bool(key.begun);
            w.i64(key.newest);
        }
        w.len(state.waiting.len());
        for waiting in &state.waiting {
            for list in [&waiting.pending, &waiting.fresh] {
                let held: Vec<u32> = state.entries.partials(list).collect();
                w.len(held.len());
                held.iter().for_each(|it| w.u32(partials.of(*it).0));
            }
            w.i64(waiting.last_time);
            w.bool(waiting.initialized);
            w.bool(waiting.started);
            w.bool(waiting.over);
            w.bool(waiting.rearm);
        }
        w.len(state.straight.len());
        for partial in &state.straight {
            w.bool(*partial == state.blank);
            w.option(Some(*partial).filter(|it| own(*it)), |w, it| w.u32(partials.of(it).0));
        }
        state.alarms.save(w);
        state.totals.iter().for_each(|it| it.save(w));
        w.len(state.complete.len());
        state.complete.iter().for_each(|it| w.bool(*it));
    }

    /// A partial match: when, and for each element its rows, or the number of a chain of another.
    fn save_partial(
        &self,
        w: &mut Writer,
        partial: u32,
        rows: &mut [Numbers],
        chains: &mut Numbers,
    ) {
        let partials = &self.state.partials;
        let head = partials.head(partial);
        w.i64(head.time);
        w.bool(head.expired);
        for element in 0..partials.width() {
            let layout = partials.layout(element);
            let held = partials.slot(partial, element);
            match held {
                NO_ROW => w.u8(0),
                SILENCE => w.u8(1),
                row if !layout.counted => {
                    w.u8(2);
                    w.u32(rows[layout.stream].of(row).0);
                }
                chain => {
                    let (number, fresh) = chains.of(chain);
                    w.u8(3);
                    w.u32(number);
                    if fresh {
                        let chain = partials.chain(partial, element);
                        w.len(chain.len());
                        chain.iter().for_each(|row| w.u32(rows[layout.stream].of(*row).0));
                    }
                }
            }
        }
    }

    /// Replaces the state by what [`Self::save`] wrote.
    ///
    /// # Errors
    ///
    /// The bytes are not such a state.
    pub fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        saved::version(r, 1)?;
        self.clear();
        let mut rows = Vec::with_capacity(self.state.kept.len());
        for kept in &mut self.state.kept {
            rows.push(read_rows(r, kept)?);
        }
        let mut body = Reader::new(r.bytes()?);
        let mut partials = Vec::new();
        let mut chains = Vec::new();
        for _ in 0..body.len()? {
            partials.push(self.load_partial(&mut body, &rows, &mut chains)?);
        }
        body.finish()?;
        for _ in 0..r.len()? {
            let begun = r.bool()?;
            let newest = r.i64()?;
            // Looked at anew when the next event comes.
            let next_expiry = i64::MIN;
            self.state.keys.push(KeyState { begun, newest, next_expiry, dirty: u64::MAX });
        }
        let steps = self.machine.wiring.steps.len();
        let count = r.len()?;
        if count != self.state.keys.len() * steps {
            return Err(damaged());
        }
        for at in 0..count {
            let (key, step) = ((at / steps) as u32, at % steps);
            self.load_waiting(r, Key(key), step, &partials)?;
        }
        for _ in 0..r.len()? {
            let blank = r.bool()?;
            let partial = match r.option(Reader::u32)? {
                Some(number) => *partials.get(number as usize).ok_or_else(damaged)?,
                None if blank => self.state.blank,
                None => NONE,
            };
            if partial != NONE {
                self.state.partials.hold(partial);
            }
            self.state.straight.push(partial);
        }
        let straight = if self.machine.straight { count } else { 0 };
        if self.state.straight.len() != straight {
            return Err(damaged());
        }
        for partial in partials {
            self.state.partials.release(partial, &mut self.state.kept);
        }
        for (kept, rows) in self.state.kept.iter_mut().zip(rows) {
            rows.into_iter().for_each(|row| kept.release(row));
        }
        self.state.alarms.load(r)?;
        for totals in &mut self.state.totals {
            totals.load(r)?;
        }
        if r.len()? != self.state.complete.len() {
            return Err(damaged());
        }
        for complete in &mut self.state.complete {
            *complete = r.bool()?;
        }
        Ok(())
    }

    fn clear(&mut self) {
        let state = &mut self.state;
        state.matches.begin(&mut state.kept);
        state.kept.iter_mut().for_each(Kept::clear);
        state.partials.clear();
        state.entries.clear();
        state.indexes.iter_mut().flatten().for_each(super::index::Index::clear);
        state.waiting.clear();
        state.keys.clear();
        state.straight.clear();
        state.trying.fill(NONE);
        if self.machine.straight {
            state.blank = state.partials.fresh();
            state.partials.hold(state.blank);
        }
        state.wakes.clear();
    }

    fn load_partial(
        &mut self,
        r: &mut Reader<'_>,
        rows: &[Vec<u32>],
        chains: &mut Vec<u32>,
    ) -> Result<u32, DecodeError> {
        let state = &mut self.state;
        let partial = state.partials.fresh();
        state.partials.hold(partial);
        let (time, expired) = (r.i64()?, r.bool()?);
        for element in 0..state.partials.width() {
            let layout = state.partials.layout(element);
            let row =
                |number: u32| rows[layout.stream].get(number as usize).copied().ok_or_else(damaged);
            match r.u8()? {
                0 => {}
                1 if !layout.counted => {
                    state.partials.set(partial, element, SILENCE, &mut state.kept);
                }
                2 if !layout.counted => {
                    let row = row(r.u32()?)?;
                    state.partials.set(partial, element, row, &mut state.kept);
                }
                3 if layout.counted => {
                    let number = r.u32()? as usize;
                    if let Some(chain) = chains.get(number) {
                        state.partials.share_chain(partial, element, *chain, &state.kept);
                        continue;
                    }
                    for _ in 0..r.len()? {
                        let row = row(r.u32()?)?;
                        state.partials.add(partial, element, row, &mut state.kept);
                    }
                    chains.push(state.partials.slot(partial, element));
                }
                tag => {
                    return Err(DecodeError::UnknownTag { what: "slot", tag: u64::from(tag) });
                }
            }
        }
        let start = state.partials.head(partial).start;
        *state.partials.head_mut(partial) = Head { time, start, holders: 1, expired };
        Ok(partial)
    }

    fn load_waiting(
        &mut self,
        r: &mut Reader<'_>,
        key: Key,
        step: usize,
        partials: &[u32],
    ) -> Result<(), DecodeError> {
        self.state.waiting.push(Waiting::default());
        let mut lists = [List::default(), List::default()];
        for list in &mut lists {
            for _ in 0..r.len()? {
                let partial = *partials.get(r.u32()? as usize).ok_or_else(damaged)?;
                let state = &mut self.state;
                let start = |partial: u32| state.partials.head(partial).start;
                let when = |partial: u32| when(state.partials.head(partial).time);
                if list.tail != NONE {
                    let last = state.entries.at(list.tail).partial;
                    list.sorted &= start(last) <= start(partial);
                    list.timely &= when(last) <= when(partial);
                }
                state.entries.push(list, partial);
                state.partials.hold(partial);
            }
        }
        let [pending, fresh] = lists;
        let mut run = self.run(key, 0);
        run.enter_index(step, &pending);
        *run.waiting(step) = Waiting {
            pending,
            fresh,
            last_time: r.i64()?,
            initialized: r.bool()?,
            started: r.bool()?,
            over: r.bool()?,
            rearm: r.bool()?,
        };
        Ok(())
    }
}

/// Reads rows back; each is held until all is read.
fn read_rows(r: &mut Reader<'_>, kept: &mut Kept) -> Result<Vec<u32>, DecodeError> {
    let store: &mut RowStore = &mut kept.store;
    let rows = saved::read_rows(r, store)?;
    rows.iter().for_each(|row| kept.note(*row));
    Ok(rows)
}

fn damaged() -> DecodeError {
    DecodeError::UnknownTag { what: "pattern state", tag: 0 }
}
