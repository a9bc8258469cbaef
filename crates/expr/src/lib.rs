//! Compiled expressions over columns, built-in functions and aggregators.
