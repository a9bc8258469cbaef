//! Stores behind an app's tables, whose answers are recorded and whose changes are written once.

use std::sync::Arc;
use std::time::Duration;

use weir_codec::Answered;
use weir_datasource::{NamedDatabase, RdbmsStores};
use weir_event::{Attribute, Batch, BatchBuilder, DataType, OutputNo, Schema, Value};
use weir_plan::Configured;
use weir_tables::{ChangedRow, Lookup, OpenStores, Store, StoreFailure, StoreSpec, StoreStatement};

use super::answers::{Answers, Ended};

/// How long a store that does not answer is left alone before it is tried again, at first and
/// at most.
const PAUSE: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// What apps find here: databases that they may name, what the configuration gives to them, and
/// whose log the numbers of changes are of.
#[derive(Debug, Clone, Default)]
pub(crate) struct StorePlaces {
    /// By name.
    pub(crate) named: Vec<(String, NamedDatabase)>,
    /// The group, or the node that runs alone.
    pub(crate) scope: String,
    /// The section `siddhi` of `deployment.yaml`.
    pub(crate) configured: Configured,
}

/// Opens the stores of one app.
pub(crate) struct AppStores {
    rdbms: RdbmsStores,
    answers: Arc<Answers>,
}

impl AppStores {
    pub(crate) fn new(places: &StorePlaces, answers: &Arc<Answers>) -> Self {
        let once = RdbmsStores::once(&places.scope, answers.epoch.clone());
        let named = places.named.iter();
        let rdbms = named.fold(once, |all, (name, database)| all.with(name, database.clone()));
        Self { rdbms, answers: Arc::clone(answers) }
    }
}

impl OpenStores for AppStores {
    fn open(&self, spec: &StoreSpec) -> Result<Box<dyn Store>, StoreFailure> {
        let inner = self.rdbms.open(spec)?;
        let (schema, answers) = (spec.schema.clone(), Arc::clone(&self.answers));
        Ok(Box::new(RecordedStore { inner, schema, answers }))
    }
}

/// A store whose answers are recorded and whose changes are numbered by the log.
struct RecordedStore {
    inner: Box<dyn Store>,
    schema: Schema,
    answers: Arc<Answers>,
}

fn ended(_: Ended) -> StoreFailure {
    StoreFailure::new("this node is not the active one any more")
}

impl RecordedStore {
    /// Tries until it works, fails for good, or the term is over.
    fn until_done<T>(
        &mut self,
        mut work: impl FnMut(&mut dyn Store) -> Result<T, StoreFailure>,
    ) -> Result<T, StoreFailure> {
        let mut pause = PAUSE;
        loop {
            self.answers.may_act().map_err(ended)?;
            match work(&mut *self.inner) {
                Err(failure) if failure.is_passing => {
                    tracing::warn!("a store is waited for: {}", failure.why);
                    self.answers.pause(pause).map_err(ended)?;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
                done => return done,
            }
        }
    }

    fn answer(
        &mut self,
        work: impl FnMut(&mut dyn Store) -> Result<Vec<Vec<Value>>, StoreFailure>,
        schema: &Schema,
    ) -> Result<Batch, StoreFailure> {
        let call = self.answers.next_call();
        if let Some(answered) = self.answers.recorded(call) {
            return read(answered);
        }
        let answered = match self.until_done(work) {
            Ok(rows) => {
                let mut batch = BatchBuilder::new(schema);
                rows.into_iter().for_each(|row| batch.push_row(0, row));
                Answered::Rows(batch.finish())
            }
            Err(failure) => Answered::Failed(failure.why.into()),
        };
        read(self.answers.record(call, answered).map_err(ended)?)
    }
}

fn read(answered: Answered) -> Result<Batch, StoreFailure> {
    match answered {
        Answered::Rows(rows) => Ok(rows),
        Answered::Failed(why) => Err(StoreFailure::new(why.as_str())),
    }
}

impl Store for RecordedStore {
    fn prepare(&mut self, statement: &StoreStatement) -> Result<usize, StoreFailure> {
        self.inner.prepare(statement)
    }

    fn start(&mut self) -> Result<(), StoreFailure> {
        self.until_done(|store| store.start())
    }

    fn find(&mut self, asked: &Lookup<'_>) -> Result<Vec<Vec<Value>>, StoreFailure> {
        let schema = self.schema.clone();
        let rows = self.answer(|store| store.find(asked), &schema)?;
        Ok((0..rows.len()).map(|row| rows.row(row)).collect())
    }

    fn contains(&mut self, asked: &Lookup<'_>) -> Result<bool, StoreFailure> {
        // Recorded as one row without values, or none.
        let found = |store: &mut dyn Store| {
            Ok(if store.contains(asked)? { vec![Vec::new()] } else { Vec::new() })
        };
        let nothing: Schema = Arc::new([]);
        Ok(!self.answer(found, &nothing)?.is_empty())
    }

    fn count(&mut self, asked: &Lookup<'_>) -> Result<u64, StoreFailure> {
        let counted = |store: &mut dyn Store| {
            let count = i64::try_from(store.count(asked)?).unwrap_or(i64::MAX);
            Ok(vec![vec![Value::Long(count)]])
        };
        let one: Schema = Arc::new([Attribute { name: "count".into(), data_type: DataType::Long }]);
        let rows = self.answer(counted, &one)?;
        let count = (!rows.is_empty()).then(|| rows.row(0).first().and_then(Value::as_i64));
        Ok(count.flatten().and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
    }

    fn change(
        &mut self,
        _: OutputNo,
        statement: usize,
        rows: Vec<ChangedRow>,
    ) -> Result<(), StoreFailure> {
        let number = OutputNo(self.answers.next_change());
        self.until_done(|store| store.change(number, statement, rows.clone()))
    }
}
