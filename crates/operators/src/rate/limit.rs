//! How often what a query selected leaves, with a state for each partition key.

use std::collections::BTreeMap;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Attribute, Batch, BatchBuilder, Chunk, DataType, Key, Kind};

use super::events::{AllEvents, FirstEvents, LastEvents};
use super::row::{Arrival, Limit, Row};
use super::snapshot::{Picture, Snapshot};
use super::time::{AllInTime, FirstInTime, LastInTime};
use crate::saved;
use crate::select::Selected;

/// Which rows of a round leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All of them.
    All,
    /// The first, at once.
    First,
    /// The last, at the end.
    Last,
}

/// How often rows leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RateSpec {
    /// Rounds of so many rows.
    Events {
        /// Which of them leave.
        which: Which,
        /// The rows of a round.
        count: u64,
    },
    /// Rounds of so many milliseconds.
    Time {
        /// Which of them leave.
        which: Which,
        /// The length of a round.
        every_ms: i64,
    },
    /// The present picture every so many milliseconds.
    Snapshot {
        /// The length of a round.
        every_ms: i64,
        /// What the picture is of.
        picture: Picture,
    },
}

impl RateSpec {
    /// The time between two ticks; `None` when rounds are counted in rows.
    #[must_use]
    pub fn every_ms(&self) -> Option<i64> {
        match self {
            Self::Events { .. } | Self::Time { which: Which::First, .. } => None,
            Self::Time { every_ms, .. } | Self::Snapshot { every_ms, .. } => Some(*every_ms),
        }
    }
}

/// The rate limit of a query, with a state for each partition key.
pub struct RateLimit {
    spec: RateSpec,
    grouped: bool,
    schema: Vec<Attribute>,
    limits: BTreeMap<Key, Box<dyn Limit>>,
}

impl std::fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RateLimit").field("spec", &self.spec).finish_non_exhaustive()
    }
}

impl RateLimit {
    /// A limit for rows of these types; `grouped` says whether the query has a group-by.
    #[must_use]
    pub fn new(spec: RateSpec, grouped: bool, types: &[DataType]) -> Self {
        let attribute =
            |data_type: &DataType| Attribute { name: String::new(), data_type: *data_type };
        let schema = types.iter().map(attribute).collect();
        Self { spec, grouped, schema, limits: BTreeMap::new() }
    }

    /// The time between two ticks; `None` when it needs none.
    #[must_use]
    pub fn every_ms(&self) -> Option<i64> {
        self.spec.every_ms()
    }

    /// Takes what the selector gave; what leaves at once.
    pub fn receive(&mut self, selected: &Selected) -> Selected {
        let mut left = Leaving::new(&self.schema);
        let mut start = 0;
        for chunk in &selected.chunks {
            let rows = (start..chunk.end as usize)
                .map(|row| Arrival {
                    row: Row {
                        time: selected.batch.timestamps[row],
                        kind: selected.kinds[row],
                        values: selected.batch.row(row),
                    },
                    group: selected.groups.get(row).copied().unwrap_or(0),
                })
                .collect();
            start = chunk.end as usize;
            let mut out = Vec::new();
            self.limit(chunk.key).receive(chunk.now, rows, &mut out);
            left.chunk(out, chunk.now, chunk.key);
        }
        left.finish()
    }

    /// A round of a key is over; what leaves.
    pub fn on_timer(&mut self, now: i64, key: Key) -> Selected {
        let mut out = Vec::new();
        self.limit(key).tick(&mut out);
        let mut left = Leaving::new(&self.schema);
        left.chunk(out, now, key);
        left.finish()
    }

    fn limit(&mut self, key: Key) -> &mut dyn Limit {
        let (spec, grouped) = (&self.spec, self.grouped);
        &mut **self.limits.entry(key).or_insert_with(|| build(spec, grouped))
    }

    /// Forgets everything of one key.
    pub fn drop_key(&mut self, key: Key) {
        self.limits.remove(&key);
    }

    /// Writes the state of all keys.
    pub fn save(&self, w: &mut Writer) {
        w.u8(1);
        w.len(self.limits.len());
        for (key, limit) in &self.limits {
            w.u32(key.0);
            limit.save(w);
        }
    }

    /// Reads what [`Self::save`] wrote.
    ///
    /// # Errors
    ///
    /// The bytes are not such a state.
    pub fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        saved::version(r, 1)?;
        self.limits.clear();
        for _ in 0..r.len()? {
            let key = Key(r.u32()?);
            self.limit(key).load(r)?;
        }
        Ok(())
    }
}

fn build(spec: &RateSpec, grouped: bool) -> Box<dyn Limit> {
    match spec {
        RateSpec::Events { which: Which::All, count } => Box::new(AllEvents::new(*count)),
        RateSpec::Events { which: Which::First, count } => {
            Box::new(FirstEvents::new(*count, grouped))
        }
        RateSpec::Events { which: Which::Last, count } => Box::new(LastEvents::new(*count)),
        RateSpec::Time { which: Which::All, .. } => Box::new(AllInTime::default()),
        RateSpec::Time { which: Which::First, every_ms } => {
            Box::new(FirstInTime::new(*every_ms, grouped))
        }
        RateSpec::Time { which: Which::Last, .. } => Box::new(LastInTime::default()),
        RateSpec::Snapshot { picture, .. } => Box::new(Snapshot::new(picture.clone())),
    }
}

/// The rows that leave, chunk by chunk.
struct Leaving {
    builder: BatchBuilder,
    kinds: Vec<Kind>,
    chunks: Vec<Chunk>,
}

impl Leaving {
    fn new(schema: &[Attribute]) -> Self {
        Self { builder: BatchBuilder::new(schema), kinds: Vec::new(), chunks: Vec::new() }
    }

    fn chunk(&mut self, rows: Vec<Row>, now: i64, key: Key) {
        if rows.is_empty() {
            return;
        }
        for row in rows {
            self.builder.push_row(row.time, row.values);
            self.kinds.push(row.kind);
        }
        self.chunks.push(Chunk { end: self.kinds.len() as u32, now, key });
    }

    fn finish(self) -> Selected {
        let batch: Batch = self.builder.finish();
        Selected { batch, picked: None, kinds: self.kinds, chunks: self.chunks, groups: Vec::new() }
    }
}
