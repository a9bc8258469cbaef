//! `@app:statistics`: what an app took, delivered and holds, told in the log every so often.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use weir_event::Text;
use weir_plan::StatisticsPlan;

use super::app::Progress;
use super::feed::SourceView;
use super::lane::Lane;

/// The reporter that writes to the log.
const CONSOLE: &str = "console";

fn includes(statistics: &StatisticsPlan, metric: &str) -> bool {
    statistics.include.iter().any(|pattern| matches(pattern, metric))
}

/// Whether a name is what a pattern says, in which `*` stands for anything, also for nothing.
/// A name counts from any of its dots on: `*.*` and `Sources.*` are what users write.
fn matches(pattern: &str, name: &str) -> bool {
    let starts = std::iter::once(0).chain(name.match_indices('.').map(|(at, _)| at + 1));
    starts.into_iter().filter_map(|at| name.get(at..)).any(|it| matches_whole(pattern, it))
}

fn matches_whole(pattern: &str, name: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern == name };
    let Some(rest) = name.strip_prefix(before) else { return false };
    let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    ends.into_iter().filter_map(|at| rest.get(at..)).any(|it| matches_whole(after, it))
}

/// What the statistics of an app are made of.
pub(crate) struct Counted {
    pub(crate) app: Text,
    pub(crate) sources: Vec<(Text, Arc<SourceView>)>,
    pub(crate) lanes: Vec<Arc<Lane>>,
    pub(crate) progress: watch::Receiver<Progress>,
}

/// Tells them until it is dropped.
pub(crate) async fn run(statistics: StatisticsPlan, counted: Counted) {
    for option in &statistics.unknown {
        tracing::warn!(app = %counted.app, "`@app:statistics` has no option `{option}`");
    }
    if statistics.reporter.as_deref() != Some(CONSOLE) {
        // What other reporters would show is at `GET /metrics` all the time.
        return std::future::pending().await;
    }
    let mut beats = tokio::time::interval(Duration::from_secs(statistics.interval_s));
    beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    beats.tick().await;
    let mut before = counted.totals();
    let mut since = tokio::time::Instant::now();
    loop {
        beats.tick().await;
        let (now, totals) = (tokio::time::Instant::now(), counted.totals());
        let told = counted.told(&statistics, (&before, &totals), now - since);
        tracing::info!("{told}");
        (before, since) = (totals, now);
    }
}

impl Counted {
    /// Events that each source brought, each sink delivered, and the app executed, by metric.
    fn totals(&self) -> BTreeMap<String, u64> {
        let mut totals = BTreeMap::new();
        for (element, view) in &self.sources {
            totals.insert(format!("Sources.{element}.throughput"), view.taken());
        }
        for lane in &self.lanes {
            let name = format!("Sinks.{}.throughput", lane.element);
            totals.insert(name, lane.counts().delivered);
        }
        let progress = self.progress.borrow();
        totals.insert("Streams.throughput".to_owned(), progress.events);
        totals
    }

    fn told(
        &self,
        statistics: &StatisticsPlan,
        (before, totals): (&BTreeMap<String, u64>, &BTreeMap<String, u64>),
        passed: Duration,
    ) -> String {
        let prefix = format!("io.siddhi.SiddhiApps.{}.Siddhi.", self.app);
        let mut lines = Vec::new();
        for (metric, total) in totals {
            let new = total.saturating_sub(before.get(metric).copied().unwrap_or_default());
            let rate = new as f64 / passed.as_secs_f64();
            lines
                .push((format!("{prefix}{metric}"), format!("{total} events, {rate:.1} a second")));
        }
        let (held, busy) = {
            let progress = self.progress.borrow();
            (progress.held_bytes, progress.busy)
        };
        lines.push((format!("{prefix}memory"), format!("{held} bytes of state")));
        lines.push((format!("{prefix}busy"), format!("{:.3} s executing", busy.as_secs_f64())));
        lines.retain(|(metric, _)| includes(statistics, metric));
        let width = lines.iter().map(|(metric, _)| metric.len()).max().unwrap_or_default();
        let mut told = format!(
            "statistics of Siddhi App {}, the last {:.0} s",
            self.app,
            passed.as_secs_f64()
        );
        for (metric, value) in lines {
            // Writing to a text does not fail.
            let _written = write!(told, "\n  {metric:width$}  {value}");
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use weir_event::OutputNo;

    use super::*;

    #[test]
    fn a_star_stands_for_anything_from_a_dot_on() {
        let name = "io.siddhi.SiddhiApps.A.Siddhi.Sources.In.1.throughput";
        for pattern in ["*", "*.*", "Sources.*", "Sources.In.1.throughput", "*throughput"] {
            assert!(matches(pattern, name), "{pattern}");
        }
        for pattern in ["", "Sources", "Sinks.*", "*.latency", "ources.*"] {
            assert!(!matches(pattern, name), "{pattern}");
        }
    }

    #[test]
    fn what_is_told_is_what_came_since() {
        let progress = Progress { events: 30, held_bytes: 4_096, ..Progress::default() };
        let lane = Arc::new(Lane::new("Out.1".into(), Arc::default()));
        lane.note_mark(OutputNo(3));
        let counted = Counted {
            app: "A".into(),
            sources: Vec::new(),
            lanes: vec![lane],
            progress: watch::channel(progress).1,
        };
        let before = BTreeMap::from([("Streams.throughput".to_owned(), 10)]);
        let all = StatisticsPlan {
            reporter: Some(CONSOLE.to_owned()),
            interval_s: 5,
            include: vec!["Streams.*".to_owned(), "*.memory".to_owned()],
            unknown: Vec::new(),
        };
        let told = counted.told(&all, (&before, &counted.totals()), Duration::from_secs(5));
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(
            lines,
            [
                "statistics of Siddhi App A, the last 5 s",
                "  io.siddhi.SiddhiApps.A.Siddhi.Streams.throughput  30 events, 4.0 a second",
                "  io.siddhi.SiddhiApps.A.Siddhi.memory              4096 bytes of state",
            ]
        );
    }
}
