//! Plays a scenario: what `weir replay` does.
#![expect(clippy::print_stdout, reason = "its answer goes to standard output")]

fn main() {
    let path = std::env::args().nth(1).expect("a path");
    let text = std::fs::read_to_string(path).expect("a file");
    println!("{}", weir_testkit::replay(&text).expect("a scenario"));
}
