//! Takes what an HTTP sink sends, and notes when.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result};

/// Where outputs arrive: the last number of each, and when it came.
#[derive(Debug, Clone)]
pub(crate) struct Sink {
    pub(crate) port: u16,
    arrived: Arc<Mutex<Vec<(u64, Instant)>>>,
}

impl Sink {
    /// Listens on a free port; the threads end with the process.
    pub(crate) fn open() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("there is no free port")?;
        let port = listener.local_addr()?.port();
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let sink = Self { port, arrived };
        let taker = sink.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let taker = taker.clone();
                // A node that was killed breaks its connection off.
                std::thread::spawn(move || taker.take(&stream).ok());
            }
        });
        Ok(sink)
    }

    fn take(&self, stream: &TcpStream) -> Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream);
        loop {
            let (mut length, mut line) = (0, String::new());
            loop {
                line.clear();
                anyhow::ensure!(reader.read_line(&mut line)? > 0, "the connection was closed");
                if line.trim().is_empty() {
                    break;
                }
                if let Some((name, value)) = line.split_once(':')
                    && name.eq_ignore_ascii_case("content-length")
                {
                    length = value.trim().parse()?;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body)?;
            let now = Instant::now();
            let (mut stream, body) = (stream, String::from_utf8_lossy(&body));
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
            let number = body.rsplit("\"n\":").next().unwrap_or_default();
            let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
            if let Ok(number) = digits.parse() {
                self.arrived.lock().unwrap_or_else(PoisonError::into_inner).push((number, now));
            }
        }
    }

    /// What has arrived since it was asked last.
    pub(crate) fn arrived(&self) -> Vec<(u64, Instant)> {
        std::mem::take(&mut self.arrived.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
