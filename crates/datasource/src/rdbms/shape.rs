//! The table in the database: what it is made by, and its values.

use weir_codec::{Reader, Writer};
use weir_event::{DataType, Object, Schema, Value};
use weir_tables::{StoreFailure, StoreSpec};

use super::options::Options;
use crate::session::Dialect;

/// The length of text columns unless `field.length` gives one.
const TEXT_LENGTH: u32 = 254;

/// What starts an object as we store it, so that another's bytes are not taken for one.
const OBJECT: &[u8] = b"weir\x01";

/// The table in the database.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub(super) table: String,
    pub(super) columns: Vec<String>,
    pub(super) schema: Schema,
}

impl Shape {
    pub(super) fn new(spec: &StoreSpec, options: &Options) -> Self {
        let columns = spec.schema.iter().map(|it| it.name.to_string()).collect();
        Self { table: options.table.clone(), columns, schema: spec.schema.clone() }
    }

    /// What adds so many rows.
    pub(super) fn insert(&self, rows: usize) -> String {
        let one = format!("({})", vec!["?"; self.columns.len()].join(", "));
        let values = vec![one; rows].join(", ");
        format!("INSERT INTO {} ({}) VALUES {values}", self.table, self.columns.join(", "))
    }

    /// What tells whether the table is there.
    pub(super) fn check(&self, options: &Options) -> String {
        let usual =
            || format!("SELECT {} FROM {} WHERE 1 = 0", self.columns.join(", "), self.table);
        options.check_query.clone().unwrap_or_else(usual)
    }

    /// What makes the table and its indexes.
    pub(super) fn made_by(
        &self,
        spec: &StoreSpec,
        options: &Options,
        dialect: Dialect,
    ) -> Vec<String> {
        let column = |(at, name): (usize, &String)| {
            let length = options.lengths.get(name).copied().unwrap_or(TEXT_LENGTH);
            let kind = column_type(self.schema[at].data_type, length, dialect);
            let filled = if spec.primary_key.contains(&at) { " NOT NULL" } else { "" };
            format!("{name} {kind}{filled}")
        };
        let named = |places: &[usize]| {
            places.iter().map(|at| self.columns[*at].as_str()).collect::<Vec<_>>().join(", ")
        };
        let mut parts: Vec<String> = self.columns.iter().enumerate().map(column).collect();
        if !spec.primary_key.is_empty() {
            parts.push(format!("PRIMARY KEY ({})", named(&spec.primary_key)));
        }
        let mut all = vec![format!("CREATE TABLE {} ({})", self.table, parts.join(", "))];
        let prefix = self.table.replace('.', "_");
        for (number, places) in spec.indexes.iter().enumerate() {
            let (table, columns) = (&self.table, named(places));
            let name = format!("{prefix}_INDEX_{}", number + 1);
            all.push(format!("CREATE INDEX {name} ON {table} ({columns})"));
        }
        all
    }

    /// A value of an attribute as the database takes it.
    pub(super) fn bound(value: &Value) -> Value {
        let Value::Object(_) = value else { return value.clone() };
        let mut w = Writer::new();
        w.values(std::slice::from_ref(value));
        Value::object(Object::Bytes([OBJECT, w.as_bytes()].concat()))
    }

    /// A row as the database gave it, with values of the attributes' own types.
    pub(super) fn row(&self, row: Vec<Value>) -> Result<Vec<Value>, StoreFailure> {
        if row.len() != self.columns.len() {
            return Err(StoreFailure::new(
                "the database answered rows of another length".to_owned(),
            ));
        }
        let typed = |(at, value): (usize, Value)| {
            let (name, data_type) = (&self.columns[at], self.schema[at].data_type);
            typed(value, data_type).ok_or_else(|| {
                let table = &self.table;
                StoreFailure::new(format!(
                    "`{table}.{name}` holds a value that is no `{data_type}`"
                ))
            })
        };
        row.into_iter().enumerate().map(typed).collect()
    }
}

fn column_type(data_type: DataType, length: u32, dialect: Dialect) -> String {
    let (postgres, mysql) = (dialect == Dialect::Postgres, dialect == Dialect::Mysql);
    match data_type {
        DataType::String => format!("VARCHAR({length})"),
        DataType::Int => "INTEGER".to_owned(),
        DataType::Long => "BIGINT".to_owned(),
        DataType::Float => if postgres { "REAL" } else { "FLOAT" }.to_owned(),
        DataType::Double => if postgres { "DOUBLE PRECISION" } else { "DOUBLE" }.to_owned(),
        DataType::Bool if postgres => "BOOLEAN".to_owned(),
        DataType::Bool => if mysql { "TINYINT(1)" } else { "TINYINT" }.to_owned(),
        DataType::Object => if postgres { "BYTEA" } else { "BLOB" }.to_owned(),
    }
}

/// A value in the type of its attribute, if it is one.
fn typed(value: Value, data_type: DataType) -> Option<Value> {
    Some(match (data_type, value) {
        (_, Value::Null) => Value::Null,
        (DataType::Int, Value::Long(v)) => Value::Int(i32::try_from(v).ok()?),
        (DataType::Long, Value::Long(v)) => Value::Long(v),
        (DataType::Float, Value::Double(v)) => Value::Float(v as f32),
        (DataType::Float, Value::Long(v)) => Value::Float(v as f32),
        (DataType::Double, Value::Double(v)) => Value::Double(v),
        (DataType::Double, Value::Long(v)) => Value::Double(v as f64),
        (DataType::Bool, Value::Bool(v)) => Value::Bool(v),
        (DataType::Bool, Value::Long(v)) => Value::Bool(v != 0),
        (DataType::String, Value::Str(v)) => Value::Str(v),
        (DataType::String, v @ (Value::Long(_) | Value::Double(_) | Value::Bool(_))) => {
            Value::text(v.to_string())
        }
        (DataType::Object, Value::Object(object)) => {
            let Object::Bytes(bytes) = &*object else { return None };
            let mut r = Reader::new(bytes.strip_prefix(OBJECT)?);
            let value = r.values().ok()?.pop()?;
            r.finish().ok()?;
            value
        }
        (
            DataType::Int
            | DataType::Long
            | DataType::Float
            | DataType::Double
            | DataType::Bool
            | DataType::String
            | DataType::Object,
            _,
        ) => return None,
    })
}
