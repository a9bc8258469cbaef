//! The windows of the family `unique:`, made from what the user wrote.

use weir_event::DataType;

use super::super::build::{Built, Entry, WindowSpec};
use super::super::signature::{
    BOOL, INT, LONG, SPAN, Signature, Slot, computed, constant, exactly, repeating,
};
use super::batch::Which;
use super::ever::EverWindow;
use super::external_time_batch::{ExternalBatches, ExternalTimeBatchWindow};
use super::first::FirstWindow;
use super::key::UniqueKey;
use super::length::LengthWindow;
use super::length_batch::LengthBatchWindow;
use super::time::TimeWindow;
use super::time_batch::{TimeBatchWindow, UniqueTimes};

/// What can make events the same.
pub(in crate::window) const KEY_TYPES: &[DataType] = &[
    DataType::Int,
    DataType::Long,
    DataType::Float,
    DataType::Bool,
    DataType::Double,
    DataType::String,
];

const KEY: Slot = computed("unique.key", KEY_TYPES);
const TIME: Slot = constant("window.time", SPAN);
const LENGTH: Slot = constant("window.length", INT);
const START: Slot = constant("start.time", SPAN);

const BY_LENGTH: &[Signature] = &[exactly(&[KEY, LENGTH])];
const BY_TIME: &[Signature] = &[exactly(&[KEY, TIME]), exactly(&[KEY, TIME, START])];

const CLOCK: Slot = computed("time.stamp", LONG);
const START_INT: Slot = constant("start.time", INT);
const TIMEOUT: Slot = constant("time.out", SPAN);
const REPLACE: Slot = constant("replace.time.stamp.with.batch.end.time", BOOL);

/// The windows of the family, in order of name.
pub(in crate::window) const WINDOWS: &[Entry] = &[
    Entry { name: "unique:ever", signatures: &[repeating(&[KEY])], make: ever },
    Entry {
        name: "unique:externalTimeBatch",
        signatures: &[
            exactly(&[KEY, CLOCK, TIME]),
            exactly(&[KEY, CLOCK, TIME, START_INT]),
            exactly(&[KEY, CLOCK, TIME, START_INT, TIMEOUT]),
            exactly(&[KEY, CLOCK, TIME, START_INT, TIMEOUT, REPLACE]),
        ],
        make: external_time_batch,
    },
    Entry { name: "unique:first", signatures: &[repeating(&[KEY])], make: first },
    Entry { name: "unique:firstLengthBatch", signatures: BY_LENGTH, make: first_length_batch },
    Entry { name: "unique:firstTimeBatch", signatures: BY_TIME, make: first_time_batch },
    Entry { name: "unique:length", signatures: BY_LENGTH, make: length },
    Entry { name: "unique:lengthBatch", signatures: BY_LENGTH, make: length_batch },
    Entry { name: "unique:time", signatures: &[exactly(&[KEY, TIME])], make: time },
    Entry { name: "unique:timeBatch", signatures: BY_TIME, make: time_batch },
    Entry {
        name: "unique:timeLengthBatch",
        signatures: &[exactly(&[KEY, TIME, LENGTH]), exactly(&[KEY, TIME, START, LENGTH])],
        make: time_length_batch,
    },
];

fn ever(spec: &WindowSpec<'_>) -> Built {
    Ok(Box::new(EverWindow::new(UniqueKey::with_nulls(&spec.params), spec.types)))
}

fn first(spec: &WindowSpec<'_>) -> Built {
    Ok(Box::new(FirstWindow::new(UniqueKey::with_nulls(&spec.params), spec.types)))
}

fn length(spec: &WindowSpec<'_>) -> Built {
    let unique = UniqueKey::without_nulls(&spec.params[..1]);
    Ok(Box::new(LengthWindow::new(unique, spec.length(1), spec.types)))
}

fn time(spec: &WindowSpec<'_>) -> Built {
    let unique = UniqueKey::without_nulls(&spec.params[..1]);
    Ok(Box::new(TimeWindow::new(unique, spec.number(1).max(0), spec.types)))
}

fn length_batch(spec: &WindowSpec<'_>) -> Built {
    by_length(spec, UniqueKey::with_nulls(&spec.params[..1]), Which::Newest)
}

fn first_length_batch(spec: &WindowSpec<'_>) -> Built {
    by_length(spec, UniqueKey::without_nulls(&spec.params[..1]), Which::First)
}

fn by_length(spec: &WindowSpec<'_>, unique: UniqueKey, which: Which) -> Built {
    if spec.number(1) < 1 {
        return Err(format!(
            "the parameter `window.length` of the window `{}` has to be more than 0, but is {}: no \
             batch would ever be complete",
            spec.name,
            spec.number(1)
        ));
    }
    Ok(Box::new(LengthBatchWindow::new(unique, which, spec.length(1), spec.types)))
}

fn time_batch(spec: &WindowSpec<'_>) -> Built {
    let start_ms = (spec.params.len() > 2).then(|| spec.number(2));
    by_time(spec, UniqueKey::with_nulls(&spec.params[..1]), Which::Newest, start_ms, None)
}

fn first_time_batch(spec: &WindowSpec<'_>) -> Built {
    let start_ms = (spec.params.len() > 2).then(|| spec.number(2));
    by_time(spec, UniqueKey::without_nulls(&spec.params[..1]), Which::First, start_ms, None)
}

fn time_length_batch(spec: &WindowSpec<'_>) -> Built {
    let last = spec.params.len() - 1;
    let start_ms = (last > 2).then(|| spec.number(2));
    let unique = UniqueKey::with_nulls(&spec.params[..1]);
    by_time(spec, unique, Which::Newest, start_ms, Some(spec.length(last)))
}

fn by_time(
    spec: &WindowSpec<'_>,
    unique: UniqueKey,
    which: Which,
    start_ms: Option<i64>,
    length: Option<usize>,
) -> Built {
    let time_ms = spec.positive(1, "window.time")?;
    let asked = UniqueTimes { unique, which, time_ms, start_ms, length };
    Ok(Box::new(TimeBatchWindow::new(asked, spec.types)))
}

fn external_time_batch(spec: &WindowSpec<'_>) -> Built {
    let asked = ExternalBatches {
        unique: UniqueKey::with_nulls(&spec.params[..1]),
        clock: spec.clock(1)?,
        time_ms: spec.positive(2, "window.time")?,
        start_ms: (spec.params.len() > 3).then(|| spec.number(3)),
        timeout_ms: spec.number(4),
        replace: spec.flag(5),
        expired_wanted: spec.expired_wanted,
        kept: spec.expired_wanted || spec.find_wanted || spec.named,
    };
    Ok(Box::new(ExternalTimeBatchWindow::new(asked, spec.types)))
}
