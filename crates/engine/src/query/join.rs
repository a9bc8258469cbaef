//! Joins: each arriving row looks for partners on the other side.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Chunk, Key, Kind, NO_ROW};
use weir_expr::{CompareAs, CompareOp, Expr, Fault, Input, Rows, Source};
use weir_operators::select::{Selected, Selector};
use weir_operators::{Cx, Flow};
use weir_tables::{StoreFailure, Table, TableCondition};

use super::handler::Held;
use super::join_index::Index;
use super::join_search::{Search, Trigger, append};
use super::single::Single;
use super::{Asked, Delivery, Port, World};
use crate::aggregation::Asking;

/// Where a side's rows are found.
pub(crate) enum SideOrigin {
    /// In the side's own window; without one there is nothing to find.
    Stream,
    /// In a named window.
    Window(usize),
    /// In a table, by this condition.
    Table(usize, Option<TableCondition>),
    /// In an aggregation, asked anew by each trigger.
    Aggregation(Asking),
}

/// The windows whose rows an index can follow by what they emit.
const STEADY: [&str; 3] = ["length", "time", "externalTime"];

/// Whether an index can follow a window of that name.
pub(crate) fn is_steady(window: &str) -> bool {
    STEADY.contains(&window)
}

/// One side of a join.
pub(crate) struct JoinSide {
    pub single: Single,
    pub origin: SideOrigin,
    /// Whether its arrivals are joined.
    pub triggers: bool,
    /// Whether its arrivals without a partner go on alone.
    pub kept: bool,
    /// Whether its window shows every row when it arrives, in a chunk of its own, and holds it
    /// from then on until it shows it as one that leaves.
    steady: bool,
    pub(super) index: Option<Index>,
}

impl JoinSide {
    pub(crate) fn new(
        single: Single,
        origin: SideOrigin,
        (triggers, kept): (bool, bool),
        window: Option<&str>,
    ) -> Self {
        let steady = window.is_some_and(is_steady);
        Self { single, origin, triggers, kept, steady, index: None }
    }
}

/// A join at run time.
pub(crate) struct Join {
    sides: [JoinSide; 2],
    on: Option<Expr>,
    /// `left attribute == right attribute`, where the condition has one.
    equality: Option<[usize; 2]>,
    /// Whether the equality says all that the condition says.
    exact: bool,
    /// Whether rows that leave a window have to be joined.
    expired_wanted: bool,
    scratch: Vec<u32>,
}

/// The joined rows of one arriving chunk, one chunk for each trigger.
#[derive(Default)]
pub(super) struct Joined {
    pub flow: Flow,
    pub mine: Vec<u32>,
    pub other: Vec<u32>,
}

impl Join {
    pub(crate) fn new(sides: [JoinSide; 2], on: Option<Expr>, expired_wanted: bool) -> Self {
        let mut equality = None;
        let exact = on.as_ref().is_some_and(|on| find_equality(on, &mut equality));
        let mut join = Self { sides, on, equality, exact, expired_wanted, scratch: Vec::new() };
        join.make_indexes();
        join
    }

    /// The aggregation on one of its sides, if there is one.
    pub(super) fn aggregation(&self) -> Option<usize> {
        self.sides.iter().find_map(|side| match &side.origin {
            SideOrigin::Aggregation(asking) => Some(asking.aggregation),
            SideOrigin::Stream | SideOrigin::Window(_) | SideOrigin::Table(..) => None,
        })
    }

    /// The named windows on its sides, with the attribute by which their rows are asked for.
    pub(crate) fn asked_windows(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.sides.iter().zip(self.equality.into_iter().flatten()).filter_map(|(side, column)| {
            match side.origin {
                SideOrigin::Window(window) => Some((window, column)),
                SideOrigin::Stream | SideOrigin::Table(..) | SideOrigin::Aggregation(_) => None,
            }
        })
    }

