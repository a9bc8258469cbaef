//! The rows of one table, in a database.

use weir_event::{DataType, OutputNo, Value};
use weir_tables::{ChangedRow, Lookup, Store, StoreExpr, StoreFailure, StoreSpec, StoreStatement};

use super::compile::{Plan, Text, plan};
use super::open::Writes;
use super::options::Options;
use super::shape::Shape;
use crate::door::{Database, DatabaseOptions, Sql, Statement, StoreError, WriteMark};

/// How many rows one statement adds.
const ROWS_AT_ONCE: usize = 50;

/// How often a question is put again whose answer was lost with the connection.
const TRIES: usize = 3;

/// A statement of the app, ready.
#[derive(Debug)]
struct Ready {
    statement: StoreStatement,
    plan: Plan,
}

/// The rows of one table, in a database.
pub(super) struct RdbmsStore {
    spec: StoreSpec,
    options: Options,
    shape: Shape,
    writes: Writes,
    ready: Vec<Ready>,
    sql: Option<Box<dyn Sql>>,
}

fn failed(error: &StoreError) -> StoreFailure {
    StoreFailure { why: error.to_string(), is_passing: error.is_passing() }
}

impl RdbmsStore {
    pub(super) fn new(spec: StoreSpec, options: Options, writes: Writes) -> Self {
        let shape = Shape::new(&spec, &options);
        Self { spec, options, shape, writes, ready: Vec::new(), sql: None }
    }

    /// The connection; with it the table is there.
    fn sql(&mut self) -> Result<&mut Box<dyn Sql>, StoreError> {
        let sql = match self.sql.take() {
            Some(sql) => sql,
            None => self.connect()?,
        };
        Ok(self.sql.insert(sql))
    }

    fn connect(&self) -> Result<Box<dyn Sql>, StoreError> {
        let known = &self.options.database;
        let database =
            Database::open_as(&known.url, known.login.clone(), DatabaseOptions::default())?;
        let mut sql = database.sql()?;
        let check = Statement::new(self.shape.check(&self.options), Vec::new());
        let Err(missing) = sql.query(&check) else { return Ok(sql) };
        if missing.is_passing() {
            return Err(missing);
        }
        for text in self.shape.made_by(&self.spec, &self.options, sql.dialect()) {
            if let Err(refused) = sql.execute(&Statement::new(text, Vec::new())) {
                // Another node may have made it meanwhile.
                return if sql.query(&check).is_ok() { Ok(sql) } else { Err(refused) };
            }
        }
        Ok(sql)
    }

    fn read(&mut self, asked: &Lookup<'_>) -> Result<Vec<Vec<Value>>, StoreFailure> {
        let Some(Ready { plan: Plan::Read(text), .. }) = self.ready.get(asked.statement) else {
            return Err(StoreFailure::new("nothing of that number was readied".to_owned()));
        };
        let statement = bound(text, asked.params);
        let mut last = None;
        for _ in 0..TRIES {
            match self.sql().and_then(|sql| sql.query(&statement)) {
                Ok(found) => return Ok(found.rows),
                Err(error) if error.is_passing() => last = Some(error),
                Err(error) => return Err(failed(&error)),
            }
        }
        Err(last.as_ref().map_or_else(|| StoreFailure::new("no answer"), failed))
    }

    /// Refuses what the original refuses before it asks the database.
    fn check_nulls(&self, ready: &Ready, row: &ChangedRow) -> Result<(), StoreFailure> {
        if self.options.allows_nulls {
            return Ok(());
        }
        let schema = &self.spec.schema;
        let null = |at: usize| {
            StoreFailure::new(format!(
                "`{}` is null, which the store of `{}` does not take\n\
                 hint: `allow.null.values='true'` lets it",
                schema[at].name, self.spec.table
            ))
        };
        let matters = |at: usize| schema[at].data_type != DataType::String;
        for (at, value) in row.row.iter().enumerate() {
            if value.is_null() && matters(at) {
                return Err(null(at));
            }
        }
        let (StoreStatement::Update(_, set) | StoreStatement::UpdateOrInsert(_, set)) =
            &ready.statement
        else {
            return Ok(());
        };
        for (at, value) in set {
            if let StoreExpr::Param(param, _) = value
                && row.params.get(*param).is_some_and(Value::is_null)
                && matters(*at)
            {
                return Err(null(*at));
            }
        }
        Ok(())
    }

