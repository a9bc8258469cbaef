//! Two nodes, a database and a network under seeds.
