//! A `weir serve` process: what it logs, how it is asked, and how it ends.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::home::Home;
use crate::http;

/// How long a node may take for what a test waits for.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// A running node; it is killed when the test drops it.
pub(crate) struct Node {
    child: Child,
    lines: Receiver<String>,
    heard: Vec<String>,
    root: std::path::PathBuf,
    http: std::net::SocketAddr,
}

fn command(home: &Home) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    command.arg("serve").arg("--home").arg(&home.root).stdin(Stdio::null());
    command
}

/// Runs a node that does not start: its exit code and what it says.
pub(crate) fn refused(home: &Home) -> (i32, String) {
    let Output { status, stderr, .. } = command(home).output().unwrap();
    (status.code().unwrap(), String::from_utf8(stderr).unwrap())
}

impl Node {
    pub(crate) fn start(home: &Home) -> Self {
        let mut child = command(home).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let (root, http) = (home.root.clone(), home.http);
        Self { child, lines, heard: Vec::new(), root, http }
    }

    /// Waits until the node logs a line with this in it.
    pub(crate) fn logs(&mut self, text: &str) -> String {
        let began = Instant::now();
        loop {
            let left = WAIT_MAX.saturating_sub(began.elapsed());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("no line with `{text}` in:\n{}", self.heard.join("\n"));
            };
            self.heard.push(line.clone());
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Waits until the node is the active one.
    pub(crate) fn active(mut self) -> Self {
        self.logs("Successfully Changed to Active Mode");
        self
    }

    /// Whether it says that it is the active one.
    pub(crate) fn is_ready(&self) -> bool {
        http::get(self.http, "/health/ready").is_ok_and(|it| it.code == 200)
    }

    /// Asks again and again until the status is as wanted.
    pub(crate) fn status(&mut self, wanted: impl Fn(&Json) -> bool) -> Json {
        let began = Instant::now();
        loop {
            let status = self.status_now();
            if wanted(&status) {
                return status;
            }
            if began.elapsed() > WAIT_MAX {
                panic!("the status stays {status}");
            }
            // What the node logs meanwhile is kept for the message of a test that fails.
            if let Ok(line) = self.lines.recv_timeout(Duration::from_millis(20)) {
                self.heard.push(line);
            }
        }
    }

    /// What `weir status --json` prints.
    pub(crate) fn status_now(&self) -> Json {
        let asked = Command::new(env!("CARGO_BIN_EXE_weir"))
            .args(["status", "--json", "--home"])
            .arg(&self.root)
            .output()
            .unwrap();
        serde_json::from_slice(&asked.stdout).unwrap_or(Json::Null)
    }

    /// SIGTERM: the exit code, and all that the node logged.
    pub(crate) fn stop(mut self) -> (i32, String) {
        let pid = i32::try_from(self.child.id()).unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let code = self.child.wait().unwrap().code().unwrap();
        self.heard.extend(self.lines.iter());
        (code, self.heard.join("\n"))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
