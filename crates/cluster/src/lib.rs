//! The pair: coordinator, event sync and takeover, as state machines without I/O; and drivers
//! that carry out what they decide.

mod coordinator;
mod drivers;
mod ids;
mod marks;
mod node;
mod sync;
mod takeover;

pub use coordinator::{
    Action, Coordinator, Identity, Input, Lease, LeaseVersion, LeaseWrite, Lost, Membership, Term,
    Timing, Unavailable, Waiting, Written,
};
pub use drivers::{
    BootClock, EntryLog, LeaseStore, LogReader, LogTrouble, Pair, PairConfig, PairError, Running,
    Secret, StoreTrouble, SyncTls, SyncWork,
};
pub use ids::{ConnId, Moment, NodeId};
pub use marks::{LoggedMarks, Marks, SinkId};
pub use node::{
    Found, Node, NodeAction, NodeConfig, NodeEvent, NodeInput, PeerAddress, PeerReport,
};
pub use sync::{
    Fill, Packet, Receiver, ReceiverAction, Reception, Sender, SenderAction, SenderInput,
    SenderLimits, Shape, reason,
};
pub use takeover::{RestoredApp, Takeover, TakeoverAction, TakeoverInput};
