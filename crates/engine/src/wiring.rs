//! Who hands rows to whom.

use weir_plan::{InputPlan, Origin, QueryPlan};

use crate::app::{App, Receiver};
use crate::partition::Partition;
use crate::pattern;
use crate::query::Port;

/// The streams and windows a query reads, with the input each feeds.
pub(crate) fn reads(query: &QueryPlan) -> Vec<(Origin, Port)> {
    match &query.input {
        InputPlan::Single(single) => vec![(single.origin, Port::Only)],
        InputPlan::Join(join) => {
            let event = |it: Origin| matches!(it, Origin::Stream(_) | Origin::Window(_));
            let (left, right) = (join.left.origin, join.right.origin);
            if left == right && event(left) {
                // A named window joined with itself triggers through its left side alone.
                let named = matches!(left, Origin::Window(_));
                return vec![(left, if named { Port::Left } else { Port::Both })];
            }
            [(left, Port::Left), (right, Port::Right)]
                .into_iter()
                .filter(|(origin, _)| event(*origin))
                .collect()
        }
        InputPlan::State(state) => {
            let streams = pattern::streams(state).into_iter().enumerate();
            streams.map(|(at, it)| (it, Port::Stream(at as u16))).collect()
        }
    }
}

/// Subscribes queries and partitions, in the order of the text.
pub(crate) fn connect(app: &mut App) {
    for at in 0..app.plan.aggregations.len() {
        let origin = app.plan.aggregations[at].input.origin;
        subscribe(app, origin, Receiver::Aggregation(at as u32));
    }
    for at in 0..app.plan.queries.len() {
        let query = &app.plan.queries[at];
        let id = at as u32;
        let partition = query.partition;
        for (origin, port) in reads(query) {
            let receiver = match partition {
                None => Receiver::Query(id, port),
                Some(partition) => {
                    let inner = matches!(origin, Origin::Stream(stream)
                        if app.plan.streams[stream.index()].partition.is_some());
                    if inner {
                        Receiver::Query(id, port)
                    } else {
                        let partition = partition.index();
                        read_inside(&mut app.partitions[partition], origin, (id, port));
                        Receiver::Partition(partition as u32)
                    }
                }
            };
            subscribe(app, origin, receiver);
        }
        if let Some(partition) = partition {
            app.partitions[partition.index()].queries.push(id);
        }
    }
}

fn read_inside(partition: &mut Partition, origin: Origin, reader: (u32, Port)) {
    match partition.inside.iter_mut().find(|(from, _)| *from == origin) {
        Some((_, readers)) => readers.push(reader),
        None => partition.inside.push((origin, vec![reader])),
    }
}

fn subscribe(app: &mut App, origin: Origin, receiver: Receiver) {
    let list = match origin {
        Origin::Stream(stream) => &mut app.receivers[stream.index()],
        Origin::Window(window) => &mut app.window_receivers[window.index()],
        Origin::Table(_) | Origin::Aggregation(_) => return,
    };
    if let Receiver::Partition(partition) = receiver
        && list.iter().any(|it| matches!(it, Receiver::Partition(other) if *other == partition))
    {
        return;
    }
    list.push(receiver);
}
