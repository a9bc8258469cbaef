//! Requests that cannot be taken: each is told why, and the events around them are in the output.

use std::net::SocketAddr;

use expect_test::expect_file;

use crate::home::{Homes, port};
use crate::http::post;
use crate::process::Node;
use crate::receiver::Receiver;

fn app(source: SocketAddr, sink: SocketAddr) -> String {
    format!(
        "@app:name('Trades')
@source(type='http', receiver.url='http://{source}/trades', max.body.bytes='200',
  @map(type='json'))
define stream Trades (symbol string, price double, volume int);
@sink(type='http', publisher.url='http://{sink}/out', @map(type='json'))
define stream Out (symbol string, price double, volume int);
from Trades select * insert into Out;
"
    )
}

#[test]
fn each_bad_request_is_answered_with_its_cause_and_the_good_ones_are_taken() {
    let (homes, receiver, source) = (Homes::new(), Receiver::open(), port());
    let node = Node::start(&homes.home("a", &app(source, receiver.at))).active();
    let send = |path: &str, body: &str| post(source, path, body).unwrap().shown();
    let good = |n: i32| format!("{{\"event\":{{\"symbol\":\"A\",\"price\":1.5,\"volume\":{n}}}}}");

    let bad = [
        ("half an event", r#"{"event":{"symbol":"A","price":"#.to_owned()),
        ("no JSON", "symbol=A".to_owned()),
        ("a body over the limit", good(1).replace("1.5", &"1".repeat(300))),
        ("a wrong type", good(1).replace("1.5", "\"dear\"")),
        ("a number that does not fit", good(1).replace(":1}", ":1.5}")),
        ("an unknown attribute", good(1).replace("price", "prize")),
        (
            "an array that cannot be taken",
            format!("[{},{}]", good(2), good(3).replace(":3", ":\"many\"")),
        ),
        (
            "an array of which one event is bad",
            format!("[{},{}]", good(2), r#"{"event":{"volume":3}}"#),
        ),
        ("no body", String::new()),
    ];
    assert_eq!(send("/trades", &good(1)), "200 \n");
    let mut told = String::new();
    for (what, body) in &bad {
        told.push_str(&format!("{what}: {}", send("/trades", body)));
    }
    told.push_str(&format!("an unknown stream: {}", send("/trade", &good(1))));
    expect_file!["goldens/requests.txt"].assert_eq(&told);
    assert_eq!(send("/trades", &good(4)), "200 \n");

    assert_eq!(receiver.until(3), [good(1), good(2), good(4)], "nothing else came out");
    let (code, log) = node.stop();
    assert_eq!(code, 0, "{log}");
    for cause in ["expected a value, the message ends", "`price` is of type `double`"] {
        assert!(log.contains(cause), "the operator sees it too: {log}");
    }
}
