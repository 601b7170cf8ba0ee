//! The embedded DynamoDB: an emulator on SQLite, served over HTTP for the SDK client of the product.

use std::fmt;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dynoxide::{Database, DynoxideError};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::listen::{self, ListenError, Listener};
use crate::table_definition::{self, TableError, TemplateError};
use crate::table_file::{self, TableLog};
use crate::{file_error::TableFileError, table_api};

/// The table's name in the embedded DynamoDB.
pub const TABLE_NAME: &str = "stockroom";

/// Where the items of the table are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// In memory, until the process ends.
    Memory,
    /// In `table.sqlite` in this existing directory. Only its owner can read the file. Commits are in the write-ahead
    /// log before they are answered, so a killed process loses none.
    File(PathBuf),
}

/// Why the embedded DynamoDB cannot start.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// The file of the table cannot be used.
    #[error(transparent)]
    File(#[from] table_file::OpenError),
    /// The table in memory cannot be created.
    #[error("cannot create a table in memory: {0}")]
    Memory(#[from] DynoxideError),
    /// The template has no usable table.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The table cannot be created.
    #[error(transparent)]
    Table(TableError),
    /// No loopback port is available.
    #[error("the embedded DynamoDB cannot listen on 127.0.0.1: {0}. Choose another port with --port")]
    Listen(#[from] std::io::Error),
}

/// A running DynamoDB with the table of the product. Dropping it stops the server without waiting.
pub struct Embedded {
    database: Database,
    log: Arc<TableLog>,
    endpoint: String,
    stop: oneshot::Sender<()>,
    server: JoinHandle<Result<(), ListenError>>,
}

/// Opens the database, creates the table and serves it on a free loopback port.
///
/// # Errors
///
/// See [`EmbeddedError`].
pub async fn start(storage: Storage) -> Result<Embedded, EmbeddedError> {
    start_on(storage, TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?.into())
}

/// Like [`start`], on a given listener, for functions in other processes.
///
/// # Errors
///
/// See [`EmbeddedError`].
///
/// # Panics
///
/// There is no Tokio runtime.
pub fn start_on(storage: Storage, listener: Listener) -> Result<Embedded, EmbeddedError> {
    let (database, path) = match storage {
        Storage::Memory => (Database::memory()?, None),
        Storage::File(directory) => {
            let path = table_file::path(&directory);
            (table_file::open(&path)?, Some(path))
        }
    };
    table_definition::definition()?.create(&database, TABLE_NAME).map_err(|error| match (error, &path) {
        (TableError::Rejected(error), Some(path)) => EmbeddedError::File(TableFileError::of(path, &error).into()),
        (error, _) => EmbeddedError::Table(error),
    })?;
    let log = Arc::new(TableLog::new(path));

    let endpoint = format!("http://{}", listener.local_addr()?);
    let (stop, stopped) = oneshot::channel::<()>();
    let shared = (database.clone(), Arc::clone(&log));
    let server = tokio::spawn(listen::serve(
        listener,
        move |request, _| {
            let (database, log) = shared.clone();
            async move { table_api::answer(&database, &log, request).await }
        },
        async {
            // Nothing is sent: dropping the sender is the signal.
            stopped.await.unwrap_or_default();
        },
    ));
    Ok(Embedded { database, log, endpoint, stop, server })
}

impl Embedded {
    /// The URL for the SDK, as in `AWS_ENDPOINT_URL`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The database, without HTTP.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The present problem of the table's file, for example a full disk.
    #[must_use]
    pub fn problem(&self) -> Option<TableFileError> {
        self.log.problem()
    }

    /// Deletes expired items in intervals until `stop` completes, as DynamoDB does. The emulator does not do it by
    /// itself.
    pub async fn sweep_expired(&self, every: Duration, stop: impl Future<Output = ()>) {
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => return,
                _ = ticks.tick() => {}
            }
            let database = self.database.clone();
            match tokio::task::spawn_blocking(move || database.sweep_ttl()).await {
                Ok(Ok(deleted)) => tracing::debug!(deleted, "deleted expired items"),
                Ok(Err(error)) => {
                    self.log.failed(&error);
                    tracing::warn!(%error, "cannot delete expired items");
                }
                Err(error) => tracing::warn!(%error, "cannot delete expired items"),
            }
        }
    }

    /// Stops the server. Running requests have 5 seconds to finish.
    pub async fn stop(self) {
        drop(self.stop);
        match self.server.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the server of the embedded DynamoDB failed"),
            Err(error) => tracing::warn!(%error, "the server of the embedded DynamoDB failed"),
        }
    }
}

