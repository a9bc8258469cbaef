//! One node takes the lease, whoever else tries; nodes say that they are there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Barrier;
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;
use weir_codec::LogId;
use weir_event::{Epoch, Time};

use super::{LeaseRow, NodeRow};
use crate::door::{Database, DatabaseOptions, StoreError};

const GROUP: &str = "si";

fn database(folder: &TempDir) -> Database {
    let url = format!("jdbc:sqlite:{}", folder.path().join("cluster.db").display());
    // Long enough for the slowest machine: nothing here waits for it to pass.
    let patient = DatabaseOptions { busy_timeout: Duration::from_secs(120) };
    Database::open(&url, patient).expect("the folder is there")
}

fn lease(log: u128, epoch: u64, renewals: u64) -> LeaseRow {
    LeaseRow {
        holder: Some(format!("node-{log}")),
        log: LogId(log),
        epoch: Epoch(epoch),
        renewals,
        in_sync: BTreeSet::from([LogId(log), LogId(99)]),
    }
}

#[test]
fn a_lease_comes_back_as_it_was_written() {
    let folder = TempDir::new().unwrap();
    let mut cluster = database(&folder).cluster().unwrap();
    assert_eq!(cluster.lease(GROUP).unwrap(), None);
    let first = lease(1, 1, 0);
    assert!(cluster.write_lease(GROUP, None, &first).unwrap());
    assert_eq!(cluster.lease(GROUP).unwrap(), Some(first.clone()));
    let released =
        LeaseRow { holder: None, renewals: 1, in_sync: BTreeSet::new(), ..first.clone() };
    assert!(cluster.write_lease(GROUP, Some(first.version()), &released).unwrap());
    assert_eq!(cluster.lease(GROUP).unwrap(), Some(released));
    assert_eq!(cluster.lease("another").unwrap(), None);
}

#[test]
fn a_lease_is_written_only_where_it_is_as_expected() {
    let folder = TempDir::new().unwrap();
    let mut cluster = database(&folder).cluster().unwrap();
    let held = lease(1, 3, 7);
    assert!(cluster.write_lease(GROUP, None, &held).unwrap());
    assert!(!cluster.write_lease(GROUP, None, &lease(2, 4, 0)).unwrap());
    for stale in [lease(2, 3, 7), lease(1, 2, 7), lease(1, 4, 7), lease(1, 3, 6), lease(1, 3, 8)] {
        let written = cluster.write_lease(GROUP, Some(stale.version()), &lease(2, 4, 0));
        assert!(!written.unwrap(), "{stale:?}");
        let other = cluster.write_lease("another", Some(held.version()), &lease(2, 4, 0));
        assert!(!other.unwrap());
    }
    assert_eq!(cluster.lease(GROUP).unwrap(), Some(held.clone()));
    assert!(cluster.write_lease(GROUP, Some(held.version()), &lease(2, 4, 0)).unwrap());
    assert_eq!(cluster.lease(GROUP).unwrap(), Some(lease(2, 4, 0)));
}

#[test]
fn of_many_that_try_at_once_exactly_one_takes_the_lease() {
    let folder = TempDir::new().unwrap();
    let database = database(&folder);
    let (nodes, rounds) = (4_u128, 15_u64);
    let barrier = Barrier::new(nodes as usize);
    let taken: Vec<Vec<u64>> = std::thread::scope(|scope| {
        let node = |log| {
            let (database, barrier) = (&database, &barrier);
            scope.spawn(move || {
                let mut cluster = database.cluster().unwrap();
                let mut taken = Vec::new();
                for epoch in 1..=rounds {
                    let seen = cluster.lease(GROUP).unwrap().map(|row| row.version());
                    barrier.wait();
                    if cluster.write_lease(GROUP, seen, &lease(log, epoch, 0)).unwrap() {
                        taken.push(epoch);
                    }
                    barrier.wait();
                }
                taken
            })
        };
        let nodes: Vec<_> = (1..=nodes).map(node).collect();
        nodes.into_iter().map(|node| node.join().unwrap()).collect()
    });
    let mut epochs = taken.concat();
    epochs.sort_unstable();
    assert_eq!(epochs, (1..=rounds).collect::<Vec<_>>());
}

#[test]
fn nodes_are_seen_with_their_properties_until_they_go() {
    let folder = TempDir::new().unwrap();
    let database = database(&folder);
    let [mut a, mut b] = [database.cluster().unwrap(), database.cluster().unwrap()];
    let node = |name: &str, heartbeat| NodeRow {
        node: name.into(),
        properties: BTreeMap::from([
            ("advertisedHost".into(), "10.0.0.\"1\"".into()),
            ("port".into(), "9893".into()),
        ]),
        heartbeat: Time(heartbeat),
    };
    a.heartbeat(GROUP, &node("node-b", 5)).unwrap();
    b.heartbeat(GROUP, &node("node-a", 6)).unwrap();
    b.heartbeat("another", &node("node-c", 7)).unwrap();
    a.heartbeat(GROUP, &node("node-b", 8)).unwrap();
    assert_eq!(b.nodes(GROUP).unwrap(), [node("node-a", 6), node("node-b", 8)]);
    a.forget(GROUP, "node-b").unwrap();
    a.forget(GROUP, "node-b").unwrap();
    assert_eq!(b.nodes(GROUP).unwrap(), [node("node-a", 6)]);
}

#[test]
fn the_lease_is_renewed_while_the_data_is_being_written() {
    let folder = TempDir::new().unwrap();
    let database = database(&folder);
    let mut cluster = database.cluster().unwrap();
    let writer = Connection::open(database.file()).unwrap();
    writer.execute_batch("CREATE TABLE T (a); BEGIN IMMEDIATE; INSERT INTO T VALUES (1)").unwrap();
    assert!(cluster.write_lease(GROUP, None, &lease(1, 1, 0)).unwrap());
    assert!(cluster.write_lease(GROUP, Some(lease(1, 1, 0).version()), &lease(1, 1, 1)).unwrap());
    writer.execute_batch("COMMIT").unwrap();
}

#[test]
fn rows_that_make_no_sense_are_named() {
    let folder = TempDir::new().unwrap();
    let database = database(&folder);
    let mut cluster = database.cluster().unwrap();
    assert!(cluster.write_lease(GROUP, None, &lease(1, 1, 0)).unwrap());
    let other = Connection::open(database.cluster_file()).unwrap();
    other.execute_batch("UPDATE CLUSTER_LEASE SET inSync = 'node-1'").unwrap();
    let refused = cluster.lease(GROUP).expect_err("a name is not an id");
    let expected = "CLUSTER_LEASE: `log id` is not well formed";
    assert!(matches!(refused, StoreError::Damaged { .. }), "{refused}");
    assert!(refused.to_string().contains(expected), "{refused}");
    let insert = "INSERT INTO CLUSTER_NODE VALUES ('si', 'node-1', '{', 0)";
    other.execute_batch(insert).unwrap();
    let refused = cluster.nodes(GROUP).expect_err("it is no JSON").to_string();
    assert!(refused.contains("propertyMap of node `node-1`: EOF"), "{refused}");
    let enormous = LeaseRow { epoch: Epoch(u64::MAX), ..lease(1, 1, 0) };
    let refused = cluster.write_lease(GROUP, None, &enormous);
    assert!(matches!(refused, Err(StoreError::Refused { .. })), "{refused:?}");
}
