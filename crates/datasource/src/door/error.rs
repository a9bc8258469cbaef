//! Why a database could not do what was asked.

use std::path::Path;

use weir_codec::DecodeError;
use weir_event::Epoch;

use super::sql::QUERY_ROWS_MAX;

/// Why a database could not do what was asked, by what to do next.
///
/// A call that fails has changed nothing, except that after [`StoreError::RetryLater`] of a
/// write it may have happened all the same: read before deciding.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It is away or busy; the same may work later.
    #[error("could not {doing} `{database}`: {why}")]
    RetryLater {
        /// The deed.
        doing: &'static str,
        /// The database.
        database: String,
        /// Its words.
        why: String,
    },
    /// The disk or the database is full; the same works once there is room.
    #[error(
        "could not {doing} `{database}`: the disk or the database is full\n\
         hint: free some space; it is tried again"
    )]
    Full {
        /// The deed.
        doing: &'static str,
        /// The database.
        database: String,
    },
    /// It cannot work until a person changes the configuration or the rights.
    #[error("cannot use `{what}`: {why}\nhint: {hint}")]
    Refused {
        /// What cannot be used.
        what: String,
        /// Why not.
        why: String,
        /// What to do.
        hint: &'static str,
    },
    /// The file is not a database any more, or what it holds makes no sense.
    #[error(
        "`{database}` is damaged: {why}\n\
         hint: stop both nodes, keep a copy of the file, and restore it from a backup"
    )]
    Damaged {
        /// The database.
        database: String,
        /// What is wrong.
        why: String,
    },
    /// A node with a higher epoch has raised the fence: this node is not the active one.
    #[error("epoch {} is over: a node of epoch {} is at work", ours.0, found.0)]
    Fenced {
        /// The epoch that was used.
        ours: Epoch,
        /// The epoch of the fence.
        found: Epoch,
    },
    /// There is no snapshot of this name.
    #[error("app `{app}` has no revision `{revision}`")]
    NoRevision {
        /// The app.
        app: String,
        /// The revision.
        revision: String,
    },
    /// The snapshot is there and cannot be read.
    #[error("cannot restore revision `{revision}` of app `{app}`: {source}")]
    Unreadable {
        /// The app.
        app: String,
        /// The revision.
        revision: String,
        /// What is wrong with it.
        source: DecodeError,
    },
    /// A row with the same key is there, or another rule of the table forbids it.
    #[error("a rule of the table forbids it: {why}")]
    Conflict {
        /// The database's words.
        why: String,
    },
    /// The statement is wrong, or does not fit the tables that are there.
    #[error("could not run `{statement}`: {why}")]
    Statement {
        /// The statement.
        statement: String,
        /// The database's words.
        why: String,
    },
}

impl StoreError {
    /// Whether the same may work later, without a person changing anything here.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::RetryLater { .. } | Self::Full { .. } => true,
            Self::Refused { .. }
            | Self::Damaged { .. }
            | Self::Fenced { .. }
            | Self::NoRevision { .. }
            | Self::Unreadable { .. }
            | Self::Conflict { .. }
            | Self::Statement { .. } => false,
        }
    }

    pub(crate) fn refused(what: impl ToString, why: impl ToString, hint: &'static str) -> Self {
        Self::Refused { what: what.to_string(), why: why.to_string(), hint }
    }

    pub(crate) fn too_many_rows(statement: &str) -> Self {
        let why = format!("it finds more than {QUERY_ROWS_MAX} rows");
        Self::Statement { statement: statement.to_owned(), why }
    }

    pub(crate) fn no_folder(folder: &Path, file: &Path) -> Self {
        let why = format!("the folder `{}` is not there", folder.display());
        Self::refused(file.display(), why, "make the folder, or correct `jdbcUrl`")
    }
}
