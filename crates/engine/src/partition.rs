//! Partitions: rows get the number of their key, and queries keep a state for each.

use std::collections::BTreeMap;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use weir_aggregation::hash_map_order;
use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Chunk, Key, Text};
use weir_expr::{Env, Fault, Input, Rows, Scope, Source, Vector};
use weir_plan::{KeyBy, KeyPlan, Origin, Purge};

use crate::app::App;
use crate::outputs::Outputs;
use crate::query::{Delivery, Port};
use crate::timer::Target;
use crate::together::Together;

/// About how many bytes a key takes.
const KEY_BYTES: usize = 96;

/// A partition at run time.
pub(crate) struct Partition {
    pub keys: Vec<KeyPlan>,
    pub purge: Option<Purge>,
    /// The queries that read a stream or window from outside, in the order of the text.
    pub inside: Vec<(Origin, Vec<(u32, Port)>)>,
    /// The queries of the partition.
    pub queries: Vec<u32>,
    slots: HashMap<Text, u32, FixedState>,
    names: BTreeMap<u32, Text>,
    last_used: Vec<i64>,
    free: Vec<u32>,
    /// Keys that have just come into being.
    fresh: Vec<Key>,
    /// The entries' time when the last event came; kept for the purge.
    last_event: Option<i64>,
}

impl Partition {
    pub(crate) fn new(keys: Vec<KeyPlan>, purge: Option<Purge>) -> Self {
        Self {
            keys,
            purge,
            inside: Vec::new(),
            queries: Vec::new(),
            slots: HashMap::with_hasher(FixedState::default()),
            names: BTreeMap::new(),
            last_used: Vec::new(),
            free: Vec::new(),
            fresh: Vec::new(),
            last_event: None,
        }
    }

    fn slot(&mut self, key: &Text, now: i64) -> u32 {
        let slot = match self.slots.get(key) {
            Some(slot) => *slot,
            None => {
                let slot = self.free.pop().unwrap_or(self.last_used.len() as u32);
                if slot as usize == self.last_used.len() {
                    self.last_used.push(now);
                }
                self.slots.insert(key.clone(), slot);
                self.names.insert(slot, key.clone());
                self.fresh.push(Key(slot));
                slot
            }
        };
        self.last_used[slot as usize] = now;
        slot
    }

    /// About how many bytes its keys take.
    pub(crate) fn held_bytes(&self) -> u64 {
        (self.names.len() * KEY_BYTES) as u64
    }

    /// The keys that have been idle for longer than the purge allows, forgotten.
    fn take_idle(&mut self, now: i64) -> Vec<Key> {
        let Some(purge) = self.purge else { return Vec::new() };
        let idle: Vec<u32> = self
            .names
            .keys()
            .copied()
            .filter(|slot| now.saturating_sub(self.last_used[*slot as usize]) > purge.idle_ms)
            .collect();
        for slot in &idle {
            if let Some(name) = self.names.remove(slot) {
                self.slots.remove(&name);
            }
            self.free.push(*slot);
        }
        idle.into_iter().map(Key).collect()
    }

    pub(crate) fn save(&self, w: &mut Writer) {
        w.len(self.last_used.len());
        for used in &self.last_used {
            w.i64(*used);
        }
        w.len(self.names.len());
        for (slot, name) in &self.names {
            w.u32(*slot);
            w.str(name);
        }
        w.len(self.free.len());
        for slot in &self.free {
            w.u32(*slot);
        }
        w.option(self.last_event, |w, last| w.i64(last));
    }

    pub(crate) fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.slots.clear();
        self.names.clear();
        self.last_used.clear();
        self.free.clear();
        for _ in 0..r.len()? {
            self.last_used.push(r.i64()?);
        }
        for _ in 0..r.len()? {
            let slot = r.u32()?;
            let name = Text::from(r.str()?);
            self.slots.insert(name.clone(), slot);
            self.names.insert(slot, name);
        }
        for _ in 0..r.len()? {
            self.free.push(r.u32()?);
        }
        self.last_event = r.option(Reader::i64)?;
        Ok(())
    }
}

