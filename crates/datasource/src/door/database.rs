//! A database as the configuration names it, and the rooms behind its door.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::StoreError;
use super::sql::Sql;
use super::url::Target;
use crate::cluster_tables::{ClusterTables, SqliteCluster};
use crate::snapshots::{SnapshotPlace, Snapshots, SqliteSnapshots};
use crate::sqlite::Sqlite;

/// How a database is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatabaseOptions {
    /// How long a call waits for another process to let go of the database. For the lease it
    /// must be well below the lease itself.
    pub busy_timeout: Duration,
}

impl Default for DatabaseOptions {
    /// Waits up to five seconds.
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(5) }
    }
}

/// A database that the configuration names.
///
/// Each room opens a connection of its own, so that none waits for another's.
#[derive(Debug, Clone)]
pub struct Database {
    file: PathBuf,
    notice: Option<String>,
    options: DatabaseOptions,
}

impl Database {
    /// Opens what a JDBC URL means: `jdbc:sqlite:FILE`, or `jdbc:h2:PATH`, for which a SQLite
    /// database stands beside the path. Makes the file when it is not there.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] for other databases, a missing folder and a file that cannot be
    /// written.
    pub fn open(jdbc_url: &str, options: DatabaseOptions) -> Result<Self, StoreError> {
        let target = Target::of_url(jdbc_url)?;
        let folder = target.file.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            let made = if target.makes_folder { fs::create_dir_all(folder).is_ok() } else { false };
            if !made {
                return Err(StoreError::no_folder(folder, &target.file));
            }
        }
        let database = Self { file: target.file, notice: target.notice, options };
        Sqlite::open(&database.file, options)?;
        Ok(database)
    }

    /// What the user should be told about the database that was opened.
    #[must_use]
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }

    /// The file that holds the data.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The file that holds the nodes and the lease: apart from the data, so that no large
    /// write keeps a renewal waiting.
    #[must_use]
    pub fn cluster_file(&self) -> PathBuf {
        let mut name = self.file.as_os_str().to_owned();
        name.push(".lease");
        name.into()
    }

    /// The nodes of a cluster and their lease.
    ///
    /// # Errors
    ///
    /// As [`Database::open`].
    pub fn cluster(&self) -> Result<Box<dyn ClusterTables>, StoreError> {
        Ok(Box::new(SqliteCluster::open(&self.cluster_file(), self.options)?))
    }

    /// The snapshots of apps.
    ///
    /// # Errors
    ///
    /// As [`Database::open`], and when the table's name is not a plain one.
    pub fn snapshots(&self, place: &SnapshotPlace) -> Result<Box<dyn Snapshots>, StoreError> {
        Ok(Box::new(SqliteSnapshots::open(&self.file, place, self.options)?))
    }

    /// Tables of the user's own.
    ///
    /// # Errors
    ///
    /// As [`Database::open`].
    pub fn sql(&self) -> Result<Box<dyn Sql>, StoreError> {
        Ok(Box::new(Sqlite::open(&self.file, self.options)?))
    }
}
