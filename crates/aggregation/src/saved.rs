//! The state of an aggregation as bytes, and back.

use weir_codec::{DecodeError, Reader, Writer};

use crate::aggregation::{Aggregation, Level};
use crate::groups::Groups;
use crate::open::Open;
use crate::rows::Rows;

const VERSION: u8 = 2;
/// Builds that handed nothing out wrote this one.
const VERSION_WITHOUT_COUNTS: u8 = 1;

impl Aggregation {
    /// Writes all that was aggregated.
    pub fn save(&self, w: &mut Writer) {
        w.u8(VERSION);
        w.bool(self.purge_halted);
        self.groups.save(w);
        w.len(self.levels.len());
        for level in &self.levels {
            w.option(level.start, Writer::i64);
            w.i64(level.next);
            level.open.rows.save(w);
            w.len(level.closed_at.len());
            level.closed_at.iter().for_each(|at| w.i64(*at));
            level.closed.save(w);
            w.var_u64(level.handed_out as u64);
        }
    }

    /// Reads what `save` of an aggregation of the same definition wrote.
    ///
    /// # Errors
    ///
    /// The bytes are not that; the aggregation must not be used further.
    pub fn load(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        let version = r.u8()?;
        if version != VERSION && version != VERSION_WITHOUT_COUNTS {
            return Err(DecodeError::UnknownVersion {
                what: "aggregation",
                version: u64::from(version),
                newest: u64::from(VERSION),
            });
        }
        self.purge_halted = r.bool()?;
        self.groups = Groups::load(self.spec.group_by.len(), r)?;
        let groups = self.groups.len();
        let wrong = |why| Err(DecodeError::Malformed { what: "aggregation", why });
        if r.len()? != self.levels.len() {
            return wrong("it has other periods");
        }
        for level in &mut self.levels {
            let start = r.option(Reader::i64)?;
            let next = r.i64()?;
            let open = Open::of(Rows::load(&self.shape, groups, r)?, self.shape.timed);
            let mut closed_at = Vec::new();
            for _ in 0..r.len_of(8)? {
                closed_at.push(r.i64()?);
            }
            let closed = Rows::load(&self.shape, groups, r)?;
            if closed.len() != closed_at.len() {
                return wrong("its columns do not fit");
            }
            let handed_out = if version == VERSION { r.var_u64()? as usize } else { 0 };
            if handed_out > closed_at.len() {
                return wrong("more was handed out than there is");
            }
            *level = Level { start, next, open, closed_at, closed, handed_out };
        }
        Ok(())
    }
}
