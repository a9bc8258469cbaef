//! Which release a node runs, and what that release understands.

use crate::wire::{DecodeError, Reader, Writer};

/// The versions of event sync that a release speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protocols {
    /// The oldest.
    pub oldest: u16,
    /// The newest.
    pub newest: u16,
}

impl Protocols {
    /// What this build speaks.
    pub const OURS: Self = Self { oldest: 1, newest: 1 };

    /// The newest version that both speak, if there is one.
    #[must_use]
    pub fn opt_shared(self, other: Self) -> Option<u16> {
        let newest = self.newest.min(other.newest);
        (newest >= self.oldest.max(other.oldest)).then_some(newest)
    }
}

/// What a node says of its build when it greets another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The release of the engine: only nodes of one release execute each other's log.
    pub release: String,
    /// The versions of event sync that it speaks.
    pub protocols: Protocols,
    /// The newest form of snapshots that it reads, which is also the one it writes.
    pub snapshots: u16,
}

impl Build {
    pub(super) fn write(&self, w: &mut Writer) {
        w.u16(self.protocols.oldest);
        w.u16(self.protocols.newest);
        w.u16(self.snapshots);
        w.str(&self.release);
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let protocols = Protocols { oldest: r.u16()?, newest: r.u16()? };
        Ok(Self { protocols, snapshots: r.u16()?, release: r.str()?.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_ranges_share_their_newest_common_version() {
        let range = |oldest, newest| Protocols { oldest, newest };
        assert_eq!(range(1, 3).opt_shared(range(2, 5)), Some(3));
        assert_eq!(range(2, 5).opt_shared(range(1, 2)), Some(2));
        assert_eq!(range(1, 2).opt_shared(range(3, 4)), None);
        assert_eq!(range(3, 1).opt_shared(range(1, 3)), None, "a range that is none");
    }
}
