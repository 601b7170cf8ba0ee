//! The program and shell commands.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_dev");
/// The longest wait for a line. The import of the sample organizations takes seconds in an optimized build.
const PATIENCE: Duration = Duration::from_mins(5);

/// A running `dev`. It is killed when dropped.
pub(crate) struct Dev {
    child: Child,
    lines: Receiver<String>,
    printed: Vec<String>,
    errors: Option<JoinHandle<String>>,
}

impl Dev {
    /// Starts the program on any free port.
    pub(crate) fn start(options: &[&str]) -> Self {
        let mut command = Command::new(PROGRAM);
        command.args(["--port", "0"]).args(options);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut errors = child.stderr.take().unwrap();
        let errors = spawn(move || {
            let mut text = String::new();
            errors.read_to_string(&mut text).unwrap();
            text
        });
        Self { child, lines, printed: Vec::new(), errors: Some(errors) }
    }

    /// Waits until it prints a line that meets a condition, and returns the line.
    pub(crate) fn wait_for(&mut self, is_it: impl Fn(&str) -> bool) -> String {
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.printed.push(line.clone());
            if is_it(&line) {
                return line;
            }
        }
        panic!("no such line: {:#?}", self.stop());
    }

    /// Waits until it is ready, and returns its port.
    pub(crate) fn ready(&mut self) -> String {
        let line = self.wait_for(|line| line.starts_with("ready http://127.0.0.1:"));
        line.rsplit_once(':').unwrap().1.to_owned()
    }

    /// The lines so far.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &str> {
        self.printed.iter().map(String::as_str)
    }

    /// Stops it as Ctrl-C does. Returns everything that it printed, and its errors with the lines of its log.
    pub(crate) fn stop(&mut self) -> (String, String) {
        shell(&format!("kill -INT {}", self.child.id()));
        self.child.wait().unwrap();
        self.printed.extend(self.lines.iter());
        let mut errors = self.errors.take().map(|errors| errors.join().unwrap()).unwrap_or_default();
        let (log, printed): (Vec<_>, Vec<_>) = self.printed.drain(..).partition(|line| line.starts_with("{\""));
        errors.push_str(&log.join("\n"));
        (printed.join("\n"), errors)
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        // It fails if the process has ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Runs a script in the shell.
pub(crate) fn shell(script: &str) -> Output {
    let mut command = Command::new("sh");
    // A proxy must not be used for this machine.
    command.env("NO_PROXY", "*").env("no_proxy", "*");
    command.args(["-c", script]).output().unwrap()
}

/// What a script prints.
pub(crate) fn printed(script: &str) -> String {
    let output = shell(script);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}
