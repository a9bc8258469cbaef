//! What a sink could not deliver is kept, listed, sent again and discarded.

use std::process::Command;

use serde_json::Value as Json;

use crate::home::{Home, Homes, port};
use crate::http::post;
use crate::process::Node;
use crate::receiver::Receiver;

/// What `weir errors` prints, and its exit code.
fn errors(home: &Home, args: &[&str]) -> (String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    let done = command.arg("errors").args(args).arg("--home").arg(&home.root).output().unwrap();
    let said = [done.stdout, done.stderr].concat();
    (String::from_utf8(said).unwrap(), done.status.code().unwrap())
}

fn list(home: &Home) -> Vec<Json> {
    let (lines, code) = errors(home, &["list", "--json", "--app", "Echo"]);
    assert_eq!(code, 0, "{lines}");
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn what_the_far_side_refuses_is_kept_until_it_is_sent_again_or_discarded() {
    let (homes, receiver, source) = (Homes::new(), Receiver::open(), port());
    let app = format!(
        "@app:name('Echo')
@source(type='http', receiver.url='http://{source}/in', @map(type='json'))
define stream In (n int);
@sink(type='http', publisher.url='http://{}/out', on.error='STORE', @map(type='json'))
define stream Out (n int);
from In select * insert into Out;
",
        receiver.at
    );
    let home = homes.home("a", &app);
    let mut node = Node::start(&home).active();
    receiver.refuse(true);
    for n in 1..=3 {
        let body = format!("{{\"event\":{{\"n\":{n}}}}}");
        assert_eq!(post(source, "/in", &body).unwrap().code, 200);
    }
    node.status(|it| it["apps"][0]["sinks"][0]["givenUp"] == 3);
    let kept = list(&home);
    assert_eq!(kept.len(), 3);
    assert_eq!((&kept[0]["app"], &kept[0]["sink"]), (&"Echo".into(), &"Out.1".into()));
    assert_eq!(kept[1]["message"], "{\"event\":{\"n\":2}}");
    assert!(kept[2]["cause"].as_str().unwrap().contains("400 Bad"), "{}", kept[2]);

    // Kept in the database: they are there after a restart.
    drop(node);
    let _node = Node::start(&home).active();
    assert_eq!(list(&home), kept);
    let id = |n: usize| kept[n]["id"].to_string();
    let (said, code) = errors(&home, &["replay", "--id", &id(0)]);
    assert!(code == 1 && said.contains("refused the message: 400 Bad"), "{said}");
    receiver.refuse(false);
    assert_eq!(errors(&home, &["discard", "--id", &id(2)]), ("1 discarded, 0 left\n".into(), 0));
    assert_eq!(errors(&home, &["replay", "--all"]), ("2 sent, 0 left\n".into(), 0));
    assert_eq!(receiver.until(2), ["{\"event\":{\"n\":1}}", "{\"event\":{\"n\":2}}"]);
    assert_eq!(list(&home), Vec::<Json>::new());
    let (said, code) = errors(&home, &["discard", "--id", &id(2)]);
    assert!(code == 1 && said.contains("there is no undelivered message"), "{said}");
}
