//! Plays a scenario: what `weir replay` does.
fn main() {
    let path = std::env::args().nth(1).expect("a path");
    println!(
        "{}",
        weir_testkit::replay(&std::fs::read_to_string(path).expect("a file")).expect("a scenario")
    );
}
