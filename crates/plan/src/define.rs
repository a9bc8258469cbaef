//! Definitions: what exists in an app, and under which names.

use indexmap::IndexMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use weir_event::{Attribute, DataType, Schema};
use weir_expr as x;
use weir_query as q;
use weir_query::{Annotation, Problem, Span};

use crate::app::time_text;
use crate::compile::{nearest, quoted};
use crate::configured::Configured;
use crate::graph::{
    AggregationId, CachePlan, CacheWord, OnError, Origin, PartitionId, Plan, ScriptPlan, StreamId,
    StreamPlan, TableId, TablePlan, TableStore, TriggerPlan, TriggerTime, WindowId, data_type,
};

/// What exists so far: definitions first, then what queries create.
#[derive(Debug, Default)]
pub(crate) struct Definitions {
    pub plan: Plan,
    /// What the host's configuration gives.
    pub configured: Configured,
    names: IndexMap<String, Origin>,
    /// Names that a faulty text was to define.
    faulty: BTreeSet<String>,
    inner: IndexMap<(PartitionId, String), StreamId>,
}

impl Definitions {
    /// The definitions of an app that is planned already.
    pub(crate) fn of(plan: Plan) -> Self {
        let mut names = IndexMap::new();
        for (at, it) in plan.streams.iter().enumerate() {
            if it.partition.is_none() {
                names.insert(it.name.clone(), Origin::Stream(StreamId(at as u32)));
            }
        }
        for (at, it) in plan.tables.iter().enumerate() {
            names.insert(it.name.clone(), Origin::Table(TableId(at as u32)));
        }
        for (at, it) in plan.windows.iter().enumerate() {
            names.insert(it.name.clone(), Origin::Window(WindowId(at as u32)));
        }
        for (at, it) in plan.aggregations.iter().enumerate() {
            names.insert(it.name.clone(), Origin::Aggregation(AggregationId(at as u32)));
        }
        Self { plan, names, ..Self::default() }
    }

    /// Notes that a faulty text was to define a name.
    pub(crate) fn add_faulty(&mut self, name: &str) {
        self.faulty.insert(name.to_owned());
    }

    /// Whether a name is not defined because the text that was to do so is faulty.
    pub(crate) fn is_faulty(&self, name: &str) -> bool {
        self.faulty.contains(name)
    }

    /// What a plain name stands for.
    pub(crate) fn named(&self, name: &str) -> Option<Origin> {
        self.names.get(name).copied()
    }

    pub(crate) fn table(&self, name: &str) -> Option<TableId> {
        match self.named(name)? {
            Origin::Table(id) => Some(id),
            Origin::Stream(_) | Origin::Window(_) | Origin::Aggregation(_) => None,
        }
    }

    pub(crate) fn table_schema(&self, id: TableId) -> Schema {
        self.plan.tables[id.index()].schema.clone()
    }

    pub(crate) fn script(&self, name: &str) -> Option<&ScriptPlan> {
        self.plan.scripts.iter().find(|it| it.name == name)
    }

    fn define_script(&mut self, it: &q::FunctionDefinition, problems: &mut Vec<Problem>) {
        let returns = data_type(it.returns);
        let bound = match x::script(&it.language, &it.name, &it.body, returns) {
            Ok(bound) => Some(bound),
            Err(why) => {
                problems.push(Problem::new("function", it.name_span, why));
                None
            }
        };
        self.plan.scripts.push(ScriptPlan { name: it.name.clone(), bound });
    }

    /// The attributes of what a name stands for.
    pub(crate) fn schema(&self, origin: Origin) -> Schema {
        match origin {
            Origin::Stream(id) => self.plan.streams[id.index()].schema.clone(),
            Origin::Table(id) => self.table_schema(id),
            Origin::Window(id) => self.plan.windows[id.index()].schema.clone(),
            Origin::Aggregation(id) => self.plan.aggregations[id.index()].schema.clone(),
        }
    }

    /// What a reference in a query stands for.
    pub(crate) fn resolve(
        &self,
        stream: &q::StreamRef,
        partition: Option<PartitionId>,
    ) -> Result<Origin, Problem> {
        let name = stream.name.as_str();
        let found = match stream.kind {
            q::StreamKind::Plain => self.named(name),
            q::StreamKind::Inner => partition
                .and_then(|it| self.inner.get(&(it, name.to_owned())))
                .map(|id| Origin::Stream(*id)),
            q::StreamKind::Fault => self.plan.stream(&format!("!{name}")).map(Origin::Stream),
        };
        found.ok_or_else(|| {
            let written = format!("{}{name}", stream.kind.sign());
            let problem = Problem::new(
                "unknown-stream",
                stream.span,
                format!("no stream, table, window or aggregation `{written}` is defined"),
            );
            let names: Vec<&str> = self.names.keys().map(String::as_str).collect();
            match (stream.kind, nearest(name, &names)) {
                (q::StreamKind::Plain, Some(near)) => {
                    problem.with_hint(format!("did you mean `{near}`"))
                }
                (q::StreamKind::Fault, _) => problem.with_hint(format!(
                    "give the stream `{name}` the annotation `@OnError(action='STREAM')`"
                )),
                (q::StreamKind::Inner, _) => problem
                    .with_hint("an inner stream is made by an `insert into` before it is read"),
                (q::StreamKind::Plain, None) => {
                    problem.with_hint("define it, or insert into it in a query that comes before")
                }
            }
        })
    }

