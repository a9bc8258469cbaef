//! A database as the configuration names it, and the rooms behind its door.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::StoreError;
use super::login::Login;
use super::server_url::{ServerKind, ServerUrl};
use super::sql::Sql;
use super::url::{FileTarget, Target};
use crate::cluster_tables::{ClusterTables, SqlCluster};
use crate::error_store::ErrorStore;
use crate::kept_log::KeptLog;
use crate::session::Link;
use crate::snapshots::{SnapshotPlace, Snapshots, SqlSnapshots};
use crate::statements::UserTables;

/// How a database is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatabaseOptions {
    /// How long a call waits for another process to let go of the database, and for a server to
    /// be reached. For the lease it must be well below the lease itself.
    pub busy_timeout: Duration,
}

/// How long it may take at least until a server is reached: proving who one is takes a while.
#[cfg(any(feature = "postgres", feature = "mysql"))]
const CONNECT_WITHIN: Duration = Duration::from_secs(3);

/// How long a server may take to answer a statement of the user's, or take a piece of a snapshot.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

impl Default for DatabaseOptions {
    /// Waits up to five seconds.
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(5) }
    }
}

impl DatabaseOptions {
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(crate) fn connect_within(self) -> Duration {
        self.busy_timeout.max(CONNECT_WITHIN)
    }

    pub(crate) fn answer_within(self) -> Duration {
        self.busy_timeout.max(ANSWER_WITHIN)
    }
}

/// A database that the configuration names.
///
/// Each room opens a connection of its own, so that none waits for another's.
#[derive(Debug, Clone)]
pub struct Database {
    link: Link,
    name: String,
    notice: Option<String>,
    options: DatabaseOptions,
}

/// What a JDBC URL means, before anything is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JdbcUrl {
    /// The database, for messages: its file, or its URL without user and password.
    pub name: String,
    /// What the user should be told about the URL.
    pub notice: Option<String>,
}

impl JdbcUrl {
    /// Reads a URL.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] when it cannot be used, whatever is there.
    pub fn check(jdbc_url: &str) -> Result<Self, StoreError> {
        let (_, name, notice) = reached(Target::of_url(jdbc_url)?)?;
        Ok(Self { name, notice })
    }
}

impl Database {
    /// Opens what a JDBC URL means, as [`Self::open_as`] does, with the user that it names.
    ///
    /// # Errors
    ///
    /// As [`Self::open_as`].
    pub fn open(jdbc_url: &str, options: DatabaseOptions) -> Result<Self, StoreError> {
        Self::open_as(jdbc_url, Login::default(), options)
    }

    /// Opens what a JDBC URL means: `jdbc:postgresql:`, `jdbc:mysql:` and `jdbc:mariadb:` with a
    /// server, `jdbc:sqlite:FILE`, or `jdbc:h2:PATH`, for which a SQLite database stands beside
    /// the path. Makes the file when it is not there.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] for other databases, what the server does not let in, a missing
    /// folder and a file that cannot be written; [`StoreError::RetryLater`] for a server that
    /// does not answer.
    pub fn open_as(
        jdbc_url: &str,
        login: Login,
        options: DatabaseOptions,
    ) -> Result<Self, StoreError> {
        let mut target = Target::of_url(jdbc_url)?;
        match &mut target {
            Target::File(it) => make_folder(it)?,
            Target::Server(url) => url.login = login.or(std::mem::take(&mut url.login)),
        }
        let (link, name, notice) = reached(target)?;
        link.session(options, options.busy_timeout)?;
        Ok(Self { link, name, notice, options })
    }

