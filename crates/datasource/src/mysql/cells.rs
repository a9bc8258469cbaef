//! Values as the protocol has them, and back.

use mysql::consts::ColumnType;
use mysql::{Column, Value};

use crate::session::Cell;

/// The character set of columns of bytes.
const BINARY: u16 = 63;

/// A value on its way to the server.
pub(super) fn bound(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::NULL,
        Cell::Bool(v) => Value::Int(i64::from(*v)),
        Cell::Int(v) => Value::Int(*v),
        Cell::Real(v) => Value::Double(*v),
        Cell::Text(v) => Value::Bytes(v.clone().into_bytes()),
        Cell::Bytes(v) => Value::Bytes(v.clone()),
    }
}

/// A value of a column.
pub(super) fn cell_of(value: Value, column: &Column) -> Cell {
    match value {
        Value::NULL => Cell::Null,
        Value::Int(v) => Cell::Int(v),
        Value::UInt(v) => i64::try_from(v).map_or(Cell::Real(v as f64), Cell::Int),
        Value::Float(v) => Cell::Real(f64::from(v)),
        Value::Double(v) => Cell::Real(v),
        Value::Bytes(bytes) => of_bytes(bytes, column),
        Value::Date(year, month, day, hour, minute, second, micros) => {
            let date = format!("{year:04}-{month:02}-{day:02}");
            let is_day = column.column_type() == ColumnType::MYSQL_TYPE_DATE;
            Cell::Text(if is_day {
                date
            } else {
                format!("{date} {hour:02}:{minute:02}:{second:02}{}", fraction(micros))
            })
        }
        Value::Time(negative, days, hours, minutes, seconds, micros) => {
            let (sign, hours) = (if negative { "-" } else { "" }, days * 24 + u32::from(hours));
            Cell::Text(format!("{sign}{hours:02}:{minutes:02}:{seconds:02}{}", fraction(micros)))
        }
    }
}

fn fraction(micros: u32) -> String {
    if micros == 0 { String::new() } else { format!(".{micros:06}") }
}

fn of_bytes(bytes: Vec<u8>, column: &Column) -> Cell {
    let kind = column.column_type();
    let decimal = [ColumnType::MYSQL_TYPE_NEWDECIMAL, ColumnType::MYSQL_TYPE_DECIMAL];
    if decimal.contains(&kind) {
        return decimal_of(&String::from_utf8_lossy(&bytes));
    }
    let text = [ColumnType::MYSQL_TYPE_JSON];
    if column.character_set() == BINARY && !text.contains(&kind) {
        return Cell::Bytes(bytes);
    }
    Cell::Text(
        String::from_utf8(bytes)
            .unwrap_or_else(|it| String::from_utf8_lossy(it.as_bytes()).into_owned()),
    )
}

/// Whole numbers that fit as such, others as near as a double is.
fn decimal_of(text: &str) -> Cell {
    if let Ok(whole) = text.parse() {
        return Cell::Int(whole);
    }
    text.parse().map_or_else(|_| Cell::Text(text.to_owned()), Cell::Real)
}
