//! A query over one stream or named window.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::Key;
use weir_expr::{Fault, Input, Rows};
use weir_operators::select::{Selected, Selector};
use weir_operators::{Cx, Flow, Window};

use super::Delivery;
use super::handler::{Handler, Held, Seat};

/// The handlers and window of one input.
pub(crate) struct Single {
    pub before: Vec<Handler>,
    pub window: Option<Box<dyn Window>>,
    pub after: Vec<Handler>,
    pub seat: Seat,
    /// Whether wake-ups are left out: nobody sees when rows leave.
    lazy: bool,
    flow: Flow,
    windowed: Flow,
}

impl Single {
    pub(crate) fn new(
        before: Vec<Handler>,
        window: Option<Box<dyn Window>>,
        after: Vec<Handler>,
        seat: Seat,
    ) -> Self {
        let (flow, windowed) = (Flow::default(), Flow::default());
        Self { before, window, after, seat, lazy: false, flow, windowed }
    }

    /// Nobody sees rows leave: a window that lets go of them when events arrive needs no timers.
    pub(crate) fn unseen(mut self) -> Self {
        self.lazy = self.window.as_ref().is_some_and(|window| window.expires_on_arrival());
        self
    }

    /// Rows through handlers and window; `body` gets where they are, the flow, and whether they
    /// are all of a batch, row by row.
    pub(super) fn pass<R>(
        &mut self,
        cx: &mut Cx<'_>,
        delivery: &Delivery<'_>,
        notes: &mut Vec<String>,
        body: impl FnOnce(&mut Cx<'_>, &Held<'_>, &Flow, bool) -> R,
    ) -> Result<R, Fault> {
        delivery.fill(&mut self.flow);
        let mut whole = delivery.is_whole();
        let mut held = Held::Given(delivery.batch);
        for handler in &mut self.before {
            handler.apply(cx, self.seat, &mut held, &mut self.flow, &mut whole, notes)?;
        }
        let Some(window) = &mut self.window else {
            return Ok(body(cx, &held, &self.flow, whole));
        };
        self.windowed.clear();
        let batch = match &held {
            Held::Given(batch) => batch,
            Held::Made(batch) => batch,
            Held::Store(_) => delivery.batch,
        };
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
        let made_rows = self.before.iter().any(|it| matches!(it, Handler::Function { .. }));
        debug_assert!(!made_rows, "functions make rows of their own");
        self.pass(cx, delivery, notes, |_, _, _, _| ())?;
        passed.extend_from_slice(&self.flow.rows);
        body(&mut self.windowed);
        Ok(())
    }

    /// What the window emits when it is woken.
    pub(super) fn wake<R>(
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
        self.pass(cx, delivery, notes, |cx, held, flow, whole| {
            select(cx, held, flow, whole, selector)
        })?
    }

    pub(super) fn on_timer(
        &mut self,
        cx: &mut Cx<'_>,
        now: i64,
        key: Key,
        selector: &mut Selector,
        notes: &mut Vec<String>,
    ) -> Result<Selected, Fault> {
        let woken = self.wake(cx, now, key, notes, |cx, held, flow, whole| {
            select(cx, held, flow, whole, selector)
        })?;
        woken.unwrap_or_else(|| Ok(Selected::default()))
    }

    pub(super) fn min_wait_ms(&self) -> Option<i64> {
        if self.lazy {
            return None;
        }
        self.window.as_ref().and_then(|window| window.min_wait_ms())
    }

    pub(super) fn drop_key(&mut self, key: Key) {
        for handler in self.before.iter_mut().chain(&mut self.after) {
            handler.drop_key(key);
        }
        if let Some(window) = &mut self.window {
            window.drop_key(key);
        }
    }

    pub(super) fn save(&self, w: &mut Writer) {
        for handler in self.before.iter().chain(&self.after) {
            handler.save(w);
        }
        if let Some(window) = &self.window {
            window.save(w);
        }
    }

    pub(super) fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        for handler in self.before.iter_mut().chain(&mut self.after) {
            handler.load(r)?;
        }
        match &mut self.window {
            Some(window) => window.load(r),
            None => Ok(()),
        }
    }
}

fn select(
    cx: &Cx<'_>,
    held: &Held<'_>,
    flow: &Flow,
    whole: bool,
    selector: &mut Selector,
) -> Result<Selected, Fault> {
    if flow.is_empty() {
        return Ok(Selected::default());
    }
    let rows = if whole { Rows::From(0) } else { Rows::List(&flow.rows) };
    let input = Input { source: held.source(), rows, shown_at: Some(&flow.times), chain: None };
    selector.select(cx, &[input], flow)
}
