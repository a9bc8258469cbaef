//! The engine behind the node's door: an app's text becomes a machine.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_codec::{DecodeError, Reader, Writer};
use weir_connectors::{Annotation, ENTRY_TIME, Element};
use weir_engine::{
    App, Emitted, EntryHead, Level, LoadError, Options, QueryError, SegmentBuilder, TapId,
};
use weir_event::{Batch, OutputNo, Text, Time};
use weir_plan::StatisticsPlan;

use super::answers::Answers;
use super::machine::{At, LoadFailure, Machine, Output, Outputs, Port, Step};
use super::request::QueryAnswer;
use super::stores::{AppStores, StorePlaces};

/// The newest shape of a machine's state.
const VERSION: u8 = 1;

/// One app of the engine.
pub(crate) struct EngineMachine {
    app: App,
    sources: Vec<Port>,
    sinks: Vec<Port>,
    /// The listener of each sink.
    taps: Vec<TapId>,
    /// What is added to the engine's numbers of each sink: a sink keeps its numbers when the
    /// sinks before it change.
    shifts: Vec<u64>,
    /// Whether this instance has been told to start; a restored app hears it once more, and
    /// does nothing about it.
    started: bool,
    /// How many bytes of state it may hold.
    state_max_bytes: u64,
    /// Entries until it is looked at again how many it holds, and what was found last.
    next_look: u32,
    too_much: Option<String>,
    held_bytes: u64,
    answers: Arc<Answers>,
}

/// How many entries go by before it is looked at again how much an app holds.
const LOOK_ENTRIES: u32 = 64;

/// Makes a machine of an app's text; `name` is its name where the text gives none. The error is
/// the rendered list of problems.
pub(crate) fn machine(
    name: &str,
    text: &str,
    places: &StorePlaces,
) -> Result<Box<dyn Machine>, String> {
    let filled = weir_query::substitute_variables(text, &|name| std::env::var(name).ok());
    let (text, problems) = filled;
    let render = |problems: &[weir_query::Problem]| {
        weir_query::render_problems(&format!("{name}.siddhi"), &text, problems)
    };
    if !problems.is_empty() {
        return Err(render(&problems));
    }
    let answers = Answers::new();
    let stores = AppStores::new(places, &answers);
    let options = Options { name: name.to_owned(), configured: places.configured.clone() };
    let mut app =
        App::create_with(&text, &options, &stores).map_err(|problems| render(&problems))?;
    let (mut sources, mut sinks, mut taps) = (Vec::new(), Vec::new(), Vec::new());
    for stream in app.streams() {
        let ports = |kind: &str| {
            let of_kind = stream.annotations.iter().filter(|it| it.name.eq_ignore_ascii_case(kind));
            of_kind
                .zip(1..)
                .map(|(annotation, nth)| Port {
                    element: format!("{}.{nth}", stream.name).into(),
                    stream: stream.name.as_str().into(),
                    schema: stream.schema.clone(),
                    annotation: written(annotation),
                })
                .collect::<Vec<_>>()
        };
        sources.extend(ports("source"));
        sinks.extend(ports("sink"));
    }
    for sink in &sinks {
        let Some(stream) = app.stream(&sink.stream) else {
            return Err(format!("error: a stream of a partition has a sink: `{}`", sink.stream));
        };
        taps.push(app.listen(stream));
    }
    let shifts = vec![0; taps.len()];
    Ok(Box::new(EngineMachine {
        app,
        sources,
        sinks,
        taps,
        shifts,
        started: false,
        state_max_bytes: crate::state_max_bytes(),
        next_look: 0,
        too_much: None,
        held_bytes: 0,
        answers,
    }))
}

impl EngineMachine {
    /// The number that the next row of each sink gets.
    fn next_numbers(&self) -> impl ExactSizeIterator<Item = (&Text, u64)> {
        let sinks = self.sinks.iter().zip(&self.taps);
        sinks.zip(&self.shifts).map(|((sink, tap), shift)| {
            (&sink.element, self.app.next_output(*tap).0.wrapping_add(*shift))
        })
    }

    /// Tells this instance to start, before its first entry.
    fn start(&mut self, at: At, out: &mut dyn Outputs) {
        if !self.started {
            self.started = true;
            let head = EntryHead { seq: at.seq, epoch: at.epoch, time: at.time.0, end: 0 };
            let mut to = ToSinks { taps: &self.taps, shifts: &self.shifts, at, out };
            self.app.start(head, &mut to);
        }
    }

