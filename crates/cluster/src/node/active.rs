//! What an active node knows about its peers, and what that makes of the committed number.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use weir_codec::{EntryId, LogId, Message, Refusal};
use weir_event::{Epoch, Seq};

use super::trims::Trims;
use super::words::{NodeAction, NodeEvent, PeerAddress, PeerReport};
use crate::coordinator::{Identity, Membership};
use crate::ids::{ConnId, Moment, NodeId};
use crate::sync::{Packet, Sender, SenderAction, SenderInput, SenderLimits, Shape};

/// How far behind a joining log may be when acknowledgements begin to wait for it, in entries.
const JOIN_LAG_MAX: u64 = 4_096;

/// The peers of a term of office.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) epoch: Epoch,
    /// The last entry when the lease was taken: any of those before it may be acknowledged.
    inherited: EntryId,
    group: String,
    me: Identity,
    limits: SenderLimits,
    strike_after: Duration,
    links: BTreeMap<NodeId, Link>,
    membership: Membership,
    /// Logs whose acknowledgements count although the row may not name them yet.
    joining: BTreeSet<LogId>,
    /// The logs that the coordinator was told to name.
    told: BTreeSet<LogId>,
    /// Since when a log that counts has not been heard.
    gone: BTreeMap<LogId, Moment>,
    pub(super) suspended: bool,
    pub(super) drained: bool,
    pub(super) trims: Trims,
}

#[derive(Debug)]
struct Link {
    address: PeerAddress,
    sender: Sender,
    conn: Option<ConnId>,
    connecting: bool,
    retry_at: Moment,
    log: Option<LogId>,
}

/// What the coordinator must hear about peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    Holds(LogId),
    Gone(LogId),
    Promised(LogId, Moment),
    Outdated(Epoch),
}

impl Active {
    pub(super) fn new(
        group: &str,
        me: Identity,
        (epoch, inherited): (Epoch, EntryId),
        limits: SenderLimits,
        strike_after: Duration,
    ) -> Self {
        Self {
            epoch,
            inherited,
            group: group.to_owned(),
            me,
            limits,
            strike_after,
            links: BTreeMap::new(),
            membership: Membership::default(),
            joining: BTreeSet::new(),
            told: BTreeSet::new(),
            gone: BTreeMap::new(),
            suspended: false,
            drained: false,
            trims: Trims::default(),
        }
    }

    pub(super) fn require(&mut self, membership: Membership) {
        self.membership = membership;
    }

    /// The nodes of the group: new addresses are dialled, a changed one at the next connection.
    pub(super) fn peers(&mut self, now: Moment, peers: &[PeerAddress]) {
        for address in peers.iter().filter(|it| it.node != self.me.node) {
            let link = self.links.entry(address.node.clone()).or_insert_with(|| Link {
                address: address.clone(),
                sender: Sender::new(&self.group, self.me.clone(), self.epoch, self.limits),
                conn: None,
                connecting: false,
                retry_at: now,
                log: None,
            });
            if link.address != *address {
                link.address = address.clone();
                link.retry_at = now;
            }
        }
    }

    pub(super) fn connected(&mut self, node: &NodeId, conn: ConnId) -> bool {
        match self.links.get_mut(node) {
            Some(link) if link.conn.is_none() => {
                link.connecting = false;
                link.conn = Some(conn);
                true
            }
            Some(_) | None => false,
        }
    }

    pub(super) fn connect_failed(&mut self, node: &NodeId, retry_at: Moment) {
        if let Some(link) = self.links.get_mut(node) {
            link.connecting = false;
            link.retry_at = retry_at;
        }
    }

    pub(super) fn report(&self) -> Vec<PeerReport> {
        let report = |link: &Link| PeerReport {
            address: link.address.clone(),
            connected: Some(link.conn.is_some()),
            holds: link.sender.holds().map(|(_, last)| last),
            build: link.sender.peer_build().cloned(),
        };
        self.links.values().map(report).collect()
    }

    pub(super) fn owns(&self, conn: ConnId) -> bool {
        self.links.values().any(|link| link.conn == Some(conn))
    }

    /// Steps the sender of a connection and carries its wishes on.
    pub(super) fn step(
        &mut self,
        now: Moment,
        conn: ConnId,
        input: SenderInput,
        (shape, committed): (&Shape, EntryId),
        out: &mut Vec<NodeAction>,
    ) -> Vec<News> {
        let Some(link) = self.links.values_mut().find(|link| link.conn == Some(conn)) else {
            return Vec::new();
        };
        let closed = input == SenderInput::Closed;
        let wishes = link.sender.step(now, input, shape, committed);
        if closed {
            link.conn = None;
            link.retry_at = now.plus(self.limits.ping_every);
        }
        let mut news = Vec::new();
        for wish in wishes {
            match wish {
                SenderAction::Send(packet) => out.push(NodeAction::Send(conn, packet)),
                SenderAction::Fill(fill) => out.push(NodeAction::Fill(conn, fill)),
                SenderAction::Met(_, log) => {
                    // A node that comes back with another log has lost the one before.
                    if let Some(before) = link.log.replace(log).filter(|before| *before != log) {
                        news.push(News::Gone(before));
                    }
                    // A named log that holds less than it said must join anew.
                    let holds = link
                        .sender
                        .holds()
                        .is_some_and(|(_, last)| last >= committed.max(self.inherited));
                    if !holds && self.told.contains(&log) {
                        news.push(News::Gone(log));
                    }
                }
                SenderAction::Promised(log, asked) => news.push(News::Promised(log, asked)),
                SenderAction::Outdated(epoch) => news.push(News::Outdated(epoch)),
                SenderAction::Runs(peer, build) => {
                    out.push(NodeAction::Tell(NodeEvent::Met { peer, build }));
                }
                SenderAction::End(why, detail) => {
                    end(link, conn, (why, detail), now.plus(self.limits.ping_every), out);
                    link.sender.step(now, SenderInput::Closed, shape, committed);
                }
            }
        }
        for it in &news {
            if let News::Gone(log) = it {
                self.forget(*log);
            }
        }
        news
    }

