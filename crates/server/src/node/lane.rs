//! The way of outputs from the engine's thread to one sink: bounded, in order, with its mark.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use weir_event::{OutputNo, Text};

use super::machine::Output;
use super::saved::SavedSink;

/// How many rows may wait for a sink before the engine does.
pub(crate) const WAITING_ROWS_MAX: usize = 20_000;

/// One sink's outputs: made and not yet confirmed.
///
/// The engine's thread pushes; the sink's task reads from the front and confirms. What is not
/// confirmed stays here, so that a snapshot can hold it.
#[derive(Debug)]
pub(crate) struct Lane {
    /// The sink's name within the app.
    pub(crate) element: Text,
    /// Told when a mark has moved.
    moved: Arc<Notify>,
    state: Mutex<State>,
    room: Condvar,
    filled: Notify,
    ended: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Output>,
    rows: usize,
    mark: OutputNo,
    /// The mark that the log already has.
    logged: OutputNo,
    /// Outputs up to here were confirmed before the present replay; they do not leave again.
    suppressed: OutputNo,
    closed: bool,
    /// Whether it takes any number of rows: while it is replayed into, and while its node hands
    /// over, a sink that is stuck may not hold up what is to be done before a snapshot.
    unlimited: bool,
    delivered: u64,
    given_up: u64,
    trouble: Option<String>,
}

/// What `weir status` shows of a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LaneCounts {
    pub(crate) mark: OutputNo,
    pub(crate) waiting_rows: usize,
    pub(crate) delivered: u64,
    pub(crate) given_up: u64,
    pub(crate) trouble: Option<String>,
}

