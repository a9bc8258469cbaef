//! What a takeover is told and what it asks for.

use weir_codec::EntryId;
use weir_event::{Epoch, Seq, Text, Time};

use crate::marks::Marks;

/// What the last committed snapshot of an app holds, as far as a takeover must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoredApp {
    pub app: Text,
    /// The last entry the state includes; nothing when the app has no snapshot.
    pub at: Option<EntryId>,
    /// The time of that entry.
    pub time: Time,
    /// The delivered marks when it was taken.
    pub marks: Marks,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TakeoverInput {
    /// The lease is ours.
    Begin,
    /// Every app is built and stands, its ports closed.
    AppsStarted,
    /// The fence is raised and every app has its last state.
    Restored(Vec<RestoredApp>),
    /// The queue is executed; the highest output number each sink has reached.
    Replayed(Marks),
    PortsOpened,
    /// Somebody else still holds this port.
    PortHeld(String),
    /// The lease is lost.
    Lost,
}

/// What to do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TakeoverAction {
    /// Step 1: start the apps without opening ports.
    StartApps,
    /// Before anything is read: no snapshot of a lower epoch commits any more.
    RaiseFence(Epoch),
    /// Step 2: give every app its last committed state, the highest (epoch, seq) of them.
    RestoreLast,
    /// A node that has taken the lease since, under this epoch, saved what was restored: this
    /// takeover is over, and the lease with it.
    Outdated(Epoch),
    /// These entries of the app are in no snapshot and not in the log.
    Missing { app: Text, from: Seq, through: Seq },
    /// Step 3: execute the entries of the log, under the log's time.
    Replay { after: Seq, through: Seq },
    /// Numbers and times of new entries go on above this one.
    NumberAbove { at: EntryId, time: Time },
    /// These marks stood above what replay produced; keep them so.
    ClampMarks(Marks),
    /// Step 4: open ports; again after a pause when one was held.
    OpenPorts,
    /// A port is held by somebody else: name it, pause, and open ports again.
    AwaitPort(String),
    /// The node is at work.
    Done,
    /// Stop everything; this takeover is over.
    StopApps,
}
