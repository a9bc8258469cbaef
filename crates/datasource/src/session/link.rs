//! How a database is reached, and a connection to it.

use std::path::PathBuf;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use std::sync::Arc;
use std::time::Duration;

use super::plain::Session;
use crate::door::{DatabaseOptions, StoreError};
#[cfg(feature = "mysql")]
use crate::mysql::{Mysql, MysqlPlace};
#[cfg(feature = "postgres")]
use crate::postgres::{Postgres, PostgresPlace};
use crate::sqlite::Sqlite;

/// How a database is reached.
#[derive(Debug, Clone)]
pub(crate) enum Link {
    /// A SQLite file.
    File(PathBuf),
    /// A PostgreSQL server.
    #[cfg(feature = "postgres")]
    Postgres(Arc<PostgresPlace>),
    /// A MySQL or MariaDB server.
    #[cfg(feature = "mysql")]
    Mysql(Arc<MysqlPlace>),
}

impl Link {
    /// Connects. A call whose answer takes longer than `answer_within` fails; that a server is
    /// reached and lets go of what others hold may take as long as the options say.
    pub(crate) fn session(
        &self,
        options: DatabaseOptions,
        answer_within: Duration,
    ) -> Result<Box<dyn Session>, StoreError> {
        #[cfg(not(any(feature = "postgres", feature = "mysql")))]
        let _ = answer_within;
        Ok(match self {
            Self::File(file) => Box::new(Sqlite::open(file, options)?),
            #[cfg(feature = "postgres")]
            Self::Postgres(place) => Box::new(Postgres::open(place, options, answer_within)?),
            #[cfg(feature = "mysql")]
            Self::Mysql(place) => Box::new(Mysql::open(place, options, answer_within)?),
        })
    }
}
