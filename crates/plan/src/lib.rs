//! Names and types resolved: an app's tree becomes a graph the engine can run.

mod aggregation;
mod app;
mod change;
mod compile;
mod condition;
mod configured;
mod define;
mod graph;
mod input;
mod on_demand;
mod select;
mod state;
mod statistics;
mod stored_periods;

pub use app::{plan, time_text, types};
pub use condition::{ConditionPlan, condition};
pub use configured::{Configured, Reference};
pub use graph::{
    Absent, ActionPlan, AggregatePlan, AggregationId, AggregationItem, AggregationPlan, CachePlan,
    CacheWord, CheckPlan, ElementFilter, ElementPlan, HandlerPlan, InputPlan, JoinPlan, KeyBy,
    KeyPlan, NamedWindowPlan, OnError, Origin, OutputPlan, PartitionId, PartitionPlan, Plan,
    Playback, Purge, QueryId, QueryPlan, Retention, SelectPlan, SinglePlan, StateNode, StatePlan,
    StoredPeriods, StreamId, StreamPlan, TableChange, TableId, TablePlan, TableStore, TriggerPlan,
    TriggerTime, View, Which, WindowId, WindowPlan,
};
pub use on_demand::{FindPlan, OnDemandActionPlan, OnDemandPlan, on_demand};
pub use statistics::StatisticsPlan;
