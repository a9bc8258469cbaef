//! Filters and functions on the way into a query.

use std::sync::Arc;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, Chunk, Column, Key, Kind};
use weir_expr::{Expr, Fault, Input, Rows, Scope, Source, StreamFunction};
use weir_operators::select::Selector;
use weir_operators::{Cx, Flow};

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

fn batch_source(batch: &Batch) -> Source<'_> {
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
        cx: &Cx<'_>,
        seat: Seat,
        held: &mut Held<'_>,
        flow: &mut Flow,
        whole: &mut bool,
        notes: &mut Vec<String>,
    ) -> Result<(), Fault> {
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
        }
        Ok(())
    }

    pub(crate) fn drop_key(&mut self, key: Key) {
        if let Self::Totals(selector) = self {
            selector.drop_key(key);
        }
    }

    pub(crate) fn save(&self, w: &mut Writer) {
        if let Self::Totals(selector) = self {
            selector.save(w);
        }
    }

    pub(crate) fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        match self {
            Self::Totals(selector) => selector.load(r),
            Self::Filter(_) | Self::Log { .. } | Self::Function { .. } => Ok(()),
        }
    }
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
    for (to, from) in places.iter().enumerate() {
        let from = *from as usize;
        flow.rows[to] = flow.rows[from];
        flow.kinds[to] = flow.kinds[from];
        flow.times[to] = flow.times[from];
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
    flow.rows.truncate(places.len());
    flow.kinds.truncate(places.len());
    flow.times.truncate(places.len());
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
            timestamps: from.iter().map(|row| timestamps[*row as usize]).collect(),
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
