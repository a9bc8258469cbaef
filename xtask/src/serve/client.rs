//! A client that costs little: one connection, bodies made beforehand, answers read as they come.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result};

/// How long an answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// A connection to a node's HTTP source.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    /// Connects to a port of this machine.
    pub(crate) fn to(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).context("could not connect")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_MAX))?;
        Ok(Self { stream, read: vec![0; 4_096] })
    }

    /// Sends a request as it is and gives the status of its answer.
    pub(crate) fn send(&mut self, request: &[u8]) -> Result<u16> {
        self.stream.write_all(request)?;
        self.answer()
    }

    fn answer(&mut self) -> Result<u16> {
        let mut have = 0;
        loop {
            let more = self.stream.read(&mut self.read[have..])?;
            anyhow::ensure!(more > 0, "the connection was closed");
            have += more;
            let text = String::from_utf8_lossy(&self.read[..have]);
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head
                .lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .and_then(|(_, value)| value.trim().parse::<usize>().ok())
                .unwrap_or(0);
            if body.len() >= length {
                let status = head.split_whitespace().nth(1).and_then(|it| it.parse().ok());
                return status.context("the answer has no status");
            }
        }
    }
}

/// A POST of JSON.
pub(crate) fn post(path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Whether a GET is answered with 200.
pub(crate) fn says_yes(port: u16, path: &str) -> bool {
    let asked = || -> Result<u16> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        Connection::to(port)?.send(request.as_bytes())
    };
    asked().is_ok_and(|status| status == 200)
}
