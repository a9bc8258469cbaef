//! The SQL databases behind one door.
