//! Fills an app's state to a size and sends events on: what one of them costs then, and what the
//! state takes in memory. `cargo xtask growth` counts the instructions of [`measured`].
#![expect(clippy::print_stdout, reason = "its answer goes to standard output")]

use weir_engine::{App, Emitted, EntryHead, Level, Options, Outputs, TapId};
use weir_event::{Batch, BatchBuilder, Epoch, Seq, Value};

/// How many events one entry has.
const ENTRY_ROWS: u64 = 1_000;

const SOURCE: &str = "define stream S (k string, n long, v int, p double);";

/// What is measured: the app for a size, and event number `i` of the filling and after it.
struct Case {
    name: &'static str,
    app: fn(u64) -> String,
    /// How many events make the state as large as it gets.
    fill: fn(u64) -> u64,
    event: fn(u64, u64) -> [Value; 4],
}

fn mix(z: u64) -> u64 {
    let z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn row(key: u64, i: u64, v: i32) -> [Value; 4] {
    let price = (mix(i) % 20_000) as f64 / 100.0;
    [Value::text(format!("K{key}")), Value::Long(i as i64), Value::Int(v), Value::Double(price)]
}

/// One of a thousand keys, whatever the size.
fn few_keys(i: u64, _size: u64) -> [Value; 4] {
    row(mix(i) % 1_000, i, (i % 100) as i32)
}

/// First every key once in turn, then any of them.
fn all_keys(i: u64, size: u64) -> [Value; 4] {
    let key = if i < size { i } else { mix(i) % size };
    row(key, i, (i % 100) as i32)
}

/// First an event for each key that waits for another one; then that one and a new first in turn.
fn waiting(i: u64, size: u64) -> [Value; 4] {
    if i < size {
        return row(i, i, 1);
    }
    let turn = i - size;
    row(mix(turn / 2) % size, i, if turn.is_multiple_of(2) { 2 } else { 1 })
}

fn partitioned(length: u32) -> String {
    format!(
        "partition with (k of S) begin from S#window.length({length}) select k, avg(p) as a \
         insert into Out; end;"
    )
}

const CASES: &[Case] = &[
    Case {
        name: "length window",
        app: |size| {
            format!(
                "from S#window.length({size}) select k, avg(p) as a, sum(v) as s group by k \
                 insert into Out;"
            )
        },
        fill: |size| size,
        event: few_keys,
    },
    Case {
        name: "time window",
        app: |size| {
            format!(
                "from S#window.time({size} milliseconds) select k, avg(p) as a, sum(v) as s \
                 group by k insert into Out;"
            )
        },
        fill: |size| size,
        event: few_keys,
    },
    Case {
        name: "sort window",
        app: |size| {
            format!("from S#window.sort({size}, p) select k, count() as c insert into Out;")
        },
        // The first one too many sorts all of them.
        fill: |size| size + 1_000,
        event: few_keys,
    },
    Case {
        name: "join of length windows",
        app: |size| {
            format!(
                "from S[v < 50]#window.length({size}) as a join S[v >= 50]#window.length({size}) \
                 as b on a.n == b.n select a.k as k, b.p as p insert into Out;"
            )
        },
        fill: |size| 2 * size,
        event: few_keys,
    },
    Case {
        name: "partitions",
        app: |_| partitioned(2),
        fill: |size| 3 * size,
        event: |i, size| row(if i < 3 * size { i % size } else { mix(i) % size }, i, 1),
    },
    Case {
        name: "partitions of ten",
        app: |_| partitioned(10),
        fill: |size| 11 * size,
        event: |i, size| row(if i < 11 * size { i % size } else { mix(i) % size }, i, 1),
    },
    Case {
        name: "groups",
        app: |_| "from S select k, avg(p) as a, sum(v) as s group by k insert into Out;".into(),
        fill: |size| size,
        event: all_keys,
    },
    Case {
        name: "rows of a table",
        app: |_| {
            "@PrimaryKey('k') define table T (k string, n long, v int, p double); from S join T \
             on S.k == T.k select S.k as k, T.p as before insert into Out; from S update or \
             insert into T on T.k == k;"
                .into()
        },
        fill: |size| size,
        event: all_keys,
    },
    Case {
        name: "waiting matches of a keyed pattern",
        app: |_| {
            "from every a=S[v == 1] -> b=S[v == 2 and k == a.k] select a.k as k, b.p as p insert \
             into Out;"
                .into()
        },
        fill: |size| size,
        event: waiting,
    },
];

#[derive(Default)]
struct Counting(u64);

impl Outputs for Counting {
    fn rows(&mut self, _tap: TapId, emitted: &Emitted<'_>) {
        self.0 += emitted.range().len() as u64;
    }

    fn note(&mut self, _level: Level, text: &str) {
        println!("{text}");
    }
}

struct Run {
    app: App,
    out: Counting,
}

impl Run {
    fn entry(&self, case: &Case, size: u64, from: u64, rows: u64) -> Batch {
        let stream = self.app.stream("S").expect("every app reads S");
        let mut builder = BatchBuilder::with_capacity(self.app.schema(stream), rows as usize);
        for i in from..from + rows {
            builder.push_row(1_600_000_000_000 + i as i64, (case.event)(i, size));
        }
        builder.finish()
    }

    fn send(&mut self, from: u64, batch: &Batch) {
        let stream = self.app.stream("S").expect("every app reads S");
        let time = batch.timestamps[batch.len() - 1];
        let end = batch.len() as u32;
        let head = EntryHead { seq: Seq(from + 1), epoch: Epoch(1), time, end };
        self.app.apply(stream, batch, &[head], &mut self.out);
    }
}

/// The events after the filling: what is counted.
#[inline(never)]
fn measured(run: &mut Run, from: u64, batches: &[Batch]) {
    for (batch, at) in batches.iter().zip(0..) {
        run.send(from + at * ENTRY_ROWS, batch);
    }
}

/// What the process holds in memory, in bytes.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let number = |at: usize| -> u64 { args[at].parse().expect("a number") };
    let case = CASES.iter().find(|it| it.name == args[1]).expect("a case");
    let (size, events) = (number(2), number(3));
    let text = format!("@app:playback {SOURCE} {}", (case.app)(size));
    let mut app = App::create(&text, &Options::named("growth")).expect("a right app");
    let out = app.stream("Out").expect("every app inserts into Out");
    app.listen(out);
    let mut run = Run { app, out: Counting::default() };
    let before = resident_bytes();
    let fill = (case.fill)(size);
    let mut from = 0;
    while from < fill {
        let rows = ENTRY_ROWS.min(fill - from);
        let batch = run.entry(case, size, from, rows);
        run.send(from, &batch);
        from += rows;
    }
    let held = resident_bytes() - before;
    let batches: Vec<Batch> = (0..events / ENTRY_ROWS)
        .map(|at| run.entry(case, size, from + at * ENTRY_ROWS, ENTRY_ROWS))
        .collect();
    measured(&mut run, from, &batches);
    println!("{{\"filled\":{fill},\"held_bytes\":{held},\"out\":{}}}", run.out.0);
}
