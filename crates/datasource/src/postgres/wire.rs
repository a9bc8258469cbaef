//! A connection that lives on a thread of its own, and waiting for what it answers.

use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use tokio_postgres::{Client, Config, Error};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Silent {
    /// It did not come in time.
    Late(Duration),
    /// The machine gives no thread or socket.
    NoThread(std::io::Error),
    /// The server or the driver says why.
    Told(Error),
}

/// Connects; the connection ends when the client is dropped.
pub(super) fn connect(
    config: Config,
    tls: MakeRustlsConnect,
    within: Duration,
) -> Result<Client, Silent> {
    let (tell, told) = mpsc::sync_channel(1);
    let serve = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(why) => return drop(tell.send(Err(Silent::NoThread(why)))),
        };
        runtime.block_on(async move {
            match config.connect(tls).await {
                Ok((client, connection)) => {
                    let listens = tell.send(Ok(client)).is_ok();
                    if listens {
                        // How it ended is told to whoever waits for an answer.
                        drop(connection.await);
                    }
                }
                Err(why) => drop(tell.send(Err(Silent::Told(why)))),
            }
        });
    };
    thread::Builder::new().name("postgres".into()).spawn(serve).map_err(Silent::NoThread)?;
    told.recv_timeout(within).unwrap_or(Err(Silent::Late(within)))
}

/// Wakes a thread that waits.
struct Waiting(Thread);

impl Wake for Waiting {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for an answer, at most so long. Unlike a runtime's own waiting this works everywhere,
/// also on a thread of a runtime.
pub(super) fn wait<T>(
    answer: impl Future<Output = Result<T, Error>>,
    within: Duration,
) -> Result<T, Silent> {
    let mut answer = pin!(answer);
    let waker = Waker::from(Arc::new(Waiting(thread::current())));
    let mut context = Context::from_waker(&waker);
    let began = Instant::now();
    loop {
        if let Poll::Ready(answer) = answer.as_mut().poll(&mut context) {
            return answer.map_err(Silent::Told);
        }
        let Some(left) = within.checked_sub(began.elapsed()) else {
            return Err(Silent::Late(within));
        };
        thread::park_timeout(left);
    }
}
