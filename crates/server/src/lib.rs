//! A node: configuration, REST, apps and the pair wired together.