    /// Readies at their stores what it asks of tables.
    pub(super) fn ready(&mut self, tables: &[Table]) -> Result<(), StoreFailure> {
        for (slot, side) in (0..).zip(&mut self.sides) {
            if let SideOrigin::Table(table, condition) = &mut side.origin
                && tables[*table].is_outside()
            {
                let condition = condition.get_or_insert_with(|| TableCondition::any(slot));
                tables[*table].ready_find(condition)?;
            }
        }
        Ok(())
    }

    fn make_indexes(&mut self) {
        let Some(columns) = self.equality else { return };
        for (side, column) in self.sides.iter_mut().zip(columns) {
            let plain = matches!(side.origin, SideOrigin::Stream);
            if side.steady && plain && side.single.after.is_empty() {
                side.index = Some(Index::new(column));
            }
        }
    }

    /// The side that a port feeds, if its rows only pass filters and are then joined with a table:
    /// which, and by what condition.
    pub(super) fn table_beside(&self, port: Port) -> Option<(usize, usize, &TableCondition)> {
        let side = match port {
            Port::Only | Port::Left => 0,
            Port::Right => 1,
            Port::Both | Port::Stream(_) => return None,
        };
        let (mine, other) = (&self.sides[side], &self.sides[1 - side]);
        let SideOrigin::Table(table, Some(condition)) = &other.origin else { return None };
        let plain = matches!(mine.origin, SideOrigin::Stream)
            && mine.triggers
            && mine.single.only_filters()
            && !self.expired_wanted;
        plain.then_some((side, *table, condition))
    }

    /// Whether rows of a side go on alone where they find no partner.
    pub(super) fn keeps_alone(&self, side: usize) -> bool {
        self.sides[side].kept
    }

    pub(super) fn receive(
        &mut self,
        port: Port,
        cx: &mut Cx<'_>,
        delivery: &Delivery<'_>,
        world: World<'_>,
        selector: &mut Selector,
        asked: &mut Asked,
    ) -> Result<Selected, Fault> {
        match port {
            Port::Only | Port::Left | Port::Stream(_) => {
                self.side(0, cx, delivery, world, selector, asked)
            }
            Port::Right => self.side(1, cx, delivery, world, selector, asked),
            Port::Both if self.meets_by_index() => self.both(cx, delivery, selector, asked),
            Port::Both => {
                let mut all = Selected::default();
                // An array that a join reads twice goes event by event, left side first.
                let mut row = delivery.start;
                for chunk in delivery.chunks {
                    while row < chunk.end {
                        let chunks = [Chunk { end: row + 1, ..*chunk }];
                        let one = Delivery { start: row, chunks: &chunks, ..*delivery };
                        for side in 0..2 {
                            append(&mut all, self.side(side, cx, &one, world, selector, asked)?);
                        }
                        row += 1;
                    }
                }
                Ok(all)
            }
        }
    }

    /// Whether both sides find each other through their indexes alone, and nobody sees rows leave.
    fn meets_by_index(&self) -> bool {
        let by_index = |side: &JoinSide| side.index.is_some() && side.single.keeps_rows();
        self.exact && !self.expired_wanted && self.sides.iter().all(by_index)
    }

    /// A stream joined with itself: both windows take all rows first, then the arrivals of both
    /// are gone through event by event, each seeing of the other side what was there by then.
    fn both(
        &mut self,
        cx: &mut Cx<'_>,
        delivery: &Delivery<'_>,
        selector: &mut Selector,
        asked: &mut Asked,
    ) -> Result<Selected, Fault> {
        let one_by_one: Vec<Chunk>;
        let all_single = delivery.chunks.len() == delivery.len();
        let chunks = if all_single {
            delivery.chunks
        } else {
            one_by_one = single_rows(delivery);
            &one_by_one
        };
        let delivery = Delivery { chunks, ..*delivery };
        let mut flows = [Arrivals::default(), Arrivals::default()];
        for (at, flow) in flows.iter_mut().enumerate() {
            let before = cx.wakes.len();
            let mut passed = Vec::new();
            let single = &mut self.sides[at].single;
            single.pass_tracked(cx, &delivery, &mut asked.notes, &mut passed, |out| {
                flow.take(out);
            })?;
            flow.rows_of = passed;
            take_wakes(cx, before, at, asked);
        }
        let joined = self.meet(&flows);
        if joined.flow.is_empty() {
            return Ok(Selected::default());
        }
        let store = |side: usize| match &self.sides[side].single.window {
            Some(window) => Source::Store(window.store()),
            None => Source::Nothing,
        };
        let input = |source, rows| Input {
            source,
            rows: Rows::List(rows),
            shown_at: Some(&joined.flow.times[..]),
            chain: None,
        };
        let inputs = [input(store(0), &joined.mine), input(store(1), &joined.other)];
        selector.select(cx, &inputs, &joined.flow)
    }

