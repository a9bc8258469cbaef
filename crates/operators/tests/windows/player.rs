//! A window under a small engine: a clock, wake-ups in order, and what came out as text.

use std::cell::Cell;
use std::sync::Arc;

use weir_codec::{Reader, Writer};
use weir_event::{Attribute, Batch, BatchBuilder, Chunk, DataType, Key, Kind, NO_ROW, Value};
use weir_expr::{Aggregate, ArithmeticOp, CompareAs, CompareOp, Expr};
use weir_operators::select::AggregateSpec;
use weir_operators::window::{
    Condition, Conditions, Param, WindowSpec, build, build_processor, processor_names,
};
use weir_operators::{Cx, Flow, Window};

/// The attributes of every event: its own time, a key, a number and a real number.
pub(crate) const TYPES: [DataType; 4] =
    [DataType::Long, DataType::String, DataType::Int, DataType::Double];

/// One arriving event: timestamp, and the values of [`TYPES`].
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) at: i64,
    pub(crate) values: [Value; 4],
}

/// An event that tells its timestamp as its own time too.
pub(crate) fn event(at: i64, key: &str, number: i32) -> Event {
    Event { at, values: [at.into(), key.into(), number.into(), f64::from(number).into()] }
}

/// What is to be built, owned.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) name: &'static str,
    pub(crate) params: Vec<Expr>,
    pub(crate) expired: bool,
    pub(crate) find: bool,
}

/// A window asked for by name, with expired rows wanted.
pub(crate) fn window(name: &'static str, params: impl IntoIterator<Item = Expr>) -> Asked {
    Asked { name, params: params.into_iter().collect(), expired: true, find: false }
}

impl Asked {
    /// The same where only current events are wanted.
    pub(crate) fn current_only(self) -> Self {
        Self { expired: false, ..self }
    }

    /// The same where somebody searches.
    pub(crate) fn searched(self) -> Self {
        Self { find: true, ..self }
    }

    pub(crate) fn build(&self) -> Result<Box<dyn Window>, String> {
        let processor = processor_names().any(|name| name == self.name);
        let build = if processor { build_processor } else { build };
        build(&WindowSpec {
            name: self.name,
            params: self.params.iter().map(|expr| Param { expr: expr.clone() }).collect(),
            types: &TYPES,
            expired_wanted: self.expired,
            named: false,
            find_wanted: self.find,
            conditions: Some(Arc::new(Texts)),
        })
    }
}

/// Conditions by a few words, in place of texts of the language.
#[derive(Debug)]
struct Texts;

impl Conditions for Texts {
    fn compile(&self, text: &str) -> Result<Condition, String> {
        let long = |slot| Expr::Attribute { slot, column: 0, data_type: DataType::Long };
        let least = |op, left, right| {
            let sides = Box::new((left, right));
            Expr::Compare { op, by: CompareAs::Long, sides }
        };
        let count = || {
            let data_type = DataType::Long;
            AggregateSpec { aggregate: Aggregate::Count, arg: None, guard: None, data_type }
        };
        let time = |slot| Expr::Timestamp { slot };
        let span = Expr::Arithmetic {
            op: ArithmeticOp::Subtract,
            data_type: DataType::Long,
            sides: Box::new((time(2), time(1))),
        };
        let (test, aggregates) = match text {
            "at most three" => (least(CompareOp::LessOrEqual, long(3), ms(3)), vec![count()]),
            "a" => (least(CompareOp::Less, long(3), ms(3)), vec![count()]),
            "b" => (least(CompareOp::Less, span, ms(20)), Vec::new()),
            "within 30" => (least(CompareOp::LessOrEqual, span, ms(30)), Vec::new()),
            "c" => (truth(false), Vec::new()),
            other => return Err(format!("no condition is called `{other}`")),
        };
        Ok(Condition { test, aggregates })
    }
}

pub(crate) fn int(v: i32) -> Expr {
    Expr::Const(Value::Int(v), DataType::Int)
}

pub(crate) fn ms(v: i64) -> Expr {
    Expr::Const(Value::Long(v), DataType::Long)
}

pub(crate) fn truth(v: bool) -> Expr {
    Expr::Const(Value::Bool(v), DataType::Bool)
}

pub(crate) fn text(v: &str) -> Expr {
    Expr::Const(v.into(), DataType::String)
}

pub(crate) fn real(v: f64) -> Expr {
    Expr::Const(Value::Double(v), DataType::Double)
}

/// An attribute of the arriving event.
pub(crate) fn attribute(column: u16) -> Expr {
    Expr::Attribute { slot: 0, column, data_type: TYPES[usize::from(column)] }
}

/// Plays arrivals to a window, firing wake-ups that fall due on the way.
pub(crate) struct Player {
    pub(crate) window: Box<dyn Window>,
    asked: Asked,
    wakes: Vec<(i64, Key)>,
    random: Cell<u64>,
    pub(crate) now: i64,
    /// What came out, a line a chunk.
    pub(crate) lines: Vec<String>,
    /// Why events could not be computed.
    pub(crate) faults: usize,
}

fn batch_of(events: &[&Event]) -> Batch {
    let schema: Vec<_> = TYPES
        .iter()
        .map(|data_type| Attribute { name: data_type.word().into(), data_type: *data_type })
        .collect();
    let mut builder = BatchBuilder::new(&schema);
    for event in events {
        builder.push_row(event.at, event.values.iter().cloned());
    }
    builder.finish()
}

