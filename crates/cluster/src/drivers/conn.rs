//! One connection of event sync: frames in, frames out, and a clear end.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio::time::timeout;
use weir_codec::{DecodeError, FRAME_BYTES_MAX, FrameStream, Message, Refusal};
use weir_event::Epoch;

use super::tls::Socket;
use crate::sync::Packet;

/// How long a connection may be silent before it is given up: an active node pings often.
const IDLE_MAX: Duration = Duration::from_secs(10);

/// How long a frame may take to leave before the other side counts as gone.
const WRITE_MAX: Duration = Duration::from_secs(10);

/// How long the last words may take.
const GOODBYE_MAX: Duration = Duration::from_secs(1);

/// A connection before it has a number: the socket, and what was read and not yet used.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) socket: Box<dyn Socket>,
    pub(super) frames: FrameStream,
    /// Only the active node, which dials, sends large frames.
    pub(super) dialled: bool,
}

/// What a connection is asked to do.
#[derive(Debug)]
pub(super) enum Outgoing {
    Frame(Bytes),
    /// Close once everything before has left.
    Close,
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    #[error("the other side closed the connection")]
    Closed,
    #[error("the connection broke off inside a frame")]
    Truncated,
    #[error("nothing was heard for {} s", IDLE_MAX.as_secs())]
    Idle,
    #[error("could not read: {0}")]
    Io(#[from] std::io::Error),
    #[error("refused what came: {0}")]
    Unreadable(#[from] DecodeError),
    #[error("the other side does not know the shared secret: {0}")]
    NotProven(&'static str),
    #[error("TLS: {0}")]
    Tls(String),
    #[error("the other side refused: {0}")]
    Refused(String),
    #[error("the system gives no random numbers: {0}")]
    Random(String),
}

impl Link {
    pub(super) fn new(socket: Box<dyn Socket>, dialled: bool) -> Self {
        Self { socket, frames: FrameStream::new(), dialled }
    }

    /// The next message, during the handshake.
    pub(super) async fn hear(&mut self) -> Result<Packet, LinkError> {
        loop {
            if let Some(packet) = next_packet(&mut self.frames)? {
                return Ok(packet);
            }
            let mut bytes = [0; 4096];
            let count = self.socket.read(&mut bytes).await?;
            let Some(read) = bytes.get(..count).filter(|read| !read.is_empty()) else {
                return Err(ended(&self.frames));
            };
            self.frames.push(read);
        }
    }

    /// Sends a message, during the handshake.
    pub(super) async fn say(&mut self, message: Message) -> Result<(), LinkError> {
        let frame = encode(&Packet::new(Epoch(0), message))?;
        Ok(self.socket.write_all(&frame).await?)
    }

    /// Refuses the connection, as far as the other side still listens.
    pub(super) async fn refuse(mut self, why: Refusal, detail: &str) {
        let refused = Message::Refused { accepts: Epoch(0), why, detail: detail.to_owned() };
        let goodbye = async {
            self.say(refused).await?;
            self.socket.shutdown().await.map_err(LinkError::from)
        };
        drop(timeout(GOODBYE_MAX, goodbye).await);
    }
}

/// A packet as bytes.
pub(super) fn encode(packet: &Packet) -> Result<Bytes, DecodeError> {
    packet.message.clone().into_frame(packet.epoch).encode().map(Bytes::from)
}

/// Runs a connection until it ends; answers why. What is heard goes to `hear` in order, and while
/// that waits, nothing more is read.
pub(super) async fn run<F, W>(
    link: Link,
    outgoing: (mpsc::UnboundedSender<Outgoing>, mpsc::UnboundedReceiver<Outgoing>),
    hear: F,
) -> LinkError
where
    F: FnMut(Packet) -> W,
    W: Future<Output = bool>,
{
    let Link { socket, frames, dialled } = link;
    let (reader, writer) = tokio::io::split(socket);
    let (own, queue) = outgoing;
    let mut writing = std::pin::pin!(write(writer, queue));
    let reading = std::pin::pin!(read(reader, frames, dialled, hear));
    let ended = tokio::select! {
        ended = reading => ended,
        ended = &mut writing => return ended,
    };
    if let LinkError::Unreadable(why) = &ended {
        let detail = why.to_string();
        let refused = Message::Refused { accepts: Epoch(0), why: Refusal::Unreadable, detail };
        if let Ok(frame) = encode(&Packet::new(Epoch(0), refused)) {
            drop(own.send(Outgoing::Frame(frame)));
        }
        drop(own.send(Outgoing::Close));
        drop(timeout(GOODBYE_MAX, writing).await);
    }
    ended
}

async fn read<F, W>(
    mut reader: ReadHalf<Box<dyn Socket>>,
    mut frames: FrameStream,
    dialled: bool,
    mut hear: F,
) -> LinkError
where
    F: FnMut(Packet) -> W,
    W: Future<Output = bool>,
{
    let mut bytes = vec![0; 64 << 10];
    loop {
        loop {
            match next_packet(&mut frames) {
                Ok(None) => break,
                Err(why) => return why.into(),
                Ok(Some(packet)) => {
                    if !dialled {
                        frames.set_limit(FRAME_BYTES_MAX);
                    }
                    if !hear(packet).await {
                        return LinkError::Closed;
                    }
                }
            }
        }
        match timeout(IDLE_MAX, reader.read(&mut bytes)).await {
            Err(_) => return LinkError::Idle,
            // So a node that was killed leaves a connection under TLS.
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                return ended(&frames);
            }
            Ok(Err(error)) => return error.into(),
            Ok(Ok(count)) => match bytes.get(..count).filter(|read| !read.is_empty()) {
                Some(read) => frames.push(read),
                None => return ended(&frames),
            },
        }
    }
}

async fn write(
    mut writer: WriteHalf<Box<dyn Socket>>,
    mut queue: mpsc::UnboundedReceiver<Outgoing>,
) -> LinkError {
    while let Some(outgoing) = queue.recv().await {
        let done = match outgoing {
            Outgoing::Frame(frame) => timeout(WRITE_MAX, writer.write_all(&frame)).await,
            Outgoing::Close => {
                drop(timeout(GOODBYE_MAX, writer.shutdown()).await);
                return LinkError::Closed;
            }
        };
        match done {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return error.into(),
            Err(_) => return LinkError::Idle,
        }
    }
    LinkError::Closed
}

fn next_packet(frames: &mut FrameStream) -> Result<Option<Packet>, DecodeError> {
    let Some(frame) = frames.next_frame()? else { return Ok(None) };
    let message = Message::of_frame(&frame)?;
    Ok(Some(Packet::new(frame.epoch, message)))
}

fn ended(frames: &FrameStream) -> LinkError {
    if frames.is_inside_frame() { LinkError::Truncated } else { LinkError::Closed }
}