    /// Adds a stream that a query or definition makes.
    pub(crate) fn add_stream(
        &mut self,
        name: &str,
        schema: Schema,
        annotations: Vec<Annotation>,
        inner: Option<PartitionId>,
    ) -> StreamId {
        let id = StreamId(self.plan.streams.len() as u32);
        match inner {
            Some(partition) => {
                self.inner.insert((partition, name.to_owned()), id);
            }
            None => {
                self.names.insert(name.to_owned(), Origin::Stream(id));
            }
        }
        let sign = if inner.is_some() { "#" } else { "" };
        self.plan.streams.push(StreamPlan {
            name: format!("{sign}{name}"),
            schema,
            annotations,
            partition: inner,
            on_error: OnError::Log,
        });
        id
    }

    /// Takes all definitions of an app.
    pub(crate) fn define_all(&mut self, app: &q::App, problems: &mut Vec<Problem>) {
        for definition in &app.definitions {
            match definition {
                q::Definition::Stream(it) => self.stream(it, problems),
                q::Definition::Table(it) => self.define_table(it, problems),
                q::Definition::Trigger(it) => self.trigger(it, problems),
                q::Definition::Function(it) => self.define_script(it, problems),
                q::Definition::Window(_) | q::Definition::Aggregation(_) => {}
            }
        }
    }

    /// Whether a name may be taken; a definition that says the same again is no clash.
    fn is_free(&self, name: &str, same: bool, span: Span, problems: &mut Vec<Problem>) -> bool {
        if self.names.contains_key(name) && !same {
            let message = format!("`{name}` is already defined as something else");
            problems.push(
                Problem::new("duplicate", span, message).with_hint("give one of them another name"),
            );
        }
        !self.names.contains_key(name)
    }

    fn stream(&mut self, it: &q::StreamDefinition, problems: &mut Vec<Problem>) {
        let schema = attributes(&it.attributes, problems);
        let same = matches!(self.named(&it.name), Some(Origin::Stream(id))
            if self.plan.streams[id.index()].schema == schema);
        if !self.is_free(&it.name, same, it.name_span, problems) {
            return;
        }
        single_annotations(&it.annotations, &["OnError", "async"], problems);
        let id = self.add_stream(&it.name, schema.clone(), it.annotations.clone(), None);
        self.check_async(&it.annotations, problems);
        let Some(on_error) = it.annotations.iter().find(|a| a.name.eq_ignore_ascii_case("OnError"))
        else {
            return;
        };
        let action = on_error.element("action").map_or("LOG", |it| it.value.as_str());
        match action.to_ascii_uppercase().as_str() {
            "STREAM" => {
                let mut attributes = schema.to_vec();
                attributes.push(Attribute { name: "_error".into(), data_type: DataType::Object });
                let fault = StreamId(self.plan.streams.len() as u32);
                self.plan.streams.push(StreamPlan {
                    name: format!("!{}", it.name),
                    schema: attributes.into(),
                    annotations: Vec::new(),
                    partition: None,
                    on_error: OnError::Log,
                });
                self.plan.streams[id.index()].on_error = OnError::Stream(fault);
            }
            "STORE" => self.plan.streams[id.index()].on_error = OnError::Store,
            "LOG" => {}
            other => problems.push(
                Problem::new("on-error", on_error.span, format!("`{other}` is no action"))
                    .with_hint("write `LOG`, `STREAM` or `STORE`"),
            ),
        }
    }

    fn check_async(&self, annotations: &[Annotation], problems: &mut Vec<Problem>) {
        let Some(asked) = annotations.iter().find(|it| it.name.eq_ignore_ascii_case("async"))
        else {
            return;
        };
        for key in ["buffer.size", "workers", "batch.size.max"] {
            if let Some(element) = asked.element(key)
                && !element.value.trim().parse::<i64>().is_ok_and(|n| n > 0)
            {
                let message = format!("`{key}` must be a whole number above 0");
                problems.push(Problem::new("async", element.span, message));
            }
        }
    }

