//! Queries, partitions and on-demand queries.

use super::definition::annotations;
use super::expression::{attribute_ref, expr, literal, stream_ref, time};
use super::input::{input, opt_on, within_per};
use super::name::{Quoting, list, name, string};
use crate::tree::{
    AttributeRef, EventType, Expr, OnDemandAction, OnDemandQuery, Output, OutputAction, Partition,
    PartitionBy, Query, Rate, RateKind, RateWhich, SelectItems, Selection, SetClause, StreamRef,
};

pub(super) fn query(out: &mut String, query: &Query) {
    annotations(out, &query.annotations);
    out.push_str("from ");
    input(out, &query.input);
    out.push(' ');
    selection(out, &query.selection);
    if let Some(limited) = &query.rate {
        rate(out, limited);
    }
    output(out, &query.output);
}

pub(super) fn partition(out: &mut String, partition: &Partition) {
    annotations(out, &partition.annotations);
    out.push_str("partition with (");
    list(out, &partition.keys, |out, key| {
        match &key.by {
            PartitionBy::Value(value) => expr(out, value),
            PartitionBy::Ranges(ranges) => {
                for (at, range) in ranges.iter().enumerate() {
                    if at > 0 {
                        out.push_str(" or ");
                    }
                    expr(out, &range.condition);
                    out.push_str(" as ");
                    string(out, &range.name);
                }
            }
        }
        out.push_str(" of ");
        name(out, &key.stream, Quoting::Keywords);
    });
    out.push_str(") begin ");
    for it in &partition.queries {
        query(out, it);
        out.push_str("; ");
    }
    out.push_str("end");
}

pub(super) fn on_demand(out: &mut String, query: &OnDemandQuery) {
    if let Some(input) = &query.input {
        out.push_str("from ");
        stream_ref(out, &input.store);
        if let Some(alias) = &input.alias {
            out.push_str(" as ");
            name(out, alias, Quoting::Keywords);
        }
        opt_on(out, input.on.as_ref());
        within_per(out, input.within.as_ref(), input.per.as_ref());
        out.push(' ');
    }
    let everything = query.selection == Selection::everything(query.span);
    match &query.action {
        OnDemandAction::Delete { .. } | OnDemandAction::Update { .. } if everything => {}
        OnDemandAction::Find
        | OnDemandAction::Insert { .. }
        | OnDemandAction::Delete { .. }
        | OnDemandAction::Update { .. }
        | OnDemandAction::UpdateOrInsert { .. } => selection(out, &query.selection),
    }
    match &query.action {
        OnDemandAction::Find => {}
        OnDemandAction::Insert { target } => {
            out.push_str(" insert into ");
            stream_ref(out, target);
        }
        OnDemandAction::Delete { target, on } => {
            out.push_str(" delete ");
            stream_ref(out, target);
            opt_on(out, on.as_ref());
        }
        OnDemandAction::Update { target, set, on } => change(out, "update", target, None, set, on),
        OnDemandAction::UpdateOrInsert { target, set, on } => {
            change(out, "update or insert into", target, None, set, on);
        }
    }
}

pub(super) fn items(out: &mut String, items: &SelectItems) {
    match items {
        SelectItems::All => out.push('*'),
        SelectItems::List(items) => list(out, items, |out, item| {
            expr(out, &item.expr);
            if let Some(alias) = &item.alias {
                out.push_str(" as ");
                name(out, alias, Quoting::Operators);
            }
        }),
    }
}

pub(super) fn group_by(out: &mut String, attributes: &[AttributeRef]) {
    if !attributes.is_empty() {
        out.push_str(" group by ");
        list(out, attributes, attribute_ref);
    }
}

fn selection(out: &mut String, selection: &Selection) {
    out.push_str("select ");
    items(out, &selection.items);
    group_by(out, &selection.group_by);
    if let Some(condition) = &selection.having {
        out.push_str(" having ");
        expr(out, condition);
    }
    if !selection.order_by.is_empty() {
        out.push_str(" order by ");
        list(out, &selection.order_by, |out, it| {
            attribute_ref(out, &it.attribute);
            if it.descending {
                out.push_str(" desc");
            }
        });
    }
    for (word, bound) in [(" limit ", &selection.limit), (" offset ", &selection.offset)] {
        if let Some(bound) = bound {
            out.push_str(word);
            literal(out, &bound.value);
        }
    }
}

fn rate(out: &mut String, rate: &Rate) {
    let which = |which: &RateWhich| match which {
        RateWhich::All => "",
        RateWhich::First => "first ",
        RateWhich::Last => "last ",
    };
    out.push_str(" output ");
    match &rate.kind {
        RateKind::Events { which: of, count } => {
            out.push_str(&format!("{}every {count} events", which(of)));
        }
        RateKind::Time { which: of, every } => {
            out.push_str(&format!("{}every ", which(of)));
            time(out, every.ms);
        }
        RateKind::Snapshot { every } => {
            out.push_str("snapshot every ");
            time(out, every.ms);
        }
    }
}

pub(super) fn event_type(of: EventType) -> &'static str {
    match of {
        EventType::Current => "current events",
        EventType::Expired => "expired events",
        EventType::All => "all events",
    }
}

fn output(out: &mut String, output: &Output) {
    let events = output.events;
    match &output.action {
        OutputAction::Insert { target } => {
            out.push_str(" insert ");
            if let Some(events) = events {
                out.push_str(event_type(events));
                out.push(' ');
            }
            out.push_str("into ");
            stream_ref(out, target);
        }
        OutputAction::Delete { target, on } => {
            out.push_str(" delete ");
            stream_ref(out, target);
            opt_for(out, events);
            opt_on(out, on.as_ref());
        }
        OutputAction::Update { target, set, on } => {
            change(out, "update", target, events, set, on);
        }
        OutputAction::UpdateOrInsert { target, set, on } => {
            change(out, "update or insert into", target, events, set, on);
        }
        OutputAction::Return => {
            out.push_str(" return");
            if let Some(events) = events {
                out.push(' ');
                out.push_str(event_type(events));
            }
        }
    }
}

fn opt_for(out: &mut String, events: Option<EventType>) {
    if let Some(events) = events {
        out.push_str(" for ");
        out.push_str(event_type(events));
    }
}

fn change(
    out: &mut String,
    verb: &str,
    target: &StreamRef,
    events: Option<EventType>,
    set: &[SetClause],
    on: &Expr,
) {
    out.push_str(&format!(" {verb} "));
    stream_ref(out, target);
    opt_for(out, events);
    if !set.is_empty() {
        out.push_str(" set ");
        list(out, set, |out, it| {
            attribute_ref(out, &it.attribute);
            out.push_str(" = ");
            expr(out, &it.value);
        });
    }
    opt_on(out, Some(on));
}