impl fmt::Debug for Embedded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Embedded").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    /// Sends text over a socket and returns status line, headers and body of the answer.
    async fn send(address: &str, text: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    /// A call of the table as the SDK sends it, with additional headers.
    fn call(method: &str, host: &str, headers: &str) -> String {
        let body = json!({"TableName": TABLE_NAME}).to_string();
        format!(
            "{method} / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/x-amz-json-1.0\r\n\
             x-amz-target: DynamoDB_20120810.Scan\r\nx-amz-date: 20260101T000000Z\r\n\
             authorization: AWS4-HMAC-SHA256 Credential=a/20260101/b/dynamodb/aws4_request, SignedHeaders=host, \
             Signature=c\r\n{headers}content-length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    #[tokio::test]
    async fn call_of_a_web_page_is_refused() {
        let embedded = start(Storage::Memory).await.unwrap();
        let item = json!({"pk": {"S": "secret"}, "sk": {"S": "x"}});
        let put = serde_json::from_value(json!({"TableName": TABLE_NAME, "Item": item})).unwrap();
        embedded.database().put_item(put).unwrap();
        let address = embedded.endpoint().strip_prefix("http://").unwrap().to_owned();

        let port = address.rsplit_once(':').unwrap().1;
        for host in [&address, &format!("localhost:{port}"), "localhost"] {
            let answer = send(&address, &call("POST", host, "")).await;
            assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("secret"), "{host}: {answer}");
        }
        let evil = format!("evil.example:{port}");
        for (method, host, headers) in [
            ("POST", &*address, "origin: https://evil.example\r\n"),
            ("POST", &address, "origin: null\r\n"),
            ("POST", &address, "origin: http://localhost:3000\r\n"),
            ("POST", &address, "sec-fetch-site: cross-site\r\n"),
            ("POST", &address, "sec-fetch-site: same-site\r\n"),
            ("POST", &address, "sec-fetch-site: same-origin\r\n"),
            ("POST", &evil, ""),
            ("POST", "127.0.0.1.evil.example", ""),
            ("POST", &address, "host: evil.example\r\n"),
            ("OPTIONS", &address, "origin: https://evil.example\r\naccess-control-request-method: POST\r\n"),
            ("GET", &evil, ""),
        ] {
            let answer = send(&address, &call(method, host, headers)).await;
            let lower = answer.to_ascii_lowercase();
            assert!(
                lower.starts_with("http/1.1 403 ") && !lower.contains("secret"),
                "{method} {host} {headers}: {answer}"
            );
            assert!(!lower.contains("access-control-"), "{method} {host} {headers}: {answer}");
        }
        embedded.stop().await;
    }

    #[tokio::test]
    async fn form_of_a_web_page_is_refused() {
        let embedded = start(Storage::Memory).await.unwrap();
        let address = embedded.endpoint().strip_prefix("http://").unwrap().to_owned();
        // A form cannot set the header of the operation or a JSON content type.
        for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
            let body = json!({"TableName": TABLE_NAME}).to_string();
            let form = format!(
                "POST /?X-Amz-Target=DynamoDB_20120810.Scan HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
                 content-type: {content_type}\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            let answer = send(&address, &form).await;
            assert!(answer.starts_with("HTTP/1.1 4") && !answer.contains("Items"), "{content_type}: {answer}");
            let form = form.replace("content-type", "x-amz-target: DynamoDB_20120810.Scan\r\ncontent-type");
            let answer = send(&address, &form).await;
            assert!(answer.starts_with("HTTP/1.1 4") && !answer.contains("Items"), "{content_type}: {answer}");
        }
        embedded.stop().await;
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn start_makes_files_private() {
        use std::os::unix::fs::PermissionsExt as _;

        let directory = tempfile::tempdir().unwrap();
        let start_and_put = async || {
            let embedded = start(Storage::File(directory.path().to_owned())).await.unwrap();
            let item = json!({"pk": {"S": "a"}, "sk": {"S": "x"}});
            let put = serde_json::from_value(json!({"TableName": TABLE_NAME, "Item": item})).unwrap();
            embedded.database().put_item(put).unwrap();
            embedded
        };
        let modes = || {
            let mut modes: Vec<_> = std::fs::read_dir(directory.path())
                .unwrap()
                .map(|entry| {
                    let entry = entry.unwrap();
                    let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
                    (entry.file_name().into_string().unwrap(), mode)
                })
                .collect();
            modes.sort();
            modes
        };
        let private = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), 0o600)).collect::<Vec<_>>();
        let files = ["table.sqlite", "table.sqlite-shm", "table.sqlite-wal"];

        let embedded = start_and_put().await;
        assert_eq!(modes(), private(&files));
        // Earlier versions did not restrict them.
        for (name, _) in modes() {
            let open = std::fs::Permissions::from_mode(0o644);
            std::fs::set_permissions(directory.path().join(name), open).unwrap();
        }
        let again = start_and_put().await;
        assert_eq!(modes(), private(&files));
        again.stop().await;
        embedded.stop().await;
    }

    #[tokio::test]
    async fn restart_keeps_items_and_the_sweep_deletes_expired_ones() {
        let directory = tempfile::tempdir().unwrap();
        let storage = Storage::File(directory.path().to_owned());
        let embedded = start(storage.clone()).await.unwrap();
        for (pk, expires_at) in [("old", "1"), ("new", "99999999999")] {
            let item = json!({"pk": {"S": pk}, "sk": {"S": "x"}, "expires_at": {"N": expires_at}});
            let put = serde_json::from_value(json!({"TableName": TABLE_NAME, "Item": item})).unwrap();
            embedded.database().put_item(put).unwrap();
        }
        embedded.stop().await;

        let embedded = start(storage).await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let sweep = embedded.sweep_expired(Duration::from_millis(5), async {
            stopped.await.unwrap_or_default();
        });
        let scan = || serde_json::from_value(json!({"TableName": TABLE_NAME})).unwrap();
        let watch = async {
            while embedded.database().scan(scan()).unwrap().count == 2 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            drop(stop);
        };
        tokio::join!(sweep, watch);
        assert_eq!(embedded.database().scan(scan()).unwrap().count, 1);
        assert!(embedded.endpoint().starts_with("http://127.0.0.1:"));
        embedded.stop().await;
    }
}
