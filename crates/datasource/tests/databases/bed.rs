//! A database of its own for each test, on each server that is there.

use std::io::Write;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use weir_datasource::{Database, DatabaseOptions, Dialect, Sql, Statement};
use weir_event::Value;

/// Long enough for the slowest machine: nothing here waits for it to pass.
pub(crate) const PATIENT: DatabaseOptions =
    DatabaseOptions { busy_timeout: Duration::from_secs(120) };

/// A database of its own.
pub(crate) struct Bed {
    pub(crate) url: String,
    _folder: Option<TempDir>,
}

impl Bed {
    pub(crate) fn sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        let url = format!("jdbc:sqlite:{}", folder.path().join("data.db").display());
        Self { url, _folder: Some(folder) }
    }

    /// A schema of its own on the PostgreSQL server, if there is one.
    pub(crate) fn postgres() -> Option<Self> {
        let server = server("WEIR_TEST_POSTGRES")?;
        let name = fresh_name();
        run(&server, &format!("CREATE SCHEMA {name}"));
        Some(Self { url: format!("{server}&currentSchema={name}"), _folder: None })
    }

    /// A database of its own on the MariaDB server, if there is one.
    pub(crate) fn mariadb() -> Option<Self> {
        let server = server("WEIR_TEST_MARIADB")?;
        let name = fresh_name();
        run(&server, &format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"));
        Some(Self { url: server.replacen("/?", &format!("/{name}?"), 1), _folder: None })
    }

    pub(crate) fn database(&self) -> Database {
        Database::open(&self.url, PATIENT).expect("it is there")
    }

    pub(crate) fn sql(&self) -> Box<dyn Sql> {
        self.database().sql().unwrap()
    }

    /// Runs a statement beside what is tried.
    pub(crate) fn run(&self, text: &str) {
        run(&self.url, text);
    }

    /// Runs a statement where the lease is: a SQLite database has it in a file beside.
    pub(crate) fn run_at_lease(&self, text: &str) {
        let beside = self.database().cluster_file();
        match beside.map(|file| format!("jdbc:sqlite:{}", file.display())) {
            Some(url) => run(&url, text),
            None => run(&self.url, text),
        }
    }

    /// The only value that a query finds.
    pub(crate) fn one(&self, text: &str) -> Value {
        let rows = self.sql().query(&statement(text, [])).unwrap().rows;
        let [row] = &rows[..] else { panic!("{rows:?}") };
        row[0].clone()
    }
}

fn run(url: &str, text: &str) {
    let mut sql = Database::open(url, PATIENT).unwrap().sql().unwrap();
    sql.execute(&statement(text, [])).unwrap();
}

pub(crate) fn statement(text: &str, values: impl Into<Vec<Value>>) -> Statement {
    Statement::new(text, values)
}

fn fresh_name() -> String {
    static LAST: AtomicU32 = AtomicU32::new(0);
    format!("t_{}_{}", std::process::id(), LAST.fetch_add(1, Ordering::Relaxed))
}

/// Where a server is, by its variable; without one says so, and fails where checks are made.
pub(crate) fn server(variable: &str) -> Option<String> {
    static SAID: Once = Once::new();
    let found = std::env::var(variable).ok();
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "{variable} must name a server in CI");
        SAID.call_once(|| {
            let text = "SKIPPED: tests on PostgreSQL and MariaDB, which want servers\n\
                        hint: cargo xtask databases run -- cargo test -p weir-datasource\n";
            std::io::stderr().write_all(text.as_bytes()).unwrap();
        });
    }
    found
}

/// The column types that differ, by what the tests call them.
pub(crate) fn spelled(dialect: Dialect, text: &str) -> String {
    match dialect {
        Dialect::Sqlite | Dialect::Mysql => text.to_owned(),
        Dialect::Postgres => text.replace("DOUBLE", "DOUBLE PRECISION").replace("BLOB", "BYTEA"),
    }
}

/// Makes tests of functions that take a [`Bed`]: one for each kind of database.
macro_rules! on_every_database {
    ($($name:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[test] fn $name() { super::$name(&crate::bed::Bed::sqlite()); })*
        }
        mod on_postgres {
            $(#[test] fn $name() {
                if let Some(bed) = crate::bed::Bed::postgres() { super::$name(&bed); }
            })*
        }
        mod on_mariadb {
            $(#[test] fn $name() {
                if let Some(bed) = crate::bed::Bed::mariadb() { super::$name(&bed); }
            })*
        }
    };
}
pub(crate) use on_every_database;
