//! Windows, joins, patterns, selection and rate limits as pure state machines.
