//! Dependencies between rooms point down only.

use crate::packages::Package;
use crate::tidy::report::{Finding, Rule};

/// What a room may name in its `Cargo.toml`.
enum May {
    Use(&'static [&'static str]),
    /// Whatever there is: a room for trying the others out.
    UseAnything,
}

/// Every room, from the bottom to the top. A room that is not here may not exist.
const ARROWS: &[(&str, May)] = &[
    ("event", May::Use(&[])),
    ("query", May::Use(&[])),
    ("codec", May::Use(&["event"])),
    ("json", May::Use(&["event"])),
    ("tls", May::Use(&[])),
    ("expr", May::Use(&["event", "codec", "json"])),
    ("plan", May::Use(&["event", "query", "expr"])),
    ("operators", May::Use(&["event", "expr", "codec"])),
    ("tables", May::Use(&["event", "expr", "codec"])),
    ("aggregation", May::Use(&["event", "expr", "codec"])),
    (
        "engine",
        May::Use(&[
            "event",
            "query",
            "expr",
            "plan",
            "operators",
            "tables",
            "aggregation",
            "codec",
        ]),
    ),
    ("connectors", May::Use(&["event", "codec", "json", "engine", "tls"])),
    ("datasource", May::Use(&["event", "codec", "expr", "tables", "tls"])),
    ("cluster", May::Use(&["event", "codec", "engine", "tls"])),
    (
        "server",
        May::Use(&[
            "event",
            "query",
            "plan",
            "tables",
            "engine",
            "codec",
            "connectors",
            "datasource",
            "cluster",
            "tls",
        ]),
    ),
    (
        "cli",
        May::Use(&[
            "event",
            "query",
            "plan",
            "engine",
            "codec",
            "connectors",
            "datasource",
            "cluster",
            "server",
            "testkit",
        ]),
    ),
    ("testkit", May::UseAnything),
    ("sim", May::UseAnything),
    ("xtask", May::Use(&[])),
];

pub(crate) fn check(packages: &[Package], found: &mut Vec<Finding>) {
    for package in packages {
        let manifest = format!("{}/Cargo.toml", package.folder);
        let mut wrong = |what| found.push(Finding::breach(Rule::Arrow, &manifest, 1, what));
        match ARROWS.iter().find(|(room, _)| *room == package.room) {
            None => wrong(format!("`{}` is not among the rooms", package.room)),
            Some((_, May::UseAnything)) => {}
            Some((room, May::Use(allowed))) => {
                for used in package.uses.iter().filter(|it| !allowed.contains(&it.as_str())) {
                    wrong(format!("`{room}` may not use `{used}`"));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(room: &str, uses: &[&str]) -> Vec<String> {
        let package = Package {
            name: format!("weir-{room}"),
            room: room.to_owned(),
            folder: format!("crates/{room}"),
            roots: Vec::new(),
            uses: uses.iter().map(|it| (*it).to_owned()).collect(),
            features: Vec::new(),
        };
        let mut found = Vec::new();
        check(&[package], &mut found);
        found.into_iter().map(|it| it.what).collect()
    }

    #[test]
    fn an_arrow_down_is_right_and_one_up_is_wrong() {
        assert!(wrong("engine", &["plan", "event"]).is_empty());
        assert!(wrong("sim", &["cluster", "server"]).is_empty());
        assert_eq!(wrong("operators", &["plan"]), ["`operators` may not use `plan`"]);
        assert_eq!(wrong("server", &["testkit"]), ["`server` may not use `testkit`"]);
        assert_eq!(wrong("attic", &[]), ["`attic` is not among the rooms"]);
    }

    #[test]
    fn the_table_itself_points_down() {
        for (n, (room, may)) in ARROWS.iter().enumerate() {
            let May::Use(allowed) = may else { continue };
            for used in *allowed {
                let below = ARROWS[..n].iter().any(|(it, _)| it == used);
                assert!(below || *used == "testkit", "`{room}` stands before `{used}`");
            }
        }
    }
}
