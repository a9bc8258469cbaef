//! The house rules that no compiler knows. Each rule is a file; a broken rule is a finding.

mod arrows;
mod exceptions;
mod links;
mod reach;
mod report;
mod rooms;
mod sizes;
mod words;

pub(crate) use report::report;
