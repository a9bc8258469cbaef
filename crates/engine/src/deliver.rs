//! Rows on their way through an app: from stream to query to stream, depth first.

use weir_event::{Batch, BatchBuilder, Chunk, Key, OutputNo, Value};
use weir_expr::Fault;
use weir_operators::Cx;
use weir_operators::rate::RateLimit;
use weir_operators::select::Selected;
use weir_plan::{ActionPlan, OnError, Playback, StreamId};

use crate::app::{App, Receiver};
use crate::named_window::Shown;
use crate::outputs::{Emitted, Level, Outputs, TapId};
use crate::query::{Asked, Delivery, Port, QueryInput, World, Written};
use crate::timer::{Jump, Target, Timer};
use crate::together::Together;

/// How many queries deep an event may travel before it is taken for a loop.
pub(crate) const DEPTH_MAX: u32 = 200;

impl App {
    /// Rows of a batch arrive at a stream.
    pub(crate) fn feed(
        &mut self,
        stream: StreamId,
        batch: &Batch,
        start: u32,
        chunks: &[Chunk],
        out: &mut dyn Outputs,
    ) {
        if chunks.last().is_some_and(|chunk| chunk.end > start) {
            self.publish(
                stream,
                &Delivery { batch, start, kinds: None, chunks, picked: None },
                out,
            );
        }
    }

    /// All receivers of a stream get the rows, in the order in which they subscribed.
    pub(crate) fn publish(
        &mut self,
        stream: StreamId,
        delivery: &Delivery<'_>,
        out: &mut dyn Outputs,
    ) {
        if self.depth >= DEPTH_MAX {
            let name = &self.plan.streams[stream.index()].name;
            let text = format!(
                "events of `{name}` were dropped: they went through {DEPTH_MAX} queries in a row\n\
                 hint: a query inserts into a stream that leads back to it"
            );
            self.note(Level::Error, &text, out);
            return;
        }
        self.depth += 1;
        if self.goes_beside_tables(stream, delivery) {
            if let Err(fault) = self.publish_beside_tables(stream, delivery, out) {
                self.fault(stream, delivery, &fault, out);
            }
            self.depth -= 1;
            return;
        }
        for at in 0..self.receivers[stream.index()].len() {
            let receiver = self.receivers[stream.index()][at];
            if let Err(fault) =
                self.hand_to(receiver, weir_plan::Origin::Stream(stream), delivery, out)
            {
                self.fault(stream, delivery, &fault, out);
                break;
            }
        }
        self.depth -= 1;
    }

    pub(crate) fn hand_to(
        &mut self,
        receiver: Receiver,
        origin: weir_plan::Origin,
        delivery: &Delivery<'_>,
        out: &mut dyn Outputs,
    ) -> Result<(), Fault> {
        match receiver {
            Receiver::Query(query, port) => self.run_query(query as usize, port, delivery, out),
            Receiver::Partition(partition) => {
                self.divide(partition as usize, origin, delivery, out)
            }
            Receiver::Aggregation(aggregation) => {
                self.aggregate(aggregation as usize, delivery, out)
            }
            Receiver::Tap(tap) => {
                self.emit_to(tap, delivery, out);
                Ok(())
            }
        }
    }

    fn emit_to(&mut self, tap: u32, delivery: &Delivery<'_>, out: &mut dyn Outputs) {
        let first = self.taps[tap as usize].next;
        let rows = (delivery.start as usize, delivery.end() as usize);
        self.taps[tap as usize].next = OutputNo(first.0 + delivery.len() as u64);
        let Delivery { batch, kinds, chunks, picked, .. } = *delivery;
        out.rows(TapId(tap), &Emitted { batch, rows, kinds, chunks, picked, first });
    }

    pub(crate) fn run_query(
        &mut self,
        query: usize,
        port: Port,
        delivery: &Delivery<'_>,
        out: &mut dyn Outputs,
    ) -> Result<(), Fault> {
        self.close_read(query);
        let mut asked = Asked::default();
        let world = World {
            tables: &self.tables,
            windows: &self.windows,
            aggregations: &self.aggregations,
        };
        let found = self.queries[query].receive(port, delivery, world, &self.random, &mut asked);
        let failed = std::mem::take(&mut asked.faults);
        self.take_asked(query, asked, out);
        self.emit(query, &found?, out)?;
        // What a window could not take goes the way of its whole chunk.
        failed.into_iter().next().map_or(Ok(()), Err)
    }

