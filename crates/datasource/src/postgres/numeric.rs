//! `NUMERIC` in the server's binary form: groups of four decimal digits.

use crate::session::Cell;

const NEGATIVE: u16 = 0x4000;

/// The number: whole ones that fit as such, others as near as a double is.
pub(super) fn cell_of(raw: &[u8]) -> Option<Cell> {
    let mut parts = raw.chunks_exact(2).map(|it| u16::from_be_bytes([it[0], it[1]]));
    let (count, weight) = (parts.next()?, parts.next()?.cast_signed());
    let (sign, scale) = (parts.next()?, parts.next()?);
    if sign != 0 && sign != NEGATIVE {
        return Some(Cell::Real(match sign {
            0xD000 => f64::INFINITY,
            0xF000 => f64::NEG_INFINITY,
            _ => f64::NAN,
        }));
    }
    let mut text = String::from(if sign == NEGATIVE { "-" } else { "" });
    let mut whole = String::from("0");
    let mut fraction = String::new();
    for place in 0..=weight.max(-1) {
        whole.push_str(&format!("{:04}", digit(raw, count, place)?));
    }
    for place in (weight + 1).max(0)..count.cast_signed() {
        fraction.push_str(&format!("{:04}", digit(raw, count, place)?));
    }
    text.push_str(&whole);
    if scale == 0
        && let Ok(number) = text.parse()
    {
        return Some(Cell::Int(number));
    }
    text.push('.');
    // A first group further right than the point stands for zeros between them.
    (weight + 1..0).for_each(|_| text.push_str("0000"));
    text.push_str(&fraction);
    text.push('0');
    text.parse().ok().map(Cell::Real)
}

/// A group; those that are not sent are zero.
fn digit(raw: &[u8], count: u16, place: i16) -> Option<u16> {
    let place = u16::try_from(place).ok()?;
    if place >= count {
        return Some(0);
    }
    let at = 8 + 2 * usize::from(place);
    Some(u16::from_be_bytes([*raw.get(at)?, *raw.get(at + 1)?]))
}

#[cfg(test)]
mod tests {
    use super::cell_of;
    use crate::session::Cell;

    fn raw(weight: i16, sign: u16, scale: u16, groups: &[u16]) -> Vec<u8> {
        let head = [groups.len() as u16, weight.cast_unsigned(), sign, scale];
        head.iter().chain(groups).flat_map(|it| it.to_be_bytes()).collect()
    }

    #[test]
    fn numbers_are_read_digit_by_digit() {
        for (bytes, expected) in [
            (raw(0, 0, 0, &[]), Cell::Int(0)),
            (raw(0, 0, 0, &[42]), Cell::Int(42)),
            (raw(1, 0x4000, 0, &[12, 3456]), Cell::Int(-123_456)),
            (raw(1, 0, 0, &[12]), Cell::Int(120_000)),
            (raw(0, 0, 2, &[1, 2500]), Cell::Real(1.25)),
            (raw(-1, 0, 2, &[2500]), Cell::Real(0.25)),
            (raw(-2, 0x4000, 8, &[2500]), Cell::Real(-0.000_025)),
            (raw(0, 0, 2, &[7]), Cell::Real(7.0)),
            (raw(6, 0, 0, &[1]), Cell::Real(1e24)),
            (raw(0, 0xD000, 0, &[]), Cell::Real(f64::INFINITY)),
        ] {
            assert_eq!(cell_of(&bytes), Some(expected));
        }
        assert_eq!(cell_of(&[0, 1]), None);
    }
}