/// Rows with the keys they go to: a row may go to several, or to none.
#[derive(Default)]
struct Divided {
    rows: Vec<u32>,
    chunks: Vec<Chunk>,
}

impl Divided {
    fn push(&mut self, row: u32, slot: u32, chunk: Chunk, first_of_chunk: usize) {
        let at = self.rows.len();
        self.rows.push(row);
        match self.chunks.last_mut() {
            // A run of equal keys within one arriving chunk is one chunk (gotcha 53).
            Some(last) if last.key == Key(slot) && at > first_of_chunk => last.end += 1,
            _ => self.chunks.push(Chunk { end: at as u32 + 1, key: Key(slot), now: chunk.now }),
        }
    }
}

impl App {
    /// Rows of a stream or window arrive at a partition.
    pub(crate) fn divide(
        &mut self,
        partition: usize,
        origin: Origin,
        delivery: &Delivery<'_>,
        out: &mut dyn Outputs,
    ) -> Result<(), Fault> {
        let Some(at) = self.partitions[partition].keys.iter().position(|key| key.origin == origin)
        else {
            return self.send_to_all_keys(partition, origin, delivery, out);
        };
        self.start_purge(partition);
        let divided = self.divided(partition, at, delivery)?;
        for key in std::mem::take(&mut self.partitions[partition].fresh) {
            for at in 0..self.partitions[partition].queries.len() {
                let query = self.partitions[partition].queries[at] as usize;
                self.start_key(query, key);
            }
        }
        let all_in_order = divided.rows.len() == delivery.len()
            && divided.rows.iter().enumerate().all(|(i, row)| *row == delivery.start + i as u32);
        if all_in_order {
            let start = delivery.start;
            let chunks: Vec<Chunk> =
                divided.chunks.iter().map(|it| Chunk { end: it.end + start, ..*it }).collect();
            return self.send_inside(
                partition,
                origin,
                &Delivery { chunks: &chunks, ..*delivery },
                out,
            );
        }
        let batch = delivery.batch.gather(&divided.rows);
        let kinds: Option<Vec<_>> = delivery
            .kinds
            .map(|kinds| divided.rows.iter().map(|row| kinds[*row as usize]).collect());
        let gathered = Delivery {
            batch: &batch,
            start: 0,
            kinds: kinds.as_deref(),
            chunks: &divided.chunks,
            picked: None,
        };
        self.send_inside(partition, origin, &gathered, out)
    }

    fn divided(
        &mut self,
        partition: usize,
        at: usize,
        delivery: &Delivery<'_>,
    ) -> Result<Divided, Fault> {
        let partition = &mut self.partitions[partition];
        let env = Env { now: delivery.now(), random: &self.random, tables: None, changes: None };
        let source = Source::Batch {
            columns: &delivery.batch.columns,
            timestamps: &delivery.batch.timestamps,
        };
        let inputs = [Input::new(source, Rows::From(delivery.start))];
        let scope = Scope { inputs: &inputs, len: delivery.len(), env: &env };
        let mut divided = Divided::default();
        let start = delivery.start as usize;
        match partition.keys[at].by.clone() {
            KeyBy::Value(value) => {
                let values = value.eval(&scope)?;
                let mut first = start;
                for chunk in delivery.chunks {
                    let first_of_chunk = divided.rows.len();
                    for row in first..chunk.end as usize {
                        let slot = if let Vector::Str(texts) = &values {
                            texts.get(row - start).map(|it| partition.slot(it, chunk.now))
                        } else {
                            let key = key_text(&values, row - start);
                            key.map(|it| partition.slot(&it, chunk.now))
                        };
                        if let Some(slot) = slot {
                            divided.push(row as u32, slot, *chunk, first_of_chunk);
                        }
                    }
                    first = chunk.end as usize;
                }
            }
            KeyBy::Ranges(ranges) => {
                let mut first = start;
                for chunk in delivery.chunks {
                    let first_of_chunk = divided.rows.len();
                    for row in first..chunk.end as usize {
                        for (condition, label) in &ranges {
                            if condition.holds_at(&scope, row - start)? {
                                let slot = partition.slot(&Text::from(label.as_str()), chunk.now);
                                divided.push(row as u32, slot, *chunk, first_of_chunk);
                            }
                        }
                    }
                    first = chunk.end as usize;
                }
            }
        }
        Ok(divided)
    }

