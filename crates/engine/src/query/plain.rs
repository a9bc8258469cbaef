//! A query that only filters and computes: rows go through it without a flow of their own.

use weir_event::Chunk;
use weir_expr::{Fault, Input, Rows, Scope};
use weir_operators::Cx;
use weir_operators::select::{Plain, Selected, Selector};

use super::Delivery;
use super::handler::{Handler, batch_source};
use super::single::Single;

/// The rows that got through so far: all of a run, or these.
pub(super) enum Kept {
    All { start: u32, len: usize },
    These(Vec<u32>),
}

impl Kept {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::All { len, .. } => *len,
            Self::These(rows) => rows.len(),
        }
    }

    pub(super) fn rows(&self) -> Rows<'_> {
        match self {
            Self::All { start, .. } => Rows::From(*start),
            Self::These(rows) => Rows::List(rows),
        }
    }

    /// The row at a place.
    pub(super) fn row(&self, place: usize) -> Option<u32> {
        match self {
            Self::All { start, len } => (place < *len).then(|| start + place as u32),
            Self::These(rows) => rows.get(place).copied(),
        }
    }

    /// Leaves only the places named.
    fn keep(&mut self, mut places: Vec<u32>) {
        if places.len() == self.len() {
            return;
        }
        match self {
            Self::All { start: 0, .. } => {}
            Self::All { start, .. } => places.iter_mut().for_each(|place| *place += *start),
            Self::These(rows) => {
                places.iter_mut().for_each(|place| *place = rows[*place as usize]);
            }
        }
        *self = Self::These(places);
    }

    /// The chunks of a delivery that still have rows, their ends counted as rows kept.
    fn chunks(&self, chunks: &[Chunk]) -> Vec<Chunk> {
        let rows = match self {
            Self::All { start, .. } => {
                return chunks.iter().map(|it| Chunk { end: it.end - start, ..*it }).collect();
            }
            Self::These(rows) => rows,
        };
        let mut kept = Vec::with_capacity(chunks.len().min(rows.len()));
        let (mut end, mut last) = (0, 0);
        for chunk in chunks {
            while rows.get(end).is_some_and(|row| *row < chunk.end) {
                end += 1;
            }
            if end > last {
                kept.push(Chunk { end: end as u32, ..*chunk });
            }
            last = end;
        }
        kept
    }

    /// What a selection without state makes of them.
    pub(super) fn select(
        &self,
        cx: &Cx<'_>,
        delivery: &Delivery<'_>,
        selector: &Selector,
    ) -> Result<Selected, Fault> {
        if self.len() == 0 {
            return Ok(Selected::default());
        }
        let plain = Plain { batch: delivery.batch, rows: self.rows(), len: self.len() };
        selector.select_plain(&cx.env(delivery.now()), plain, self.chunks(delivery.chunks))
    }
}

impl Single {
    /// Whether rows only pass filters on their way to the selector.
    pub(super) fn only_filters(&self) -> bool {
        self.window.is_none() && self.before.iter().all(|it| it.condition().is_some())
    }

    /// Whether [`Self::receive_plain`] gives what the long way does.
    pub(super) fn is_plain(&self, delivery: &Delivery<'_>, selector: &Selector) -> bool {
        delivery.kinds.is_none() && selector.is_plain() && self.only_filters()
    }

    /// The rows that pass the filters.
    pub(super) fn passing(&self, cx: &Cx<'_>, delivery: &Delivery<'_>) -> Result<Kept, Fault> {
        let env = cx.env(delivery.now());
        let source = batch_source(delivery.batch);
        let mut kept = Kept::All { start: delivery.start, len: delivery.len() };
        for condition in self.before.iter().filter_map(Handler::condition) {
            if kept.len() == 0 {
                break;
            }
            let mut places = Vec::new();
            self.seat.with(Input::new(source, kept.rows()), |inputs| {
                let scope = Scope { inputs, len: kept.len(), env: &env };
                condition.select(&scope, &mut places)
            })?;
            kept.keep(places);
        }
        Ok(kept)
    }

    pub(super) fn receive_plain(
        &self,
        cx: &Cx<'_>,
        delivery: &Delivery<'_>,
        selector: &Selector,
    ) -> Result<Selected, Fault> {
        self.passing(cx, delivery)?.select(cx, delivery, selector)
    }
}
