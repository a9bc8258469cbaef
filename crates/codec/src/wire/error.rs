//! Why bytes could not be read.

/// Why bytes could not be read as the shape that was asked for.
///
/// None of these is cured by reading the same bytes again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes end inside a value.
    #[error("ends too early: {needed} bytes wanted at offset {at}, {left} left")]
    Truncated {
        /// Where the value starts.
        at: usize,
        /// How many bytes it takes, at least.
        needed: usize,
        /// How many there are.
        left: usize,
    },
    /// A length or count is above the stated limit.
    #[error("`{what}` is {len} long, the limit is {max}")]
    TooLong {
        /// What is too long.
        what: &'static str,
        /// The length as stated in the bytes.
        len: u64,
        /// The limit.
        max: u64,
    },
    /// Text that is not UTF-8.
    #[error("text at offset {at} is not UTF-8")]
    NotText {
        /// Where the text starts.
        at: usize,
    },
    /// A mark that names none of the known cases.
    #[error("`{what}` has no case {tag}")]
    UnknownTag {
        /// What the mark chooses a case of.
        what: &'static str,
        /// The mark.
        tag: u64,
    },
    /// Written by a newer build.
    #[error(
        "`{what}` has version {version}, this build reads up to {newest}\n\
         hint: start the build that wrote it, or a newer one"
    )]
    UnknownVersion {
        /// What has the version.
        what: &'static str,
        /// The version found.
        version: u64,
        /// The newest version that this build reads.
        newest: u64,
    },
    /// The bytes do not start as this shape does.
    #[error("`{what}` does not start with its mark")]
    WrongMagic {
        /// What should have been there.
        what: &'static str,
    },
    /// The checksum does not match: the bytes were changed or cut.
    #[error("`{what}` is damaged: checksum {found:08x}, stated {stated:08x}")]
    Damaged {
        /// What is damaged.
        what: &'static str,
        /// The checksum as stated.
        stated: u32,
        /// The checksum of what was read.
        found: u32,
    },
    /// Bytes are left over after the last value.
    #[error("{left} bytes are left over at offset {at}")]
    LeftOver {
        /// Where they start.
        at: usize,
        /// How many.
        left: usize,
    },
    /// The parts were read but do not fit together.
    #[error("`{what}` is not well formed: {why}")]
    Malformed {
        /// What is not well formed.
        what: &'static str,
        /// How.
        why: &'static str,
    },
}
