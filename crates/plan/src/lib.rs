//! Names and types resolved: an app's tree becomes a graph the engine can run.
