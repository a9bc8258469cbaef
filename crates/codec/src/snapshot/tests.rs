//! A snapshot comes back out of its pieces, and out of nothing else.

use super::{SNAPSHOT_PIECE_BYTES, Snapshot, SnapshotAssembly};
use crate::entry::EntryId;
use crate::wire::DecodeError;

fn snapshot(bytes: usize) -> Snapshot {
    Snapshot {
        app: "Trade".into(),
        revision: "1700000000000__Trade".into(),
        at: EntryId::new(3, 900),
        payload: (0..bytes).map(|i| (i * 31 % 251) as u8).collect(),
    }
}

fn assembled<'a>(pieces: impl IntoIterator<Item = &'a Vec<u8>>) -> Result<Snapshot, DecodeError> {
    let mut assembly = SnapshotAssembly::new();
    for piece in pieces {
        assembly.push(piece)?;
    }
    assembly.finish()
}

#[test]
fn a_snapshot_of_any_size_comes_back() {
    for bytes in [0, 1, SNAPSHOT_PIECE_BYTES, SNAPSHOT_PIECE_BYTES + 1, 3 * SNAPSHOT_PIECE_BYTES] {
        let whole = snapshot(bytes);
        let pieces: Vec<_> = whole.pieces().collect();
        assert_eq!(pieces.len(), whole.piece_count() as usize);
        assert_eq!(pieces.len(), bytes.div_ceil(SNAPSHOT_PIECE_BYTES).max(1));
        assert_eq!(assembled(&pieces), Ok(whole), "{bytes} bytes");
    }
}

#[test]
fn missing_doubled_and_foreign_pieces_are_refused() {
    let pieces: Vec<_> = snapshot(2 * SNAPSHOT_PIECE_BYTES + 5).pieces().collect();
    let other: Vec<_> =
        Snapshot { at: EntryId::new(3, 901), ..snapshot(2_000_000) }.pieces().collect();
    let [a, b, c] = &pieces[..] else { panic!("three pieces") };
    for wrong in [vec![], vec![a], vec![a, b], vec![b, c], vec![a, c], vec![a, a, b, c]] {
        assert!(matches!(assembled(wrong), Err(DecodeError::Malformed { what: "snapshot", .. })));
    }
    assert!(assembled([a, &other[1], c]).is_err());
    assert!(assembled([a, b, c, c]).is_err());
}

#[test]
fn a_piece_cut_or_changed_anywhere_is_noticed() {
    let piece = snapshot(40).pieces().next().expect("there is one");
    for at in 0..piece.len() {
        assert!(assembled([&piece[..at].to_vec()]).is_err(), "cut at {at}");
        for bit in 0..8 {
            let mut changed = piece.clone();
            changed[at] ^= 1 << bit;
            assert!(assembled([&changed]).is_err(), "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn a_newer_snapshot_is_refused_with_what_to_do() {
    let mut piece = snapshot(1).pieces().next().expect("there is one");
    piece[4] = 9;
    let refused = assembled([&piece]).expect_err("version 9 is not known");
    assert!(refused.to_string().contains("version 9, this build reads up to 1\nhint: "));
}
