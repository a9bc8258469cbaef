//! A query over one stream or named window.

use std::cell::Cell;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::Key;
use weir_expr::{Fault, Input, Rows};
use weir_operators::select::{Selected, Selector};
use weir_operators::window::Rounds;
use weir_operators::{Cx, Flow, Window};

use super::Delivery;
use super::handler::{Handler, Held, Seat};

/// Who reads the rows that a window emits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReadBy {
    /// A selector, which reads rows wherever they are.
    Selector,
    /// Somebody who may look for them in the window's store.
    Anyone,
}

/// The handlers and window of one input.
pub(crate) struct Single {
    pub before: Vec<Handler>,
    pub window: Option<Box<dyn Window>>,
    pub after: Vec<Handler>,
    pub seat: Seat,
    /// When batches are complete, where the selector takes the rows of a tumbling window at once;
    /// there is no window then.
    pub rounds: Option<Rounds>,
    /// Whether wake-ups are left out: nobody sees when rows leave.
    lazy: bool,
    flow: Flow,
    windowed: Flow,
    /// What processors asked for, each under the number of its place, counted from 1.
    pub wakes: Vec<(i64, Key, u8)>,
}

impl Single {
    pub(crate) fn new(
        before: Vec<Handler>,
        window: Option<Box<dyn Window>>,
        after: Vec<Handler>,
        seat: Seat,
    ) -> Self {
        let (flow, windowed) = (Flow::default(), Flow::default());
        Self {
            before,
            window,
            after,
            seat,
            rounds: None,
            lazy: false,
            flow,
            windowed,
            wakes: Vec::new(),
        }
    }

    /// Nobody sees rows leave: a window that lets go of them when events arrive needs no timers.
    pub(crate) fn unseen(mut self) -> Self {
        self.lazy = self.window.as_ref().is_some_and(|window| window.expires_on_arrival());
        self
    }

    /// Rows through handlers and window; `body` gets where they are, the flow, and whether they
    /// are all of a batch, row by row.
    pub(crate) fn pass<R>(
        &mut self,
        cx: &mut Cx<'_>,
        delivery: &Delivery<'_>,
        notes: &mut Vec<String>,
        body: impl FnOnce(&mut Cx<'_>, &Held<'_>, &Flow, bool) -> R,
    ) -> Result<R, Fault> {
        delivery.fill(&mut self.flow);
        let held = Held::Given(delivery.batch);
        self.go_on(cx, (0, ReadBy::Anyone), (held, delivery.is_whole()), notes, body)
    }

