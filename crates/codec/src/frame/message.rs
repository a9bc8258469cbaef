//! What the two nodes of a pair say to each other.

use bytes::Bytes;
use weir_event::{Epoch, Seq};

use super::build::Build;
use super::envelope::Frame;
use crate::entry::{EntryId, LogId, RawEntry};
use crate::wire::{DecodeError, Reader, Writer};

/// The length of a challenge and of its proof.
pub const PROOF_BYTES: usize = 32;

const CHALLENGE: u8 = 1;
const PROOF: u8 = 2;
const OPEN: u8 = 3;
const HELLO: u8 = 4;
const CUT: u8 = 5;
const RESET: u8 = 6;
const ENTRIES: u8 = 7;
const PING: u8 = 8;
const ACK: u8 = 9;
const FULL: u8 = 10;
const READY: u8 = 11;
const TRIM: u8 = 12;
const RELEASED: u8 = 13;
const REFUSED: u8 = 14;
const ASK: u8 = 15;
const PROMISE: u8 = 16;

/// One message of event sync. The epoch of its sender is in the frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// The first of each side, where a shared secret is configured: prove that you know it.
    Challenge {
        /// Random bytes, never used again.
        nonce: [u8; PROOF_BYTES],
    },
    /// The answer to a challenge.
    Proof {
        /// Made of the secret and both challenges.
        proof: [u8; PROOF_BYTES],
    },
    /// The active node: who wants to send to whom.
    Open {
        /// The cluster group.
        group: String,
        /// The sender.
        node: String,
        /// Its log.
        log: LogId,
        /// Its release.
        build: Build,
    },
    /// The passive node: who it is and the last entry it holds; also after a cut or a reset.
    Hello {
        /// The sender.
        node: String,
        /// Its log.
        log: LogId,
        /// The last entry it holds.
        last: EntryId,
        /// Its release.
        build: Build,
    },
    /// What stands after `keep` is not shared: cut it, and say hello again.
    Cut {
        /// The last entry shared.
        keep: EntryId,
    },
    /// Nothing is shared that the active still holds: start anew behind `base`.
    Reset {
        /// The entry before the first that will come.
        base: EntryId,
    },
    /// Entries that follow `after`, and how far everything is committed.
    Entries {
        /// The entry before the first.
        after: EntryId,
        /// The last entry that every named log holds.
        committed: EntryId,
        /// The entries, without a gap.
        entries: Vec<RawEntry>,
    },
    /// Nothing new; the passive node answers with an `Ack`.
    Ping {
        /// The last entry that every named log holds.
        committed: EntryId,
    },
    /// The passive node holds everything up to here without a gap.
    Ack {
        /// The last entry it holds.
        last: EntryId,
    },
    /// The passive node's log is at its limit: entries after `last` were dropped.
    Full {
        /// The last entry it holds.
        last: EntryId,
    },
    /// There is room again behind `last`.
    Ready {
        /// The last entry it holds.
        last: EntryId,
    },
    /// The control message: a snapshot is committed.
    Trim {
        /// The app.
        app: String,
        /// The snapshot's revision.
        revision: String,
        /// The last entry in the snapshot.
        seq: Seq,
        /// Entries up to here may go.
        through: Seq,
    },
    /// The active node has released the lease.
    Released,
    /// The active node cannot reach the database: will you leave the lease to it for one lease?
    Ask {
        /// When it asked, by its own clock: the answer repeats it.
        asked: u64,
    },
    /// The passive node takes no lease that was not released, for one lease from now on.
    Promise {
        /// As the question had it.
        asked: u64,
    },
    /// The connection ends here.
    Refused {
        /// The lowest epoch that the sender takes.
        accepts: Epoch,
        /// The reason.
        why: Refusal,
        /// More of it, for a person.
        detail: String,
    },
}

/// Why a connection is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The sender's epoch is below one this node knows of.
    LowerEpoch,
    /// This node has not read the lease yet, or is active itself.
    NotPassive,
    /// The other belongs to another cluster group.
    OtherGroup,
    /// A frame came that has no place here.
    OutOfTurn,
    /// The entries do not follow what this node holds.
    Gap,
    /// This node could not write its log.
    LogBroken,
    /// Another connection of the same kind has taken its place.
    Replaced,
    /// Nothing was heard for too long.
    Silent,
    /// The other does not know the shared secret.
    NotProven,
    /// What came could not be read.
    Unreadable,
    /// No version of event sync is spoken by both releases.
    OtherProtocol,
}

impl Refusal {
    pub(super) const ALL: [Self; 11] = [
        Self::LowerEpoch,
        Self::NotPassive,
        Self::OtherGroup,
        Self::OutOfTurn,
        Self::Gap,
        Self::LogBroken,
        Self::Replaced,
        Self::Silent,
        Self::NotProven,
        Self::Unreadable,
        Self::OtherProtocol,
    ];

    pub(super) fn tag(self) -> u8 {
        match self {
            Self::LowerEpoch => 1,
            Self::NotPassive => 2,
            Self::OtherGroup => 3,
            Self::OutOfTurn => 4,
            Self::Gap => 5,
            Self::LogBroken => 6,
            Self::Replaced => 7,
            Self::Silent => 8,
            Self::NotProven => 9,
            Self::Unreadable => 10,
            Self::OtherProtocol => 11,
        }
    }

