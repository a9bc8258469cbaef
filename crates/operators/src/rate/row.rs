//! The rows that wait, and what decides which of them leave.

use std::collections::BTreeMap;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Kind, Value};

/// A row that waits to leave, or that a picture shows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) time: i64,
    pub(super) kind: Kind,
    pub(super) values: Vec<Value>,
}

impl Row {
    pub(super) fn save(&self, w: &mut Writer) {
        w.i64(self.time);
        w.bool(self.kind == Kind::Expired);
        w.values(&self.values);
    }

    pub(super) fn load(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let time = r.i64()?;
        let kind = if r.bool()? { Kind::Expired } else { Kind::Current };
        Ok(Self { time, kind, values: r.values()? })
    }
}

pub(super) fn save_rows(w: &mut Writer, rows: &[Row]) {
    w.len(rows.len());
    rows.iter().for_each(|row| row.save(w));
}

pub(super) fn load_rows(r: &mut Reader<'_>) -> Result<Vec<Row>, DecodeError> {
    let mut rows = Vec::new();
    for _ in 0..r.len()? {
        rows.push(Row::load(r)?);
    }
    Ok(rows)
}

/// One arriving row: what the selector gave, and its group (0 without group-by).
pub(super) struct Arrival {
    pub(super) row: Row,
    pub(super) group: u32,
}

/// What limits the rows of one partition key.
pub(super) trait Limit: Send {
    /// Takes the rows of one chunk; those that leave at once are added to `out`.
    fn receive(&mut self, now: i64, rows: Vec<Arrival>, out: &mut Vec<Row>);

    /// The round is over; the rows that leave are added to `out`.
    fn tick(&mut self, out: &mut Vec<Row>);

    fn save(&self, w: &mut Writer);

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError>;
}

/// The newest row of each group, in the order in which the groups first came.
#[derive(Debug, Default)]
pub(super) struct ByGroup {
    pub(super) places: BTreeMap<u32, usize>,
    pub(super) rows: Vec<Row>,
}

impl ByGroup {
    pub(super) fn put(&mut self, group: u32, row: Row) {
        match self.places.get(&group) {
            Some(place) => self.rows[*place] = row,
            None => {
                self.places.insert(group, self.rows.len());
                self.rows.push(row);
            }
        }
    }

    pub(super) fn take(&mut self) -> Vec<Row> {
        self.places.clear();
        std::mem::take(&mut self.rows)
    }

    pub(super) fn save(&self, w: &mut Writer) {
        w.len(self.places.len());
        for (group, place) in &self.places {
            w.u32(*group);
            w.len(*place);
        }
        save_rows(w, &self.rows);
    }

    pub(super) fn load(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut places = BTreeMap::new();
        for _ in 0..r.len()? {
            let group = r.u32()?;
            places.insert(group, r.len()?);
        }
        let rows = load_rows(r)?;
        if places.values().any(|place| *place >= rows.len()) {
            return Err(DecodeError::Malformed { what: "rate limit", why: "a group has no row" });
        }
        Ok(Self { places, rows })
    }
}
