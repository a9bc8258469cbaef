//! Statements on a MySQL or MariaDB server.

use std::sync::Arc;
use std::time::Duration;

use mysql::prelude::Queryable;
use mysql::{Conn, Error, OptsBuilder, Params};

use super::cells::{bound, cell_of};
use super::fault::{ends_connection, store_error};
use super::place::{Encryption, MysqlPlace};
use crate::door::{DatabaseOptions, QUERY_ROWS_MAX, StoreError};
use crate::session::{Cell, Dialect, Found, Session};

/// How many statements the server keeps ready for a connection.
const PREPARED_MAX: usize = 200;

/// How long a client may do nothing in a transaction, in seconds.
const STILL_MAX_S: u64 = 1;

/// A connection to a MySQL or MariaDB server.
pub(crate) struct Mysql {
    place: Arc<MysqlPlace>,
    options: DatabaseOptions,
    answer_within: Duration,
    live: Option<Conn>,
    in_transaction: bool,
}

impl Mysql {
    /// Connects.
    pub(crate) fn open(
        place: &Arc<MysqlPlace>,
        options: DatabaseOptions,
        answer_within: Duration,
    ) -> Result<Self, StoreError> {
        let (place, live) = (Arc::clone(place), None);
        let mut it = Self { place, options, answer_within, live, in_transaction: false };
        it.client()?;
        Ok(it)
    }

    fn client(&mut self) -> Result<&mut Conn, StoreError> {
        let client = match self.live.take() {
            Some(client) => client,
            None if self.in_transaction => {
                return Err(StoreError::RetryLater {
                    doing: "write",
                    database: self.place.name.clone(),
                    why: "the connection was lost in a transaction".to_owned(),
                });
            }
            None => self.connected()?,
        };
        Ok(self.live.insert(client))
    }

    /// Connects to the first host that answers.
    fn connected(&self) -> Result<Conn, StoreError> {
        let mut last = None;
        for (host, port) in &self.place.hosts {
            match self.connect(host, *port) {
                Ok(client) => return Ok(client),
                Err(error) => last = Some(error),
            }
        }
        let name = &self.place.name;
        Err(last.map_or_else(
            || StoreError::refused(name, "it names no host", "name one in `jdbcUrl`"),
            |error| store_error(&error, "open", name, "the connection"),
        ))
    }

    fn connect(&self, host: &str, port: u16) -> Result<Conn, Error> {
        let wait = self.options.busy_timeout;
        let answer = self.answer_within.max(wait);
        let seconds = wait.as_secs().max(1);
        let options = self
            .place
            .options
            .clone()
            .ip_or_hostname(Some(host))
            .tcp_port(port)
            .tcp_connect_timeout(Some(self.options.connect_within()))
            .read_timeout(Some(answer))
            .write_timeout(Some(answer))
            .stmt_cache_size(PREPARED_MAX)
            .init(vec![
                // What a transaction reads with a lock is then what was committed last.
                "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED".to_owned(),
                "SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_TRANS_TABLES')".to_owned(),
                // Nobody waits for the locks of a client that stands still in a transaction:
                // MariaDB ends it. MySQL has nothing like it; there it is a comment.
                format!(
                    "SET /*M!100301 SESSION idle_transaction_timeout = {STILL_MAX_S}, */ \
                     SESSION innodb_lock_wait_timeout = {seconds}"
                ),
                format!("SET SESSION lock_wait_timeout = {seconds}"),
                "SET NAMES utf8mb4".to_owned(),
            ]);
        let connect = |options: OptsBuilder| {
            // Where nothing else has said whose cryptography is used.
            drop(rustls::crypto::ring::default_provider().install_default());
            Conn::new(options)
        };
        match &self.place.encryption {
            Encryption::No => connect(options),
            Encryption::Required(ssl) => connect(options.ssl_opts(ssl.clone())),
            Encryption::Preferred(ssl) => {
                match connect(options.clone().ssl_opts(ssl.clone())) {
                    // Said before anything secret was sent.
                    Err(Error::DriverError(mysql::DriverError::TlsNotSupported)) => {
                        connect(options)
                    }
                    other => other,
                }
            }
        }
    }

    /// Asks, and gives the connection up where nothing more can be asked over it.
    fn ask<T>(
        &mut self,
        doing: &'static str,
        text: &str,
        ask: impl FnOnce(&mut Conn) -> Result<T, Error>,
    ) -> Result<T, StoreError> {
        let asked = ask(self.client()?);
        asked.map_err(|error| {
            if ends_connection(&error) {
                self.live = None;
            }
            store_error(&error, doing, &self.place.name, text)
        })
    }
}

fn params(values: &[Cell]) -> Params {
    if values.is_empty() {
        Params::Empty
    } else {
        Params::Positional(values.iter().map(bound).collect())
    }
}

impl Session for Mysql {
    fn dialect(&self) -> Dialect {
        Dialect::Mysql
    }

    fn name(&self) -> &str {
        &self.place.name
    }

    fn batch(&mut self, text: &str) -> Result<(), StoreError> {
        self.ask("write", text, |client| client.query_drop(text))
    }

    fn write(&mut self, text: &str, values: &[Cell]) -> Result<u64, StoreError> {
        self.ask("write", text, |client| {
            client.exec_drop(text, params(values))?;
            Ok(client.affected_rows())
        })
    }

    fn read(&mut self, text: &str, values: &[Cell]) -> Result<Found, StoreError> {
        let found = self.ask("read", text, |client| {
            let mut answer = client.exec_iter(text, params(values))?;
            let columns = answer.columns().as_ref().to_vec();
            let mut rows = Vec::new();
            for row in answer.by_ref().take(QUERY_ROWS_MAX + 1) {
                let cells = row?.unwrap().into_iter().zip(&columns);
                rows.push(cells.map(|(value, column)| cell_of(value, column)).collect());
            }
            let columns = columns.iter().map(|it| it.name_str().into_owned()).collect();
            Ok(Found { columns, rows })
        })?;
        if found.rows.len() > QUERY_ROWS_MAX {
            return Err(StoreError::too_many_rows(text));
        }
        Ok(found)
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        self.batch("BEGIN")?;
        self.in_transaction = true;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        let committed = self.batch("COMMIT");
        self.in_transaction = false;
        committed
    }

    fn rollback(&mut self) {
        if self.live.is_some() && self.batch("ROLLBACK").is_err() {
            self.live = None;
        }
        self.in_transaction = false;
    }
}
