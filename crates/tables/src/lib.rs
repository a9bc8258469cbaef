//! In-memory tables with indexes, and the store behind a table.
