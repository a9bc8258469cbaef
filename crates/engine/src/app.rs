//! One app at run time: its state, and what may be done to it from outside.

use std::cell::Cell;

use weir_event::{Attribute, Batch, Chunk, Epoch, Key, OutputNo, Schema, Seq};
use weir_operators::cron::Cron;
use weir_plan::{Configured, Plan, StreamId, StreamPlan};
use weir_query::Problem;
use weir_tables::{OpenStores, Table};

use crate::aggregation::NamedAggregation;
use crate::build;
use crate::errors::ErrorStore;
use crate::named_window::NamedWindow;
use crate::outputs::{Level, Outputs, TapId};
use crate::partition::Partition;
use crate::query::{Port, Query};
use crate::stores::NoStores;
use crate::timer::{Target, Timers};
use crate::together::Together;

/// How an app is run.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The name where the text gives none.
    pub name: String,
    /// What the host's configuration gives to apps.
    pub configured: Configured,
}

impl Options {
    /// With this name, and nothing in the configuration.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), configured: Configured::default() }
    }
}

/// One entry of a run: its place in the log, its time, and where its rows end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryHead {
    /// Its place in the log.
    pub seq: Seq,
    /// The term of the node that wrote it.
    pub epoch: Epoch,
    /// The active node's clock when it was written, in epoch milliseconds.
    pub time: i64,
    /// The row after its last one.
    pub end: u32,
}

/// Who receives the rows of a stream or named window, in the order in which they subscribed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Receiver {
    Query(u32, Port),
    Partition(u32),
    Aggregation(u32),
    Tap(u32),
}

/// Who listens: numbered rows leave through it.
#[derive(Debug, Clone)]
pub(crate) struct Tap {
    pub next: OutputNo,
}

/// One app: a deterministic state machine. The same entries give the same state and outputs.
pub struct App {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) plan: Plan,
    /// By stream.
    pub(crate) receivers: Vec<Vec<Receiver>>,
    /// By named window.
    pub(crate) window_receivers: Vec<Vec<Receiver>>,
    /// `None` while the query is at work.
    pub(crate) queries: Vec<Query>,
    pub(crate) partitions: Vec<Partition>,
    pub(crate) windows: Vec<NamedWindow>,
    pub(crate) tables: Vec<Table>,
    pub(crate) aggregations: Vec<NamedAggregation>,
    pub(crate) taps: Vec<Tap>,
    /// By stream: whether the entries of a run may be taken together.
    pub(crate) together: Vec<Together>,
    /// The least time between an event and a wake-up because of it.
    pub(crate) min_wait_ms: Option<i64>,
    pub(crate) clock: i64,
    /// The entries' time, which also moves under playback.
    pub(crate) wall: i64,
    pub(crate) timers: Timers,
    /// Triggers and purges, which keep the entries' time under playback too.
    pub(crate) wall_timers: Timers,
    /// The entries' time when the last event came; kept for playback's `idle.time`.
    pub(crate) last_event: i64,
    /// By trigger: its cron expression, if it has one.
    pub(crate) trigger_crons: Vec<Option<Cron>>,
    pub(crate) errors: ErrorStore,
    pub(crate) random: Cell<u64>,
    pub(crate) depth: u32,
    pub(crate) started: bool,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("name", &self.name).finish_non_exhaustive()
    }
}

impl App {
    /// Makes an app of its text.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the text, in the order of the text.
    pub fn create(text: &str, options: &Options) -> Result<Self, Vec<Problem>> {
        Self::create_with(text, options, &NoStores)
    }

    /// Makes an app of its text, and the stores of its tables.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the text, in the order of the text.
    pub fn create_with(
        text: &str,
        options: &Options,
        stores: &dyn OpenStores,
    ) -> Result<Self, Vec<Problem>> {
        let (tree, problems) = weir_query::parse_app(text);
        if !problems.is_empty() {
            return Err(problems);
        }
        let (plan, mut problems) = weir_plan::plan(&tree, &options.configured);
        let name = plan.name.clone().unwrap_or_else(|| options.name.clone());
        let parts = build::parts(&plan, &name, stores, &mut problems);
        if !problems.is_empty() {
            problems.sort_by_key(|problem| problem.span.start);
            return Err(problems);
        }
        Ok(build::build(plan, parts, name, text))
    }

    /// The app's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text it was made of.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The plan it runs.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Its streams; sources and sinks are among their annotations.
    #[must_use]
    pub fn streams(&self) -> &[StreamPlan] {
        &self.plan.streams
    }

