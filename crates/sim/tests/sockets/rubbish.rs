//! What is no frame of event sync is refused with words, and disturbs nobody.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use weir_codec::{Build, FrameStream, LogId, Message, Protocols, Refusal};
use weir_event::Epoch;

use crate::stage::Stage;

/// Sends bytes and answers the refusal that comes back before the connection ends.
async fn refusal(address: SocketAddr, bytes: &[u8]) -> Option<(Refusal, String)> {
    let talk = async {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).await.ok();
        let mut frames = FrameStream::new();
        frames.push(&answer);
        let frame = frames.next_frame().ok()??;
        match Message::of_frame(&frame) {
            Ok(Message::Refused { why, detail, .. }) => Some((why, detail)),
            other => panic!("{other:?}"),
        }
    };
    timeout(Duration::from_secs(20), talk).await.expect("the connection ends")
}

fn open(group: &str) -> Vec<u8> {
    let build = Build { release: "x".to_owned(), protocols: Protocols::OURS, snapshots: 1 };
    let (group, node) = (group.to_owned(), "x".to_owned());
    let message = Message::Open { group, node, log: LogId(9), build };
    message.into_frame(Epoch(9)).encode().unwrap()
}

#[tokio::test]
async fn bytes_that_are_no_frame_are_refused_by_name() {
    let stage = Stage::new();
    let (mut a, b) = stage.pair().await;
    let whole = open("group");

    let mut newer = whole.clone();
    newer[4] = 99;
    let mut corrupt = whole.clone();
    *corrupt.last_mut().unwrap() ^= 1;
    // More than anybody may send before it has said who it is.
    let oversized = open(&"g".repeat(100_000));

    let cases: [(&[u8], &str); 4] = [
        (b"GET / HTTP/1.1\r\nhost: weir\r\n\r\n", "does not start with its mark"),
        (&newer, "has version 99"),
        (&corrupt, "is damaged: checksum"),
        (&oversized, "the limit is 65536"),
    ];
    for (bytes, words) in cases {
        let (why, detail) = refusal(b.address(), bytes).await.expect("it is refused");
        assert_eq!(why, Refusal::Unreadable, "{detail}");
        assert!(detail.contains(words), "{detail}");
    }

    // None of this has disturbed the pair.
    let last = a.append(10).await;
    a.until_committed(last).await;
    assert_eq!(a.in_sync.len(), 2);
}

#[tokio::test]
async fn a_connection_that_breaks_off_inside_a_frame_leaves_nothing_behind() {
    let stage = Stage::new();
    let (mut a, b) = stage.pair().await;
    let whole = open("group");
    for length in 1..whole.len() {
        let mut socket = TcpStream::connect(b.address()).await.unwrap();
        socket.write_all(&whole[..length]).await.unwrap();
    }
    let last = a.append(10).await;
    a.until_committed(last).await;
    assert_eq!(a.in_sync.len(), 2);
    assert_eq!(b.contents(last).len(), 10);
}

#[tokio::test]
async fn strangers_and_the_active_node_are_told_why_they_are_refused() {
    let stage = Stage::new();
    let (a, b) = stage.pair().await;
    let (why, detail) = refusal(b.address(), &open("other")).await.unwrap();
    assert_eq!((why, detail.contains("group")), (Refusal::OtherGroup, true), "{detail}");
    let (why, _) = refusal(a.address(), &open("group")).await.unwrap();
    assert_eq!(why, Refusal::NotPassive);
}