impl Lane {
    /// An empty lane.
    pub(crate) fn new(element: Text, moved: Arc<Notify>) -> Self {
        Self {
            element,
            moved,
            state: Mutex::default(),
            room: Condvar::new(),
            filled: Notify::new(),
            ended: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a lane back: what waited in the snapshot, less what was delivered up to `mark`.
    pub(crate) fn restore(&self, saved: Option<SavedSink>, mark: OutputNo) {
        let mut state = self.state();
        state.unlimited = true;
        let waiting = saved.map(|it| it.waiting).unwrap_or_default();
        state.suppressed = mark;
        state.mark = state.suppressed;
        state.logged = state.suppressed;
        for output in waiting {
            if let Some(left) = output.above(state.suppressed) {
                state.rows += left.batch.len();
                state.waiting.push_back(left);
            }
        }
    }

    /// Replay is over: a mark beyond what it made is brought back to that.
    pub(crate) fn clamp(&self, made: OutputNo) {
        let mut state = self.state();
        state.unlimited = false;
        state.mark = state.mark.min(made);
        state.logged = state.logged.min(made);
        state.suppressed = state.suppressed.min(made);
    }

    /// Another node has confirmed all up to `mark`, and nothing above it.
    pub(crate) fn note_mark(&self, mark: OutputNo) {
        let mut state = self.state();
        (state.mark, state.logged, state.suppressed) = (mark, mark, mark);
        while state.waiting.front().is_some_and(|it| it.last() <= mark) {
            if let Some(done) = state.waiting.pop_front() {
                state.rows -= done.batch.len();
            }
        }
        if let Some(first) = state.waiting.pop_front() {
            let whole = first.batch.len();
            if let Some(left) = first.above(mark) {
                state.rows -= whole - left.batch.len();
                state.waiting.push_front(left);
            }
        }
    }

    /// Adds outputs, waiting while there is no room; false when the lane is closed.
    pub(crate) fn push(&self, output: Output) -> bool {
        let mut state = self.state();
        let Some(output) = output.above(state.suppressed) else { return !state.closed };
        while state.rows >= WAITING_ROWS_MAX && !state.unlimited && !state.closed {
            state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.closed {
            return false;
        }
        state.rows += output.batch.len();
        state.waiting.push_back(output);
        drop(state);
        self.filled.notify_one();
        true
    }

    /// The first outputs that wait, at most `rows_max` rows but at least one output; waits for
    /// them. `None` when the lane is closed.
    pub(crate) async fn front(&self, rows_max: usize) -> Option<Vec<Output>> {
        loop {
            let filled = self.filled.notified();
            {
                let state = self.state();
                if state.closed {
                    return None;
                }
                let mut rows = 0;
                let first: Vec<Output> = state
                    .waiting
                    .iter()
                    .take_while(|it| {
                        let fits = rows == 0 || rows + it.batch.len() <= rows_max;
                        rows += it.batch.len();
                        fits
                    })
                    .cloned()
                    .collect();
                if !first.is_empty() {
                    return Some(first);
                }
            }
            filled.await;
        }
    }

    /// All up to `through` is confirmed, or given up where `given_up` counts rows.
    pub(crate) fn confirm(&self, through: OutputNo, given_up: u64) {
        let mut state = self.state();
        let before = state.mark;
        state.mark = before.max(through);
        state.delivered += (state.mark.0 - before.0).saturating_sub(given_up);
        state.given_up += given_up;
        while state.waiting.front().is_some_and(|it| it.last() <= through) {
            if let Some(done) = state.waiting.pop_front() {
                state.rows -= done.batch.len();
            }
        }
        drop(state);
        self.room.notify_all();
        self.moved.notify_one();
    }

    /// What is in the way of the sink, for status; `None` when nothing is.
    pub(crate) fn trouble(&self, trouble: Option<String>) {
        self.state().trouble = trouble;
    }

    /// The mark, if the log does not have it yet; from now on it does.
    pub(crate) fn take_moved_mark(&self) -> Option<OutputNo> {
        let mut state = self.state();
        let moved = state.mark > state.logged;
        state.logged = state.logged.max(state.mark);
        moved.then_some(state.mark)
    }

    /// What a snapshot holds of the lane.
    pub(crate) fn save(&self) -> SavedSink {
        let state = self.state();
        SavedSink {
            element: self.element.clone(),
            mark: state.mark,
            waiting: state.waiting.iter().cloned().collect(),
        }
    }

    /// Takes any number of rows from now on: its node is about to hand over.
    pub(crate) fn lift_limit(&self) {
        self.state().unlimited = true;
        self.room.notify_all();
    }

    /// Whether the lane has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.state().closed
    }

    /// How many rows the log does not know to be confirmed.
    pub(crate) fn moved_by(&self) -> u64 {
        let state = self.state();
        state.mark.0.saturating_sub(state.logged.0)
    }

    /// Whether the log does not have the present mark yet.
    pub(crate) fn has_moved(&self) -> bool {
        let state = self.state();
        state.mark > state.logged
    }

    /// Whether everything that was pushed is confirmed.
    pub(crate) fn is_drained(&self) -> bool {
        self.state().waiting.is_empty()
    }

    /// Numbers for status.
    pub(crate) fn counts(&self) -> LaneCounts {
        let state = self.state();
        LaneCounts {
            mark: state.mark,
            waiting_rows: state.rows,
            delivered: state.delivered,
            given_up: state.given_up,
            trouble: state.trouble.clone(),
        }
    }

    /// Resolves once the lane is closed.
    pub(crate) async fn closed(&self) {
        loop {
            let ended = self.ended.notified();
            if self.state().closed {
                return;
            }
            ended.await;
        }
    }

    /// Ends the lane: nothing more goes in or out.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.room.notify_all();
        self.filled.notify_one();
        self.ended.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_event::{Attribute, Batch, BatchBuilder, DataType, Epoch, Value};

    fn batch(values: &[i32]) -> Batch {
        let mut rows =
            BatchBuilder::new(&[Attribute { name: "n".into(), data_type: DataType::Int }]);
        for value in values {
            rows.push_row(0, [Value::Int(*value)]);
        }
        rows.finish()
    }

    fn output(first: u64, values: &[i32]) -> Output {
        Output { epoch: Epoch(1), first: OutputNo(first), batch: batch(values) }
    }

    fn lane() -> Lane {
        Lane::new("Out.1".into(), Arc::new(Notify::new()))
    }

    #[tokio::test]
    async fn what_is_not_confirmed_stays_for_the_snapshot() {
        let lane = lane();
        assert!(lane.push(output(1, &[1, 2])));
        assert!(lane.push(output(3, &[3])));
        assert_eq!(lane.front(2).await.unwrap(), [output(1, &[1, 2])]);
        lane.confirm(OutputNo(2), 0);
        let saved = lane.save();
        assert_eq!((saved.mark, saved.waiting), (OutputNo(2), vec![output(3, &[3])]));
        assert_eq!(lane.take_moved_mark(), Some(OutputNo(2)));
        assert_eq!(lane.take_moved_mark(), None);
    }

    #[tokio::test]
    async fn a_replay_sends_only_what_is_above_the_mark() {
        let first = lane();
        first.push(output(1, &[1, 2, 3]));
        first.confirm(OutputNo(1), 0);
        let second = lane();
        second.restore(Some(first.save()), OutputNo(4));
        second.push(output(4, &[4, 5]));
        assert_eq!(second.front(100).await.unwrap(), [output(5, &[5])]);
    }

    #[tokio::test]
    async fn a_mark_beyond_the_replay_is_brought_back() {
        let lane = lane();
        lane.restore(None, OutputNo(9));
        lane.push(output(1, &[1]));
        lane.clamp(OutputNo(1));
        lane.push(output(2, &[2]));
        assert_eq!(lane.front(100).await.unwrap(), [output(2, &[2])]);
        assert_eq!(lane.counts().mark, OutputNo(1));
    }

    #[tokio::test]
    async fn a_replay_and_a_hand_over_do_not_wait_for_the_sink() {
        let lane = Arc::new(lane());
        let full: Vec<i32> = vec![0; WAITING_ROWS_MAX];
        lane.restore(None, OutputNo(0));
        assert!(lane.push(output(1, &full)));
        assert!(lane.push(output(20_001, &full)));
        lane.clamp(OutputNo(40_000));
        let pusher = Arc::clone(&lane);
        let pushing = tokio::task::spawn_blocking(move || pusher.push(output(40_001, &[1])));
        lane.lift_limit();
        assert!(pushing.await.unwrap());
        assert_eq!(lane.save().waiting.len(), 3);
    }

    #[tokio::test]
    async fn a_closed_lane_lets_go_of_both_ends() {
        let lane = Arc::new(lane());
        let pusher = Arc::clone(&lane);
        let full: Vec<i32> = vec![0; WAITING_ROWS_MAX];
        assert!(lane.push(output(1, &full)));
        let pushing = tokio::task::spawn_blocking(move || pusher.push(output(50_000, &[1])));
        lane.close();
        assert!(!pushing.await.unwrap());
        assert_eq!(lane.front(1).await, None);
    }
}
