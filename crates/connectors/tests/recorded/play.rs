//! Plays recordings and compares.

use std::fs;
use std::path::PathBuf;

use serde_json::Value as Json;
use weir_connectors::{Inlet, Message, Numbered, Outgoing, Outlet, Payload, Site};
use weir_event::{BatchBuilder, Epoch, OutputNo, Value};

use crate::app::{Declared, declared};
use crate::values::{payload, same_text, shown, value};

/// Recordings that differ on purpose, with the reason.
const DIFFERENT: &[(&str, &str)] = &[];

fn recordings() -> Option<PathBuf> {
    let shared = std::env::var_os("WEIR_SHARED")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    let folder = shared.join("scenarios/extensions");
    folder.is_dir().then_some(folder)
}

#[test]
fn mappers_do_what_the_reference_recorded() {
    let Some(folder) = recordings() else {
        assert!(std::env::var_os("CI").is_none(), "CI has the recordings");
        eprintln!("skipped: there are no recordings of the reference here");
        return;
    };
    let mut played = 0;
    let mut wrong = Vec::new();
    for mapper in fs::read_dir(&folder).unwrap().map(|it| it.unwrap().path()) {
        if !mapper.file_name().unwrap().to_string_lossy().starts_with("map.") {
            continue;
        }
        for file in fs::read_dir(&mapper).unwrap().map(|it| it.unwrap().path()) {
            let scenario: Json = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
            let name = scenario["test"].as_str().unwrap_or_default().to_owned();
            if DIFFERENT.iter().any(|(known, _)| name.ends_with(known)) {
                continue;
            }
            played += 1;
            if let Err(cause) = play(&scenario) {
                wrong.push(format!("{}: {cause}", file.display()));
            }
        }
    }
    wrong.sort();
    assert!(wrong.is_empty(), "{} of {played} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(played > 0);
}

fn play(scenario: &Json) -> Result<(), String> {
    let steps = scenario["steps"].as_array().unwrap();
    let create = steps.iter().find(|it| it["op"] == "create").ok_or("it creates nothing")?;
    let declared = declared(create["app"].as_str().unwrap())?;
    let refused = create.get("error").is_some();
    let site = Site::default();
    let mut failure = None;
    for it in &declared {
        let result = match it.annotation.name.as_str() {
            "source" => Inlet::new(&it.annotation, &it.stream, &site)
                .map(|inlet| if refused { Ok(()) } else { play_source(&inlet, it, steps) }),
            _ => Outlet::new(&it.annotation, &it.stream, &site).map(|outlet| {
                if refused || outlet.name != "inMemory" {
                    Ok(())
                } else {
                    play_sink(&outlet, it, steps)
                }
            }),
        };
        match result {
            Ok(played) => played?,
            Err(problem) => failure = Some(problem.to_string()),
        }
    }
    match (refused, failure) {
        (true, None) => Err("it should have been refused".to_owned()),
        (false, Some(problem)) => Err(format!("refused: {problem}")),
        (true, Some(_)) | (false, None) => Ok(()),
    }
}

fn play_source(inlet: &Inlet, declared: &Declared, steps: &[Json]) -> Result<(), String> {
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for step in steps.iter().filter(|it| it["op"] == "send-topic") {
        if step["topic"].as_str() != inlet.options.get("topic") {
            continue;
        }
        let message = Message::new(payload(&step["message"]));
        let (batch, _, _) = inlet.decoder.decode(&message);
        rows.extend((0..batch.len()).map(|row| batch.row(row)));
    }
    let mut expected: Vec<Vec<Value>> = Vec::new();
    let width = declared.stream.schema.len();
    for step in steps.iter().filter(|it| it["op"] == "recv") {
        let events = step.get("events").or_else(|| step.get("in")).and_then(Json::as_array);
        for event in events.into_iter().flatten() {
            let data: Vec<Value> = event["data"].as_array().unwrap().iter().map(value).collect();
            if data.len() == width {
                expected.push(data);
            }
        }
    }
    let callbacks = steps.iter().filter(|it| it["op"] == "callback").count();
    if callbacks != 1 || rows == expected {
        return Ok(());
    }
    Err(format!("expected {expected:?}\n     got {rows:?}"))
}

fn play_sink(outlet: &Outlet, declared: &Declared, steps: &[Json]) -> Result<(), String> {
    let mut messages: Vec<Outgoing> = Vec::new();
    for step in steps.iter().filter(|it| it["op"] == "send") {
        let mut batch = BatchBuilder::new(&declared.stream.schema);
        for event in step["events"].as_array().unwrap() {
            batch.push_row(0, event["data"].as_array().unwrap().iter().map(value));
        }
        let batch = batch.finish();
        let rows: Vec<u32> = (0..u32::try_from(batch.len()).unwrap()).collect();
        let numbered = Numbered { epoch: Epoch(1), first: OutputNo(0) };
        outlet.encoder.encode(&batch, &rows, numbered, &mut messages);
    }
    let expected: Vec<&Json> = steps.iter().filter(|it| it["op"] == "publish").collect();
    let topics: Vec<&str> = expected.iter().filter_map(|it| it["topic"].as_str()).collect();
    for topic in topics {
        let of_topic = |it: &&Outgoing| outlet.option(it, "topic") == Some(topic);
        let got: Vec<&Payload> = messages.iter().filter(of_topic).map(|it| &it.payload).collect();
        let wanted: Vec<&Json> =
            expected.iter().filter(|it| it["topic"] == topic).map(|it| &it["message"]).collect();
        let same = got.len() == wanted.len()
            && got.iter().zip(&wanted).all(|(got, wanted)| same_text(got, wanted));
        if !same {
            let got: Vec<String> = got.iter().map(|it| shown(it)).collect();
            return Err(format!("topic {topic}: expected {wanted:?}\n     got {got:?}"));
        }
    }
    Ok(())
}
