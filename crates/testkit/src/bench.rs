//! The benchmark's workloads: events made by rule, sent as a source sends, taken as a sink takes.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

use weir_engine::{App, Emitted, Level, Options, Outputs, Segment, SegmentBuilder, TapId};
use weir_event::{Attribute, Batch, BatchBuilder, DataType, Epoch, Seq, Text, Value};
use weir_query::Problem;

/// How many rows may wait between the source's thread and the engine's.
const WAITING_ROWS_MAX: usize = 65_536;

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
        "the app has no stream `{0}`\nhint: a workload reads `Src (symbol string, price double, volume int)` and inserts into `Out`"
    )]
    Stream(&'static str),
}

/// Event number `i` of every workload.
fn event(i: u64) -> [Value; 3] {
    let x = mix(i.wrapping_add(0x9E37_79B9_7F4A_7C15));
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

/// The decoded events, one batch a send.
fn sends(events: u64, batch: u64) -> Vec<Batch> {
    let attribute = |name: &str, data_type| Attribute { name: name.into(), data_type };
    let schema = [
        attribute("symbol", DataType::String),
        attribute("price", DataType::Double),
        attribute("volume", DataType::Int),
    ];
    let mut sends = Vec::new();
    let mut i = 0;
    while i < events {
        let end = (i + batch).min(events);
        let mut builder = BatchBuilder::with_capacity(&schema, (end - i) as usize);
        for n in i..end {
            builder.push_row(1_600_000_000_000 + n as i64, event(n));
        }
        sends.push(builder.finish());
        i = end;
    }
    sends
}

#[derive(Default)]
struct Counting {
    rows: u64,
}

impl Outputs for Counting {
    fn rows(&mut self, _tap: TapId, emitted: &Emitted<'_>) {
        self.rows += emitted.range().len() as u64;
    }

    fn note(&mut self, _level: Level, _text: &str) {}
}

/// What waits between the source's thread and the engine's.
struct Lane {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

struct Waiting {
    segments: SegmentBuilder,
    done: bool,
}

/// Times an app on `events` events, sent `batch` at a time.
///
/// # Errors
///
/// The app cannot be made, or is no workload.
pub fn bench(text: &str, events: u64, batch: u64) -> Result<Figure, BenchError> {
    let mut app = App::create(text, &Options { name: "bench".into() }).map_err(BenchError::App)?;
    let stream = app.stream("Src").ok_or(BenchError::Stream("Src"))?;
    let out = app.stream("Out").ok_or(BenchError::Stream("Out"))?;
    app.listen(out);
    let sends = sends(events, batch.max(1));
    let schema = app.schema(stream).clone();
    let lane = Arc::new(Lane {
        waiting: Mutex::new(Waiting { segments: SegmentBuilder::new(schema), done: false }),
        changed: Condvar::new(),
    });
    let started = Instant::now();
    let mut counting = Counting::default();
    std::thread::scope(|scope| {
        let source = Arc::clone(&lane);
        scope.spawn(move || feed(&source, sends));
        while let Some(segments) = take(&lane) {
            for Segment { batch, heads } in segments {
                app.apply(stream, &batch, &heads, &mut counting);
            }
        }
    });
    let seconds = started.elapsed().as_secs_f64();
    Ok(Figure { events, out: counting.rows, events_per_s: events as f64 / seconds })
}

fn feed(lane: &Lane, sends: Vec<Batch>) {
    for (seq, batch) in sends.into_iter().enumerate() {
        let time = batch.timestamps.last().copied().unwrap_or(0);
        let mut waiting = lane.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        while waiting.segments.rows() >= WAITING_ROWS_MAX {
            waiting = lane.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        let idle = waiting.segments.rows() == 0;
        waiting.segments.push(Seq(seq as u64 + 1), Epoch(1), time, batch);
        drop(waiting);
        if idle {
            lane.changed.notify_all();
        }
    }
    lane.waiting.lock().unwrap_or_else(PoisonError::into_inner).done = true;
    lane.changed.notify_all();
}

fn take(lane: &Lane) -> Option<Vec<Segment>> {
    let mut waiting = lane.waiting.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if waiting.segments.rows() > 0 {
            let segments = waiting.segments.take();
            drop(waiting);
            lane.changed.notify_all();
            return Some(segments);
        }
        if waiting.done {
            return None;
        }
        waiting = lane.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
    }
}