    /// Closes the periods of the aggregation that a query reads, if it reads one.
    fn close_read(&mut self, query: usize) {
        if let Some(aggregation) = self.queries[query].aggregation() {
            self.close_periods(aggregation, self.clock);
        }
    }

    fn take_asked(&mut self, query: usize, asked: Asked, out: &mut dyn Outputs) {
        for (due, key, part) in asked.wakes {
            self.timers.ask(due, Target::Query(query as u32, part), key);
        }
        for note in asked.notes {
            self.note(Level::Info, &note, out);
        }
        for fault in asked.faults {
            let text = format!(
                "query `{}` left out an event: {}",
                self.queries[query].name, fault.message
            );
            self.note(Level::Error, &text, out);
        }
    }

    /// What a query selected leaves to its listeners.
    pub(crate) fn emit_to_taps(
        &mut self,
        query: usize,
        selected: &Selected,
        out: &mut dyn Outputs,
    ) {
        for at in 0..self.queries[query].taps.len() {
            let tap = self.queries[query].taps[at];
            let delivery = Delivery {
                batch: &selected.batch,
                start: 0,
                kinds: Some(&selected.kinds),
                chunks: &selected.chunks,
                picked: None,
            };
            self.emit_to(tap, &delivery, out);
        }
    }

    /// What a query selected leaves: to its listeners, then to its target.
    pub(crate) fn emit(
        &mut self,
        query: usize,
        selected: &Selected,
        out: &mut dyn Outputs,
    ) -> Result<(), Fault> {
        if selected.is_empty() {
            return Ok(());
        }
        if selected.picked.is_some() && !self.sends_picked(query, out) {
            return self.emit(query, &selected.clone().gathered(), out);
        }
        self.emit_to_taps(query, selected, out);
        match self.queries[query].output.action {
            ActionPlan::Return => Ok(()),
            ActionPlan::Stream(stream) => {
                self.send_on(stream, selected, out);
                Ok(())
            }
            ActionPlan::Window(window) => {
                self.add_to_window(window.index(), &selected.batch, &selected.chunks, out)
            }
            ActionPlan::Insert(_)
            | ActionPlan::Delete(_)
            | ActionPlan::Update(_)
            | ActionPlan::UpdateOrInsert(_) => self.change_table(query, selected, out),
        }
    }

    /// Whether all who receive what a query puts out take rows where they lie.
    fn sends_picked(&self, query: usize, out: &dyn Outputs) -> bool {
        let query = &self.queries[query];
        let ActionPlan::Stream(stream) = query.output.action else { return false };
        let takes = |receiver: &Receiver| match *receiver {
            Receiver::Tap(_) => out.takes_picked(),
            Receiver::Query(query, _) => {
                matches!(self.queries[query as usize].input, QueryInput::Single(_))
            }
            Receiver::Partition(_) | Receiver::Aggregation(_) => false,
        };
        query.taps.is_empty()
            && self.together[stream.index()] != Together::BesideTables
            && self.receivers[stream.index()].iter().all(takes)
    }

    fn send_on(&mut self, stream: StreamId, selected: &Selected, out: &mut dyn Outputs) {
        if self.receivers[stream.index()].is_empty() {
            return;
        }
        let inner = self.plan.streams[stream.index()].partition.is_some();
        let outer: Vec<Chunk>;
        let chunks = if inner || selected.chunks.iter().all(|chunk| chunk.key == Key(0)) {
            &selected.chunks
        } else {
            outer = selected.chunks.iter().map(|it| Chunk { key: Key(0), ..*it }).collect();
            &outer
        };
        let picked = selected.picked.as_deref();
        let delivery = Delivery { batch: &selected.batch, start: 0, kinds: None, chunks, picked };
        self.publish(stream, &delivery, out);
    }

    fn add_to_window(
        &mut self,
        window: usize,
        batch: &Batch,
        chunks: &[Chunk],
        out: &mut dyn Outputs,
    ) -> Result<(), Fault> {
        let (mut wakes, mut faults) = (Vec::new(), Vec::new());
        let mut cx =
            Cx { wakes: &mut wakes, faults: &mut faults, random: &self.random, tables: None };
        let shown = self.windows[window].add(&mut cx, batch, chunks);
        for (due, key) in wakes {
            self.timers.ask(due, Target::Window(window as u32), key);
        }
        self.show(window, &shown, out)?;
        faults.into_iter().next().map_or(Ok(()), Err)
    }

