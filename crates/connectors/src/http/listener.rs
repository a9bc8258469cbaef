//! The ports that HTTP sources listen on: one listener a port, however many sources share it.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use hyper::StatusCode;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use weir_event::Text;

use super::tls::{Shield, Stream};
use super::{request, respond};
use crate::payload::Message;
use crate::site::Doorkeeper;
use crate::source::{Intake, Later, Receipt, Refused, Stop, Stopper, stopper};

/// Connections one port serves at a time; more wait to be accepted.
const CONNECTIONS_MAX: usize = 10_000;

/// The largest head of a request, in bytes.
const HEAD_MAX_BYTES: usize = 64 * 1024;

/// How long a client may take to agree on encryption.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// How long requests in hand may take to end once a port closes.
const CLOSE_MAX: Duration = Duration::from_secs(10);

/// The HTTP ports of one process, each open while a source uses it.
#[derive(Debug, Default)]
pub struct Listeners {
    ports: tokio::sync::Mutex<BTreeMap<SocketAddr, Arc<Port>>>,
    built: Arc<Built>,
}

/// How many sources there are of each port and path, listening or not: a port opens with the
/// first of them, and those that come right behind it are not unknown.
#[derive(Debug, Default)]
struct Built(Mutex<BTreeMap<(u16, String), usize>>);

impl Built {
    fn places(&self) -> MutexGuard<'_, BTreeMap<(u16, String), usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a source could not listen.
#[derive(Debug)]
pub(super) enum ListenError {
    /// Another source has the path of that port.
    Taken,
    /// The port is open for sources that are encrypted otherwise.
    Unlike,
    /// The port could not be opened.
    Closed(io::Error),
}

/// One open port.
struct Port {
    address: SocketAddr,
    shield: Option<Arc<Shield>>,
    /// Those that have ended stay until the port closes: their clients are told to come again.
    routes: RwLock<BTreeMap<String, Arc<Route>>>,
    built: Arc<Built>,
    /// Set once the port closes.
    closing: Stopper,
    closed: Stop,
    /// Holds a receiver for each task of the port; none is left once it is closed.
    tasks: watch::Sender<()>,
}

impl fmt::Debug for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Port({})", self.address)
    }
}

/// One source's path of a port.
pub(super) struct Route {
    pub(super) settings: Arc<Settings>,
    intake: Intake,
    /// Lets so many requests be mapped at a time.
    workers: Semaphore,
    /// Holds a receiver for each request in hand.
    in_hand: watch::Sender<()>,
    ended: AtomicBool,
}

/// What a source asks of its requests.
pub(super) struct Settings {
    /// What an encrypted port shows.
    pub(super) shield: Option<Arc<Shield>>,
    pub(super) properties: Vec<String>,
    pub(super) binary: bool,
    pub(super) authenticated: bool,
    pub(super) doorkeeper: Option<Arc<dyn Doorkeeper>>,
    pub(super) body_max_bytes: u64,
    pub(super) too_large_status: Option<StatusCode>,
    pub(super) idle_ms: u64,
    pub(super) workers: usize,
}

/// A source's hold on its path; [`Listening::end`] gives it up.
pub(super) struct Listening {
    listeners: Arc<Listeners>,
    port: Arc<Port>,
    path: String,
    route: Arc<Route>,
}

impl Route {
    fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Maps a message and waits until it is acknowledged.
    ///
    /// Messages reach the host in the order in which they were mapped: a worker is free again
    /// once the host has seen its message, not only when it has acknowledged it.
    pub(super) async fn take(
        &self,
        message: Message,
        idempotency_key: Option<Text>,
    ) -> Result<Receipt, Refused> {
        let _request = self.in_hand.subscribe();
        // An error means that the source has ended.
        let Ok(worker) = self.workers.acquire().await else { return Err(Refused::NotActive) };
        let mut worker = Some(worker);
        let mut taking: Later<'_, _> = Box::pin(self.intake.take(message, None, idempotency_key));
        std::future::poll_fn(|cx| {
            let polled = taking.as_mut().poll(cx);
            drop(worker.take());
            polled
        })
        .await
    }
}

impl Listeners {
    /// There is a source of this path, which may listen soon.
    pub(super) fn expect(&self, port: u16, path: &str) {
        *self.built.places().entry((port, path.to_owned())).or_default() += 1;
    }

    /// The source of this path has gone.
    pub(super) fn forget(&self, port: u16, path: &str) {
        let mut places = self.built.places();
        let place = (port, path.to_owned());
        if let Some(count) = places.get_mut(&place) {
            *count -= 1;
            if *count == 0 {
                places.remove(&place);
            }
        }
    }

    /// Takes a path of a port for a source, and opens the port if it is not open yet.
    pub(super) async fn listen(
        self: &Arc<Self>,
        address: SocketAddr,
        path: &str,
        settings: Arc<Settings>,
        intake: Intake,
    ) -> Result<Listening, ListenError> {
        let mut ports = self.ports.lock().await;
        let known = ports.get(&address).cloned();
        let taken = |it: &Arc<Port>| it.routes().get(path).is_some_and(|it| !it.has_ended());
        if known.as_ref().is_some_and(taken) {
            return Err(ListenError::Taken);
        }
        if known.as_ref().is_some_and(|it| it.shield != settings.shield) {
            return Err(ListenError::Unlike);
        }
        let port = match known {
            Some(port) => port,
            None => {
                let shield = settings.shield.clone();
                let opened = Port::open(address, shield, &self.built).await;
                opened.map_err(ListenError::Closed)?
            }
        };
        let route = Arc::new(Route {
            workers: Semaphore::new(settings.workers),
            settings,
            intake,
            in_hand: watch::Sender::new(()),
            ended: AtomicBool::new(false),
        });
        port.routes_mut(|it| it.insert(path.to_owned(), Arc::clone(&route)));
        ports.insert(port.address, Arc::clone(&port));
        let listeners = Arc::clone(self);
        Ok(Listening { listeners, port, path: path.to_owned(), route })
    }
}

