//! Where in a tree a path leads, so that something can be put there.

use weir_event::Text;

use super::steps::{Path, Step};
use crate::tree::Json;

/// One step down a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Into an object, by name.
    Name(Text),
    /// Into a list, by number.
    Index(usize),
}

impl Path {
    /// Every place the path leads to, each as the steps from the root; none where it leads nowhere.
    #[must_use]
    pub fn places(&self, root: &Json) -> Vec<Vec<Place>> {
        let mut out = Vec::new();
        walk(&self.steps, root, root, &mut Vec::new(), &mut out);
        out
    }
}

fn walk(steps: &[Step], node: &Json, root: &Json, at: &mut Vec<Place>, out: &mut Vec<Vec<Place>>) {
    let Some((step, rest)) = steps.split_first() else {
        out.push(at.clone());
        return;
    };
    let mut down = |place: Place, child: &Json| {
        at.push(place);
        walk(rest, child, root, at, out);
        at.pop();
    };
    match step {
        Step::Name(name) => {
            if let Some(child) = node.get(name) {
                down(Place::Name(name.clone()), child);
            }
        }
        Step::Names(names) => {
            for name in names {
                if let Some(child) = node.get(name) {
                    down(Place::Name(name.clone()), child);
                }
            }
        }
        Step::Index(_) | Step::Indexes(_) | Step::Slice(..) | Step::Any | Step::Filter(_) => {
            for (place, child) in children(node) {
                if step.leads_to(&place, child, node, root) {
                    down(place, child);
                }
            }
        }
        Step::Deep => {
            walk(rest, node, root, at, out);
            for (place, child) in children(node) {
                at.push(place);
                walk(steps, child, root, at, out);
                at.pop();
            }
        }
        Step::Function(_) => {}
    }
}

fn children(node: &Json) -> Vec<(Place, &Json)> {
    match node {
        Json::List(items) => {
            items.iter().enumerate().map(|(nth, item)| (Place::Index(nth), item)).collect()
        }
        Json::Object(entries) => {
            entries.iter().map(|(name, value)| (Place::Name(name.clone()), value)).collect()
        }
        Json::Null | Json::Bool(_) | Json::Whole(_) | Json::Decimal(_) | Json::Text(_) => {
            Vec::new()
        }
    }
}

impl Step {
    /// Whether the step goes from a node to this child of it.
    fn leads_to(&self, place: &Place, child: &Json, node: &Json, root: &Json) -> bool {
        let Json::List(items) = node else { return matches!(self, Self::Any) };
        let Place::Index(nth) = place else { return false };
        let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let nth = i64::try_from(*nth).unwrap_or(i64::MAX);
        let from_end = |at: i64| if at < 0 { length + at } else { at };
        match self {
            Self::Index(at) => from_end(*at) == nth,
            Self::Indexes(all) => all.iter().any(|at| from_end(*at) == nth),
            Self::Slice(from, to) => {
                from.is_none_or(|at| nth >= from_end(at)) && to.is_none_or(|at| nth < from_end(at))
            }
            Self::Any => true,
            Self::Filter(filter) => filter.holds(child, root),
            Self::Name(_) | Self::Names(_) | Self::Deep | Self::Function(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::{Dialect, Reader};

    #[test]
    fn places_are_where_a_path_leads() {
        let text = r#"{"a":[{"b":1},{"b":2,"c":[3]}],"b":4}"#;
        let tree = Json::read(&mut Reader::new(text, Dialect::Strict)).unwrap();
        let places = |path: &str| Path::parse(path).unwrap().places(&tree);
        let name = |name: &str| Place::Name(Text::from(name));
        assert_eq!(places("$"), [Vec::new()]);
        assert_eq!(places("$.a[-1].b"), [vec![name("a"), Place::Index(1), name("b")]]);
        assert_eq!(places("$.a[?(@.b == 1)]"), [vec![name("a"), Place::Index(0)]]);
        assert_eq!(places("$..b").len(), 3);
        assert_eq!(places("$.z").len(), 0);
    }
}
