//! Where the sinks of a test send to: it keeps what comes, by output id.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::home::port;

/// How long may pass before something new comes.
const SILENCE_MAX: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
struct Kept {
    by_number: BTreeMap<u64, String>,
    messages: usize,
}

/// A port that takes everything.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) at: SocketAddr,
    kept: Arc<(Mutex<Kept>, Condvar)>,
    refuses: Arc<AtomicBool>,
}

impl Receiver {
    pub(crate) fn open() -> Self {
        let at = port();
        let listener = TcpListener::bind(at).unwrap();
        let this = Self { at, kept: Arc::default(), refuses: Arc::default() };
        let taker = this.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let taker = taker.clone();
                std::thread::spawn(move || taker.serve(stream));
            }
        });
        this
    }

    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while let Some((id, body)) = request(&mut reader) {
            let answer: &[u8] = if self.refuses.load(Ordering::Relaxed) {
                b"HTTP/1.1 400 Bad\r\nContent-Length: 3\r\n\r\nwhy"
            } else {
                self.keep(&id, body);
                b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
            };
            let answered = (&stream).write_all(answer);
            if answered.is_err() {
                return;
            }
        }
    }

    /// Whether all that comes is refused from now on.
    pub(crate) fn refuse(&self, refuses: bool) {
        self.refuses.store(refuses, Ordering::Relaxed);
    }

    fn keep(&self, id: &str, body: String) {
        let number = id.rsplit('-').next().unwrap().parse().unwrap();
        let (kept, changed) = &*self.kept;
        let mut kept = kept.lock().unwrap();
        kept.messages += 1;
        let known = kept.by_number.insert(number, body.clone());
        assert!(known.is_none_or(|it| it == body), "output {id} came with another content");
        changed.notify_all();
    }

    /// Waits until so many outputs have come, each counted once; all of them, in order.
    pub(crate) fn until(&self, outputs: usize) -> Vec<String> {
        let (kept, changed) = &*self.kept;
        let mut kept = kept.lock().unwrap();
        while kept.by_number.len() < outputs {
            let (now, waited) = changed.wait_timeout(kept, SILENCE_MAX).unwrap();
            kept = now;
            let came = kept.by_number.len();
            assert!(!waited.timed_out(), "{came} of {outputs} outputs have come");
        }
        kept.by_number.values().cloned().collect()
    }
}

/// The next request of a connection: its output id and its body.
fn request(reader: &mut impl BufRead) -> Option<(String, String)> {
    let (mut id, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let Some((name, value)) = line.split_once(':') else {
            if line.trim().is_empty() {
                break;
            }
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "weir-output-id" => value.trim().clone_into(&mut id),
            "content-length" => length = value.trim().parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((id, String::from_utf8(body).ok()?))
}