    fn note_faults(&self, faults: &[Fault], out: &mut dyn Outputs) {
        for fault in faults {
            self.note(Level::Error, &format!("an event was left out: {}", fault.message), out);
        }
    }

    /// The readers of a named window get what it emits.
    fn show(&mut self, window: usize, shown: &Shown, out: &mut dyn Outputs) -> Result<(), Fault> {
        if shown.batch.is_empty() {
            return Ok(());
        }
        let delivery = Delivery {
            batch: &shown.batch,
            start: 0,
            kinds: Some(&shown.kinds),
            chunks: &shown.chunks,
            picked: None,
        };
        let origin = weir_plan::Origin::Window(weir_plan::WindowId(window as u32));
        for at in 0..self.window_receivers[window].len() {
            let receiver = self.window_receivers[window][at];
            self.hand_to(receiver, origin, &delivery, out)?;
        }
        Ok(())
    }

    /// An event could not be computed: what `@OnError` says happens.
    fn fault(
        &mut self,
        stream: StreamId,
        delivery: &Delivery<'_>,
        fault: &Fault,
        out: &mut dyn Outputs,
    ) {
        let plan = &self.plan.streams[stream.index()];
        match plan.on_error {
            OnError::Store => self.store_error(stream, delivery, fault, out),
            OnError::Log => {
                let text = format!(
                    "{} event(s) of `{}` could not be processed and were dropped: {} ({})",
                    delivery.len(),
                    plan.name,
                    fault.message,
                    fault.class,
                );
                self.note(Level::Error, &text, out);
            }
            OnError::Stream(target) => {
                let schema = self.plan.streams[target.index()].schema.clone();
                let mut builder = BatchBuilder::new(&schema);
                for row in delivery.rows() {
                    let mut values = delivery.batch.row(row as usize);
                    values.push(fault.to_value());
                    builder.push_row(delivery.batch.timestamps[row as usize], values);
                }
                let batch = builder.finish();
                let end = batch.len() as u32;
                let chunks = [Chunk { end, now: delivery.now(), key: Key(0) }];
                self.feed(target, &batch, 0, &chunks, out);
            }
        }
    }

    /// The entries' time moves on: what is due by then happens first.
    pub(crate) fn move_wall(&mut self, to: i64, out: &mut dyn Outputs) {
        let playback = self.is_playback();
        loop {
            let app = if playback { None } else { self.timers.next_due() };
            let wall = self.wall_timers.next_due();
            let app_first = app.is_some_and(|app| wall.is_none_or(|wall| app <= wall));
            let Some(timer) =
                (if app_first { self.timers.take_due(to) } else { self.wall_timers.take_due(to) })
            else {
                break;
            };
            self.wall = self.wall.max(timer.due);
            if !playback {
                self.clock = self.clock.max(timer.due);
            }
            if !app_first {
                self.ask_again(timer.target, timer.due);
            }
            self.fire(timer, out);
        }
        self.wall = self.wall.max(to);
        if !playback {
            self.clock = self.clock.max(to);
        }
    }

    /// The playback clock is told the time: what is due by then happens first, also where it
    /// stands still.
    pub(crate) fn move_clock(&mut self, to: i64, out: &mut dyn Outputs) {
        if to < self.clock {
            return;
        }
        self.clock = to;
        if self.timers.next_due().is_none_or(|due| due > to) {
            return;
        }
        let mut jump = Jump::new(to);
        while let Some(timer) = jump.next(&mut self.timers) {
            self.fire(timer, out);
        }
    }

    fn fire(&mut self, timer: Timer, out: &mut dyn Outputs) {
        let fired = match timer.target {
            Target::Query(query, part) => self.wake_query(query as usize, part, &timer, out),
            Target::Window(window) => self.wake_window(window as usize, out),
            Target::Trigger(trigger) => {
                self.trigger(trigger as usize, out);
                Ok(())
            }
            Target::Purge(partition) => {
                self.purge(partition as usize, timer.due);
                Ok(())
            }
            Target::Retention(aggregation) => {
                self.purge_aggregation(aggregation as usize, timer, out);
                Ok(())
            }
            Target::Idle => {
                self.idle(timer.due, out);
                Ok(())
            }
            Target::Rate(query) => self.end_round(query as usize, timer, out),
        };
        if let Err(fault) = fired {
            let text =
                format!("events of a timer were dropped: {} ({})", fault.message, fault.class);
            self.note(Level::Error, &text, out);
        }
    }

