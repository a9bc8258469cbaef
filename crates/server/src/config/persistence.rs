//! `state.persistence`: where snapshots go, and how often.

use std::path::Path;
use std::time::Duration;

use weir_datasource::SnapshotPlace;

use super::cluster::Cluster;
use super::datasources::{DatabasePlace, Datasources};
use super::keys::{Keys, Reading, Written};

/// How often a snapshot is taken when the file does not say.
const INTERVAL: Duration = Duration::from_secs(60);
/// How many snapshots an app keeps when the file does not say.
const REVISIONS: usize = 3;
/// Where snapshots go when the file does not say, below the runtime folder.
const LOCATION: &str = "siddhi-app-persistence";
/// The file with the snapshots in a folder that the file names.
const SNAPSHOT_FILE: &str = "weir-snapshots.sqlite";

/// The section as written.
#[derive(Debug, Default)]
pub(super) struct RawPersistence {
    enabled: Option<Written<bool>>,
    interval_minutes: Option<Written<i64>>,
    revisions: Option<Written<i64>>,
    store: Option<Written<String>>,
    location: Option<Written<String>>,
    datasource: Option<Written<String>>,
    table: Option<Written<String>>,
}

/// The same, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Persistence {
    /// How often a snapshot is taken.
    pub interval: Duration,
    /// How many of them an app keeps.
    pub revisions: usize,
    /// The database they are in; a pair shares it.
    pub place: DatabasePlace,
    /// The table they are in.
    pub table: String,
}

/// The original's persistence stores, by the last part of their class name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StoreClass {
    Folder,
    Database,
}

impl StoreClass {
    fn of(class: &str) -> Option<Self> {
        match class.rsplit('.').next().unwrap_or(class) {
            "FileSystemPersistenceStore" | "IncrementalFileSystemPersistenceStore" => {
                Some(Self::Folder)
            }
            "DBPersistenceStore" | "IncrementalDBPersistenceStore" => Some(Self::Database),
            _ => None,
        }
    }
}

impl RawPersistence {
    pub(super) fn read(mut keys: Keys<'_>) -> Self {
        let mut raw = Self {
            enabled: keys.bool("enabled"),
            interval_minutes: keys.number("intervalInMin", i64::MIN..=525_600),
            revisions: keys.number("revisionsToKeep", 1..=1_000),
            store: keys.text("persistenceStore"),
            ..Self::default()
        };
        if let Some(mut config) = keys.section("config") {
            raw.location = config.text("location");
            raw.datasource = config.text("datasource");
            raw.table = config.text("table");
            config.ignored(&["queries"], "the statements are built in for each database");
            config.finish();
        }
        keys.finish();
        raw
    }

    /// `runtime` is where relative locations start.
    pub(super) fn check(
        self,
        all: &Datasources,
        cluster: Option<&Cluster>,
        runtime: &Path,
        cx: &Reading<'_>,
    ) -> Option<Persistence> {
        let interval = match self.interval_minutes {
            Some(minutes) if minutes.value > 0 => {
                Duration::from_secs(minutes.value.unsigned_abs() * 60)
            }
            Some(minutes) => {
                cx.note(format!(
                    "`{}` is {}, and yet a snapshot is taken every minute: it trims the log",
                    minutes.path, minutes.value
                ));
                INTERVAL
            }
            None => INTERVAL,
        };
        let revisions =
            self.revisions.map_or(REVISIONS, |it| usize::try_from(it.value).unwrap_or(REVISIONS));
        // Beside the original's, which may be in the same database and cannot be read.
        let table = self.table.map_or_else(|| SnapshotPlace::TABLE.to_owned(), |it| it.value);
        let table = format!("{table}_WEIR");
        let own = DatabasePlace::File(runtime.join(LOCATION).join(SNAPSHOT_FILE));
        let shared = || cluster.map(|it| it.datasource.place.clone());
        if self.enabled.as_ref().is_none_or(|it| !it.value) {
            let place = shared().unwrap_or(own);
            if self.enabled.is_some() {
                cx.note(format!(
                    "`state.persistence.enabled` is `false`, and yet snapshots are kept, in \
                     `{place}`: the log is trimmed by them, and a restart loses nothing"
                ));
            }
            return Some(Persistence { interval, revisions, place, table });
        }
        let class = match &self.store {
            None => StoreClass::Folder,
            Some(written) => match StoreClass::of(&written.value) {
                Some(class) => class,
                None => {
                    let why = format!("`{}` is not a store this build has", written.value);
                    let hint = "name `DBPersistenceStore` or `FileSystemPersistenceStore`";
                    cx.problem(written.problem(&why).hint(hint));
                    return None;
                }
            },
        };
        let place = match (class, self.location, self.datasource) {
            (StoreClass::Folder, Some(location), _) => {
                DatabasePlace::File(runtime.join(location.value).join(SNAPSHOT_FILE))
            }
            (StoreClass::Folder, None, _) => shared().unwrap_or(own),
            (StoreClass::Database, _, Some(name)) => all.find(&name, cx)?.place,
            (StoreClass::Database, _, None) => shared().unwrap_or(own),
        };
        Some(Persistence { interval, revisions, place, table })
    }
}
