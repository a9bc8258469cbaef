//! `output snapshot every t`: the present picture at each tick, also when nothing changed.

use std::collections::BTreeMap;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Kind, Value};

use super::row::{Arrival, ByGroup, Limit, Row, load_rows, save_rows};

/// What a snapshot shows, which depends on the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picture {
    /// No window, no group-by: the newest row.
    Last,
    /// No window, group-by: the newest row of each group.
    LastOfGroups,
    /// A window, no aggregates: all rows in it.
    Rows,
    /// A window, all attributes aggregates: the newest row, none after a row left.
    Totals,
    /// A window, these attributes aggregates: all rows, with the newest aggregates.
    RowsWithTotals(Vec<usize>),
    /// A window and group-by, all attributes aggregates: the newest row of each group with members.
    GroupTotals,
    /// A window and group-by, these attributes aggregates: the first row of each group, with the
    /// newest aggregates.
    GroupRowsWithTotals(Vec<usize>),
}

/// The rows of one group that are in the window.
#[derive(Debug, Default)]
struct Members {
    rows: Vec<Row>,
    newest: Option<Row>,
    count: i64,
}

/// The state of a picture.
#[derive(Debug)]
pub(super) struct Snapshot {
    picture: Picture,
    rows: Vec<Row>,
    newest: Option<Row>,
    groups: ByGroup,
    members: BTreeMap<u32, Members>,
    /// Groups with members in the order in which they came.
    order: Vec<u32>,
}

impl Snapshot {
    pub(super) fn new(picture: Picture) -> Self {
        Self {
            picture,
            rows: Vec::new(),
            newest: None,
            groups: ByGroup::default(),
            members: BTreeMap::new(),
            order: Vec::new(),
        }
    }

    fn clear(&mut self) {
        self.rows.clear();
        self.newest = None;
        self.groups.take();
        self.members.clear();
        self.order.clear();
    }

    fn member(&mut self, group: u32, row: Row, totals: &[usize]) {
        if !self.members.contains_key(&group) {
            self.order.push(group);
        }
        let members = self.members.entry(group).or_default();
        match row.kind {
            Kind::Expired => {
                members.count -= 1;
                remove_equal(&mut members.rows, &row, totals);
            }
            Kind::Current | Kind::Timer | Kind::Reset => {
                members.count += 1;
                members.rows.push(row.clone());
            }
        }
        members.newest = Some(row);
        if members.count <= 0 {
            self.members.remove(&group);
            self.order.retain(|it| *it != group);
        }
    }

    fn take(&mut self, arrival: Arrival) {
        let Arrival { row, group } = arrival;
        if row.kind == Kind::Reset {
            self.clear();
            return;
        }
        let current = row.kind == Kind::Current;
        match self.picture.clone() {
            Picture::Last => {
                if current {
                    self.newest = Some(row);
                }
            }
            Picture::LastOfGroups => {
                if current {
                    self.groups.put(group, row);
                }
            }
            Picture::Totals => self.newest = current.then_some(row),
            Picture::Rows => {
                if current {
                    self.rows.push(row);
                } else {
                    remove_equal(&mut self.rows, &row, &[]);
                }
            }
            Picture::RowsWithTotals(totals) => {
                if current {
                    self.rows.push(row.clone());
                } else {
                    remove_equal(&mut self.rows, &row, &totals);
                }
                self.newest = Some(row);
            }
            Picture::GroupTotals => self.member(group, row, &[]),
            Picture::GroupRowsWithTotals(totals) => self.member(group, row, &totals),
        }
    }
}

/// Takes one row out that is equal but for the attributes in `totals`.
fn remove_equal(rows: &mut Vec<Row>, row: &Row, totals: &[usize]) {
    let same = |held: &Row| {
        let values = held.values.iter().zip(&row.values).enumerate();
        values.into_iter().all(|(at, (a, b))| a == b || totals.contains(&at))
    };
    if let Some(at) = rows.iter().position(same) {
        rows.remove(at);
    }
}

/// A row with the aggregates of another.
fn with_totals(row: &Row, newest: &Row, totals: &[usize]) -> Row {
    let mut row = row.clone();
    for at in totals {
        row.values[*at] = newest.values.get(*at).cloned().unwrap_or(Value::Null);
    }
    row
}

impl Limit for Snapshot {
    fn receive(&mut self, _now: i64, rows: Vec<Arrival>, _out: &mut Vec<Row>) {
        for arrival in rows {
            self.take(arrival);
        }
    }

    fn tick(&mut self, out: &mut Vec<Row>) {
        match &self.picture {
            Picture::Last | Picture::Totals => out.extend(self.newest.clone()),
            Picture::LastOfGroups => out.extend(self.groups.rows.iter().cloned()),
            Picture::Rows => out.extend(self.rows.iter().cloned()),
            Picture::RowsWithTotals(totals) => {
                if let Some(newest) = &self.newest {
                    out.extend(self.rows.iter().map(|row| with_totals(row, newest, totals)));
                }
            }
            Picture::GroupTotals => {
                let of = |group| self.members.get(group).and_then(|it| it.newest.clone());
                out.extend(self.order.iter().filter_map(of));
            }
            Picture::GroupRowsWithTotals(totals) => {
                for members in self.order.iter().filter_map(|group| self.members.get(group)) {
                    if let (Some(row), Some(newest)) = (members.rows.first(), &members.newest) {
                        out.push(with_totals(row, newest, totals));
                    }
                }
            }
        }
    }

    fn save(&self, w: &mut Writer) {
        save_rows(w, &self.rows);
        w.option(self.newest.as_ref(), |w, row| row.save(w));
        self.groups.save(w);
        w.len(self.order.len());
        for group in &self.order {
            w.u32(*group);
            if let Some(members) = self.members.get(group) {
                save_rows(w, &members.rows);
                w.option(members.newest.as_ref(), |w, row| row.save(w));
                w.i64(members.count);
            }
        }
    }

    fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.clear();
        self.rows = load_rows(r)?;
        self.newest = r.option(Row::load)?;
        self.groups = ByGroup::load(r)?;
        for _ in 0..r.len()? {
            let group = r.u32()?;
            let rows = load_rows(r)?;
            let newest = r.option(Row::load)?;
            let count = r.i64()?;
            self.order.push(group);
            self.members.insert(group, Members { rows, newest, count });
        }
        Ok(())
    }
}
