//! Sources, sinks and mappers, each behind a feature.