impl Player {
    pub(crate) fn new(asked: &Asked) -> Self {
        Self {
            window: asked.build().expect("the window can be built"),
            asked: asked.clone(),
            wakes: Vec::new(),
            random: Cell::new(1),
            now: 0,
            lines: Vec::new(),
            faults: 0,
        }
    }

    fn call(&mut self, call: impl FnOnce(&mut dyn Window, &mut Cx<'_>, &mut Flow)) {
        let (mut faults, mut out) = (Vec::new(), Flow::default());
        let mut cx =
            Cx { wakes: &mut self.wakes, faults: &mut faults, random: &self.random, tables: None };
        call(self.window.as_mut(), &mut cx, &mut out);
        self.faults += faults.len();
        assert_eq!(out.chunks.last().map_or(0, |it| it.end as usize), out.len(), "an open chunk");
        for (range, chunk) in out.chunk_ranges() {
            let mut line = format!("{}/{}:", chunk.now, chunk.key.0);
            for i in range {
                line.push_str(&self.row_text(out.rows[i], out.kinds[i], out.times[i]));
            }
            self.lines.push(line);
        }
    }

    /// `+2@5` for a current row with number 2 and timestamp 5, `-2@5` for an expired one.
    fn row_text(&self, row: u32, kind: Kind, time: i64) -> String {
        let number = || self.window.store().value(row, 2).as_i64().expect("the number is an int");
        match kind {
            Kind::Current => format!(" +{}@{time}", number()),
            Kind::Expired => format!(" -{}@{time}", number()),
            Kind::Reset => {
                assert_eq!(row, NO_ROW);
                " R".to_owned()
            }
            Kind::Timer => " a timer row, which a window never emits".to_owned(),
        }
    }

    /// Moves the clock on, as playback does: it jumps, and what falls due then sees it so.
    pub(crate) fn jump(&mut self, now: i64) {
        let before = self.now;
        self.now = self.now.max(now);
        let moment = self.window.cron().and_then(|cron| cron.next_after(before));
        if moment.is_some_and(|moment| moment <= self.now) {
            let now = self.now;
            self.call(|window, cx, out| window.on_timer(cx, now, Key(0), out));
        }
        for _ in 0..10_000 {
            // Due first goes first, then what was asked for first.
            let due = (0..self.wakes.len())
                .filter(|i| self.wakes[*i].0 <= self.now)
                .min_by_key(|i| (self.wakes[*i].0, *i));
            let Some(due) = due else { return };
            let (_, key) = self.wakes.remove(due);
            let now = self.now;
            self.call(|window, cx, out| window.on_timer(cx, now, key, out));
        }
        self.lines.push("the window never stops asking to be woken".to_owned());
    }

    /// Sends chunks, each with its clock and key, in one call.
    pub(crate) fn receive(&mut self, chunks: &[(i64, u32, &[Event])]) {
        let events: Vec<_> = chunks.iter().flat_map(|it| it.2).collect();
        let batch = batch_of(&events);
        let mut input = Flow::default();
        for (now, key, events) in chunks {
            for event in *events {
                input.push(input.len() as u32, Kind::Current, event.at);
            }
            let chunk = Chunk { end: input.len() as u32, now: *now, key: Key(*key) };
            input.chunks.push(chunk);
        }
        self.call(|window, cx, out| window.receive(cx, &batch, &input, out));
    }

    /// Sends what waits in one call.
    pub(crate) fn receive_all(&mut self, waiting: &mut Vec<(i64, u32, &[Event])>) {
        let Some((last, ..)) = waiting.last() else { return };
        self.now = self.now.max(*last);
        self.receive(waiting);
        waiting.clear();
        self.jump(self.now);
    }

    /// How many wake-ups are pending.
    pub(crate) fn wakes(&self) -> usize {
        self.wakes.len()
    }

    /// When the next wake-up is due.
    pub(crate) fn next_wake(&self) -> Option<i64> {
        let moment = self.window.cron().and_then(|cron| cron.next_after(self.now));
        self.wakes.iter().map(|(due, _)| *due).chain(moment).min()
    }

    /// Sends one chunk to a key; the clock jumps to its last event first.
    pub(crate) fn send_to(&mut self, key: u32, events: &[Event]) -> &mut Self {
        self.jump(events.last().map_or(self.now, |event| event.at));
        self.receive(&[(self.now, key, events)]);
        // What was asked for in the past fires at once.
        self.jump(self.now);
        self
    }

    pub(crate) fn send(&mut self, events: &[Event]) -> &mut Self {
        self.send_to(0, events)
    }

    /// The numbers of the rows a find sees.
    pub(crate) fn find(&self, key: u32) -> Vec<i64> {
        let mut rows = Vec::new();
        self.window.find(Key(key), &mut rows);
        let number = |row: &u32| self.window.store().value(*row, 2).as_i64();
        rows.iter().map(|row| number(row).expect("the number is an int")).collect()
    }

    /// Saves the window and goes on with one that was loaded from that.
    pub(crate) fn restart(&mut self) {
        let mut w = Writer::new();
        self.window.save(&mut w);
        let bytes = w.into_bytes();
        let mut window = self.asked.build().expect("it could be built before");
        let mut r = Reader::new(&bytes);
        window.load(&mut r).expect("what was saved can be loaded");
        r.finish().expect("all that was saved is read");
        self.window = window;
    }
}
