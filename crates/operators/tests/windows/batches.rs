//! Windows that emit whole batches.
