//! Functions in JavaScript: what they answer, and what bounds them.
#![cfg(feature = "javascript")]

use std::cell::Cell;

use weir_event::{DataType, Object, Value};
use weir_expr::{Bound, Env, Fault, script};

fn made(body: &str, returns: DataType) -> Bound {
    script("javascript", "f", body, returns).expect("the text is JavaScript")
}

/// What a call answers in an entry of this seed, at 2026-11-24T12:18:48.474Z.
fn called(bound: &Bound, seed: u64, args: &[Value]) -> Result<Value, Fault> {
    let random = Cell::new(seed);
    let env = Env { now: 1_795_522_728_474, random: &random, tables: None, changes: None };
    bound.callable.call(&env, args)
}

fn answer(body: &str, returns: DataType, args: &[Value]) -> Value {
    called(&made(body, returns), 1, args).expect("the function answers")
}

#[test]
fn arguments_come_as_a_list_and_the_answer_is_of_the_declared_type() {
    let args = ["a".into(), Value::Int(2), Value::Long(3), Value::Double(1.5), true.into()];
    let sum = "var t = 0; for (var i = 1; i < 4; i++) t += data[i]; return t;";
    assert_eq!(answer(sum, DataType::Double, &args), Value::Double(6.5));
    assert_eq!(answer(sum, DataType::Int, &args), Value::Int(6));
    assert_eq!(answer(sum, DataType::Long, &args), Value::Long(6));
    assert_eq!(answer(sum, DataType::Float, &args), Value::Float(6.5));
    assert_eq!(answer("return data[0] + data.length", DataType::String, &args), "a5".into());
    assert_eq!(answer("return data[4] === true", DataType::Bool, &args), true.into());
    assert_eq!(answer("", DataType::String, &args), Value::Null);
    assert_eq!(answer("return data[0] === null", DataType::Bool, &[Value::Null]), true.into());
    let pair = answer("return [1, {k: 'x'}]", DataType::Object, &[]);
    let map = Value::object(Object::Map(vec![("k".into(), "x".into())]));
    assert_eq!(pair, Value::object(Object::List(vec![Value::Int(1), map])));
}

#[test]
fn what_is_no_javascript_and_what_throws_is_told() {
    let refused = script("javascript", "f", "return (", DataType::Int);
    assert!(refused.is_err_and(|why| why.contains("`f` is not JavaScript")));
    assert!(script("scala", "f", "data", DataType::Int).is_err());
    let thrown = called(&made("throw new Error('no luck')", DataType::Int), 1, &[]);
    assert!(thrown.is_err_and(|fault| fault.message.contains("no luck")));
    let unfit = called(&made("return 'x'", DataType::Int), 1, &[]);
    assert!(unfit.is_err_and(|fault| fault.message.contains("answered a string")));
}

#[test]
fn time_and_random_numbers_are_the_entrys() {
    let time = "return Date.now() === +new Date() ? new Date().toISOString() : 'differ'";
    assert_eq!(answer(time, DataType::String, &[]), "2026-11-24T12:18:48.474Z".into());
    let hours = "return new Date(2026, 0, 2, 3, 4).getHours() + new Date().getTimezoneOffset()";
    assert_eq!(answer(hours, DataType::Int, &[]), Value::Int(3));
    let local = "return new Date('2026-01-02T03:04:05').toISOString()";
    assert_eq!(answer(local, DataType::String, &[]), "2026-01-02T03:04:05.000Z".into());
    let random = made("return Math.random()", DataType::Double);
    let draws: Vec<_> = (1..4).map(|seed| called(&random, seed, &[]).unwrap()).collect();
    assert_eq!(draws[0], called(&random, 1, &[]).unwrap());
    assert!(draws[0] != draws[1] && draws[1] != draws[2]);
    assert!(draws.iter().all(|it| it.as_f64().is_some_and(|it| (0.0..1.0).contains(&it))));
}

#[test]
fn nothing_stays_from_call_to_call() {
    let counter = "n = typeof n === 'number' ? n + 1 : 1; Array.held = n; Math.held = n; return n";
    let counter = made(counter, DataType::Int);
    for _ in 0..3 {
        assert_eq!(called(&counter, 1, &[]).unwrap(), Value::Int(1));
    }
    let held = made("Array.held = 1; return typeof Array.held", DataType::String);
    assert_eq!(called(&held, 1, &[]).unwrap(), "undefined".into());
}

#[test]
fn steps_and_memory_are_bounded_and_long_calls_answer_the_same_each_time() {
    let endless = called(&made("while (true) {}", DataType::Int), 1, &[]);
    assert!(endless.is_err_and(|fault| fault.message.contains("million steps")));
    let deep = called(&made("return f(data)", DataType::Int), 1, &[]);
    assert!(deep.is_err());
    let large = "var s = 'x'; while (true) s += s";
    assert!(called(&made(large, DataType::Int), 1, &[]).is_err());
    let long = "var t = 0; for (var i = 0; i < 20000; i++) t += Math.random(); return t";
    let long = made(long, DataType::Double);
    let first = called(&long, 7, &[]).unwrap();
    assert_eq!(called(&long, 7, &[]).unwrap(), first);
    assert_eq!(called(&long, 7, &[]).unwrap(), first);
}

#[test]
fn text_that_comes_with_the_event_is_evaluated_and_leaves_nothing_behind() {
    let eval = weir_expr::function("js", "eval").expect("it is built in");
    let kind = Value::text("double");
    let args = [
        weir_expr::Arg { data_type: DataType::String, constant: None },
        weir_expr::Arg { data_type: DataType::String, constant: Some(&kind) },
    ];
    let bound = (eval.bind)(&args).expect("it takes these");
    let worth = |text: &str| called(&bound, 1, &[Value::text(text), kind.clone()]);
    assert_eq!(worth("var q = 3; q * 4 + Math.max(1, 2)").ok(), Some(Value::Double(14.0)));
    assert!(worth("q").is_err_and(|fault| fault.message.contains("q is not defined")));
    assert!(worth("while (true) {}").is_err_and(|fault| fault.message.contains("million steps")));
    assert_eq!(worth("2").ok(), Some(Value::Double(2.0)));
    assert!((eval.bind)(&args[..1]).is_err());
    let unknown = weir_expr::Arg { data_type: DataType::String, constant: None };
    assert!((eval.bind)(&[args[0], unknown]).is_err(), "the type is a constant");
}
