//! Stream processors made from what the user wrote.

use weir_event::{DataType, Value};

use super::super::build::{Built, Entry, WindowSpec};
use super::super::signature::{BOOL, DOUBLE, LONG, SPAN, Slot, check, computed, constant, exactly};
use super::super::unique::{KEY_TYPES, UniqueKey};
use super::super::{Param, Window};
use super::akslack::{AlphaKSlack, AlphaSlack};
use super::coverage;
use super::deduplicate::Deduplicate;
use super::kslack::{KSlack, Slack};

const NUMBER: &[DataType] = &[DataType::Int, DataType::Float, DataType::Long, DataType::Double];

const TIME: Slot = computed("timestamp", LONG);
const FIELD: Slot = computed("correlation.field", NUMBER);
const BATCH: Slot = constant("batch.size", LONG);
const TIMEOUT: Slot = constant("timeout", LONG);
const MAX_K: Slot = constant("max.k", LONG);
const DISCARD: Slot = constant("discard.late.arrival", BOOL);
const ERROR: Slot = constant("error.threshold", DOUBLE);
const CONFIDENCE: Slot = constant("confidence.level", DOUBLE);

/// Every stream processor this build carries, in order of name.
const PROCESSORS: &[Entry] = &[
    Entry {
        name: "reorder:akslack",
        signatures: &[
            exactly(&[TIME, FIELD]),
            exactly(&[TIME, FIELD, BATCH]),
            exactly(&[TIME, FIELD, BATCH, TIMEOUT]),
            exactly(&[TIME, FIELD, BATCH, TIMEOUT, MAX_K]),
            exactly(&[TIME, FIELD, BATCH, TIMEOUT, MAX_K, DISCARD]),
            exactly(&[TIME, FIELD, BATCH, TIMEOUT, MAX_K, DISCARD, ERROR, CONFIDENCE]),
        ],
        make: akslack,
    },
    Entry {
        name: "reorder:kslack",
        signatures: &[
            exactly(&[TIME]),
            exactly(&[TIME, TIMEOUT]),
            exactly(&[TIME, DISCARD]),
            exactly(&[TIME, TIMEOUT, MAX_K]),
            exactly(&[TIME, TIMEOUT, DISCARD]),
            exactly(&[TIME, TIMEOUT, MAX_K, DISCARD]),
        ],
        make: kslack,
    },
    Entry {
        name: "unique:deduplicate",
        signatures: &[exactly(&[
            computed("unique.key", KEY_TYPES),
            constant("time.interval", SPAN),
        ])],
        make: deduplicate,
    },
];

/// The names of all stream processors this build carries, in order.
pub fn processor_names() -> impl Iterator<Item = &'static str> {
    PROCESSORS.iter().map(|entry| entry.name)
}

/// Makes the stream processor that was asked for.
///
/// # Errors
///
/// There is no such processor, or its parameters are not what it takes; the sentence is for the
/// person who wrote the app.
pub fn build_processor(spec: &WindowSpec<'_>) -> Result<Box<dyn Window>, String> {
    let Some(entry) = PROCESSORS.iter().find(|entry| entry.name == spec.name) else {
        return Err(format!("no stream function `{}` is known", spec.name));
    };
    check(entry.name, entry.signatures, &spec.params)?;
    (entry.make)(spec)
}

/// A span of -1 milliseconds stands for none.
fn span(spec: &WindowSpec<'_>, place: usize) -> Option<i64> {
    let constant = spec.params.get(place).and_then(Param::constant);
    constant.and_then(Value::as_i64).filter(|ms| *ms != -1)
}

fn kslack(spec: &WindowSpec<'_>) -> Built {
    let discard = (1..spec.params.len()).any(|place| spec.flag(place));
    let long = |place: usize| {
        spec.params.get(place).filter(|it| it.expr.data_type() == DataType::Long).is_some()
    };
    let asked = Slack {
        time: spec.params[0].expr.clone(),
        timeout_ms: span(spec, 1).filter(|_| long(1)),
        max_k: if long(2) { spec.number(2) } else { i64::MAX },
        discard,
    };
    Ok(Box::new(KSlack::new(asked, spec.types)))
}

fn akslack(spec: &WindowSpec<'_>) -> Built {
    let given = spec.params.len();
    let confidence = if given > 7 { spec.real(7) } else { 0.95 };
    if !(-1.0..=1.0).contains(&confidence) {
        return Err(format!(
            "the parameter `confidence.level` of `reorder:akslack` has to be a share of 1, not \
             {confidence}"
        ));
    }
    let asked = AlphaSlack {
        slack: Slack {
            time: spec.params[0].expr.clone(),
            timeout_ms: span(spec, 3),
            max_k: span(spec, 4).unwrap_or(i64::MAX),
            discard: spec.flag(5),
        },
        field: spec.params[1].expr.clone(),
        batch: if given > 2 { spec.number(2) } else { 10_000 },
        error: if given > 6 { spec.real(6) } else { 0.03 },
        critical: coverage::critical_value(confidence),
    };
    Ok(Box::new(AlphaKSlack::new(asked, spec.types)))
}

fn deduplicate(spec: &WindowSpec<'_>) -> Built {
    let param = &spec.params[1].expr;
    if param.data_type() != DataType::Long {
        return Err(
            "the parameter `time.interval` of `unique:deduplicate` has to be a time, such \
                    as 5 sec, or of type long"
                .to_owned(),
        );
    }
    let unique = UniqueKey::without_nulls(&spec.params[..1]);
    Ok(Box::new(Deduplicate::new(unique, spec.number(1), spec.types)))
}
