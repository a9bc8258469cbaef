//! Operations on the cluster database, off the loop and never waited for longer than is useful.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use super::outside::{LeaseStore, StoreTrouble};
use crate::coordinator::{Lease, LeaseWrite, Unavailable, Written};
use crate::node::PeerAddress;

/// Where lease operations are handed in: one at a time, and the last one counts.
#[derive(Debug)]
pub(super) struct LeaseDesk<S> {
    store: Arc<S>,
    patience: Duration,
    last: u64,
    /// An operation that was given up still runs: the next would only queue behind it.
    stuck: Arc<AtomicBool>,
}

/// Marks the database as free again, also after a panic.
struct Busy(Arc<AtomicBool>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl<S: LeaseStore> LeaseDesk<S> {
    pub(super) fn new(store: Arc<S>, patience: Duration) -> Self {
        Self { store, patience, last: 0, stuck: Arc::default() }
    }

    pub(super) fn store(&self) -> Arc<S> {
        Arc::clone(&self.store)
    }

    /// Whether this is the answer that the node waits for.
    pub(super) fn is_awaited(&self, op: u64) -> bool {
        op == self.last
    }

    /// Nobody waits for what was asked.
    pub(super) fn forget(&mut self) {
        self.last += 1;
    }

    pub(super) fn read<F, W>(&mut self, tell: F) -> impl Future<Output = ()> + Send + use<F, W, S>
    where
        F: FnOnce(u64, Result<Option<Lease>, Unavailable>) -> W + Send,
        W: Future<Output = ()> + Send,
    {
        let asked = self.ask(|store| store.read());
        let op = self.last;
        async move {
            let row = match asked.await {
                Some(Ok(row)) => Ok(row),
                Some(Err(why)) => {
                    tracing::warn!("could not read the lease: {why}");
                    Err(Unavailable)
                }
                None => Err(Unavailable),
            };
            tell(op, row).await;
        }
    }

    pub(super) fn write<F, W>(
        &mut self,
        write: LeaseWrite,
        tell: F,
    ) -> impl Future<Output = ()> + Send + use<F, W, S>
    where
        F: FnOnce(u64, Written) -> W + Send,
        W: Future<Output = ()> + Send,
    {
        let asked = self.ask(move |store| store.write(&write));
        let op = self.last;
        async move {
            let written = match asked.await {
                Some(Ok(true)) => Written::Done,
                Some(Ok(false)) => Written::Refused,
                Some(Err(why)) => {
                    tracing::warn!("could not write the lease: {why}");
                    Written::Unknown
                }
                None => Written::Unknown,
            };
            tell(op, written).await;
        }
    }

    /// Asks the database; nothing when it does not answer in time.
    fn ask<T, D>(
        &mut self,
        deed: D,
    ) -> impl Future<Output = Option<Result<T, StoreTrouble>>> + Send + use<T, D, S>
    where
        T: Send + 'static,
        D: FnOnce(&S) -> Result<T, StoreTrouble> + Send + 'static,
    {
        self.last += 1;
        let (store, patience) = (Arc::clone(&self.store), self.patience);
        let running = if self.stuck.swap(true, Ordering::AcqRel) {
            None
        } else {
            let busy = Busy(Arc::clone(&self.stuck));
            Some(spawn_blocking(move || {
                let _busy = busy;
                deed(&store)
            }))
        };
        async move {
            let Some(running) = running else {
                tracing::warn!("the cluster database has not answered for a while");
                sleep(patience).await;
                return None;
            };
            let Ok(answered) = timeout(patience, running).await else {
                tracing::warn!(
                    "the cluster database has not answered within {patience:?}: it may be locked \
                     by another process, or its disk be slow; it is asked again"
                );
                return None;
            };
            answered.ok()
        }
    }
}

/// Says again and again that a node is there, and tells who else is, until nobody listens.
pub(super) async fn announce<S, F, W>(store: Arc<S>, me: PeerAddress, every: Duration, mut tell: F)
where
    S: LeaseStore,
    F: FnMut(Vec<PeerAddress>) -> W,
    W: Future<Output = bool>,
{
    let mut silent = false;
    loop {
        let (store, me) = (Arc::clone(&store), me.clone());
        let asked = spawn_blocking(move || {
            store.announce(&me)?;
            store.peers()
        });
        match asked.await {
            Ok(Ok(peers)) => {
                silent = false;
                if !tell(peers).await {
                    return;
                }
            }
            Ok(Err(why)) if !silent => {
                silent = true;
                tracing::warn!("could not announce this node: {why}");
            }
            Ok(Err(_)) | Err(_) => {}
        }
        sleep(every).await;
    }
}
