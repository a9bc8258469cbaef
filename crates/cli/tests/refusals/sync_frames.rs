//! Rubbish on the port of event sync: it is refused by name, and the pair goes on.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use weir_codec::{Build, LogId, Message, Protocols};
use weir_event::Epoch;

use crate::home::{Homes, port};
use crate::http::post;
use crate::process::Node;
use crate::receiver::Receiver;

/// Sends bytes, says that no more come, and waits until the node has closed the connection.
fn throw(at: SocketAddr, bytes: &[u8]) {
    let mut stream = TcpStream::connect(at).unwrap();
    // The node may close before it has read all.
    stream.write_all(bytes).ok();
    stream.shutdown(std::net::Shutdown::Write).ok();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
}

/// The first frame of a node of this group.
fn open(group: &str) -> Vec<u8> {
    let build = Build { release: "x".to_owned(), protocols: Protocols::OURS, snapshots: 1 };
    let (group, node) = (group.to_owned(), "x".to_owned());
    let message = Message::Open { group, node, log: LogId(9), build };
    message.into_frame(Epoch(9)).encode().unwrap()
}

#[test]
fn a_truncated_and_an_oversized_frame_are_refused_and_nothing_is_lost() {
    let (homes, receiver, source) = (Homes::new(), Receiver::open(), port());
    let app = format!(
        "@app:name('Echo')
@source(type='http', receiver.url='http://{source}/in', @map(type='json'))
define stream In (n int);
@sink(type='http', publisher.url='http://{}/out', @map(type='json'))
define stream Out (n int);
from In select * insert into Out;
",
        receiver.at
    );
    let homes_of = |name: &str| homes.home_of_pair(name, &app);
    let (first, second) = (homes_of("a"), homes_of("b"));
    let mut active = Node::start(&first).active();
    let mut passive = Node::start(&second);
    active.status(|it| it["inSync"] == 2);

    let whole = open("si");
    let rubbish: [(&[u8], &str); 3] = [
        (&whole[..whole.len() / 2], "broke off inside a frame"),
        (&open(&"g".repeat(100_000)), "the limit is 65536"),
        (b"GET / HTTP/1.1\r\nHost: here\r\n\r\n", "does not start with its mark"),
    ];
    for (n, (bytes, what)) in (1..).zip(rubbish) {
        for (node, at) in [(&mut active, first.sync), (&mut passive, second.sync)] {
            throw(at, bytes);
            let line = node.logs(what);
            assert!(line.contains("WARN") && line.contains("event sync"), "{line}");
        }
        let body = format!("{{\"event\":{{\"n\":{n}}}}}");
        assert_eq!(post(source, "/in", &body).unwrap().code, 200, "{what}");
    }
    assert_eq!(receiver.until(3).len(), 3);
    assert_eq!(active.status_now()["inSync"], 2, "the pair is whole");
    assert!(!passive.is_ready());
}
