//! Reads values in the order in which they were written, trusting none of the bytes.

use super::DecodeError;

/// The longest text or run of bytes that [`Reader::str`] and [`Reader::bytes`] take: 1 GiB.
pub const TEXT_BYTES_MAX: usize = 1 << 30;

/// Reads what a [`crate::Writer`] wrote.
///
/// The bytes may be anything: every length is checked against what is there before it is
/// used, and nothing panics. After an error the reader's place is not defined.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes have been read.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// How many bytes are left.
    #[must_use]
    pub fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// Refuses bytes after the last value.
    ///
    /// # Errors
    ///
    /// [`DecodeError::LeftOver`] when there are any.
    pub fn finish(self) -> Result<(), DecodeError> {
        match self.left() {
            0 => Ok(()),
            left => Err(DecodeError::LeftOver { at: self.at, left }),
        }
    }

    /// The next `len` bytes as they are.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Truncated`] when fewer are left; so with every method below.
    pub fn raw(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let left = self.bytes.get(self.at..).unwrap_or_default();
        match left.get(..len) {
            Some(found) => {
                self.at += len;
                Ok(found)
            }
            None => Err(DecodeError::Truncated { at: self.at, needed: len, left: left.len() }),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut array = [0; N];
        array.copy_from_slice(self.raw(N)?);
        Ok(array)
    }

    /// One byte.
    ///
    /// # Errors
    ///
    /// As [`Self::raw`].
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array().map(u8::from_le_bytes)
    }

    /// Two bytes.
    ///
    /// # Errors
    ///
    /// As [`Self::raw`].
    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_le_bytes)
    }

    /// Four bytes.
    ///
    /// # Errors
    ///
    /// As [`Self::raw`].
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight bytes.
    ///
    /// # Errors
    ///
    /// As [`Self::raw`].
    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_le_bytes)
    }

    /// Four bytes.
    ///
    /// # Errors
    ///
    /// As [`Self::raw`].
    pub fn i32(&mut self) -> Result<i32, DecodeError> {
        self.array().map(i32::from_le_bytes)
    }

    /// Eight bytes.
    ///
    /// # Errors
    ///
    /// As [`Self::raw`].
    pub fn i64(&mut self) -> Result<i64, DecodeError> {
        self.array().map(i64::from_le_bytes)
    }

    /// Four bytes, the bits as they were.
    ///
    /// # Errors
    ///
    /// As [`Self::raw`].
    pub fn f32(&mut self) -> Result<f32, DecodeError> {
        self.u32().map(f32::from_bits)
    }

    /// Eight bytes, the bits as they were.
    ///
    /// # Errors
    ///
    /// As [`Self::raw`].
    pub fn f64(&mut self) -> Result<f64, DecodeError> {
        self.u64().map(f64::from_bits)
    }

    /// One byte that is 0 or 1.
    ///
    /// # Errors
    ///
    /// [`DecodeError::UnknownTag`] for any other byte.
    pub fn bool(&mut self) -> Result<bool, DecodeError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            tag => Err(DecodeError::UnknownTag { what: "bool", tag: u64::from(tag) }),
        }
    }

    /// A number of one to ten bytes.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Malformed`] when it does not fit in 64 bits.
    pub fn var_u64(&mut self) -> Result<u64, DecodeError> {
        let mut v = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                break;
            }
            v |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(v);
            }
        }
        Err(DecodeError::Malformed { what: "number", why: "it takes more than 64 bits" })
    }

    /// A signed number of one to ten bytes.
    ///
    /// # Errors
    ///
    /// As [`Self::var_u64`].
    pub fn var_i64(&mut self) -> Result<i64, DecodeError> {
        let v = self.var_u64()?;
        Ok((v >> 1) as i64 ^ -((v & 1) as i64))
    }

    /// The count of items that follow, each of at least one byte: never more than bytes left,
    /// so that it is safe to reserve room for as many small items.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Truncated`] when so many cannot follow.
    #[expect(clippy::len_without_is_empty, reason = "reads a count; it is not the reader's own")]
    pub fn len(&mut self) -> Result<usize, DecodeError> {
        self.len_of(1)
    }

    /// The count of items that follow, each of at least `item_bytes_min` bytes.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Truncated`] when so many cannot follow.
    pub fn len_of(&mut self, item_bytes_min: usize) -> Result<usize, DecodeError> {
        let count = self.var_u64()?;
        let needed = usize::try_from(count)
            .ok()
            .and_then(|count| count.checked_mul(item_bytes_min.max(1)))
            .unwrap_or(usize::MAX);
        if needed > self.left() {
            return Err(DecodeError::Truncated { at: self.at, needed, left: self.left() });
        }
        Ok(count as usize)
    }

    /// Text with its length.
    ///
    /// # Errors
    ///
    /// [`DecodeError::NotText`] when it is not UTF-8.
    pub fn str(&mut self) -> Result<&'a str, DecodeError> {
        let at = self.at;
        std::str::from_utf8(self.bytes()?).map_err(|_| DecodeError::NotText { at })
    }

    /// Bytes with their length.
    ///
    /// # Errors
    ///
    /// [`DecodeError::TooLong`] above [`TEXT_BYTES_MAX`].
    pub fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = self.len()?;
        if len > TEXT_BYTES_MAX {
            let (len, max) = (len as u64, TEXT_BYTES_MAX as u64);
            return Err(DecodeError::TooLong { what: "text", len, max });
        }
        self.raw(len)
    }

    /// The value as `some` reads it, if there is one.
    ///
    /// # Errors
    ///
    /// As [`Self::bool`] and `some`.
    pub fn option<T>(
        &mut self,
        some: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        if self.bool()? { some(self).map(Some) } else { Ok(None) }
    }
}
