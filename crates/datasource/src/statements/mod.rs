//! Statements of the user's own tables.

mod run;

pub(crate) use run::UserTables;