    /// The stream of that name; fault streams are found as `!name`.
    #[must_use]
    pub fn stream(&self, name: &str) -> Option<StreamId> {
        self.plan.stream(name)
    }

    /// The attributes of a stream.
    #[must_use]
    pub fn schema(&self, stream: StreamId) -> &Schema {
        &self.plan.streams[stream.index()].schema
    }

    /// The attributes of what a query puts out.
    #[must_use]
    pub fn query_schema(&self, name: &str) -> Option<&[Attribute]> {
        Some(&self.plan.queries.iter().find(|it| it.name == name)?.select.schema)
    }

    /// Listens to a stream; its rows are numbered from 1.
    pub fn listen(&mut self, stream: StreamId) -> TapId {
        let tap = self.add_tap();
        self.receivers[stream.index()].push(Receiver::Tap(tap.0));
        self.together = crate::together::streams(self);
        tap
    }

    /// Listens to a named window, if there is one of that name.
    pub fn listen_to_window(&mut self, name: &str) -> Option<TapId> {
        let at = self.plan.windows.iter().position(|it| it.name == name)?;
        let tap = self.add_tap();
        self.window_receivers[at].push(Receiver::Tap(tap.0));
        Some(tap)
    }

    /// Listens to a query; one inside a partition cannot be listened to.
    pub fn listen_to_query(&mut self, name: &str) -> Option<TapId> {
        let at = self.plan.queries.iter().position(|it| it.name == name)?;
        if self.plan.queries[at].partition.is_some() {
            return None;
        }
        let tap = self.add_tap();
        self.queries[at].taps.push(tap.0);
        Some(tap)
    }

    fn add_tap(&mut self) -> TapId {
        self.taps.push(Tap { next: OutputNo(1) });
        TapId(self.taps.len() as u32 - 1)
    }

    /// The number that the next row for a listener gets.
    #[must_use]
    pub fn next_output(&self, tap: TapId) -> OutputNo {
        self.taps[tap.0 as usize].next
    }

    /// The app's clock in epoch milliseconds: event time under playback, else the entries' time.
    #[must_use]
    pub fn clock(&self) -> i64 {
        self.clock
    }

    /// Whether time comes from the events.
    #[must_use]
    pub fn is_playback(&self) -> bool {
        self.plan.playback.is_some()
    }

