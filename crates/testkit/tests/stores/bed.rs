//! Databases, and apps that are run on them.

use std::io::Write;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;
use weir_datasource::{Database, DatabaseOptions, RdbmsStores, Sql, Statement};
use weir_engine::{App, Emitted, EntryHead, Level, Options, Outputs, TapId};
use weir_event::{BatchBuilder, Epoch, Seq, Value};
use weir_query::Problem;

/// A database of its own for a test.
pub(crate) struct Bed {
    pub(crate) url: String,
    _folder: Option<TempDir>,
}

/// Every kind of database that is there.
pub(crate) fn beds() -> Vec<Bed> {
    let folder = TempDir::new().unwrap();
    let url = format!("jdbc:sqlite:{}", folder.path().join("data.db").display());
    let mut all = vec![Bed { url, _folder: Some(folder) }];
    static LAST: AtomicU32 = AtomicU32::new(0);
    let name = format!("k_{}_{}", std::process::id(), LAST.fetch_add(1, Ordering::Relaxed));
    if let Some(server) = server("WEIR_TEST_POSTGRES") {
        run(&server, &format!("CREATE SCHEMA {name}"));
        all.push(Bed { url: format!("{server}&currentSchema={name}"), _folder: None });
    }
    if let Some(server) = server("WEIR_TEST_MARIADB") {
        run(&server, &format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"));
        let url = server.replacen("/?", &format!("/{name}?"), 1);
        all.push(Bed { url, _folder: None });
    }
    all
}

fn server(variable: &str) -> Option<String> {
    static SAID: Once = Once::new();
    let found = std::env::var(variable).ok();
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "{variable} must name a server in CI");
        SAID.call_once(|| {
            let text = "SKIPPED: tests on PostgreSQL and MariaDB, which want servers\n\
                        hint: cargo xtask databases run -- cargo test -p weir-testkit\n";
            std::io::stderr().write_all(text.as_bytes()).unwrap();
        });
    }
    found
}

pub(crate) fn sql(url: &str) -> Box<dyn Sql> {
    Database::open(url, DatabaseOptions::default()).unwrap().sql().unwrap()
}

pub(crate) fn run(url: &str, text: &str) {
    sql(url).execute(&Statement::new(text, [])).unwrap();
}

/// The rows that a query of the database finds, as text.
pub(crate) fn rows(url: &str, text: &str) -> Vec<String> {
    let found = sql(url).query(&Statement::new(text, [])).unwrap();
    found.rows.iter().map(|row| shown(row)).collect()
}

fn shown(row: &[Value]) -> String {
    row.iter().map(Value::to_string).collect::<Vec<_>>().join(", ")
}

/// What left an app.
#[derive(Default)]
pub(crate) struct Seen(pub(crate) Vec<String>);

impl Outputs for Seen {
    fn rows(&mut self, _: TapId, emitted: &Emitted<'_>) {
        self.0.extend(emitted.range().map(|row| shown(&emitted.batch.row(row))));
    }

    fn note(&mut self, level: Level, text: &str) {
        if level == Level::Error {
            self.0.push(format!("error: {text}"));
        }
    }
}

/// An app that runs, and what left it.
pub(crate) struct Run {
    pub(crate) app: App,
    pub(crate) seen: Seen,
    /// How much later it is than entries alone would make it, in milliseconds.
    pub(crate) later_ms: i64,
    seq: u64,
}

/// Makes an app; `STORE` in its text stands for a store in the database, or for none.
pub(crate) fn make(
    text: &str,
    url: Option<&str>,
    stores: &RdbmsStores,
) -> Result<App, Vec<Problem>> {
    let options = Options::named("app");
    let Some(url) = url else {
        return App::create_with(&text.replace("STORE", ""), &options, stores);
    };
    let store = format!("@store(type='rdbms', jdbc.url='{url}', allow.null.values='true')");
    App::create_with(&text.replace("STORE", &store), &options, stores)
}

impl Run {
    pub(crate) fn start(text: &str, url: Option<&str>, stores: &RdbmsStores) -> Self {
        let mut app = make(text, url, stores).unwrap_or_else(|problems| panic!("{problems:?}"));
        if let Some(out) = app.stream("Out") {
            app.listen(out);
        }
        let mut run = Self { app, seen: Seen::default(), later_ms: 0, seq: 0 };
        let head = run.head(0);
        run.app.start(head, &mut run.seen);
        run
    }

    fn head(&mut self, end: usize) -> EntryHead {
        self.seq += 1;
        let time = 1_000 + self.seq as i64 + self.later_ms;
        EntryHead { seq: Seq(self.seq), epoch: Epoch(1), time, end: end as u32 }
    }

    /// Sends rows as one chunk.
    pub(crate) fn send(&mut self, stream: &str, rows: &[&[Value]]) {
        let stream = self.app.stream(stream).unwrap();
        let mut builder = BatchBuilder::new(self.app.schema(stream));
        for row in rows {
            builder.push_row(1_000, row.to_vec());
        }
        let batch = builder.finish();
        let head = self.head(batch.len());
        self.app.apply(stream, &batch, &[head], &mut self.seen);
    }

    /// What an on-demand query answers, in order of its text.
    pub(crate) fn ask(&mut self, text: &str) -> Vec<String> {
        let head = self.head(0);
        match self.app.query(text, head) {
            Ok(found) => {
                let mut rows: Vec<_> = found.rows.iter().map(|row| shown(row)).collect();
                rows.sort();
                rows
            }
            Err(error) => vec![format!("error: {error}")],
        }
    }
}
