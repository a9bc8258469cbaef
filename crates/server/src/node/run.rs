//! Entries of one stream that wait for an app together are executed together.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Receiver;

use weir_codec::{EntryId, What};
use weir_engine::Level;

use super::app::{AppThread, Committed, Job};
use super::machine::{Output, Outputs};

/// No more rows than this are executed together: what they make waits in memory meanwhile.
const RUN_ROWS_MAX: usize = 8_192;

impl AppThread {
    /// Executes an entry and those that wait behind it and may go with it; gives back the job
    /// that came after them.
    pub(super) fn entries(&mut self, first: Committed, todo: &Receiver<Job>) -> Option<Job> {
        let mut next = None;
        let mut rows = self.rows_to_join(&first);
        let mut run = vec![first];
        while rows.is_some_and(|rows| rows < RUN_ROWS_MAX) {
            let Ok(job) = todo.try_recv() else { break };
            match job {
                Job::Entry(entry) if run.first().is_some_and(|first| follows(first, &entry)) => {
                    let Some(more) = self.rows_to_join(&entry) else {
                        next = Some(Job::Entry(entry));
                        break;
                    };
                    rows = rows.map(|rows| rows + more);
                    run.push(entry);
                }
                job @ (Job::Entry(_) | Job::Save(_) | Job::Replayed(_)) => {
                    next = Some(job);
                    break;
                }
            }
        }
        if run.len() > 1 {
            self.together(run);
        } else if let Some(entry) = run.pop() {
            self.entry(entry);
        }
        next
    }

    /// How many rows an entry has that may be executed with others.
    fn rows_to_join(&self, entry: &Committed) -> Option<usize> {
        let What::Events(events) = &entry.what else { return None };
        let joins = !events.batch.is_empty() && self.machine.joins(&events.stream, &events.batch);
        joins.then(|| events.batch.len())
    }

    /// The answer is that of [`AppThread::entry`] for one after the other.
    fn together(&mut self, run: Vec<Committed>) {
        if self.has_failed() {
            return;
        }
        let (mut fresh, mut positions) = (Vec::new(), Vec::new());
        let (mut events_taken, mut last, mut stream) = (0, EntryId::NONE, None);
        let mut rooms = Vec::with_capacity(run.len());
        for Committed { at, what, room, .. } in run {
            rooms.extend(room);
            last = at.id();
            let What::Events(events) = what else { continue };
            if !self.is_fresh(&events) {
                continue;
            }
            events_taken += events.batch.len() as u64;
            positions.extend(events.position.map(|it| (events.source, it)));
            fresh.push((at, events.batch));
            stream = Some(events.stream);
        }
        let ids: Vec<EntryId> = fresh.iter().map(|(at, _)| at.id()).collect();
        let mut kept = Kept::default();
        let done = catch_unwind(AssertUnwindSafe(|| {
            if let Some(stream) = &stream {
                self.machine.apply_together(stream, fresh, &mut kept);
            }
        }));
        match done {
            Ok(()) => {
                kept.hand_on(&mut self.at_work().1);
                self.positions.extend(positions);
                self.took(events_taken);
                self.publish(last);
            }
            // What it made of the others is not known to be that of one after the other.
            Err(panic) => self.one_by_one(&ids, &panic),
        }
    }
}

/// Whether an entry may be executed with the first of a run, as far as they show.
fn follows(first: &Committed, entry: &Committed) -> bool {
    let (What::Events(a), What::Events(b)) = (&first.what, &entry.what) else { return false };
    first.at.epoch == entry.at.epoch && a.stream == b.stream
}

/// What a run makes, until it is known that it came to its end.
#[derive(Default)]
struct Kept(Vec<Made>);

enum Made {
    Rows(usize, Output),
    Line(Level, String),
}

impl Kept {
    fn hand_on(self, out: &mut dyn Outputs) {
        for made in self.0 {
            match made {
                Made::Rows(sink, output) => out.sink(sink, output),
                Made::Line(level, line) => out.line(level, &line),
            }
        }
    }
}

impl Outputs for Kept {
    fn sink(&mut self, sink: usize, output: Output) {
        self.0.push(Made::Rows(sink, output));
    }

