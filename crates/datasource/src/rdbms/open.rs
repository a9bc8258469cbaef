//! Opens the stores of apps by what their `@store` says.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use weir_event::Epoch;
use weir_tables::{OpenStores, Store, StoreFailure, StoreSpec};

use super::options::Options;
use super::store::RdbmsStore;
use crate::door::Login;

/// A database that apps may name.
#[derive(Clone, PartialEq, Eq)]
pub struct NamedDatabase {
    /// Its JDBC URL.
    pub url: String,
    /// Who logs in.
    pub login: Login,
}

/// The URL may have a password in it.
impl fmt::Debug for NamedDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NamedDatabase").field("login", &self.login).finish_non_exhaustive()
    }
}

/// The epoch that a node writes under: it changes when the node takes over.
#[derive(Debug, Clone, Default)]
pub struct WritingEpoch(Arc<AtomicU64>);

impl WritingEpoch {
    /// The node writes under this epoch from now on.
    pub fn set(&self, epoch: Epoch) {
        self.0.store(epoch.0, Ordering::Release);
    }

    pub(super) fn get(&self) -> Epoch {
        Epoch(self.0.load(Ordering::Acquire))
    }
}

/// How changes are written.
#[derive(Debug, Clone)]
pub(super) enum Writes {
    /// Each as it comes: for a run that is not repeated.
    Plainly,
    /// Each once by its number, whoever replays it, and none of an epoch that is over.
    Once {
        /// Whose numbers they are: the group of nodes that share a log.
        scope: String,
        epoch: WritingEpoch,
    },
}

/// Opens the stores of apps: `@store(type='rdbms')`.
#[derive(Debug, Clone)]
pub struct RdbmsStores {
    named: BTreeMap<String, NamedDatabase>,
    /// Stands in for those that are not named.
    any: Option<NamedDatabase>,
    writes: Writes,
}

impl RdbmsStores {
    /// For a run that is not repeated: what is written is not numbered.
    #[must_use]
    pub fn plain() -> Self {
        Self { named: BTreeMap::new(), any: None, writes: Writes::Plainly }
    }

    /// For checking an app where nobody knows the configuration: any `datasource` will do.
    #[must_use]
    pub fn for_check() -> Self {
        let url = "jdbc:sqlite:unknown".to_owned();
        Self { any: Some(NamedDatabase { url, login: Login::default() }), ..Self::plain() }
    }

    /// For nodes that replay a log: each change is written once, by its number, and none of an
    /// epoch that is over. `scope` names those whose log it is.
    #[must_use]
    pub fn once(scope: &str, epoch: WritingEpoch) -> Self {
        let writes = Writes::Once { scope: scope.to_owned(), epoch };
        Self { named: BTreeMap::new(), any: None, writes }
    }

    /// Adds a database that apps may name as their `datasource`.
    #[must_use]
    pub fn with(mut self, name: &str, database: NamedDatabase) -> Self {
        self.named.insert(name.to_owned(), database);
        self
    }
}

impl OpenStores for RdbmsStores {
    fn open(&self, spec: &StoreSpec) -> Result<Box<dyn Store>, StoreFailure> {
        let kind = spec.option("type").unwrap_or_default();
        if !kind.eq_ignore_ascii_case("rdbms") {
            return Err(StoreFailure::new(format!(
                "`@store(type='{kind}')` is not yet supported\n\
                 hint: `rdbms` is; without `@store` the table is in memory"
            )));
        }
        let options =
            Options::read(spec, &|name| self.named.get(name).or(self.any.as_ref()).cloned())?;
        Ok(Box::new(RdbmsStore::new(spec.clone(), options, self.writes.clone())))
    }
}
