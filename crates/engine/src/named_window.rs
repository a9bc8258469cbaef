//! `define window`: a window that queries share.

use std::sync::Arc;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, Chunk, Key, Kind};
use weir_operators::select::EventTypes;
use weir_operators::{Cx, Flow, Window};

use crate::query::{Index, is_steady};

/// A named window at run time.
pub(crate) struct NamedWindow {
    pub window: Box<dyn Window>,
    pub output: EventTypes,
    /// Whether indexes can follow it.
    steady: bool,
    /// Its rows by attributes that joins ask for.
    indexes: Vec<Index>,
    flow: Flow,
    out: Flow,
}

/// Rows a named window shows its readers.
pub(crate) struct Shown {
    pub batch: Batch,
    pub kinds: Vec<Kind>,
    pub chunks: Vec<Chunk>,
}

impl NamedWindow {
    pub(crate) fn new(window: Box<dyn Window>, name: &str, output: EventTypes) -> Self {
        let (flow, out) = (Flow::default(), Flow::default());
        Self { window, output, steady: is_steady(name), indexes: Vec::new(), flow, out }
    }

    /// A join asks for its rows by the value of an attribute.
    pub(crate) fn index_by(&mut self, column: usize) {
        if self.steady && self.index(column).is_none() {
            self.indexes.push(Index::new(column));
        }
    }

    /// Its rows by the value of an attribute, if they can be had so.
    pub(crate) fn index(&self, column: usize) -> Option<&Index> {
        self.indexes.iter().find(|index| index.column == column)
    }

    /// Takes rows of a batch, all as current ones of no partition.
    pub(crate) fn add(&mut self, cx: &mut Cx<'_>, batch: &Batch, chunks: &[Chunk]) -> Shown {
        self.flow.clear();
        self.flow.rows.extend(0..batch.len() as u32);
        self.flow.kinds.resize(batch.len(), Kind::Current);
        self.flow.times.extend_from_slice(&batch.timestamps);
        self.flow.chunks.extend(chunks.iter().map(|chunk| Chunk { key: Key(0), ..*chunk }));
        self.out.clear();
        self.window.receive(cx, batch, &self.flow, &mut self.out);
        self.note_in_indexes();
        self.shown()
    }

    pub(crate) fn on_timer(&mut self, cx: &mut Cx<'_>, now: i64) -> Shown {
        self.out.clear();
        self.window.on_timer(cx, now, Key(0), &mut self.out);
        self.note_in_indexes();
        self.shown()
    }

    fn note_in_indexes(&mut self) {
        let store = self.window.store();
        for index in &mut self.indexes {
            for (row, kind) in self.out.rows.iter().zip(&self.out.kinds) {
                match kind {
                    Kind::Current => index.add(store, Key(0), *row),
                    Kind::Expired => index.remove(*row),
                    Kind::Timer | Kind::Reset => {}
                }
            }
        }
    }

    /// What readers see: rows of the wanted kinds; a reset is never passed on.
    fn shown(&self) -> Shown {
        let mut shown = Shown { batch: Batch::default(), kinds: Vec::new(), chunks: Vec::new() };
        let (mut rows, mut times) = (Vec::new(), Vec::new());
        for (range, chunk) in self.out.chunk_ranges() {
            let before = rows.len();
            for place in range {
                let kind = self.out.kinds[place];
                let wanted = match kind {
                    Kind::Current => self.output.current,
                    Kind::Expired => self.output.expired,
                    Kind::Timer | Kind::Reset => false,
                };
                if wanted {
                    rows.push(self.out.rows[place]);
                    times.push(self.out.times[place]);
                    shown.kinds.push(kind);
                }
            }
            if rows.len() > before {
                shown.chunks.push(Chunk { end: rows.len() as u32, ..chunk });
            }
        }
        shown.batch = self.window.store().gather(&rows);
        shown.batch.timestamps = Arc::new(times);
        shown
    }

    pub(crate) fn save(&self, w: &mut Writer) {
        self.window.save(w);
    }

    pub(crate) fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.window.load(r)?;
        if self.indexes.is_empty() {
            // A search may leave a mark in a window's state, so none is made for nothing.
            return Ok(());
        }
        let mut rows = Vec::new();
        self.window.find(Key(0), &mut rows);
        for index in &mut self.indexes {
            index.clear();
            rows.iter().for_each(|row| index.add(self.window.store(), Key(0), *row));
        }
        Ok(())
    }
}
