//! Connections between nodes: in order, delayed, and never half repaired.

use std::collections::{BTreeMap, BTreeSet};

use weir_cluster::ConnId;

/// A connection: who dialled whom, in which of their lives.
#[derive(Debug)]
pub(crate) struct Conn {
    pub(crate) ends: [End; 2],
    /// What was sent after a partition began never arrives.
    pub(crate) broken: bool,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    pub(crate) node: usize,
    pub(crate) life: u64,
    pub(crate) closed: bool,
    /// When the last packet towards this end arrives: none overtakes it.
    pub(crate) busy_until: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Network {
    pub(crate) conns: BTreeMap<ConnId, Conn>,
    /// Pairs of nodes, the lower first, that cannot reach each other.
    cut: BTreeSet<(usize, usize)>,
    next: u64,
}

impl Network {
    pub(crate) fn open(&mut self, from: (usize, u64), to: (usize, u64)) -> ConnId {
        self.next += 1;
        let id = ConnId(self.next);
        let end = |(node, life)| End { node, life, closed: false, busy_until: 0 };
        self.conns.insert(id, Conn { ends: [end(from), end(to)], broken: false });
        id
    }

    /// Cuts the link between two nodes: connections that stand will never carry anything again.
    pub(crate) fn cut(&mut self, a: usize, b: usize) {
        self.cut.insert((a.min(b), a.max(b)));
        for conn in self.conns.values_mut() {
            if conn.ends.iter().all(|end| end.node == a || end.node == b) {
                conn.broken = true;
            }
        }
    }

    pub(crate) fn mend(&mut self) {
        self.cut.clear();
    }

    pub(crate) fn is_cut(&self, a: usize, b: usize) -> bool {
        self.cut.contains(&(a.min(b), a.max(b)))
    }

    /// The far end of a connection, seen from a node that has not closed it, and when a packet
    /// that takes `delay` arrives there.
    pub(crate) fn send(&mut self, id: ConnId, node: usize, at: u64) -> Option<(End, u64)> {
        let conn = self.conns.get_mut(&id)?;
        if conn.broken || conn.ends.iter().any(|end| end.node == node && end.closed) {
            return None;
        }
        let far = conn.ends.iter_mut().find(|end| end.node != node)?;
        far.busy_until = far.busy_until.max(at);
        Some((*far, far.busy_until))
    }

    /// Whether a packet may be handed to this end.
    pub(crate) fn arrives(&self, id: ConnId, node: usize, life: u64) -> bool {
        self.conns.get(&id).is_some_and(|conn| {
            !conn.broken
                && conn.ends.iter().any(|it| it.node == node && it.life == life && !it.closed)
        })
    }

    pub(crate) fn close(&mut self, id: ConnId, node: usize) {
        let ends = self.conns.get_mut(&id).map(|conn| &mut conn.ends);
        for end in ends.into_iter().flatten().filter(|end| end.node == node) {
            end.closed = true;
        }
    }

    /// The connections of a node that has died, and their far ends.
    pub(crate) fn orphaned(&mut self, node: usize) -> Vec<(ConnId, End)> {
        let mut far = Vec::new();
        for (id, conn) in &mut self.conns {
            let ours = conn.ends.iter().any(|end| end.node == node && !end.closed);
            if ours && !conn.broken {
                far.extend(conn.ends.iter().filter(|end| end.node != node).map(|it| (*id, *it)));
            }
        }
        for (id, _) in &far {
            self.close(*id, node);
        }
        far
    }
}
