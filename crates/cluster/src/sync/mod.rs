//! Event sync: how the active node's log reaches the passive one, and what comes back.

mod packet;
mod receiver;
mod sender;
mod shape;
#[cfg(test)]
mod tests;

pub use packet::{Packet, reason};
pub use receiver::{Receiver, ReceiverAction, Reception};
pub use sender::{Fill, Sender, SenderAction, SenderInput, SenderLimits};
pub use shape::Shape;
