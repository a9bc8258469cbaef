//! What this build says of itself to other nodes.

use weir_codec::{Build, Protocols};

use crate::node::SNAPSHOT_FORMAT;

/// The release: its version, or the name that the build was given in `WEIR_BUILD`. Two builds
/// that must not execute each other's log need two names.
const RELEASE: &str = match option_env!("WEIR_BUILD") {
    None => env!("CARGO_PKG_VERSION"),
    Some(build) => build,
};

/// What another node is told.
pub(crate) fn build() -> Build {
    Build { release: release(), protocols: Protocols::OURS, snapshots: SNAPSHOT_FORMAT }
}

/// Tests of two releases run one binary twice.
#[cfg(debug_assertions)]
fn release() -> String {
    std::env::var("WEIR_TEST_RELEASE").unwrap_or_else(|_| RELEASE.to_owned())
}

#[cfg(not(debug_assertions))]
fn release() -> String {
    RELEASE.to_owned()
}
