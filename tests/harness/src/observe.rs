//! The product's log output, kept as it would be written: tests read the cost of requests from it and search it for
//! secrets.

use std::{
    collections::HashMap,
    io,
    sync::{LazyLock, Mutex},
};

use serde_json::Value;
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::shop::PASSWORD;

/// Everything that any log level lets the product say; the table's emulator is no part of it.
fn filter() -> Targets {
    Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("stockroom", LevelFilter::TRACE)
        .with_target("dynoxide", LevelFilter::OFF)
}

static LOG: LazyLock<Mutex<Log>> = LazyLock::new(|| {
    let lines = stockroom_runtime::log_lines("tests", || Writer);
    let subscriber = tracing_subscriber::registry().with(filter()).with(lines);
    subscriber.try_init().expect("this is the only subscriber");
    Mutex::default()
});

#[derive(Default)]
struct Log {
    lines: Vec<String>,
    /// How many of them were looked through for secrets.
    read: usize,
    by_request: HashMap<String, Vec<usize>>,
}

/// Keeps log lines from now on.
pub(crate) fn begin() {
    LazyLock::force(&LOG);
}

/// All lines that the product has logged in any test of this process, each a JSON document.
#[must_use]
pub fn log_lines() -> Vec<String> {
    LOG.lock().unwrap().lines.clone()
}

/// Secrets that no output may contain: those of [`Stack`](crate::Stack)'s settings, the users' password, and the
/// beginning of every token.
const SECRETS: [&str; 5] =
    ["canary-signing-key", "Y2FuYXJ5LWN1cnNvci1rZXk", "canary-secret-access-key", PASSWORD, "eyJ0eXAiOi"];

/// Fails if a text contains a secret.
#[track_caller]
pub(crate) fn keeps_secrets(what: &str, text: &str) {
    let found: Vec<&str> = SECRETS.into_iter().filter(|secret| text.contains(secret)).collect();
    assert!(found.is_empty(), "{what} contains {found:?}: {text}");
}

/// Fails if a line logged since the last call contains a secret.
#[track_caller]
pub(crate) fn log_keeps_secrets() {
    let unread = {
        let mut log = LOG.lock().unwrap();
        let all = log.lines.len();
        let from = std::mem::replace(&mut log.read, all);
        log.lines[from..].to_vec()
    };
    for line in unread {
        keeps_secrets("the log", &line);
    }
}

/// The lines of one request.
pub(crate) fn lines_of(request_id: &str) -> Vec<Value> {
    let log = LOG.lock().unwrap();
    let lines = log.by_request.get(request_id).into_iter().flatten();
    lines.map(|line| serde_json::from_str(&log.lines[*line]).unwrap()).collect()
}

/// The subscriber writes each line in one call.
struct Writer;

impl io::Write for Writer {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let document: Value = serde_json::from_slice(line)?;
        let mut log = LOG.lock().unwrap();
        if let Some(id) = document["request_id"].as_str() {
            let index = log.lines.len();
            log.by_request.entry(id.to_owned()).or_default().push(index);
        }
        log.lines.push(String::from_utf8_lossy(line).into_owned());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
