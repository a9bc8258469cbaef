//! An app, its annotations and its definitions.

use super::expression::{attribute_ref, call, time};
use super::input::stream;
use super::name::{Quoting, key, list, name, string};
use super::query::{event_type, group_by, items, partition, query};
use crate::tree::{
    AggregationDefinition, AggregationPeriods, Annotation, App, AttributeDefinition, Definition,
    Execution, FunctionDefinition, TriggerAt, TriggerDefinition,
};

pub(super) fn app(out: &mut String, app: &App) {
    for it in &app.annotations {
        annotation(out, it, "@app:");
        out.push('\n');
    }
    for it in &app.definitions {
        definition(out, it);
        out.push_str(";\n");
    }
    for it in &app.execution {
        match it {
            Execution::Query(it) => query(out, it),
            Execution::Partition(it) => partition(out, it),
        }
        out.push_str(";\n");
    }
}

pub(super) fn annotations(out: &mut String, annotations: &[Annotation]) {
    for it in annotations {
        annotation(out, it, "@");
        out.push(' ');
    }
}

fn annotation(out: &mut String, of: &Annotation, sign: &str) {
    out.push_str(sign);
    name(out, &of.name, if sign == "@" { Quoting::Operators } else { Quoting::Keywords });
    if of.elements.is_empty() && of.annotations.is_empty() {
        return;
    }
    out.push('(');
    list(out, &of.elements, |out, element| {
        if let Some(it) = &element.key {
            key(out, it);
            out.push('=');
        }
        string(out, &element.value);
    });
    if !of.elements.is_empty() && !of.annotations.is_empty() {
        out.push_str(", ");
    }
    list(out, &of.annotations, |out, it| annotation(out, it, "@"));
    out.push(')');
}

fn definition(out: &mut String, definition: &Definition) {
    match definition {
        Definition::Stream(it) => {
            annotations(out, &it.annotations);
            defined(out, "stream", &it.name, &it.attributes);
        }
        Definition::Table(it) => {
            annotations(out, &it.annotations);
            defined(out, "table", &it.name, &it.attributes);
        }
        Definition::Window(it) => {
            annotations(out, &it.annotations);
            defined(out, "window", &it.name, &it.attributes);
            out.push(' ');
            call(out, &it.window);
            if let Some(events) = it.output {
                out.push_str(" output ");
                out.push_str(event_type(events));
            }
        }
        Definition::Trigger(it) => trigger(out, it),
        Definition::Function(it) => function(out, it),
        Definition::Aggregation(it) => aggregation(out, it),
    }
}

fn defined(out: &mut String, what: &str, of: &str, attributes: &[AttributeDefinition]) {
    out.push_str(&format!("define {what} "));
    name(out, of, Quoting::Keywords);
    out.push_str(" (");
    list(out, attributes, |out, attribute| {
        name(out, &attribute.name, Quoting::Operators);
        out.push(' ');
        out.push_str(attribute.ty.word());
    });
    out.push(')');
}

fn trigger(out: &mut String, trigger: &TriggerDefinition) {
    out.push_str("define trigger ");
    name(out, &trigger.name, Quoting::Keywords);
    match &trigger.at {
        TriggerAt::Every(every) => {
            out.push_str(" at every ");
            time(out, every.ms);
        }
        TriggerAt::Text(text) => {
            out.push_str(" at ");
            string(out, text);
        }
    }
}

fn function(out: &mut String, function: &FunctionDefinition) {
    out.push_str("define function ");
    name(out, &function.name, Quoting::Keywords);
    out.push('[');
    name(out, &function.language, Quoting::Keywords);
    out.push_str("] return ");
    out.push_str(function.returns.word());
    out.push_str(" {");
    out.push_str(&function.body);
    out.push('}');
}

fn aggregation(out: &mut String, of: &AggregationDefinition) {
    annotations(out, &of.annotations);
    out.push_str("define aggregation ");
    name(out, &of.name, Quoting::Keywords);
    out.push_str(" from ");
    stream(out, &of.input);
    out.push_str(" select ");
    items(out, &of.items);
    group_by(out, &of.group_by);
    out.push_str(" aggregate");
    if let Some(by) = &of.aggregate_by {
        out.push_str(" by ");
        attribute_ref(out, by);
    }
    out.push_str(" every ");
    match &of.every {
        AggregationPeriods::Range(from, to) => {
            out.push_str(&format!("{} ... {}", from.word(), to.word()));
        }
        AggregationPeriods::List(periods) => {
            list(out, periods, |out, period| out.push_str(period.word()));
        }
    }
}
