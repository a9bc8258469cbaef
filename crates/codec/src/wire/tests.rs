//! What is written comes back; what is not well formed is refused.

use proptest::prelude::*;

use super::{DecodeError, Reader, Writer};

#[test]
fn every_primitive_comes_back() {
    let mut w = Writer::new();
    w.u8(7);
    w.u16(65_000);
    w.u32(u32::MAX);
    w.u64(u64::MAX);
    w.i32(-1);
    w.i64(i64::MIN);
    w.f32(-0.0);
    w.f64(f64::NAN);
    w.bool(true);
    w.str("gr\u{fc}n");
    w.bytes(&[1, 2]);
    w.option(Some(3), Writer::u32);
    w.option(None, Writer::u32);
    let bytes = w.into_bytes();
    let mut r = Reader::new(&bytes);
    assert_eq!(r.u8(), Ok(7));
    assert_eq!(r.u16(), Ok(65_000));
    assert_eq!(r.u32(), Ok(u32::MAX));
    assert_eq!(r.u64(), Ok(u64::MAX));
    assert_eq!(r.i32(), Ok(-1));
    assert_eq!(r.i64(), Ok(i64::MIN));
    assert_eq!(r.f32().map(f32::to_bits), Ok((-0.0_f32).to_bits()));
    assert_eq!(r.f64().map(f64::to_bits), Ok(f64::NAN.to_bits()));
    assert_eq!(r.bool(), Ok(true));
    assert_eq!(r.str(), Ok("gr\u{fc}n"));
    assert_eq!(r.bytes(), Ok(&[1, 2][..]));
    assert_eq!(r.option(Reader::u32), Ok(Some(3)));
    assert_eq!(r.option(Reader::u32), Ok(None));
    assert_eq!(r.finish(), Ok(()));
}

#[test]
fn a_count_larger_than_the_bytes_left_is_refused_before_anything_is_reserved() {
    let mut w = Writer::new();
    w.var_u64(u64::MAX);
    let bytes = w.into_bytes();
    assert!(matches!(Reader::new(&bytes).len(), Err(DecodeError::Truncated { left: 0, .. })));
    assert!(matches!(Reader::new(&bytes).str(), Err(DecodeError::Truncated { .. })));
    assert!(matches!(Reader::new(&[2, 0, 0, 0]).len_of(2), Err(DecodeError::Truncated { .. })));
    assert_eq!(Reader::new(&[2, 0, 0, 0, 0]).len_of(2), Ok(2));
}

#[test]
fn a_number_of_more_than_64_bits_is_refused() {
    let too_long = [0xff; 11];
    assert!(matches!(Reader::new(&too_long).var_u64(), Err(DecodeError::Malformed { .. })));
    let mut too_big = [0xff; 10];
    too_big[9] = 2;
    assert!(matches!(Reader::new(&too_big).var_u64(), Err(DecodeError::Malformed { .. })));
}

#[test]
fn text_that_is_not_utf8_and_bytes_left_over_are_refused() {
    assert_eq!(Reader::new(&[1, 0xff]).str(), Err(DecodeError::NotText { at: 0 }));
    let mut r = Reader::new(&[0, 9]);
    assert_eq!(r.str(), Ok(""));
    assert_eq!(r.finish(), Err(DecodeError::LeftOver { at: 1, left: 1 }));
    assert_eq!(Reader::new(&[2]).bool(), Err(DecodeError::UnknownTag { what: "bool", tag: 2 }));
}

proptest! {
    #[test]
    fn variable_length_numbers_come_back(unsigned: u64, signed: i64) {
        let mut w = Writer::new();
        w.var_u64(unsigned);
        w.var_i64(signed);
        let bytes = w.into_bytes();
        let mut r = Reader::new(&bytes);
        prop_assert_eq!(r.var_u64(), Ok(unsigned));
        prop_assert_eq!(r.var_i64(), Ok(signed));
        prop_assert_eq!(r.left(), 0);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        let mut r = Reader::new(&bytes);
        while r.left() > 0 {
            let before = r.at();
            if r.str().is_err() {
                break;
            }
            prop_assert!(r.at() > before && r.at() <= bytes.len());
        }
    }
}
