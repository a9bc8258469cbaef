//! Frames come back whatever the pieces they arrive in; all else is refused by name.

use proptest::prelude::*;
use weir_event::{Epoch, Seq, Time};

use super::{
    Build, FRAME_BYTES_MAX, Frame, FrameStream, HANDSHAKE_BYTES_MAX, Message, Protocols, Refusal,
};
use crate::entry::{EntryId, LogId, RawEntry, What};
use crate::wire::DecodeError;

fn build() -> Build {
    let protocols = Protocols { oldest: 1, newest: 3 };
    Build { release: "1.2.0".into(), protocols, snapshots: 2 }
}

fn one_of_each() -> Vec<Message> {
    let id = EntryId::new(3, 41);
    let entry = |seq| RawEntry::new(EntryId::new(3, seq), Time(9), &What::Tick);
    vec![
        Message::Challenge { nonce: [7; 32] },
        Message::Proof { proof: [8; 32] },
        Message::Open { group: "si".into(), node: "node-1".into(), log: LogId(5), build: build() },
        Message::Hello { node: "node-2".into(), log: LogId(6), last: id, build: build() },
        Message::Cut { keep: id },
        Message::Reset { base: id },
        Message::Entries { after: id, committed: id, entries: vec![entry(42), entry(43)] },
        Message::Entries { after: id, committed: id, entries: Vec::new() },
        Message::Ping { committed: id },
        Message::Ack { last: id },
        Message::Full { last: id },
        Message::Ready { last: id },
        Message::Trim {
            app: "Trade".into(),
            revision: "17__Trade".into(),
            seq: Seq(40),
            through: Seq(38),
        },
        Message::Released,
        Message::Ask { asked: 7 },
        Message::Promise { asked: u64::MAX },
        Message::Refused {
            accepts: Epoch(4),
            why: Refusal::LowerEpoch,
            detail: "epoch 3 is over".into(),
        },
    ]
}

fn bytes_of(messages: &[Message]) -> Vec<u8> {
    let encode = |it: &Message| it.clone().into_frame(Epoch(3)).encode().expect("it is small");
    messages.iter().flat_map(encode).collect()
}

fn read_all(stream: &mut FrameStream) -> Result<Vec<Message>, DecodeError> {
    let mut messages = Vec::new();
    while let Some(frame) = stream.next_frame()? {
        assert_eq!(frame.epoch, Epoch(3));
        messages.push(Message::of_frame(&frame)?);
    }
    Ok(messages)
}

#[test]
fn messages_come_back_whatever_the_pieces_they_arrive_in() {
    let bytes = bytes_of(&one_of_each());
    for size in [1, 2, 27, 28, 29, 100, bytes.len()] {
        let mut stream = FrameStream::new();
        let mut messages = Vec::new();
        for piece in bytes.chunks(size) {
            stream.push(piece);
            messages.extend(read_all(&mut stream).expect("nothing is wrong with it"));
        }
        assert_eq!(messages, one_of_each(), "in pieces of {size}");
        assert!(!stream.is_inside_frame());
    }
}

#[test]
fn a_frame_that_is_cut_waits_for_the_rest() {
    let bytes = bytes_of(&[Message::Released]);
    for at in 0..bytes.len() {
        let mut stream = FrameStream::new();
        stream.push(&bytes[..at]);
        assert_eq!(read_all(&mut stream), Ok(Vec::new()), "cut at {at}");
        assert_eq!(stream.is_inside_frame(), at > 0);
        stream.push(&bytes[at..]);
        assert_eq!(read_all(&mut stream), Ok(vec![Message::Released]), "cut at {at}");
    }
}

