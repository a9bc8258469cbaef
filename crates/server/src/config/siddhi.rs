//! `siddhi`: what the configuration gives to apps.

use weir_plan::{Configured, Reference};

use super::keys::{Keys, Reading};
use super::yaml::Node;

/// The property whose default is the node's name.
const SHARD_ID: &str = "shardId";

/// The section `siddhi`.
pub(super) fn read(mut keys: Keys<'_>) -> Configured {
    let properties = keys.section("properties").map(Keys::texts).unwrap_or_default();
    let refs = refs(&mut keys);
    keys.ignored(&["extensions"], "extensions are built in");
    keys.finish();
    Configured { properties, refs }
}

/// The list `refs`, which may also stand at top level.
pub(super) fn refs(keys: &mut Keys<'_>) -> Vec<Reference> {
    let mut all = Vec::new();
    for mut item in keys.sections("refs") {
        if let Some(mut it) = item.section("ref") {
            let name = it.text("name").map(|it| it.value).unwrap_or_default();
            let kind = it.text("type").map(|it| ("type".to_owned(), it.value));
            let properties = it.section("properties").map(Keys::texts).unwrap_or_default();
            it.finish();
            all.push(Reference { name, options: kind.into_iter().chain(properties).collect() });
        }
        item.finish();
    }
    all
}

/// The list `refs` where it stands at top level.
pub(super) fn refs_at_top(root: &Node, cx: &Reading<'_>) -> Vec<Reference> {
    Keys::of("", root, cx).map(|mut keys| refs(&mut keys)).unwrap_or_default()
}

/// The same, where nothing says which shard this is: the node's name is it.
pub(super) fn with_shard(mut configured: Configured, node: &str) -> Configured {
    if configured.property(SHARD_ID).is_none() {
        configured.properties.push((SHARD_ID.to_owned(), node.to_owned()));
    }
    configured
}