    fn read(&mut self, state: &[u8]) -> Result<(), LoadError> {
        let mut r = Reader::new(state);
        let version = r.u8()?;
        if version != VERSION {
            return Err(LoadError::Decode(DecodeError::UnknownVersion {
                what: "app state",
                version: u64::from(version),
                newest: u64::from(VERSION),
            }));
        }
        let mut numbers = BTreeMap::new();
        for _ in 0..r.len_of(9)? {
            numbers.insert(r.text()?, r.u64()?);
        }
        self.app.load(r.bytes()?)?;
        r.finish()?;
        for ((sink, tap), shift) in self.sinks.iter().zip(&self.taps).zip(&mut self.shifts) {
            let next = numbers.get(&sink.element).copied().unwrap_or(1);
            *shift = next.wrapping_sub(self.app.next_output(*tap).0);
        }
        Ok(())
    }
}

impl Machine for EngineMachine {
    fn name(&self) -> &str {
        self.app.name()
    }

    fn sources(&self) -> &[Port] {
        &self.sources
    }

    fn sinks(&self) -> &[Port] {
        &self.sinks
    }

    fn apply(&mut self, at: At, step: Step<'_>, out: &mut dyn Outputs) {
        self.answers.enter(at);
        self.start(at, out);
        self.next_look = self.next_look.saturating_sub(1);
        let head = |end| EntryHead { seq: at.seq, epoch: at.epoch, time: at.time.0, end };
        let mut to = ToSinks { taps: &self.taps, shifts: &self.shifts, at, out };
        match step {
            Step::Tick => self.app.tick(head(0), &mut to),
            Step::Events { stream, batch } => {
                // An entry of an earlier text may name a stream that this one does not have.
                let Some(id) = self.app.stream(stream) else { return };
                let head = head(u32::try_from(batch.len()).unwrap_or(u32::MAX));
                if !batch.timestamps.contains(&ENTRY_TIME) {
                    self.app.apply(id, batch, &[head], &mut to);
                    return;
                }
                let unstamped = batch.timestamps.iter().all(|it| *it == ENTRY_TIME);
                let playback = self.app.is_playback();
                let now = if playback { self.app.clock() } else { at.time.0 };
                let batch = stamped(batch, now);
                if unstamped {
                    self.app.apply_unstamped(id, &batch, head, &mut to);
                } else {
                    self.app.apply(id, &batch, &[head], &mut to);
                }
            }
        }
    }

    fn query(&mut self, at: At, text: &str, out: &mut dyn Outputs) -> QueryAnswer {
        self.answers.enter(at);
        self.start(at, out);
        let head = EntryHead { seq: at.seq, epoch: at.epoch, time: at.time.0, end: 0 };
        self.app.query(text, head).map_err(|error| match error {
            QueryError::Problems(problems) => {
                weir_query::render_problems("the query", text, &problems)
            }
            other @ (QueryError::Fault(_) | QueryError::NotStarted) => other.to_string(),
        })
    }

    fn joins(&self, stream: &str, events: &Batch) -> bool {
        // Under playback events without a time of their own leave the clock where it is; what
        // stores answer is numbered within an entry.
        self.app.stream(stream).is_some_and(|id| self.app.takes(id, events))
            && (!self.app.is_playback() || !events.timestamps.contains(&ENTRY_TIME))
            && Machine::answers(self).is_none()
    }

    fn apply_together(&mut self, stream: &str, entries: Vec<(At, Batch)>, out: &mut dyn Outputs) {
        let Some((first, _)) = entries.first() else { return };
        let (at, Some(id)) = (*first, self.app.stream(stream)) else { return };
        self.start(at, out);
        self.next_look = self.next_look.saturating_sub(entries.len() as u32);
        let mut run = SegmentBuilder::new(self.app.schema(id).clone());
        for (at, mut batch) in entries {
            stamp(&mut batch, at.time.0);
            run.push(at.seq, at.epoch, at.time.0, batch);
        }
        let mut to = ToSinks { taps: &self.taps, shifts: &self.shifts, at, out };
        for segment in run.take() {
            self.app.apply(id, &segment.batch, &segment.heads, &mut to);
        }
    }

    fn too_much(&mut self) -> Option<String> {
        // Once it is full only time can change that: then each tick is looked at.
        if self.next_look == 0 || self.too_much.is_some() {
            self.next_look = LOOK_ENTRIES;
            self.too_much = self.app.too_much(self.state_max_bytes);
            self.held_bytes = self.app.held().bytes;
        }
        self.too_much.clone()
    }

