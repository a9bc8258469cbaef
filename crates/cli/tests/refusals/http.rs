//! HTTP as short as it can be: one request, one connection, the whole answer.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) body: String,
}

impl Answer {
    /// Code and body, for goldens.
    pub(crate) fn shown(&self) -> String {
        match serde_json::from_str::<serde_json::Value>(&self.body) {
            Ok(body) => format!("{} {body:#}\n", self.code),
            Err(_) => format!("{} {}\n", self.code, self.body),
        }
    }
}

pub(crate) fn get(to: SocketAddr, path: &str) -> io::Result<Answer> {
    ask(to, &format!("GET {path} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n\r\n"))
}

pub(crate) fn post(to: SocketAddr, path: &str, body: &str) -> io::Result<Answer> {
    ask(
        to,
        &format!(
            "POST {path} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n\
             {body}",
            body.len()
        ),
    )
}

fn ask(to: SocketAddr, request: &str) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(to)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let broken = || io::Error::other(format!("no answer: {answer:?}"));
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(broken)?;
    let code = head.split(' ').nth(1).and_then(|it| it.parse().ok()).ok_or_else(broken)?;
    Ok(Answer { code, body: body.to_owned() })
}
