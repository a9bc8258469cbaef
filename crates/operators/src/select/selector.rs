//! From the rows of a query's input to its output rows, chunk by chunk.

use std::sync::Arc;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, Chunk, Column, DataType, Key, Kind, NO_ROW};
use weir_expr::{Changes, Env, Expr, Fault, Input, Rows as PlaceRows, Scope, Source, Vector};

use super::aggregator::{AggregateSpec, Aggregates, Rows};
use super::group::Groups;
use super::order::OrderSpec;
use super::pending::Pending;
use super::stage::{Picked, Reads, Stage};
use crate::cx::Cx;
use crate::flow::{Flow, ends_among};
use crate::saved;
use crate::window::Cut;

/// Which events a query puts out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventTypes {
    /// Those that arrived.
    pub current: bool,
    /// Those that left a window.
    pub expired: bool,
}

impl EventTypes {
    /// The places of rows that are put out, without a branch a row.
    fn places(self, kinds: &[Kind], resets: bool) -> Vec<u32> {
        let put_out = |kind| match kind {
            Kind::Current => self.current,
            Kind::Expired => self.expired,
            Kind::Reset => resets,
            Kind::Timer => false,
        };
        let of = [Kind::Current, Kind::Expired, Kind::Timer, Kind::Reset];
        let steps = of.map(|kind| usize::from(put_out(kind)));
        let mut places = vec![0; kinds.len()];
        let mut found = 0;
        for (place, kind) in kinds.iter().enumerate() {
            places[found] = place as u32;
            found += steps[*kind as usize];
        }
        places.truncate(found);
        places
    }
}

/// What a selector is made of.
///
/// Expressions see the query's inputs in slots `0..inputs`, the aggregates in slot `inputs`, and
/// (in `having`) the output attributes in slot `inputs + 1`.
#[derive(Debug, Clone)]
pub struct SelectSpec {
    /// The number of inputs.
    pub inputs: u16,
    /// The group-by attributes.
    pub group_by: Vec<Expr>,
    /// The aggregate calls of select and having.
    pub aggregates: Vec<AggregateSpec>,
    /// The output attributes.
    pub items: Vec<Expr>,
    /// The condition on the output.
    pub having: Option<Expr>,
    /// The order within a chunk.
    pub order_by: Vec<OrderSpec>,
    /// What the order looks at besides the output attributes.
    pub order_extra: Vec<Expr>,
    /// How many rows of a chunk leave at most.
    pub limit: Option<u64>,
    /// How many rows of a chunk are left out first.
    pub offset: Option<u64>,
    /// Which events leave.
    pub types: EventTypes,
    /// Whether a chunk collapses: to one row with aggregates, to one a group with group-by.
    /// Snapshot rate limits switch it off, and see resets.
    pub collapse: bool,
    /// Whether expired rows may come; where none can, aggregates have nothing to undo.
    pub rows_leave: bool,
    /// Whether groups keep their numbers from call to call although nothing is aggregated.
    pub keep_groups: bool,
}

/// Output rows with their kinds and chunks.
#[derive(Debug, Clone, Default)]
pub struct Selected {
    /// The rows; timestamps are those the rows show.
    pub batch: Batch,
    /// Which rows of the batch leave, in order; `None` when all do. Where it is set all rows are
    /// current, `kinds` and `groups` are empty, and the ends of chunks count rows of the batch.
    pub picked: Option<Vec<u32>>,
    /// What each row is: current or expired.
    pub kinds: Vec<Kind>,
    /// The chunks that have rows.
    pub chunks: Vec<Chunk>,
    /// The group of each row; empty without group-by, and where groups do not keep their numbers.
    pub groups: Vec<u32>,
}

impl Selected {
    /// Whether nothing leaves.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.picked.as_ref().map_or(self.batch.is_empty(), Vec::is_empty)
    }

    /// The same rows in a batch of their own.
    #[must_use]
    pub fn gathered(self) -> Self {
        let Some(picked) = self.picked else { return self };
        let ends = ends_among(&picked, self.chunks.iter().map(|it| it.end));
        Self {
            batch: self.batch.gather(&picked),
            picked: None,
            kinds: vec![Kind::Current; picked.len()],
            chunks: self.chunks.iter().zip(ends).map(|(it, end)| Chunk { end, ..*it }).collect(),
            groups: Vec::new(),
        }
    }
}

/// About how many bytes a group takes that is not long.
const GROUP_BYTES: usize = 64;

/// About how many bytes an aggregate keeps for a group.
const AGGREGATE_BYTES: usize = 24;

