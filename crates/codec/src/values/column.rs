//! Columns and batches as bytes: the type, which rows are null, then the values in a row.

use std::sync::Arc;

use weir_event::{Batch, Bitmap, Column, Values};

use crate::wire::{DecodeError, Reader, Writer};

/// The fewest bytes a column takes: its type and its count.
const COLUMN_BYTES_MIN: usize = 2;

impl Writer {
    /// A column.
    pub fn column(&mut self, column: &Column) {
        self.data_type(column.data_type());
        self.len(column.len());
        match column {
            Column::Bool(v) => {
                self.nulls(v.nulls.as_ref());
                v.data.iter().for_each(|v| self.bool(*v));
            }
            Column::Int(v) => {
                self.nulls(v.nulls.as_ref());
                v.data.iter().for_each(|v| self.i32(*v));
            }
            Column::Long(v) => {
                self.nulls(v.nulls.as_ref());
                v.data.iter().for_each(|v| self.i64(*v));
            }
            Column::Float(v) => {
                self.nulls(v.nulls.as_ref());
                v.data.iter().for_each(|v| self.f32(*v));
            }
            Column::Double(v) => {
                self.nulls(v.nulls.as_ref());
                v.data.iter().for_each(|v| self.f64(*v));
            }
            Column::Str(v) => {
                self.nulls(v.nulls.as_ref());
                v.data.iter().for_each(|v| self.str(v));
            }
            Column::Object(values) => values.iter().for_each(|v| self.value(v)),
        }
    }

    /// A batch.
    pub fn batch(&mut self, batch: &Batch) {
        self.len(batch.timestamps.len());
        batch.timestamps.iter().for_each(|at| self.i64(*at));
        self.len(batch.columns.len());
        batch.columns.iter().for_each(|column| self.column(column));
    }

    fn nulls(&mut self, nulls: Option<&Bitmap>) {
        self.option(nulls, |w, nulls| nulls.words().iter().for_each(|word| w.u64(*word)));
    }
}

impl Reader<'_> {
    /// A column.
    ///
    /// # Errors
    ///
    /// When the bytes are not a column; it then holds no memory.
    pub fn column(&mut self) -> Result<Column, DecodeError> {
        use weir_event::DataType;
        Ok(match self.data_type()? {
            DataType::Bool => Column::Bool(self.typed(1, Self::bool)?),
            DataType::Int => Column::Int(self.typed(4, Self::i32)?),
            DataType::Long => Column::Long(self.typed(8, Self::i64)?),
            DataType::Float => Column::Float(self.typed(4, Self::f32)?),
            DataType::Double => Column::Double(self.typed(8, Self::f64)?),
            DataType::String => Column::Str(self.typed(1, Self::text)?),
            DataType::Object => Column::Object(self.values()?),
        })
    }

    fn typed<T>(
        &mut self,
        item_bytes_min: usize,
        item: fn(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Values<T>, DecodeError> {
        let rows = self.len_of(item_bytes_min)?;
        let nulls = self.nulls(rows)?;
        let data = (0..rows).map(|_| item(self)).collect::<Result<_, _>>()?;
        Ok(Values { data, nulls })
    }

    fn nulls(&mut self, rows: usize) -> Result<Option<Bitmap>, DecodeError> {
        self.option(|r| {
            let mut nulls = Bitmap::unset(rows);
            for word_no in 0..rows.div_ceil(64) {
                let mut word = r.u64()?;
                while word != 0 {
                    let row = word_no * 64 + word.trailing_zeros() as usize;
                    if row >= rows {
                        let why = "a row past the last is null";
                        return Err(DecodeError::Malformed { what: "column", why });
                    }
                    nulls.set(row, true);
                    word &= word - 1;
                }
            }
            Ok(nulls)
        })
    }

    /// A batch, each of whose columns is as long as its timestamps.
    ///
    /// # Errors
    ///
    /// When the bytes are not a batch; it then holds no memory.
    pub fn batch(&mut self) -> Result<Batch, DecodeError> {
        let rows = self.len_of(8)?;
        let timestamps = (0..rows).map(|_| self.i64()).collect::<Result<_, _>>()?;
        let count = self.len_of(COLUMN_BYTES_MIN)?;
        let mut columns = Vec::with_capacity(count);
        for _ in 0..count {
            let column = self.column()?;
            if column.len() != rows {
                let why = "a column is not as long as its timestamps";
                return Err(DecodeError::Malformed { what: "batch", why });
            }
            columns.push(Arc::new(column));
        }
        Ok(Batch { timestamps: Arc::new(timestamps), columns })
    }
}
