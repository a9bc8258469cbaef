//! Counts what came out: once, twice, not at all, and in which order.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

/// A message that the demo received from a sink.
#[derive(Debug, Clone)]
pub(super) struct Received {
    /// The path it was posted to: one a sink.
    pub(super) path: String,
    /// The public id of its first output.
    pub(super) id: String,
    /// What each of its outputs says.
    pub(super) rows: Vec<u64>,
    /// The connection it came by; a later one has a higher number.
    pub(super) connection: u64,
    pub(super) at: Instant,
}

/// A public id taken apart: `EPOCH-APP-SINK-NUMBER`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Id {
    epoch: u64,
    number: u64,
}

impl Id {
    fn of(text: &str) -> Option<Self> {
        let (epoch, rest) = text.split_once('-')?;
        let (_, number) = rest.rsplit_once('-')?;
        Some(Self { epoch: epoch.parse().ok()?, number: number.parse().ok()? })
    }
}

/// A sink goes on only when no more outputs than these are not logged as delivered.
pub(super) const UNMARKED_MAX: u64 = 1_000;
/// What left a node before it was struck has come this long after.
const LEAVING: Duration = Duration::from_millis(100);

/// What came out of one sink, by number.
pub(super) type Rows = BTreeMap<u64, u64>;

/// What an output says, for comparing: a long run has too many to keep them as they came.
pub(super) fn digest(json: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    json.hash(&mut hasher);
    hasher.finish()
}

/// A disturbance, as far as outputs may come again after it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Break {
    pub(super) at: Instant,
    /// What came so shortly before it may not have reached the log as delivered.
    pub(super) unmarked: Duration,
}

/// What came out of a run, each output once.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// By the path of the sink.
    pub(super) sinks: BTreeMap<String, Rows>,
    /// Outputs that came again, before dropping by id.
    pub(super) repeated: u64,
    /// The most of them that one sink gave after one disturbance.
    pub(super) repeated_max: u64,
    /// The most outputs that one sink had in flight at a disturbance.
    pub(super) in_flight_max: u64,
    /// Outputs that came again although they came sooner than those reckoned to be in flight: a
    /// node that lacks the time marks them later than that.
    pub(super) repeated_beyond: u64,
    /// Outputs that came again in messages of a new id.
    pub(super) repeated_by_id: u64,
    /// Outputs that came again with another content.
    pub(super) changed: u64,
    /// Messages whose id nobody can read.
    pub(super) unreadable: u64,
    /// Messages that came from a node after another had begun to send for the same sink.
    pub(super) interleaved: u64,
    /// Messages whose epoch is lower than that of one with a lower number.
    pub(super) epochs_back: u64,
}

impl Tally {
    /// Counts messages in the order in which they came.
    pub(super) fn of(received: &[Received], breaks: &[Break]) -> Self {
        let mut tally = Self::default();
        let mut ids = BTreeSet::new();
        let mut newest: BTreeMap<&str, u64> = BTreeMap::new();
        let mut epochs: BTreeMap<&str, BTreeMap<u64, u64>> = BTreeMap::new();
        // By sink and disturbance.
        let mut again: BTreeMap<(&str, usize), u64> = BTreeMap::new();
        let mut flying: BTreeMap<(&str, usize), u64> = BTreeMap::new();
        for message in received {
            let Some(id) = Id::of(&message.id) else {
                tally.unreadable += 1;
                continue;
            };
            let connection = newest.entry(&message.path).or_default();
            tally.interleaved += u64::from(message.connection < *connection);
            *connection = message.connection.max(*connection);
            epochs.entry(&message.path).or_default().insert(id.number, id.epoch);
            let repeated = tally.rows(message, id, ids.insert(message.id.as_str()));
            let nth = breaks.iter().filter(|it| it.at <= message.at).count();
            let count = message.rows.len() as u64;
            *again.entry((&message.path, nth)).or_default() += repeated;
            // The last one before it, and the first one after it.
            for (nth, it) in (1..).zip(breaks).skip(nth.saturating_sub(1)).take(2) {
                if message.at + it.unmarked >= it.at && message.at <= it.at + LEAVING {
                    *flying.entry((&message.path, nth)).or_default() += count - repeated;
                }
            }
        }
        tally.repeated_max = again.values().copied().max().unwrap_or(0);
        flying.values_mut().for_each(|it| *it = (*it).min(UNMARKED_MAX));
        tally.in_flight_max = flying.values().copied().max().unwrap_or(0);
        let beyond = |(place, count): (&(&str, usize), &u64)| {
            count.saturating_sub(flying.get(place).copied().unwrap_or(0))
        };
        tally.repeated_beyond = again.iter().map(beyond).sum();
        tally.epochs_back = epochs.values().map(falls).sum();
        tally
    }