    /// The statements that a change runs.
    fn statements(&self, ready: &Ready, rows: &[ChangedRow]) -> Vec<Statement> {
        let values = |rows: &[ChangedRow]| {
            rows.iter().flat_map(|it| it.row.iter().map(Shape::bound)).collect::<Vec<_>>()
        };
        let mut all = Vec::with_capacity(rows.len());
        match &ready.plan {
            Plan::Read(_) => {}
            Plan::Insert => {
                let mut chunks = rows.chunks_exact(ROWS_AT_ONCE);
                let many = self.shape.insert(ROWS_AT_ONCE);
                all.extend(chunks.by_ref().map(|it| Statement::new(many.clone(), values(it))));
                let one = self.shape.insert(1);
                let rest = chunks.remainder().chunks(1);
                all.extend(rest.map(|it| Statement::new(one.clone(), values(it))));
            }
            Plan::Write(text) => all.extend(rows.iter().map(|it| bound(text, &it.params))),
            Plan::WriteOrInsert(text) => {
                let insert = self.shape.insert(1);
                for row in rows {
                    all.push(bound(text, &row.params));
                    let values = values(std::slice::from_ref(row));
                    all.push(Statement::new(insert.clone(), values).unless_met());
                }
            }
        }
        all
    }

    fn mark(&self, number: OutputNo) -> Option<WriteMark> {
        let Writes::Once { scope, epoch } = &self.writes else { return None };
        Some(WriteMark {
            app: format!("{scope}/{}", self.spec.app),
            store: self.spec.table.clone(),
            epoch: epoch.get(),
            number,
        })
    }
}

fn bound(text: &Text, params: &[Value]) -> Statement {
    let value = |at: &usize| params.get(*at).map_or(Value::Null, Shape::bound);
    Statement::new(text.sql.clone(), text.params.iter().map(value).collect::<Vec<_>>())
}

impl Store for RdbmsStore {
    fn prepare(&mut self, statement: &StoreStatement) -> Result<usize, StoreFailure> {
        if let Some(at) = self.ready.iter().position(|it| it.statement == *statement) {
            return Ok(at);
        }
        let plan = plan(statement, &self.shape);
        self.ready.push(Ready { statement: statement.clone(), plan });
        Ok(self.ready.len() - 1)
    }

    fn start(&mut self) -> Result<(), StoreFailure> {
        self.sql().map(|_| ()).map_err(|error| failed(&error))
    }

    fn find(&mut self, asked: &Lookup<'_>) -> Result<Vec<Vec<Value>>, StoreFailure> {
        let rows = self.read(asked)?;
        rows.into_iter().map(|row| self.shape.row(row)).collect()
    }

    fn contains(&mut self, asked: &Lookup<'_>) -> Result<bool, StoreFailure> {
        Ok(!self.read(asked)?.is_empty())
    }

    fn count(&mut self, asked: &Lookup<'_>) -> Result<u64, StoreFailure> {
        let rows = self.read(asked)?;
        let count = rows.first().and_then(|row| row.first()).and_then(Value::as_i64);
        count
            .and_then(|count| u64::try_from(count).ok())
            .ok_or_else(|| StoreFailure::new("the database did not say how many rows there are"))
    }

    fn change(
        &mut self,
        number: OutputNo,
        statement: usize,
        rows: Vec<ChangedRow>,
    ) -> Result<(), StoreFailure> {
        let Some(ready) = self.ready.get(statement) else {
            return Err(StoreFailure::new("nothing of that number was readied".to_owned()));
        };
        rows.iter().try_for_each(|row| self.check_nulls(ready, row))?;
        let (statements, mark) = (self.statements(ready, &rows), self.mark(number));
        let Some(mark) = mark else {
            // Without a number nobody knows whether a change that got no answer was made.
            let done = self.sql().and_then(|sql| sql.execute_all(&statements));
            return done.map(|_| ()).map_err(|error| failed(&error));
        };
        let mut last = None;
        for _ in 0..TRIES {
            match self.sql().and_then(|sql| sql.execute_once(&mark, &statements)) {
                Ok(_) => return Ok(()),
                Err(error) if error.is_passing() => last = Some(error),
                Err(error) => return Err(failed(&error)),
            }
        }
        Err(last.as_ref().map_or_else(|| StoreFailure::new("no answer"), failed))
    }
}
