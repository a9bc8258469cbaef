//! Windows whose rows leave one by one.
