//! Filters and functions on the way into a query.

use std::sync::Arc;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, Chunk, Column, Key, Kind};
use weir_expr::{Expr, Fault, Input, Rows, Scope, Source, StreamFunction};
use weir_operators::select::Selector;
use weir_operators::{Cx, Flow, Window};

/// What is done to each event on the way in.
pub(crate) enum Handler {
    /// Events go on where it holds.
    Filter(Expr),
    /// The same, for a condition with aggregates, which keep a state.
    Totals(Box<Selector>),
    /// Notes the events for the log.
    Log { prefix: String, priority: String, message: Option<Expr>, show_event: bool },
    /// Adds attributes, and may make several rows of one.
    Function { function: Arc<dyn StreamFunction>, args: Vec<Expr> },
    /// Holds events back, or out, by a state of its own.
    Processor(Box<dyn Window>),
}

/// Where a flow's rows are: in what arrived, in a batch a function made, or in a store.
pub(crate) enum Held<'a> {
    Given(&'a Batch),
    Made(Batch),
    Store(&'a weir_event::RowStore),
}

impl Held<'_> {
    pub(crate) fn source(&self) -> Source<'_> {
        match self {
            Held::Given(batch) => batch_source(batch),
            Held::Made(batch) => batch_source(batch),
            Held::Store(store) => Source::Store(store),
        }
    }
}

pub(super) fn batch_source(batch: &Batch) -> Source<'_> {
    Source::Batch { columns: &batch.columns, timestamps: &batch.timestamps }
}

/// The slot of the events within the inputs of the query, and the number of those.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seat {
    pub slot: usize,
    pub inputs: usize,
}

impl Seat {
    /// Runs `body` with the inputs of the query, of which only this one is there.
    pub(crate) fn with<R>(&self, input: Input<'_>, body: impl FnOnce(&[Input<'_>]) -> R) -> R {
        let mut inputs = [Input::NOTHING; 2];
        inputs[self.slot] = input;
        body(&inputs[..self.inputs])
    }
}

impl Handler {
    /// Applies it; `whole` says whether the flow is still all of the batch, row by row.
    pub(crate) fn apply(
        &mut self,
        cx: &mut Cx<'_>,
        seat: Seat,
        held: &mut Held<'_>,
        flow: &mut Flow,
        whole: &mut bool,
        notes: &mut Vec<String>,
    ) -> Result<(), Fault> {
        if let Self::Processor(processor) = self {
            let mut next = Flow::default();
            match held {
                Held::Given(batch) => processor.receive(cx, batch, flow, &mut next),
                Held::Made(batch) => processor.receive(cx, batch, flow, &mut next),
                Held::Store(_) => debug_assert!(false, "a processor comes before the window"),
            }
            *held = processed(&**processor, &next, flow);
            *whole = true;
            return Ok(());
        }
        let now = flow.chunks.last().map_or(0, |chunk| chunk.now);
        let env = cx.env(now);
        let rows = if *whole { Rows::From(0) } else { Rows::List(&flow.rows) };
        let input = Input { source: held.source(), rows, shown_at: Some(&flow.times), chain: None };
        match self {
            Self::Filter(condition) => {
                let mut places = Vec::new();
                seat.with(input, |inputs| {
                    let scope = Scope { inputs, len: flow.len(), env: &env };
                    condition.select(&scope, &mut places)
                })?;
                keep(flow, &places, whole);
            }
            Self::Totals(selector) => {
                let places = seat.with(input, |inputs| selector.passing(cx, inputs, flow))?;
                keep(flow, &places, whole);
            }
            Self::Log { prefix, priority, message, show_event } => {
                seat.with(input, |inputs| {
                    let scope = Scope { inputs, len: flow.len(), env: &env };
                    for place in 0..flow.len() {
                        let text = match message {
                            Some(message) => format!("{}, ", message.value_at(&scope, place)?),
                            None => String::new(),
                        };
                        let shown = if *show_event {
                            event_text(&input, flow, place)
                        } else {
                            String::new()
                        };
                        notes.push(format!("{priority} {prefix}: {text}{shown}"));
                    }
                    Ok(())
                })?;
            }
            Self::Function { function, args } => {
                let (batch, next) = seat.with(input, |inputs| {
                    let scope = Scope { inputs, len: flow.len(), env: &env };
                    call(&**function, args, &scope, &input, flow)
                })?;
                *whole = true;
                *flow = next;
                *held = Held::Made(batch);
            }
            Self::Processor(_) => {}
        }
        Ok(())
    }

    /// What a processor emits when it is woken.
    pub(crate) fn wake<'a>(
        &mut self,
        cx: &mut Cx<'_>,
        now: i64,
        key: Key,
        flow: &mut Flow,
    ) -> Option<Held<'a>> {
        let Self::Processor(processor) = self else { return None };
        let mut next = Flow::default();
        processor.on_timer(cx, now, key, &mut next);
        (!next.is_empty()).then(|| processed(&**processor, &next, flow))
    }

    /// The condition of a plain filter.
    pub(super) fn condition(&self) -> Option<&Expr> {
        if let Self::Filter(condition) = self { Some(condition) } else { None }
    }

    /// About how many bytes of state it holds.
    pub(crate) fn held_bytes(&self) -> u64 {
        match self {
            Self::Totals(selector) => selector.held_bytes(),
            Self::Processor(processor) => processor.held_bytes(),
            Self::Filter(_) | Self::Log { .. } | Self::Function { .. } => 0,
        }
    }

    pub(crate) fn drop_key(&mut self, key: Key) {
        match self {
            Self::Totals(selector) => selector.drop_key(key),
            Self::Processor(processor) => processor.drop_key(key),
            Self::Filter(_) | Self::Log { .. } | Self::Function { .. } => {}
        }
    }

    pub(crate) fn save(&self, w: &mut Writer) {
        match self {
            Self::Totals(selector) => selector.save(w),
            Self::Processor(processor) => processor.save(w),
            Self::Filter(_) | Self::Log { .. } | Self::Function { .. } => {}
        }
    }

    pub(crate) fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        match self {
            Self::Totals(selector) => selector.load(r),
            Self::Processor(processor) => processor.load(r),
            Self::Filter(_) | Self::Log { .. } | Self::Function { .. } => Ok(()),
        }
    }
}

