//! A node as a process, heard through what it logs and asked through its ports and its socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::Value as Json;

/// Nothing here takes so long; a test that waits this long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The user that there is without a word, `admin` with the shipped password.
const ADMIN: &str = "authorization: Basic YWRtaW46YWRtaW4=\r\n";

/// What the active node says once it takes events.
pub(crate) const ACTIVE: &str = "Successfully Changed to Active Mode";
/// What the other one says when it starts.
pub(crate) const PASSIVE: &str = "HA Deployment: Starting up as Passive Node";

/// A `weir serve` that runs.
pub(crate) struct Node {
    child: Child,
    home: PathBuf,
    http: u16,
    lines: Receiver<String>,
    heard: Vec<String>,
}

impl Node {
    /// Starts a node in `home`, whose own HTTP service listens at `http`; of a release where one
    /// is given.
    pub(crate) fn start(home: &Path, apps: &Path, http: u16, release: Option<&str>) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_weir"))
            .envs(release.map(|it| ("WEIR_TEST_RELEASE", it)))
            .args(["serve", "--home"])
            .arg(home)
            .arg("--apps")
            .arg(apps)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (said, lines) = channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if said.send(line).is_err() {
                    break;
                }
            }
        });
        Self { child, home: home.to_owned(), http, lines, heard: Vec::new() }
    }

    /// Waits until the node logs a line with `text` in it.
    pub(crate) fn until(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("waited for `{text}` in vain:\n{}", self.heard.join("\n"));
            };
            let found = line.contains(text);
            self.heard.push(line);
            if found {
                return;
            }
        }
    }

    /// Whether a line with `text` in it was among those that were waited through.
    pub(crate) fn has_said(&self, text: &str) -> bool {
        self.heard.iter().any(|line| line.contains(text))
    }

    /// Ends the node with no time for a word.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks the node to end, as an orchestrator does.
    pub(crate) fn ask_to_end(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// Waits for its end.
    pub(crate) fn ended(mut self) -> ExitStatus {
        let ended = self.child.wait().unwrap();
        self.heard.extend(self.lines.try_iter());
        ended
    }

    /// The status of an answer to `GET path` on its own port.
    pub(crate) fn health(&self, path: &str) -> u16 {
        request(self.http, &format!("GET {path} HTTP/1.1\r\nhost: x\r\n"), "").unwrap()
    }

    /// What `GET path` on its own port answers, head and body.
    pub(crate) fn page(&self, path: &str) -> String {
        answer(self.http, &format!("GET {path} HTTP/1.1\r\nhost: x\r\n{ADMIN}"), "").unwrap()
    }

    /// The answer to a body posted to its own port, with a login as `name:password`.
    pub(crate) fn ask(&self, path: &str, login: Option<&str>, body: &str) -> (u16, Json) {
        let mut head = format!("POST {path} HTTP/1.1\r\nhost: x\r\n");
        if let Some(login) = login {
            let login = base64::engine::general_purpose::STANDARD.encode(login);
            head.push_str(&format!("authorization: Basic {login}\r\n"));
        }
        let answer = answer(self.http, &head, body).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        (status, serde_json::from_str(body).unwrap_or_default())
    }

    /// The answer to `GET path` on its own port, with a login as `name:password`.
    pub(crate) fn get(&self, path: &str, login: &str) -> (u16, Json) {
        let login = base64::engine::general_purpose::STANDARD.encode(login);
        let head = format!("GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Basic {login}\r\n");
        let answer = answer(self.http, &head, "").unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        (status, serde_json::from_str(body).unwrap_or_default())
    }

    /// What `weir status` says, once it satisfies `enough`.
    pub(crate) fn status_when(&self, enough: impl Fn(&Json) -> bool) -> Json {
        let deadline = Instant::now() + PATIENCE;
        let mut last = Json::Null;
        while Instant::now() < deadline {
            if let Some(status) = self.status() {
                if enough(&status) {
                    return status;
                }
                last = status;
            }
        }
        panic!("waited for a status in vain: {last:#}");
    }

    fn status(&self) -> Option<Json> {
        let asked = Command::new(env!("CARGO_BIN_EXE_weir"))
            .args(["status", "--json", "--home"])
            .arg(&self.home)
            .output()
            .unwrap();
        serde_json::from_slice(&asked.stdout).ok()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Posts a body; the status of the answer, or nothing when there was none.
pub(crate) fn post(port: u16, path: &str, key: Option<&str>, body: &str) -> Option<u16> {
    let mut head = format!("POST {path} HTTP/1.1\r\nhost: x\r\n");
    if let Some(key) = key {
        head.push_str(&format!("Idempotency-Key: {key}\r\n"));
    }
    request(port, &head, body)
}

fn request(port: u16, head: &str, body: &str) -> Option<u16> {
    answer(port, head, body)?.split(' ').nth(1)?.parse().ok()
}

fn answer(port: u16, head: &str, body: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = body.len();
    let whole = format!("{head}content-length: {length}\r\nconnection: close\r\n\r\n{body}");
    stream.write_all(whole.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}
