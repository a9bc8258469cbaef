//! A query that only filters and computes: rows go through it without a flow of their own.

use weir_event::{Batch, Chunk};
use weir_expr::{Fault, Input, Rows, Scope};
use weir_operators::Cx;
use weir_operators::ends_among;
use weir_operators::select::{Plain, Selected, Selector};

use super::Delivery;
use super::handler::{Handler, batch_source};
use super::single::Single;

/// Rows are left where they lie if they are at least this part of their batch; fewer are copied,
/// so that they do not keep all of it.
const PASSED_SHARE: usize = 16;

/// As [`PASSED_SHARE`], where something is computed for rows that leave and those that do not.
const COMPUTED_SHARE: usize = 2;

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
        let ends = ends_among(rows, chunks.iter().map(|it| it.end));
        let mut kept: Vec<Chunk> = Vec::with_capacity(chunks.len().min(rows.len()));
        for (chunk, end) in chunks.iter().zip(ends) {
            if end > kept.last().map_or(0, |it| it.end) {
                kept.push(Chunk { end, ..*chunk });
            }
        }
        kept
    }

    /// What a selection without state makes of them, where they lie if it only passes them on.
    fn select_where_they_lie(
        self,
        cx: &Cx<'_>,
        delivery: &Delivery<'_>,
        selector: &Selector,
    ) -> Result<Selected, Fault> {
        match self {
            Self::These(rows) if may_lie(&rows, delivery.batch, selector) => {
                let batch = delivery.batch;
                let all = Plain { batch, rows: Rows::From(0), len: batch.len() };
                let chunks = chunks_with_rows(delivery.chunks, &rows);
                let selected = selector.select_plain(&cx.env(delivery.now()), all, chunks)?;
                Ok(Selected { picked: Some(rows), kinds: Vec::new(), ..selected })
            }
            kept @ (Self::All { .. } | Self::These(_)) => kept.select(cx, delivery, selector),
        }
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

/// Whether it is cheaper to compute the output for all rows of a batch than to copy those that
/// leave.
fn may_lie(rows: &[u32], batch: &Batch, selector: &Selector) -> bool {
    let share = match selector.computed() {
        None => return false,
        Some(0) => PASSED_SHARE,
        Some(_) => COMPUTED_SHARE,
    };
    !rows.is_empty() && rows.len() * share >= batch.len()
}

/// The chunks that still have one of the rows, which are in order.
fn chunks_with_rows(chunks: &[Chunk], rows: &[u32]) -> Vec<Chunk> {
    let ends = ends_among(rows, chunks.iter().map(|it| it.end));
    let mut last = 0;
    let has_row = |(chunk, end): (&Chunk, u32)| {
        let before = std::mem::replace(&mut last, end);
        (end > before).then_some(*chunk)
    };
    chunks.iter().zip(ends).filter_map(has_row).collect()
}

impl Single {
    /// Whether rows only pass filters on their way to the selector.
    pub(super) fn only_filters(&self) -> bool {
        self.window.is_none()
            && self.rounds.is_none()
            && self.before.iter().all(|it| it.condition().is_some())
    }

    /// Whether [`Self::receive_plain`] gives what the long way does.
    pub(super) fn is_plain(&self, delivery: &Delivery<'_>, selector: &Selector) -> bool {
        delivery.kinds.is_none() && selector.is_plain() && self.only_filters()
    }

    /// The rows that pass the filters.
    pub(super) fn passing(&self, cx: &Cx<'_>, delivery: &Delivery<'_>) -> Result<Kept, Fault> {
        let env = cx.env(delivery.now());
        let source = batch_source(delivery.batch);
        let mut kept = match delivery.picked {
            Some(picked) => Kept::These(picked.to_vec()),
            None => Kept::All { start: delivery.start, len: delivery.len() },
        };
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
        self.passing(cx, delivery)?.select_where_they_lie(cx, delivery, selector)
    }
}
