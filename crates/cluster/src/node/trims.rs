//! From which entry on the log is still needed.

use std::collections::{BTreeMap, BTreeSet};

use weir_event::Seq;

/// The last committed snapshot of each app: an entry goes when every app has one at or after it.
#[derive(Debug, Default)]
pub(super) struct Trims {
    apps: BTreeSet<String>,
    committed: BTreeMap<String, Seq>,
}

impl Trims {
    pub(super) fn set_apps(&mut self, apps: BTreeSet<String>) {
        self.committed.retain(|app, _| apps.contains(app));
        self.apps = apps;
    }

    /// Notes a snapshot; answers the number up to which no app needs entries any more.
    pub(super) fn snapshot(&mut self, app: &str, seq: Seq) -> Option<Seq> {
        self.apps.insert(app.to_owned());
        let known = self.committed.entry(app.to_owned()).or_insert(seq);
        *known = seq.max(*known);
        if self.committed.len() < self.apps.len() {
            return None;
        }
        self.committed.values().min().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_stays_until_the_last_app_has_a_snapshot_behind_it() {
        let mut trims = Trims::default();
        trims.set_apps(BTreeSet::from(["A".to_owned(), "B".to_owned()]));
        assert_eq!(trims.snapshot("A", Seq(9)), None);
        assert_eq!(trims.snapshot("B", Seq(4)), Some(Seq(4)));
        assert_eq!(trims.snapshot("B", Seq(12)), Some(Seq(9)));
        assert_eq!(trims.snapshot("A", Seq(2)), Some(Seq(9)));
        trims.set_apps(BTreeSet::from(["B".to_owned()]));
        assert_eq!(trims.snapshot("B", Seq(13)), Some(Seq(13)));
    }
}