    /// A stream that is not divided goes to every key there is (gotcha 55).
    fn send_to_all_keys(
        &mut self,
        partition: usize,
        origin: Origin,
        delivery: &Delivery<'_>,
        out: &mut dyn Outputs,
    ) -> Result<(), Fault> {
        let (slots, names): (Vec<u32>, Vec<&Text>) =
            self.partitions[partition].names.iter().map(|(slot, name)| (*slot, name)).unzip();
        let order = hash_map_order(names.iter().map(|name| name.as_str()));
        let keys: Vec<u32> = order.iter().map(|place| slots[*place as usize]).collect();
        let mut start = delivery.start;
        for chunk in delivery.chunks {
            for key in &keys {
                let chunks = [Chunk { key: Key(*key), ..*chunk }];
                let one = Delivery { start, chunks: &chunks, ..*delivery };
                self.send_inside(partition, origin, &one, out)?;
            }
            start = chunk.end;
        }
        Ok(())
    }

    fn send_inside(
        &mut self,
        partition: usize,
        origin: Origin,
        delivery: &Delivery<'_>,
        out: &mut dyn Outputs,
    ) -> Result<(), Fault> {
        let inside = &self.partitions[partition].inside;
        let Some(at) = inside.iter().position(|(from, _)| *from == origin) else { return Ok(()) };
        let readers = inside[at].1.len();
        let together = match origin {
            Origin::Stream(stream) => {
                self.together[stream.index()] != Together::BesideTables
                    && self.takes_together(stream, delivery.batch)
            }
            Origin::Window(_) | Origin::Table(_) | Origin::Aggregation(_) => false,
        };
        if together {
            for i in 0..readers {
                let (query, port) = self.partitions[partition].inside[at].1[i];
                self.run_query(query as usize, port, delivery, out)?;
            }
            return Ok(());
        }
        let mut start = delivery.start;
        for chunk in delivery.chunks {
            let chunks = [*chunk];
            let one = Delivery { start, chunks: &chunks, ..*delivery };
            for i in 0..readers {
                let (query, port) = self.partitions[partition].inside[at].1[i];
                self.run_query(query as usize, port, &one, out)?;
            }
            start = chunk.end;
        }
        Ok(())
    }

    /// An event came: idle keys are looked for one interval later, and then at each interval.
    fn start_purge(&mut self, at: usize) {
        let partition = &mut self.partitions[at];
        let Some(purge) = partition.purge else { return };
        if partition.last_event.replace(self.wall).is_none() {
            let due = self.wall.saturating_add(purge.interval_ms.max(1));
            self.wall_timers.ask(due, Target::Purge(at as u32), Key(0));
        }
    }

    /// The state of keys that were idle for too long goes.
    pub(crate) fn purge(&mut self, partition: usize, due: i64) {
        let Some(purge) = self.partitions[partition].purge else { return };
        let interval = purge.interval_ms.max(1);
        // The interval starts again with each event, as the original's does.
        let after_event =
            self.partitions[partition].last_event.map_or(0, |last| last.saturating_add(interval));
        let next = if after_event > due { after_event } else { due.saturating_add(interval) };
        self.wall_timers.ask(next, Target::Purge(partition as u32), Key(0));
        let queries = self.partitions[partition].queries.clone();
        // In the order of their numbers.
        let keys = self.partitions[partition].take_idle(self.clock);
        if keys.is_empty() {
            return;
        }
        for query in &queries {
            self.queries[*query as usize].drop_keys(&keys);
        }
        self.timers.drop_keys(&keys, |target| match target {
            Target::Query(query, _) | Target::Rate(query) => queries.contains(&query),
            Target::Window(_)
            | Target::Trigger(_)
            | Target::Purge(_)
            | Target::Retention(_)
            | Target::Idle => false,
        });
    }
}

/// The key of one place as text; `None` where it is null: the event is dropped.
fn key_text(values: &Vector<'_>, place: usize) -> Option<Text> {
    let value = values.value(place);
    if value.is_null() { None } else { Some(Text::from(value.to_string())) }
}
