//! A folder with a few files, in which the binary is run.

use std::fmt::Write as _;
use std::io::Write;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A folder of its own.
pub(crate) struct Desk(TempDir);

impl Desk {
    /// A folder with these files.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let file = folder.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        Self(folder)
    }

    /// What a file holds now.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.path().join(name)).unwrap()
    }

    /// What a person sees who runs `weir` here.
    pub(crate) fn weir(&self, args: &[&str]) -> String {
        self.weir_reads(args, "")
    }

    /// The same, with something on standard input.
    pub(crate) fn weir_reads(&self, args: &[&str], input: &str) -> String {
        let mut child = Command::new(env!("CARGO_BIN_EXE_weir"))
            .args(args)
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that does not read its input may have ended.
        child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
        let ended = child.wait_with_output().unwrap();
        let mut seen = format!("exit code {}\n", ended.status.code().unwrap());
        for (name, bytes) in [("out", ended.stdout), ("err", ended.stderr)] {
            if !bytes.is_empty() {
                writeln!(seen, "--- {name}\n{}", String::from_utf8(bytes).unwrap()).unwrap();
            }
        }
        seen.trim_end().to_owned() + "\n"
    }
}
