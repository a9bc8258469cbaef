//! How much an app holds, so that its host can stop taking events before memory is full.

use crate::app::App;

/// What holds the most in an app, and how much the app holds in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// About how many bytes the state takes.
    pub bytes: u64,
    /// How many of them the largest holder takes.
    pub most_bytes: u64,
    /// The largest holder, in words.
    pub most: String,
}

impl App {
    /// How much the app holds: rows of windows, patterns and tables, what processors hold back,
    /// periods of aggregations, groups and partition keys.
    ///
    /// It is a function of the state and what its types take, not of the memory of one machine,
    /// and cheap: nothing is gone through row by row.
    #[must_use]
    pub fn held(&self) -> Held {
        let mut held = Held { bytes: 0, most_bytes: 0, most: "nothing".into() };
        let mut add = |bytes: u64, of: &dyn Fn() -> String| {
            held.bytes += bytes;
            if bytes > held.most_bytes {
                held.most_bytes = bytes;
                held.most = of();
            }
        };
        for query in &self.queries {
            add(query.input.held_bytes(), &|| format!("the events of query `{}`", query.name));
            let groups = query.selector.held_bytes();
            add(groups, &|| format!("the groups of query `{}`", query.name));
        }
        for (window, plan) in self.windows.iter().zip(&self.plan.windows) {
            add(window.window.held_bytes(), &|| format!("window `{}`", plan.name));
        }
        for (table, plan) in self.tables.iter().zip(&self.plan.tables) {
            add(table.held_bytes(), &|| format!("table `{}`", plan.name));
        }
        for (aggregation, plan) in self.aggregations.iter().zip(&self.plan.aggregations) {
            let bytes = aggregation.input.held_bytes() + aggregation.totals.held_bytes();
            add(bytes, &|| format!("the periods of aggregation `{}`", plan.name));
        }
        for partition in &self.partitions {
            add(partition.held_bytes(), &|| "the keys of a partition".into());
        }
        held
    }

    /// What to tell whoever sends events to an app that holds more than it may; `None` as long as
    /// it may take more.
    #[must_use]
    pub fn too_much(&self, max_bytes: u64) -> Option<String> {
        let held = self.held();
        (held.bytes > max_bytes).then(|| {
            format!(
                "app `{}` holds {} of state and may hold {}; most of it ({}) are {}\n\
                 hint: bound it in the app: a shorter window, `within` in a pattern, `@purge` for \
                 a partition or an aggregation, a key for a table",
                self.name,
                mib(held.bytes),
                mib(max_bytes),
                mib(held.most_bytes),
                held.most
            )
        })
    }
}

fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1024 * 1024))
}
