//! Why the log could not do what was asked.

use std::io;
use std::path::{Path, PathBuf};

use weir_codec::{DecodeError, EntryId};

/// Why the log could not do what was asked, by what to do next.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Another process has the log open.
    #[error(
        "the log in `{}` is in use by another process\n\
         hint: stop the node that uses it, or give this one another folder", folder.display()
    )]
    InUse {
        /// The log's folder.
        folder: PathBuf,
    },
    /// The log is at its limit: trim it, and push sources back until then. Nothing was written.
    #[error(
        "the log is full: it holds {bytes} bytes, the limit is {bytes_max}\n\
         hint: it shrinks once a snapshot is committed; see that the persistence database \
         can be written, or raise the limit"
    )]
    Full {
        /// How many bytes it holds.
        bytes: u64,
        /// How many it may hold.
        bytes_max: u64,
    },
    /// The disk is full: push sources back until there is room. Nothing was written.
    #[error(
        "could not write `{}`: the disk is full\n\
         hint: free some space; the log goes on by itself", path.display()
    )]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// What was once safely on disk is no longer readable: the node may not go on with it.
    #[error(
        "`{}` is damaged at byte {offset}: {why}\n\
         hint: move the log's folder away; this node then starts as a new one and gets its \
         log from the other", path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        offset: u64,
        /// What is wrong there.
        why: String,
    },
    /// A newer build wrote it.
    #[error("could not read `{}`: {source}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// What is not known.
        source: DecodeError,
    },
    /// The entry is too large for any log. Nothing was written.
    #[error("could not log entry {id}: {source}")]
    TooLarge {
        /// The entry.
        id: EntryId,
        /// How large it is.
        source: DecodeError,
    },
    /// The entry does not follow the last one. Nothing was written.
    #[error("entry {found} does not follow {last}, the last one in the log")]
    OutOfTurn {
        /// The last entry held.
        last: EntryId,
        /// The one that was to follow.
        found: EntryId,
    },
    /// The log does not hold the entry that was named.
    #[error("entry {asked} is not in the log, which holds {base} (exclusive) to {last}")]
    NotHeld {
        /// The one that was named.
        asked: EntryId,
        /// The entry before the first held.
        base: EntryId,
        /// The last entry held.
        last: EntryId,
    },
    /// A write or a sync failed half-way earlier: what is on disk is not known any more.
    #[error(
        "the log in `{}` failed earlier and takes no more\n\
         hint: restart the node; it recovers what is on disk", folder.display()
    )]
    Broken {
        /// The log's folder.
        folder: PathBuf,
    },
    /// The file system refused.
    #[error("could not {doing} `{}`", path.display())]
    Io {
        /// The deed.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Its words.
        source: io::Error,
    },
}

impl LogError {
    /// Names the deed and the file, and tells a full disk from the rest.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| {
            let full = [
                io::ErrorKind::StorageFull,
                io::ErrorKind::QuotaExceeded,
                io::ErrorKind::FileTooLarge,
            ];
            if full.contains(&source.kind()) {
                Self::DiskFull { path }
            } else {
                Self::Io { doing, path, source }
            }
        }
    }

    /// The same error where it does not pass by itself.
    pub(super) fn not_passing(self) -> Self {
        if let Self::DiskFull { path } = self {
            let source = io::ErrorKind::StorageFull.into();
            return Self::Io { doing: "sync", path, source };
        }
        self
    }

    /// Whether the same may work later, without a person doing anything to this log.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Full { .. } | Self::DiskFull { .. } => true,
            Self::InUse { .. }
            | Self::Damaged { .. }
            | Self::Newer { .. }
            | Self::TooLarge { .. }
            | Self::OutOfTurn { .. }
            | Self::NotHeld { .. }
            | Self::Broken { .. }
            | Self::Io { .. } => false,
        }
    }
}
