//! A file sink whose disk is full: outputs wait, are shown, and come once there is room.

use std::os::unix::fs::symlink;
use std::path::Path;

use crate::home::{Homes, port};
use crate::http::post;
use crate::process::Node;

#[test]
fn outputs_for_a_full_disk_wait_and_are_written_once_there_is_room() {
    let full = Path::new("/dev/full");
    assert!(
        full.exists() || std::env::var_os("CI").is_none(),
        "this system has no `/dev/full`, and CI must try a full disk"
    );
    if !full.exists() {
        println!("NOT TRIED: this system has no `/dev/full`, so no disk here is full on demand");
        return;
    }
    let (homes, source) = (Homes::new(), port());
    let (file, real) = (homes.path("out.jsonl"), homes.path("room.jsonl"));
    symlink(full, &file).unwrap();
    let app = format!(
        "@app:name('Files')
@source(type='http', receiver.url='http://{source}/in', @map(type='json'))
define stream In (n int);
@sink(type='file', file.uri='{}', @map(type='json'))
define stream Out (n int);
from In select * insert into Out;
",
        file.display()
    );
    let mut node = Node::start(&homes.home("a", &app)).active();
    let event = |n: i32| format!("{{\"event\":{{\"n\":{n}}}}}");
    for n in 1..=3 {
        assert_eq!(post(source, "/in", &event(n)).unwrap().code, 200);
    }
    let line = node.logs("No space left on device");
    assert!(line.contains("out.jsonl") && line.contains("make room"), "{line}");
    let status = node.status(|it| it["apps"][0]["sinks"][0]["waiting"] == 3);
    let trouble = status["apps"][0]["sinks"][0]["trouble"].as_str().unwrap();
    assert!(trouble.contains("No space left on device"), "{trouble}");

    std::fs::write(&real, "").unwrap();
    std::fs::remove_file(&file).unwrap();
    symlink(&real, &file).unwrap();
    node.status(|it| it["apps"][0]["sinks"][0]["delivered"] == 3);
    let written = std::fs::read_to_string(&real).unwrap();
    assert_eq!(written.lines().collect::<Vec<_>>(), [event(1), event(2), event(3)]);
    assert_eq!(node.stop().0, 0);
}
