//! `wso2.carbon`: who this node is.

use super::keys::{Keys, Reading, Written};

/// The name of a node that the file does not name, as in the original.
pub(super) const DEFAULT_ID: &str = "wso2-si";
/// The longest name of a node: it is a column of the cluster's tables.
const ID_MAX_CHARS: usize = 100;

/// The section as written.
#[derive(Debug, Default)]
pub(super) struct RawCarbon {
    pub(super) id: Option<Written<String>>,
    pub(super) port_offset: Option<Written<i64>>,
}

/// The same, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carbon {
    /// The node's name, unique in its group.
    pub id: String,
    /// Added to every port that the file does not give.
    pub port_offset: u16,
}

impl RawCarbon {
    pub(super) fn read(mut keys: Keys<'_>) -> Self {
        let id = keys.text("id");
        let port_offset = keys.section("ports").and_then(|mut ports| {
            let offset = ports.number("offset", 0..=20_000);
            ports.finish();
            offset
        });
        keys.silent(&["name", "type", "description"]);
        keys.ignored(&["tenant", "startupResolver", "version"], "nothing here depends on it");
        keys.finish();
        Self { id, port_offset }
    }

    pub(super) fn check(self, cx: &Reading<'_>) -> Carbon {
        let port_offset = self.port_offset.map_or(0, |it| it.value);
        let id = match self.id {
            None => DEFAULT_ID.to_owned(),
            Some(id) => {
                let length = id.value.chars().count();
                if id.value.trim().is_empty() || length > ID_MAX_CHARS {
                    let why = format!("must have between 1 and {ID_MAX_CHARS} characters");
                    cx.problem(id.problem(&why));
                }
                id.value
            }
        };
        Carbon { id, port_offset: u16::try_from(port_offset).unwrap_or_default() }
    }
}
