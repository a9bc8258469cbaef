//! Statements on a PostgreSQL server.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_core::Stream;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row, RowStream, Statement};

use super::cells::{Bound, cell_of, type_of};
use super::fault::{ends_connection, store_error};
use super::numbered::numbered;
use super::place::PostgresPlace;
use super::wire::{Silent, connect, wait};
use crate::door::{DatabaseOptions, QUERY_ROWS_MAX, StoreError};
use crate::session::{Cell, Dialect, Found, Session};

/// How long a client may do nothing in a transaction.
const STILL_MAX_MS: u64 = 1_000;

/// How many statements the server keeps ready for a connection.
const PREPARED_MAX: usize = 200;

/// A statement with the types of its values.
type Asked = (String, Vec<u32>);

/// A connection to a PostgreSQL server.
pub(crate) struct Postgres {
    place: Arc<PostgresPlace>,
    options: DatabaseOptions,
    answer_within: Duration,
    live: Option<Client>,
    prepared: BTreeMap<Asked, Statement>,
    in_transaction: bool,
}

impl Postgres {
    /// Connects.
    pub(crate) fn open(
        place: &Arc<PostgresPlace>,
        options: DatabaseOptions,
        answer_within: Duration,
    ) -> Result<Self, StoreError> {
        let mut it = Self {
            place: Arc::clone(place),
            options,
            answer_within,
            live: None,
            prepared: BTreeMap::new(),
            in_transaction: false,
        };
        it.client()?;
        Ok(it)
    }

    fn client(&mut self) -> Result<&Client, StoreError> {
        if self.live.as_ref().is_some_and(Client::is_closed) {
            self.disconnect();
        }
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

    fn connected(&self) -> Result<Client, StoreError> {
        let within = self.options.connect_within();
        let mut config = self.place.config.clone();
        config.connect_timeout(within);
        // Else a server whose machine is gone is noticed after a quarter of an hour.
        config.tcp_user_timeout(self.answer_within.max(within));
        config.keepalives_idle(Duration::from_secs(10));
        let failed =
            |silent: Silent| store_error(&silent, "open", &self.place.name, "the connection");
        let client = connect(config, self.place.tls.connector()?, within).map_err(failed)?;
        let (lock, answer) =
            (self.options.busy_timeout.as_millis(), self.answer_within.as_millis());
        // Of a client that stands still in a transaction, nobody waits for the locks.
        let mut text = format!(
            "SET lock_timeout = {}; SET statement_timeout = {answer}; \
             SET idle_in_transaction_session_timeout = {STILL_MAX_MS}",
            lock.max(1)
        );
        if let Some(schema) = &self.place.schema {
            let quoted: Vec<_> = schema.split(',').map(|it| it.trim().replace('"', "")).collect();
            text.push_str(&format!("; SET search_path = \"{}\"", quoted.join("\", \"")));
        }
        wait(client.batch_execute(&text), within).map_err(failed)?;
        Ok(client)
    }

    fn disconnect(&mut self) {
        self.live = None;
        self.prepared.clear();
    }

    /// Tells a failure, and gives the connection up where nothing more can be asked over it.
    fn failed(&mut self, silent: &Silent, doing: &'static str, statement: &str) -> StoreError {
        if ends_connection(silent) {
            self.disconnect();
        }
        store_error(silent, doing, &self.place.name, statement)
    }

    fn plainly(&mut self, doing: &'static str, text: &str) -> Result<(), StoreError> {
        let within = self.answer_within;
        let done = wait(self.client()?.batch_execute(text), within);
        done.map_err(|silent| self.failed(&silent, doing, text))
    }

    fn prepared(
        &mut self,
        doing: &'static str,
        text: &str,
        values: &[Cell],
    ) -> Result<Statement, StoreError> {
        let types: Vec<Type> = values.iter().map(type_of).collect();
        let asked = (text.to_owned(), types.iter().map(Type::oid).collect());
        let within = self.answer_within;
        self.client()?;
        if let Some(statement) = self.prepared.get(&asked) {
            return Ok(statement.clone());
        }
        let client = self.client()?;
        let statement = wait(client.prepare_typed(&numbered(text), &types), within)
            .map_err(|silent| self.failed(&silent, doing, text))?;
        if self.prepared.len() >= PREPARED_MAX {
            self.prepared.clear();
        }
        if statement.params().len() != values.len() {
            let (wants, has) = (statement.params().len(), values.len());
            let why = format!("it has places for {wants} values, and {has} are given");
            return Err(StoreError::Statement { statement: text.to_owned(), why });
        }
        self.prepared.insert(asked, statement.clone());
        Ok(statement)
    }

    /// A statement that failed may have been prepared for tables that are no longer as they
    /// were.
    fn forget(&mut self, text: &str) {
        self.prepared.retain(|(prepared, _), _| prepared != text);
    }
}

impl Session for Postgres {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn name(&self) -> &str {
        &self.place.name
    }

    fn batch(&mut self, text: &str) -> Result<(), StoreError> {
        self.plainly("write", text)
    }

    fn write(&mut self, text: &str, values: &[Cell]) -> Result<u64, StoreError> {
        let statement = self.prepared("write", text, values)?;
        let within = self.answer_within;
        let written =
            wait(self.client()?.execute_raw(&statement, values.iter().map(Bound)), within);
        written.map_err(|silent| {
            self.forget(text);
            self.failed(&silent, "write", text)
        })
    }

    fn read(&mut self, text: &str, values: &[Cell]) -> Result<Found, StoreError> {
        let statement = self.prepared("read", text, values)?;
        let columns = statement.columns().iter().map(|it| it.name().to_owned()).collect();
        let within = self.answer_within;
        let client = self.client()?;
        let asked = async {
            let rows = client.query_raw(&statement, values.iter().map(Bound)).await?;
            gathered(rows).await
        };
        let rows = wait(asked, within).map_err(|silent| {
            self.forget(text);
            self.failed(&silent, "read", text)
        })?;
        if rows.len() > QUERY_ROWS_MAX {
            // What is left of the answer would have to be read before anything else.
            self.disconnect();
            return Err(StoreError::too_many_rows(text));
        }
        let cells = |row: &Row| (0..row.len()).map(|at| cell_of(row, at)).collect();
        let rows = rows.iter().map(cells).collect::<Result<_, String>>();
        let rows = rows.map_err(|why| StoreError::Statement { statement: text.to_owned(), why })?;
        Ok(Found { columns, rows })
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        self.plainly("write", "BEGIN")?;
        self.in_transaction = true;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        let committed = self.plainly("write", "COMMIT");
        self.in_transaction = false;
        committed
    }

    fn rollback(&mut self) {
        if self.live.is_some() && self.plainly("write", "ROLLBACK").is_err() {
            self.disconnect();
        }
        self.in_transaction = false;
    }
}

/// The rows of an answer, one more than are allowed at most.
async fn gathered(rows: RowStream) -> Result<Vec<Row>, tokio_postgres::Error> {
    let mut rows = pin!(rows);
    let mut found = Vec::new();
    while found.len() <= QUERY_ROWS_MAX {
        let next = poll_fn(|cx| rows.as_mut().poll_next(cx));
        match next.await {
            Some(row) => found.push(row?),
            None => break,
        }
    }
    Ok(found)
}
