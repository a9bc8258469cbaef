//! Closed periods of aggregations with a `@store`: written to its tables, and read back by an app
//! that starts anew.

use weir_aggregation::PeriodRow;
use weir_event::{DataType, Schema, Value};
use weir_expr::{CompareAs, CompareOp, Env, Expr, Fault, Scope};
use weir_plan::StoredPeriods;
use weir_tables::{ChangedRow, StoreFailure, Table, TableCondition};

use crate::app::App;
use crate::outputs::{Level, Outputs};

/// The column of `AGG_TIMESTAMP`, and that of `AGG_EVENT_TIMESTAMP` where it is there.
const TIMESTAMP: u16 = 0;
const EVENT_TIMESTAMP: u16 = 1;

/// What is asked of the tables of one aggregation.
pub(crate) struct PeriodTables {
    stored: StoredPeriods,
    /// Whether events have a time of their own.
    timed: bool,
    /// By period: its rows.
    all: Vec<TableCondition>,
    /// By period: its rows of before a time, which is the first value beside them.
    before: Vec<TableCondition>,
}

impl PeriodTables {
    /// Readies what is asked.
    ///
    /// # Errors
    ///
    /// The store cannot compute it.
    pub(crate) fn new(
        stored: &StoredPeriods,
        timed: bool,
        tables: &[Table],
    ) -> Result<Self, StoreFailure> {
        let long = |slot, column| Expr::Attribute { slot, column, data_type: DataType::Long };
        let time = if timed { EVENT_TIMESTAMP } else { TIMESTAMP };
        let (op, by) = (CompareOp::Less, CompareAs::Long);
        let older = Expr::Compare { op, by, sides: Box::new((long(1, time), long(0, 0))) };
        let (mut all, mut before) = (Vec::new(), Vec::new());
        for table in &stored.tables {
            let table = &tables[table.index()];
            let (mut any, mut older) =
                (TableCondition::any(1), TableCondition::new(older.clone(), 1));
            table.ready_find(&mut any)?;
            table.ready_delete(&mut older)?;
            all.push(any);
            before.push(older);
        }
        Ok(Self { stored: stored.clone(), timed, all, before })
    }

    fn row(&self, schema: &Schema, row: PeriodRow) -> Vec<Value> {
        let mut values = vec![Value::Null; schema.len()];
        let mut place = 0;
        let mut put = |values: &mut Vec<Value>, value| {
            values[place] = value;
            place += 1;
        };
        put(&mut values, Value::Long(row.at));
        if self.timed {
            put(&mut values, Value::Long(row.event_time.unwrap_or(row.at)));
        }
        for value in row.group {
            put(&mut values, value);
        }
        for (column, part) in self.stored.parts.iter().zip(row.parts) {
            values[*column] = of_type(part, schema[*column].data_type);
        }
        if let (Some(column), Some(latest)) = (self.stored.latest, row.latest) {
            values[column] = Value::Long(latest);
        }
        values
    }

    fn period(&self, mut row: Vec<Value>, groups: usize) -> Option<PeriodRow> {
        let at = row.first()?.as_i64()?;
        let event_time = if self.timed { Some(row.get(1)?.as_i64()?) } else { None };
        let latest = self.stored.latest.and_then(|column| row.get(column)?.as_i64());
        let first = 1 + usize::from(self.timed);
        let mut take = |column: usize| row.get_mut(column).map(std::mem::take);
        let group = (first..first + groups).map(&mut take).collect::<Option<_>>()?;
        let parts = self.stored.parts.iter().map(|column| take(*column)).collect::<Option<_>>()?;
        Some(PeriodRow { at, event_time, latest, group, parts })
    }
}

/// A number as a column of this type has it.
fn of_type(value: Value, data_type: DataType) -> Value {
    match (&value, data_type) {
        (Value::Long(number), DataType::Int) => {
            i32::try_from(*number).map_or(Value::Null, Value::Int)
        }
        (Value::Double(number), DataType::Float) => Value::Float(*number as f32),
        _ => value,
    }
}

impl App {
    /// Closed periods that are not in the tables of their aggregation's store yet are written.
    pub(crate) fn write_periods(&mut self, at: usize, out: &mut dyn Outputs) {
        let aggregation = &mut self.aggregations[at];
        let Some(periods) = &aggregation.tables else { return };
        let mut refused = Vec::new();
        for (level, id) in periods.stored.tables.iter().enumerate() {
            let closed = aggregation.totals.take_closed(level);
            if closed.is_empty() {
                continue;
            }
            let schema = &self.plan.tables[id.index()].schema;
            let changed = |row| ChangedRow { params: Vec::new(), row: periods.row(schema, row) };
            let rows = closed.into_iter().map(changed).collect();
            refused.extend(self.tables[id.index()].hand_over(None, rows).err());
        }
        for (level, before) in aggregation.totals.take_purged() {
            let table = &mut self.tables[periods.stored.tables[level].index()];
            let params = vec![Value::Long(before)];
            let rows = vec![ChangedRow { params, row: Vec::new() }];
            refused.extend(table.hand_over(periods.before[level].ask(), rows).err());
        }
        self.say_refused(at, &refused, out);
    }

    fn say_refused(&self, at: usize, refused: &[Fault], out: &mut dyn Outputs) {
        for fault in refused {
            let name = &self.plan.aggregations[at].name;
            let text = format!(
                "periods of the aggregation `{name}` are not in its store: {}",
                fault.message
            );
            self.note(Level::Error, &text, out);
        }
    }

    /// An app that starts anew goes on from what the stores of its aggregations have.
    pub(crate) fn take_periods_back(&mut self, now: i64, out: &mut dyn Outputs) {
        for at in 0..self.aggregations.len() {
            if self.aggregations[at].tables.is_some() && self.aggregations[at].totals.is_new() {
                let refused: Vec<Fault> = self.take_back(at, now).err().into_iter().collect();
                self.say_refused(at, &refused, out);
            }
        }
    }

    fn take_back(&mut self, at: usize, now: i64) -> Result<(), Fault> {
        let aggregation = &mut self.aggregations[at];
        let Some(periods) = &aggregation.tables else { return Ok(()) };
        let env = Env { now, random: &self.random, tables: None, changes: None };
        let groups = self.plan.aggregations[at].group_by.len();
        for (level, id) in periods.stored.tables.iter().enumerate() {
            let scope = Scope { inputs: &[], len: 1, env: &env };
            let found = self.tables[id.index()].draw(&periods.all[level], &scope, 0)?;
            let row = |row| periods.period(found.row(row), groups);
            let rows = (0..found.len()).filter_map(row).collect();
            aggregation.totals.take_back(level, rows);
        }
        aggregation.totals.go_on();
        Ok(())
    }
}
