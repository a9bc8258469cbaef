//! The project's own chores: `cargo xtask tidy`, `verify`, `fix`.

fn main() {}
