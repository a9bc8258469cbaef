//! What the demo found: the table, the same as JSON, and whether all is as promised.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::flights::{DEPARTED, Flights};
use super::pair::Story;
use super::table::{Table, percentile, seconds};
use super::tally::Tally;

/// What may be repeated of one sink after one kill: what leaves it before its mark does.
const IN_FLIGHT_MAX: u64 = 1_000;

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
    /// After a kill of the active, sorted.
    one: Vec<Duration>,
    /// After a kill of both, sorted.
    both: Vec<Duration>,
}

impl Verdict {
    pub(super) fn of(flights: &Flights, story: &Story, alone: &Tally) -> Self {
        let kills: Vec<_> = story.kills.iter().map(|it| it.at).collect();
        let pair = Tally::of(&story.received, &kills);
        let acknowledged = (0..story.requests).flat_map(|nth| flights.departures(nth));
        let (lost, doubled) = pair.lost_and_doubled(DEPARTED, acknowledged);
        let times = |both: bool| {
            let gaps = story.without_service();
            let mut times: Vec<_> =
                gaps.iter().filter(|it| it.0.both == both).map(|it| it.1).collect();
            times.sort();
            times
        };
        Self {
            events: flights.events(story.requests),
            requests: story.requests as u64,
            resent: story.resent,
            differing: pair.differing(alone),
            pair,
            lost,
            doubled,
            two_active: story.actives.two,
            looks: story.actives.looks,
            one: times(false),
            both: times(true),
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
                pair.repeated_max.saturating_sub(IN_FLIGHT_MAX),
                "outputs more than were in flight \
              came again after one kill",
            ),
            (self.two_active, "times two nodes were active at once"),
            (pair.interleaved, "messages came from a node after its successor's"),
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
        table.gap();
        table.count("kills of the active", self.one.len() as u64);
        if !self.both.is_empty() {
            table.count("kills of both nodes", self.both.len() as u64);
        }
        table.gap();
        table.count("outputs", self.pair.outputs());
        table.count("lost", self.lost + self.pair.holes());
        table.count("repeated, as they came", self.pair.repeated);
        table.count("repeated, after dropping by id", self.doubled + self.pair.repeated_by_id);
        let same = if self.differing == 0 { "equal".to_owned() } else { "DIFFERENT".to_owned() };
        table.row("beside an undisturbed node", same);
        let two = if self.two_active == 0 { "never" } else { "YES" };
        table.row(&format!("two active at once, in {} looks", self.looks), two.to_owned());
        table.gap();
        without_service(&mut table, "time without service", &self.one);
        without_service(&mut table, "time without service, both killed", &self.both);
        table.text()
    }

    /// The same as one JSON object.
    pub(super) fn json(&self) -> Json {
        let ms = |times: &[Duration]| -> Vec<u64> {
            times.iter().map(|it| u64::try_from(it.as_millis()).unwrap_or(u64::MAX)).collect()
        };
        json!({
            "events": self.events,
            "acknowledged": self.events,
            "requests": self.requests,
            "requests_sent_again": self.resent,
            "kills_of_active": self.one.len(),
            "kills_of_both": self.both.len(),
            "outputs": self.pair.outputs(),
            "lost": self.lost + self.pair.holes(),
            "repeated": self.pair.repeated,
            "repeated_of_a_sink_after_a_kill_max": self.pair.repeated_max,
            "repeated_by_id": self.doubled + self.pair.repeated_by_id,
            "differing": self.differing,
            "two_active": self.two_active,
            "looks": self.looks,
            "without_service_ms": ms(&self.one),
            "without_service_both_ms": ms(&self.both),
            "broken": self.broken(),
        })
    }
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
