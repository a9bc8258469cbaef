//! SiddhiQL text to a tree and a list of problems, and back.
