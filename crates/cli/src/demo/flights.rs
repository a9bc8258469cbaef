//! The flights of New York as requests: what is fed, in order, the same in every run.

use std::fmt::Write as _;

/// The app that is fed, as it stands in the examples.
pub(super) const APP: &str = include_str!("../../../../examples/flights/flights.siddhi");

const AIRLINES: &str = include_str!("../../../../examples/flights/airlines.csv");
const DEPARTURES: &str = include_str!("../../../../examples/flights/departures.csv");

/// Where the app sends each departure once more.
pub(super) const DEPARTED: &str = "/departed";

const DAY_MS: i64 = 86_400_000;

/// One request of the client.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) path: &'static str,
    /// Names the request, so that it is taken once however often it is sent.
    pub(super) key: String,
    pub(super) body: String,
    pub(super) events: u64,
}

/// The month of departures, again and again: each round is later by as many days as it has.
pub(super) struct Flights {
    departures: Vec<Departure>,
    array: usize,
    round_ms: i64,
}

struct Departure {
    at: i64,
    /// The event's attributes after `at`, as JSON.
    rest: String,
}

impl Flights {
    /// The flights, so many in a request.
    pub(super) fn in_arrays_of(array: usize) -> anyhow::Result<Self> {
        let departures: Vec<Departure> =
            DEPARTURES.lines().skip(1).map(departure).collect::<anyhow::Result<_>>()?;
        let span = match (departures.first(), departures.last()) {
            (Some(first), Some(last)) => last.at - first.at,
            _ => anyhow::bail!("the data holds no departure"),
        };
        let round_ms = (span / DAY_MS + 1) * DAY_MS;
        Ok(Self { departures, array, round_ms })
    }

    /// How many requests one round has, that with the airlines apart.
    pub(super) fn round(&self) -> usize {
        self.departures.len().div_ceil(self.array)
    }

    /// How many events the first `requests` requests have.
    pub(super) fn events(&self, requests: usize) -> u64 {
        (0..requests).map(|nth| self.request_events(nth)).sum()
    }

    pub(super) fn request_events(&self, nth: usize) -> u64 {
        match nth.checked_sub(1) {
            None => AIRLINES.lines().skip(1).count() as u64,
            Some(nth) => self.rows(nth).1.len() as u64,
        }
    }

    /// Request number `nth`: the airlines first, then departures.
    pub(super) fn request(&self, nth: usize) -> Request {
        let (path, events) = match nth.checked_sub(1) {
            None => ("/airlines", AIRLINES.lines().skip(1).map(airline).collect()),
            Some(nth) => ("/departures", self.departed(nth)),
        };
        let body = format!("[{}]", events.join(","));
        Request { path, key: format!("demo-{nth}"), body, events: events.len() as u64 }
    }

    /// The departures of request number `nth`, as they come out of `/departed` again.
    pub(super) fn departures(&self, nth: usize) -> Vec<String> {
        nth.checked_sub(1).map_or_else(Vec::new, |nth| self.departed(nth))
    }

    fn departed(&self, nth: usize) -> Vec<String> {
        let (later_ms, rows) = self.rows(nth);
        let event = |it: &Departure| {
            let at = it.at + later_ms;
            format!("{{\"event\":{{\"at\":{at},{}}}}}", it.rest)
        };
        rows.iter().map(event).collect()
    }

    /// The departures of an array, and how much later than in the data they are.
    fn rows(&self, array: usize) -> (i64, &[Departure]) {
        let (round, nth) = (array / self.round(), array % self.round());
        let start = nth * self.array;
        let end = (start + self.array).min(self.departures.len());
        let later_ms = self.round_ms * i64::try_from(round).unwrap_or(0);
        (later_ms, self.departures.get(start..end).unwrap_or_default())
    }
}

fn airline(line: &str) -> String {
    let (carrier, name) = line.split_once(',').unwrap_or((line, ""));
    serde_json::json!({"event": {"carrier": carrier, "name": name}}).to_string()
}

fn departure(line: &str) -> anyhow::Result<Departure> {
    const NAMES: [&str; 7] =
        ["carrier", "flight", "tailnum", "origin", "dest", "dep_delay", "distance"];
    let mut values = line.split(',');
    let at = values.next().unwrap_or_default().parse()?;
    let mut rest = String::new();
    for (name, value) in NAMES.iter().zip(values) {
        let comma = if rest.is_empty() { "" } else { "," };
        match *name {
            "flight" | "dep_delay" | "distance" => write!(rest, "{comma}\"{name}\":{value}")?,
            _ => write!(rest, "{comma}\"{name}\":\"{value}\"")?,
        }
    }
    Ok(Departure { at, rest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_holds_every_departure_once_and_the_next_is_later() {
        let flights = Flights::in_arrays_of(20).unwrap();
        assert_eq!(flights.events(1 + flights.round()), 16 + 26_483);
        let first = flights.request(1);
        let again = flights.request(1 + flights.round());
        assert_eq!((first.path, first.events, again.events), ("/departures", 20, 20));
        assert_ne!(first.key, again.key);
        assert!(first.body.starts_with(
            r#"[{"event":{"at":1357035420000,"carrier":"UA","flight":1545,"tailnum":"N14228","#
        ));
        assert!(again.body.starts_with(r#"[{"event":{"at":1359713820000,"carrier":"UA""#));
        assert_eq!(flights.request(flights.round()).events, 26_483 % 20);
    }

    #[test]
    fn airlines_come_first() {
        let flights = Flights::in_arrays_of(1).unwrap();
        let airlines = flights.request(0);
        assert_eq!((airlines.path, airlines.events), ("/airlines", 16));
        assert!(serde_json::from_str::<serde_json::Value>(&airlines.body).is_ok());
        assert!(flights.departures(0).is_empty());
        assert_eq!(flights.departures(1).len(), 1);
    }
}
