//! The examples' real data, replayed: what comes out must be what the reference answered.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::judge;
use crate::steps::Outcome;

const FLIGHTS: &str = "examples/flights";

/// Where the scenario's clock starts. The app goes by event time alone, so any time will do.
const START_MS: i64 = 1_600_000_000_000;

/// How many rows that differ are shown for a stream.
const SHOWN_MAX: usize = 3;

/// Rows of each stream, in order.
type Answers = BTreeMap<String, Vec<Value>>;

/// Replays the flights on `weir` and compares with `answers.jsonl`.
///
/// # Errors
///
/// A file of the example cannot be read, or `weir` printed another shape.
pub(crate) fn step(root: &Path) -> Result<Outcome> {
    let folder = root.join(FLIGHTS);
    let expected = answers(&read(&folder.join("answers.jsonl"))?)?;
    let Some(weir) = judge::weir(root)? else { return Ok(Outcome::Failed) };
    let scenario = weir.with_file_name("flights-scenario.json");
    let streams: Vec<&str> = expected.keys().map(String::as_str).collect();
    fs::write(&scenario, flights_scenario(&folder, &streams)?.to_string())
        .with_context(|| format!("could not write `{}`", scenario.display()))?;
    let output = Command::new(&weir)
        .arg("replay")
        .arg(&scenario)
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("could not start `{}`", weir.display()))?;
    if !output.status.success() {
        println!("examples: `weir replay` of the flights failed ({})", output.status);
        return Ok(Outcome::Failed);
    }
    let printed = serde_json::from_slice(&output.stdout)
        .context("`weir replay` of the flights printed no JSON")?;
    Ok(if same(&expected, &received(&printed, &streams)?) {
        Outcome::Passed
    } else {
        Outcome::Failed
    })
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("could not read `{}`", path.display()))
}

/// `{"stream":…,"data":[…]}` on every line.
fn answers(text: &str) -> Result<Answers> {
    let mut answers = Answers::new();
    for line in text.lines() {
        let row: Value = serde_json::from_str(line)?;
        let stream = row["stream"].as_str().context("an answer needs its `stream`")?;
        answers.entry(stream.to_owned()).or_default().push(row["data"].clone());
    }
    Ok(answers)
}

/// The app without its connectors, with every airline and then every departure sent alone.
fn flights_scenario(folder: &Path, streams: &[&str]) -> Result<Value> {
    let app = without_connectors(&read(&folder.join("flights.siddhi"))?);
    let mut steps = vec![json!({"at": 0, "op": "create", "rt": 0, "app": app})];
    for (n, stream) in streams.iter().enumerate() {
        steps.push(json!({
            "at": 0, "op": "callback", "rt": 0, "cb": n, "kind": "stream", "name": stream,
        }));
    }
    steps.push(json!({"at": 0, "op": "start", "rt": 0}));
    let airlines = ["string", "string"];
    let departures = ["long", "string", "int", "string", "string", "string", "int", "int"];
    let fed: [(&str, &str, &[&str]); 2] = [
        ("AirlineNames", "airlines.csv", &airlines),
        ("Departures", "departures.csv", &departures),
    ];
    for (stream, file, types) in fed {
        for line in read(&folder.join(file))?.lines().skip(1) {
            let events = json!([{"data": typed(line, types)?}]);
            let send = json!({"at": 1, "op": "send", "rt": 0, "stream": stream, "events": events});
            steps.push(send);
        }
    }
    Ok(json!({"test": "flights", "start": START_MS, "steps": steps}))
}

fn without_connectors(app: &str) -> String {
    let connector = |line: &&str| !line.starts_with("@source(") && !line.starts_with("@sink(");
    app.lines().filter(connector).flat_map(|line| [line, "\n"]).collect()
}

/// The values of a CSV line, which has no quotes here.
fn typed(line: &str, types: &[&str]) -> Result<Vec<Value>> {
    let values: Vec<&str> = line.split(',').collect();
    if values.len() != types.len() {
        bail!("`{line}` has {} values, not {}", values.len(), types.len());
    }
    let value = |(text, ty): (&str, &&str)| match *ty {
        "string" => Ok(json!(text)),
        ty => {
            let number: i64 = text.parse().with_context(|| format!("`{text}` in `{line}`"))?;
            Ok(json!({ ty: number }))
        }
    };
    values.into_iter().zip(types).map(value).collect()
}

/// What the listeners received, with plain values.
fn received(printed: &Value, streams: &[&str]) -> Result<Answers> {
    let mut received = Answers::new();
    let steps = printed["steps"].as_array().context("the replay printed no `steps`")?;
    for step in steps.iter().filter(|step| step["op"] == "recv") {
        let listener = step["cb"].as_u64().and_then(|n| usize::try_from(n).ok());
        let stream = listener.and_then(|n| streams.get(n)).context("an unknown listener")?;
        for event in step["events"].as_array().context("a listener received no `events`")? {
            let data = event["data"].as_array().context("an event has no `data`")?;
            let row = data.iter().map(plain).collect();
            received.entry((*stream).to_owned()).or_default().push(row);
        }
    }
    Ok(received)
}

/// `{"int":1}` as `1`.
fn plain(value: &Value) -> Value {
    match value.as_object().and_then(|it| it.values().next()) {
        Some(inner) => inner.clone(),
        None => value.clone(),
    }
}

/// Whether both hold the same rows in the same order; prints what differs.
fn same(expected: &Answers, received: &Answers) -> bool {
    let nothing = Vec::new();
    let mut same = true;
    for (stream, want) in expected {
        let got = received.get(stream).unwrap_or(&nothing);
        println!("examples: {stream}: {} rows, {} expected", got.len(), want.len());
        let differ = want.iter().zip(got).filter(|(want, got)| want != got);
        for (want, got) in differ.take(SHOWN_MAX) {
            println!("  want {want}\n  got  {got}");
        }
        same &= want == got;
    }
    same
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scenario_sends_every_row_and_no_connector_is_left() {
        let folder = crate::tree::root().join(FLIGHTS);
        let scenario = flights_scenario(&folder, &["AirportHours"]).unwrap();
        let steps = scenario["steps"].as_array().unwrap();
        let sent = steps.iter().filter(|it| it["op"] == "send").count();
        assert_eq!(sent, 16 + 26_483);
        let app = steps[0]["app"].as_str().unwrap();
        assert!(!app.contains("@source") && !app.contains("@sink"), "{app}");
        assert!(app.contains("define stream Departures"), "{app}");
    }

    #[test]
    fn a_row_that_differs_or_is_missing_is_seen() {
        let rows = |rows: Value| {
            let rows = rows.as_array().unwrap().clone();
            Answers::from([("A".to_owned(), rows)])
        };
        assert!(same(&rows(json!([[1, "a"]])), &rows(json!([[1, "a"]]))));
        assert!(!same(&rows(json!([[1, "a"]])), &rows(json!([[1, "b"]]))));
        assert!(!same(&rows(json!([[1], [2]])), &rows(json!([[1]]))));
        assert!(!same(&rows(json!([[1]])), &Answers::new()));
    }

    #[test]
    fn what_a_listener_received_is_read_with_plain_values() {
        let printed = json!({"steps": [
            {"op": "start"},
            {"op": "recv", "cb": 0, "events": [{"data": ["a", {"long": 2}, null]}]},
        ]});
        let expected = Answers::from([("A".to_owned(), vec![json!(["a", 2, null])])]);
        assert_eq!(received(&printed, &["A"]).unwrap(), expected);
    }
}
