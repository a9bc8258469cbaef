//! The pair: coordinator, event sync and takeover.
