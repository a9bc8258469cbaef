//! Why a connection cannot be encrypted.

use std::path::{Path, PathBuf};

/// Why a connection cannot be encrypted: said to the person who configured it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// A file is not to be had.
    #[error("could not read `{}`: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What happened.
        why: String,
    },
    /// A file holds nothing that helps.
    #[error("`{}`: {why}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
        /// What to do.
        hint: String,
    },
    /// What the files hold does not fit together.
    #[error("TLS: {0}")]
    Unfit(String),
}

impl TlsError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &str {
        match self {
            Self::Unreadable { .. } => "name a file that this user may read",
            Self::Unusable { hint, .. } => hint,
            Self::Unfit(_) => "the certificate must belong to the key",
        }
    }

    pub(crate) fn unusable(path: &Path, why: impl Into<String>, hint: &str) -> Self {
        Self::Unusable { path: path.to_owned(), why: why.into(), hint: hint.to_owned() }
    }
}
