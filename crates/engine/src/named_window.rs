//! `define window`: a window that queries share.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Batch, Chunk, Key, Kind};
use weir_operators::select::EventTypes;
use weir_operators::{Cx, Flow, Window};

/// A named window at run time.
pub(crate) struct NamedWindow {
    pub window: Box<dyn Window>,
    pub output: EventTypes,
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
    pub(crate) fn new(window: Box<dyn Window>, output: EventTypes) -> Self {
        Self { window, output, flow: Flow::default(), out: Flow::default() }
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
        self.shown()
    }

    pub(crate) fn on_timer(&mut self, cx: &mut Cx<'_>, now: i64) -> Shown {
        self.out.clear();
        self.window.on_timer(cx, now, Key(0), &mut self.out);
        self.shown()
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
        shown.batch.timestamps = times;
        shown
    }

    pub(crate) fn save(&self, w: &mut Writer) {
        self.window.save(w);
    }

    pub(crate) fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.window.load(r)
    }
}
