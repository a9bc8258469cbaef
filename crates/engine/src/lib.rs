//! Runs a plan over a log: junctions, partitions, timers, faults, snapshots.
