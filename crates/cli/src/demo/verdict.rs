//! What the demo found: the table, the same as JSON, and whether all is as promised.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::flights::{DEPARTED, Flights};
use super::harm::{Blow, Kind};
use super::pair::Story;
use super::table::{Table, percentile, seconds};
use super::tally::{Break, Tally, UNMARKED_MAX, digest};

/// Within what time a node logs that outputs were delivered: 10 ms, and what a busy machine adds.
const MARKS_WITHIN: Duration = Duration::from_millis(60);

/// The pair's run beside that of the undisturbed node.
pub(super) struct Verdict {
    events: u64,
    requests: u64,
    resent: u64,
    pair: Tally,
    differing: u64,
    /// Acknowledged events that did not come out.
    lost: u64,
    /// Events that were counted more than once.
    doubled: u64,
    two_active: u64,
    looks: u64,
    /// By what was done: the times without service, sorted.
    gaps: BTreeMap<Kind, Vec<Duration>>,
    /// How long acknowledgements took, sorted.
    acks: Vec<Duration>,
    /// Events a second, in the median second.
    pace: u64,
    /// How large the app's last snapshot was.
    state_bytes: u64,
    /// Messages of a stopped node that were begun before it stopped.
    begun_max: u64,
}

impl Verdict {
    pub(super) fn of(flights: &Flights, story: &Story, alone: &Tally) -> Self {
        let pair = Tally::of(&story.received, &breaks(story));
        let acknowledged = (0..story.requests).flat_map(|nth| flights.departures(nth));
        let acknowledged = acknowledged.map(|it| digest(&it));
        let (lost, doubled) = pair.lost_and_doubled(DEPARTED, acknowledged);
        let mut gaps: BTreeMap<Kind, Vec<Duration>> = BTreeMap::new();
        for (kind, gap) in story.without_service() {
            gaps.entry(kind).or_default().push(gap);
        }
        gaps.values_mut().for_each(|it| it.sort());
        let mut acks: Vec<_> = story.acknowledged.iter().map(|it| it.took).collect();
        acks.sort();
        let stops = gaps.get(&Kind::Stop).map_or(0, Vec::len) as u64;
        Self {
            events: flights.events(story.requests),
            requests: story.requests as u64,
            resent: story.resent,
            differing: pair.differing(alone),
            // A write that was begun may come out: of each sink one.
            begun_max: stops * pair.sinks.len() as u64,
            pair,
            lost,
            doubled,
            two_active: story.actives.two,
            looks: story.actives.looks,
            gaps,
            acks,
            pace: pace(flights, story),
            state_bytes: story.state_bytes,
        }
    }

    /// What is not as promised, a sentence each.
    pub(super) fn broken(&self) -> Vec<String> {
        let pair = &self.pair;
        let holes = pair.holes();
        let rules = [
            (self.lost, "acknowledged events are in no output"),
            (holes, "outputs never came"),
            (self.doubled + pair.repeated_by_id, "outputs came again under another id"),
            (pair.changed, "outputs came again with another content"),
            (self.differing, "outputs are not those of an undisturbed node"),
            (
                pair.repeated_max.saturating_sub(UNMARKED_MAX),
                "outputs more than may be in flight came again of a sink at once",
            ),
            (self.two_active, "times two nodes were active at once"),
            (
                pair.interleaved.saturating_sub(self.begun_max),
                "messages came from a node after its successor's",
            ),
            (pair.epochs_back, "outputs have an epoch below that of one before them"),
            (pair.unreadable, "messages have no id"),
        ];
        let broken = rules.iter().filter(|(count, _)| *count > 0);
        broken.map(|(count, what)| format!("{count} {what}")).collect()
    }