    fn held_bytes(&self) -> u64 {
        self.held_bytes
    }

    fn answers(&self) -> Option<&Arc<Answers>> {
        let outside = self.app.plan().tables.iter().any(|it| it.store.is_some());
        outside.then_some(&self.answers)
    }

    fn statistics(&self) -> Option<StatisticsPlan> {
        self.app.plan().statistics.clone()
    }

    fn next_due(&self) -> Option<Time> {
        // An app starts by an entry: until then it waits for one.
        if self.started { self.app.next_due().map(Time) } else { Some(Time(i64::MIN)) }
    }

    fn save(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.u8(VERSION);
        let numbers = self.next_numbers();
        w.len(numbers.len());
        for (element, next) in numbers {
            w.str(element);
            w.u64(next);
        }
        w.bytes(&self.app.save());
        w.into_bytes()
    }

    fn load(&mut self, state: &[u8]) -> Result<(), LoadFailure> {
        self.read(state).map_err(|error| match &error {
            LoadError::OtherApp { .. } => LoadFailure::OtherText(error.to_string()),
            LoadError::Decode(cause) => LoadFailure::Unreadable(format!("{error}: {cause}")),
        })
    }
}

/// The batch with `now` where its events have no time of their own.
fn stamped(batch: &Batch, now: i64) -> Batch {
    let mut stamped = batch.clone();
    stamp(&mut stamped, now);
    stamped
}

fn stamp(batch: &mut Batch, now: i64) {
    let timestamps = Arc::make_mut(&mut batch.timestamps);
    for timestamp in timestamps.iter_mut().filter(|it| **it == ENTRY_TIME) {
        *timestamp = now;
    }
}

/// Hands the engine's rows on, each chunk as one output of a sink.
struct ToSinks<'a> {
    taps: &'a [TapId],
    shifts: &'a [u64],
    at: At,
    out: &'a mut dyn Outputs,
}

impl weir_engine::Outputs for ToSinks<'_> {
    fn rows(&mut self, tap: TapId, emitted: &Emitted<'_>) {
        let Some(sink) = self.taps.iter().position(|it| *it == tap) else { return };
        let shift = self.shifts.get(sink).copied().unwrap_or_default();
        let mut first = OutputNo(emitted.first.0.wrapping_add(shift));
        for batch in emitted.chunk_batches() {
            let next = OutputNo(first.0 + batch.len() as u64);
            self.out.sink(sink, Output { epoch: self.at.epoch, first, batch });
            first = next;
        }
    }

    fn takes_picked(&self) -> bool {
        true
    }

    fn note(&mut self, level: Level, text: &str) {
        self.out.line(level, text);
    }
}

/// An annotation of the text as the connectors take it.
fn written(annotation: &weir_query::Annotation) -> Annotation {
    let element = |it: &weir_query::AnnotationElement| Element {
        key: it.key.clone(),
        value: it.value.clone(),
    };
    Annotation {
        name: annotation.name.clone(),
        elements: annotation.elements.iter().map(element).collect(),
        annotations: annotation.annotations.iter().map(written).collect(),
    }
}