    /// When a tick is needed at the latest, in the entries' time; `None` when nothing is pending
    /// that entries' time could bring.
    #[must_use]
    pub fn next_due(&self) -> Option<i64> {
        let wall = self.wall_timers.next_due();
        if self.is_playback() {
            return wall;
        }
        match (self.timers.next_due(), wall) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Starts the app: triggers get going. Events before it are refused by whoever feeds it.
    pub fn start(&mut self, head: EntryHead, out: &mut dyn Outputs) {
        self.enter(head);
        if self.started {
            return;
        }
        self.started = true;
        self.start_tables(out);
        self.take_periods_back(head.time, out);
        self.move_wall(head.time, out);
        self.start_purges();
        self.start_schedules(out);
    }

    fn start_tables(&mut self, out: &mut dyn Outputs) {
        for at in 0..self.tables.len() {
            if let Err(why) = self.tables[at].start() {
                let table = &self.plan.tables[at].name;
                let text = format!("the store of table `{table}` cannot be used: {}", why.why);
                self.note(Level::Error, &text, out);
            }
        }
    }

    /// Takes a run of entries for one stream: the rows of `batch`, cut by the ends of `heads`.
    ///
    /// The answer is that of one entry after the other.
    pub fn apply(
        &mut self,
        stream: StreamId,
        batch: &Batch,
        heads: &[EntryHead],
        out: &mut dyn Outputs,
    ) {
        let together = self.takes_together(stream, batch) && self.is_regular(stream, batch);
        let mut chunks = Vec::new();
        let (mut start, mut at) = (0, 0);
        while at < heads.len() {
            chunks.clear();
            let first = heads[at];
            self.enter(first);
            let mut limit = self.step(first, batch, start, out);
            chunks.push(Chunk { end: first.end, now: self.clock, key: Key(0) });
            let mut end = first.end;
            at += 1;
            self.tighten(&mut limit, batch, start, end);
            let free = limit.is_none() && self.min_wait_ms.is_none();
            if together && free && self.wall_timers.next_due().is_none() {
                end = self.take_all(&heads[at..], batch, end, &mut chunks);
                at = heads.len();
            }
            while together && at < heads.len() {
                let head = heads[at];
                let now = self.clock_at(head, batch, end);
                if limit.is_some_and(|limit| now >= limit)
                    || self.wall_timers.next_due().is_some_and(|due| head.time >= due)
                {
                    break;
                }
                self.clock = now;
                self.wall = self.wall.max(head.time);
                self.tighten(&mut limit, batch, end, head.end);
                end = head.end;
                chunks.push(Chunk { end, now, key: Key(0) });
                at += 1;
            }
            self.feed(stream, batch, start, &chunks, out);
            start = end;
        }
    }

    /// Takes one entry whose events carry no time of their own: under playback it does not move
    /// the clock.
    pub fn apply_unstamped(
        &mut self,
        stream: StreamId,
        batch: &Batch,
        head: EntryHead,
        out: &mut dyn Outputs,
    ) {
        self.enter(head);
        self.move_wall(head.time, out);
        let chunks = [Chunk { end: head.end, now: self.clock, key: Key(0) }];
        self.feed(stream, batch, 0, &chunks, out);
    }

    /// The chunks of entries between which no timer can fall due; where they end.
    fn take_all(
        &mut self,
        heads: &[EntryHead],
        batch: &Batch,
        start: u32,
        chunks: &mut Vec<Chunk>,
    ) -> u32 {
        let mut end = start;
        chunks.reserve(heads.len());
        for head in heads {
            self.clock = self.clock_at(*head, batch, end);
            self.wall = self.wall.max(head.time);
            end = head.end;
            chunks.push(Chunk { end, now: self.clock, key: Key(0) });
        }
        end
    }

    /// Time moves on without events.
    pub fn tick(&mut self, head: EntryHead, out: &mut dyn Outputs) {
        self.enter(head);
        self.move_wall(head.time, out);
    }

    fn enter(&mut self, head: EntryHead) {
        // Derived from the entry alone, so that a replay draws the same.
        self.random.set(head.epoch.0.rotate_left(32) ^ head.seq.0.wrapping_mul(0x9E37_79B9));
    }

    /// Moves the clocks to an entry; when the next timer is due after that.
    fn step(
        &mut self,
        head: EntryHead,
        batch: &Batch,
        start: u32,
        out: &mut dyn Outputs,
    ) -> Option<i64> {
        self.move_wall(head.time, out);
        if self.is_playback() {
            let first = self.clock == 0;
            if first {
                self.await_idle();
            }
            self.last_event = self.wall;
            if head.end > start {
                let now = batch.timestamps[head.end as usize - 1];
                if first {
                    self.start_playback(now);
                }
                self.move_clock(now, out);
            }
        }
        self.timers.next_due()
    }

    /// The first event came: from now on the playback clock moves also when no more come.
    fn await_idle(&mut self) {
        if let Some(idle) = self.plan.playback.and_then(|it| it.idle_ms) {
            let due = self.wall.saturating_add(idle.max(1));
            self.wall_timers.ask(due, Target::Idle, Key(0));
        }
    }

    /// What the clock shows while an entry is taken.
    fn clock_at(&self, head: EntryHead, batch: &Batch, start: u32) -> i64 {
        if !self.is_playback() {
            return self.clock.max(head.time);
        }
        let last =
            if head.end > start { Some(batch.timestamps[head.end as usize - 1]) } else { None };
        self.clock.max(last.unwrap_or(self.clock))
    }

    /// Lowers the limit to the first wake-up that the rows may ask for.
    fn tighten(&self, limit: &mut Option<i64>, batch: &Batch, start: u32, end: u32) {
        let Some(wait) = self.min_wait_ms else { return };
        if let Some(oldest) = batch.timestamps[start as usize..end as usize].iter().min() {
            let due = (*oldest).min(self.clock).saturating_add(wait);
            *limit = Some(limit.map_or(due, |limit| limit.min(due)));
        }
    }

    /// Whether the rows are such as the stream has: of as many columns, each of its declared type.
    #[must_use]
    pub fn takes(&self, stream: StreamId, batch: &Batch) -> bool {
        self.schema(stream).len() == batch.columns.len() && self.is_regular(stream, batch)
    }

    /// Whether every column is of its declared type; others may fail and go one by one.
    pub(crate) fn is_regular(&self, stream: StreamId, batch: &Batch) -> bool {
        let schema = &self.plan.streams[stream.index()].schema;
        schema.iter().zip(&batch.columns).all(|(it, column)| it.data_type == column.data_type())
    }

    /// Says something for the log.
    pub(crate) fn note(&self, level: Level, text: &str, out: &mut dyn Outputs) {
        out.note(level, &format!("{}: {text}", self.name));
    }
}