    pub(super) fn of_tag(tag: u8) -> Result<Self, DecodeError> {
        let unknown = DecodeError::UnknownTag { what: "refusal", tag: u64::from(tag) };
        Self::ALL.into_iter().find(|it| it.tag() == tag).ok_or(unknown)
    }
}

impl Message {
    /// The message in a frame of the sender's epoch.
    #[must_use]
    pub fn into_frame(self, epoch: Epoch) -> Frame {
        let mut w = Writer::new();
        let kind = self.write(&mut w);
        Frame { kind, epoch, payload: w.into_bytes().into() }
    }

    fn write(&self, w: &mut Writer) -> u8 {
        match self {
            Self::Challenge { nonce: bytes } => {
                w.raw(bytes);
                CHALLENGE
            }
            Self::Proof { proof: bytes } => {
                w.raw(bytes);
                PROOF
            }
            Self::Open { group, node, log, build } => {
                w.str(group);
                w.str(node);
                w.log_id(*log);
                build.write(w);
                OPEN
            }
            Self::Hello { node, log, last, build } => {
                w.str(node);
                w.log_id(*log);
                w.entry_id(*last);
                build.write(w);
                HELLO
            }
            Self::Entries { after, committed, entries } => {
                w.entry_id(*after);
                w.entry_id(*committed);
                w.len(entries.len());
                entries.iter().for_each(|entry| w.entry(entry));
                ENTRIES
            }
            Self::Cut { keep: id } => named(w, *id, CUT),
            Self::Reset { base: id } => named(w, *id, RESET),
            Self::Ping { committed: id } => named(w, *id, PING),
            Self::Ack { last: id } => named(w, *id, ACK),
            Self::Full { last: id } => named(w, *id, FULL),
            Self::Ready { last: id } => named(w, *id, READY),
            Self::Trim { app, revision, seq, through } => {
                w.str(app);
                w.str(revision);
                w.u64(seq.0);
                w.u64(through.0);
                TRIM
            }
            Self::Released => RELEASED,
            Self::Ask { asked } => {
                w.u64(*asked);
                ASK
            }
            Self::Promise { asked } => {
                w.u64(*asked);
                PROMISE
            }
            Self::Refused { accepts, why, detail } => {
                w.u64(accepts.0);
                w.u8(why.tag());
                w.str(detail);
                REFUSED
            }
        }
    }

    /// The message of a frame. Entries share the frame's memory.
    ///
    /// # Errors
    ///
    /// When the content is not well formed, or of a kind that this build does not know.
    pub fn of_frame(frame: &Frame) -> Result<Self, DecodeError> {
        let mut r = Reader::new(&frame.payload);
        let message = match frame.kind {
            CHALLENGE => Self::Challenge { nonce: secret(&mut r)? },
            PROOF => Self::Proof { proof: secret(&mut r)? },
            OPEN => Self::Open {
                group: string(&mut r)?,
                node: string(&mut r)?,
                log: r.log_id()?,
                build: Build::read(&mut r)?,
            },
            HELLO => Self::Hello {
                node: string(&mut r)?,
                log: r.log_id()?,
                last: r.entry_id()?,
                build: Build::read(&mut r)?,
            },
            CUT => Self::Cut { keep: r.entry_id()? },
            RESET => Self::Reset { base: r.entry_id()? },
            ENTRIES => Self::Entries {
                after: r.entry_id()?,
                committed: r.entry_id()?,
                entries: entries(&mut r, &frame.payload)?,
            },
            PING => Self::Ping { committed: r.entry_id()? },
            ACK => Self::Ack { last: r.entry_id()? },
            FULL => Self::Full { last: r.entry_id()? },
            READY => Self::Ready { last: r.entry_id()? },
            TRIM => Self::Trim {
                app: string(&mut r)?,
                revision: string(&mut r)?,
                seq: Seq(r.u64()?),
                through: Seq(r.u64()?),
            },
            RELEASED => Self::Released,
            ASK => Self::Ask { asked: r.u64()? },
            PROMISE => Self::Promise { asked: r.u64()? },
            REFUSED => Self::Refused {
                accepts: Epoch(r.u64()?),
                why: Refusal::of_tag(r.u8()?)?,
                detail: string(&mut r)?,
            },
            tag => return Err(DecodeError::UnknownTag { what: "frame", tag: u64::from(tag) }),
        };
        // A later release may say more of itself; whoever greets it must not stumble over that.
        if !matches!(message, Self::Open { .. } | Self::Hello { .. }) {
            r.finish()?;
        }
        Ok(message)
    }
}

fn named(w: &mut Writer, id: EntryId, kind: u8) -> u8 {
    w.entry_id(id);
    kind
}

fn string(r: &mut Reader<'_>) -> Result<String, DecodeError> {
    r.str().map(str::to_owned)
}

fn secret(r: &mut Reader<'_>) -> Result<[u8; PROOF_BYTES], DecodeError> {
    let mut secret = [0; PROOF_BYTES];
    secret.copy_from_slice(r.raw(PROOF_BYTES)?);
    Ok(secret)
}

fn entries<'a>(r: &mut Reader<'a>, whole: &'a Bytes) -> Result<Vec<RawEntry>, DecodeError> {
    let count = r.len_of(RawEntry::BYTES_MIN)?;
    (0..count).map(|_| r.entry_of(whole)).collect()
}
