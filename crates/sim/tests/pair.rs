//! The pair, and a group of three, under 200 seeds; `SIM_SEED=n` replays one of them and prints
//! what happened (`SIM_NODES=3` for three nodes), `SIM_SEEDS=n` tries as many.

use weir_sim::{Mutant, Setup, Stats, Weather, run};

/// How many seeds every change is tried under.
const SEEDS: u64 = 200;

/// How much of a failed run is shown.
const TRACE_LINES: usize = 400;

fn check(seed: u64, setup: Setup) -> Result<Stats, String> {
    let outcome = run(seed, setup, false);
    let Some(violation) = outcome.violation else { return Ok(outcome.stats) };
    let trace = run(seed, setup, true).trace;
    let end = trace.get(trace.len().saturating_sub(TRACE_LINES)..).unwrap_or_default().join("\n");
    let nodes = setup.nodes;
    let hint = format!("hint: replay it with SIM_SEED={seed} SIM_NODES={nodes}");
    Err(format!("{end}\nseed {seed}: {violation}\n{hint}"))
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|it| it.parse().expect("the variable is a number"))
}

fn no_fault_loses_doubles_or_splits(setup: Setup) {
    let seeds = match number("SIM_SEED") {
        Some(_) if number("SIM_NODES").unwrap_or(2) != setup.nodes as u64 => return,
        Some(seed) => {
            println!("{}", run(seed, setup, true).trace.join("\n"));
            seed..seed + 1
        }
        None => 0..number("SIM_SEEDS").unwrap_or(SEEDS),
    };
    let (mut acknowledged, mut takeovers, mut repeated) = (0, 0, 0);
    for seed in seeds.clone() {
        let stats = check(seed, setup).unwrap_or_else(|failed| panic!("{failed}"));
        acknowledged += stats.acknowledged;
        takeovers += stats.takeovers;
        repeated += stats.repeated;
    }
    let count = seeds.count();
    println!(
        "{count} seeds: {acknowledged} acknowledged, {takeovers} takeovers, {repeated} repeated"
    );
    // A simulation in which little happens proves little.
    assert!(acknowledged > 300 * count, "only {acknowledged} events were acknowledged");
    assert!(takeovers as usize >= 3 * count, "only {takeovers} takeovers");
}

#[test]
fn no_fault_of_a_pair_loses_doubles_or_splits() {
    no_fault_loses_doubles_or_splits(Setup::PAIR);
}

#[test]
fn no_fault_of_three_loses_doubles_or_splits() {
    no_fault_loses_doubles_or_splits(Setup::THREE);
}

#[test]
fn a_database_that_is_away_for_two_minutes_neither_stops_nor_doubles_the_active() {
    for nodes in [2, 3] {
        for seed in 0..10 {
            let setup =
                Setup { nodes, weather: Weather::Outage { for_ms: 120_000 }, ..Setup::PAIR };
            let stats = check(seed, setup).unwrap_or_else(|failed| panic!("{failed}"));
            assert!(stats.longest_gap_ms < 2_000, "seed {seed}: {stats:?}");
            assert_eq!(stats.takeovers, 1, "seed {seed}: {stats:?}");
        }
    }
}

/// The checks notice a protocol that was broken on purpose; says which seed did.
fn is_caught(mutant: Mutant, nodes: usize) -> String {
    let setup = Setup { nodes, mutant, ..Setup::PAIR };
    let seeds = 0..number("SIM_SEEDS").unwrap_or(SEEDS);
    let caught =
        seeds.into_iter().find_map(|seed| Some((seed, run(seed, setup, false).violation?)));
    let (seed, violation) = caught.expect("the simulator notices");
    println!("{mutant:?} with {nodes} nodes: seed {seed}: {violation}");
    violation.to_string()
}

#[test]
fn a_holder_that_believes_in_a_longer_lease_is_caught() {
    let caught = is_caught(Mutant::UnequalLeases, 2);
    assert!(caught.contains(" emits "), "{caught}");
}

#[test]
fn an_early_acknowledgement_is_caught() {
    let caught = is_caught(Mutant::EarlyAcknowledgement, 2);
    assert!(caught.contains("is acknowledged before it is safe"), "{caught}");
}

#[test]
fn an_output_before_its_input_is_safe_is_caught() {
    let caught = is_caught(Mutant::EarlyOutputs, 2);
    assert!(caught.contains("leaves before its input is safe"), "{caught}");
}

#[test]
fn a_database_without_conditional_writes_is_caught() {
    is_caught(Mutant::BlindWrites, 2);
}

#[test]
fn forgotten_marks_are_caught() {
    let caught = is_caught(Mutant::ForgottenMarks, 2);
    assert!(caught.contains("repeats behind mark"), "{caught}");
}

#[test]
fn a_missing_epoch_check_is_caught() {
    is_caught(Mutant::NoEpochCheck, 3);
}

#[test]
fn a_take_by_a_log_that_is_not_named_is_caught() {
    is_caught(Mutant::NoInSyncRule, 2);
}

#[test]
fn a_broken_promise_is_caught() {
    is_caught(Mutant::BrokenPromise, 2);
}

#[test]
fn a_node_that_starts_and_does_not_wait_is_caught() {
    is_caught(Mutant::ImpatientStart, 2);
}

#[test]
fn a_missing_fence_is_caught() {
    is_caught(Mutant::NoFence, 2);
}

#[test]
fn an_early_trim_is_caught() {
    is_caught(Mutant::EarlyTrim, 2);
}

#[test]
fn a_seed_always_gives_the_same_run() {
    assert_eq!(run(7, Setup::PAIR, true).trace, run(7, Setup::PAIR, true).trace);
}