    fn line(&mut self, level: Level, line: &str) {
        self.0.push(Made::Line(level, line.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::{Sender, channel};

    use weir_codec::{Events, RawEntry};
    use weir_event::{BatchBuilder, Epoch, Seq, Text, Time, Value};

    use super::super::app::{AppHandle, Progress};
    use super::super::lane::Lane;
    use super::super::machine::{AppText, At, Machine};
    use super::super::past::Past;
    use super::super::tests::{Disk, schema, tally};
    use super::*;

    struct Bench {
        thread: AppThread,
        handle: AppHandle,
        jobs: Sender<Job>,
        todo: Receiver<Job>,
    }

    fn what(n: i64, key: Option<&str>) -> What {
        let mut rows = BatchBuilder::new(&schema());
        rows.push_row(-1, [Value::Long(n)]);
        What::Events(Events {
            app: "T".into(),
            source: "In.1".into(),
            stream: "In".into(),
            batch: rows.finish(),
            position: Some(n.to_be_bytes().to_vec()),
            idempotency_key: key.map(Text::from),
        })
    }

    fn at(seq: usize) -> At {
        At { epoch: Epoch(1), seq: Seq(seq as u64), time: Time(seq as i64) }
    }

    /// An app whose log holds these entries, numbered from 1.
    fn bench(log: &[What]) -> Bench {
        let lane = Arc::new(Lane::new("Out.1".into(), Arc::default()));
        let (mut thread, handle) = AppThread::new(Box::new(tally("T")), "T", vec![lane]);
        let entry = |(what, seq): (&What, usize)| RawEntry {
            id: at(seq).id(),
            time: at(seq).time,
            payload: what.encode().into(),
        };
        thread.past = Some(Past {
            maker: Arc::new(|_: &AppText| Ok(Box::new(tally("T")) as Box<dyn Machine>)),
            text: AppText { name: "T".into(), text: "T".to_owned() },
            shelf: Disk::holding(log.iter().zip(1..).map(entry).collect()),
            base: EntryId::NONE,
        });
        let (jobs, todo) = channel();
        let handle = handle(jobs.clone());
        Bench { thread, handle, jobs, todo }
    }

    impl Bench {
        /// Executes these entries of the log, which wait together.
        fn execute(&mut self, log: &[What], seqs: std::ops::RangeInclusive<usize>) {
            for seq in seqs {
                let what = log[seq - 1].clone();
                let entry = Committed { at: at(seq), what, room: None, asker: None };
                self.jobs.send(Job::Entry(entry)).unwrap();
            }
            let mut next = self.todo.try_recv().ok();
            while let Some(Job::Entry(entry)) = next.take() {
                next = self.thread.entries(entry, &self.todo).or_else(|| self.todo.try_recv().ok());
            }
        }

        fn sums(&self) -> Vec<i64> {
            let waiting = self.handle.lanes[0].save().waiting;
            let value = |output: &Output| {
                let Value::Long(n) = output.batch.row(0)[0] else { panic!("{output:?}") };
                n
            };
            waiting.iter().map(value).collect()
        }

        fn progress(&self) -> Progress {
            self.handle.progress.borrow().clone()
        }
    }

    #[test]
    fn entries_that_wait_together_are_executed_in_order_and_each_key_once() {
        let log =
            [what(1, None), what(2, Some("a")), what(2, Some("a")), What::Tick, what(4, None)];
        let mut bench = bench(&log);
        bench.execute(&log, 1..=5);
        assert_eq!(bench.sums(), [1, 3, 7]);
        let progress = bench.progress();
        assert_eq!((progress.events, progress.repeated), (3, 1));
        assert_eq!(progress.applied, at(5).id());
        assert_eq!(bench.thread.positions["In.1"], 4i64.to_be_bytes());
    }

    #[test]
    fn of_entries_that_fail_together_the_app_stops_at_the_one_that_fails() {
        let log = [
            what(100, Some("a")),
            what(50, Some("a")),
            what(1, None),
            what(2, Some("b")),
            what(-13, None),
            what(4, None),
        ];
        let mut bench = bench(&log);
        bench.execute(&log, 1..=2);
        bench.execute(&log, 3..=6);
        assert_eq!(bench.sums(), [100, 101, 103], "as one after the other");
        let progress = bench.progress();
        assert_eq!(progress.failed.as_deref(), Some("stopped at entry 1:5: minus thirteen"));
        assert_eq!(progress.events, 3);
        assert_eq!(bench.thread.positions["In.1"], 2i64.to_be_bytes());
    }
}
