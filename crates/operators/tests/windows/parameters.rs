//! Which parameters are refused when the app is created.
//!
//! told by: reference 5.1.30, 2026-11-24 (and its own test suite, by the recordings' names)

use weir_expr::{ArithmeticOp, Expr};

use crate::player::{Asked, attribute, int, ms, real, text, truth, window};

fn refusal(asked: &Asked) -> String {
    asked.build().err().unwrap_or_else(|| format!("{asked:?} was not refused"))
}

/// `1/2`, which is no constant: it is computed.
fn half() -> Expr {
    Expr::Arithmetic {
        op: ArithmeticOp::Divide,
        data_type: weir_event::DataType::Int,
        sides: Box::new((int(1), int(2))),
    }
}

#[test]
fn what_the_reference_refuses_is_refused() {
    for asked in [
        window("batch", [int(-30)]),
        window("batch", [ms(3)]),
        window("externalTime", [attribute(2), ms(5_000)]),
        window("externalTime", [text("timestamp"), ms(5_000)]),
        window("externalTime", [ms(5_000), ms(5_000)]),
        window("externalTimeBatch", [attribute(2), ms(5_000)]),
        window("externalTimeBatch", [attribute(0), ms(1_000), half(), int(100)]),
        window("externalTimeBatch", [attribute(0), half()]),
        window("delay", [half()]),
        window("delay", []),
        window("frequent", [int(2), attribute(2)]),
        window("frequent", [int(2), text("k")]),
        window("frequent", [int(2), attribute(1), attribute(1)]),
        window("length", []),
        window("length", [ms(5)]),
        window("length", [attribute(2)]),
        window("length", [int(5), int(5)]),
        window("lengthBatch", [int(1), half()]),
        window("lengthBatch", [int(1), truth(true), int(3)]),
        window("lossyFrequent", [real(0.1)]),
        window("lossyFrequent", [int(1), real(0.1)]),
        window("session", [int(1_000)]),
        window("session", [ms(1_000), text("5")]),
        window("session", [ms(1_000), attribute(2)]),
        window("session", [ms(1_000), ms(1_000)]),
        window("session", [ms(1_000), attribute(1), int(500)]),
        window("session", [ms(1_000), attribute(1), ms(2_000)]),
        window("session", [attribute(0), attribute(1), ms(2_000)]),
        window("session", [ms(5_000), attribute(1), ms(2_000), int(1)]),
        window("sort", [real(2.5)]),
        window("sort", [int(2)]),
        window("sort", [int(2), int(8)]),
        window("sort", [int(2), attribute(2), text("ecs")]),
        window("sort", [int(2), attribute(2), attribute(1)]),
        window("time", [real(4.7)]),
        window("time", []),
        window("timeBatch", [text("2 sec"), int(0)]),
        window("timeBatch", [ms(1_000), int(0), half()]),
        window("timeBatch", [ms(1_000), ms(123), truth(true), int(100)]),
        window("timeLength", [ms(4_000)]),
        window("timeLength", [half(), int(4)]),
        window("timeLength", [ms(4_000), ms(4)]),
        window("sum", [attribute(2)]),
        window("Length", [int(5)]),
    ] {
        assert!(asked.build().is_err(), "{asked:?}");
    }
}

#[test]
fn a_refusal_says_what_is_taken() {
    assert_eq!(
        refusal(&window("time", [real(4.7)])),
        "the window `time` cannot be given (double); it takes (int|long window.time)"
    );
    assert_eq!(
        refusal(&window("length", [attribute(2)])),
        "the parameter `window.length` of the window `length` has to be a constant"
    );
    assert!(
        refusal(&window("tim", [ms(1)]))
            .starts_with("there is no window `tim`\nhint: there are `ba")
    );
}

/// The original accepts these and then fails on every event, or waits for ever.
#[test]
fn what_could_never_work_is_refused() {
    for asked in [
        window("externalTimeBatch", [attribute(0), int(0)]),
        window("lengthBatch", [int(-1)]),
        window("timeBatch", [ms(0)]),
    ] {
        assert!(asked.build().is_err(), "{asked:?}");
    }
}
