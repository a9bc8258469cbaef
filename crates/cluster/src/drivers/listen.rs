//! Takes connections of event sync, and lets in who proves to know the secret.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use weir_codec::{Message, Refusal};

use super::conn::{Link, LinkError};
use super::secret::{End, Secret, nonce};
use super::tls::SyncTls;

/// How many connections may stand at once; a pair needs one.
const CONNECTIONS_MAX: usize = 32;

/// How long a connection may take to prove itself.
const HANDSHAKE_MAX: Duration = Duration::from_secs(5);

/// How long to wait after the system refused to take a connection.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// A connection that was let in, and its place among those that may stand.
#[derive(Debug)]
pub(super) struct Guest {
    pub(super) link: Link,
    pub(super) place: OwnedSemaphorePermit,
}

/// Takes connections for as long as somebody wants them.
pub(super) async fn listen<F, W>(
    listener: TcpListener,
    (tls, secret): (Option<SyncTls>, Option<Secret>),
    mut let_in: F,
) where
    F: FnMut(Guest) -> W + Clone + Send + 'static,
    W: Future<Output = ()> + Send,
{
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut handshakes = JoinSet::new();
    loop {
        while handshakes.try_join_next().is_some() {}
        let (socket, from) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!("could not take a connection of event sync: {error}");
                sleep(RETRY_AFTER).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            tracing::warn!("refused `{from}`: {CONNECTIONS_MAX} connections stand already");
            continue;
        };
        // Without it small acknowledgements wait for each other; a failure only makes it slow.
        drop(socket.set_nodelay(true));
        if tls.is_none() && secret.is_none() {
            let_in(Guest { link: Link::new(Box::new(socket), false), place }).await;
            continue;
        }
        let (tls, secret, mut let_in) = (tls.clone(), secret.clone(), let_in.clone());
        handshakes.spawn(async move {
            let Some(link) = shield(socket, from, tls).await else { return };
            let admitted = match &secret {
                Some(secret) => admit(link, from, secret).await,
                None => Some(link),
            };
            if let Some(link) = admitted {
                let_in(Guest { link, place }).await;
            }
        });
    }
}

async fn shield(socket: TcpStream, from: SocketAddr, tls: Option<SyncTls>) -> Option<Link> {
    let Some(tls) = tls else { return Some(Link::new(Box::new(socket), false)) };
    let accepted = timeout(HANDSHAKE_MAX, tls.accept(socket)).await;
    match accepted.unwrap_or(Err(LinkError::Idle)) {
        Ok(socket) => Some(Link::new(socket, false)),
        Err(why) => {
            tracing::warn!("refused event sync from `{from}`: {why}");
            None
        }
    }
}

async fn admit(mut link: Link, from: SocketAddr, secret: &Secret) -> Option<Link> {
    let proven = timeout(HANDSHAKE_MAX, check(&mut link, secret)).await;
    let why = match proven.unwrap_or(Err(LinkError::Idle)) {
        Ok(()) => return Some(link),
        Err(why) => why,
    };
    tracing::warn!("refused event sync from `{from}`: {why}");
    let detail = "both nodes need the same `deployment.config.eventSyncServer.secret`";
    let refusal = match why {
        LinkError::Unreadable(_) => Refusal::Unreadable,
        LinkError::Closed
        | LinkError::Truncated
        | LinkError::Idle
        | LinkError::Io(_)
        | LinkError::NotProven(_)
        | LinkError::Tls(_)
        | LinkError::Refused(_)
        | LinkError::Random(_) => Refusal::NotProven,
    };
    link.refuse(refusal, detail).await;
    None
}

async fn check(link: &mut Link, secret: &Secret) -> Result<(), LinkError> {
    let Message::Challenge { nonce: theirs } = link.hear().await?.message else {
        return Err(LinkError::NotProven("it begins without a challenge"));
    };
    let ours = nonce().map_err(LinkError::Random)?;
    link.say(Message::Challenge { nonce: ours }).await?;
    let Message::Proof { proof } = link.hear().await?.message else {
        return Err(LinkError::NotProven("it answers without a proof"));
    };
    if !secret.accepts(&proof, End::Dialler, (&theirs, &ours)) {
        return Err(LinkError::NotProven("its proof is wrong"));
    }
    link.say(Message::Proof { proof: secret.proof(End::Listener, &theirs, &ours) }).await
}
