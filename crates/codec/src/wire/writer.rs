//! Writes values one after the other, little endian, into a growing row of bytes.

/// Writes values one after the other; [`crate::Reader`] reads them in the same order.
///
/// Writing never fails. Numbers are little endian; counts and lengths are variable-length
/// (LEB128, seven bits a byte); text and bytes carry their length.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// Writes into a new row of bytes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes into a new row of bytes with room for `bytes`.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes) }
    }

    /// Goes on writing at the end of `bytes`, so that a buffer can be used again.
    #[must_use]
    pub fn onto(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }

    /// What has been written.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// What has been written so far.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many bytes have been written so far.
    #[must_use]
    pub fn written(&self) -> usize {
        self.bytes.len()
    }

    /// One byte.
    pub fn u8(&mut self, v: u8) {
        self.bytes.push(v);
    }

    /// Two bytes.
    pub fn u16(&mut self, v: u16) {
        self.raw(&v.to_le_bytes());
    }

    /// Four bytes.
    pub fn u32(&mut self, v: u32) {
        self.raw(&v.to_le_bytes());
    }

    /// Eight bytes.
    pub fn u64(&mut self, v: u64) {
        self.raw(&v.to_le_bytes());
    }

    /// Four bytes.
    pub fn i32(&mut self, v: i32) {
        self.raw(&v.to_le_bytes());
    }

    /// Eight bytes.
    pub fn i64(&mut self, v: i64) {
        self.raw(&v.to_le_bytes());
    }

    /// Four bytes, the bits as they are.
    pub fn f32(&mut self, v: f32) {
        self.u32(v.to_bits());
    }

    /// Eight bytes, the bits as they are (every `NaN` and both zeros come back the same).
    pub fn f64(&mut self, v: f64) {
        self.u64(v.to_bits());
    }

    /// One byte, 0 or 1.
    pub fn bool(&mut self, v: bool) {
        self.u8(u8::from(v));
    }

    /// One to ten bytes, fewer for small numbers.
    pub fn var_u64(&mut self, mut v: u64) {
        while v >= 0x80 {
            self.bytes.push(v as u8 | 0x80);
            v >>= 7;
        }
        self.bytes.push(v as u8);
    }

    /// One to ten bytes, fewer for numbers near zero, whatever their sign.
    pub fn var_i64(&mut self, v: i64) {
        self.var_u64((v << 1 ^ v >> 63) as u64);
    }

    /// The count of items that follow.
    pub fn len(&mut self, v: usize) {
        self.var_u64(v as u64);
    }

    /// Text with its length.
    pub fn str(&mut self, v: &str) {
        self.bytes(v.as_bytes());
    }

    /// Bytes with their length.
    pub fn bytes(&mut self, v: &[u8]) {
        self.len(v.len());
        self.raw(v);
    }

    /// Bytes without their length: the reader has to know it.
    pub fn raw(&mut self, v: &[u8]) {
        self.bytes.extend_from_slice(v);
    }

    /// Whether there is a value, and the value as `some` writes it.
    pub fn option<T>(&mut self, v: Option<T>, some: impl FnOnce(&mut Self, T)) {
        self.bool(v.is_some());
        if let Some(v) = v {
            some(self, v);
        }
    }
}
