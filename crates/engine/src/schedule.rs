//! What happens by the entries' time, under playback too: triggers and the moments of cron windows.

use weir_event::{BatchBuilder, Chunk, Key, Value};
use weir_operators::cron::Cron;
use weir_plan::TriggerTime;

use crate::app::App;
use crate::outputs::Outputs;
use crate::timer::Target;

impl App {
    /// Triggers, cron windows and rate limits get going.
    pub(crate) fn start_schedules(&mut self, out: &mut dyn Outputs) {
        for at in 0..self.plan.triggers.len() {
            let due = match self.plan.triggers[at].at {
                TriggerTime::Start => {
                    self.trigger(at, out);
                    continue;
                }
                TriggerTime::EveryMs(every) => Some(self.wall.saturating_add(every.max(1))),
                TriggerTime::Cron(_) => first(self.trigger_crons[at].as_ref(), self.wall),
            };
            self.ask_wall(due, Target::Trigger(at as u32));
        }
        for at in 0..self.windows.len() {
            let due = first(self.windows[at].window.cron(), self.wall);
            self.ask_wall(due, Target::Window(at as u32));
        }
        for query in 0..self.queries.len() {
            for part in 0..2 {
                let due = first(self.queries[query].cron(part), self.wall);
                self.ask_wall(due, Target::Query(query as u32, part));
            }
            if self.plan.queries[query].partition.is_none() {
                self.start_key(query, Key(0));
            }
        }
    }

    fn ask_wall(&mut self, due: Option<i64>, target: Target) {
        if let Some(due) = due {
            self.wall_timers.ask(due, target, Key(0));
        }
    }

    /// A moment of the entries' time came: the next one of the same schedule is asked for.
    pub(crate) fn ask_again(&mut self, target: Target, due: i64) {
        let cron = match target {
            Target::Query(query, part) => self.queries[query as usize].cron(part),
            Target::Window(window) => self.windows[window as usize].window.cron(),
            Target::Trigger(trigger) => match self.plan.triggers[trigger as usize].at {
                TriggerTime::EveryMs(every) => {
                    return self.ask_wall(Some(due.saturating_add(every.max(1))), target);
                }
                TriggerTime::Cron(_) => self.trigger_crons[trigger as usize].as_ref(),
                TriggerTime::Start => None,
            },
            Target::Rate(_) | Target::Purge(_) | Target::Retention(_) | Target::Idle => None,
        };
        let next = cron.and_then(|cron| cron.next_after(due));
        self.ask_wall(next, target);
    }

    /// A trigger sends its event.
    pub(crate) fn trigger(&mut self, at: usize, out: &mut dyn Outputs) {
        let stream = self.plan.triggers[at].stream;
        let now = self.clock;
        let mut builder = BatchBuilder::new(&self.plan.streams[stream.index()].schema);
        builder.push_row(now, [Value::Long(now)]);
        self.feed(stream, &builder.finish(), 0, &[Chunk { end: 1, now, key: Key(0) }], out);
    }
}

/// When a schedule that starts at `time` is due first: the second that runs counts, at once.
fn first(cron: Option<&Cron>, time: i64) -> Option<i64> {
    Some(cron?.first_for(time)?.max(time))
}