    /// What the user should be told about the database that was opened.
    #[must_use]
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }

    /// The database, for messages: its file, or its URL without user and password.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file that holds the data, where it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match &self.link {
            Link::File(file) => Some(file),
            #[cfg(feature = "postgres")]
            Link::Postgres(_) => None,
            #[cfg(feature = "mysql")]
            Link::Mysql(_) => None,
        }
    }

    /// The file that holds the nodes and the lease: apart from the data, so that no large
    /// write keeps a renewal waiting.
    #[must_use]
    pub fn cluster_file(&self) -> Option<PathBuf> {
        let mut name = self.file()?.as_os_str().to_owned();
        name.push(".lease");
        Some(name.into())
    }

    /// The nodes of a cluster and their lease. A server that does not answer within
    /// [`DatabaseOptions::busy_timeout`] is given up.
    ///
    /// # Errors
    ///
    /// As [`Database::open`].
    pub fn cluster(&self) -> Result<Box<dyn ClusterTables>, StoreError> {
        let link = match self.cluster_file() {
            Some(file) => Link::File(file),
            None => self.link.clone(),
        };
        let session = link.session(self.options, self.options.busy_timeout)?;
        Ok(Box::new(SqlCluster::open(session)?))
    }

    /// The snapshots of apps.
    ///
    /// # Errors
    ///
    /// As [`Database::open`], and when the table's name is not a plain one.
    pub fn snapshots(&self, place: &SnapshotPlace) -> Result<Box<dyn Snapshots>, StoreError> {
        Ok(Box::new(SqlSnapshots::open(&self.link, place, self.options)?))
    }

    /// The messages of a group that could not be delivered.
    ///
    /// # Errors
    ///
    /// As [`Database::open`].
    pub fn error_store(&self, scope: &str) -> Result<ErrorStore, StoreError> {
        ErrorStore::open(self.link.session(self.options, self.options.answer_within())?, scope)
    }

    /// The log of a group, as a node alone keeps it here.
    ///
    /// # Errors
    ///
    /// As [`Database::open`].
    pub fn kept_log(&self, group: &str) -> Result<KeptLog, StoreError> {
        KeptLog::open(self.link.session(self.options, self.options.answer_within())?, group)
    }

    /// Tables of the user's own.
    ///
    /// # Errors
    ///
    /// As [`Database::open`].
    pub fn sql(&self) -> Result<Box<dyn Sql>, StoreError> {
        let session = self.link.session(self.options, self.options.answer_within())?;
        Ok(Box::new(UserTables::new(session)))
    }
}

fn make_folder(target: &FileTarget) -> Result<(), StoreError> {
    let folder = target.file.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        let made = if target.makes_folder { fs::create_dir_all(folder).is_ok() } else { false };
        if !made {
            return Err(StoreError::no_folder(folder, &target.file));
        }
    }
    Ok(())
}

/// How a database is reached, what it is called, and what the user should know about it.
fn reached(target: Target) -> Result<(Link, String, Option<String>), StoreError> {
    match target {
        Target::File(it) => {
            let name = it.file.display().to_string();
            Ok((Link::File(it.file), name, it.notice))
        }
        Target::Server(url) => {
            let name = url.name();
            let (link, notice) = server(url)?;
            Ok((link, name, notice))
        }
    }
}

/// How the server of a URL is reached, and what the user should know about it.
fn server(url: ServerUrl) -> Result<(Link, Option<String>), StoreError> {
    match url.kind {
        #[cfg(feature = "postgres")]
        ServerKind::Postgres => {
            let (place, notice) = crate::postgres::PostgresPlace::of_url(url)?;
            Ok((Link::Postgres(place.into()), notice))
        }
        #[cfg(feature = "mysql")]
        ServerKind::Mysql | ServerKind::Mariadb => {
            let (place, notice) = crate::mysql::MysqlPlace::of_url(url)?;
            Ok((Link::Mysql(place.into()), notice))
        }
        #[cfg(not(feature = "postgres"))]
        ServerKind::Postgres => Err(no_driver(&url, "build with the feature `postgres`")),
        #[cfg(not(feature = "mysql"))]
        ServerKind::Mysql | ServerKind::Mariadb => {
            Err(no_driver(&url, "build with the feature `mysql`"))
        }
    }
}

#[cfg(not(all(feature = "postgres", feature = "mysql")))]
fn no_driver(url: &ServerUrl, hint: &'static str) -> StoreError {
    StoreError::refused(url.name(), "this build has no driver for it", hint)
}