    fn define_table(&mut self, it: &q::TableDefinition, problems: &mut Vec<Problem>) {
        let schema = attributes(&it.attributes, problems);
        let same = matches!(self.named(&it.name), Some(Origin::Table(id))
            if self.plan.tables[id.index()].schema == schema);
        if !self.is_free(&it.name, same, it.name_span, problems) {
            return;
        }
        single_annotations(&it.annotations, &["PrimaryKey", "store"], problems);
        let mut primary_key = Vec::new();
        let mut indexes: Vec<usize> = Vec::new();
        let mut store = table_store(&it.annotations, problems);
        for annotation in &it.annotations {
            let is = |name: &str| annotation.name.eq_ignore_ascii_case(name);
            if is("IndexBy") {
                problems.push(
                    Problem::new(
                        "index",
                        annotation.span,
                        "`@IndexBy` is not an annotation any more",
                    )
                    .with_hint("write `@Index('attribute')`"),
                );
            }
            if !is("PrimaryKey") && !is("Index") {
                continue;
            }
            let places = key_places(annotation, &schema, problems);
            if is("PrimaryKey") {
                primary_key = places;
            } else if let Some(store) = &mut store {
                store.indexes.push(places);
            } else if places.len() > 1 {
                let message = "`@Index` takes one attribute";
                problems.push(
                    Problem::new("index", annotation.span, message)
                        .with_hint("write one `@Index` for each attribute"),
                );
            } else if let Some(place) = places.first() {
                if indexes.contains(place) {
                    let message = "the attribute has an `@Index` already";
                    problems.push(Problem::new("index", annotation.span, message));
                }
                indexes.push(*place);
            }
        }
        let id = TableId(self.plan.tables.len() as u32);
        self.names.insert(it.name.clone(), Origin::Table(id));
        self.plan.tables.push(TablePlan {
            name: it.name.clone(),
            schema,
            primary_key,
            indexes,
            annotations: it.annotations.clone(),
            store,
        });
    }

    fn trigger(&mut self, it: &q::TriggerDefinition, problems: &mut Vec<Problem>) {
        let time = Attribute { name: "triggered_time".into(), data_type: DataType::Long };
        let schema: Schema = Arc::new([time]);
        let same = match self.named(&it.name) {
            Some(Origin::Stream(id)) if self.plan.streams[id.index()].schema == schema => Some(id),
            _ => None,
        };
        self.is_free(&it.name, same.is_some(), it.name_span, problems);
        let stream = same.unwrap_or_else(|| self.add_stream(&it.name, schema, Vec::new(), None));
        let at = match &it.at {
            q::TriggerAt::Every(time) => TriggerTime::EveryMs(time.ms),
            q::TriggerAt::Text(text) if text.trim().eq_ignore_ascii_case("start") => {
                TriggerTime::Start
            }
            q::TriggerAt::Text(text) => TriggerTime::Cron(text.clone()),
        };
        self.plan.triggers.push(TriggerPlan { stream, at, span: it.span });
    }

    /// Adds a named window.
    pub(crate) fn add_window(
        &mut self,
        window: crate::graph::NamedWindowPlan,
        span: Span,
        problems: &mut Vec<Problem>,
    ) {
        if self.is_free(&window.name, false, span, problems) {
            let id = WindowId(self.plan.windows.len() as u32);
            self.names.insert(window.name.clone(), Origin::Window(id));
            self.plan.windows.push(window);
        }
    }

    /// Adds a table of an aggregation's periods.
    pub(crate) fn add_period_table(
        &mut self,
        table: TablePlan,
        span: Span,
        problems: &mut Vec<Problem>,
    ) {
        if self.is_free(&table.name, false, span, problems) {
            let id = TableId(self.plan.tables.len() as u32);
            self.names.insert(table.name.clone(), Origin::Table(id));
        }
        self.plan.tables.push(table);
    }

    /// Adds an aggregation.
    pub(crate) fn add_aggregation(
        &mut self,
        aggregation: crate::graph::AggregationPlan,
        span: Span,
        problems: &mut Vec<Problem>,
    ) {
        if self.is_free(&aggregation.name, false, span, problems) {
            let id = AggregationId(self.plan.aggregations.len() as u32);
            self.names.insert(aggregation.name.clone(), Origin::Aggregation(id));
            self.plan.aggregations.push(aggregation);
        }
    }
}

