//! Event sync: how the active node's log reaches the passive one, and what comes back.

mod frame;
mod receiver;
mod sender;
mod shape;

pub use frame::{Frame, Refusal};
pub use receiver::{Receiver, ReceiverAction, Reception};
pub use sender::{Fill, Sender, SenderAction, SenderInput, SenderLimits};
pub use shape::Shape;
