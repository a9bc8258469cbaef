//! What is written comes back the same; nothing else is taken for it.

use std::sync::Arc;

use proptest::prelude::*;
use weir_event::{Attribute, Batch, BatchBuilder, Column, DataType, Object, Value};

use super::VALUE_DEPTH_MAX;
use crate::wire::{DecodeError, Reader, Writer};

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i32>().prop_map(Value::Int),
        any::<i64>().prop_map(Value::Long),
        any::<u32>().prop_map(|bits| Value::Float(f32::from_bits(bits))),
        any::<u64>().prop_map(|bits| Value::Double(f64::from_bits(bits))),
        any::<String>().prop_map(Value::text),
        any::<Vec<u8>>().prop_map(|bytes| Value::object(Object::Bytes(bytes))),
        any::<String>().prop_map(|text| Value::object(Object::Json(text.into()))),
        any::<(String, String)>().prop_map(|(class, message)| Value::object(Object::Error {
            class: class.into(),
            message: message.into(),
        })),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..5);
        prop_oneof![
            list.clone().prop_map(|items| Value::object(Object::List(items))),
            list.clone().prop_map(|items| Value::object(Object::Set(items))),
            prop::collection::vec((inner.clone(), inner), 0..4)
                .prop_map(|pairs| Value::object(Object::Map(pairs))),
            (any::<i64>(), list)
                .prop_map(|(timestamp, data)| Value::object(Object::Event { timestamp, data })),
        ]
    })
}

fn batches() -> impl Strategy<Value = Batch> {
    let types = [
        DataType::Bool,
        DataType::Int,
        DataType::Long,
        DataType::Float,
        DataType::Double,
        DataType::String,
        DataType::Object,
    ];
    let schema = types.map(|data_type| Attribute { name: data_type.word().into(), data_type });
    let cell = |n: i64| match n.rem_euclid(8) {
        0 => vec![Value::Null; 7],
        1 => vec![Value::Null, 1.into(), Value::Null, 1.5_f32.into(), Value::Null, "a".into()],
        _ => vec![
            (n % 2 == 0).into(),
            (n as i32).into(),
            n.into(),
            (n as f32).into(),
            (n as f64).into(),
            Value::text(format!("text number {n}")),
            Value::object(Object::List(vec![n.into()])),
        ],
    };
    prop::collection::vec(any::<i64>(), 0..150).prop_map(move |numbers| {
        let mut builder = BatchBuilder::new(&schema);
        for n in numbers {
            builder.push_row(n, cell(n));
        }
        builder.finish()
    })
}

fn written(batch: &Batch) -> Vec<u8> {
    let mut w = Writer::new();
    w.batch(batch);
    w.into_bytes()
}

proptest! {
    #[test]
    fn a_value_comes_back(value in values()) {
        let mut w = Writer::new();
        w.value(&value);
        let bytes = w.into_bytes();
        let mut r = Reader::new(&bytes);
        prop_assert_eq!(r.value(), Ok(value));
        prop_assert_eq!(r.finish(), Ok(()));
    }

    #[test]
    fn a_batch_comes_back(batch in batches()) {
        let bytes = written(&batch);
        let mut r = Reader::new(&bytes);
        prop_assert_eq!(r.batch(), Ok(batch));
        prop_assert_eq!(r.finish(), Ok(()));
    }

    #[test]
    fn a_batch_that_was_cut_is_refused(batch in batches(), at: prop::sample::Index) {
        let bytes = written(&batch);
        let cut = &bytes[..at.index(bytes.len())];
        prop_assert!(Reader::new(cut).batch().is_err());
    }

    #[test]
    fn changed_bytes_are_read_or_refused(
        batch in batches(),
        at: prop::sample::Index,
        byte: u8,
    ) {
        let mut bytes = written(&batch);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(read) = Reader::new(&bytes).batch() {
            prop_assert!(read.columns.iter().all(|column| column.len() == read.len()));
        }
    }

    #[test]
    fn any_bytes_are_a_value_or_refused(bytes in prop::collection::vec(0_u8..20, 0..60)) {
        let mut r = Reader::new(&bytes);
        prop_assert!(r.value().is_err() || r.at() <= bytes.len());
    }
}

#[test]
fn values_nested_too_deep_are_refused() {
    let nested = |depth: usize| {
        (0..depth).fold(Value::Null, |value, _| Value::object(Object::List(vec![value])))
    };
    for (depth, fits) in [(VALUE_DEPTH_MAX, true), (VALUE_DEPTH_MAX + 1, false)] {
        let mut w = Writer::new();
        w.value(&nested(depth));
        let read = Reader::new(w.as_bytes()).value();
        assert_eq!(read.is_ok(), fits, "depth {depth}");
    }
    let bottomless = [8_u8, 1].repeat(1_000_000);
    let refused = Reader::new(&bottomless).value();
    assert!(matches!(refused, Err(DecodeError::TooLong { what: "nesting of values", .. })));
}

#[test]
fn a_column_of_the_wrong_length_is_refused() {
    let uneven = Batch {
        timestamps: Arc::new(vec![1, 2]),
        columns: vec![Arc::new(Column::repeated(&1.into(), DataType::Int, 3))],
    };
    let refused = Reader::new(&written(&uneven)).batch();
    assert!(matches!(refused, Err(DecodeError::Malformed { what: "batch", .. })));
}