#[test]
fn every_changed_byte_is_noticed_and_ends_the_stream() {
    let (node, last) = ("n".into(), EntryId::new(1, 2));
    let message = Message::Hello { node, log: LogId(1), last, build: build() };
    let bytes = bytes_of(&[message]);
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x20;
        let mut stream = FrameStream::new();
        stream.push(&changed);
        let refused = stream.next_frame().expect_err("a byte differs");
        let expected = match at {
            0..4 => matches!(refused, DecodeError::WrongMagic { what: "frame" }),
            4 => matches!(refused, DecodeError::UnknownVersion { what: "frame", .. }),
            5..28 => matches!(refused, DecodeError::Damaged { what: "start of a frame", .. }),
            28.. => matches!(refused, DecodeError::Damaged { what: "frame", .. }),
        };
        assert!(expected, "byte {at}: {refused}");
        stream.push(&bytes);
        assert_eq!(stream.next_frame(), Err(refused), "no way back after an error");
    }
}

#[test]
fn another_protocol_is_refused_at_its_first_byte() {
    let mut stream = FrameStream::new();
    stream.push(b"G");
    assert_eq!(stream.next_frame(), Err(DecodeError::WrongMagic { what: "frame" }));
}

#[test]
fn a_frame_above_the_limit_is_refused_before_its_content_arrives() {
    let payload = vec![0; HANDSHAKE_BYTES_MAX + 1].into();
    let bytes = Frame { kind: 9, epoch: Epoch(3), payload }.encode().expect("below the limit");
    let mut stream = FrameStream::new();
    stream.push(&bytes[..28]);
    let (len, max) = (HANDSHAKE_BYTES_MAX as u64 + 1, HANDSHAKE_BYTES_MAX as u64);
    assert_eq!(stream.next_frame(), Err(DecodeError::TooLong { what: "frame", len, max }));

    let mut trusting = FrameStream::new();
    trusting.set_limit(FRAME_BYTES_MAX);
    trusting.push(&bytes);
    assert!(matches!(trusting.next_frame(), Ok(Some(_))));

    let too_long = Frame { kind: 9, epoch: Epoch(3), payload: vec![0; FRAME_BYTES_MAX + 1].into() };
    assert!(matches!(too_long.encode(), Err(DecodeError::TooLong { what: "frame", .. })));
}

#[test]
fn a_kind_this_build_does_not_know_is_named() {
    let frame = Frame { kind: 200, epoch: Epoch(0), payload: Vec::new().into() };
    let unknown = DecodeError::UnknownTag { what: "frame", tag: 200 };
    assert_eq!(Message::of_frame(&frame), Err(unknown));
}

#[test]
fn a_later_release_may_say_more_in_its_greeting_and_nowhere_else() {
    for message in one_of_each() {
        let greets = matches!(message, Message::Open { .. } | Message::Hello { .. });
        let mut frame = message.clone().into_frame(Epoch(3));
        frame.payload = [&frame.payload[..], b"more"].concat().into();
        match Message::of_frame(&frame) {
            Ok(read) => assert!(greets && read == message, "{read:?}"),
            Err(_) => assert!(!greets, "{message:?}"),
        }
    }
}

#[test]
fn every_refusal_has_a_tag_of_its_own() {
    for why in Refusal::ALL {
        assert_eq!(Refusal::of_tag(why.tag()), Ok(why));
    }
    assert!(Refusal::of_tag(0).is_err());
}

proptest! {
    #[test]
    fn any_content_is_a_message_or_refused(
        kind in 0_u8..20,
        payload in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let frame = Frame { kind, epoch: Epoch(1), payload: payload.into() };
        if let Ok(message) = Message::of_frame(&frame) {
            let again = message.clone().into_frame(Epoch(1));
            prop_assert_eq!(Message::of_frame(&again), Ok(message));
        }
    }

    #[test]
    fn any_bytes_are_frames_or_refused(pieces in prop::collection::vec(any::<Vec<u8>>(), 0..6)) {
        let mut stream = FrameStream::new();
        for piece in pieces {
            stream.push(&piece);
            if stream.next_frame().is_err() {
                break;
            }
        }
    }
}