    /// The flow from a handler on, through the window.
    fn go_on<R>(
        &mut self,
        cx: &mut Cx<'_>,
        (from, read_by): (usize, ReadBy),
        (mut held, mut whole): (Held<'_>, bool),
        notes: &mut Vec<String>,
        body: impl FnOnce(&mut Cx<'_>, &Held<'_>, &Flow, bool) -> R,
    ) -> Result<R, Fault> {
        for (at, handler) in self.before.iter_mut().enumerate().skip(from) {
            let asked = cx.wakes.len();
            handler.apply(cx, self.seat, &mut held, &mut self.flow, &mut whole, notes)?;
            let part = at as u8 + 1;
            self.wakes.extend(cx.wakes.drain(asked..).map(|(due, key)| (due, key, part)));
        }
        let Some(window) = &mut self.window else {
            return Ok(body(cx, &held, &self.flow, whole));
        };
        self.windowed.clear();
        let batch = match &held {
            Held::Given(batch) => batch,
            Held::Made(batch) => batch,
            Held::Store(_) => return Err(Fault::runtime("handlers hand on batches")),
        };
        if read_by == ReadBy::Selector
            && self.after.is_empty()
            && let Some(all) = window.receive_through(batch, &self.flow, &mut self.windowed)
        {
            return Ok(body(cx, &Held::Made(all), &self.windowed, false));
        }
        let asked = cx.wakes.len();
        window.receive(cx, batch, &self.flow, &mut self.windowed);
        if self.lazy {
            cx.wakes.truncate(asked);
        }
        let mut held = Held::Store(window.store());
        let mut whole = false;
        for handler in &mut self.after {
            handler.apply(cx, self.seat, &mut held, &mut self.windowed, &mut whole, notes)?;
        }
        Ok(body(cx, &held, &self.windowed, whole))
    }

    /// As [`Self::pass`] for single-row chunks into a window, telling which rows of the delivery
    /// got to it: the window makes one chunk of each.
    pub(super) fn pass_tracked(
        &mut self,
        cx: &mut Cx<'_>,
        delivery: &Delivery<'_>,
        notes: &mut Vec<String>,
        passed: &mut Vec<u32>,
        body: impl FnOnce(&mut Flow),
    ) -> Result<(), Fault> {
        debug_assert!(self.keeps_rows(), "functions make rows of their own");
        self.pass(cx, delivery, notes, |_, _, _, _| ())?;
        passed.extend_from_slice(&self.flow.rows);
        body(&mut self.windowed);
        Ok(())
    }

    /// What the window emits when it is woken.
    fn wake<R>(
        &mut self,
        cx: &mut Cx<'_>,
        now: i64,
        key: Key,
        notes: &mut Vec<String>,
        body: impl FnOnce(&mut Cx<'_>, &Held<'_>, &Flow, bool) -> R,
    ) -> Result<Option<R>, Fault> {
        let Some(window) = &mut self.window else { return Ok(None) };
        self.windowed.clear();
        window.on_timer(cx, now, key, &mut self.windowed);
        if self.windowed.is_empty() {
            return Ok(None);
        }
        let mut held = Held::Store(window.store());
        let mut whole = false;
        for handler in &mut self.after {
            handler.apply(cx, self.seat, &mut held, &mut self.windowed, &mut whole, notes)?;
        }
        Ok(Some(body(cx, &held, &self.windowed, whole)))
    }

    pub(super) fn receive(
        &mut self,
        cx: &mut Cx<'_>,
        delivery: &Delivery<'_>,
        selector: &mut Selector,
        notes: &mut Vec<String>,
    ) -> Result<Selected, Fault> {
        if self.is_plain(delivery, selector) {
            return self.receive_plain(cx, delivery, selector);
        }
        let mut rounds = self.rounds.take();
        delivery.fill(&mut self.flow);
        let held = (Held::Given(delivery.batch), delivery.is_whole());
        let to = (0, ReadBy::Selector);
        let selected = self.go_on(cx, to, held, notes, |cx, held, flow, whole| {
            select(cx, held, flow, whole, (selector, &mut rounds))
        });
        self.rounds = rounds;
        selected?
    }

    /// Part 0 is the window; others are processors by their places.
    pub(super) fn on_timer(
        &mut self,
        cx: &mut Cx<'_>,
        (part, now, key): (u8, i64, Key),
        selector: &mut Selector,
        notes: &mut Vec<String>,
    ) -> Result<Selected, Fault> {
        if part == 0
            && let Some(rounds) = &mut self.rounds
        {
            let complete = rounds.on_timer(cx, now, key);
            return Ok(if complete { selector.complete(key, now) } else { Selected::default() });
        }
        let mut rounds = self.rounds.take();
        let woken = self.wake_part(cx, (part, now, key), notes, |cx, held, flow, whole| {
            select(cx, held, flow, whole, (selector, &mut rounds))
        });
        self.rounds = rounds;
        woken?.unwrap_or_else(|| Ok(Selected::default()))
    }

    /// What its window, part 0, or a processor emits when it is woken; a processor's rows go on
    /// through what stands behind it.
    pub(super) fn wake_part<R>(
        &mut self,
        cx: &mut Cx<'_>,
        (part, now, key): (u8, i64, Key),
        notes: &mut Vec<String>,
        body: impl FnOnce(&mut Cx<'_>, &Held<'_>, &Flow, bool) -> R,
    ) -> Result<Option<R>, Fault> {
        let Some(at) = usize::from(part).checked_sub(1) else {
            return self.wake(cx, now, key, notes, body);
        };
        let Some(handler) = self.before.get_mut(at) else { return Ok(None) };
        let asked = cx.wakes.len();
        let held = handler.wake(cx, now, key, &mut self.flow);
        self.wakes.extend(cx.wakes.drain(asked..).map(|(due, key)| (due, key, part)));
        let Some(held) = held else { return Ok(None) };
        self.go_on(cx, (at + 1, ReadBy::Anyone), (held, true), notes, body).map(Some)
    }

    /// Whether its handlers let rows through as they come, or hold them back, and make none.
    pub(super) fn keeps_rows(&self) -> bool {
        self.before.iter().all(|it| match it {
            Handler::Filter(_) | Handler::Totals(_) | Handler::Log { .. } => true,
            Handler::Function { .. } | Handler::Processor(_) => false,
        })
    }

    /// The app starts, or a key comes into being; the wake-ups asked for because of it.
    pub(super) fn start(&mut self, now: i64, key: Key) -> Vec<(i64, Key, u8)> {
        let (mut wakes, mut faults, random) = (Vec::new(), Vec::new(), Cell::new(0));
        let mut all = Vec::new();
        for (at, handler) in self.before.iter_mut().enumerate() {
            let mut cx =
                Cx { wakes: &mut wakes, faults: &mut faults, random: &random, tables: None };
            if let Handler::Processor(processor) = handler {
                processor.start(&mut cx, now, key);
            }
            all.extend(wakes.drain(..).map(|(due, key)| (due, key, at as u8 + 1)));
        }
        all
    }

    pub(crate) fn held_bytes(&self) -> u64 {
        let handlers = self.before.iter().chain(&self.after).map(Handler::held_bytes);
        self.window.as_ref().map_or(0, |window| window.held_bytes()) + handlers.sum::<u64>()
    }

    pub(super) fn min_wait_ms(&self) -> Option<i64> {
        let window = self.window.as_ref().filter(|_| !self.lazy);
        let processors = self.before.iter().filter_map(|handler| match handler {
            Handler::Processor(processor) => processor.min_wait_ms(),
            Handler::Filter(_)
            | Handler::Totals(_)
            | Handler::Log { .. }
            | Handler::Function { .. } => None,
        });
        let rounds = self.rounds.as_ref().and_then(Rounds::min_wait_ms);
        processors.chain(window.and_then(|window| window.min_wait_ms())).chain(rounds).min()
    }

    pub(super) fn drop_key(&mut self, key: Key) {
        for handler in self.before.iter_mut().chain(&mut self.after) {
            handler.drop_key(key);
        }
        if let Some(window) = &mut self.window {
            window.drop_key(key);
        }
        if let Some(rounds) = &mut self.rounds {
            rounds.drop_key(key);
        }
    }

    pub(crate) fn save(&self, w: &mut Writer) {
        for handler in self.before.iter().chain(&self.after) {
            handler.save(w);
        }
        if let Some(window) = &self.window {
            window.save(w);
        }
        if let Some(rounds) = &self.rounds {
            rounds.save(w);
        }
    }

    pub(crate) fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        for handler in self.before.iter_mut().chain(&mut self.after) {
            handler.load(r)?;
        }
        if let Some(window) = &mut self.window {
            window.load(r)?;
        }
        self.rounds.as_mut().map_or(Ok(()), |rounds| rounds.load(r))
    }
}

fn select(
    cx: &mut Cx<'_>,
    held: &Held<'_>,
    flow: &Flow,
    whole: bool,
    (selector, rounds): (&mut Selector, &mut Option<Rounds>),
) -> Result<Selected, Fault> {
    if flow.is_empty() {
        return Ok(Selected::default());
    }
    let rows = if whole { Rows::From(0) } else { Rows::List(&flow.rows) };
    let input = Input { source: held.source(), rows, shown_at: Some(&flow.times), chain: None };
    if let Some(rounds) = rounds {
        let mut cuts = Vec::new();
        rounds.take(cx, flow, &mut cuts);
        return selector.absorb(cx, input, flow, &cuts);
    }
    selector.select(cx, &[input], flow)
}