    /// The pairs of rows, in order of the events that brought them together; `mine` is the left.
    fn meet(&mut self, flows: &[Arrivals; 2]) -> Joined {
        let mut joined = Joined::default();
        let mut at = [0, 0];
        flows.iter().for_each(|it| joined.flow.reserve(it.rows_of.len() / 2, 0));
        loop {
            let next = |side: usize| flows[side].rows_of.get(at[side]).map(|row| (*row, side));
            let Some((_, side)) = next(0).into_iter().chain(next(1)).min() else { break };
            let (range, chunk) = flows[side].chunk(at[side]);
            at[side] += 1;
            self.note_chunk(side, &flows[side].flow, range.clone(), chunk.key);
            let [left, right] = &self.sides;
            let (mine, other) = if side == 0 { (left, right) } else { (right, left) };
            if !mine.triggers {
                continue;
            }
            for place in range {
                let (row, kind) = (flows[side].flow.rows[place], flows[side].flow.kinds[place]);
                if kind == Kind::Current {
                    let time = flows[side].flow.times[place];
                    joined.pair(side, row, time, mine, other, chunk.key);
                }
            }
            joined.flow.end_chunk(chunk.now, chunk.key);
        }
        joined
    }

    fn note_chunk(&mut self, side: usize, flow: &Flow, range: std::ops::Range<usize>, key: Key) {
        let side = &mut self.sides[side];
        let (Some(index), Some(window)) = (&mut side.index, &side.single.window) else { return };
        for place in range {
            let row = flow.rows[place];
            match flow.kinds[place] {
                Kind::Current => index.add(window.store(), key, row),
                Kind::Expired => index.remove(row),
                Kind::Timer | Kind::Reset => {}
            }
        }
    }

    fn side(
        &mut self,
        side: usize,
        cx: &mut Cx<'_>,
        delivery: &Delivery<'_>,
        world: World<'_>,
        selector: &mut Selector,
        asked: &mut Asked,
    ) -> Result<Selected, Fault> {
        let before = cx.wakes.len();
        let (mine, other) = split(&mut self.sides, side);
        let search = Search {
            side,
            other,
            on: self.on.as_ref(),
            equality: self.equality,
            exact: self.exact,
            expired_wanted: self.expired_wanted,
            world,
        };
        let windowless = goes_on_alone(mine, selector, self.expired_wanted);
        let index = &mut mine.index;
        let (triggers, kept) = (mine.triggers, mine.kept);
        let scratch = &mut self.scratch;
        let result = mine.single.pass(cx, delivery, &mut asked.notes, |cx, held, flow, _| {
            note_in_index(index, held, flow);
            if !triggers {
                return Ok(Selected::default());
            }
            let how = Trigger { kept, windowless };
            search.run(how, cx, held, flow, selector, scratch)
        })?;
        take_wakes(cx, before, side, asked);
        take_processor_wakes(mine, side, asked);
        result
    }

    /// The app starts, or a key comes into being; the wake-ups asked for because of it.
    pub(super) fn start(&mut self, now: i64, key: Key) -> Vec<(i64, Key, u8)> {
        let mut all = Vec::new();
        for (at, side) in self.sides.iter_mut().enumerate() {
            let wakes = side.single.start(now, key).into_iter();
            all.extend(wakes.map(|(due, key, part)| (due, key, part_of(at, part))));
        }
        all
    }

