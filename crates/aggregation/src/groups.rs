//! Groups: the values of the group-by attributes have a number.

use std::fmt::Write as _;

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Key, PackedText, Text, TextTable, Value};
use weir_expr::{Vals, Vector};

/// What the original writes after each value of a key.
pub(crate) const AFTER_VALUE: &str = ":-:";

/// About how many bytes a group takes whose text is short, beside its values.
const GROUP_BYTES: usize = 160;

/// Groups are not told apart by partition: an aggregation stands outside of all.
const NO_KEY: Key = Key(0);

/// The numbers of groups, found by their text.
///
/// Values are told apart as the original does, by their text: null and `'null'` are one group.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    /// How many attributes make a key; without any, all events are of group 0.
    width: usize,
    table: TextTable,
    /// By group: its one value as text, or all of several with a delimiter after each.
    texts: Vec<Text>,
    /// By group, then by attribute.
    values: Vec<Value>,
    composed: String,
}

impl Groups {
    pub(crate) fn new(width: usize) -> Self {
        let mut groups = Self { width, ..Self::default() };
        groups.add_only();
        groups
    }

    /// The one group of all events, where there is no group-by.
    fn add_only(&mut self) {
        if self.width == 0 {
            self.texts.push(Text::default());
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }

    /// About how many bytes the groups take.
    pub(crate) fn held_bytes(&self) -> u64 {
        (self.len() * (GROUP_BYTES + self.width * size_of::<Value>())) as u64
    }

    /// The group of each place, added to `numbers`.
    pub(crate) fn number(&mut self, keys: &[Vector<'_>], len: usize, numbers: &mut Vec<u32>) {
        match keys {
            [] => numbers.resize(numbers.len() + len, 0),
            [Vector::Str(Vals::Each { data, nulls: None })] => {
                let values = |text: &Text| vec![Value::Str(text.clone())];
                numbers.extend(data[..len].iter().map(|text| self.find(text, values)));
            }
            [Vector::Str(texts)] => {
                numbers.extend((0..len).map(|place| match texts.get(place) {
                    Some(text) => self.find(text, |text| vec![Value::Str(text.clone())]),
                    None => self.find(&Text::inline("null"), |_| vec![Value::Null]),
                }));
            }
            keys => {
                let mut composed = std::mem::take(&mut self.composed);
                for place in 0..len {
                    composed.clear();
                    for key in keys {
                        let after = if keys.len() > 1 { AFTER_VALUE } else { "" };
                        // Writing to a `String` cannot fail.
                        let written = write!(composed, "{}{after}", key.value(place));
                        debug_assert!(written.is_ok());
                    }
                    let text = Text::from(composed.as_str());
                    let values = |_: &Text| keys.iter().map(|key| key.value(place)).collect();
                    numbers.push(self.find(&text, values));
                }
                self.composed = composed;
            }
        }
    }

    #[inline]
    fn find(&mut self, text: &Text, values: impl FnOnce(&Text) -> Vec<Value>) -> u32 {
        let packed = PackedText::of(text);
        let texts = &self.texts;
        let same = |group: u32| packed.is_short() || texts[group as usize] == *text;
        match self.table.find(packed, NO_KEY, same) {
            Some(group) => group,
            None => self.add(packed, text, values(text)),
        }
    }

    #[cold]
    fn add(&mut self, packed: PackedText, text: &Text, values: Vec<Value>) -> u32 {
        let group = self.texts.len() as u32;
        self.texts.push(text.clone());
        self.values.extend(values);
        self.table.insert(packed, NO_KEY, group);
        group
    }

    /// The group of these values.
    pub(crate) fn of_values(&mut self, values: Vec<Value>) -> u32 {
        if self.width == 0 {
            return 0;
        }
        let after = if self.width > 1 { AFTER_VALUE } else { "" };
        let text: String = values.iter().map(|value| format!("{value}{after}")).collect();
        self.find(&Text::from(text), |_| values)
    }

    /// One value of a group.
    pub(crate) fn value(&self, group: u32, attribute: usize) -> &Value {
        &self.values[group as usize * self.width + attribute]
    }

    /// The group's part of a key as the original writes it.
    pub(crate) fn key_text(&self, group: u32, into: &mut String) {
        into.push_str(&self.texts[group as usize]);
        if self.width == 1 {
            into.push_str(AFTER_VALUE);
        }
    }

    /// Forgets the groups that are not kept; the new number of each one that is.
    pub(crate) fn compact(&mut self, keep: &[bool]) -> Vec<u32> {
        if self.width == 0 {
            return vec![0];
        }
        let mut kept = Self::new(self.width);
        let mut renamed = vec![u32::MAX; keep.len()];
        for group in (0..keep.len()).filter(|group| keep[*group]) {
            let values = &self.values[group * self.width..(group + 1) * self.width];
            renamed[group] = kept.find(&self.texts[group], |_| values.to_vec());
        }
        *self = kept;
        renamed
    }

    pub(crate) fn save(&self, w: &mut Writer) {
        let count = if self.width == 0 { 0 } else { self.len() };
        w.len(count);
        for group in 0..count {
            w.str(&self.texts[group]);
            w.values(&self.values[group * self.width..(group + 1) * self.width]);
        }
    }

    pub(crate) fn load(width: usize, r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut groups = Self::new(width);
        for _ in 0..r.len()? {
            let text = Text::from(r.str()?);
            let mut values = r.values()?;
            values.resize(width, Value::Null);
            groups.find(&text, |_| values);
        }
        Ok(groups)
    }
}