/// The name that an app's file gives it: that of the file without its ending.
pub(crate) fn name_of_file(file: &std::path::Path) -> Text {
    file.file_stem().map_or_else(String::new, |it| it.to_string_lossy().into_owned()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(text: &str) -> Result<Box<dyn Machine>, String> {
        machine("App", text, &StorePlaces::default())
    }
    use weir_event::{Attribute, BatchBuilder, DataType, Epoch, Seq, Value};

    const STREAMS: &str = "define stream In (n int); @sink(type='log') define stream Out (n long);";
    const SUM: &str = "from In select sum(n) as n insert into Out;";

    /// What a machine sends out: sink, number, value.
    #[derive(Default)]
    struct Sent(Vec<(usize, u64, Value)>);

    impl Outputs for Sent {
        fn sink(&mut self, sink: usize, output: Output) {
            let rows = (0..output.batch.len()).map(|row| output.batch.row(row)[0].clone());
            self.0.extend(rows.zip(output.first.0..).map(|(value, no)| (sink, no, value)));
        }

        fn line(&mut self, _level: Level, line: &str) {
            panic!("{line}");
        }
    }

    fn send(machine: &mut dyn Machine, seq: u64, n: i32) -> Vec<(usize, u64, Value)> {
        let schema = [Attribute { name: "n".into(), data_type: DataType::Int }];
        let mut rows = BatchBuilder::new(&schema);
        rows.push_row(ENTRY_TIME, [Value::Int(n)]);
        let (batch, mut sent) = (rows.finish(), Sent::default());
        let time = Time(1_000 + i64::try_from(seq).unwrap());
        let at = At { epoch: Epoch(1), seq: Seq(seq), time };
        machine.apply(at, Step::Events { stream: "In", batch: &batch }, &mut sent);
        sent.0
    }

    #[test]
    fn a_loaded_machine_goes_on_with_state_and_numbers() {
        let text = format!("{STREAMS} {SUM}");
        let mut first = made(&text).unwrap();
        assert_eq!(send(&mut *first, 1, 5), [(0, 1, Value::Long(5))]);
        let mut second = made(&text).unwrap();
        second.load(&first.save()).unwrap();
        assert_eq!(send(&mut *second, 2, 6), [(0, 2, Value::Long(11))]);
        assert_eq!(send(&mut *first, 2, 6), [(0, 2, Value::Long(11))]);
    }

    #[test]
    fn entries_together_give_what_they_give_one_by_one() {
        let text = format!(
            "{STREAMS} @sink(type='log') define stream Two (n long);
             {SUM} from In#window.length(2) select sum(n) as n insert into Two;"
        );
        let schema = [Attribute { name: "n".into(), data_type: DataType::Int }];
        let entry = |seq: u64, values: &[i32]| {
            let mut rows = BatchBuilder::new(&schema);
            values.iter().for_each(|n| rows.push_row(ENTRY_TIME, [Value::Int(*n)]));
            (At { epoch: Epoch(1), seq: Seq(seq), time: Time(1_000) }, rows.finish())
        };
        let many: Vec<i32> = (0..100).collect();
        let entries = [entry(1, &[1]), entry(2, &[2, 3]), entry(3, &many), entry(4, &[4])];
        let (mut alone, mut together) = (made(&text).unwrap(), made(&text).unwrap());
        let (mut one_by_one, mut at_once) = (Sent::default(), Sent::default());
        for (at, batch) in &entries {
            assert!(together.joins("In", batch));
            alone.apply(*at, Step::Events { stream: "In", batch }, &mut one_by_one);
        }
        assert!(!together.joins("None", &entries[0].1));
        together.apply_together("In", entries.to_vec(), &mut at_once);
        // Only in which order different sinks get theirs may differ.
        one_by_one.0.sort_by_key(|(sink, no, _)| (*sink, *no));
        at_once.0.sort_by_key(|(sink, no, _)| (*sink, *no));
        assert_eq!(at_once.0, one_by_one.0);
        assert_eq!(together.save(), alone.save());
    }

    #[test]
    fn a_sink_keeps_its_numbers_when_another_comes_before_it() {
        let mut first = made(&format!("{STREAMS} {SUM}")).unwrap();
        send(&mut *first, 1, 5);
        let more = "@sink(type='log') define stream Early (n int);";
        let mut second = made(&format!("{more} {STREAMS} {SUM}")).unwrap();
        assert_eq!(second.sinks()[1].element, "Out.1");
        second.load(&first.save()).unwrap();
        assert_eq!(send(&mut *second, 2, 6), [(1, 2, Value::Long(11))]);
    }

    #[test]
    fn a_state_of_other_queries_is_refused_as_such() {
        let first = made(&format!("{STREAMS} {SUM}")).unwrap();
        let other = "from In#window.length(2) select sum(n) as n insert into Out; \
                     from In select sum(n) as n insert into Two;";
        let mut second = made(&format!("{STREAMS} {other}")).unwrap();
        let failed = second.load(&first.save()).unwrap_err();
        assert!(matches!(failed, LoadFailure::OtherText(_)), "{failed:?}");
        let cut = second.save();
        let failed = second.load(&cut[..cut.len() - 1]).unwrap_err();
        assert!(matches!(failed, LoadFailure::Unreadable(_)), "{failed:?}");
    }

    #[test]
    fn a_machine_that_has_not_started_asks_for_an_entry() {
        let mut machine = made(&format!("{STREAMS} {SUM}")).unwrap();
        assert_eq!(machine.next_due(), Some(Time(i64::MIN)));
        send(&mut *machine, 1, 5);
        assert_eq!(machine.next_due(), None);
    }

    #[test]
    fn what_is_wrong_is_shown_at_its_place() {
        let places = StorePlaces::default();
        let Err(why) = machine("Bad", "define stream In (n in);", &places) else {
            panic!("it is wrong")
        };
        assert!(why.contains("Bad.siddhi:1:"), "{why}");
    }
}