/// The rows a processor let go, as a batch of their own; `flow` becomes all of it.
fn processed<'a>(processor: &dyn Window, next: &Flow, flow: &mut Flow) -> Held<'a> {
    let batch = processor.store().gather(&next.rows);
    flow.clear();
    flow.rows.extend(0..next.rows.len() as u32);
    flow.kinds.extend_from_slice(&next.kinds);
    flow.times.extend_from_slice(&next.times);
    flow.chunks.extend_from_slice(&next.chunks);
    Held::Made(batch)
}

fn event_text(input: &Input<'_>, flow: &Flow, place: usize) -> String {
    let row = input.rows.at(place);
    let columns = match input.source {
        Source::Nothing => 0,
        Source::Batch { columns, .. } => columns.len(),
        Source::Columns(columns) => columns.len(),
        Source::Store(store) => store.columns().len(),
    };
    let data: Vec<String> =
        (0..columns).map(|column| input.source.value(row, column).to_string()).collect();
    let kind = match flow.kinds[place] {
        Kind::Current => "CURRENT",
        Kind::Expired => "EXPIRED",
        Kind::Timer => "TIMER",
        Kind::Reset => "RESET",
    };
    format!(
        "StreamEvent{{ timestamp={}, data=[{}], type={kind} }}",
        flow.times[place],
        data.join(", ")
    )
}

/// Leaves only the places named; resets always stay.
fn keep(flow: &mut Flow, places: &[u32], whole: &mut bool) {
    if places.len() == flow.len() {
        return;
    }
    let resets = flow.kinds.contains(&Kind::Reset);
    let merged: Vec<u32>;
    let places = if resets {
        let mut all = places.to_vec();
        all.extend((0..flow.len() as u32).filter(|i| flow.kinds[*i as usize] == Kind::Reset));
        all.sort_unstable();
        all.dedup();
        merged = all;
        &merged[..]
    } else {
        places
    };
    *whole = false;
    keep_chunks(flow, places);
    for (to, from) in places.iter().enumerate() {
        let from = *from as usize;
        flow.rows[to] = flow.rows[from];
        flow.kinds[to] = flow.kinds[from];
        flow.times[to] = flow.times[from];
    }
    flow.rows.truncate(places.len());
    flow.kinds.truncate(places.len());
    flow.times.truncate(places.len());
}

/// Leaves only the chunks that have one of the places.
fn keep_chunks(flow: &mut Flow, places: &[u32]) {
    if flow.chunks.len() == flow.len() {
        // Each row is a chunk.
        for (to, from) in places.iter().enumerate() {
            flow.chunks[to] = Chunk { end: to as u32 + 1, ..flow.chunks[*from as usize] };
        }
        flow.chunks.truncate(places.len());
        return;
    }
    let mut kept = 0;
    let mut last = 0;
    flow.chunks.retain_mut(|chunk| {
        kept += places[kept..].iter().take_while(|place| **place < chunk.end).count();
        chunk.end = kept as u32;
        let any = chunk.end > last;
        last = chunk.end;
        any
    });
}

/// The rows that a stream function makes, with all attributes of the event before those it adds.
fn call(
    function: &dyn StreamFunction,
    args: &[Expr],
    scope: &Scope<'_>,
    input: &Input<'_>,
    flow: &Flow,
) -> Result<(Batch, Flow), Fault> {
    let mut added: Vec<Column> =
        function.attributes().iter().map(|it| Column::new(it.data_type)).collect();
    let (mut from, mut next) = (Vec::new(), Flow::default());
    let mut values = Vec::with_capacity(args.len());
    for (range, chunk) in flow.chunk_ranges() {
        for place in range {
            values.clear();
            for arg in args {
                values.push(arg.value_at(scope, place)?);
            }
            let rows = match flow.kinds[place] {
                Kind::Current | Kind::Expired => function.call(scope.env, &values)?,
                Kind::Timer | Kind::Reset => vec![Vec::new()],
            };
            for row in rows {
                let mut row = row.into_iter();
                for column in &mut added {
                    column.push(row.next().unwrap_or_default());
                }
                next.push(from.len() as u32, flow.kinds[place], flow.times[place]);
                from.push(input.rows.at(place));
            }
        }
        next.end_chunk(chunk.now, chunk.key);
    }
    let mut batch = match input.source {
        Source::Nothing | Source::Columns(_) => Batch::default(),
        Source::Batch { columns, timestamps } => Batch {
            timestamps: Arc::new(from.iter().map(|row| timestamps[*row as usize]).collect()),
            columns: columns.iter().map(|column| Arc::new(column.gather(&from))).collect(),
        },
        Source::Store(store) => store.gather(&from),
    };
    batch.columns.extend(added.into_iter().map(Arc::new));
    Ok((batch, next))
}

/// A chunk of the same clock and key that ends elsewhere.
pub(super) fn ending(chunk: Chunk, end: usize) -> Chunk {
    Chunk { end: end as u32, ..chunk }
}