    /// The table.
    pub(super) fn table(&self) -> String {
        let mut table = Table::default();
        table.count("events sent", self.events);
        // The client goes on only once a request was acknowledged.
        table.count("events acknowledged", self.events);
        table.count("requests", self.requests);
        table.count("requests sent again by the client", self.resent);
        table.count("events a second, median", self.pace);
        for (percent, what) in [(50, "p50"), (99, "p99")] {
            let took = seconds(percentile(&self.acks, percent));
            table.row(&format!("acknowledged after, {what}"), took);
        }
        table.count("last snapshot, bytes", self.state_bytes);
        table.gap();
        for (kind, gaps) in &self.gaps {
            table.count(kind.plural(), gaps.len() as u64);
        }
        table.gap();
        table.count("outputs", self.pair.outputs());
        table.count("lost", self.lost + self.pair.holes());
        table.count("repeated, as they came", self.pair.repeated);
        table.count("  of one sink at once, at most", self.pair.repeated_max);
        table.count("  in flight there, at most", self.pair.in_flight_max);
        table.count("repeated, after dropping by id", self.doubled + self.pair.repeated_by_id);
        let same = if self.differing == 0 { "equal".to_owned() } else { "DIFFERENT".to_owned() };
        table.row("beside an undisturbed node", same);
        let two = if self.two_active == 0 { "never" } else { "YES" };
        table.row(&format!("two active at once, in {} looks", self.looks), two.to_owned());
        table.gap();
        for (kind, gaps) in &self.gaps {
            without_service(&mut table, kind.without_service(), gaps);
        }
        table.text()
    }

    /// The same as one JSON object.
    pub(super) fn json(&self) -> Json {
        let ms = |times: &[Duration]| -> Vec<u64> {
            times.iter().map(|it| u64::try_from(it.as_millis()).unwrap_or(u64::MAX)).collect()
        };
        let mut json = json!({
            "events": self.events,
            "acknowledged": self.events,
            "requests": self.requests,
            "requests_sent_again": self.resent,
            "snapshot_bytes": self.state_bytes,
            "events_a_second": self.pace,
            "acknowledged_p50_ms": percentile(&self.acks, 50).as_secs_f64() * 1e3,
            "acknowledged_p99_ms": percentile(&self.acks, 99).as_secs_f64() * 1e3,
            "outputs": self.pair.outputs(),
            "lost": self.lost + self.pair.holes(),
            "repeated": self.pair.repeated,
            "repeated_of_a_sink_at_once_max": self.pair.repeated_max,
            "repeated_beyond_in_flight": self.pair.repeated_beyond,
            "in_flight_of_a_sink_max": self.pair.in_flight_max,
            "repeated_by_id": self.doubled + self.pair.repeated_by_id,
            "differing": self.differing,
            "two_active": self.two_active,
            "looks": self.looks,
            "broken": self.broken(),
        });
        for kind in Kind::ALL {
            let gaps = self.gaps.get(&kind).map_or(&[][..], Vec::as_slice);
            let (times, without) = kind.keys();
            json[times] = gaps.len().into();
            json[without] = ms(gaps).into();
        }
        json
    }
}

/// The disturbances, each with how long before it a delivered output may not have been noted: the
/// mark is due, and the log takes it as long as it took requests.
fn breaks(story: &Story) -> Vec<Break> {
    let slowest = |blow: &Blow| {
        let until = story.acknowledged.partition_point(|it| it.at < blow.at);
        let before = story.acknowledged.iter().take(until).rev();
        let calm = before.take_while(|it| it.at - it.took >= blow.calm);
        calm.map(|it| it.took).max().unwrap_or_default()
    };
    let of = |it: &Blow| Break { at: it.at, unmarked: MARKS_WITHIN + slowest(it) * 2 };
    story.blows.iter().map(of).collect()
}

/// How many events were acknowledged in the median second.
fn pace(flights: &Flights, story: &Story) -> u64 {
    let Some(first) = story.acknowledged.first().map(|it| it.at) else { return 0 };
    let mut seconds: BTreeMap<u64, u64> = BTreeMap::new();
    for (nth, acked) in story.acknowledged.iter().enumerate() {
        *seconds.entry((acked.at - first).as_secs()).or_default() += flights.request_events(nth);
    }
    let mut counts: Vec<u64> = seconds.into_values().collect();
    counts.sort_unstable();
    counts.get(counts.len() / 2).copied().unwrap_or(0)
}

fn without_service(table: &mut Table, name: &str, sorted: &[Duration]) {
    match sorted {
        [] => {}
        [one] => table.row(name, seconds(*one)),
        _ => {
            for (percent, what) in [(50, "p50"), (90, "p90"), (100, "max")] {
                table.row(&format!("{name}, {what}"), seconds(percentile(sorted, percent)));
            }
        }
    }
}
