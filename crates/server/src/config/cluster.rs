//! `cluster.config`: the group a node belongs to, and how soon a silent node is given up.

use std::time::Duration;

use super::datasources::{Datasource, Datasources};
use super::keys::{Keys, Reading, Written};

/// How long the lease lasts when the file gives no heartbeat.
const LEASE: Duration = Duration::from_secs(2);
/// How often the lease is renewed when the file gives no heartbeat.
const RENEWAL: Duration = Duration::from_millis(500);
/// The shortest heartbeat: below it the database has more to do than the apps.
const HEARTBEAT_MIN_MS: i64 = 50;

/// The section as written.
#[derive(Debug)]
pub(super) struct RawCluster {
    path: String,
    place: super::problem::Place,
    enabled: Option<Written<bool>>,
    group: Option<Written<String>>,
    strategy: Option<Written<String>>,
    datasource: Option<Written<String>>,
    heartbeat_ms: Option<Written<i64>>,
    heartbeat_retries: Option<Written<i64>>,
}

/// The same, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// The group's name, the same on both nodes.
    pub group: String,
    /// How long a node may be silent before the other takes over.
    pub lease: Duration,
    /// How often the active renews its lease.
    pub renewal: Duration,
    /// The database with the group's tables, the same for both nodes.
    pub datasource: Datasource,
}

impl RawCluster {
    pub(super) fn read(mut keys: Keys<'_>) -> Self {
        let (path, place) = (keys.path.clone(), keys.place);
        let enabled = keys.bool("enabled");
        let group = keys.text("groupId");
        let strategy = keys.text("coordinationStrategyClass");
        let mut raw = Self {
            path,
            place,
            enabled,
            group,
            strategy,
            datasource: None,
            heartbeat_ms: None,
            heartbeat_retries: None,
        };
        if let Some(mut strategy) = keys.section("strategyConfig") {
            raw.datasource = strategy.text("datasource");
            raw.heartbeat_ms = strategy.number("heartbeatInterval", HEARTBEAT_MIN_MS..=3_600_000);
            raw.heartbeat_retries = strategy.number("heartbeatMaxRetry", 1..=1_000);
            strategy.ignored(
                &["eventPollingInterval"],
                "roles come from the lease, and no membership events are polled",
            );
            strategy.ignored(&["queries"], "the statements are built in for each database");
            strategy.finish();
        }
        keys.finish();
        raw
    }

    /// `None` when clustering is off.
    pub(super) fn check(self, all: &Datasources, cx: &Reading<'_>) -> Option<Cluster> {
        if !self.enabled.as_ref().is_some_and(|it| it.value) {
            return None;
        }
        if let Some(class) = &self.strategy
            && !class.value.ends_with("RDBMSCoordinationStrategy")
        {
            let problem = class.problem(&format!("`{}` is not supported", class.value));
            cx.problem(problem.hint("leave the key out: the group is kept in a database"));
        }
        let required = |key: &str, hint: &str| {
            let message = format!("`{}.{key}` is required when clustering is enabled", self.path);
            cx.problem(super::problem::ConfigProblem::new(Some(self.place), message).hint(hint));
        };
        let group = match self.group {
            Some(group) if !group.value.trim().is_empty() => Some(group.value),
            Some(_) | None => {
                required("groupId", "give both nodes of the pair the same name, such as `si`");
                None
            }
        };
        let datasource = match &self.datasource {
            Some(name) => all.find(name, cx),
            None => {
                required(
                    "strategyConfig.datasource",
                    "name a data source of `wso2.datasources` that both nodes share",
                );
                None
            }
        };
        let (lease, renewal) = match (self.heartbeat_ms, self.heartbeat_retries) {
            (None, None) => (LEASE, RENEWAL),
            (interval, retries) => {
                let interval = interval.map_or(5_000, |it| it.value).unsigned_abs();
                let retries = retries.map_or(3, |it| it.value).unsigned_abs();
                let lease = Duration::from_millis(interval.saturating_mul(retries));
                (lease, Duration::from_millis(interval).min(lease / 4))
            }
        };
        Some(Cluster { group: group?, lease, renewal, datasource: datasource? })
    }
}
