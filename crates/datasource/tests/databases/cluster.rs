//! One node takes the lease, whoever else tries; nodes say that they are there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Barrier;

use weir_codec::LogId;
use weir_datasource::{LeaseRow, NodeRow, SnapshotPlace, StoreError};
use weir_event::{Epoch, Time};

use crate::bed::{Bed, on_every_database, statement};

const GROUP: &str = "si";

fn lease(log: u128, epoch: u64, renewals: u64) -> LeaseRow {
    LeaseRow {
        holder: Some(format!("node-{log}")),
        log: LogId(log),
        epoch: Epoch(epoch),
        renewals,
        in_sync: BTreeSet::from([LogId(log), LogId(99)]),
    }
}

fn a_lease_comes_back_as_it_was_written(bed: &Bed) {
    let mut cluster = bed.database().cluster().unwrap();
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

fn a_lease_is_written_only_where_it_is_as_expected(bed: &Bed) {
    let mut cluster = bed.database().cluster().unwrap();
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

fn of_many_that_try_at_once_exactly_one_takes_the_lease(bed: &Bed) {
    let database = bed.database();
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

fn nodes_are_seen_with_their_properties_until_they_go(bed: &Bed) {
    let database = bed.database();
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

fn the_lease_is_renewed_while_the_data_is_being_written(bed: &Bed) {
    let mut cluster = bed.database().cluster().unwrap();
    bed.run("CREATE TABLE T (a INTEGER)");
    let mut writer = bed.sql();
    let (begun, started) = std::sync::mpsc::channel();
    let (ended, renewed) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let insert = statement("INSERT INTO T VALUES (1)", []);
            let all = std::iter::repeat_n(insert, 2_000).collect::<Vec<_>>();
            begun.send(()).unwrap();
            while renewed.try_recv().is_err() {
                writer.execute_all(&all).unwrap();
            }
        });
        started.recv().unwrap();
        assert!(cluster.write_lease(GROUP, None, &lease(1, 1, 0)).unwrap());
        for renewals in 0..20 {
            let expected = Some(lease(1, 1, renewals).version());
            assert!(cluster.write_lease(GROUP, expected, &lease(1, 1, renewals + 1)).unwrap());
        }
        ended.send(()).unwrap();
    });
}

fn rows_that_make_no_sense_are_named(bed: &Bed) {
    let mut cluster = bed.database().cluster().unwrap();
    assert!(cluster.write_lease(GROUP, None, &lease(1, 1, 0)).unwrap());
    bed.run_at_lease("UPDATE CLUSTER_LEASE SET inSync = 'node-1'");
    let refused = cluster.lease(GROUP).expect_err("a name is not an id");
    let expected = "CLUSTER_LEASE: `log id` is not well formed";
    assert!(matches!(refused, StoreError::Damaged { .. }), "{refused}");
    assert!(refused.to_string().contains(expected), "{refused}");
    bed.run_at_lease("INSERT INTO CLUSTER_NODE VALUES ('si', 'node-1', '{', 0)");
    let refused = cluster.nodes(GROUP).expect_err("it is no JSON").to_string();
    assert!(refused.contains("propertyMap of node `node-1`: EOF"), "{refused}");
    let enormous = LeaseRow { epoch: Epoch(u64::MAX), ..lease(1, 1, 0) };
    let refused = cluster.write_lease(GROUP, None, &enormous);
    assert!(matches!(refused, Err(StoreError::Refused { .. })), "{refused:?}");
}

fn names_are_kept_as_they_are_up_to_their_longest(bed: &Bed) {
    let mut cluster = bed.database().cluster().unwrap();
    let node = |node: &str| NodeRow {
        node: node.into(),
        properties: BTreeMap::from([("host".into(), "\u{1f600}".into())]),
        heartbeat: Time(i64::MAX),
    };
    // Four bytes a character: what an index entry of MySQL must have room for.
    let [group, long] = ["\u{1f600}".repeat(255), "\u{1f602}".repeat(255)];
    for name in ["N", "n", "\u{e9}", "e\u{301}", &long] {
        cluster.heartbeat(&group, &node(name)).unwrap();
    }
    let mut found: Vec<_> =
        cluster.nodes(&group).unwrap().into_iter().map(|row| row.node).collect();
    found.sort();
    assert_eq!(found, ["N", "e\u{301}", "n", "\u{e9}", &long]);
    assert_eq!(cluster.nodes(&group).unwrap()[0], node("N"));
    let held = LeaseRow { holder: Some(long.clone()), ..lease(1, 1, 0) };
    assert!(cluster.write_lease(&group, None, &held).unwrap());
    assert_eq!(cluster.lease(&group).unwrap(), Some(held.clone()));
    let too_long = format!("{long}x");
    let refused = cluster.heartbeat(GROUP, &node(&too_long)).expect_err("256 characters");
    assert!(refused.to_string().contains("at most 255 characters\nhint: "), "{refused}");
    assert!(cluster.heartbeat(&too_long, &node("n")).is_err());
    let held = LeaseRow { holder: Some(too_long), ..held };
    assert!(cluster.write_lease(GROUP, None, &held).is_err());
}

fn nodes_that_start_at_the_same_moment_all_find_their_tables(bed: &Bed) {
    let barrier = Barrier::new(6);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let database = bed.database();
                barrier.wait();
                let mut cluster = database.cluster().unwrap();
                database.snapshots(&SnapshotPlace::of_scope("si")).unwrap();
                assert_eq!(cluster.lease(GROUP).unwrap(), None);
            });
        }
    });
}

fn a_table_of_another_program_is_left_alone_and_said(bed: &Bed) {
    bed.run_at_lease("CREATE TABLE CLUSTER_NODE (a INTEGER)");
    let Err(refused) = bed.database().cluster() else { panic!("it was taken") };
    let refused = refused.to_string();
    assert!(refused.starts_with("cannot use `the table CLUSTER_NODE of "), "{refused}");
    assert!(refused.contains("it is there with other columns than "), "{refused}");
}

on_every_database! {
    a_lease_comes_back_as_it_was_written,
    a_lease_is_written_only_where_it_is_as_expected,
    of_many_that_try_at_once_exactly_one_takes_the_lease,
    nodes_are_seen_with_their_properties_until_they_go,
    the_lease_is_renewed_while_the_data_is_being_written,
    rows_that_make_no_sense_are_named,
    names_are_kept_as_they_are_up_to_their_longest,
    nodes_that_start_at_the_same_moment_all_find_their_tables,
    a_table_of_another_program_is_left_alone_and_said,
}
