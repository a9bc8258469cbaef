//! From the rows of a query's input to its output rows, chunk by chunk.

use std::sync::Arc;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, Chunk, Column, DataType, Key, Kind};
use weir_expr::{Changes, Env, Expr, Fault, Input, Rows as PlaceRows, Scope, Source, Vector};

use super::aggregator::{AggregateSpec, Aggregates, Rows};
use super::group::Groups;
use super::order::{OrderSpec, sort_runs};
use crate::cx::Cx;
use crate::flow::Flow;
use crate::saved;
use crate::window::Mode;

/// Which events a query puts out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventTypes {
    /// Those that arrived.
    pub current: bool,
    /// Those that left a window.
    pub expired: bool,
}

impl EventTypes {
    fn includes(self, kind: Kind) -> bool {
        match kind {
            Kind::Current => self.current,
            Kind::Expired => self.expired,
            Kind::Timer | Kind::Reset => false,
        }
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
    /// Whether groups keep their numbers from call to call although nothing is aggregated.
    pub keep_groups: bool,
}

/// Output rows with their kinds and chunks.
#[derive(Debug, Clone, Default)]
pub struct Selected {
    /// The rows; timestamps are those the rows show.
    pub batch: Batch,
    /// What each row is: current or expired.
    pub kinds: Vec<Kind>,
    /// The chunks that have rows.
    pub chunks: Vec<Chunk>,
    /// The group of each row; empty without group-by.
    pub groups: Vec<u32>,
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
    /// The group of each place, in this call.
    numbers: Vec<u32>,
    /// By group: the chunk that saw it last and where it stands among its survivors.
    seen: Vec<(u64, u32)>,
    chunk_count: u64,
}

impl Selector {
    /// A selector that has seen nothing; `mode` is that of the query's window.
    #[must_use]
    pub fn new(spec: SelectSpec, mode: Mode) -> Self {
        Self {
            aggregates: Aggregates::new(spec.aggregates.clone(), mode),
            groups: Groups::new(spec.group_by.clone()),
            types: spec.items.iter().map(Expr::data_type).collect(),
            having_reads: having_reads(&spec),
            keys: 0,
            numbers: Vec::new(),
            seen: Vec::new(),
            chunk_count: 0,
            spec,
        }
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
        let scope = Scope { inputs, len: flow.len(), env: &env };
        let totals = self.aggregate(&scope, flow)?;
        let mut places = Vec::new();
        let types = self.spec.types;
        if flow.kinds.iter().all(|kind| types.includes(*kind)) {
            places.extend(0..flow.len() as u32);
        } else {
            let resets = !self.spec.collapse;
            let wanted = (0..flow.len()).filter(|i| {
                types.includes(flow.kinds[*i]) || resets && flow.kinds[*i] == Kind::Reset
            });
            places.extend(wanted.map(|i| i as u32));
        }
        let stage = Stage { spec: &self.spec, scope: &scope, totals: &totals };
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
        let stage = Stage { spec: &self.spec, scope: &scope, totals: &totals };
        // Groups that do not collapse are neither ordered nor offset (gotcha 6).
        let loose = !self.spec.collapse && self.groups.by_value();
        let ordered = !loose && (!self.spec.order_by.is_empty() || self.spec.offset.is_some());
        let selected = if !ordered && self.spec.limit.is_none() {
            picked
        } else {
            stage.order_and_limit(flow, picked, ordered)?
        };
        let mut selected =
            stage.output(flow, selected, early, &self.numbers, self.groups.by_value())?;
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
        let totals = self.aggregate(&scope, flow)?;
        let mut places: Vec<u32> = (0..flow.len() as u32).collect();
        if let Some(having) = &self.spec.having {
            let stage = Stage { spec: &self.spec, scope: &scope, totals: &totals };
            match &self.having_reads {
                Some(reads) => stage.lean_having(having, reads, &mut places)?,
                None => stage.having(having, &mut places).map(|_| ())?,
            }
        }
        Ok(places)
    }