/// The selector of a query and the state of its aggregates.
#[derive(Debug)]
pub struct Selector {
    spec: SelectSpec,
    aggregates: Aggregates,
    groups: Groups,
    /// The highest partition key seen, plus one.
    keys: u32,
    types: Vec<DataType>,
    /// The output attributes that `having` reads, where the others need not be computed for rows
    /// that it holds back.
    having_reads: Option<Vec<bool>>,
    reads: Reads,
    /// The rows of batches that are not complete, where rows come before their batch is.
    pending: Option<Pending>,
    /// The group of each place, in this call.
    numbers: Vec<u32>,
    /// By group: the chunk that saw it last and where it stands among its survivors.
    seen: Vec<(u64, u32)>,
    chunk_count: u64,
}

impl Selector {
    /// A selector that has seen nothing.
    #[must_use]
    pub fn new(spec: SelectSpec) -> Self {
        let for_having = having_reads(&spec);
        Self {
            aggregates: Aggregates::new(spec.aggregates.clone(), spec.rows_leave),
            pending: None,
            groups: Groups::new(spec.group_by.clone(), spec.rows_leave),
            types: spec.items.iter().map(Expr::data_type).collect(),
            reads: Reads::of(&spec, for_having.as_deref()),
            having_reads: for_having,
            keys: 0,
            numbers: Vec::new(),
            seen: Vec::new(),
            chunk_count: 0,
            spec,
        }
    }

    /// A selector that takes the rows of a tumbling window as they arrive, and keeps no more of a
    /// batch than its aggregates and the last output row of each group until it is complete.
    /// `None` where that would show: where more than the last row of a group leaves, where rows
    /// are ordered, or where an expression looks at more than its row.
    #[must_use]
    pub fn tumbling(spec: &SelectSpec) -> Option<Self> {
        let exprs = spec.items.iter().chain(&spec.group_by).chain(&spec.having);
        let mut args = spec.aggregates.iter();
        let grows = |it: &AggregateSpec| it.guard.is_none() && it.is_number();
        let last_only = spec.collapse && !(spec.aggregates.is_empty() && spec.group_by.is_empty());
        let unordered = spec.order_by.is_empty() && spec.limit.is_none() && spec.offset.is_none();
        let plain = exprs.chain(args.clone().flat_map(|it| &it.arg)).all(|it| !it.needs_care());
        let current = spec.types.current && !spec.types.expired;
        let lean = spec.having.is_none() || having_reads(spec).is_some();
        if !(lean && last_only && unordered && plain && current && args.all(grows)) {
            return None;
        }
        let mut selector = Self::new(SelectSpec { rows_leave: false, ..spec.clone() });
        selector.pending = Some(Pending::new(&selector.types));
        Some(selector)
    }

    /// Takes rows of batches as they arrive; `cuts` are where batches become complete. What leaves.
    ///
    /// # Errors
    ///
    /// An expression could not be computed; nothing leaves, aggregates keep what they learnt.
    pub fn absorb(
        &mut self,
        cx: &Cx<'_>,
        input: Input<'_>,
        flow: &Flow,
        cuts: &[Cut],
    ) -> Result<Selected, Fault> {
        let env = cx.env(flow.chunks.last().map_or(0, |chunk| chunk.now));
        let inputs = [input];
        let scope = Scope { inputs: &inputs, len: flow.len(), env: &env };
        let starts: Vec<_> = cuts.iter().map(|cut| (cut.end as usize, cut.key)).collect();
        let totals = self.aggregate(&scope, flow, &starts)?;
        let stage = Stage { spec: &self.spec, reads: &self.reads, scope: &scope, totals: &totals };
        let mut places: Vec<u32> = (0..flow.len() as u32).collect();
        if let (Some(having), Some(reads)) = (&self.spec.having, &self.having_reads) {
            stage.lean_having(having, reads, &mut places)?;
        }
        let Some(pending) = &mut self.pending else { return Ok(Selected::default()) };
        pending.fit(self.groups.top(self.keys));
        let (mut left, mut cuts) = (&places[..], cuts.iter().peekable());
        for chunk in &flow.chunks {
            loop {
                let cut = cuts.next_if(|cut| cut.end <= chunk.end);
                let until = cut.map_or(chunk.end, |cut| cut.end);
                while let [place, rest @ ..] = left
                    && *place < until
                {
                    pending.offer(chunk.key, self.numbers[*place as usize], *place);
                    left = rest;
                }
                let Some(cut) = cut else { break };
                pending.complete(cut.key, cut.now);
            }
        }
        let fresh = pending.places();
        if !fresh.is_empty() {
            pending.settle(&stage.rows(flow, &fresh)?);
        }
        Ok(self.leave())
    }