fn key_places(annotation: &Annotation, schema: &Schema, problems: &mut Vec<Problem>) -> Vec<usize> {
    if annotation.elements.is_empty() {
        let message = format!("`@{}` names no attribute", annotation.name);
        problems.push(Problem::new("index", annotation.span, message));
    }
    let mut places = Vec::new();
    for element in &annotation.elements {
        let name = element.value.trim();
        match schema.iter().position(|it| it.name == name) {
            Some(at) => places.push(at),
            None => {
                let names: Vec<&str> = schema.iter().map(|it| it.name.as_str()).collect();
                let message = format!("the table has no attribute `{name}`");
                let problem = Problem::new("index", element.span, message);
                problems.push(match nearest(name, &names) {
                    Some(near) => problem.with_hint(format!("did you mean `{near}`")),
                    None => problem,
                });
            }
        }
    }
    places
}

fn single_annotations(annotations: &[Annotation], names: &[&str], problems: &mut Vec<Problem>) {
    for name in names {
        let mut same = annotations.iter().filter(|it| it.name.eq_ignore_ascii_case(name));
        if let (Some(_), Some(second)) = (same.next(), same.next()) {
            let message = format!("`@{name}` stands here twice");
            problems.push(
                Problem::new("duplicate", second.span, message).with_hint("keep one of them"),
            );
        }
    }
}

/// The attributes of a definition; a name that comes twice is a problem.
pub(crate) fn attributes(
    written: &[q::AttributeDefinition],
    problems: &mut Vec<Problem>,
) -> Schema {
    let mut schema: Vec<Attribute> = Vec::with_capacity(written.len());
    for it in written {
        if schema.iter().any(|earlier| earlier.name == it.name) {
            let message = format!("the attribute `{}` is already defined", it.name);
            problems.push(Problem::new("duplicate-attribute", it.span, message));
            continue;
        }
        schema.push(Attribute { name: it.name.clone(), data_type: data_type(it.ty) });
    }
    schema.into()
}

/// What the `@store` among a table's annotations says.
pub(crate) fn table_store(
    annotations: &[q::Annotation],
    problems: &mut Vec<Problem>,
) -> Option<TableStore> {
    let store = annotations.iter().find(|it| it.name.eq_ignore_ascii_case("store"))?;
    let cache = store.annotation("cache").and_then(|it| cache(it, problems));
    let option = |it: &q::AnnotationElement| (it.key.clone().unwrap_or_default(), it.value.clone());
    let options = store.elements.iter().map(option).collect();
    Some(TableStore { options, indexes: Vec::new(), cache, span: store.span })
}

/// What `@cache` says; `None` after a problem was noted.
fn cache(it: &q::Annotation, problems: &mut Vec<Problem>) -> Option<CachePlan> {
    const KNOWN: [&str; 4] = ["size", "cache.policy", "retention.period", "purge.interval"];
    let before = problems.len();
    let mut wrong = |span: Span, message: String, hint: String| {
        problems.push(Problem::new("cache", span, message).with_hint(hint));
    };
    for element in &it.elements {
        let key = element.key.as_deref().unwrap_or("");
        if !KNOWN.iter().any(|known| known.eq_ignore_ascii_case(key)) {
            let message = format!("`@cache` has no option `{key}`");
            wrong(element.span, message, format!("known are {}", quoted(&KNOWN)));
        }
    }
    let size = match it.element("size") {
        Some(size) => size.value.trim().parse().ok().filter(|size| *size > 0).or_else(|| {
            let message = format!("`{}` is no number of rows", size.value);
            wrong(size.span, message, "write `size='1000'`".to_owned());
            None
        }),
        None => {
            let hint = "write `@cache(size='1000')`".to_owned();
            wrong(it.span, "`@cache` needs `size`".to_owned(), hint);
            None
        }
    };
    let policy = match it.element("cache.policy") {
        None => Some(CacheWord::Fifo),
        Some(policy) => match policy.value.trim().to_ascii_uppercase().as_str() {
            "FIFO" => Some(CacheWord::Fifo),
            "LRU" => Some(CacheWord::Lru),
            "LFU" => Some(CacheWord::Lfu),
            _ => {
                let message = format!("`{}` is no policy of a cache", policy.value);
                wrong(policy.span, message, "write `FIFO`, `LRU` or `LFU`".to_owned());
                None
            }
        },
    };
    let mut time = |key: &str| {
        let element = it.element(key)?;
        let time = time_text(&element.value).filter(|ms| *ms > 0);
        if time.is_none() {
            let message = format!("`{}` is not a time", element.value);
            wrong(element.span, message, "write `5 min`".to_owned());
        }
        time
    };
    let (retention_ms, purge) = (time("retention.period"), time("purge.interval"));
    let (size, policy) = (size?, policy?);
    (problems.len() == before).then(|| CachePlan {
        size,
        policy,
        retention_ms,
        purge_every_ms: purge.or(retention_ms).unwrap_or(0),
    })
}
