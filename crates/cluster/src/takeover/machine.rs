//! The four steps of a takeover, and which outputs it lets through.

use std::collections::BTreeMap;

use weir_codec::EntryId;
use weir_event::{Epoch, OutputNo, Seq, Text, Time};

use super::words::{RestoredApp, TakeoverAction, TakeoverInput};
use crate::marks::{LoggedMarks, Marks, SinkId};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Waiting,
    Starting,
    Restoring,
    Replaying,
    Opening,
    Done,
    Over,
}

/// Leads a node from the lease to open ports.
///
/// An input that has no place at its step is passed over: it is the late answer to a step that a
/// lost lease has ended.
#[derive(Debug)]
pub struct Takeover {
    epoch: Epoch,
    base: EntryId,
    last: EntryId,
    step: Step,
    logged: LoggedMarks,
    marks: Marks,
    /// Up to where each app's state already includes the log.
    included: BTreeMap<Text, Seq>,
    highest: Option<(EntryId, Time)>,
}

impl Takeover {
    /// A takeover under `epoch` by a node whose log stands behind `base` and ends with `last`, and
    /// whose entries brought the marks `logged`.
    #[must_use]
    pub fn new(epoch: Epoch, base: EntryId, last: EntryId, logged: LoggedMarks) -> Self {
        let (step, included) = (Step::Waiting, BTreeMap::new());
        let marks = Marks::new();
        Self { epoch, base, last, step, logged, marks, included, highest: None }
    }

    /// Takes in what happened and answers what to do about it.
    pub fn step(&mut self, input: TakeoverInput) -> Vec<TakeoverAction> {
        match (self.step, input) {
            (Step::Over, _) => Vec::new(),
            (_, TakeoverInput::Lost) => {
                self.step = Step::Over;
                vec![TakeoverAction::StopApps]
            }
            (Step::Waiting, TakeoverInput::Begin) => {
                self.step = Step::Starting;
                vec![TakeoverAction::StartApps]
            }
            (Step::Starting, TakeoverInput::AppsStarted) => {
                self.step = Step::Restoring;
                vec![TakeoverAction::RaiseFence(self.epoch), TakeoverAction::RestoreLast]
            }
            (Step::Restoring, TakeoverInput::Restored(apps)) => self.restored(apps),
            (Step::Replaying, TakeoverInput::Replayed(produced)) => self.replayed(&produced),
            (Step::Opening, TakeoverInput::PortsOpened) => {
                self.step = Step::Done;
                vec![TakeoverAction::Done]
            }
            (Step::Opening, TakeoverInput::PortHeld(port)) => {
                vec![TakeoverAction::AwaitPort(port), TakeoverAction::OpenPorts]
            }
            (
                Step::Waiting
                | Step::Starting
                | Step::Restoring
                | Step::Replaying
                | Step::Opening
                | Step::Done,
                _,
            ) => Vec::new(),
        }
    }

    /// Whether the entry numbered `seq` is still to be executed by `app`.
    #[must_use]
    pub fn is_for(&self, app: &str, seq: Seq) -> bool {
        self.included.get(app).is_none_or(|included| seq > *included)
    }

    /// The marks to go on from: a mark that is logged later takes the place of an earlier one, so
    /// none may be logged below these.
    #[must_use]
    pub fn marks(&self) -> &Marks {
        &self.marks
    }

    /// Whether an output may leave: it was not delivered before.
    #[must_use]
    pub fn may_leave(&self, sink: &SinkId, number: OutputNo) -> bool {
        self.marks.get(sink).is_none_or(|mark| number > *mark)
    }

    fn restored(&mut self, apps: Vec<RestoredApp>) -> Vec<TakeoverAction> {
        let highest = apps.iter().filter_map(|it| it.at).map(|at| at.epoch).max();
        if let Some(later) = highest.filter(|it| *it > self.epoch) {
            // The fence was raised over ours after we had raised it, and before we read.
            self.step = Step::Over;
            return vec![TakeoverAction::Outdated(later)];
        }
        self.step = Step::Replaying;
        let mut out = Vec::new();
        let mut after = self.last.seq;
        // Numbers go on behind the highest snapshot; between the log and it nothing is left.
        let resume = apps.iter().filter_map(|it| it.at).fold(self.last, EntryId::max).seq;
        for app in apps {
            // An app without a snapshot began behind the base, or the log were not trimmed so far.
            let included = app.at.map_or(self.base.seq, |at| at.seq);
            for (have, next) in [(included, self.base.seq), (included.max(self.last.seq), resume)] {
                if have < next {
                    let (from, through) = (have.next(), next);
                    out.push(TakeoverAction::Missing { app: app.app.clone(), from, through });
                }
            }
            if let Some(at) = app.at
                && self.highest.is_none_or(|(known, _)| at > known)
            {
                self.highest = Some((at, app.time));
            }
            after = after.min(included);
            self.included.insert(app.app, included);
            self.marks.extend(app.marks);
        }
        // What the log says behind a snapshot is newer than what the snapshot says.
        for (sink, seq, mark) in self.logged.iter() {
            let newer = self.included.get(&*sink.app).is_none_or(|included| seq > *included);
            if newer || !self.marks.contains_key(sink) {
                self.marks.insert(sink.clone(), mark);
            }
        }
        let (after, through) = (after.max(self.base.seq), self.last.seq);
        out.push(TakeoverAction::Replay { after, through });
        out
    }

    /// A mark above what the log can produce would hold back outputs that never left.
    fn replayed(&mut self, produced: &Marks) -> Vec<TakeoverAction> {
        self.step = Step::Opening;
        let mut clamped = Marks::new();
        for (sink, mark) in &mut self.marks {
            let reached = produced.get(sink).copied().unwrap_or_default();
            if *mark > reached {
                *mark = reached;
                clamped.insert(sink.clone(), reached);
            }
        }
        let mut out = Vec::new();
        if !clamped.is_empty() {
            out.push(TakeoverAction::ClampMarks(clamped));
        }
        if let Some((at, time)) = self.highest {
            out.push(TakeoverAction::NumberAbove { at, time });
        }
        out.push(TakeoverAction::OpenPorts);
        out
    }
}