    /// The batch of a key is complete; what leaves.
    pub fn complete(&mut self, key: Key, now: i64) -> Selected {
        self.reset(key);
        if let Some(pending) = &mut self.pending {
            pending.complete(key, now);
        }
        self.leave()
    }

    fn leave(&mut self) -> Selected {
        let Some(pending) = &mut self.pending else { return Selected::default() };
        let (batch, chunks) = pending.leave();
        let kinds = vec![Kind::Current; batch.len()];
        Selected { batch, picked: None, kinds, chunks, groups: Vec::new() }
    }

    /// Takes rows and gives what leaves of them.
    ///
    /// # Errors
    ///
    /// An expression could not be computed; nothing leaves, aggregates keep what they learnt.
    pub fn select(
        &mut self,
        cx: &Cx<'_>,
        inputs: &[Input<'_>],
        flow: &Flow,
    ) -> Result<Selected, Fault> {
        let now = flow.chunks.last().map_or(0, |chunk| chunk.now);
        let changes = Changes::default();
        let env = Env { changes: Some(&changes), ..cx.env(now) };
        let stood_in = if self.spec.collapse { stand_in_for_resets(inputs, flow) } else { None };
        let seen: Vec<Input<'_>>;
        let inputs = match &stood_in {
            Some(rows) => {
                seen = with_rows(inputs, rows);
                &seen
            }
            None => inputs,
        };
        let scope = Scope { inputs, len: flow.len(), env: &env };
        let totals = self.aggregate(&scope, flow, &resets(flow))?;
        let mut places = self.spec.types.places(&flow.kinds, !self.spec.collapse);
        let stage = Stage { spec: &self.spec, reads: &self.reads, scope: &scope, totals: &totals };
        let early = match &self.spec.having {
            Some(having) => match &self.having_reads {
                Some(reads) => {
                    stage.lean_having(having, reads, &mut places)?;
                    None
                }
                None => Some(stage.having(having, &mut places)?),
            },
            None => None,
        };
        let mut picked = Picked::default();
        self.collapse(flow, &places, &mut picked);
        let stage = Stage { spec: &self.spec, reads: &self.reads, scope: &scope, totals: &totals };
        // Groups that do not collapse are neither ordered nor offset (gotcha 6).
        let loose = !self.spec.collapse && self.groups.by_value();
        let ordered = !loose && (!self.spec.order_by.is_empty() || self.spec.offset.is_some());
        let selected = if !ordered && self.spec.limit.is_none() {
            picked
        } else {
            stage.order_and_limit(flow, picked, ordered)?
        };
        let mut selected = stage.output(
            flow,
            selected,
            early,
            &self.numbers,
            self.groups.by_value() && self.spec.keep_groups,
        )?;
        if !changes.is_empty() {
            for column in &mut selected.batch.columns {
                changes.apply(Arc::make_mut(column));
            }
        }
        Ok(selected)
    }

    /// The places that meet `having`, for a filter whose condition has aggregates.
    ///
    /// # Errors
    ///
    /// An expression could not be computed; aggregates keep what they learnt.
    pub fn passing(
        &mut self,
        cx: &Cx<'_>,
        inputs: &[Input<'_>],
        flow: &Flow,
    ) -> Result<Vec<u32>, Fault> {
        let env = cx.env(flow.chunks.last().map_or(0, |chunk| chunk.now));
        let scope = Scope { inputs, len: flow.len(), env: &env };
        let totals = self.aggregate(&scope, flow, &resets(flow))?;
        let mut places: Vec<u32> = (0..flow.len() as u32).collect();
        if let Some(having) = &self.spec.having {
            let stage =
                Stage { spec: &self.spec, reads: &self.reads, scope: &scope, totals: &totals };
            match &self.having_reads {
                Some(reads) => stage.lean_having(having, reads, &mut places)?,
                None => stage.having(having, &mut places).map(|_| ())?,
            }
        }
        Ok(places)
    }

    /// The aggregate columns, one value a place. At each of `starts` the aggregates of a key start
    /// again; a reset is a place of its own.
    fn aggregate(
        &mut self,
        scope: &Scope<'_>,
        flow: &Flow,
        starts: &[(usize, Key)],
    ) -> Result<Vec<Column>, Fault> {
        if self.aggregates.is_empty() && !self.groups.by_value() {
            return Ok(Vec::new());
        }
        if self.aggregates.is_empty() && !self.spec.keep_groups && self.pending.is_none() {
            self.groups.clear();
        }
        if !self.spec.keep_groups && self.groups.is_crowded() {
            let (aggregates, pending) = (&self.aggregates, &self.pending);
            let awaited = |group| pending.as_ref().is_some_and(|it| it.holds(group));
            self.groups.sweep(|group| aggregates.is_blank(group) && !awaited(group));
        }
        for chunk in &flow.chunks {
            self.keys = self.keys.max(chunk.key.0 + 1);
        }
        self.groups.number(scope, flow, &mut self.numbers)?;
        let specs = self.aggregates.specs();
        let nothing = Vector::Null;
        let args: Vec<Option<Vector<'_>>> = specs
            .iter()
            .map(|spec| spec.arg.as_ref().map(|arg| arg.eval(scope)).transpose())
            .collect::<Result<_, _>>()?;
        let mut totals: Vec<Column> =
            specs.iter().map(|it| Column::with_capacity(it.data_type, flow.len())).collect();
        if totals.is_empty() {
            return Ok(totals);
        }
        let mut start = 0;
        let ends = starts.iter().map(|(at, key)| (*at, Some(*key)));
        for (end, key) in ends.chain([(flow.len(), None)]) {
            for i in 0..totals.len() {
                let guard = self.aggregates.specs()[i].guard.as_ref();
                let masked = guard
                    .map(|guard| learnt_of(guard, scope, &totals, flow, start..end))
                    .transpose()?;
                let total = &mut totals[i];
                let arg = args[i].as_ref().unwrap_or(&nothing);
                let (kinds, groups) = (masked.as_deref().unwrap_or(&flow.kinds), &self.numbers);
                let expired_shown = self.spec.types.expired;
                let top = self.groups.top(self.keys);
                let rows = Rows { range: start..end, kinds, groups, top, arg, expired_shown };
                self.aggregates.at(i).run(&rows, total)?;
            }
            start = end;
            let Some(key) = key else { break };
            if flow.kinds.get(end) == Some(&Kind::Reset) {
                // What aggregates are at a reset is only seen where resets are put out.
                let push =
                    if self.spec.collapse { Column::push_default } else { Column::push_null };
                totals.iter_mut().for_each(push);
                start += 1;
            }
            self.reset(key);
        }
        Ok(totals)
    }

    /// A reset drops all groups of its partition key.
    fn reset(&mut self, key: Key) {
        // Numbers already given out in this call stay valid: a forgotten group that comes again
        // keeps its number only when the call is over, so the states alone are cleared here.
        if self.groups.by_value() {
            self.aggregates.clear(self.groups.of_key(key));
        } else {
            self.aggregates.clear(&[key.0]);
        }
    }

    /// Which places leave: all, the last a chunk, or the last a group and chunk.
    fn collapse(&mut self, flow: &Flow, places: &[u32], picked: &mut Picked) {
        let by_group = self.spec.collapse && self.groups.by_value();
        let to_one = self.spec.collapse && !by_group && !self.aggregates.is_empty();
        let mut first = 0;
        let ends = ends_among(places, flow.chunks.iter().map(|chunk| chunk.end));
        for (chunk, end) in flow.chunks.iter().zip(ends) {
            self.chunk_count += 1;
            let before = picked.places.len();
            let passing = &places[first..end as usize];
            first = end as usize;
            if by_group {
                self.last_of_each_group(passing, picked);
            } else if to_one {
                picked.places.extend(passing.last());
            } else {
                picked.places.extend(passing);
            }
            if picked.places.len() > before {
                picked.chunks.push(Chunk { end: picked.places.len() as u32, ..*chunk });
            }
        }
    }

    fn last_of_each_group(&mut self, passing: &[u32], picked: &mut Picked) {
        for place in passing {
            let group = self.numbers[*place as usize] as usize;
            if self.seen.len() <= group {
                self.seen.resize(group + 1, (0, 0));
            }
            let (chunk, at) = self.seen[group];
            if chunk == self.chunk_count {
                picked.places[at as usize] = *place;
            } else {
                self.seen[group] = (self.chunk_count, picked.places.len() as u32);
                picked.places.push(*place);
            }
        }
    }

    /// Whether every row leaves or not by itself: how rows are cut into chunks makes no difference.
    #[must_use]
    pub fn is_rowwise(&self) -> bool {
        self.aggregates.is_empty()
            && !self.groups.by_value()
            && self.spec.order_by.is_empty()
            && self.spec.limit.is_none()
            && self.spec.offset.is_none()
    }

    /// Calls `visit` for the expression of each output attribute.
    pub fn each_item(&self, visit: impl FnMut(&Expr)) {
        self.spec.items.iter().for_each(visit);
    }

    pub(super) fn spec(&self) -> &SelectSpec {
        &self.spec
    }

    /// Whether resets are put out.
    #[must_use]
    pub fn sees_resets(&self) -> bool {
        !self.spec.collapse
    }

    /// The types of the output attributes.
    #[must_use]
    pub fn types(&self) -> &[DataType] {
        &self.types
    }

    /// Forgets everything of one partition key.
    pub fn drop_key(&mut self, key: Key) {
        let forgotten = self.groups.forget_key(key);
        self.aggregates.clear(&forgotten);
        if let Some(pending) = &mut self.pending {
            pending.drop_key(key);
        }
    }

    /// About how many bytes its groups and their aggregates take.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        let group = GROUP_BYTES + AGGREGATE_BYTES * self.aggregates.specs().len();
        let pending = self.pending.as_ref().map_or(0, Pending::held_bytes);
        (self.groups.count(self.keys) * group) as u64 + pending
    }

    /// Writes the state of the aggregates.
    pub fn save(&self, w: &mut Writer) {
        w.u8(1);
        w.u32(self.keys);
        let groups = self.groups.save(w, self.keys);
        self.aggregates.save(w, &groups);
        if let Some(pending) = &self.pending {
            pending.save(w, &groups);
        }
    }

    /// Reads what [`Self::save`] wrote.
    ///
    /// # Errors
    ///
    /// The bytes are not such a state.
    pub fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        saved::version(r, 1)?;
        self.keys = r.u32()?;
        let count = self.groups.load(r)?;
        self.aggregates.load(r, count)?;
        self.pending.as_mut().map_or(Ok(()), |pending| pending.load(r, count))
    }
}

