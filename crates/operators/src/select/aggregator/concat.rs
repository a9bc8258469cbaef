//! `str:groupConcat`, `json:group` and `math:percentile`.

use weir_codec::{DecodeError, Reader, Writer};
use weir_event::{Object, Text, Value};
use weir_expr::Fault;

use super::aggregates::Accumulator;
use super::collect::Multiset;

/// The arguments of a call, which come as a list.
pub(super) fn args(value: &Value) -> &[Value] {
    if let Value::Object(object) = value
        && let Object::List(args) = &**object
    {
        return args;
    }
    std::slice::from_ref(value)
}

/// `str:groupConcat`: the texts with a separator between them, equal ones side by side.
#[derive(Debug, Default)]
pub(in crate::select) struct GroupConcat(Multiset);

impl GroupConcat {
    /// What is counted: a null alone is not, beside a separator it is text.
    fn key(args: &[Value]) -> Option<Value> {
        match args {
            [Value::Null] => None,
            [value, ..] => Some(Value::text(value.to_string())),
            [] => None,
        }
    }

    fn shown(&self, args: &[Value]) -> Value {
        let separator = args.get(1).map_or_else(|| ",".to_owned(), Value::to_string);
        let distinct = args.get(2) == Some(&Value::Bool(true));
        let mut held = self.0.in_order();
        match args.get(3).and_then(Value::as_text).map(|it| it.to_uppercase()).as_deref() {
            Some("ASC") => held.sort_by_key(|(text, _)| utf16(text)),
            Some(_) => held.sort_by_key(|(text, _)| std::cmp::Reverse(utf16(text))),
            None => {}
        }
        let mut texts = Vec::new();
        for (text, count) in held {
            let times = if distinct { 1 } else { usize::try_from(count).unwrap_or(0) };
            texts.extend(std::iter::repeat_n(text.to_string(), times));
        }
        Value::text(texts.join(&separator))
    }
}

/// Text in the order in which the original compares it.
fn utf16(value: &Value) -> Vec<u16> {
    value.as_text().map_or_else(Vec::new, |text| text.encode_utf16().collect())
}

impl Accumulator for GroupConcat {
    fn add(&mut self, value: &Value) -> Result<Value, Fault> {
        let args = args(value);
        if let Some(key) = Self::key(args) {
            self.0.add(&key);
        }
        Ok(self.shown(args))
    }

    fn remove(&mut self, value: &Value) -> Result<Value, Fault> {
        let args = args(value);
        if let Some(key) = Self::key(args) {
            self.0.remove(&key);
        }
        Ok(self.shown(args))
    }

    fn save(&self, w: &mut Writer) {
        self.0.save(w);
    }

    fn load(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(Multiset::load(r)?))
    }
}

/// `json:groupAsObject`: the JSON objects as a list, equal ones side by side, maybe within an
/// object under a name.
#[derive(Debug, Default)]
pub(in crate::select) struct JsonGroup(Multiset);

impl JsonGroup {
    fn shown(&self, args: &[Value]) -> Value {
        let (mut name, mut distinct): (Option<Text>, bool) = (None, false);
        for arg in args.iter().skip(1) {
            if let Value::Bool(flag) = arg {
                distinct = *flag;
            } else {
                name = Some(arg.to_string().into());
            }
        }
        let mut items = Vec::new();
        for (json, count) in self.0.in_order() {
            let times = if distinct { 1 } else { usize::try_from(count).unwrap_or(0) };
            items.extend(std::iter::repeat_n(json.clone(), times));
        }
        let list = Value::object(Object::List(items));
        match name {
            Some(name) => Value::object(Object::Map(vec![(Value::Str(name), list)])),
            None => list,
        }
    }
}

impl Accumulator for JsonGroup {
    fn add(&mut self, value: &Value) -> Result<Value, Fault> {
        let args = args(value);
        self.0.add(&args[0]);
        Ok(self.shown(args))
    }

    fn remove(&mut self, value: &Value) -> Result<Value, Fault> {
        let args = args(value);
        self.0.remove(&args[0]);
        Ok(self.shown(args))
    }

    fn save(&self, w: &mut Writer) {
        self.0.save(w);
    }

    fn load(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(Multiset::load(r)?))
    }
}

/// `math:percentile`: the value below which a percentage of the values lies.
#[derive(Debug, Default)]
pub(in crate::select) struct Percentile {
    /// Invariant: in order.
    sorted: Vec<f64>,
}

impl Percentile {
    fn pair(value: &Value) -> Option<(f64, f64)> {
        let [value, share] = args(value) else { return None };
        Some((value.as_f64()?, share.as_f64()?))
    }

    fn place(&self, value: f64) -> Result<usize, usize> {
        self.sorted.binary_search_by(|held| held.total_cmp(&value))
    }

    fn shown(&self, share: f64) -> Value {
        let count = self.sorted.len();
        let Some(last) = self.sorted.last() else { return Value::Null };
        let index = share * count as f64 / 100.0;
        let at = |place: usize| self.sorted.get(place).copied().unwrap_or(*last);
        Value::Double(if index == libm::floor(index) {
            let whole = index as usize;
            if whole >= count { *last } else { (at(whole.saturating_sub(1)) + at(whole)) / 2.0 }
        } else {
            let nearest = libm::floor(index + 0.5) as usize;
            at(nearest.saturating_sub(1))
        })
    }
}

impl Accumulator for Percentile {
    fn add(&mut self, value: &Value) -> Result<Value, Fault> {
        let Some((value, share)) = Self::pair(value) else {
            return Err(Fault::null("the argument of `math:percentile`"));
        };
        let (Ok(place) | Err(place)) = self.place(value);
        self.sorted.insert(place, value);
        Ok(self.shown(share))
    }

    fn remove(&mut self, value: &Value) -> Result<Value, Fault> {
        let Some((value, share)) = Self::pair(value) else {
            return Err(Fault::null("the argument of `math:percentile`"));
        };
        if let Ok(place) = self.place(value) {
            self.sorted.remove(place);
        }
        Ok(self.shown(share))
    }

    fn save(&self, w: &mut Writer) {
        w.len(self.sorted.len());
        self.sorted.iter().for_each(|value| w.f64(*value));
    }

    fn load(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let sorted = (0..r.len()?).map(|_| r.f64()).collect::<Result<_, _>>()?;
        Ok(Self { sorted })
    }
}