    pub(super) fn on_timer(
        &mut self,
        (part, now, key): (u8, i64, Key),
        cx: &mut Cx<'_>,
        world: World<'_>,
        selector: &mut Selector,
        asked: &mut Asked,
    ) -> Result<Selected, Fault> {
        let (side, part) = (usize::from(part % 2), part / 2);
        let before = cx.wakes.len();
        let (mine, other) = split(&mut self.sides, side);
        let windowless = part > 0 && goes_on_alone(mine, selector, self.expired_wanted);
        let search = Search {
            side,
            other,
            on: self.on.as_ref(),
            equality: self.equality,
            exact: self.exact,
            expired_wanted: self.expired_wanted,
            world,
        };
        let index = &mut mine.index;
        let (triggers, kept) = (mine.triggers, mine.kept);
        let scratch = &mut self.scratch;
        let woken = (part, now, key);
        let result = mine.single.wake_part(cx, woken, &mut asked.notes, |cx, held, flow, _| {
            note_in_index(index, held, flow);
            if !triggers {
                return Ok(Selected::default());
            }
            let how = Trigger { kept, windowless };
            search.run(how, cx, held, flow, selector, scratch)
        })?;
        take_wakes(cx, before, side, asked);
        take_processor_wakes(mine, side, asked);
        result.unwrap_or_else(|| Ok(Selected::default()))
    }

    /// The input of a side.
    pub(super) fn single(&self, part: u8) -> &Single {
        &self.sides[usize::from(part % 2)].single
    }

    pub(super) fn min_wait_ms(&self) -> Option<i64> {
        self.sides.iter().filter_map(|side| side.single.min_wait_ms()).min()
    }

    pub(super) fn drop_keys(&mut self, keys: &[Key]) {
        for side in &mut self.sides {
            keys.iter().for_each(|key| side.single.drop_key(*key));
            if let Some(index) = &mut side.index {
                index.drop_keys(keys);
            }
        }
    }

    pub(super) fn save(&self, w: &mut Writer) {
        for side in &self.sides {
            side.single.save(w);
            // Indexes are made again from the windows; which keys there are has to be said.
            w.u32(side.index.as_ref().map_or(0, Index::keys));
        }
    }

    pub(super) fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        for side in &mut self.sides {
            side.single.load(r)?;
            let keys = r.u32()?;
            let (Some(index), Some(window)) = (&mut side.index, &side.single.window) else {
                continue;
            };
            index.clear();
            for key in (0..keys).map(Key) {
                let mut rows = Vec::new();
                window.find(key, &mut rows);
                for row in rows {
                    index.add(window.store(), key, row);
                }
            }
        }
        Ok(())
    }
}

/// Whether what arrives at a side without a window leaves it at once, and that shows.
fn goes_on_alone(side: &JoinSide, selector: &Selector, expired_wanted: bool) -> bool {
    side.single.window.is_none()
        && matches!(side.origin, SideOrigin::Stream)
        && (!selector.is_rowwise() || selector.sees_resets() || expired_wanted)
}

fn split(sides: &mut [JoinSide; 2], side: usize) -> (&mut JoinSide, &JoinSide) {
    let [left, right] = sides;
    if side == 0 { (left, right) } else { (right, left) }
}

/// The number of a part of a side, as wake-ups carry it: 0 is the side's window.
fn part_of(side: usize, part: u8) -> u8 {
    side as u8 + 2 * part
}

fn take_processor_wakes(side: &mut JoinSide, at: usize, asked: &mut Asked) {
    let wakes = side.single.wakes.drain(..);
    asked.wakes.extend(wakes.map(|(due, key, part)| (due, key, part_of(at, part))));
}

fn take_wakes(cx: &mut Cx<'_>, before: usize, side: usize, asked: &mut Asked) {
    asked.wakes.extend(cx.wakes.drain(before..).map(|(due, key)| (due, key, side as u8)));
}

/// What one side's window made of the rows of a delivery: a chunk for each row that got through.
#[derive(Default)]
struct Arrivals {
    flow: Flow,
    /// By chunk, the row of the delivery that caused it.
    rows_of: Vec<u32>,
}

