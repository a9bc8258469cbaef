//! Times a workload: what `weir bench` does.
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let text = std::fs::read_to_string(&a[1]).expect("a file");
    match weir_testkit::bench(&text, a[2].parse().expect("n"), a[3].parse().expect("n")) {
        Ok(f) => println!("{} batch {} events/s {:.0} out {}", a[1], a[3], f.events_per_s, f.out),
        Err(e) => println!("{} {e:?}", a[1]),
    }
}