impl Listening {
    /// The address that is really listened at.
    pub(super) fn address(&self) -> SocketAddr {
        self.port.address
    }

    /// Takes no more requests, lets those in hand end, and closes the port with its last path.
    pub(super) async fn end(self) {
        let mut ports = self.listeners.ports.lock().await;
        self.route.ended.store(true, Ordering::Release);
        let last = self.port.routes().values().all(|it| it.has_ended());
        if last {
            ports.remove(&self.port.address);
            self.port.closing.stop();
            // The port is free again once the accepting task has dropped its socket.
            let closed = tokio::time::timeout(CLOSE_MAX, self.port.tasks.closed()).await;
            if closed.is_err() {
                tracing::warn!("requests to {} did not end in time", self.port.address);
            }
        }
        drop(ports);
        if tokio::time::timeout(CLOSE_MAX, self.route.in_hand.closed()).await.is_err() {
            tracing::warn!("requests to `{}` did not end in time", self.path);
        }
    }
}

impl Port {
    async fn open(
        address: SocketAddr,
        shield: Option<Arc<Shield>>,
        built: &Arc<Built>,
    ) -> io::Result<Arc<Self>> {
        let listener = TcpListener::bind(address).await?;
        let (closing, closed) = stopper();
        let port = Arc::new(Self {
            address: listener.local_addr()?,
            shield,
            routes: RwLock::default(),
            built: Arc::clone(built),
            closing,
            closed,
            tasks: watch::Sender::new(()),
        });
        let task = port.tasks.subscribe();
        tokio::spawn(Arc::clone(&port).accept(listener, task));
        Ok(port)
    }

    fn routes(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<String, Arc<Route>>> {
        self.routes.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn routes_mut<T>(&self, change: impl FnOnce(&mut BTreeMap<String, Arc<Route>>) -> T) -> T {
        change(&mut self.routes.write().unwrap_or_else(PoisonError::into_inner))
    }

    async fn accept(self: Arc<Self>, listener: TcpListener, task: watch::Receiver<()>) {
        let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut closed = self.closed.clone();
        loop {
            let Ok(permit) = Arc::clone(&connections).acquire_owned().await else { break };
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = closed.wait() => break,
            };
            match accepted {
                Ok((stream, _)) => {
                    let port = Arc::clone(&self);
                    let task = self.tasks.subscribe();
                    tokio::spawn(async move {
                        port.admit(stream).await;
                        drop((permit, task));
                    });
                }
                Err(error) => {
                    tracing::warn!("could not accept a connection at {}: {error}", self.address);
                    // Out of file descriptors: the next try needs one to be closed first.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
        drop((listener, task));
    }

    async fn admit(self: Arc<Self>, stream: TcpStream) {
        // A reply must not wait for more data to share its packet.
        stream.set_nodelay(true).ok();
        let Some(shield) = self.shield.clone() else { return self.serve(stream).await };
        let accepting = TlsAcceptor::from(Arc::clone(&shield.config)).accept(stream);
        let mut closed = self.closed.clone();
        let accepted = tokio::select! {
            accepted = tokio::time::timeout(HANDSHAKE_MAX, accepting) => accepted,
            () = closed.wait() => return,
        };
        match accepted {
            Ok(Ok(stream)) => self.serve(stream).await,
            Ok(Err(why)) => tracing::debug!("a connection to {} is refused: {why}", self.address),
            Err(_) => tracing::debug!("a connection to {} says nothing", self.address),
        }
    }

    async fn serve(self: Arc<Self>, stream: impl Stream + 'static) {
        let mut closed = self.closed.clone();
        let idle = self.routes().values().map(|it| it.settings.idle_ms).max().unwrap_or(120_000);
        let port = Arc::clone(&self);
        let service = service_fn(move |request| {
            let port = Arc::clone(&port);
            async move { Ok::<_, std::convert::Infallible>(port.answer(request).await) }
        });
        let mut server = http1::Builder::new();
        server
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_millis(idle))
            .max_buf_size(HEAD_MAX_BYTES);
        let mut connection = std::pin::pin!(server.serve_connection(TokioIo::new(stream), service));
        let served = tokio::select! {
            served = connection.as_mut() => served,
            () = closed.wait() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = served {
            tracing::debug!("a connection to {} ended: {error}", self.address);
        }
    }

    fn is_expected(&self, path: &str) -> bool {
        self.built.places().contains_key(&(self.address.port(), path.to_owned()))
    }

    async fn answer(&self, request: hyper::Request<hyper::body::Incoming>) -> respond::Answer {
        let path = request.uri().path();
        let route = self.routes().get(path).cloned();
        match route {
            Some(route) if !route.has_ended() => request::answer(&route, request).await,
            // Its source has ended or is about to listen: another node may be the active one.
            Some(_) => respond::refused(&Refused::NotActive),
            None if self.is_expected(path) => respond::refused(&Refused::NotActive),
            None => respond::not_found(path),
        }
    }
}