impl Arrivals {
    fn take(&mut self, flow: &mut Flow) {
        std::mem::swap(&mut self.flow, flow);
    }

    fn chunk(&self, at: usize) -> (std::ops::Range<usize>, Chunk) {
        let start = at.checked_sub(1).map_or(0, |before| self.flow.chunks[before].end as usize);
        let chunk = self.flow.chunks[at];
        (start..chunk.end as usize, chunk)
    }
}

impl Joined {
    pub(super) fn push(&mut self, row: u32, other: u32, kind: Kind, time: i64) {
        self.flow.push(row, kind, time);
        self.mine.push(row);
        self.other.push(other);
    }

    /// One arriving row with its partners.
    fn pair(
        &mut self,
        side: usize,
        row: u32,
        time: i64,
        mine: &JoinSide,
        other: &JoinSide,
        key: Key,
    ) {
        let (Some(my), Some(index), Some(window)) =
            (&mine.index, &other.index, &mine.single.window)
        else {
            return;
        };
        let Some(theirs) = &other.single.window else { return };
        let mut push = |partner| {
            self.flow.push(row, Kind::Current, time);
            let (left, right) = if side == 0 { (row, partner) } else { (partner, row) };
            self.mine.push(left);
            self.other.push(right);
        };
        let mut any = false;
        let asked = my.probe(window.store(), key, row);
        for partner in asked.into_iter().flat_map(|probe| index.find(theirs.store(), probe)) {
            any = true;
            push(partner);
        }
        if !any && mine.kept {
            push(NO_ROW);
        }
    }
}

/// The same rows, each a chunk of its own.
fn single_rows(delivery: &Delivery<'_>) -> Vec<Chunk> {
    let mut chunks = Vec::with_capacity(delivery.len());
    let mut row = delivery.start;
    for chunk in delivery.chunks {
        while row < chunk.end {
            row += 1;
            chunks.push(Chunk { end: row, ..*chunk });
        }
    }
    chunks
}

/// Follows the rows that come to and leave a sliding window.
fn note_in_index(index: &mut Option<Index>, held: &Held<'_>, flow: &Flow) {
    let (Some(index), Held::Store(store)) = (index, held) else { return };
    for (range, chunk) in flow.chunk_ranges() {
        for place in range {
            let row = flow.rows[place];
            match flow.kinds[place] {
                Kind::Current => index.add(store, chunk.key, row),
                Kind::Expired => index.remove(row),
                Kind::Timer | Kind::Reset => {}
            }
        }
    }
}

/// The first `left attribute == right attribute` of a conjunction; whether nothing else is in it.
fn find_equality(on: &Expr, found: &mut Option<[usize; 2]>) -> bool {
    match on {
        Expr::And(sides) => {
            let left = find_equality(&sides.0, found);
            let right = find_equality(&sides.1, found);
            // A second equality is not served by the index, so it has to be looked at.
            let _ = (left, right);
            false
        }
        Expr::Compare { op: CompareOp::Equal, by, sides } if found.is_none() => {
            let served = matches!(by, CompareAs::Str | CompareAs::Int | CompareAs::Long);
            if let (
                Expr::Attribute { slot: a, column: x, .. },
                Expr::Attribute { slot: b, column: y, .. },
            ) = (&sides.0, &sides.1)
                && served
                && a != b
            {
                let (x, y) = (*x as usize, *y as usize);
                *found = Some(if *a == 0 { [x, y] } else { [y, x] });
                return true;
            }
            false
        }
        Expr::Const(..)
        | Expr::Attribute { .. }
        | Expr::Chain { .. }
        | Expr::Timestamp { .. }
        | Expr::Event { .. }
        | Expr::Arithmetic { .. }
        | Expr::Compare { .. }
        | Expr::Or(_)
        | Expr::Not(_)
        | Expr::IsNull(_)
        | Expr::IsAbsent { .. }
        | Expr::IfElse(_)
        | Expr::In { .. }
        | Expr::Call { .. } => false,
    }
}
