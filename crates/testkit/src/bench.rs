//! The benchmark's workloads: events made by rule, sent as a source sends, taken as a sink takes.

use std::sync::Arc;
use std::time::Instant;

use weir_engine::{App, Emitted, Level, Options, Outputs, Segment, SegmentBuilder, TapId};
use weir_event::{Attribute, Batch, BatchBuilder, DataType, Epoch, Seq, Text, Value};
use weir_query::Problem;

use crate::lane::{Lane, Sender};

/// One measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// Events sent.
    pub events: u64,
    /// Rows that left through `Out`.
    pub out: u64,
    /// Events a second, from the first send to the last output.
    pub events_per_s: f64,
}

/// Why a workload cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The app has problems.
    #[error("the app has problems")]
    App(Vec<Problem>),
    /// It has not the streams of a workload.
    #[error(
        "the app has no stream `{0}`\n\
         hint: a workload reads `Src (symbol string, price double, volume int)` and fills `Out`"
    )]
    Stream(&'static str),
}

/// Event number `i` of every workload.
fn event(i: u64) -> [Value; 3] {
    let x = mix(i);
    let symbol = Text::from(format!("SYM{}", x % 1000));
    let price = ((x >> 10) % 20_000) as f64 / 100.0;
    let volume = ((x >> 32) % 1000) as i32;
    [Value::Str(symbol), Value::Double(price), Value::Int(volume)]
}

fn mix(z: u64) -> u64 {
    let z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The decoded events, as a source has them that read many messages: one batch, of which each send
/// is a part; arrays are batches of their own.
fn decoded(events: u64, batch: u64) -> Vec<Batch> {
    let attribute = |name: &str, data_type| Attribute { name: name.into(), data_type };
    let schema = [
        attribute("symbol", DataType::String),
        attribute("price", DataType::Double),
        attribute("volume", DataType::Int),
    ];
    let rows = if batch < SMALL_SEND_ROWS { READ_TOGETHER_ROWS } else { batch };
    let mut batches = Vec::new();
    let mut i = 0;
    while i < events {
        let end = (i + rows).min(events);
        let mut builder = BatchBuilder::with_capacity(&schema, (end - i) as usize);
        for n in i..end {
            builder.push_row(1_600_000_000_000 + n as i64, event(n));
        }
        batches.push(builder.finish());
        i = end;
    }
    batches
}

#[derive(Default)]
struct Counting {
    rows: u64,
}

impl Outputs for Counting {
    fn rows(&mut self, _tap: TapId, emitted: &Emitted<'_>) {
        self.rows += emitted.len() as u64;
    }

    fn takes_picked(&self) -> bool {
        true
    }

    fn note(&mut self, _level: Level, _text: &str) {}
}

/// Times an app on `events` events, sent `batch` at a time.
///
/// # Errors
///
/// The app cannot be made, or is no workload.
pub fn bench(text: &str, events: u64, batch: u64) -> Result<Figure, BenchError> {
    let mut app = App::create(text, &Options::named("bench")).map_err(BenchError::App)?;
    let stream = app.stream("Src").ok_or(BenchError::Stream("Src"))?;
    let out = app.stream("Out").ok_or(BenchError::Stream("Out"))?;
    app.listen(out);
    let batch = batch.max(1);
    let batches = decoded(events, batch);
    let schema = app.schema(stream).clone();
    let lane = Lane::default();
    let started = Instant::now();
    let mut counting = Counting::default();
    std::thread::scope(|scope| {
        let source = lane.sender(SegmentBuilder::new(schema));
        scope.spawn(move || feed(source, batches, batch));
        let mut spent = Vec::new();
        while let Some(segments) = lane.take(&mut spent) {
            for Segment { batch, heads } in &segments {
                app.apply(stream, batch, heads, &mut counting);
            }
            spent = segments;
        }
    });
    let seconds = started.elapsed().as_secs_f64();
    Ok(Figure { events, out: counting.rows, events_per_s: events as f64 / seconds })
}

/// Sends of fewer rows are appended to what waits; larger ones are handed on as they are.
const SMALL_SEND_ROWS: u64 = 64;

/// How many small messages a source decodes into one batch.
const READ_TOGETHER_ROWS: u64 = 1_000;

fn feed(mut lane: Sender<'_>, batches: Vec<Batch>, batch_rows: u64) {
    let mut seq = 0;
    for batch in batches {
        if batch_rows >= SMALL_SEND_ROWS {
            seq += 1;
            let time = batch.timestamps.last().copied().unwrap_or(0);
            lane.send(|segments| segments.push(Seq(seq), Epoch(1), time, batch));
            continue;
        }
        let (batch, mut start) = (Arc::new(batch), 0);
        while start < batch.len() {
            let end = (start + batch_rows as usize).min(batch.len());
            seq += 1;
            let time = batch.timestamps[end - 1];
            lane.send(|segments| segments.push_rows(Seq(seq), Epoch(1), time, &batch, start..end));
            start = end;
        }
    }
}
