//! Times a workload: what `weir bench` does.
#![expect(clippy::print_stdout, reason = "its answer goes to standard output")]

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let text = std::fs::read_to_string(&args[1]).expect("a file");
    let number = |at: usize| args[at].parse().expect("a number");
    match weir_testkit::bench(&text, number(2), number(3)) {
        Ok(it) => {
            let (events, batch, out) = (it.events_per_s, &args[3], it.out);
            println!("{} batch {batch} events/s {events:.0} out {out}", args[1]);
        }
        Err(error) => println!("{} {error:?}", args[1]),
    }
}