    /// Lets time and the grown log work on every peer.
    pub(super) fn go_on(
        &mut self,
        now: Moment,
        shape: &Shape,
        committed: EntryId,
        out: &mut Vec<NodeAction>,
    ) -> Vec<News> {
        let conns: Vec<ConnId> = self.links.values().filter_map(|link| link.conn).collect();
        let mut news = Vec::new();
        for conn in conns {
            let view = (shape, committed);
            news.extend(self.step(now, conn, SenderInput::Tick, view, out));
        }
        for link in self.links.values_mut() {
            if link.conn.is_none() && !link.connecting && now >= link.retry_at {
                link.connecting = true;
                out.push(NodeAction::Connect(link.address.clone()));
            }
        }
        self.join(shape, committed, &mut news);
        self.strike(now, &mut news);
        news
    }

    fn join(&mut self, shape: &Shape, committed: EntryId, news: &mut Vec<News>) {
        for (log, acked) in self.links.values().filter_map(|link| link.sender.holds()) {
            if self.told.contains(&log) {
                continue;
            }
            if shape.last().seq.0.saturating_sub(acked.seq.0) <= JOIN_LAG_MAX {
                // Invariant: acknowledgements wait for a log before the row names it.
                self.joining.insert(log);
            }
            if self.joining.contains(&log) && acked >= committed.max(self.inherited) {
                self.told.insert(log);
                news.push(News::Holds(log));
            }
        }
    }

    fn strike(&mut self, now: Moment, news: &mut Vec<News>) {
        let heard: BTreeSet<LogId> =
            self.links.values().filter_map(|it| it.sender.holds()).map(|(log, _)| log).collect();
        let counted: BTreeSet<LogId> = self.counted().collect();
        self.gone.retain(|log, _| counted.contains(log) && !heard.contains(log));
        for log in counted.difference(&heard) {
            // A silent link was silent before it was given up.
            let link = self.links.values().find(|it| it.sender.peer_log() == Some(*log));
            let last = link.map_or(now, |it| it.sender.heard());
            let since = *self.gone.entry(*log).or_insert(last);
            let named = self.told.contains(log) || self.membership.required.contains(log);
            if !named {
                self.joining.remove(log);
            } else if now.since(since) >= self.strike_after && self.told.contains(log) {
                news.push(News::Gone(*log));
            }
        }
        for it in news.iter() {
            if let News::Gone(log) = it {
                self.told.remove(log);
                self.joining.remove(log);
            }
        }
    }

    fn forget(&mut self, log: LogId) {
        self.told.remove(&log);
        self.joining.remove(&log);
    }

    /// The other logs that an acknowledgement waits for.
    fn counted(&self) -> impl Iterator<Item = LogId> + '_ {
        let me = self.me.log;
        self.membership.required.union(&self.joining).copied().filter(move |log| *log != me)
    }

    /// Whether another log certainly holds what this one does: then fsync may come later.
    pub(super) fn paired(&self) -> bool {
        self.membership.certain.len() > 1
    }

    /// The highest number that every log that counts holds.
    pub(super) fn held_by_all(&self, shape: &Shape, durable: EntryId) -> Option<Seq> {
        if self.suspended {
            return None;
        }
        let own = if self.paired() { shape.last().seq } else { durable.seq };
        let held: BTreeMap<LogId, EntryId> =
            self.links.values().filter_map(|link| link.sender.holds()).collect();
        self.counted()
            .map(|log| held.get(&log).map(|acked| acked.seq))
            .try_fold(own, |lowest, acked| Some(lowest.min(acked?)))
    }

    /// Says something to every peer that is being sent the log.
    pub(super) fn broadcast(&self, message: &Message, out: &mut Vec<NodeAction>) {
        for link in self.links.values().filter(|link| link.sender.holds().is_some()) {
            if let Some(conn) = link.conn {
                out.push(NodeAction::Send(conn, Packet::new(self.epoch, message.clone())));
            }
        }
    }

    pub(super) fn close_all(&mut self, out: &mut Vec<NodeAction>) {
        for conn in self.links.values().filter_map(|link| link.conn) {
            out.push(NodeAction::Close(conn, Refusal::NotPassive));
        }
    }

    pub(super) fn wake_at(&self) -> Option<Moment> {
        let links = self.links.values().filter_map(|link| match (link.conn, link.connecting) {
            (Some(_), _) => link.sender.wake_at(),
            (None, false) => Some(link.retry_at),
            (None, true) => None,
        });
        let gone = self.gone.iter().filter(|(log, _)| self.told.contains(log));
        links.chain(gone.map(|(_, since)| since.plus(self.strike_after))).min()
    }
}

fn end(
    link: &mut Link,
    conn: ConnId,
    (why, detail): (Refusal, String),
    retry_at: Moment,
    out: &mut Vec<NodeAction>,
) {
    link.conn = None;
    link.retry_at = retry_at;
    out.push(NodeAction::Close(conn, why));
    let peer = Some(link.address.node.clone());
    out.push(NodeAction::Tell(NodeEvent::PeerEnded { peer, why, detail }));
}