    /// Takes the rows of a message; how many of them had come before.
    fn rows(&mut self, message: &Received, id: Id, new_id: bool) -> u64 {
        let rows = self.sinks.entry(message.path.clone()).or_default();
        let mut repeated = 0;
        for (number, row) in (id.number..).zip(&message.rows) {
            match rows.get(&number) {
                None => {
                    rows.insert(number, *row);
                }
                Some(known) => {
                    repeated += 1;
                    self.changed += u64::from(known != row);
                }
            }
        }
        self.repeated += repeated;
        self.repeated_by_id += if new_id { repeated } else { 0 };
        repeated
    }

    /// How many outputs there are, each counted once.
    pub(super) fn outputs(&self) -> u64 {
        self.sinks.values().map(|it| it.len() as u64).sum()
    }

    /// Numbers below the highest of each sink that never came.
    pub(super) fn holes(&self) -> u64 {
        let holes = |rows: &Rows| rows.keys().next_back().map_or(0, |it| it - rows.len() as u64);
        self.sinks.values().map(holes).sum()
    }

    /// How many outputs are not the same in both, in content or in order.
    pub(super) fn differing(&self, other: &Self) -> u64 {
        let none = Rows::new();
        let paths: BTreeSet<&String> = self.sinks.keys().chain(other.sinks.keys()).collect();
        let mut differing = 0;
        for path in paths {
            let ours = self.sinks.get(path).unwrap_or(&none);
            let theirs = other.sinks.get(path).unwrap_or(&none);
            let numbers: BTreeSet<&u64> = ours.keys().chain(theirs.keys()).collect();
            differing += numbers.iter().filter(|it| ours.get(**it) != theirs.get(**it)).count();
        }
        differing as u64
    }

    /// Of the events that were acknowledged: how many did not come out of the sink, and how many
    /// came out more often than they were sent.
    pub(super) fn lost_and_doubled(
        &self,
        path: &str,
        acknowledged: impl Iterator<Item = u64>,
    ) -> (u64, u64) {
        let mut balance: BTreeMap<u64, i64> = BTreeMap::new();
        for event in acknowledged {
            *balance.entry(event).or_default() += 1;
        }
        for row in self.sinks.get(path).into_iter().flat_map(Rows::values) {
            *balance.entry(*row).or_default() -= 1;
        }
        let over = |sign: i64| balance.values().map(|it| (it * sign).max(0).unsigned_abs()).sum();
        (over(1), over(-1))
    }
}

/// How often the epoch falls while the number rises.
fn falls(epochs: &BTreeMap<u64, u64>) -> u64 {
    let pairs = epochs.values().zip(epochs.values().skip(1));
    pairs.filter(|(before, after)| after < before).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(connection: u64, id: &str, rows: &[&str]) -> Received {
        Received {
            path: "/a".into(),
            id: id.into(),
            rows: rows.iter().map(|it| digest(it)).collect(),
            connection,
            at: Instant::now(),
        }
    }

    #[test]
    fn what_came_twice_is_counted_and_dropped_by_its_id() {
        let received = [
            message(1, "1-My-App-A.1-1", &["x", "y"]),
            message(1, "1-My-App-A.1-3", &["z"]),
            message(2, "1-My-App-A.1-3", &["z"]),
            message(2, "2-My-App-A.1-4", &["v"]),
        ];
        let end = Break { at: received[1].at, unmarked: Duration::from_secs(9) };
        let tally = Tally::of(&received, &[end]);
        assert_eq!((tally.outputs(), tally.repeated, tally.repeated_max), (4, 1, 1));
        assert_eq!((tally.in_flight_max, tally.repeated_beyond), (4, 0));
        assert_eq!((tally.repeated_by_id, tally.changed, tally.holes()), (0, 0, 0));
        assert_eq!((tally.interleaved, tally.epochs_back, tally.unreadable), (0, 0, 0));
    }

    #[test]
    fn what_may_not_be_is_seen() {
        let received = [
            message(2, "2-A-A.1-1", &["x"]),
            message(1, "1-A-A.1-2", &["y"]),
            message(2, "2-A-A.1-2", &["w"]),
            message(2, "2-A-A.1-5", &["v"]),
            message(2, "nonsense", &[]),
        ];
        let tally = Tally::of(&received, &[]);
        assert_eq!((tally.interleaved, tally.unreadable), (1, 1));
        assert_eq!((tally.repeated_by_id, tally.changed, tally.holes()), (1, 1, 2));
        let other = Tally::of(&received[..1], &[]);
        assert_eq!((tally.differing(&other), tally.differing(&tally)), (2, 0));
        let back = Tally::of(&[received[0].clone(), received[1].clone()], &[]);
        assert_eq!(back.epochs_back, 1);
    }

    #[test]
    fn events_are_lost_or_doubled_one_by_one() {
        let tally = Tally::of(&[message(1, "1-A-A.1-1", &["x", "x", "y"])], &[]);
        let sent = ["x", "y", "y", "z"].map(digest);
        assert_eq!(tally.lost_and_doubled("/a", sent.into_iter()), (2, 1));
    }
}