    /// The aggregate columns, one value a place.
    fn aggregate(&mut self, scope: &Scope<'_>, flow: &Flow) -> Result<Vec<Column>, Fault> {
        if self.aggregates.is_empty() && !self.groups.by_value() {
            return Ok(Vec::new());
        }
        if self.aggregates.is_empty() && !self.spec.keep_groups {
            self.groups.clear();
        }
        if !self.spec.keep_groups && self.groups.is_crowded() {
            let aggregates = &self.aggregates;
            self.groups.sweep(|group| aggregates.is_blank(group));
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
        while start < flow.len() {
            let reset = flow.kinds[start..].iter().position(|kind| *kind == Kind::Reset);
            let end = reset.map_or(flow.len(), |at| start + at);
            for i in 0..totals.len() {
                let guard = self.aggregates.specs()[i].guard.as_ref();
                let masked = guard
                    .map(|guard| learnt_of(guard, scope, &totals, flow, start..end))
                    .transpose()?;
                let total = &mut totals[i];
                let arg = args[i].as_ref().unwrap_or(&nothing);
                let (kinds, groups) = (masked.as_deref().unwrap_or(&flow.kinds), &self.numbers);
                let expired_shown = self.spec.types.expired;
                let rows = Rows { range: start..end, kinds, groups, arg, expired_shown };
                self.aggregates.at(i).run(&rows, total)?;
            }
            if reset.is_some() {
                totals.iter_mut().for_each(Column::push_null);
                self.reset(key_at(flow, end));
            }
            start = end + 1;
        }
        Ok(totals)
    }

    /// A reset drops all groups of its partition key.
    fn reset(&mut self, key: Key) {
        // Numbers already given out in this call stay valid: a forgotten group that comes again
        // keeps its number only when the call is over, so the states alone are cleared here.
        let aggregates = &mut self.aggregates;
        self.groups.each_of_key(key, |group| aggregates.clear(group));
    }

    /// Which places leave: all, the last a chunk, or the last a group and chunk.
    fn collapse(&mut self, flow: &Flow, places: &[u32], picked: &mut Picked) {
        let by_group = self.spec.collapse && self.groups.by_value();
        let to_one = self.spec.collapse && !by_group && !self.aggregates.is_empty();
        let mut next = 0;
        for chunk in &flow.chunks {
            self.chunk_count += 1;
            let before = picked.places.len();
            let first = next;
            next += places[next..].iter().take_while(|place| **place < chunk.end).count();
            let passing = &places[first..next];
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
        let aggregates = &mut self.aggregates;
        self.groups.forget_key(key, |group| aggregates.clear(group));
    }

    /// About how many bytes its groups and their aggregates take.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        let group = GROUP_BYTES + AGGREGATE_BYTES * self.aggregates.specs().len();
        (self.groups.count(self.keys) * group) as u64
    }

    /// Writes the state of the aggregates.
    pub fn save(&self, w: &mut Writer) {
        w.u8(1);
        w.u32(self.keys);
        let groups = self.groups.save(w, self.keys);
        self.aggregates.save(w, &groups);
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
        self.aggregates.load(r, count)
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

fn key_at(flow: &Flow, place: usize) -> Key {
    let at = flow.chunks.partition_point(|chunk| chunk.end as usize <= place);
    flow.chunks.get(at).map_or(Key(0), |chunk| chunk.key)
}

/// The places that leave, in order, and their chunks.
#[derive(Debug, Default)]
struct Picked {
    places: Vec<u32>,
    chunks: Vec<Chunk>,
}

/// The part of a selector that needs no state.
struct Stage<'a> {
    spec: &'a SelectSpec,
    scope: &'a Scope<'a>,
    totals: &'a [Column],
}

impl Stage<'_> {
    /// Runs `body` with a scope over `places` only, aggregates and output attributes included.
    fn over<R>(&self, places: &[u32], outputs: &[Column], body: impl FnOnce(&Scope<'_>) -> R) -> R {
        let all = places.len() == self.scope.len
            && places.iter().enumerate().all(|(i, place)| i as u32 == *place);
        let mut inputs = Vec::with_capacity(self.spec.inputs as usize + 2);
        if all {
            inputs.extend_from_slice(self.scope.inputs);
            inputs.push(Input::new(Source::Columns(self.totals), PlaceRows::From(0)));
            inputs.push(Input::new(Source::Columns(outputs), PlaceRows::From(0)));
            return body(&Scope { inputs: &inputs, len: self.scope.len, env: self.scope.env });
        }
        let lists: Vec<(Vec<u32>, Option<Vec<i64>>)> = self
            .scope
            .inputs
            .iter()
            .map(|input| {
                let rows = places.iter().map(|place| input.rows.at(*place as usize)).collect();
                let shown = |times: &[i64]| places.iter().map(|at| times[*at as usize]).collect();
                (rows, input.shown_at.map(shown))
            })
            .collect();
        for (input, (rows, shown)) in self.scope.inputs.iter().zip(&lists) {
            let rows = PlaceRows::List(rows);
            inputs.push(Input { rows, shown_at: shown.as_deref(), ..*input });
        }
        inputs.push(Input::new(Source::Columns(self.totals), PlaceRows::List(places)));
        inputs.push(Input::new(Source::Columns(outputs), PlaceRows::From(0)));
        body(&Scope { inputs: &inputs, len: places.len(), env: self.scope.env })
    }

    fn columns(&self, places: &[u32]) -> Result<Vec<Column>, Fault> {
        self.over(places, &[], |scope| {
            self.spec.items.iter().map(|item| item.eval_column(scope)).collect()
        })
    }

    /// Keeps the places that pass; the output columns of those kept, for the places as they stood.
    fn having(&self, having: &Expr, places: &mut Vec<u32>) -> Result<Early, Fault> {
        let columns = self.columns(places)?;
        let mut passing = Vec::new();
        self.over(places, &columns, |scope| having.select(scope, &mut passing))?;
        let mut at = vec![0; self.scope.len];
        for passed in &passing {
            at[places[*passed as usize] as usize] = *passed;
        }
        *places = passing.iter().map(|passed| places[*passed as usize]).collect();
        Ok(Early { columns, at })
    }

    /// Keeps the places that pass a condition that reads only some of the output attributes.
    fn lean_having(
        &self,
        having: &Expr,
        reads: &[bool],
        places: &mut Vec<u32>,
    ) -> Result<(), Fault> {
        let columns = self.over(places, &[], |scope| {
            let wanted = self.spec.items.iter().zip(reads);
            let column = |(item, read): (&Expr, &bool)| match read {
                true => item.eval_column(scope),
                false => Ok(Column::new(item.data_type())),
            };
            wanted.map(column).collect::<Result<Vec<_>, _>>()
        })?;
        let mut passing = Vec::new();
        self.over(places, &columns, |scope| having.select(scope, &mut passing))?;
        passing.iter_mut().for_each(|passed| *passed = places[*passed as usize]);
        *places = passing;
        Ok(())
    }

    fn order_and_limit(&self, flow: &Flow, picked: Picked, ordered: bool) -> Result<Picked, Fault> {
        let mut columns = self.columns(&picked.places)?;
        self.over(&picked.places, &[], |scope| {
            for extra in &self.spec.order_extra {
                columns.push(extra.eval_column(scope)?);
            }
            Ok(())
        })?;
        let kind_of = |i: u32| flow.kinds[picked.places[i as usize] as usize];
        let mut out = Picked::default();
        let mut start = 0;
        for chunk in &picked.chunks {
            let mut order: Vec<u32> = (start..chunk.end).collect();
            start = chunk.end;
            if ordered && !self.spec.order_by.is_empty() {
                sort_runs(&mut order, kind_of, &columns, &self.spec.order_by);
            }
            let before = out.places.len();
            let mut to_skip = self.spec.offset.filter(|_| ordered).unwrap_or(0);
            let mut to_take = self.spec.limit.unwrap_or(u64::MAX);
            for i in order {
                if to_skip > 0 {
                    to_skip -= 1;
                    continue;
                }
                // An expired row is never held back, yet it uses the limit up (gotcha 4).
                if to_take > 0 || kind_of(i) == Kind::Expired {
                    out.places.push(picked.places[i as usize]);
                }
                to_take = to_take.saturating_sub(1);
            }
            if out.places.len() > before {
                out.chunks.push(Chunk { end: out.places.len() as u32, ..*chunk });
            }
        }
        Ok(out)
    }

    fn output(
        &self,
        flow: &Flow,
        picked: Picked,
        early: Option<Early>,
        numbers: &[u32],
        grouped: bool,
    ) -> Result<Selected, Fault> {
        let places = &picked.places;
        let columns = match early {
            Some(early) => {
                let rows: Vec<u32> = places.iter().map(|place| early.at[*place as usize]).collect();
                early.columns.iter().map(|column| Arc::new(column.gather(&rows))).collect()
            }
            None => self.shared_columns(places)?,
        };
        let pick = |place: &u32| *place as usize;
        Ok(Selected {
            batch: Batch {
                timestamps: places.iter().map(|place| flow.times[pick(place)]).collect(),
                columns,
            },
            kinds: places.iter().map(|place| flow.kinds[pick(place)]).collect(),
            groups: if grouped {
                places.iter().map(|place| numbers[pick(place)]).collect()
            } else {
                Vec::new()
            },
            chunks: picked.chunks,
        })
    }

    /// The output columns; an attribute of a whole batch is passed on without a copy.
    fn shared_columns(&self, places: &[u32]) -> Result<Vec<Arc<Column>>, Fault> {
        let whole = places.len() == self.scope.len;
        self.over(places, &[], |scope| {
            let column = |item: &Expr| {
                if whole
                    && let Expr::Attribute { slot, column, .. } = item
                    && let Input { source, rows: PlaceRows::From(0), .. } = scope.input(*slot)
                    && let Source::Batch { columns, .. } = source
                    && columns[*column as usize].len() == scope.len
                {
                    return Ok(Arc::clone(&columns[*column as usize]));
                }
                item.eval_column(scope).map(Arc::new)
            };
            self.spec.items.iter().map(column).collect()
        })
    }
}

/// Output columns that `having` needed, and where in them each place stands.
struct Early {
    columns: Vec<Column>,
    at: Vec<u32>,
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
