//! What stores answered an app: recorded in the log before anything that follows from it leaves,
//! and found again when the log is replayed.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use weir_codec::{Answer, Answered, What};
use weir_datasource::WritingEpoch;
use weir_event::{Epoch, Seq, Text};

use super::machine::At;
use super::request::Requests;

/// How many questions, and changes of a store, one entry may cause.
const WITHIN_ENTRY: u64 = 1 << 20;

/// What an entry takes beside the answer in it, at most.
const ROOM_FOR_NAMES: usize = 4_096;

/// What stores answered one app. The app's thread asks and records; the node ends it.
#[derive(Debug)]
pub(crate) struct Answers {
    state: Mutex<State>,
    ended: Condvar,
    /// The epoch that stores write under.
    pub(crate) epoch: WritingEpoch,
}

#[derive(Debug, Default)]
struct State {
    app: Text,
    /// Those of the log, by number, not yet asked for.
    recorded: BTreeMap<u64, Answered>,
    requests: Option<Requests>,
    ended: bool,
    seq: Seq,
    asked: u64,
    changed: u64,
}

/// The node is not active any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ended;

impl Answers {
    /// Those of an app that has not begun.
    pub(crate) fn new() -> Arc<Self> {
        let (state, ended) = (Mutex::default(), Condvar::new());
        Arc::new(Self { state, ended, epoch: WritingEpoch::default() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A term begins with a replay, for which the log has these answers.
    pub(crate) fn begin(
        &self,
        app: Text,
        epoch: Epoch,
        recorded: BTreeMap<u64, Answered>,
        requests: Requests,
    ) {
        self.epoch.set(epoch);
        let requests = Some(requests);
        *self.state() = State { app, recorded, requests, ..State::default() };
    }

    /// The replay is over: what the log still has was asked by nobody.
    pub(crate) fn replayed(&self) {
        self.state().recorded.clear();
    }

    /// The term is over: nothing is asked or changed any more.
    pub(crate) fn end(&self) {
        self.state().ended = true;
        self.ended.notify_all();
    }

    /// The app executes an entry.
    pub(crate) fn enter(&self, at: At) {
        let mut state = self.state();
        (state.seq, state.asked, state.changed) = (at.seq, 0, 0);
    }

    /// The number of the next question. Like that of a change it is made of the entry's place,
    /// so that it is never given again, also when an app begins anew.
    pub(crate) fn next_call(&self) -> u64 {
        let mut state = self.state();
        state.asked += 1;
        state.seq.0 * WITHIN_ENTRY + state.asked
    }

    /// The number of the next change.
    pub(crate) fn next_change(&self) -> u64 {
        let mut state = self.state();
        state.changed += 1;
        state.seq.0 * WITHIN_ENTRY + state.changed
    }

    /// The answer that the log has.
    pub(crate) fn recorded(&self, call: u64) -> Option<Answered> {
        self.state().recorded.remove(&call)
    }

    /// Waits a while before something is tried again.
    pub(crate) fn pause(&self, time: Duration) -> Result<(), Ended> {
        let state = self.state();
        let waited = self.ended.wait_timeout_while(state, time, |it| !it.ended);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.ended { Err(Ended) } else { Ok(()) }
    }

    /// Whether something may be asked or changed.
    pub(crate) fn may_act(&self) -> Result<(), Ended> {
        if self.state().ended { Err(Ended) } else { Ok(()) }
    }

    /// Puts an answer into the log; comes back once every log that must hold it does. An answer
    /// that the log has no room for counts as none; what counts is given back.
    ///
    /// Also in a replay: what was asked for the last time before a crash has no answer in the log,
    /// and no change may follow before it has one, or a third node would be answered by what came
    /// later.
    pub(crate) fn record(&self, call: u64, answered: Answered) -> Result<Answered, Ended> {
        let answered = fitting(answered);
        let (app, requests) = {
            let state = self.state();
            if state.ended {
                return Err(Ended);
            }
            (state.app.clone(), state.requests.clone().ok_or(Ended)?)
        };
        let what = What::Answer(Answer { app, call, answered: answered.clone() });
        if requests.append_and_wait(what).is_err() {
            self.end();
            return Err(Ended);
        }
        Ok(answered)
    }
}

/// The answer, or why it is too large for the log.
fn fitting(answered: Answered) -> Answered {
    let whole = What::Answer(Answer { app: Text::default(), call: 0, answered });
    let (has, max) = (whole.encode().len(), weir_codec::ENTRY_BYTES_MAX - ROOM_FOR_NAMES);
    let What::Answer(Answer { answered, .. }) = whole else {
        return Answered::Failed("there is no answer".into());
    };
    if has <= max {
        return answered;
    }
    let why = format!("the store's answer takes {has} bytes in the log, at most {max} are taken");
    Answered::Failed(why.into())
}
