//! Every option of the mappers, on the side of sources and of sinks, as the reference told it: a
//! line of `told.jsonl` is an app, what was sent to it, and what came of that in order, as messages
//! of the topic `out` or rows of the stream `O`.

#![expect(clippy::unwrap_used, reason = "all of it is tests")]

use serde_json::{Value as Json, json};

/// The case as a scenario to replay.
fn scenario(case: &Json) -> String {
    let mut steps = vec![json!({"at": 0, "op": "create", "rt": 1, "app": case["app"]})];
    steps.push(json!({"at": 0, "op": "callback", "rt": 1, "cb": 1, "kind": "stream", "name": "O"}));
    steps.push(json!({"at": 0, "op": "start", "rt": 1}));
    for (sent, at) in case["sent"].as_array().unwrap().iter().zip((50..).step_by(50)) {
        steps.push(if sent["topic"].is_null() {
            let rows = sent["rows"].as_array().unwrap().iter();
            let events: Vec<Json> = rows.map(|row| json!({"data": row})).collect();
            json!({"at": at, "op": "send", "rt": 1, "stream": sent["stream"], "events": events})
        } else {
            let (topic, message) = (&sent["topic"], &sent["message"]);
            json!({"at": at, "op": "send-topic", "topic": topic, "message": message})
        });
    }
    json!({"test": case["name"], "start": 0, "steps": steps, "topics": ["out"]}).to_string()
}

/// What came of it: of a sink what was published, of a source the rows.
fn came(case: &Json) -> Vec<Json> {
    let played: Json =
        serde_json::from_str(&weir_testkit::replay(&scenario(case)).unwrap()).unwrap();
    let is_sink = case["name"].as_str().unwrap().starts_with("sink");
    let mut came = Vec::new();
    for step in played["steps"].as_array().unwrap() {
        match step["op"].as_str().unwrap() {
            "publish" if is_sink => came.push(step["message"].clone()),
            "recv" if !is_sink => {
                let events = step["events"].as_array().unwrap();
                came.extend(events.iter().map(|event| event["data"].clone()));
            }
            _ => {}
        }
    }
    came
}

/// A map is its entries in any order; its text, and the class that holds it, follow from them.
fn even(value: &Json) -> Json {
    let Some(entries) = value["entries"].as_array() else { return value.clone() };
    let mut entries: Vec<String> = entries.iter().map(Json::to_string).collect();
    entries.sort();
    json!(entries)
}

#[test]
fn every_option_does_what_the_reference_told() {
    let cases: Vec<Json> = include_str!("told.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(cases.len() > 60);
    for case in &cases {
        let told: Vec<Json> = case["told"].as_array().unwrap().iter().map(even).collect();
        let came: Vec<Json> = came(case).iter().map(even).collect();
        assert_eq!(came, told, "{}\n{}", case["name"], case["app"]);
    }
}
