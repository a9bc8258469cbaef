//! A large state cut into parts by what is in it: a part that two snapshots have is kept once.

use std::ops::Range;

use fastcdc::v2020::FastCDC;
use sha2::{Digest, Sha256};
use weir_codec::{DecodeError, Reader, Writer};

/// A state of so many bytes is cut; a smaller one is written whole each time.
pub(super) const PARTED_BYTES_MIN: usize = 1 << 20;

/// How many bytes a part has at least, mostly, and at most.
const PART_BYTES: [usize; 3] = [32 << 10, 128 << 10, 512 << 10];

/// What stands before the list of a snapshot's parts, where a state would begin.
const MAGIC: [u8; 8] = *b"WEIRPART";
const VERSION: u8 = 1;
const PARTS: &str = "list of the parts of a snapshot";

/// The name of a part: what its bytes hash to, in hexadecimal digits.
pub(super) type PartName = String;

/// The parts of a state, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PartList {
    pub(super) parts: Vec<(PartName, u32)>,
    bytes: u64,
    crc: u32,
}

pub(super) fn name_of(part: &[u8]) -> PartName {
    Sha256::digest(part).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where a state is cut: what comes or goes in one place moves the cuts beside it alone.
pub(super) fn cut(state: &[u8]) -> Vec<Range<usize>> {
    let [least, mostly, most] = PART_BYTES;
    FastCDC::new(state, least, mostly, most).map(|it| it.offset..it.offset + it.length).collect()
}

impl PartList {
    pub(super) fn of(state: &[u8], cuts: &[Range<usize>]) -> Self {
        let part = |range: &Range<usize>| {
            let bytes = state.get(range.clone()).unwrap_or_default();
            (name_of(bytes), bytes.len() as u32)
        };
        let parts = cuts.iter().map(part).collect();
        Self { parts, bytes: state.len() as u64, crc: crc32fast::hash(state) }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        w.raw(&MAGIC);
        w.u8(VERSION);
        w.u64(self.bytes);
        w.u32(self.crc);
        w.len(self.parts.len());
        for (name, bytes) in &self.parts {
            w.str(name);
            w.u32(*bytes);
        }
        w.into_bytes()
    }

    /// The list, where the payload of a snapshot is one.
    pub(super) fn decode(payload: &[u8]) -> Result<Option<Self>, DecodeError> {
        let Some(rest) = payload.strip_prefix(&MAGIC) else { return Ok(None) };
        let mut r = Reader::new(rest);
        let version = r.u8()?;
        if version != VERSION {
            let (version, newest) = (u64::from(version), u64::from(VERSION));
            return Err(DecodeError::UnknownVersion { what: PARTS, version, newest });
        }
        let (bytes, crc) = (r.u64()?, r.u32()?);
        let mut parts = Vec::new();
        for _ in 0..r.len()? {
            parts.push((r.str()?.to_owned(), r.u32()?));
        }
        r.finish()?;
        Ok(Some(Self { parts, bytes, crc }))
    }

    /// Checks a state that was put together.
    pub(super) fn check(&self, state: &[u8]) -> Result<(), DecodeError> {
        if state.len() as u64 != self.bytes {
            let why = "its parts are not as long as their list says";
            return Err(DecodeError::Malformed { what: "snapshot", why });
        }
        let found = crc32fast::hash(state);
        if found != self.crc {
            return Err(DecodeError::Damaged { what: "snapshot", stated: self.crc, found });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(len: usize) -> Vec<u8> {
        let mut random = 7_u64;
        let mut next = || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
            (random >> 56) as u8
        };
        (0..len).map(|_| next()).collect()
    }

    #[test]
    fn what_comes_at_one_end_and_goes_at_the_other_leaves_most_parts_as_they_were() {
        let state = noise(6 << 20);
        let before = PartList::of(&state, &cut(&state));
        let mut moved = state[100_000..].to_vec();
        moved.extend(noise(50_000));
        let after = PartList::of(&moved, &cut(&moved));
        let new = after.parts.iter().filter(|it| !before.parts.contains(it)).count();
        assert!(new <= 4, "{new} of {}", after.parts.len());
        assert_eq!(PartList::decode(&after.encode()).unwrap(), Some(after));
    }

    #[test]
    fn a_state_is_no_list() {
        assert_eq!(PartList::decode(&[1, 2, 3]).unwrap(), None);
        let list = PartList::of(b"state", &cut(b"state"));
        let mut newer = list.encode();
        newer[8] = 9;
        assert!(PartList::decode(&newer).is_err());
        assert!(list.check(b"other").is_err() && list.check(b"state").is_ok());
    }
}