    fn wake_query(
        &mut self,
        query: usize,
        part: u8,
        timer: &Timer,
        out: &mut dyn Outputs,
    ) -> Result<(), Fault> {
        self.close_read(query);
        let mut asked = Asked::default();
        let world = World {
            tables: &self.tables,
            windows: &self.windows,
            aggregations: &self.aggregations,
        };
        let when = (part, self.clock, timer.key);
        let found = self.queries[query].on_timer(when, world, &self.random, &mut asked);
        self.take_asked(query, asked, out);
        self.emit(query, &found?, out)
    }

    /// No event came for a while: the playback clock moves by itself.
    fn idle(&mut self, due: i64, out: &mut dyn Outputs) {
        let Some(Playback { idle_ms: Some(idle), increment_ms }) = self.plan.playback else {
            return;
        };
        let idle = idle.max(1);
        let quiet_from = self.last_event.saturating_add(idle);
        if quiet_from > due {
            self.wall_timers.ask(quiet_from, Target::Idle, Key(0));
            return;
        }
        self.wall_timers.ask(due.saturating_add(idle), Target::Idle, Key(0));
        self.move_clock(self.clock.saturating_add(increment_ms), out);
    }

    /// A round of a rate limit is over; the next one begins.
    fn end_round(
        &mut self,
        query: usize,
        timer: Timer,
        out: &mut dyn Outputs,
    ) -> Result<(), Fault> {
        if let Some(every) = self.queries[query].rate.as_ref().and_then(RateLimit::every_ms) {
            self.timers.ask(timer.due.saturating_add(every), timer.target, timer.key);
        }
        let selected = self.queries[query].on_round(self.clock, timer.key);
        self.emit(query, &selected, out)
    }

    /// A partition key, or the app, comes into being: what runs on its own starts.
    pub(crate) fn start_key(&mut self, query: usize, key: Key) {
        // Under playback the clock stands still before the first event.
        if !self.is_playback() || self.clock != 0 {
            self.start_rounds(query, key, self.clock);
        }
        let now = if self.is_playback() { self.clock } else { self.clock.max(self.wall) };
        for (due, key, part) in self.queries[query].start(now, key) {
            self.timers.ask(due, Target::Query(query as u32, part), key);
        }
    }

    /// The rounds of a rate limit begin.
    pub(crate) fn start_rounds(&mut self, query: usize, key: Key, now: i64) {
        if let Some(every) = self.queries[query].rate.as_ref().and_then(RateLimit::every_ms) {
            self.timers.ask(now.saturating_add(every), Target::Rate(query as u32), key);
        }
    }

    /// The first event of playback came: rounds begin, as the clock stood still before.
    pub(crate) fn start_playback(&mut self, now: i64) {
        for query in 0..self.queries.len() {
            if self.plan.queries[query].partition.is_none() {
                self.start_rounds(query, Key(0), now);
            }
        }
    }

    fn wake_window(&mut self, window: usize, out: &mut dyn Outputs) -> Result<(), Fault> {
        let (mut wakes, mut faults) = (Vec::new(), Vec::new());
        let mut cx =
            Cx { wakes: &mut wakes, faults: &mut faults, random: &self.random, tables: None };
        let shown = self.windows[window].on_timer(&mut cx, self.clock);
        for (due, key) in wakes {
            self.timers.ask(due, Target::Window(window as u32), key);
        }
        self.note_faults(&faults, out);
        self.show(window, &shown, out)
    }

    /// Output rows change a table, in order.
    fn change_table(
        &mut self,
        query: usize,
        selected: &Selected,
        out: &mut dyn Outputs,
    ) -> Result<(), Fault> {
        let Some(change) = &self.queries[query].change else { return Ok(()) };
        let now = selected.chunks.last().map_or(0, |chunk| chunk.now);
        let written = Written { batch: &selected.batch, now, random: &self.random };
        let dropped = change.apply(&mut self.tables, &written)?;
        self.note_refused(dropped, out);
        Ok(())
    }

    pub(crate) fn note_refused(&self, dropped: Vec<weir_tables::Refused>, out: &mut dyn Outputs) {
        for refused in dropped {
            let text = match refused {
                weir_tables::Refused::DuplicateKey(key) => {
                    let key: Vec<String> = key.iter().map(Value::to_string).collect();
                    format!("a row was dropped: the primary key {} is taken", key.join(", "))
                }
                weir_tables::Refused::NullKey => "a row was dropped: its key is null".to_owned(),
            };
            self.note(Level::Error, &text, out);
        }
    }
}