/// The output attributes that `having` reads; `None` where computing any of them may fail or show.
fn having_reads(spec: &SelectSpec) -> Option<Vec<bool>> {
    let having = spec.having.as_ref()?;
    let mut searches = false;
    having.walk(&mut |expr| searches |= matches!(expr, Expr::In { .. }));
    // What `in` compares with is not to be seen from here.
    if searches || spec.items.iter().any(Expr::needs_care) {
        return None;
    }
    let mut reads = vec![false; spec.items.len()];
    having.walk(&mut |expr| {
        if let Expr::Attribute { slot, column, .. } = expr
            && *slot == spec.inputs + 1
        {
            reads[*column as usize] = true;
        }
    });
    Some(reads)
}

/// The rows of a single input with others in the place of resets: nobody looks at what is there,
/// and without nulls all is computed in plain loops. `None` where there is nothing to replace.
fn stand_in_for_resets(inputs: &[Input<'_>], flow: &Flow) -> Option<Vec<u32>> {
    let [Input { rows: PlaceRows::List(rows), .. }] = inputs else { return None };
    let first = flow.kinds.iter().position(|kind| *kind == Kind::Reset)?;
    let any = *rows.iter().find(|row| **row != NO_ROW)?;
    let mut rows = rows.to_vec();
    for (row, kind) in rows.iter_mut().zip(&flow.kinds).skip(first) {
        if *kind == Kind::Reset {
            *row = any;
        }
    }
    Some(rows)
}

fn with_rows<'a>(inputs: &[Input<'a>], rows: &'a [u32]) -> Vec<Input<'a>> {
    inputs.iter().map(|input| Input { rows: PlaceRows::List(rows), ..*input }).collect()
}

/// Where resets are, and whose.
fn resets(flow: &Flow) -> Vec<(usize, Key)> {
    let places = flow.kinds.iter().enumerate().filter(|(_, kind)| **kind == Kind::Reset);
    places.map(|(place, _)| (place, key_at(flow, place))).collect()
}

fn key_at(flow: &Flow, place: usize) -> Key {
    let at = flow.chunks.partition_point(|chunk| chunk.end as usize <= place);
    flow.chunks.get(at).map_or(Key(0), |chunk| chunk.key)
}

/// The kinds of rows, where those that an aggregate does not learn of are none of its own.
fn learnt_of(
    guard: &Expr,
    scope: &Scope<'_>,
    totals: &[Column],
    flow: &Flow,
    places: std::ops::Range<usize>,
) -> Result<Vec<Kind>, Fault> {
    let mut inputs = scope.inputs.to_vec();
    inputs.push(Input::new(Source::Columns(totals), PlaceRows::From(0)));
    let scope = Scope { inputs: &inputs, ..*scope };
    let mut kinds = flow.kinds.clone();
    for place in places {
        if !guard.holds_at(&scope, place)? {
            kinds[place] = Kind::Timer;
        }
    }
    Ok(kinds)
}
