//! Values in the server's binary form, and back.

use std::error::Error;

use tokio_postgres::Row;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::numeric;
use crate::session::Cell;

/// The type that a value is sent as: those of the Java driver, so that the server converts a
/// value to a column's type as it does for the original.
pub(super) fn type_of(cell: &Cell) -> Type {
    match cell {
        Cell::Null => Type::UNKNOWN,
        Cell::Bool(_) => Type::BOOL,
        Cell::Int(_) => Type::INT8,
        Cell::Real(_) => Type::FLOAT8,
        Cell::Text(_) => Type::VARCHAR,
        Cell::Bytes(_) => Type::BYTEA,
    }
}

/// A value on its way to the server.
#[derive(Debug)]
pub(super) struct Bound<'a>(pub(super) &'a Cell);

impl ToSql for Bound<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self.0 {
            Cell::Null => Ok(IsNull::Yes),
            Cell::Bool(v) => v.to_sql(ty, out),
            Cell::Int(v) => v.to_sql(ty, out),
            Cell::Real(v) => v.to_sql(ty, out),
            Cell::Text(v) => v.as_str().to_sql(ty, out),
            Cell::Bytes(v) => v.as_slice().to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// The value of a column of a row, or why it cannot be read.
pub(super) fn cell_of(row: &Row, at: usize) -> Result<Cell, String> {
    row.try_get::<_, Read>(at).map(|it| it.0).map_err(|_| {
        let column = &row.columns()[at];
        format!(
            "column `{}` is of the type `{}`, which is not read: cast it to text",
            column.name(),
            column.type_().name()
        )
    })
}

/// A value as the server sent it.
struct Read(Cell);

impl<'a> FromSql<'a> for Read {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(match *ty {
            Type::BOOL => Cell::Bool(bool::from_sql(ty, raw)?),
            Type::INT2 => Cell::Int(i16::from_sql(ty, raw)?.into()),
            Type::INT4 => Cell::Int(i32::from_sql(ty, raw)?.into()),
            Type::INT8 => Cell::Int(i64::from_sql(ty, raw)?),
            Type::OID => Cell::Int(u32::from_sql(ty, raw)?.into()),
            Type::FLOAT4 => Cell::Real(f32::from_sql(ty, raw)?.into()),
            Type::FLOAT8 => Cell::Real(f64::from_sql(ty, raw)?),
            Type::NUMERIC => numeric::cell_of(raw).ok_or("it is no number")?,
            Type::BYTEA => Cell::Bytes(raw.to_vec()),
            // A version stands before the text.
            Type::JSONB => Cell::Text(std::str::from_utf8(raw.get(1..).unwrap_or(raw))?.into()),
            _ => Cell::Text(<&str>::from_sql(ty, text(ty, raw)?)?.to_owned()),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Cell::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// The bytes of types whose binary form is their text.
fn text<'a>(ty: &Type, raw: &'a [u8]) -> Result<&'a [u8], Box<dyn Error + Sync + Send>> {
    if <&str as FromSql>::accepts(ty) || [Type::JSON, Type::XML].contains(ty) {
        return Ok(raw);
    }
    Err("its binary form is not known".into())
}
