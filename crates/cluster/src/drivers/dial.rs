//! Opens connections to peers, and proves itself to them.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use weir_codec::Message;

use super::conn::{Link, LinkError};
use super::secret::{End, Secret, nonce};
use super::tls::{Socket, SyncTls};
use crate::node::PeerAddress;

/// How long connecting and proving may take: an address that swallows packets must not hold up
/// the next try.
const DIAL_MAX: Duration = Duration::from_secs(1);

/// Connects to a peer.
pub(super) async fn dial(
    peer: &PeerAddress,
    tls: Option<&SyncTls>,
    secret: Option<&Secret>,
) -> Result<Link, LinkError> {
    let dialled = timeout(DIAL_MAX, async {
        let socket = TcpStream::connect((peer.host.as_str(), peer.port)).await?;
        // Without it small acknowledgements wait for each other; a failure only makes it slow.
        drop(socket.set_nodelay(true));
        let socket: Box<dyn Socket> = match tls {
            Some(tls) => tls.dial(&peer.host, socket).await?,
            None => Box::new(socket),
        };
        let mut link = Link::new(socket, true);
        if let Some(secret) = secret {
            prove(&mut link, secret).await?;
        }
        Ok(link)
    });
    dialled.await.unwrap_or(Err(LinkError::Idle))
}

async fn prove(link: &mut Link, secret: &Secret) -> Result<(), LinkError> {
    let ours = nonce().map_err(LinkError::Random)?;
    link.say(Message::Challenge { nonce: ours }).await?;
    let answer = link.hear().await?.message;
    let Message::Challenge { nonce: theirs } = answer else { return Err(unproven(answer)) };
    let proof = secret.proof(End::Dialler, &ours, &theirs);
    link.say(Message::Proof { proof }).await?;
    let answer = link.hear().await?.message;
    let Message::Proof { proof } = answer else { return Err(unproven(answer)) };
    if secret.accepts(&proof, End::Listener, (&ours, &theirs)) {
        Ok(())
    } else {
        Err(LinkError::NotProven("its proof is wrong"))
    }
}

fn unproven(answer: Message) -> LinkError {
    if let Message::Refused { detail, .. } = answer {
        LinkError::Refused(detail)
    } else {
        LinkError::NotProven("it answers without a proof")
    }
}
