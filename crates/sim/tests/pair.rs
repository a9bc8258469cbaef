//! The pair under 200 seeds; `SIM_SEED=n` replays one of them and prints what happened,
//! `SIM_SEEDS=n` tries as many.

use weir_sim::{Mutant, Stats, run};

/// How many seeds every change is tried under.
const SEEDS: u64 = 200;

/// How much of a failed run is shown.
const TRACE_LINES: usize = 400;

fn check(seed: u64) -> Result<Stats, String> {
    let outcome = run(seed, Mutant::None, false);
    let Some(violation) = outcome.violation else { return Ok(outcome.stats) };
    let trace = run(seed, Mutant::None, true).trace;
    let end = trace.get(trace.len().saturating_sub(TRACE_LINES)..).unwrap_or_default().join("\n");
    Err(format!("{end}\nseed {seed}: {violation}\nhint: replay it with SIM_SEED={seed}"))
}

#[test]
fn no_fault_loses_doubles_or_splits() {
    let seeds = match std::env::var("SIM_SEED") {
        Ok(seed) => {
            let seed = seed.parse().expect("SIM_SEED is a number");
            println!("{}", run(seed, Mutant::None, true).trace.join("\n"));
            seed..seed + 1
        }
        Err(_) => {
            let more = std::env::var("SIM_SEEDS").map(|it| it.parse().expect("it is a number"));
            0..more.unwrap_or(SEEDS)
        }
    };
    let mut acknowledged = 0;
    let mut takeovers = 0;
    for seed in seeds.clone() {
        let stats = check(seed).unwrap_or_else(|failed| panic!("{failed}"));
        acknowledged += stats.acknowledged;
        takeovers += stats.takeovers;
    }
    // A simulation in which little happens proves little.
    let count = seeds.count();
    assert!(acknowledged > 300 * count, "only {acknowledged} events were acknowledged");
    assert!(takeovers as usize >= 3 * count, "only {takeovers} takeovers");
}

/// The checks notice a protocol that was broken on purpose.
fn is_caught(mutant: Mutant) -> String {
    let caught = (0..SEEDS).find_map(|seed| run(seed, mutant, false).violation);
    caught.expect("the simulator notices").to_string()
}

#[test]
fn a_holder_that_believes_in_a_longer_lease_is_caught() {
    let caught = is_caught(Mutant::UnequalLeases);
    assert!(caught.contains(" emits "), "{caught}");
}

#[test]
fn an_early_acknowledgement_is_caught() {
    let caught = is_caught(Mutant::EarlyAcknowledgement);
    assert!(caught.contains("is acknowledged before it is safe"), "{caught}");
}

#[test]
fn an_output_before_its_input_is_safe_is_caught() {
    let caught = is_caught(Mutant::EarlyOutputs);
    assert!(caught.contains("leaves before its input is safe"), "{caught}");
}

#[test]
fn a_database_without_conditional_writes_is_caught() {
    is_caught(Mutant::BlindWrites);
}

#[test]
fn forgotten_marks_are_caught() {
    let caught = is_caught(Mutant::ForgottenMarks);
    assert!(caught.contains("repeats behind mark"), "{caught}");
}

#[test]
fn a_seed_always_gives_the_same_run() {
    assert_eq!(run(7, Mutant::None, true).trace, run(7, Mutant::None, true).trace);
}
