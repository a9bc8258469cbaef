//! A wire between the nodes that can be cut: what is sent meanwhile waits, as behind a dead link.

use std::net::SocketAddr;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

const PIECE_BYTES: usize = 64 << 10;

/// Forwards connections for as long as it is kept.
pub(super) struct Wire {
    cut: watch::Sender<bool>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Wire {
    /// A wire from an address that nodes dial to one where a node listens.
    pub(super) async fn open(from: SocketAddr, to: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(from)
            .await
            .with_context(|| format!("could not listen at {from} for event sync"))?;
        let (cut, is_cut) = watch::channel(false);
        let accepting = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(carry(near, to, is_cut.clone()));
            }
        });
        Ok(Self { cut, accepting })
    }

    /// From now on nothing passes, or everything again.
    pub(super) fn set_cut(&self, cut: bool) {
        self.cut.send_replace(cut);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Carries both ways until one side has ended, which ends the other.
async fn carry(near: TcpStream, to: SocketAddr, mut cut: watch::Receiver<bool>) {
    if cut.wait_for(|it| !it).await.is_err() {
        return;
    }
    let Ok(far) = TcpStream::connect(to).await else { return };
    for end in [&near, &far] {
        end.set_nodelay(true).ok();
    }
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    tokio::select! {
        () = pump(near_in, far_out, cut.clone()) => {}
        () = pump(far_in, near_out, cut) => {}
    }
}

async fn pump(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut cut: watch::Receiver<bool>,
) {
    let mut piece = vec![0; PIECE_BYTES];
    while let Ok(count) = from.read(&mut piece).await {
        let passes = cut.wait_for(|it| !it).await.is_ok();
        if count == 0 || !passes || to.write_all(&piece[..count]).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn what_is_sent_over_a_cut_wire_comes_when_it_is_mended() {
        let far = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let from = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let wire = Wire::open(from, far.local_addr().unwrap()).await.unwrap();
        let mut near = TcpStream::connect(from).await.unwrap();
        let (mut end, _) = far.accept().await.unwrap();
        near.write_all(b"a").await.unwrap();
        assert_eq!(end.read_u8().await.unwrap(), b'a');
        wire.set_cut(true);
        near.write_all(b"b").await.unwrap();
        let early = tokio::time::timeout(Duration::from_millis(50), end.read_u8()).await;
        assert!(early.is_err());
        wire.set_cut(false);
        assert_eq!(end.read_u8().await.unwrap(), b'b');
    }
}
